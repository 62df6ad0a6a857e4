/* SPDX-License-Identifier: MIT */
/* store_lease.h - what several engines divide among them: due runs, and hosts, one page at a time of each.
 *
 * PostgreSQL only. Every moment is of the database's clock; milliseconds that go in or come out are
 * lengths of time. Each call is one statement. A lease has a number that grows with each taking of its (site,
 * kind): what is written under an older one is refused (struct store_fence).
 */
#ifndef DB_STORE_LEASE_H
#define DB_STORE_LEASE_H

#include "db/store.h"

/* Is this database one that engines can share? If not, none of the calls below may be made. */
bool store_is_shared(const struct store *store);

/* ---- who is at work -------------------------------------------------------------------------- */

/* "This engine (by its name) lives." process: any text that no other process has. others: engines of other
 * names that were seen within alone_ms; is_doubled: another process uses this name, and was seen within
 * ttl_ms. */
struct store_beat {
    int others;
    bool is_doubled;
};
typedef void store_beat_fn(const struct store_beat *beat, const struct err *err, void *ctx);
void store_engine_beat(struct store *store, const char *process, int64_t ttl_ms, int64_t alone_ms,
                       store_beat_fn *done, void *ctx);

/* ---- due runs -------------------------------------------------------------------------------- */

struct store_lease {
    const char *site, *kind;
    int64_t due_at_ms;
    int64_t number;
    const char *former; /* of a claim: whose lease had run out; NULL: nobody's */
};

/* These are due (number and former mean nothing). A due time that was told or done before, and one of a run
 * that somebody is at, changes nothing: the latter overlaps, and is not made up for. */
void store_lease_tell(struct store *store, const struct store_lease *due, int n, store_done_fn *done,
                      void *ctx);

/* Take what is due, and in nobody's hands, for ttl_ms: only of these lines (due_at_ms and number mean nothing),
 * of each kind at most its room, what has waited longest first. What a predecessor left `running` in the ledger
 * is closed as engine-lost. Lines that another engine is just about to take are skipped (SKIP LOCKED). */
struct store_room {
    const char *kind;
    int n;
};
typedef void store_leases_fn(const struct store_lease *leases, int n, const struct err *err, void *ctx);
void store_lease_claim(struct store *store, const struct store_lease *lines, int n_lines,
                       const struct store_room *rooms, int n_rooms, int64_t ttl_ms,
                       store_leases_fn *done, void *ctx);

/* Hold these for ttl_ms from now. Those that are missing in the answer are another engine's. */
void store_lease_renew(struct store *store, const struct store_lease *leases, int n, int64_t ttl_ms,
                       store_leases_fn *done, void *ctx);

/* Give it back, as done or not. store_run_end() has done so already where a run has a row in the ledger; then,
 * and when it is another engine's, nothing changes. */
void store_lease_give(struct store *store, const struct store_lease *lease, bool is_done,
                      store_done_fn *done, void *ctx);

/* ---- hosts ----------------------------------------------------------------------------------- */

/* What an engine knows of a host when it has the turn, or has to wait. */
struct store_turn {
    int64_t number;   /* of the turn; 0: it is not ours */
    int64_t wait_ms;  /* if not: until it may be asked for again; while another has it, until that turn would
                       * run out, which is the longest it can take */
    bool is_held;     /* another has it */
    int64_t away_ms;  /* the host is left alone for so long: the back-off, part of wait_ms */
    int troubles;     /* of it in a row */
    const char *reason, *why; /* of the last, as err_reason() and text; NULL: none */
};
typedef void store_turn_fn(const struct store_turn *turn, const struct err *err, void *ctx);

/* Take the host's turn for ttl_ms, min_delay_ms or more after the last one was given back. One that this engine has
 * already is taken anew: it asks only when it has none, so that one's return was lost with the database. */
void store_turn_take(struct store *store, const char *host, int64_t min_delay_ms, int64_t ttl_ms,
                     store_turn_fn *done, void *ctx);
/* err alone tells: a turn that has run out meanwhile is no error, and its host is loaded already. */
struct store_turn_name {
    const char *host;
    int64_t number;
};
void store_turn_renew(struct store *store, const struct store_turn_name *turns, int n, int64_t ttl_ms,
                      store_done_fn *done, void *ctx);

/* Give it back: delay_ms is the pause that the page wants behind it. */
enum store_told { TURN_UNKNOWN, TURN_FINE, TURN_TROUBLE }; /* how the host answered */
struct store_turn_end {
    struct store_turn_name turn;
    int64_t delay_ms;
    enum store_told told;
    int64_t away_ms; /* of trouble: the pause */
    int troubles;    /* in a row, this one counted */
    const char *reason, *why;
};
void store_turn_give(struct store *store, const struct store_turn_end *end, store_done_fn *done,
                     void *ctx);

#endif
