/* SPDX-License-Identifier: MIT */
/* store.h - deals, their events and the ledger of runs: one face for SQLite and PostgreSQL.
 *
 * Everything is asynchronous: a callback comes exactly once, later, from the loop; after
 * store_free none comes. Errors are ERR_STORE with the database's own text (and how to mend it,
 * where that is known). Strings given to a call are copied before it returns; rows given to a
 * callback are borrowed for the call. Text is UTF-8 without NUL.
 *
 * Semantics (DESIGN.md section 8):
 *  - A deal is (site, key), unique. A batch is one transaction.
 *  - new      the key was not there
 *    changed  title, url, redirect URL, image, price, currency, mall, category, posted_at,
 *             sold_out or deleted differs; each kind of change appends a row to deal_events in the
 *             same transaction. A title change sets is_title_changed for good.
 *    same     everything else. Counters (view, comment, like, score) are stored when they differ,
 *             but are no change and no event.
 *  - An unknown value (NULL, CLOCK_NONE, DEAL_UNKNOWN) never overwrites a known one.
 *  - sort_at is fixed at insert: the earlier of the batch's time and posted_at (posted_before_ms
 *    where the board shows no posted_at). So is product_id: for a known key another one is ignored; the product_id of another deal is
 *    ERR_STORE.
 *  - website is stored when it differs, like a counter: no change, no event.
 *  - Bytes that are not UTF-8 are stored as U+FFFD. Keys and product ids take at most 500 bytes,
 *  sites
 *    100; titles have no limit here. posted_at outside the years 1 to 9999 is ERR_STORE.
 *
 * Events: created (new = title), title, url, redirect_url, image, mall, category (old and new
 * text), price ("1290000 KRW": hundredths and currency), posted_at (RFC 3339 in UTC), sold_out,
 * back (no values).
 */
#ifndef DB_STORE_H
#define DB_STORE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stdint.h>

#define DEAL_UNKNOWN INT64_MIN

/* A deal as a page shows it. Pointers are borrowed, and NULL only where that is said. */
struct deal_row {
    const char *site;       /* "ppomppu" */
    const char *website;    /* the board's shown name, the app's `website`: "뽐뿌" */
    const char *key;        /* the board's own post number */
    const char *product_id; /* public: id_prefix_<12 hex> */
    const char *title;
    const char *url;
    const char *redirect_url; /* NULL: unknown */
    const char *image_url;    /* NULL: unknown or none */
    const char *mall;         /* NULL: unknown */
    const char *category;     /* NULL: unknown */
    const char *currency;     /* ISO 4217, NULL when price is unknown */
    int64_t price_e2;         /* price in hundredths of the currency unit, or DEAL_UNKNOWN */
    int64_t posted_at_ms;     /* or CLOCK_NONE */
    int64_t
        posted_before_ms; /* where posted_at is unknown: it was surely before this (a bare date, "3
                                 minutes ago"); 0: nothing is known. Only for sort_at, not stored */
    int64_t view, comment, like, score; /* or DEAL_UNKNOWN */
    bool sold_out;
};

/* A stored deal, for the API. */
struct deal {
    int64_t id; /* the store's own, ascending with insertion */
    struct deal_row row;
    int64_t sort_at_ms;
    int64_t created_at_ms, updated_at_ms;
    bool is_deleted, is_title_changed;
};

struct store_counts {
    int added, changed, same;
};

struct store;

/* url: "sqlite:PATH" or a libpq URL. Nothing is connected yet; a wrong scheme is ERR_CONFIG.
 * SQLite: the file and its folder are made on first use and migrated by themselves, except by
 * store_list and by a reader, which say that there is none yet and work as soon as there is one.
 * timeout_ms bounds each call, waiting for its turn and connecting included. A write that ran out
 * of time may be stored or not; giving the same batch again is right in both cases. */
MUST_CHECK int store_open(struct loop *loop, const char *url, int64_t timeout_ms,
                          struct store **out, struct err *err);
void store_free(struct store **store);
const char *store_kind(const struct store *store); /* "sqlite" or "postgresql" */

/* Before the first call. Reader (the api): never makes, migrates or changes a database.
 * Engine name: whose runs these are, the host's name unless set; engines that share a host and a
 * database need names of their own. A command beside a running engine calls itself NAME/PID. */
void store_set_reader(struct store *store);
void store_set_engine(struct store *store, const char *name);

typedef void store_done_fn(const struct err *err, void *ctx);

/* Apply the migrations that are missing. applied: how many were. */
typedef void store_migrate_fn(int applied, int version, const struct err *err, void *ctx);
void store_migrate(struct store *store, store_migrate_fn *done, void *ctx);

/* Is the database reachable and of the schema version that this program was built for? PostgreSQL:
 * says "run: catchdeal-engine migrate" when it is older, and names both versions when it is newer.
 * */
void store_check(struct store *store, store_done_fn *done, void *ctx);

/* ---- writing (engine) ------------------------------------------------------------------------ */

struct store_batch {
    const struct deal_row *rows;
    int n; /* keys within a batch are distinct: twice the same is ERR_STORE, and nothing is stored */
    int64_t run_id;   /* of the ledger; 0: none */
    int64_t at_ms;    /* the moment of observation: first_seen, updated_at, events */
    bool update_only; /* refresh: unknown keys are not inserted (and not counted) */
};

typedef void store_write_fn(const struct store_counts *counts, const struct err *err, void *ctx);
void store_write(struct store *store, const struct store_batch *batch, store_write_fn *done,
                 void *ctx);

struct store_run {
    int64_t id; /* set by store_run_begin's answer */
    const char *site;
    const char *kind; /* "crawl" */
    int64_t due_at_ms, started_at_ms, ended_at_ms;
    const char *reason; /* err_reason() */
    const char *detail; /* text of the error, NULL when ok */
    int pages, pages_failed;
    int rows_seen;
    struct store_counts counts;
    int64_t bytes;          /* of page HTML as the DOM had it */
    int64_t cpu_ms;         /* of the browser's tree, shared among its tabs */
    int64_t peak_pss_bytes; /* of the browser's tree */
    int64_t gb_ms;          /* integral of memory, gigabyte-milliseconds */
};

/* begin writes the row with reason "running"; end completes it. What a dead engine left "running" is
 * closed as engine-lost by store_runs_recover: rows of this engine's name, and of its commands
 * (NAME/PID) that began more than an hour before at_ms. */
typedef void store_run_fn(int64_t run_id, const struct err *err, void *ctx);
void store_run_begin(struct store *store, const struct store_run *run, store_run_fn *done,
                     void *ctx);
void store_run_end(struct store *store, const struct store_run *run, store_done_fn *done,
                   void *ctx);
void store_runs_recover(struct store *store, int64_t at_ms, store_done_fn *done, void *ctx);

/* When a (site, kind) last had a run with this due time or later; CLOCK_NONE: never. For "a missed
 * run happens once after start". */
typedef void store_time_fn(int64_t at_ms, const struct err *err, void *ctx);
void store_last_due(struct store *store, const char *site, const char *kind, store_time_fn *done,
                    void *ctx);

/* ---- reading (api) --------------------------------------------------------------------------- */

struct store_query {
    int limit;        /* 1..100 */
    int offset;       /* rows skipped; only the old page= form uses it */
    int64_t until_ms; /* sort_at at most this, or CLOCK_NONE */
    int64_t
        before_sort_ms; /* keyset: strictly older than (before_sort_ms, before_id); CLOCK_NONE: none */
    int64_t before_id;
    const char *site; /* NULL: all */
};

/* Newest first: ORDER BY sort_at DESC, id DESC. The array is borrowed for the call. */
typedef void store_deals_fn(const struct deal *deals, int n, const struct err *err, void *ctx);
void store_list(struct store *store, const struct store_query *query, store_deals_fn *done,
                void *ctx);

#endif
