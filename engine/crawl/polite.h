/* SPDX-License-Identifier: MIT */
/* polite.h - the gate in front of every request to a board, of whatever kind of job: robots.txt, one
 * at a time per host, minimum delay, back-off.
 *
 * A ticket is asked for before a page is loaded and released when the load is over. Per host (and
 * port) one ticket is held at a time; the next is granted when the longer of its own min_delay_ms and
 * that of the last one has passed since that one's release. robots.txt is fetched once per origin and
 * kept for a day.
 *
 * Back-off: the holder tells how the host answered. After trouble the next ticket waits 2 s, doubled
 * up to 60 s (both from the configuration), or as long as Retry-After says. A wait longer than a
 * minute is not waited for: who asks meanwhile is refused. After `open_after` troubles in a row the
 * breaker is open: everybody is refused until the pause is over, then one ticket is granted as a
 * trial.
 *
 * With `turns` all of that holds over all programs that share the database, robots.txt apart: a ticket is
 * granted while the host's turn is held, and what the host answered goes back with the turn.
 */
#ifndef CRAWL_POLITE_H
#define CRAWL_POLITE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/fetch.h"
#include "base/loop.h"
#include "crawl/turns.h"

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
 *                                      hands off
 *   the code of the host's last trouble, text "HOST is left alone for 50 more s: ..." */
typedef void polite_fn(const struct err *err, void *ctx);

struct polite_settings {
    const char *user_agent; /* for fetching robots.txt; copied */
    int64_t backoff_ms, backoff_max_ms;
    int open_after;      /* troubles in a row */
    struct turns *turns; /* borrowed; NULL: nobody else asks these hosts */
};

struct polite *polite_new(struct loop *loop, const struct polite_settings *settings);
void polite_free(struct polite **polite); /* all tickets released before */

struct polite_ticket *polite_ask(struct polite *polite, const struct polite_request *request,
                                 polite_fn *done, void *ctx);

/* How the host answered the holder; before the release. Not told: nothing is known of the host (our
 * own tab crashed). why: 429, 5xx, 403, no connection, no answer in time. retry_after_ms: as in
 * base/retry_after.h. */
void polite_tell_fine(struct polite_ticket *ticket);
void polite_tell_trouble(struct polite_ticket *ticket, const struct err *why,
                         int64_t retry_after_ms);

/* Done with the request, or not waiting any more. NULL is accepted. */
void polite_release(struct polite_ticket **ticket);

/* How many hosts' breakers are open; their names, separated by commas, behind what is in `names`. */
int polite_open_hosts(const struct polite *polite, struct buf *names);

/* Prometheus text: hosts backed off from, breakers open, troubles and refusals so far. */
void polite_metrics(const struct polite *polite, struct buf *out);

#endif
