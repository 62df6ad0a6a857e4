/* SPDX-License-Identifier: MIT */
/* polite.c - one gate per host.
 *
 * A ticket is WAITING (in the gate's queue) or HELD (gate->holder). gate_turn() is the one place
 * that grants or refuses: it is called (through the gate's timer, so never inside a caller's call)
 * whenever something changed. A callback may ask and release, also its own ticket, but the gates
 * live as long as `polite`.
 */
#include "crawl/polite.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/str.h"
#include "base/url.h"
#include "crawl/robots.h"

#include <string.h>

enum {
    ROBOTS_TIMEOUT_MS = 15000,
    ROBOTS_MAX_BYTES = 512 * 1024,
    ROBOTS_REDIRECTS = 5,
    LONGEST_WAIT_MS = 60000, /* the longest pause that a ticket waits for */
};
static const int64_t ROBOTS_KEEP_MS = (int64_t)24 * 3600 * 1000;

struct gate {
    struct polite *polite;
    char *host; /* with its port, where that is not the scheme's own */
    struct list waiting;
    struct polite_ticket *holder;
    int64_t released_at_ms;    /* monotonic, the last ticket; 0: none yet */
    int64_t released_delay_ms; /* that it wanted behind it */
    struct loop_timer *turn;
    struct robots *robots;
    char *robots_origin;  /* they were fetched, or are being fetched, from here */
    int64_t robots_at_ms; /* monotonic, when they were read */
    struct fetch *fetching;

    struct backoff pauses; /* pauses.failures: troubles in a row */
    int64_t away_until_ms; /* monotonic: no request before, 0: none */
    bool open;             /* the breaker */
    struct err trouble;    /* the last */

    struct turn *shared; /* the host's turn among all programs; NULL: there is none */
    enum store_told told; /* what goes back with it */
};

struct polite_totals {
    long long troubles, refused_robots, refused_pause;
};

struct polite {
    struct loop *loop;
    struct fetch_client *client;
    struct polite_settings settings;
    char *user_agent;
    struct map gates; /* host -> struct gate */
    struct polite_totals totals;
};

struct polite_ticket {
    struct list link;
    struct gate *gate; /* NULL when the URL was bad */
    struct polite *polite;
    char *origin;
    char *path;
    int64_t min_delay_ms;
    bool obey_robots;
    bool own;                   /* the gate's origin is the site's own */
    struct loop_timer *refusal; /* answers a bad URL, later */
    struct err bad;
    polite_fn *done;
    void *ctx;
};

static void gate_turn(void *ctx);
static void on_shared_turn(const struct store_turn *turn, void *ctx);

/* ---- life of the gates ----------------------------------------------------------------------- */

struct polite *polite_new(struct loop *loop, const struct polite_settings *settings)
{
    struct polite *polite = mem_new(struct polite);

    polite->loop = loop;
    polite->client = fetch_client_new(loop);
    polite->settings = *settings;
    polite->user_agent = mem_strdup(settings->user_agent);
    map_init(&polite->gates);
    return polite;
}

static struct gate *gate_new(struct polite *polite, const char *host)
{
    struct gate *gate = mem_new(struct gate);
    const struct polite_settings *settings = &polite->settings;

    gate->polite = polite;
    gate->host = mem_strdup(host);
    backoff_init(&gate->pauses, settings->backoff_ms,
                 settings->backoff_max_ms < settings->backoff_ms ? settings->backoff_ms
                                                                 : settings->backoff_max_ms);
    list_init(&gate->waiting);
    gate->turn = loop_timer_new(polite->loop, gate_turn, gate);
    if (settings->turns)
        gate->shared = turn_new(settings->turns, host, on_shared_turn, gate);
    map_put(&polite->gates, host, gate);
    return gate;
}

static void gate_free(struct gate *gate)
{
    check(!gate->holder && list_is_empty(&gate->waiting));
    if (gate->fetching)
        fetch_cancel(&gate->fetching);
    loop_timer_free(&gate->turn);
    turn_free(&gate->shared);
    robots_free(&gate->robots);
    mem_free(gate->robots_origin);
    mem_free(gate->host);
    mem_free(gate);
}

void polite_free(struct polite **polite_ptr)
{
    struct polite *polite = *polite_ptr;
    struct map_entry *e;

    if (!polite)
        return;
    *polite_ptr = NULL;
    for (size_t at = 0; (e = map_next(&polite->gates, &at));)
        gate_free(e->value);
    map_fini(&polite->gates);
    fetch_client_free(&polite->client);
    mem_free(polite->user_agent);
    mem_free(polite);
}

/* ---- tickets --------------------------------------------------------------------------------- */

static void on_refusal(void *ctx)
{
    struct polite_ticket *ticket = ctx;

    ticket->done(&ticket->bad, ticket->ctx);
}

/* http and https of a host are one host; what stands behind "://" has a port only where it is not the
 * scheme's own. */
static struct gate *gate_of(struct polite *polite, const char *origin)
{
    const char *host = strstr(origin, "://") + strlen("://");
    struct gate *gate = map_get(&polite->gates, host);

    return gate ? gate : gate_new(polite, host);
}

struct polite_ticket *polite_ask(struct polite *polite, const struct polite_request *request,
                                 polite_fn *done, void *ctx)
{
    struct polite_ticket *ticket = mem_new(struct polite_ticket);
    struct url_parts parts;

    ticket->polite = polite;
    ticket->min_delay_ms = request->min_delay_ms;
    ticket->obey_robots = request->obey_robots;
    ticket->done = done;
    ticket->ctx = ctx;
    list_init(&ticket->link);
    if (url_split(request->url, &parts, &ticket->bad) < 0) {
        ticket->refusal = loop_timer_new(polite->loop, on_refusal, ticket);
        loop_timer_start(ticket->refusal, 0);
        return ticket;
    }
    ticket->path = mem_strdup(parts.path);
    ticket->own = str_eq(parts.origin, request->own_origin);
    ticket->origin = mem_strdup(parts.origin);
    ticket->gate = gate_of(polite, parts.origin);
    url_parts_fini(&parts);
    list_append(&ticket->gate->waiting, &ticket->link);
    loop_timer_start(ticket->gate->turn, 0);
    return ticket;
}

static int64_t away_ms(const struct gate *gate)
{
    int64_t left_ms = gate->away_until_ms - clock_mono_ms();

    return gate->away_until_ms && left_ms > 0 ? left_ms : 0;
}

/* The host's turn is the next one's, of whatever program. */
static void give_back(struct gate *gate, int64_t delay_ms)
{
    const struct err *trouble = gate->told == TURN_TROUBLE ? &gate->trouble : NULL;
    struct store_turn_end end = {
        .delay_ms = delay_ms,
        .told = gate->told,
        .away_ms = away_ms(gate),
        .troubles = gate->pauses.failures,
        .reason = trouble ? err_reason(trouble->code) : NULL,
        .why = trouble ? trouble->text : NULL,
    };

    gate->told = TURN_UNKNOWN;
    if (gate->shared && turn_is_held(gate->shared))
        turn_give(gate->shared, &end);
}

void polite_release(struct polite_ticket **ticket_ptr)
{
    struct polite_ticket *ticket = *ticket_ptr;
    struct gate *gate;

    if (!ticket)
        return;
    *ticket_ptr = NULL;
    gate = ticket->gate;
    list_remove(&ticket->link);
    if (gate && gate->holder == ticket) {
        gate->holder = NULL;
        gate->released_at_ms = clock_mono_ms();
        gate->released_delay_ms = ticket->min_delay_ms;
        give_back(gate, ticket->min_delay_ms);
        loop_timer_start(gate->turn, 0);
    }
    loop_timer_free(&ticket->refusal);
    mem_free(ticket->origin);
    mem_free(ticket->path);
    mem_free(ticket);
}

/* ---- back-off -------------------------------------------------------------------------------- */

static void gate_trouble(struct gate *gate, const struct err *why, int64_t retry_after)
{
    struct polite *polite = gate->polite;
    int64_t pause_ms = backoff_next_ms(&gate->pauses);

    polite->totals.troubles++;
    gate->trouble = *why;
    gate->told = TURN_TROUBLE;
    if (retry_after > pause_ms)
        pause_ms = retry_after;
    gate->away_until_ms = clock_mono_ms() + pause_ms;
    if (gate->pauses.failures >= polite->settings.open_after && !gate->open) {
        gate->open = true;
        log_warn("polite", "the host keeps failing: pages of it fail until it answers",
                 "host=%s troubles=%d pause_ms=%lld reason=%s text=%s", gate->host,
                 gate->pauses.failures, (long long)pause_ms, err_reason(why->code),
                 log_quote(why->text));
        return;
    }
    log_warn("polite", "backing off", "host=%s troubles=%d pause_ms=%lld retry_after=%s reason=%s",
             gate->host, gate->pauses.failures, (long long)pause_ms,
             retry_after == RETRY_AFTER_NONE ? "no" : "yes", err_reason(why->code));
}

static void gate_fine(struct gate *gate)
{
    if (gate->open)
        log_info("polite", "the host answers again", "host=%s troubles=%d", gate->host,
                 gate->pauses.failures);
    gate->told = TURN_FINE;
    gate->open = false;
    gate->away_until_ms = 0;
    backoff_reset(&gate->pauses);
}

void polite_tell_fine(struct polite_ticket *ticket)
{
    check(ticket->gate && ticket->gate->holder == ticket);
    gate_fine(ticket->gate);
}

void polite_tell_trouble(struct polite_ticket *ticket, const struct err *why, int64_t retry_after)
{
    check(ticket->gate && ticket->gate->holder == ticket);
    gate_trouble(ticket->gate, why, retry_after);
}

/* A pause that nobody waits for: the host asked for long, or has failed again and again. */
static bool is_closed(const struct gate *gate, int64_t away_ms)
{
    return away_ms > 0 && (gate->open || away_ms > LONGEST_WAIT_MS);
}

static void say_closed(const struct gate *gate, int64_t away_ms, struct err *why)
{
    err_set(why, gate->trouble.code, "%s is left alone for %lld more s: %s", gate->host,
            (long long)(away_ms + 999) / 1000, gate->trouble.text);
}

/* ---- robots.txt ------------------------------------------------------------------------------ */

static void fail_waiting(struct gate *gate, const struct err *why)
{
    struct list failed;

    list_init(&failed);
    while (!list_is_empty(&gate->waiting))
        list_move(&failed, list_first(&gate->waiting));
    while (!list_is_empty(&failed)) {
        struct polite_ticket *ticket =
            container_of(list_first(&failed), struct polite_ticket, link);

        list_remove(&ticket->link);
        ticket->done(why, ticket->ctx);
    }
}

static int judge_answer(const struct gate *gate, const struct fetch_result *result, struct err *why)
{
    const char *origin = gate->robots_origin;

    if (result->status == 429)
        return err_set(why, ERR_RATE_LIMITED, "%s/robots.txt: status 429", origin);
    if (result->status >= 500)
        return err_set(why, ERR_HTTP_STATUS, "%s/robots.txt: status %ld", origin, result->status);
    return 0;
}

static void on_robots(const struct fetch_result *result, const struct err *err, void *ctx)
{
    struct gate *gate = ctx;
    struct err why;
    bool is_text;

    gate->fetching = NULL;
    if (err) {
        gate_trouble(gate, err, RETRY_AFTER_NONE);
        give_back(gate, 0);
        fail_waiting(gate, err); /* its text names the address */
        return;
    }
    if (judge_answer(gate, result, &why) < 0) {
        gate_trouble(gate, &why, result->retry_after_ms);
        give_back(gate, 0);
        fail_waiting(gate, &why);
        return;
    }
    is_text = result->status >= 200 && result->status < 300;
    /* RFC 9309 section 2.3.1.3: a 4xx answer means that there are no rules. */
    robots_free(&gate->robots);
    gate->robots =
        robots_parse(is_text ? result->body : "", is_text ? result->body_len : 0, "catchdeal");
    gate->robots_at_ms = clock_mono_ms();
    log_debug("polite", "robots read", "origin=%s status=%ld", gate->robots_origin, result->status);
    loop_timer_start(gate->turn, 0);
}

static void fetch_robots(struct gate *gate, const struct polite_ticket *ticket)
{
    char *url = mem_printf("%s/robots.txt", ticket->origin);
    struct fetch_request request = {
        .url = url,
        .user_agent = gate->polite->user_agent,
        .timeout_ms = ROBOTS_TIMEOUT_MS,
        .max_bytes = ROBOTS_MAX_BYTES,
        .max_redirects = ROBOTS_REDIRECTS,
        .private_origin = ticket->own ? ticket->origin : NULL,
    };

    mem_free(gate->robots_origin);
    gate->robots_origin = mem_strdup(ticket->origin);
    robots_free(&gate->robots);
    gate->fetching = fetch_start(gate->polite->client, &request, on_robots, gate);
    mem_free(url);
}

/* ---- the gate's turn ------------------------------------------------------------------------- */

static bool has_fresh_robots(const struct gate *gate, const char *origin)
{
    return gate->robots && str_eq(gate->robots_origin, origin) &&
           clock_mono_ms() - gate->robots_at_ms < ROBOTS_KEEP_MS;
}

static void refuse(struct polite_ticket *ticket, const char *rule)
{
    struct err err;

    list_remove(&ticket->link);
    ticket->polite->totals.refused_robots++;
    err_set(&err, ERR_ROBOTS, "%s%s: robots.txt forbids it (%s)", ticket->origin, ticket->path,
            rule);
    loop_timer_start(ticket->gate->turn, 0); /* for those behind it */
    ticket->done(&err, ticket->ctx);
}

static void grant(struct polite_ticket *ticket)
{
    list_remove(&ticket->link);
    ticket->gate->holder = ticket;
    ticket->done(NULL, ticket->ctx);
}

/* Until the ticket may go, as far as the host is concerned. */
static int64_t wait_ms(const struct gate *gate, const struct polite_ticket *ticket)
{
    int64_t delay_ms = ticket->min_delay_ms > gate->released_delay_ms ? ticket->min_delay_ms
                                                                      : gate->released_delay_ms;
    int64_t left_ms = gate->released_at_ms + delay_ms - clock_mono_ms();
    int64_t pause_ms = away_ms(gate);

    if (!gate->released_at_ms || left_ms < pause_ms)
        return pause_ms;
    return left_ms;
}

/* What other programs have learned of the host. */
static void learn(struct gate *gate, const struct store_turn *turn)
{
    int code = turn->reason ? err_code_from_reason(turn->reason) : -1;

    if (turn->troubles != gate->pauses.failures)
        backoff_adopt(&gate->pauses, turn->troubles);
    gate->open = turn->troubles >= gate->polite->settings.open_after;
    gate->away_until_ms = turn->away_ms ? clock_mono_ms() + turn->away_ms : 0;
    if (turn->troubles)
        err_set(&gate->trouble, code < 0 ? ERR_NETWORK : (enum err_code)code, "%s",
                turn->why ? turn->why : "another program had trouble with it");
}

/* Without a number: the database was away, or it is not ours yet. */
static void on_shared_turn(const struct store_turn *turn, void *ctx)
{
    struct gate *gate = ctx;

    if (turn->number || !turn_is_held(gate->shared))
        learn(gate, turn);
    if (turn_is_held(gate->shared) || is_closed(gate, away_ms(gate)))
        loop_timer_start(gate->turn, 0);
    else
        loop_timer_start(gate->turn, turn->wait_ms);
}

/* Must the host's turn be waited for? */
static bool wants_turn(struct gate *gate, const struct polite_ticket *ticket)
{
    if (!gate->shared || turn_is_held(gate->shared))
        return false;
    turn_ask(gate->shared, ticket->min_delay_ms);
    return true;
}

static void gate_turn(void *ctx)
{
    struct gate *gate = ctx;
    struct list *first = list_first(&gate->waiting);
    struct polite_ticket *ticket;
    const char *rule = NULL;
    struct err why;

    if (gate->holder || gate->fetching || (gate->shared && turn_is_asked(gate->shared)))
        return;
    if (!first) {
        give_back(gate, 0);
        return;
    }
    if (is_closed(gate, away_ms(gate))) {
        give_back(gate, 0);
        say_closed(gate, away_ms(gate), &why);
        gate->polite->totals.refused_pause += (long long)list_count(&gate->waiting);
        fail_waiting(gate, &why);
        return;
    }
    ticket = container_of(first, struct polite_ticket, link);
    if (wait_ms(gate, ticket) > 0)
        loop_timer_start(gate->turn, wait_ms(gate, ticket));
    else if (wants_turn(gate, ticket))
        ; /* on_shared_turn() goes on */
    else if (ticket->obey_robots && !has_fresh_robots(gate, ticket->origin))
        fetch_robots(gate, ticket);
    else if (ticket->obey_robots && !robots_allow(gate->robots, ticket->path, &rule))
        refuse(ticket, rule);
    else
        grant(ticket);
}

int polite_open_hosts(const struct polite *polite, struct buf *names)
{
    struct map_entry *e;
    int n = 0;

    for (size_t at = 0; (e = map_next(&polite->gates, &at));) {
        const struct gate *gate = e->value;

        if (gate->open)
            buf_addf(names, "%s%s", n++ ? ", " : "", gate->host);
    }
    return n;
}

/* ---- figures --------------------------------------------------------------------------------- */

void polite_metrics(const struct polite *polite, struct buf *out)
{
    const struct polite_totals *totals = &polite->totals;
    struct map_entry *e;
    int backed_off = 0;
    int open = 0;

    for (size_t at = 0; (e = map_next(&polite->gates, &at));) {
        const struct gate *gate = e->value;

        backed_off += away_ms(gate) > 0;
        open += gate->open;
    }
    metrics_one(out, "polite_hosts_backed_off", "gauge", "Hosts that are being left alone.",
                backed_off);
    metrics_one(out, "polite_breakers_open", "gauge",
                "Hosts that failed again and again: their pages fail until one trial succeeds.",
                open);
    metrics_one(out, "polite_troubles_total", "counter",
                "Answers, or their absence, after which a host was left alone for a while.",
                (double)totals->troubles);
    metrics_head(out, "polite_refused_total", "counter", "Pages that were not asked for.");
    metrics_value(out, "polite_refused_total", "why", "robots", (double)totals->refused_robots);
    metrics_value(out, "polite_refused_total", "why", "pause", (double)totals->refused_pause);
}
