/* SPDX-License-Identifier: MIT */
/* lease.h - which due runs are this engine's, when several engines share a database.
 *
 * What the schedule finds due is told to the database. Then this engine takes of all that is due there as much as
 * it has room for, also what another engine told of, or had and lost by dying or freezing. What it holds is
 * renewed every third of the lease's time, all of it in one statement; what is missing in the answer has another
 * engine, and its run must end. Times are the database's: no engine's clock decides who holds what.
 *
 *     leases_due > told to the database > claimed > granted | refused
 *     granted, from nothing that was due here: what another engine left, or what there was no room for
 *
 * While the database is away nothing can be shared. An engine that was alone at the last beat goes on, by
 * itself and without a lease (number 0); one that shares waits until the database is back.
 */
#ifndef CRAWL_LEASE_H
#define CRAWL_LEASE_H

#include "base/buf.h"
#include "base/loop.h"
#include "db/store_lease.h"

#include <stdbool.h>
#include <stdint.h>

struct leases;
struct lease_offer;

struct leases_events {
    /* Which lines may run here now, and how many more runs of each kind: lease_offer_...(). */
    void (*offer)(struct lease_offer *offer, void *ctx);
    /* Ours: begin. number is the fence under which it writes. False: not any more; it is given back as not done.
     */
    bool (*granted)(const struct store_lease *lease, void *ctx);
    /* What was told by leases_due() is not ours, for now or for ever: another engine has it, or there is no room, or
     * the database is away. */
    void (*refused)(const char *site, const char *kind, void *ctx);
    /* Another engine has it: the run must end. leases_ended() is not called for it, or does nothing. */
    void (*lost)(const char *site, const char *kind, void *ctx);
};

/* store: one that is shared (store_is_shared()), borrowed, and better no other work's: a batch that takes long
 * must not keep the leases from being renewed. ttl_ms: of a lease. */
struct leases *leases_new(struct loop *loop, struct store *store, int64_t ttl_ms,
                          const struct leases_events *events, void *ctx);
void leases_free(struct leases **leases); /* after store_free() */

void leases_start(struct leases *leases); /* from now on; nothing is granted before */
void leases_stop(struct leases *leases);  /* nothing is granted any more; what is held is still renewed */

/* A line is due. granted or refused comes once for it, later, unless a later due time of the line comes first. */
void leases_due(struct leases *leases, const char *site, const char *kind, int64_t due_at_ms);

/* There is room again, or another line. */
void leases_look(struct leases *leases);

/* The run has ended: give it back as done. number 0: nothing was held. */
void leases_ended(struct leases *leases, const char *site, const char *kind, int64_t number);

/* Within `offer`. Texts are copied. */
void lease_offer_line(struct lease_offer *offer, const char *site, const char *kind);
void lease_offer_room(struct lease_offer *offer, const char *kind, int n);

/* Prometheus text: leases held, taken over, lost. */
void leases_metrics(const struct leases *leases, struct buf *out);

#endif
