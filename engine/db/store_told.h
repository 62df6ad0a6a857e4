/* SPDX-License-Identifier: MIT */
/* store_told.h - which reports (store.h) the operator has to be told of, and that he was.
 *
 * One engine tells of a report: it claims what is due, tells, and marks it. A claim that was not marked
 * ends by itself, and somebody else tells: at least once, and twice only where an engine died between
 * telling and marking. Its own claims an engine takes again at any time: it claims when it tells of nothing. As in store.h a callback comes once, later; err is ERR_STORE.
 *
 * Times are the engine's own. Engines whose clocks differ tell a little early or late, nothing worse.
 */
#ifndef DB_STORE_TOLD_H
#define DB_STORE_TOLD_H

#include "db/store.h"

enum report_news {
    REPORT_OPENED, /* never told of */
    REPORT_AGAIN,  /* told of, and still open after so long */
    REPORT_OVER,   /* told of, and closed since */
};
const char *report_news_name(enum report_news news); /* "opened", "again", "over" */

struct store_told_claim {
    const char *teller; /* copied */
    int64_t now_ms;
    int64_t
        after_ms; /* reports are told of when they have been open so long; those over before never are */
    int64_t again_ms; /* and again after this; 0: never again */
    int64_t claim_ms;
    int limit; /* 1..1000 */
};

struct store_news_report {
    struct store_report report;
    enum report_news news;
};

/* Oldest first; borrowed for the call. */
typedef void store_told_fn(const struct store_news_report *reports, int n, const struct err *err,
                           void *ctx);
void store_told_claim(struct store *store, const struct store_told_claim *claim,
                      store_told_fn *done, void *ctx);

/* He was told that these are open, or over (`over`), at that moment. */
void store_told_mark(struct store *store, const int64_t *ids, int n, bool over, int64_t at_ms,
                     store_done_fn *done, void *ctx);

/* Reports that an engine keeps up about itself have the site "@NAME" and are opened again and again. Those
 * which were not since before_ms belong to an engine that is no more: close them. */
void store_told_forget_lost(struct store *store, int64_t before_ms, int64_t at_ms,
                            store_done_fn *done, void *ctx);

#endif
