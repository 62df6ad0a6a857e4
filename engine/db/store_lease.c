/* SPDX-License-Identifier: MIT */
/* store_lease.c - see store_lease.h; the statements are in ask_leases.def. */
#include "db/store_lease.h"
#include "base/buf.h"
#include "base/str.h"
#include "db/ask.h"

union asker_fn {
    store_done_fn *done;
    store_beat_fn *beat;
    store_leases_fn *leases;
    store_turn_fn *turn;
};

struct asker {
    union asker_fn fn;
    void *ctx;
};

bool store_is_shared(const struct store *store)
{
    return str_eq(store_kind(store), "postgresql");
}

static void ask_it(struct store *store, enum ask_id id, struct ask_params *params,
                   store_table_fn *answer, union asker_fn fn, void *ctx)
{
    struct asker asker = {fn, ctx};

    check(store_is_shared(store));
    store_ask_with(store, id, params->items, params->n, answer, &asker, sizeof asker);
    ask_params_fini(params);
}

static void on_done(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;

    (void)table;
    asker->fn.done(err, asker->ctx);
}

/* ---- who is at work -------------------------------------------------------------------------- */

static void on_beat(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_beat beat = {0};

    if (!err) {
        beat.others = (int)store_table_int(table, 0, 0);
        beat.is_doubled = store_table_int(table, 0, 1) > 0;
    }
    asker->fn.beat(err ? NULL : &beat, err, asker->ctx);
}

void store_engine_beat(struct store *store, const char *process, int64_t ttl_ms, int64_t alone_ms,
                       store_beat_fn *done, void *ctx)
{
    struct ask_params params;

    ask_params_init(&params);
    ask_add_str(&params, store_engine(store));
    ask_add_str(&params, process);
    ask_add_int(&params, ttl_ms);
    ask_add_int(&params, alone_ms);
    ask_it(store, ASK_ENGINE_BEAT, &params, on_beat, (union asker_fn){.beat = done}, ctx);
}

/* ---- due runs -------------------------------------------------------------------------------- */

/* Lives as long as the parameters. */
static void add_json(struct ask_params *params, struct buf *json)
{
    ask_add_str(params, arena_strdup(&params->arena, json->len ? buf_str(json) : "[]"));
    buf_fini(json);
}

static void add_lines(struct ask_params *params, const struct store_lease *lines, int n)
{
    struct buf json;

    buf_init(&json, BUF_MAX_DEFAULT);
    for (int i = 0; i < n; i++) {
        buf_addf(&json, "%c{\"due\":%lld,\"number\":%lld,\"site\":", i ? ',' : '[',
                 (long long)lines[i].due_at_ms, (long long)lines[i].number);
        buf_add_json(&json, lines[i].site);
        buf_adds(&json, ",\"kind\":");
        buf_add_json(&json, lines[i].kind);
        buf_adds(&json, i == n - 1 ? "}]" : "}");
    }
    add_json(params, &json);
}

static void add_rooms(struct ask_params *params, const struct store_room *rooms, int n)
{
    struct buf json;

    buf_init(&json, BUF_MAX_DEFAULT);
    for (int i = 0; i < n; i++) {
        buf_addf(&json, "%c{\"n\":%d,\"kind\":", i ? ',' : '[', rooms[i].n);
        buf_add_json(&json, rooms[i].kind);
        buf_adds(&json, i == n - 1 ? "}]" : "}");
    }
    add_json(params, &json);
}

void store_lease_tell(struct store *store, const struct store_lease *due, int n, store_done_fn *done,
                      void *ctx)
{
    struct ask_params params;

    ask_params_init(&params);
    add_lines(&params, due, n);
    ask_it(store, ASK_LEASE_TELL, &params, on_done, (union asker_fn){.done = done}, ctx);
}

static void on_leases(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    int n = err ? 0 : table->n_rows;
    struct store_lease *leases;
    struct arena arena;

    arena_init(&arena);
    leases = arena_array(&arena, struct store_lease, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        leases[i] = (struct store_lease){
            .site = store_table_str(table, i, 0),
            .kind = store_table_str(table, i, 1),
            .due_at_ms = store_table_int(table, i, 2),
            .number = store_table_int(table, i, 3),
            .former = store_table_str(table, i, 4),
        };
    asker->fn.leases(leases, n, err, asker->ctx);
    arena_fini(&arena);
}

void store_lease_claim(struct store *store, const struct store_lease *lines, int n_lines,
                       const struct store_room *rooms, int n_rooms, int64_t ttl_ms,
                       store_leases_fn *done, void *ctx)
{
    struct ask_params params;

    ask_params_init(&params);
    add_lines(&params, lines, n_lines);
    add_rooms(&params, rooms, n_rooms);
    ask_add_str(&params, store_engine(store));
    ask_add_int(&params, ttl_ms);
    ask_add_str(&params, err_reason(ERR_ENGINE_LOST));
    ask_it(store, ASK_LEASE_CLAIM, &params, on_leases, (union asker_fn){.leases = done}, ctx);
}

void store_lease_renew(struct store *store, const struct store_lease *leases, int n, int64_t ttl_ms,
                       store_leases_fn *done, void *ctx)
{
    struct ask_params params;

    ask_params_init(&params);
    add_lines(&params, leases, n);
    ask_add_int(&params, ttl_ms);
    ask_it(store, ASK_LEASE_RENEW, &params, on_leases, (union asker_fn){.leases = done}, ctx);
}

void store_lease_give(struct store *store, const struct store_lease *lease, bool is_done,
                      store_done_fn *done, void *ctx)
{
    struct ask_params params;

    ask_params_init(&params);
    ask_add_str(&params, lease->site);
    ask_add_str(&params, lease->kind);
    ask_add_int(&params, lease->number);
    ask_add_str(&params, is_done ? "t" : "f");
    ask_it(store, ASK_LEASE_GIVE, &params, on_done, (union asker_fn){.done = done}, ctx);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

enum { AGAIN_MS = 50 };

static void on_turn(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_turn turn = {.wait_ms = AGAIN_MS, .is_held = true};

    if (!err && table->n_rows)
        turn = (struct store_turn){
            .number = store_table_int(table, 0, 0),
            .wait_ms = store_table_int(table, 0, 1),
            .is_held = store_table_bool(table, 0, 2),
            .away_ms = store_table_int(table, 0, 3),
            .troubles = (int)store_table_int(table, 0, 4),
            .reason = store_table_str(table, 0, 5),
            .why = store_table_str(table, 0, 6),
        };
    asker->fn.turn(err ? NULL : &turn, err, asker->ctx);
}

void store_turn_take(struct store *store, const char *host, int64_t min_delay_ms, int64_t ttl_ms,
                     store_turn_fn *done, void *ctx)
{
    struct ask_params params;

    ask_params_init(&params);
    ask_add_str(&params, host);
    ask_add_str(&params, store_engine(store));
    ask_add_int(&params, min_delay_ms);
    ask_add_int(&params, ttl_ms);
    ask_it(store, ASK_TURN_TAKE, &params, on_turn, (union asker_fn){.turn = done}, ctx);
}

void store_turn_renew(struct store *store, const struct store_turn_name *turns, int n, int64_t ttl_ms,
                      store_done_fn *done, void *ctx)
{
    struct ask_params params;
    struct buf json;

    ask_params_init(&params);
    buf_init(&json, BUF_MAX_DEFAULT);
    for (int i = 0; i < n; i++) {
        buf_addf(&json, "%c{\"number\":%lld,\"host\":", i ? ',' : '[', (long long)turns[i].number);
        buf_add_json(&json, turns[i].host);
        buf_adds(&json, i == n - 1 ? "}]" : "}");
    }
    add_json(&params, &json);
    ask_add_int(&params, ttl_ms);
    ask_it(store, ASK_TURN_RENEW, &params, on_done, (union asker_fn){.done = done}, ctx);
}

void store_turn_give(struct store *store, const struct store_turn_end *end, store_done_fn *done,
                     void *ctx)
{
    struct ask_params params;

    ask_params_init(&params);
    ask_add_str(&params, end->turn.host);
    ask_add_int(&params, end->turn.number);
    ask_add_int(&params, end->delay_ms);
    ask_add_int(&params, end->told);
    ask_add_int(&params, end->away_ms);
    ask_add_int(&params, end->troubles);
    ask_add_str(&params, end->reason);
    ask_add_str(&params, end->why);
    ask_it(store, ASK_TURN_GIVE, &params, on_done, (union asker_fn){.done = done}, ctx);
}
