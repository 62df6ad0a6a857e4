/* SPDX-License-Identifier: MIT */
/* polite.h - the gate in front of every request to a board: robots.txt, one at a time per host,
 * minimum delay.
 *
 * A ticket is asked for before a page is loaded and released when the load is over. Per origin one
 * ticket is held at a time; the next is granted min_delay_ms after the last was released.
 * robots.txt is fetched once per origin and kept for a day.
 */
#ifndef CRAWL_POLITE_H
#define CRAWL_POLITE_H

#include "base/err.h"
#include "base/fetch.h"
#include "base/loop.h"

#include <stdbool.h>

struct polite;
struct polite_ticket;

struct polite_request {
    const char *url; /* absolute http(s), copied */
    int64_t min_delay_ms;
    bool obey_robots;
    const char *own_origin; /* copied; as in struct tab_page: it may be at a private address */
};

/* err NULL: go, now. Otherwise (the ticket still wants releasing):
 *   ERR_ROBOTS                         forbidden; text names the rule
 *   ERR_NETWORK, ERR_TIMEOUT           robots.txt could not be fetched: the board is away
 *   ERR_HTTP_STATUS, ERR_RATE_LIMITED  5xx, 429 for robots.txt: RFC 9309 section 2.3.1.4 says
 *                                      hands off */
typedef void polite_fn(const struct err *err, void *ctx);

/* user_agent: for fetching robots.txt; copied. */
struct polite *polite_new(struct loop *loop, const char *user_agent);
void polite_free(struct polite **polite); /* all tickets released before */

struct polite_ticket *polite_ask(struct polite *polite, const struct polite_request *request,
                                 polite_fn *done, void *ctx);
/* Done with the request, or not waiting any more. NULL is accepted. */
void polite_release(struct polite_ticket **ticket);

#endif
