/* SPDX-License-Identifier: MIT */
/* store_users.c - see store_users.h: types on top of the statements of ask_users.def. */
#include "db/store_users.h"
#include "base/buf.h"
#include "base/str.h"
#include "db/ask.h"

static const int64_t BROADCAST_AGAIN_MS = 60000;

/* Whom to answer; a copy of it waits with the question. */
struct asker {
    union {
        store_user_fn *user;
        store_token_fn *token;
        store_ended_fn *ended;
        store_edit_fn *edit;
        store_marked_fn *marked;
        store_settings_fn *settings;
        store_user_deals_fn *deals;
        store_notices_fn *notices;
        store_id_fn *id;
        store_broadcast_fn *broadcast;
    } done;
    void *ctx;
    enum store_edit edit;
    bool is_push_list;
};

static void ask(struct store *store, enum ask_id id, struct ask_params *params,
                store_table_fn *done, const struct asker *asker)
{
    store_ask_with(store, id, params->items, params->n, done, asker, sizeof(*asker));
    ask_params_fini(params);
}

static void begin(struct ask_params *params, const struct store_who *who)
{
    ask_params_init(params);
    ask_add_int(params, who->user_id);
    ask_add_int(params, who->version);
    ask_add_int(params, who->session_id);
}

static bool is_empty(const struct store_table *table)
{
    return !table || table->n_rows == 0;
}

/* ---- users and tokens ------------------------------------------------------------------------ */

static void on_user(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_user user = {0};

    if (!is_empty(table)) {
        user.is_known = true;
        user.id = store_table_int(table, 0, 0);
        user.player = store_table_str(table, 0, 1);
        user.last_token_at_ms = store_table_int(table, 0, 2);
    }
    asker->done.user(&user, err, asker->ctx);
}

void store_user_get(struct store *store, const struct store_who *who, store_user_fn *done,
                    void *ctx)
{
    struct asker asker = {.done.user = done, .ctx = ctx};
    struct ask_params params;

    begin(&params, who);
    ask(store, ASK_USER_GET, &params, on_user, &asker);
}

static void on_token(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_who who = {0};

    if (!is_empty(table)) {
        who.user_id = store_table_int(table, 0, 0);
        who.version = store_table_int(table, 0, 1);
        who.session_id = store_table_int(table, 0, 2);
    }
    asker->done.token(&who, err, asker->ctx);
}

void store_user_register(struct store *store, const char *player, int64_t now_ms,
                         store_token_fn *done, void *ctx)
{
    struct asker asker = {.done.token = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_str(&params, player);
    ask_add_int(&params, now_ms);
    ask(store, ASK_USER_REGISTER, &params, on_token, &asker);
}

void store_session_begin(struct store *store, const char *player, const char *hash, int64_t now_ms,
                         int64_t expires_ms, store_token_fn *done, void *ctx)
{
    struct asker asker = {.done.token = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_str(&params, player);
    ask_add_int(&params, now_ms);
    ask_add_str(&params, hash);
    ask_add_int(&params, expires_ms);
    ask_add_int(&params, STORE_SESSIONS_MAX - 1);
    ask(store, ASK_SESSION_BEGIN, &params, on_token, &asker);
}

void store_session_refresh(struct store *store, const char *hash, const char *next, int64_t now_ms,
                           int64_t expires_ms, store_token_fn *done, void *ctx)
{
    struct asker asker = {.done.token = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_str(&params, hash);
    ask_add_int(&params, now_ms);
    ask_add_str(&params, next);
    ask_add_int(&params, expires_ms);
    ask(store, ASK_SESSION_REFRESH, &params, on_token, &asker);
}

static void on_ended(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;

    asker->done.ended(!is_empty(table), err, asker->ctx);
}

void store_session_end(struct store *store, const struct store_who *who, bool all,
                       store_ended_fn *done, void *ctx)
{
    struct asker asker = {.done.ended = done, .ctx = ctx};
    struct ask_params params;

    begin(&params, who);
    ask_add_int(&params, all);
    ask(store, ASK_SESSION_END, &params, on_ended, &asker);
}

/* ---- bookmarks and keywords ------------------------------------------------------------------ */

/* done: 0 nothing, 1 added, 2 removed. */
static enum store_edited edited(enum store_edit edit, int64_t done, bool was_there)
{
    if (done == 1)
        return STORE_EDITED_ADDED;
    if (done == 2)
        return STORE_EDITED_REMOVED;
    if (edit == STORE_REMOVE)
        return STORE_EDITED_ABSENT;
    /* Of two that toggle at the same moment one may find what the other has just made. */
    return !was_there          ? STORE_EDITED_FULL
           : edit == STORE_ADD ? STORE_EDITED_ALREADY
                               : STORE_EDITED_ADDED;
}

static void on_edited(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_edit_answer answer = {0};

    if (!is_empty(table)) {
        answer.is_known = true;
        answer.title = store_table_str(table, 0, 1);
        answer.done = !answer.title ? STORE_EDITED_UNKNOWN
                                    : edited(asker->edit, store_table_int(table, 0, 2),
                                             store_table_bool(table, 0, 3));
    }
    asker->done.edit(&answer, err, asker->ctx);
}

/* ids: of STORE_ADD, STORE_REMOVE, STORE_TOGGLE. */
static void edit_one(struct store *store, const struct store_who *who, const enum ask_id ids[3],
                     const char *what, int64_t now_ms, int64_t most, const struct asker *asker)
{
    struct ask_params params;

    begin(&params, who);
    ask_add_str(&params, what);
    /* PostgreSQL takes no parameter that its statement does not name. */
    if (asker->edit != STORE_REMOVE) {
        ask_add_int(&params, now_ms);
        ask_add_int(&params, most);
    }
    ask(store, ids[asker->edit], &params, on_edited, asker);
}

void store_mark_edit(struct store *store, const struct store_who *who, enum store_edit edit,
                     const char *product_id, int64_t now_ms, store_edit_fn *done, void *ctx)
{
    static const enum ask_id ids[] = {ASK_MARK_ADD, ASK_MARK_DEL, ASK_MARK_TOGGLE};
    struct asker asker = {.done.edit = done, .ctx = ctx, .edit = edit};

    edit_one(store, who, ids, product_id, now_ms, STORE_MARKS_MAX, &asker);
}

void store_word_edit(struct store *store, const struct store_who *who, enum store_edit edit,
                     const char *title, int64_t now_ms, store_edit_fn *done, void *ctx)
{
    static const enum ask_id ids[] = {ASK_WORD_ADD, ASK_WORD_DEL, ASK_WORD_TOGGLE};
    struct asker asker = {.done.edit = done, .ctx = ctx, .edit = edit};

    edit_one(store, who, ids, title, now_ms, STORE_WORDS_MAX, &asker);
}

/* A column of texts; a first row without one says that there are none. */
static const char **texts_of(const struct store_table *table, int column, struct arena *arena,
                             int *n_out)
{
    const char **texts = arena_array(arena, const char *, (size_t)table->n_rows + 1);

    *n_out = 0;
    for (int row = 0; row < table->n_rows; row++)
        if (store_table_str(table, row, column))
            texts[(*n_out)++] = store_table_str(table, row, column);
    return texts;
}

static void on_marked(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_marked marked = {0};
    struct arena arena;

    arena_init(&arena);
    if (!is_empty(table)) {
        marked.is_known = true;
        marked.product_ids = texts_of(table, 1, &arena, &marked.n);
    }
    asker->done.marked(&marked, err, asker->ctx);
    arena_fini(&arena);
}

void store_marked(struct store *store, const struct store_who *who, const char *const *product_ids,
                  int n, store_marked_fn *done, void *ctx)
{
    struct asker asker = {.done.marked = done, .ctx = ctx};
    struct ask_params params;
    struct buf json;

    buf_init(&json, BUF_MAX_DEFAULT);
    buf_addc(&json, '[');
    for (int i = 0; i < n; i++) {
        if (i)
            buf_addc(&json, ',');
        buf_add_json(&json, product_ids[i]);
    }
    buf_addc(&json, ']');
    begin(&params, who);
    ask_add_str(&params, buf_str(&json));
    ask(store, ASK_MARKED, &params, on_marked, &asker);
    buf_fini(&json);
}

static void on_settings(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_settings settings = {0};
    struct arena arena;

    arena_init(&arena);
    if (!is_empty(table)) {
        settings.is_known = true;
        settings.user_id = store_table_int(table, 0, 0);
        settings.alarm_status = store_table_bool(table, 0, 1);
        settings.max_push_count = store_table_int(table, 0, 2);
        if (table->n_columns > 3)
            settings.keywords = texts_of(table, 3, &arena, &settings.n_keywords);
    }
    asker->done.settings(&settings, err, asker->ctx);
    arena_fini(&arena);
}

void store_settings_get(struct store *store, const struct store_who *who, store_settings_fn *done,
                        void *ctx)
{
    struct asker asker = {.done.settings = done, .ctx = ctx};
    struct ask_params params;

    begin(&params, who);
    ask(store, ASK_WORD_STATUS, &params, on_settings, &asker);
}

void store_settings_set(struct store *store, const struct store_who *who, int64_t alarm_status,
                        int64_t max_push_count, int64_t now_ms, store_settings_fn *done, void *ctx)
{
    struct asker asker = {.done.settings = done, .ctx = ctx};
    struct ask_params params;

    begin(&params, who);
    ask_add_int(&params, alarm_status);
    ask_add_int(&params, max_push_count);
    ask_add_int(&params, now_ms);
    ask(store, ASK_WORD_CONFIG, &params, on_settings, &asker);
}

/* ---- lists of deals -------------------------------------------------------------------------- */

static int64_t next_int(const struct store_table *table, int row, int *column)
{
    return store_table_int(table, row, (*column)++);
}

static const char *next_str(const struct store_table *table, int row, int *column)
{
    return store_table_str(table, row, (*column)++);
}

/* user, keyword, deal, is_marked */
static void read_user_deal(const struct store_table *table, int row, struct store_user_deal *out)
{
    struct deal_row *deal = &out->deal.row;
    int at = 1;

    out->keyword = next_str(table, row, &at);
    deal->product_id = next_str(table, row, &at);
    deal->title = next_str(table, row, &at);
    deal->view = next_int(table, row, &at);
    deal->comment = next_int(table, row, &at);
    deal->like = next_int(table, row, &at);
    deal->score = next_int(table, row, &at);
    deal->posted_at_ms = next_int(table, row, &at);
    out->deal.sort_at_ms = next_int(table, row, &at);
    deal->image_url = next_str(table, row, &at);
    deal->sold_out = store_table_bool(table, row, at++);
    out->deal.is_deleted = store_table_bool(table, row, at++);
    out->deal.is_title_changed = store_table_bool(table, row, at++);
    deal->url = next_str(table, row, &at);
    deal->redirect_url = next_str(table, row, &at);
    out->is_marked = store_table_bool(table, row, at++);
}

/* One row more than is shown was asked for. Bookmarks come newest first and are shown the other way. */
static void read_user_deals(const struct store_table *table, bool is_reversed, struct arena *arena,
                            struct store_user_deals *list)
{
    struct store_user_deal *deals =
        arena_array(arena, struct store_user_deal, (size_t)table->n_rows);

    list->is_known = true;
    list->user_id = store_table_int(table, 0, 0);
    list->deals = deals;
    if (!store_table_str(table, 0, 2))
        return;
    list->has_more = table->n_rows > STORE_USER_LIST_MAX;
    list->n = list->has_more ? STORE_USER_LIST_MAX : table->n_rows;
    for (int i = 0; i < list->n; i++)
        read_user_deal(table, is_reversed ? list->n - 1 - i : i, &deals[i]);
}

static void on_user_deals(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_user_deals list = {0};
    struct arena arena;

    arena_init(&arena);
    if (!is_empty(table))
        read_user_deals(table, !asker->is_push_list, &arena, &list);
    asker->done.deals(&list, err, asker->ctx);
    arena_fini(&arena);
}

static void list_deals(struct store *store, const struct store_who *who, enum ask_id id,
                       const struct asker *asker)
{
    struct ask_params params;

    begin(&params, who);
    ask_add_int(&params, STORE_USER_LIST_MAX + 1);
    ask(store, id, &params, on_user_deals, asker);
}

void store_mark_list(struct store *store, const struct store_who *who, store_user_deals_fn *done,
                     void *ctx)
{
    struct asker asker = {.done.deals = done, .ctx = ctx};

    list_deals(store, who, ASK_MARK_LIST, &asker);
}

void store_push_list(struct store *store, const struct store_who *who, store_user_deals_fn *done,
                     void *ctx)
{
    struct asker asker = {.done.deals = done, .ctx = ctx, .is_push_list = true};

    list_deals(store, who, ASK_PUSH_LIST, &asker);
}

/* ---- notices, pushes to everybody ------------------------------------------------------------ */

static void on_notices(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    struct store_notice notices[STORE_USER_LIST_MAX];
    int rows = table ? table->n_rows : 0;
    int n = rows > STORE_USER_LIST_MAX ? STORE_USER_LIST_MAX : rows;

    for (int i = 0; i < n; i++)
        notices[i] = (struct store_notice){.id = store_table_int(table, i, 0),
                                           .title = store_table_str(table, i, 1),
                                           .category = store_table_str(table, i, 2),
                                           .content = store_table_str(table, i, 3),
                                           .created_at_ms = store_table_int(table, i, 4)};
    asker->done.notices(notices, n, rows > n, err, asker->ctx);
}

void store_notices(struct store *store, store_notices_fn *done, void *ctx)
{
    struct asker asker = {.done.notices = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, STORE_USER_LIST_MAX + 1);
    ask(store, ASK_NOTICES, &params, on_notices, &asker);
}

static void on_id(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;

    asker->done.id(is_empty(table) ? 0 : store_table_int(table, 0, 0), err, asker->ctx);
}

void store_notice_add(struct store *store, const struct store_notice *notice, store_id_fn *done,
                      void *ctx)
{
    struct asker asker = {.done.id = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_str(&params, notice->title);
    ask_add_str(&params, notice->category);
    ask_add_str(&params, notice->content);
    ask_add_int(&params, notice->created_at_ms);
    ask(store, ASK_NOTICE_ADD, &params, on_id, &asker);
}

void store_notice_remove(struct store *store, int64_t id, store_id_fn *done, void *ctx)
{
    struct asker asker = {.done.id = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, id);
    ask(store, ASK_NOTICE_DEL, &params, on_id, &asker);
}

static void on_broadcast(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;

    asker->done.broadcast(!is_empty(table) && store_table_bool(table, 0, 0), err, asker->ctx);
}

void store_broadcast(struct store *store, const char *headings, const char *contents,
                     int64_t now_ms, store_broadcast_fn *done, void *ctx)
{
    struct asker asker = {.done.broadcast = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_str(&params, headings);
    ask_add_str(&params, contents);
    ask_add_int(&params, now_ms);
    ask_add_int(&params, now_ms - BROADCAST_AGAIN_MS);
    ask(store, ASK_BROADCAST, &params, on_broadcast, &asker);
}
