/* SPDX-License-Identifier: MIT */
/* store_operator.c - see store_operator.h: types on top of the statements of ask_operator.def. */
#include "db/store_operator.h"
#include "db/ask.h"

struct asker {
    union {
        store_accounts_fn *accounts;
        store_id_fn *id;
        store_word_counts_fn *words;
    } done;
    void *ctx;
};

static void ask(struct store *store, enum ask_id id, struct ask_params *params,
                store_table_fn *done, const struct asker *asker)
{
    store_ask_with(store, id, params->items, params->n, done, asker, sizeof(*asker));
    ask_params_fini(params);
}

/* ---- users ----------------------------------------------------------------------------------- */

static void read_account(const struct store_table *table, int row, struct store_account *out)
{
    int at = 0;

    out->id = store_table_int(table, row, at++);
    out->player = store_table_str(table, row, at++);
    out->version = store_table_int(table, row, at++);
    out->alarm_status = store_table_bool(table, row, at++);
    out->max_push_count = store_table_int(table, row, at++);
    out->zone = store_table_str(table, row, at++);
    out->hours = store_table_str(table, row, at++);
    out->way = store_table_str(table, row, at++);
    out->created_at_ms = store_table_int(table, row, at++);
    out->last_token_at_ms = store_table_int(table, row, at++);
    out->n_keywords = store_table_int(table, row, at++);
    out->n_marks = store_table_int(table, row, at++);
    out->n_told = store_table_int(table, row, at++);
    out->n_sessions = store_table_int(table, row, at++);
}

static void on_accounts(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    int n = table ? table->n_rows : 0;
    struct store_account *accounts;
    struct arena arena;

    arena_init(&arena);
    accounts = arena_array(&arena, struct store_account, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        read_account(table, i, &accounts[i]);
    asker->done.accounts(accounts, n, err, asker->ctx);
    arena_fini(&arena);
}

void store_accounts(struct store *store, int64_t after_id, int limit, store_accounts_fn *done,
                    void *ctx)
{
    struct asker asker = {.done.accounts = done, .ctx = ctx};
    struct ask_params params;

    check(limit >= 1 && limit <= STORE_ACCOUNTS_MAX);
    ask_params_init(&params);
    ask_add_int(&params, after_id);
    ask_add_int(&params, limit);
    ask(store, ASK_ACCOUNTS, &params, on_accounts, &asker);
}

void store_account_find(struct store *store, int64_t id, const char *player,
                        store_accounts_fn *done, void *ctx)
{
    struct asker asker = {.done.accounts = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    if (player)
        ask_add_str(&params, player);
    else
        ask_add_int(&params, id);
    ask(store, player ? ASK_ACCOUNT_OF_PLAYER : ASK_ACCOUNT_OF_ID, &params, on_accounts, &asker);
}

static void on_id(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;

    asker->done.id(table && table->n_rows ? store_table_int(table, 0, 0) : 0, err, asker->ctx);
}

void store_account_edit(struct store *store, const struct store_account_edit *edit,
                        store_id_fn *done, void *ctx)
{
    struct asker asker = {.done.id = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, edit->id);
    ask_add_int(&params, edit->alarm_status);
    ask_add_int(&params, edit->max_push_count);
    ask_add_str(&params, edit->zone);
    ask_add_str(&params, edit->hours);
    ask_add_str(&params, edit->way);
    ask_add_int(&params, edit->now_ms);
    ask(store, ASK_ACCOUNT_EDIT, &params, on_id, &asker);
}

static void ask_of_id(struct store *store, enum ask_id question, int64_t id, store_id_fn *done,
                      void *ctx)
{
    struct asker asker = {.done.id = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, id);
    ask(store, question, &params, on_id, &asker);
}

void store_account_remove(struct store *store, int64_t id, store_id_fn *done, void *ctx)
{
    ask_of_id(store, ASK_ACCOUNT_REMOVE, id, done, ctx);
}

void store_account_revoke(struct store *store, int64_t id, store_id_fn *done, void *ctx)
{
    ask_of_id(store, ASK_ACCOUNT_REVOKE, id, done, ctx);
}

/* ---- keywords, notices ----------------------------------------------------------------------- */

static void on_word_counts(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct asker *asker = ctx;
    int n = table ? table->n_rows : 0;
    struct store_word_count *words;
    struct arena arena;

    arena_init(&arena);
    words = arena_array(&arena, struct store_word_count, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        words[i] =
            (struct store_word_count){store_table_str(table, i, 0), store_table_int(table, i, 1)};
    asker->done.words(words, n, err, asker->ctx);
    arena_fini(&arena);
}

void store_word_counts(struct store *store, int limit, store_word_counts_fn *done, void *ctx)
{
    struct asker asker = {.done.words = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, limit);
    ask(store, ASK_WORDS_COUNTED, &params, on_word_counts, &asker);
}

void store_notice_edit(struct store *store, const struct store_notice *notice, store_id_fn *done,
                       void *ctx)
{
    struct asker asker = {.done.id = done, .ctx = ctx};
    struct ask_params params;

    ask_params_init(&params);
    ask_add_int(&params, notice->id);
    ask_add_str(&params, notice->title);
    ask_add_str(&params, notice->category);
    ask_add_str(&params, notice->content);
    ask(store, ASK_NOTICE_EDIT, &params, on_id, &asker);
}
