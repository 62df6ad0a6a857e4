/* SPDX-License-Identifier: MIT */
/* merge.h - what one reading of a page does to a known deal: the rules of store.h ("a worse reading
 * never overwrites a better one"), as a pure function.
 *
 * SQLite writes by this; postgres_write.c says the same in SQL, because there the newest row is only
 * seen inside the statement. tests/unit/test_db_life.c holds both to the same stories.
 */
#ifndef DB_MERGE_H
#define DB_MERGE_H

#include "db/store.h"

/* deals.by_post: which values a post page gave. The numbers are stored. */
enum by_post {
    BY_POST_TITLE = 1,
    BY_POST_REDIRECT = 2,
    BY_POST_IMAGE = 4,
    BY_POST_MALL = 8,
    BY_POST_CATEGORY = 16,
    BY_POST_PRICE = 32,
    BY_POST_POSTED = 64,
    BY_POST_SOLD = 128,
    BY_POST_ALL = 255,
    SOLD_UNKNOWN = 256 /* of a reading: it has no rule for sold_out. Means nothing when stored */
};

/* What changed, one bit for each kind of event; MERGE_EDIT besides when anything known became
 * another (and not only something unknown known). */
enum merge_change {
    MERGE_CREATED = 1,
    MERGE_TITLE = 2,
    MERGE_URL = 4,
    MERGE_REDIRECT = 8,
    MERGE_IMAGE = 16,
    MERGE_PRICE = 32,
    MERGE_MALL = 64,
    MERGE_CATEGORY = 128,
    MERGE_POSTED = 256,
    MERGE_SOLD = 512,
    MERGE_TITLE_COMPLETED = 1024,
    MERGE_DELETED = 2048,
    MERGE_UNDELETED = 4096,
    MERGE_EDIT = 1 << 20
};

/* A deal as its row of the table is. */
struct stored {
    struct deal deal;
    int by_post;
    const char *title_stem;
    int64_t post_read_at_ms, absent_at_ms;
};

struct reading {
    const struct deal_row *row;
    const char *title_stem; /* of a cut title, else NULL */
    bool from_post;
    int64_t at_ms;
};

/* The deal was written at the reading's moment or after it: what the reading may still tell of it. */
struct deal_row merge_late(const struct stored *deal, const struct reading *seen);

/* *deal becomes what is to be stored. Returns the changes; 0 with *differs_out true: only what is no
 * event. Strings are borrowed from both. */
unsigned merge_reading(struct stored *deal, const struct reading *seen, bool *differs_out);

#endif
