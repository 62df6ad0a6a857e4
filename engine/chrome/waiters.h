/* SPDX-License-Identifier: MIT */
/* waiters.h - who is served next: one of each site in turn, first come first served within a site.
 *
 * So a site that asks for a hundred pages does not keep one that asks for two waiting for long.
 */
#ifndef CHROME_WAITERS_H
#define CHROME_WAITERS_H

#include "base/list.h"

struct waiter_queue;

/* Embedded in what waits. */
struct waiter {
    struct list link;
    struct waiter_queue *queue; /* NULL: does not wait */
};

struct waiters {
    struct list turns; /* of queues, the next one first */
    size_t n;          /* waiters */
};

void waiters_init(struct waiters *waiters);

void waiters_add(struct waiters *waiters, const char *site,
                 struct waiter *waiter); /* site: copied */

/* Whose turn it is, or NULL; it is not taken off. */
struct waiter *waiters_first(const struct waiters *waiters);

/* Served: its site goes behind the others. */
void waiters_serve(struct waiters *waiters, struct waiter *waiter);

/* Gone without being served: its site keeps its turn. A no-op when it does not wait. */
void waiters_remove(struct waiters *waiters, struct waiter *waiter);

#endif
