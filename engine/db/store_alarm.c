/* SPDX-License-Identifier: MIT */
/* store_alarm.c - see store_alarm.h: types on top of the statements of ask_alarm.def. */
#include "db/store_alarm.h"
#include "base/buf.h"
#include "base/str.h"
#include "db/ask.h"

/* Whom to answer; a copy of it waits with the question. */
struct asker {
    union {
        store_alarm_titles_fn *titles;
        store_alarm_words_fn *words;
        store_alarm_waiting_fn *waiting;
        store_alarm_decided_fn *decided;
    } done;
    void *ctx;
};

static void ask(struct store *store, enum ask_id id, struct ask_params *params,
                store_table_fn *done, const struct asker *asker)
{
    store_ask_with(store, id, params->items, params->n, done, asker, sizeof(*asker));
    ask_params_fini(params);
}

/* ---- titles ---------------------------------------------------------------------------------- */

enum {
    TITLES_STEP,
    TITLES_AFTER,
    TITLES_EDITS,
    TITLES_LAST,
    TITLES_EVENTS,
    TITLES_ID,
    TITLES_DEAL,
    TITLES_TITLE
};

static void read_titles(const struct store_table *table, struct arena *arena,
                        struct store_alarm_titles *out)
{
    struct store_alarm_title *titles =
        arena_array(arena, struct store_alarm_title, (size_t)table->n_rows + 1);

    check(table->n_rows > 0);
    *out = (struct store_alarm_titles){.step = store_table_int(table, 0, TITLES_STEP),
                                       .after_event_id = store_table_int(table, 0, TITLES_AFTER),
                                       .edits = store_table_int(table, 0, TITLES_EDITS),
                                       .n_events = (int)store_table_int(table, 0, TITLES_EVENTS),
                                       .titles = titles};
    out->last_event_id =
        out->n_events ? store_table_int(table, 0, TITLES_LAST) : out->after_event_id;
    for (int row = 0; row < table->n_rows; row++)
        if (store_table_str(table, row, TITLES_TITLE))
            titles[out->n++] =
                (struct store_alarm_title){.event_id = store_table_int(table, row, TITLES_ID),
                                           .deal_id = store_table_int(table, row, TITLES_DEAL),
                                           .title = store_table_str(table, row, TITLES_TITLE)};
}

static void on_titles(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_alarm_titles titles = {0};
    struct arena arena;

    arena_init(&arena);
    if (table)
        read_titles(table, &arena, &titles);
    asker->done.titles(&titles, err, asker->ctx);
    arena_fini(&arena);
}

void store_alarm_titles(struct store *store, int events, int64_t since_ms,
                        store_alarm_titles_fn *done, void *ctx)
{
    struct asker asker = {.done.titles = done, .ctx = ctx};
    struct ask_params params;

    check(events >= 1 && events <= 10000);
    ask_params_init(&params);
    ask_add_int(&params, events);
    ask_add_int(&params, since_ms);
    ask(store, ASK_ALARM_TITLES, &params, on_titles, &asker);
}

static void on_words(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_alarm_word *words;
    struct arena arena;
    int n = 0;

    arena_init(&arena);
    words = arena_array(&arena, struct store_alarm_word, (size_t)(table ? table->n_rows : 0) + 1);
    for (int row = 0; table && row < table->n_rows; row++)
        if (store_table_str(table, row, 3))
            words[n++] = (struct store_alarm_word){.id = store_table_int(table, row, 1),
                                                   .user_id = store_table_int(table, row, 2),
                                                   .title = store_table_str(table, row, 3)};
    asker->done.words(words, n, table ? store_table_int(table, 0, 0) : 0, err, asker->ctx);
    arena_fini(&arena);
}

void store_alarm_words(struct store *store, int64_t after_id, int limit, store_alarm_words_fn *done,
                       void *ctx)
{
    struct asker asker = {.done.words = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, after_id);
    ask_add_int(&params, limit);
    ask(store, ASK_ALARM_WORDS, &params, on_words, &asker);
}

/* ---- decisions ------------------------------------------------------------------------------- */

static void on_decided(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    bool accepted = table && table->n_rows == 1;

    asker->done.decided(accepted, accepted ? store_table_int(table, 0, 0) : 0, err, asker->ctx);
}

void store_alarm_found(struct store *store, const struct store_alarm_found *found,
                       store_alarm_decided_fn *done, void *ctx)
{
    struct asker asker = {.done.decided = done, .ctx = ctx};
    struct ask_params params;
    struct buf json;

    buf_init(&json, SIZE_MAX);
    buf_addc(&json, '[');
    for (size_t i = 0; i < found->n; i++)
        buf_addf(&json, "%s[%lld,%lld]", i ? "," : "", (long long)found->hits[i].deal_id,
                 (long long)found->hits[i].word_id);
    buf_addc(&json, ']');
    ask_params_init(&params);
    ask_add_int(&params, found->step);
    ask_add_int(&params, found->event_id);
    ask_add_str(&params, buf_str(&json));
    ask_add_int(&params, found->now_ms);
    ask(store, ASK_ALARM_FOUND, &params, on_decided, &asker);
    buf_fini(&json);
}

static void add_users(struct buf *json, const struct store_alarm_told *told)
{
    buf_addc(json, '[');
    for (size_t i = 0; i < told->n_users; i++)
        buf_addf(json, "%s%lld", i ? "," : "", (long long)told->user_ids[i]);
    buf_addc(json, ']');
}

static void add_pushes(struct buf *json, const struct store_alarm_told *told)
{
    buf_addc(json, '[');
    for (size_t i = 0; i < told->n_pushes; i++) {
        buf_addf(json, "%s[%lld,", i ? "," : "", (long long)told->pushes[i].user_id);
        buf_add_json(json, told->pushes[i].headings);
        buf_addc(json, ',');
        buf_add_json(json, told->pushes[i].contents);
        buf_addc(json, ']');
    }
    buf_addc(json, ']');
}

void store_alarm_told(struct store *store, const struct store_alarm_told *told,
                      store_alarm_decided_fn *done, void *ctx)
{
    struct asker asker = {.done.decided = done, .ctx = ctx};
    struct ask_params params;
    struct buf users, pushes;

    buf_init(&users, SIZE_MAX);
    buf_init(&pushes, SIZE_MAX);
    add_users(&users, told);
    add_pushes(&pushes, told);
    ask_params_init(&params);
    ask_add_int(&params, told->step);
    ask_add_str(&params, buf_str(&users));
    ask_add_str(&params, buf_str(&pushes));
    ask_add_int(&params, told->now_ms);
    ask(store, ASK_ALARM_TOLD, &params, on_decided, &asker);
    buf_fini(&users);
    buf_fini(&pushes);
}

/* ---- who waits ------------------------------------------------------------------------------- */

enum {
    WAITING_STEP,
    WAITING_USER,
    WAITING_STATUS,
    WAITING_MOST,
    WAITING_WAY,
    WAITING_ZONE,
    WAITING_HOURS,
    WAITING_PUSHES,
    WAITING_KEYWORD,
    WAITING_DEALS
};

static void read_user(const struct store_table *table, int row, struct store_alarm_waiting *out)
{
    out->user_id = store_table_int(table, row, WAITING_USER);
    out->alarm_status = store_table_bool(table, row, WAITING_STATUS);
    out->max_push_count = store_table_int(table, row, WAITING_MOST);
    out->way = store_table_str(table, row, WAITING_WAY);
    out->zone = store_table_str(table, row, WAITING_ZONE);
    out->hours = store_table_str(table, row, WAITING_HOURS);
    out->pushes = store_table_int(table, row, WAITING_PUSHES);
}

/* A row for each keyword of each user, those of a user together; returns how many users. */
static int read_waiting(const struct store_table *table, struct store_alarm_waiting *users,
                        struct store_alarm_group *groups)
{
    int n = 0;

    for (int row = 0; row < table->n_rows; row++) {
        if (!store_table_str(table, row, WAITING_USER))
            continue;
        if (!n || users[n - 1].user_id != store_table_int(table, row, WAITING_USER)) {
            read_user(table, row, &users[n]);
            users[n++].groups = &groups[row];
        }
        groups[row] =
            (struct store_alarm_group){.keyword = store_table_str(table, row, WAITING_KEYWORD),
                                       .deals = store_table_int(table, row, WAITING_DEALS)};
        users[n - 1].n_groups++;
    }
    return n;
}

static void on_waiting(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_alarm_waiting *users;
    size_t most = (size_t)(table ? table->n_rows : 0) + 1;
    struct arena arena;
    int n = 0;

    arena_init(&arena);
    users = arena_array(&arena, struct store_alarm_waiting, most);
    if (table)
        n = read_waiting(table, users, arena_array(&arena, struct store_alarm_group, most));
    asker->done.waiting(users, n, table ? store_table_int(table, 0, WAITING_STEP) : 0, err,
                        asker->ctx);
    arena_fini(&arena);
}

void store_alarm_waiting(struct store *store, const struct store_alarm_who *who,
                         store_alarm_waiting_fn *done, void *ctx)
{
    struct asker asker = {.done.waiting = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, who->after_user_id);
    ask_add_int(&params, who->limit);
    ask_add_str(&params, who->default_way);
    ask_add_str(&params, who->only_way);
    ask_add_int(&params, who->pushes_since_ms);
    ask(store, ASK_ALARM_WAITING, &params, on_waiting, &asker);
}
