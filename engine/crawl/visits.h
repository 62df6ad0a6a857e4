/* SPDX-License-Identifier: MIT */
/* visits.h - which posts a run visits, and in which order.
 *
 * A crawl puts in the rows of its list pages, newest first as the board shows them; visits_choose()
 * leaves those that [post] when and max ask for. An alive run puts in what is due. Pure: who asks
 * the store and who visits is run_posts.c.
 */
#ifndef CRAWL_VISITS_H
#define CRAWL_VISITS_H

#include "base/arena.h"
#include "crawl/extract.h"
#include "crawl/site.h"
#include "db/store.h"

struct visit {
    const char *key, *url;
    struct deal_row row; /* as the list showed it; of an alive run: empty */
};

struct visits {
    const struct site *site;
    struct arena arena;
    struct visit *items;
    size_t n;
    size_t at; /* the next one */
};

void visits_init(struct visits *visits, const struct site *site);
void visits_fini(struct visits *visits);

/* The rows of a list page, those that are gone left out, and those whose post lies at another host
 * than the list (`www.`, `m.` and hosts below it apart): a page has no say in where we go. A key that
 * is there already is left out. */
void visits_add_page(struct visits *visits, const struct row_set *page);
void visits_add_due(struct visits *visits, const struct store_due *due, int n);

/* What the store must be asked about; borrowed until the next change. */
const char *const *visits_keys(const struct visits *visits, struct arena *arena);

/* Keep, in order and at most site->post_max of them, the posts to read. known: the answer to
 * visits_keys(), in any order; a key that is not in it is unknown.
 *   always    not read yet, or changed since
 *   missing   not read yet, and neither row nor store has what a field of [post] would tell of
 *             redirect_url, image and posted_at; or only the beginning of the title is known */
void visits_choose(struct visits *visits, const struct store_known *known, int n);

const struct visit *visits_next(struct visits *visits); /* NULL: that was all */

/* What a post tells where its list row is silent: for show. The pointers of `post` are borrowed by
 * `row`. */
void visits_fill_row(struct deal_row *row, const struct deal_row *post);

/* row with all that it points to in the arena. */
struct deal_row visits_copy_row(struct arena *arena, const struct deal_row *row);

#endif
