/* SPDX-License-Identifier: MIT */
/* polite.c - one gate per origin.
 *
 * A ticket is WAITING (in the gate's queue) or HELD (gate->holder). gate_turn() is the one place
 * that grants: it is called (through the gate's timer, so never inside a caller's call) whenever
 * something changed. Not here: back-off after 429 and breakers; they come with Retry-After.
 */
#include "crawl/polite.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/url.h"
#include "crawl/robots.h"

#include <string.h>

enum { ROBOTS_TIMEOUT_MS = 15000, ROBOTS_MAX_BYTES = 512 * 1024, ROBOTS_REDIRECTS = 5 };
static const int64_t ROBOTS_KEEP_MS = (int64_t)24 * 3600 * 1000;

struct gate {
    struct polite *polite;
    char *origin;
    struct list waiting;
    struct polite_ticket *holder;
    int64_t free_at_ms; /* monotonic: no grant before */
    struct loop_timer *turn;
    struct robots *robots;
    int64_t robots_at_ms; /* monotonic, when they were read */
    struct fetch *fetching;
};

struct polite {
    struct loop *loop;
    struct fetch_client *client;
    char *user_agent;
    struct map gates; /* origin -> struct gate */
};

struct polite_ticket {
    struct list link;
    struct gate *gate; /* NULL when the URL was bad */
    struct polite *polite;
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

/* ---- life of the gates ----------------------------------------------------------------------- */

struct polite *polite_new(struct loop *loop, const char *user_agent)
{
    struct polite *polite = mem_new(struct polite);

    polite->loop = loop;
    polite->client = fetch_client_new(loop);
    polite->user_agent = mem_strdup(user_agent);
    map_init(&polite->gates);
    return polite;
}

static struct gate *gate_new(struct polite *polite, const char *origin)
{
    struct gate *gate = mem_new(struct gate);

    gate->polite = polite;
    gate->origin = mem_strdup(origin);
    list_init(&gate->waiting);
    gate->turn = loop_timer_new(polite->loop, gate_turn, gate);
    map_put(&polite->gates, origin, gate);
    return gate;
}

static void gate_free(struct gate *gate)
{
    check(!gate->holder && list_is_empty(&gate->waiting));
    if (gate->fetching)
        fetch_cancel(&gate->fetching);
    loop_timer_free(&gate->turn);
    robots_free(&gate->robots);
    mem_free(gate->origin);
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
    ticket->gate = map_get(&polite->gates, parts.origin);
    if (!ticket->gate)
        ticket->gate = gate_new(polite, parts.origin);
    url_parts_fini(&parts);
    list_append(&ticket->gate->waiting, &ticket->link);
    loop_timer_start(ticket->gate->turn, 0);
    return ticket;
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
        gate->free_at_ms = clock_mono_ms() + ticket->min_delay_ms;
        loop_timer_start(gate->turn, 0);
    }
    loop_timer_free(&ticket->refusal);
    mem_free(ticket->path);
    mem_free(ticket);
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
    if (result->status == 429)
        return err_set(why, ERR_RATE_LIMITED, "%s/robots.txt: status 429", gate->origin);
    if (result->status >= 500)
        return err_set(why, ERR_HTTP_STATUS, "%s/robots.txt: status %ld", gate->origin,
                       result->status);
    return 0;
}

static void on_robots(const struct fetch_result *result, const struct err *err, void *ctx)
{
    struct gate *gate = ctx;
    struct err why;
    bool is_text;

    gate->fetching = NULL;
    if (err) {
        fail_waiting(gate, err); /* its text names the address */
        return;
    }
    if (judge_answer(gate, result, &why) < 0) {
        fail_waiting(gate, &why);
        return;
    }
    is_text = result->status >= 200 && result->status < 300;
    /* RFC 9309 section 2.3.1.3: a 4xx answer means that there are no rules. */
    robots_free(&gate->robots);
    gate->robots =
        robots_parse(is_text ? result->body : "", is_text ? result->body_len : 0, "catchdeal");
    gate->robots_at_ms = clock_mono_ms();
    log_debug("polite", "robots read", "origin=%s status=%ld", gate->origin, result->status);
    loop_timer_start(gate->turn, 0);
}

static void fetch_robots(struct gate *gate, bool own)
{
    char *url = mem_printf("%s/robots.txt", gate->origin);
    struct fetch_request request = {
        .url = url,
        .user_agent = gate->polite->user_agent,
        .timeout_ms = ROBOTS_TIMEOUT_MS,
        .max_bytes = ROBOTS_MAX_BYTES,
        .max_redirects = ROBOTS_REDIRECTS,
        .private_origin = own ? gate->origin : NULL,
    };

    gate->fetching = fetch_start(gate->polite->client, &request, on_robots, gate);
    mem_free(url);
}

/* ---- the gate's turn ------------------------------------------------------------------------- */

static bool has_fresh_robots(const struct gate *gate)
{
    return gate->robots && clock_mono_ms() - gate->robots_at_ms < ROBOTS_KEEP_MS;
}

static void refuse(struct polite_ticket *ticket, const char *rule)
{
    struct err err;

    list_remove(&ticket->link);
    err_set(&err, ERR_ROBOTS, "%s%s: robots.txt forbids it (%s)", ticket->gate->origin,
            ticket->path, rule);
    loop_timer_start(ticket->gate->turn, 0); /* for those behind it */
    ticket->done(&err, ticket->ctx);
}

static void grant(struct polite_ticket *ticket)
{
    list_remove(&ticket->link);
    ticket->gate->holder = ticket;
    ticket->done(NULL, ticket->ctx);
}

static void gate_turn(void *ctx)
{
    struct gate *gate = ctx;
    struct list *first = list_first(&gate->waiting);
    struct polite_ticket *ticket;
    int64_t wait_ms = gate->free_at_ms - clock_mono_ms();
    const char *rule = NULL;

    if (!first || gate->holder || gate->fetching)
        return;
    ticket = container_of(first, struct polite_ticket, link);
    if (wait_ms > 0)
        loop_timer_start(gate->turn, wait_ms);
    else if (ticket->obey_robots && !has_fresh_robots(gate))
        fetch_robots(gate, ticket->own);
    else if (ticket->obey_robots && !robots_allow(gate->robots, ticket->path, &rule))
        refuse(ticket, rule);
    else
        grant(ticket);
}
