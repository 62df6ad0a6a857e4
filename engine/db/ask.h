/* SPDX-License-Identifier: MIT */
/* ask.h - calls of the store that are one statement of each database and need no code of their own.
 *
 * ask.def holds their texts. Parameters go in as text and cells come out as text, so both databases
 * are read alike; the calls that programs use (store_users.h, ...) stand on top and give them types.
 * Inside db/ only.
 */
#ifndef DB_ASK_H
#define DB_ASK_H

#include "db/store.h"

enum ask_id {
#define ASK(name, kind, sqlite_text, postgres_text) ASK_##name,
#include "db/ask.def"
#undef ASK
    ASK_COUNT
};

enum { ASK_MAX_PARAMS = 24 };

/* The answer; lives for the callback. */
struct store_table {
    int n_rows, n_columns;
    const char **cells; /* row by row; NULL is SQL's NULL */
};

const char *store_table_str(const struct store_table *table, int row, int column);
int64_t store_table_int(const struct store_table *table, int row, int column); /* NULL: DEAL_UNKNOWN */
bool store_table_bool(const struct store_table *table, int row, int column);   /* 1 or 0 */

/* table is NULL exactly when err is not. */
typedef void store_table_fn(const struct store_table *table, const struct err *err, void *ctx);

/* Parameters (NULL: SQL's NULL) are copied; bytes that are not UTF-8 become U+FFFD. A writing
 * question is one transaction. A store_set_reader() store may write by these (the app's users live
 * in the same database), but never makes or migrates one. */
void store_ask(struct store *store, enum ask_id id, const char *const *params, int n,
               store_table_fn *done, void *ctx);

/* The same with a context that is copied into the question and lives as long as it: for calls that
 * keep a typed callback of their own there. `done` gets the copy. */
void store_ask_with(struct store *store, enum ask_id id, const char *const *params, int n,
                    store_table_fn *done, const void *ctx, size_t ctx_bytes);

/* Parameters for one call, as text. */
struct ask_params {
    struct arena arena;
    const char *items[ASK_MAX_PARAMS];
    int n;
};

void ask_params_init(struct ask_params *params);
void ask_params_fini(struct ask_params *params);
void ask_add_str(struct ask_params *params, const char *s); /* borrowed until the question is asked */
void ask_add_int(struct ask_params *params, int64_t n);     /* DEAL_UNKNOWN: NULL */

#endif
