/* SPDX-License-Identifier: MIT */
/* resolve.h - does a host name lead into a private network, as the system's resolver sees it?
 *
 * Each look-up runs on a thread of its own, since getaddrinfo(3) can take half a minute and cannot
 * be interrupted; nobody waits for that thread. A process has at most 32 of them and one resolver at
 * most 4, those counted that nobody waits for any more; what is asked beyond waits its turn, and
 * resolvers are served in turn. Answers are kept for half a minute, at most 256.
 */
#ifndef BASE_RESOLVE_H
#define BASE_RESOLVE_H

#include "base/loop.h"
#include "base/netaddr.h"

struct resolver;
struct resolve_query;

struct resolve_answer {
    bool found;                       /* false: no such name, or no answer in time */
    const char *private_kind;         /* NULL: all its addresses are public */
    char address[NETADDR_TEXT_BYTES]; /* the private one, else the first one */
};

/* Once, later; the query is gone when it returns. answer is borrowed for the call. */
typedef void resolve_fn(const struct resolve_answer *answer, void *ctx);

/* One for each asker (a tab): none gets in the way of others. All of a process share one loop. */
struct resolver *resolver_new(struct loop *loop);
void resolver_free(struct resolver **resolver); /* its queries are cancelled */

/* timeout_ms: its turn waited for included. */
struct resolve_query *resolve_start(struct resolver *resolver, const char *name, int64_t timeout_ms,
                                    resolve_fn *done, void *ctx);
void resolve_cancel(struct resolve_query *query);

#endif
