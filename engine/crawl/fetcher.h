/* SPDX-License-Identifier: MIT */
/* fetcher.h - what fetching keeps from page to page: per site its connections and cookies, per
 * address the validators of the last answer.
 *
 * Validators are for conditional requests (RFC 9110 section 13.1): they are kept only once what came
 * with them is stored, so that a 304 never stands for rows that were lost. They live in memory: after
 * a start every page comes whole once. The table is bounded: the address that was used least lately
 * is forgotten.
 */
#ifndef CRAWL_FETCHER_H
#define CRAWL_FETCHER_H

#include "base/fetch.h"
#include "crawl/site.h"

enum { FETCHER_MAX_URLS = 2048 };

struct fetcher;

/* user_agent: of every request, copied. */
struct fetcher *fetcher_new(struct loop *loop, const char *user_agent);
void fetcher_free(struct fetcher **fetcher); /* no load is under way */

const char *fetcher_user_agent(const struct fetcher *fetcher);

/* Sites share neither cookies nor connections. Made when first asked for, lives as long as fetcher. */
struct fetch_client *fetcher_client(struct fetcher *fetcher, const struct site *site);

struct fetcher_page {
    const char *etag, *last_modified; /* NULL: none; one of them is there */
    const char *layout;               /* that read it */
    int rows;                         /* that it held */
    int64_t bytes;
};

/* NULL: nothing is known, or nothing that a request could be made conditional with. Borrowed until
 * the next call. */
const struct fetcher_page *fetcher_known(struct fetcher *fetcher, const char *url);

/* All is copied; layout excepted, which lives as long as its site. */
void fetcher_keep(struct fetcher *fetcher, const char *url, const struct fetcher_page *page);
void fetcher_forget(struct fetcher *fetcher, const char *url);

#endif
