/* SPDX-License-Identifier: MIT */
/* ask.h - the store for commands that ask it a few things, one after the other: each call waits for
 * its answer, which lives in the asker's arena.
 */
#ifndef DEBUG_ASK_H
#define DEBUG_ASK_H

#include "base/arena.h"
#include "base/config.h"
#include "db/store.h"

struct ask {
    struct arena arena;
    struct loop *loop;
    struct store *store;
    struct err err; /* of the last call */
    int n;          /* rows of the last answer */
    void *rows;
};

/* may_write: else nothing is made, migrated or changed. -1: ERR_CONFIG. ask_fini() in each case. */
MUST_CHECK int ask_init(struct ask *ask, const struct config *config, bool may_write,
                        struct err *err);
void ask_fini(struct ask *ask);

/* 0, or -1 with ask->err. *out: ask->n of them. */
MUST_CHECK int ask_states(struct ask *ask, const char *site, const struct store_state **out);
MUST_CHECK int ask_reports(struct ask *ask, const char *site, const struct store_report **out);
MUST_CHECK int ask_runs(struct ask *ask, const char *site, int limit, const struct store_run **out);
MUST_CHECK int ask_arrivals(struct ask *ask, const char *site, int64_t since_ms,
                            const struct store_hour **out);
MUST_CHECK int ask_set_state(struct ask *ask, const char *site, const char *name,
                             const char *value);
MUST_CHECK int ask_close_report(struct ask *ask, const char *site, const char *kind);

#endif
