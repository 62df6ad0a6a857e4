/* SPDX-License-Identifier: MIT */
/* store_outbox.c - see store_outbox.h; the statements are in ask_outbox.def. */
#include "db/store_outbox.h"
#include "base/buf.h"
#include "base/str.h"
#include "db/ask.h"

struct asker {
    int64_t now_ms;
    union {
        store_outbox_next_fn *next;
        store_outbox_take_fn *take;
        store_outbox_players_fn *players;
        store_outbox_end_fn *end;
        store_outbox_expire_fn *expire;
        store_done_fn *recover;
    } done;
    void *ctx;
};

/* ---- next ------------------------------------------------------------------------------------ */

static void on_next(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    int64_t in_ms = CLOCK_NONE;

    if (!err && table->n_rows > 0)
        in_ms = store_table_int(table, 0, 0) - asker->now_ms;
    asker->done.next(in_ms, err, asker->ctx);
}

void store_outbox_next(struct store *store, int64_t now_ms, store_outbox_next_fn *done, void *ctx)
{
    struct asker asker = {.now_ms = now_ms, .done.next = done, .ctx = ctx};

    store_ask_with(store, ASK_OUTBOX_NEXT, NULL, 0, on_next, &asker, sizeof asker);
}

/* ---- taking ---------------------------------------------------------------------------------- */

static void on_taken(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_push *pushes;
    struct arena arena;
    int n = err ? 0 : table->n_rows;

    arena_init(&arena);
    pushes = arena_array(&arena, struct store_push, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        pushes[i] = (struct store_push){
            .id = store_table_int(table, i, 0),
            .kind = store_table_str(table, i, 1),
            .key = store_table_str(table, i, 2),
            .tries = store_table_int(table, i, 3),
            .headings = store_table_str(table, i, 4),
            .contents = store_table_str(table, i, 5),
            .player = store_table_str(table, i, 6),
            .is_gone = store_table_bool(table, i, 7),
            .created_at_ms = store_table_int(table, i, 8),
            .cursor = store_table_int(table, i, 9),
            .batch_to = store_table_int(table, i, 10),
        };
    asker->done.take(pushes, n, err, asker->ctx);
    arena_fini(&arena);
}

void store_outbox_take(struct store *store, const struct store_outbox_take *take,
                       store_outbox_take_fn *done, void *ctx)
{
    struct asker asker = {.done.take = done, .ctx = ctx};
    struct ask_params params;

    check(take->limit > 0 && take->limit <= 100 && take->batch > 0);
    ask_params_init(&params);
    ask_add_int(&params, take->now_ms);
    ask_add_int(&params, take->now_ms + take->hold_ms);
    ask_add_str(&params, take->holder);
    ask_add_int(&params, take->limit);
    ask_add_int(&params, take->batch);
    store_ask_with(store, ASK_OUTBOX_TAKE, params.items, params.n, on_taken, &asker, sizeof asker);
    ask_params_fini(&params);
}

static void on_recovered(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;

    (void)table;
    asker->done.recover(err, asker->ctx);
}

void store_outbox_recover(struct store *store, const char *holder, int64_t now_ms,
                          store_done_fn *done, void *ctx)
{
    struct asker asker = {.done.recover = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_str(&params, holder);
    ask_add_int(&params, now_ms);
    store_ask_with(store, ASK_OUTBOX_RECOVER, params.items, params.n, on_recovered, &asker,
                   sizeof asker);
    ask_params_fini(&params);
}

static void on_players(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;

    /* One column: the cells are the list. */
    asker->done.players(err ? NULL : table->cells, err ? 0 : table->n_rows, err, asker->ctx);
}

void store_outbox_players(struct store *store, int64_t cursor, int64_t batch_to,
                          store_outbox_players_fn *done, void *ctx)
{
    struct asker asker = {.done.players = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, cursor);
    ask_add_int(&params, batch_to);
    store_ask_with(store, ASK_OUTBOX_PLAYERS, params.items, params.n, on_players, &asker,
                   sizeof asker);
    ask_params_fini(&params);
}

/* ---- the end of an attempt ------------------------------------------------------------------- */

static const char *end_name(const struct store_outbox_end *end)
{
    switch (end->end) {
    case STORE_PUSH_SENT:
        return str_eq(end->push->kind, STORE_PUSH_BROADCAST) ? "batch" : "sent";
    case STORE_PUSH_RETRY:
        return "retry";
    case STORE_PUSH_GAVE_UP:
        break;
    }
    return "gave-up";
}

static void add_list(struct buf *out, const char *const *items, int n)
{
    buf_addc(out, '[');
    for (int i = 0; i < n; i++) {
        if (i)
            buf_addc(out, ',');
        buf_add_json(out, items[i]);
    }
    buf_addc(out, ']');
}

static void on_end(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;

    asker->done.end(!err && store_table_int(table, 0, 0) > 0, err, asker->ctx);
}

void store_outbox_end(struct store *store, const struct store_outbox_end *end,
                      store_outbox_end_fn *done, void *ctx)
{
    struct asker asker = {.done.end = done, .ctx = ctx};
    struct ask_params params;
    struct buf gone;

    buf_init(&gone, BUF_MAX_DEFAULT);
    add_list(&gone, end->gone, end->n_gone);
    ask_params_init(&params);
    ask_add_int(&params, end->push->id);
    ask_add_str(&params, end->holder);
    ask_add_int(&params, end->push->tries);
    ask_add_str(&params, end_name(end));
    ask_add_int(&params, end->now_ms);
    ask_add_int(&params, end->end == STORE_PUSH_RETRY ? end->due_at_ms : end->now_ms);
    ask_add_str(&params, end->error);
    ask_add_str(&params, end->receipt);
    ask_add_int(&params, end->push->batch_to);
    ask_add_str(&params, buf_str(&gone));
    store_ask_with(store, ASK_OUTBOX_END, params.items, params.n, on_end, &asker, sizeof asker);
    ask_params_fini(&params);
    buf_fini(&gone);
}

/* ---- too old --------------------------------------------------------------------------------- */

static void on_expired(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;

    asker->done.expire(err ? 0 : store_table_int(table, 0, 0), err, asker->ctx);
}

void store_outbox_expire(struct store *store, int64_t before_ms, int64_t now_ms,
                         store_outbox_expire_fn *done, void *ctx)
{
    struct asker asker = {.done.expire = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, before_ms);
    ask_add_int(&params, now_ms);
    store_ask_with(store, ASK_OUTBOX_EXPIRE, params.items, params.n, on_expired, &asker,
                   sizeof asker);
    ask_params_fini(&params);
}
