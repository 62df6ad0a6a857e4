/* SPDX-License-Identifier: MIT */
/* lease.c - one conversation with the database at a time: tell what is due, claim, answer.
 *
 * A due time is in `due` until the database knows it, then in `asked` until it is granted or refused. `held` are
 * the leases that are renewed. The beat goes beside the conversation.
 */
#include "crawl/lease.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/str.h"

#include <stdio.h>
#include <sys/random.h>

enum {
    BEATS = 3,        /* in a lease's time */
    ALONE_TTLS = 10,  /* so many of them without another engine: alone */
    AGAIN_MS = 2000,  /* the next try of a database that is away */
    OFFER_MAX = 4096, /* lines; what is beyond is not claimed here */
};

struct entry {
    struct list link; /* of due, asked or held */
    char *site, *kind;
    int64_t due_at_ms;
    int64_t number;   /* of held */
    bool is_waiting;  /* of due and asked: somebody waits for granted or refused */
    bool is_renewing; /* of held: the renewal that is under way names it */
};

struct leases {
    struct loop *loop;
    struct store *store;
    int64_t ttl_ms;
    struct leases_events events;
    void *ctx;
    char process[33];
    struct list due, asked, held;
    struct loop_timer *turn, *beat;
    bool started, stopped;
    bool busy;    /* telling or claiming */
    bool is_away; /* the database, when it was last told or asked: told of once */
    bool look;    /* claim (again) */
    bool alone;
    int doubled; /* beats in a row that saw another process of this name */
    bool beating, renewing;
    long long granted, taken_over, lost;
};

enum { ROOMS_MAX = 16 };

struct lease_offer {
    struct arena arena;
    struct store_lease *lines;
    struct store_room rooms[ROOMS_MAX];
    int n_lines, n_rooms;
};

static void on_turn(void *ctx);
static void on_told(const struct err *err, void *ctx);
static void claim(struct leases *leases);
static void on_claimed(const struct store_lease *leases, int n, const struct err *err, void *ctx);
static void on_beat_timer(void *ctx);
static void on_renewed(const struct store_lease *kept, int n, const struct err *err, void *ctx);
static void on_beat(const struct store_beat *beat, const struct err *err, void *ctx);

/* ---- entries --------------------------------------------------------------------------------- */

static struct entry *entry_new(struct list *head, const char *site, const char *kind)
{
    struct entry *entry = mem_new(struct entry);

    entry->site = mem_strdup(site);
    entry->kind = mem_strdup(kind);
    list_init(&entry->link);
    list_append(head, &entry->link);
    return entry;
}

static void entry_free(struct entry *entry)
{
    list_remove(&entry->link);
    mem_free(entry->site);
    mem_free(entry->kind);
    mem_free(entry);
}

static struct entry *entry_find(struct list *head, const char *site, const char *kind)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, head) {
        struct entry *entry = container_of(at, struct entry, link);

        if (str_eq(entry->site, site) && str_eq(entry->kind, kind))
            return entry;
    }
    return NULL;
}

static struct entry *entry_first(struct list *head)
{
    struct list *first = list_first(head);

    return first ? container_of(first, struct entry, link) : NULL;
}

/* As the calls of the store take them. */
static struct store_lease *array_of(struct list *head, int *n_out)
{
    struct store_lease *leases = mem_array(list_count(head) + 1, sizeof(*leases));
    struct list *at, *next;

    *n_out = 0;
    LIST_FOREACH (at, next, head) {
        const struct entry *entry = container_of(at, struct entry, link);

        leases[(*n_out)++] = (struct store_lease){.site = entry->site,
                                                  .kind = entry->kind,
                                                  .due_at_ms = entry->due_at_ms,
                                                  .number = entry->number};
    }
    return leases;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* What no other process is called. */
static void name_process(char name[33])
{
    unsigned char bytes[16];

    check(getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(name + 2 * i, 3, "%02x", bytes[i]);
}

struct leases *leases_new(struct loop *loop, struct store *store, int64_t ttl_ms,
                          const struct leases_events *events, void *ctx)
{
    struct leases *leases = mem_new(struct leases);

    check(store_is_shared(store) && ttl_ms >= BEATS);
    leases->loop = loop;
    leases->store = store;
    leases->ttl_ms = ttl_ms;
    leases->events = *events;
    leases->ctx = ctx;
    list_init(&leases->due);
    list_init(&leases->asked);
    list_init(&leases->held);
    leases->turn = loop_timer_new(loop, on_turn, leases);
    leases->beat = loop_timer_new(loop, on_beat_timer, leases);
    name_process(leases->process);
    return leases;
}

void leases_free(struct leases **leases_ptr)
{
    struct leases *leases = *leases_ptr;
    struct list *lists[3];

    if (!leases)
        return;
    *leases_ptr = NULL;
    lists[0] = &leases->due;
    lists[1] = &leases->asked;
    lists[2] = &leases->held;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        while (!list_is_empty(lists[i]))
            entry_free(entry_first(lists[i]));
    loop_timer_free(&leases->turn);
    loop_timer_free(&leases->beat);
    mem_free(leases);
}

void leases_start(struct leases *leases)
{
    leases->started = leases->look = true;
    loop_timer_start(leases->beat, 0);
    loop_timer_start(leases->turn, 0);
}

void leases_stop(struct leases *leases)
{
    leases->stopped = true;
    loop_timer_start(leases->turn, 0); /* whoever waits is refused */
}

/* ---- due, told, claimed ---------------------------------------------------------------------- */

void leases_due(struct leases *leases, const char *site, const char *kind, int64_t due_at_ms)
{
    struct entry *entry = entry_find(&leases->due, site, kind);

    if (!entry)
        entry = entry_new(&leases->due, site, kind);
    entry->due_at_ms = due_at_ms;
    entry->is_waiting = true;
    loop_timer_start(leases->turn, 0);
}

void leases_look(struct leases *leases)
{
    leases->look = true;
    loop_timer_start(leases->turn, 0);
}

static void refuse(struct leases *leases, struct entry *entry)
{
    if (entry->is_waiting)
        leases->events.refused(entry->site, entry->kind, leases->ctx);
    entry->is_waiting = false;
}

static void refuse_asked(struct leases *leases)
{
    while (!list_is_empty(&leases->asked)) {
        refuse(leases, entry_first(&leases->asked));
        entry_free(entry_first(&leases->asked));
    }
}

/* What is due stays known here, for when the database is back. */
static void refuse_due(struct leases *leases)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &leases->due)
        refuse(leases, container_of(at, struct entry, link));
}

static void on_turn(void *ctx)
{
    struct leases *leases = ctx;
    struct store_lease *due;
    int n;

    if (!leases->started || leases->busy)
        return;
    if (leases->stopped) {
        refuse_due(leases);
        return;
    }
    if (list_is_empty(&leases->due)) {
        if (leases->look)
            claim(leases);
        return;
    }
    leases->busy = true;
    due = array_of(&leases->due, &n);
    while (!list_is_empty(&leases->due))
        list_move(&leases->asked, list_first(&leases->due));
    store_lease_tell(leases->store, due, n, on_told, leases);
    mem_free(due);
}

static void turn_over(struct leases *leases)
{
    leases->busy = false;
    if (leases->look || leases->stopped || !list_is_empty(&leases->due))
        loop_timer_start(leases->turn, 0);
}

/* Nobody to share with, and nothing to share by. */
static void grant_alone(struct leases *leases, const struct err *why)
{
    struct entry *entry;

    while ((entry = entry_first(&leases->asked))) {
        struct store_lease lease = {
            .site = entry->site, .kind = entry->kind, .due_at_ms = entry->due_at_ms};

        log_warn(
            "lease",
            "the database is away, and no other engine was there: the run begins without a lease",
            "site=%s kind=%s text=%s", entry->site, entry->kind, log_quote(why->text));
        leases->events.granted(&lease, leases->ctx);
        entry_free(entry);
    }
}

/* Told again when the database may be back; a later due time that came meanwhile says more. */
static void keep_for_later(struct leases *leases)
{
    struct entry *entry;

    while ((entry = entry_first(&leases->asked))) {
        refuse(leases, entry);
        if (entry_find(&leases->due, entry->site, entry->kind))
            entry_free(entry);
        else
            list_move(&leases->due, &entry->link);
    }
    leases->busy = false;
    loop_timer_start(leases->turn, AGAIN_MS);
}

static void note_store(struct leases *leases, const struct err *err)
{
    if (err && !leases->is_away)
        log_warn("lease", "the database cannot be asked for what is due", "text=%s",
                 log_quote(err->text));
    else if (!err && leases->is_away)
        log_info("lease", "the database answers again", "held=%zu", list_count(&leases->held));
    leases->is_away = err != NULL;
}

static void on_told(const struct err *err, void *ctx)
{
    struct leases *leases = ctx;

    note_store(leases, err);
    if (err && leases->alone && !leases->stopped) {
        grant_alone(leases, err);
        turn_over(leases);
    } else if (err) {
        keep_for_later(leases);
    } else {
        claim(leases);
    }
}

void lease_offer_line(struct lease_offer *offer, const char *site, const char *kind)
{
    if (offer->n_lines < OFFER_MAX)
        offer->lines[offer->n_lines++] = (struct store_lease){
            .site = arena_strdup(&offer->arena, site), .kind = arena_strdup(&offer->arena, kind)};
}

void lease_offer_room(struct lease_offer *offer, const char *kind, int n)
{
    check(offer->n_rooms < ROOMS_MAX);
    if (n > 0)
        offer->rooms[offer->n_rooms++] = (struct store_room){arena_strdup(&offer->arena, kind), n};
}

static void claim(struct leases *leases)
{
    struct lease_offer offer = {.n_lines = 0};

    leases->look = false;
    arena_init(&offer.arena);
    offer.lines = mem_array(OFFER_MAX, sizeof(*offer.lines));
    if (!leases->stopped)
        leases->events.offer(&offer, leases->ctx);
    leases->busy = true;
    if (offer.n_lines && offer.n_rooms) {
        store_lease_claim(leases->store, offer.lines, offer.n_lines, offer.rooms, offer.n_rooms,
                          leases->ttl_ms, on_claimed, leases);
    } else {
        refuse_asked(leases);
        turn_over(leases);
    }
    mem_free(offer.lines);
    arena_fini(&offer.arena);
}

static void on_given(const struct err *err, void *ctx)
{
    (void)ctx;
    if (err)
        log_debug("lease", "not given back: it runs out", "text=%s", log_quote(err->text));
}

/* One that is not in the ledger's hands yet: its holder may have lost it in this very moment. */
static void take(struct leases *leases, const struct store_lease *lease)
{
    struct entry *asked = entry_find(&leases->asked, lease->site, lease->kind);
    struct entry *held;

    if (asked)
        entry_free(asked);
    if (!leases->events.granted(lease, leases->ctx)) {
        store_lease_give(leases->store, lease, false, on_given, leases);
        return;
    }
    leases->granted++;
    leases->taken_over += lease->former != NULL;
    if (lease->former)
        log_warn("lease", "taken over from an engine that did not renew it",
                 "site=%s kind=%s former=%s lease=%lld", lease->site, lease->kind, lease->former,
                 (long long)lease->number);
    held = entry_new(&leases->held, lease->site, lease->kind);
    held->number = lease->number;
}

static void on_claimed(const struct store_lease *claimed, int n, const struct err *err, void *ctx)
{
    struct leases *leases = ctx;

    note_store(leases, err);
    if (err) {
        leases->look = true;
        keep_for_later(leases);
        return;
    }
    for (int i = 0; i < n; i++)
        take(leases, &claimed[i]);
    refuse_asked(leases);
    turn_over(leases);
}

void leases_ended(struct leases *leases, const char *site, const char *kind, int64_t number)
{
    struct entry *held = entry_find(&leases->held, site, kind);
    struct store_lease lease = {.site = site, .kind = kind, .number = number};

    if (held && held->number == number) {
        store_lease_give(leases->store, &lease, true, on_given, leases);
        entry_free(held);
    }
    leases_look(leases);
}

/* ---- the beat -------------------------------------------------------------------------------- */

static void on_beat_timer(void *ctx)
{
    struct leases *leases = ctx;
    struct store_lease *held;
    struct list *at, *next;
    int n;

    loop_timer_start(leases->beat, leases->ttl_ms / BEATS);
    if (!list_is_empty(&leases->held) && !leases->renewing) {
        leases->renewing = true;
        held = array_of(&leases->held, &n);
        LIST_FOREACH (at, next, &leases->held)
            container_of(at, struct entry, link)->is_renewing = true;
        store_lease_renew(leases->store, held, n, leases->ttl_ms, on_renewed, leases);
        mem_free(held);
    }
    if (!leases->beating) {
        leases->beating = true;
        store_engine_beat(leases->store, leases->process, leases->ttl_ms,
                          ALONE_TTLS * leases->ttl_ms, on_beat, leases);
    }
    leases_look(leases);
}

static bool is_kept(const struct entry *held, const struct store_lease *kept, int n)
{
    for (int i = 0; i < n; i++)
        if (kept[i].number == held->number && str_eq(kept[i].site, held->site) &&
            str_eq(kept[i].kind, held->kind))
            return true;
    return false;
}

/* What was granted while the renewal was under way is not in its answer either. */
static void on_renewed(const struct store_lease *kept, int n, const struct err *err, void *ctx)
{
    struct leases *leases = ctx;
    struct list *at, *next;
    struct list missing;

    leases->renewing = false;
    if (err)
        return; /* nobody else can have them either, until the database is back */
    list_init(&missing);
    LIST_FOREACH (at, next, &leases->held) {
        struct entry *held = container_of(at, struct entry, link);

        if (held->is_renewing && !is_kept(held, kept, n))
            list_move(&missing, &held->link);
    }
    while (!list_is_empty(&missing)) {
        struct entry *lost = entry_first(&missing);

        leases->lost++;
        log_warn("lease", "another engine has taken the run over: it ends here",
                 "site=%s kind=%s lease=%lld", lost->site, lost->kind, (long long)lost->number);
        leases->events.lost(lost->site, lost->kind, leases->ctx);
        entry_free(lost);
    }
}

static void on_beat(const struct store_beat *beat, const struct err *err, void *ctx)
{
    struct leases *leases = ctx;

    leases->beating = false;
    if (err)
        return;
    leases->doubled = beat->is_doubled ? leases->doubled + 1 : 0;
    if (leases->doubled == 2) /* one is the process that this one replaced */
        log_error("lease", "another process uses this engine's name: give each its own engine_name",
                  "engine=%s", store_engine(leases->store));
    leases->alone = beat->others == 0;
}

/* ---- figures --------------------------------------------------------------------------------- */

void leases_metrics(const struct leases *leases, struct buf *out)
{
    metrics_one(out, "leases_held", "gauge", "Runs that this engine holds the lease of.",
                (double)list_count(&leases->held));
    metrics_one(out, "leases_granted_total", "counter", "Due runs that this engine got.",
                (double)leases->granted);
    metrics_one(out, "leases_taken_over_total", "counter",
                "Of these, runs whose lease another engine had let run out.",
                (double)leases->taken_over);
    metrics_one(out, "leases_lost_total", "counter",
                "Runs that another engine took over from this one.", (double)leases->lost);
}
