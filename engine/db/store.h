/* SPDX-License-Identifier: MIT */
/* store.h - deals, their events and the ledger of runs: one face for SQLite and PostgreSQL.
 *
 * Everything is asynchronous: a callback comes exactly once, later, from the loop; after
 * store_free none comes. Errors carry the database's own text (and how to mend it, where that is
 * known): ERR_STORE when it refuses what it was given, ERR_STORE_AWAY when it can't be reached, is not
 * able to work or of another schema: the same may then be given again later. Strings given to a call are copied before it returns; rows given to a
 * callback are borrowed for the call. Text is UTF-8 without NUL.
 *
 * Semantics (DESIGN.md section 8):
 *  - A deal is (site, key), unique. A batch is one transaction. Moved to another list of its board,
 *    it is the same deal.
 *  - new      the key was not there
 *    changed  title, url, redirect URL, image, price, currency, mall, category, posted_at,
 *             sold_out or deleted is another than before. A title that was edited sets
 *             is_title_changed for good.
 *    filled   nothing of that, but something unknown became known, a cut title is now complete, or
 *             posted_at is known more exactly
 *    same     everything else. Counters (view, comment, like, score) are stored when they differ,
 *             up or down, but are no change and no event. So are website and shop_key.
 *  - Changed and filled rows get one row in deal_events for each kind of difference, in the same
 *    transaction, and updated_at moves: whoever shows deals must draw them anew in both cases. Only
 *    an edit has an old value in its event; what was filled has none (but title_completed and a
 *    posted_at that became more exact, which keep the worse reading there).
 *  - sort_at is fixed at insert: the earlier of the batch's time and posted_at (posted_before_ms
 *    where the board shows no posted_at). So is product_id: for a known key another one is ignored;
 *    the product_id of another deal is ERR_STORE.
 *  - Bytes that are not UTF-8 are stored as U+FFFD. Keys and product ids take at most 500 bytes,
 *    sites 100; titles have no limit here. posted_at outside the years 1 to 9999 is ERR_STORE.
 *
 * A worse reading never overwrites a better one:
 *  - An unknown value (NULL, CLOCK_NONE, DEAL_UNKNOWN, sold_out_unknown) never overwrites a known
 *    one. A stock picture is an unknown image.
 *  - Like is compared with like: lists and post pages write the same thing in different forms, so
 *    what a list gave only a list changes, and what a post page gave only a post page; each fills
 *    what the other left unknown. The list's sold_out is taken back by a list, the post's by a post.
 *    A post page never changes url and website, and its sight alone does not undelete.
 *  - An exact posted_at replaces a coarse one ("14:03") whoever gave it, and never the reverse.
 *  - Titles. A cut one that begins the known title says nothing, and one that is as a list showed
 *    it before neither. A full one completes the cut one that it begins with, and a post's completes
 *    any: event title_completed, no is_title_changed. Everything else is an edit, also a cut title
 *    that contradicts the full one: it is stored, as cut, until a full one comes. A post's title
 *    replaces a list's only when that one is cut.
 *
 * Life: `gone` rows, store_alive_write() and lists that show the deal again are all that sets
 * and takes back is_deleted.
 *
 * Events: created (new = title), title, title_completed, url, redirect_url, image, mall, category
 * (old and new text), price ("1290000 KRW": hundredths and currency), posted_at (RFC 3339 in UTC),
 * sold_out, back, deleted (new = why: row, mark, absent), undeleted (new = row, alive).
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
    bool sold_out_unknown; /* the page has no rule for it: sold_out means nothing */
    bool title_is_cut;     /* the page shows the beginning of the title, and "..." or not */
    bool posted_is_coarse; /* right to the minute or worse; a whole minute is taken for that */
    /* The row proves that the post was removed ("blinded"): a known deal becomes deleted, an unknown
     * one is not inserted (and not counted), and the rest of the row counts for nothing. */
    bool gone;
    const char *shop_key; /* the shop's product, the same on all boards; NULL: unknown */
};

/* The same product on another board: that board's newest deal that is not deleted and was sorted
 * within 30 days of this one. */
struct deal_twin {
    const char *site, *website, *product_id, *title, *url;
};

/* A stored deal, for the API. */
struct deal {
    int64_t id; /* the store's own, ascending with insertion */
    struct deal_row row;
    int64_t sort_at_ms;
    int64_t created_at_ms, updated_at_ms;
    bool is_deleted, is_title_changed;
    const struct deal_twin *also_on; /* newest first, at most STORE_TWINS_MAX; see store_query */
    int n_also_on;
};

enum { STORE_TWINS_MAX = 10 };

struct store_counts {
    int added, changed, same, filled;
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

/* Statements that this program has given to databases so far, whatever for. */
uint64_t store_statements(void);

/* Before the first call. Reader (the api): never makes or migrates a database, and changes nothing in it but what
 * store_users.h keeps.
 * Engine name: whose runs these are, the host's name unless set; engines that share a host and a
 * database need names of their own. A command beside a running engine calls itself NAME/PID. */
void store_set_reader(struct store *store);
void store_set_engine(struct store *store, const char *name);
const char *store_engine(const struct store *store);
/* timeout_ms of store_open(), for calls from now on. */
void store_set_timeout(struct store *store, int64_t timeout_ms);
/* Also before the first call, for a program with many clients: how many connections may be open at
 * the same time (PostgreSQL; 1 otherwise, as without this call), and how many calls may be under
 * way; each further one fails with ERR_BUSY at once. */
enum { STORE_CONNECTIONS_MAX = 64 };
void store_set_pool(struct store *store, int connections, int max_calls);
int store_calls(const struct store *store); /* under way */

typedef void store_done_fn(const struct err *err, void *ctx);

/* Apply the migrations that are missing. applied: how many were. */
typedef void store_migrate_fn(int applied, int version, const struct err *err, void *ctx);
void store_migrate(struct store *store, store_migrate_fn *done, void *ctx);

/* Is the database reachable and of the schema version that this program was built for? PostgreSQL:
 * says "run: catchdeal-engine migrate" when it is older, and names both versions when it is newer.
 * */
void store_check(struct store *store, store_done_fn *done, void *ctx);

/* ---- writing (engine) ------------------------------------------------------------------------ */

/* The lease under which a run writes (store_lease.h); number 0: none. When another engine has taken the
 * run over meanwhile, nothing is written and the answer is ERR_LEASE_LOST. SQLite: never looked at. */
struct store_fence {
    const char *site, *kind;
    int64_t number;
};

/* For calls that take no fence: the next call of the store is under this one, as in
 * store_state_set(store_under(store, &fence), ...). Its texts are copied by that call. NULL: none. */
struct store *store_under(struct store *store, const struct store_fence *fence);

struct store_batch {
    const struct deal_row *rows;
    int n; /* keys within a batch are distinct: twice the same is ERR_STORE, and nothing is stored */
    int64_t run_id;   /* of the ledger; 0: none */
    int64_t at_ms;    /* the moment of observation: first_seen, updated_at, events */
    bool update_only; /* refresh: unknown keys are not inserted (and not counted) */
    /* The rows were read from post pages: update_only, and website, product_id, title and url may
     * be NULL. Notes for each known key that its post was read, also when nothing else is known. */
    bool from_post;
    /* Written later than others may have been (crawl/spool.h): to a deal that was written at at_ms or
     * after, it only tells what is unknown there, or known less well: a cut title's rest, the exact
     * posted_at. So the same batch may be given again and again. updated_at never goes back. */
    bool is_late;
    struct store_fence fence;
};

typedef void store_write_fn(const struct store_counts *counts, const struct err *err, void *ctx);
void store_write(struct store *store, const struct store_batch *batch, store_write_fn *done,
                 void *ctx);

struct store_run {
    int64_t id; /* set by store_run_begin's answer */
    const char *site;
    const char *kind; /* "crawl" */
    int64_t lease;    /* number of its fence, 0: none; not answered */
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
    bool is_late; /* store_run_begin() again for a row that may be there: by site, kind and both times */
};

/* begin writes the row with reason "running"; end completes it. What a dead engine left "running" is
 * closed as engine-lost by store_runs_recover: rows of this engine's name, and of its commands
 * (NAME/PID) that began more than an hour before at_ms.
 * The end of a run that has a lease gives the lease back, as done, in the same transaction; when another
 * engine has taken it over, the row is written all the same, with the reason lease-lost. */
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

/* ---- posts and their life -------------------------------------------------------------------- */

/* What the store knows of these keys of a site, for "which posts need reading?". Answered are the
 * known ones only, in no promised order. */
struct store_known {
    const char *key, *url;
    bool has_redirect_url, has_image, has_posted_at;
    bool posted_is_coarse, title_is_cut, is_deleted;
    int64_t post_read_at_ms; /* or CLOCK_NONE: never */
    int64_t updated_at_ms;   /* reading the post does not move it beyond post_read_at_ms */
};
typedef void store_known_fn(const struct store_known *known, int n, const struct err *err,
                            void *ctx);
void store_known(struct store *store, const char *site, const char *const *keys, int n,
                 store_known_fn *done, void *ctx);

/* Deals of a site whose last alive check was at not_after_ms or before, or never was; least recently
 * checked first, newest deal first among equals. */
struct store_alive_query {
    const char *site;
    int limit;            /* 1..1000 */
    int64_t not_after_ms; /* of the last check */
    int64_t since_ms;     /* only deals with this sort_at or later; CLOCK_NONE: all */
    bool deleted_too;     /* deleted ones as well: they may be back */
};
struct store_due {
    const char *key, *url;
    int64_t checked_at_ms; /* or CLOCK_NONE: never */
    bool is_deleted;
};
typedef void store_due_fn(const struct store_due *due, int n, const struct err *err, void *ctx);
void store_alive_due(struct store *store, const struct store_alive_query *query, store_due_fn *done,
                     void *ctx);

enum store_verdict {
    ALIVE_UNKNOWN, /* 403, 429, 5xx, challenge, timeout: proves nothing. Only the check is noted */
    ALIVE_HERE,    /* undeletes, and forgets an earlier ALIVE_ABSENT */
    ALIVE_ABSENT,  /* 404, 410: deletes the second time, at min_distance_ms from the first */
    ALIVE_GONE_MARK, /* the page says that the post is gone: deletes */
};
const char *store_verdict_name(
    enum store_verdict verdict); /* "unknown", "here", "absent", "gone" */
struct store_alive_result {
    const char *key; /* unknown ones are ignored, and not counted */
    enum store_verdict verdict;
};
/* One transaction. counts: changed are deleted and undeleted ones, same the rest. A key twice is
 * ERR_STORE. A real row of a list also forgets an earlier ALIVE_ABSENT. */
struct store_alive_batch {
    const char *site;
    const struct store_alive_result *results;
    int n;
    int64_t at_ms, min_distance_ms;
    int64_t run_id; /* 0: none */
    bool is_late;   /* as of store_batch: ignored are deals that were written or checked since */
    struct store_fence fence;
};
void store_alive_write(struct store *store, const struct store_alive_batch *batch,
                       store_write_fn *done, void *ctx);

/* ---- how well the rules did (drift) ---------------------------------------------------------- */

/* Per run and layout: of `rows` rows, in how many a field's selector matched, gave a value, found
 * more than one element, and gave the value that most rows of the page have. Several pages of a run add up. Kept are the last STORE_FIELD_RUNS runs of a site's
 * layout, good and bad ones apart: a long drift does not push the good ones out. */
enum { STORE_FIELD_RUNS = 200 };
struct store_field {
    const char *name;
    int matched, valued, many, same;
};
struct store_fields {
    int64_t run_id; /* of the ledger, not 0 */
    const char *site, *layout;
    int64_t at_ms;
    bool is_good;                     /* judged to be what the site's rules mean */
    int rows;                         /* of the page; answered: of the run's pages */
    const struct store_field *fields; /* names are distinct */
    int n_fields;
};
void store_fields_write(struct store *store, const struct store_fields *fields, store_done_fn *done,
                        void *ctx);

/* The last n_runs runs of a layout, good or bad as asked, newest first. layout NULL: of each layout
 * that the site has, layouts in the order of the alphabet. n_runs 1..STORE_FIELD_RUNS. */
typedef void store_fields_fn(const struct store_fields *runs, int n, const struct err *err,
                             void *ctx);
void store_fields_recent(struct store *store, const char *site, const char *layout, bool good,
                         int n_runs, store_fields_fn *done, void *ctx);

/* ---- small notes about a site that outlive the program ---------------------------------------- */

struct store_state {
    const char *site, *name, *value;
    int64_t at_ms; /* when it was set */
};
typedef void store_state_fn(const struct store_state *states, int n, const struct err *err,
                            void *ctx);
/* site NULL: of all. Ordered by site and name. */
void store_state_get(struct store *store, const char *site, store_state_fn *done, void *ctx);
/* value NULL: forget it. Setting the value that is there costs nothing and keeps its at_ms. */
void store_state_set(struct store *store, const char *site, const char *name, const char *value,
                     int64_t at_ms, store_done_fn *done, void *ctx);

/* ---- reports to the operator ------------------------------------------------------------------ */

/* Of one site and kind ("drift", "silence", "blocked") at most one report is open. Opening it again
 * makes no new one, keeps its text, and notes last_at_ms and times. */
struct store_report {
    int64_t id;
    const char *site, *kind;
    const char *text;   /* one line */
    const char *detail; /* or NULL */
    int64_t opened_at_ms, last_at_ms;
    int64_t closed_at_ms; /* or CLOCK_NONE: open */
    int times;
};
typedef void store_report_fn(int64_t id, bool is_new, const struct err *err, void *ctx);
void store_report_open(struct store *store, const char *site, const char *kind, const char *text,
                       const char *detail, int64_t at_ms, store_report_fn *done, void *ctx);
/* was_open tells whether there was one to close: whoever logs "it is over" logs it once. */
typedef void store_closed_fn(bool was_open, const struct err *err, void *ctx);
void store_report_close(struct store *store, const char *site, const char *kind, int64_t at_ms,
                        store_closed_fn *done, void *ctx);
/* Newest first. site NULL: of all. limit 1..1000. */
typedef void store_reports_fn(const struct store_report *reports, int n, const struct err *err,
                              void *ctx);
void store_reports(struct store *store, const char *site, bool open_only, int limit,
                   store_reports_fn *done, void *ctx);

/* ---- looking back ----------------------------------------------------------------------------- */

/* The last runs that began, newest first; running ones have ended_at_ms CLOCK_NONE and the reason
 * "running". site NULL: of all. limit 1..1000. */
typedef void store_runs_fn(const struct store_run *runs, int n, const struct err *err, void *ctx);
void store_runs_recent(struct store *store, const char *site, int limit, store_runs_fn *done,
                       void *ctx);

/* How many deals of a site came in each hour since since_ms, by sort_at: when they were posted, as
 * far as the board tells, else when they were first seen. So an hour in which the engine was down
 * has its deals all the same. Hours of the clock in UTC, ascending; those without deals are left
 * out. At most 10,000 are answered. */
struct store_hour {
    int64_t hour_ms; /* its beginning */
    int n;
};
typedef void store_hours_fn(const struct store_hour *hours, int n, const struct err *err,
                            void *ctx);
void store_arrivals(struct store *store, const char *site, int64_t since_ms, store_hours_fn *done,
                    void *ctx);

/* ---- reading (api) --------------------------------------------------------------------------- */

struct store_query {
    int limit;        /* 1..100 */
    int offset;       /* rows skipped; only the old page= form uses it */
    int64_t until_ms; /* sort_at at most this, or CLOCK_NONE */
    int64_t
        before_sort_ms; /* keyset: strictly older than (before_sort_ms, before_id); CLOCK_NONE: none */
    int64_t before_id;
    const char *site;  /* NULL: all */
    bool with_also_on; /* fill in also_on: one statement more, however many deals there are */
};

/* What happened, with the deal as it is now. Events of one deal may show the same deal. */
struct store_news {
    int64_t id, at_ms;
    const char *kind, *old_value, *new_value; /* values may be NULL: see above */
    const struct deal *deal;
};
/* Events with an id greater than after_id, in the order of their ids; when there are more than limit
 * (1..1000), the first ones, or with `newest` the last ones. Ids become visible in their order: what
 * is not there below one that is will never be. */
typedef void store_news_fn(const struct store_news *events, int n, const struct err *err,
                           void *ctx);
void store_news_read(struct store *store, int64_t after_id, int limit, bool newest,
                     store_news_fn *done, void *ctx);

/* Newest first: ORDER BY sort_at DESC, id DESC. The array is borrowed for the call. */
typedef void store_deals_fn(const struct deal *deals, int n, const struct err *err, void *ctx);
void store_list(struct store *store, const struct store_query *query, store_deals_fn *done,
                void *ctx);

#endif
