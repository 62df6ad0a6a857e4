/* SPDX-License-Identifier: MIT */
/* stream.c - see stream.h.
 *
 *     ASLEEP > LOADING > LIVE > LOADING (the database was replaced)
 *
 * Kept events have places, which only grow; a client's place is that of the next event it has not
 * been given. Clients that came before the hub was LIVE, or with an id that it has not read yet, have
 * none (place -1) until the next reading. Not here: what a database event is (db/store.h), how bytes
 * reach a socket (base/httpd_answer.c).
 */
#include "api/stream.h"
#include "api/deal_json.h"
#include "api/filters.h"
#include "base/list.h"
#include "base/log.h"
#include "base/str.h"
#include "db/fold.h"
#include "db/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_EVENTS = 500,     /* at once */
    FEED_BYTES = 16 << 10, /* given to a client at once; the next when these are sent */
    PENDING_MAX_BYTES = 4 << 20,
    EVENT_MAX_BYTES = 1 << 20,
    HEARTBEAT_MS = 15000,
    RETRY_MS = 1000, /* after a reading that failed */
};

/* Clients reconnect after this; hundreds of them do so spread over it by their own jitter. */
static const char hello[] = "retry: 3000\n\n";

enum hub_state { HUB_ASLEEP, HUB_LOADING, HUB_LIVE };

struct kept {
    int64_t id, score;
    char *site, *website, *words; /* the title as search sees it */
    bool sold_out;
    struct httpd_bytes *bytes;
};

struct client {
    struct list link;
    struct stream_hub *hub;
    struct httpd_stream *stream;
    struct filters filters;
    int64_t resume_id; /* -1: from now on */
    int64_t place;     /* -1: not known yet */
    int n_readings; /* ... until so many have ended: one that had begun before it came does not count */
    bool is_ending;
};

struct stream_hub {
    struct loop *loop;
    struct api *api;
    enum hub_state state;
    struct kept *kept; /* at place % max_events */
    int max_events;
    int64_t first_place, next_place;
    int64_t from_id;   /* all events after this one, up to newest_id, are kept */
    int64_t newest_id; /* read so far */
    bool is_reading, read_again;
    struct loop_timer *retry, *heartbeat;
    struct list clients;
    int n_clients, n_ending, max_clients;
    struct httpd_bytes *hello;
};

static void hub_read(struct stream_hub *hub);

/* ---- kept events ----------------------------------------------------------------------------- */

static struct kept *kept_at(struct stream_hub *hub, int64_t place)
{
    check(place >= hub->first_place && place < hub->next_place);
    return &hub->kept[place % hub->max_events];
}

static void forget_first(struct stream_hub *hub)
{
    struct kept *kept = kept_at(hub, hub->first_place);

    hub->from_id = kept->id;
    httpd_bytes_unref(&kept->bytes);
    mem_free(kept->site);
    mem_free(kept->website);
    mem_free(kept->words);
    hub->first_place++;
}

static void forget_all(struct stream_hub *hub)
{
    while (hub->first_place < hub->next_place)
        forget_first(hub);
}

static void add_member(struct buf *out, const char *name, const char *text)
{
    buf_addf(out, ",\"%s\":", name);
    if (text)
        buf_add_json(out, text);
    else
        buf_adds(out, "null");
}

/* JSON holds no line breaks, so one data line is enough. */
static void write_event(struct stream_hub *hub, const struct store_news *event, struct buf *out)
{
    char at[CLOCK_RFC3339_BYTES];

    clock_format_local(hub->api->zone, event->at_ms, at);
    buf_addf(out, "id: %lld\nevent: deal\ndata: {\"id\":%lld,\"kind\":\"%s\",\"at\":\"%s\"",
             (long long)event->id, (long long)event->id, event->kind, at);
    add_member(out, "old", event->old_value);
    add_member(out, "new", event->new_value);
    buf_adds(out, ",\"deal\":");
    deal_json_v3(out, event->deal, hub->api->zone);
    buf_adds(out, "}\n\n");
}

static void keep_event(struct stream_hub *hub, const struct store_news *event)
{
    struct kept *kept = &hub->kept[hub->next_place % hub->max_events];
    struct arena arena;
    struct buf text;

    hub->newest_id = event->id;
    if (hub->next_place - hub->first_place == hub->max_events)
        forget_first(hub);
    buf_init(&text, EVENT_MAX_BYTES);
    arena_init(&arena);
    write_event(hub, event, &text);
    check(!buf_overflowed(&text));
    *kept = (struct kept){.id = event->id,
                          .score = event->deal->row.score,
                          .sold_out = event->deal->row.sold_out,
                          .site = mem_strdup(event->deal->row.site),
                          .website = mem_strdup(event->deal->row.website),
                          .words = mem_strdup(fold_text(&arena, event->deal->row.title)),
                          .bytes = httpd_bytes_new(buf_str(&text), text.len)};
    hub->next_place++;
    buf_fini(&text);
    arena_fini(&arena);
}

/* ---- clients --------------------------------------------------------------------------------- */

static bool matches(const struct filters *filters, const struct kept *kept)
{
    if ((*filters->site && !str_eq(filters->site, kept->site)) ||
        (*filters->website && !str_eq(filters->website, kept->website)))
        return false;
    if (filters->min_score != DEAL_UNKNOWN &&
        (kept->score == DEAL_UNKNOWN || kept->score < filters->min_score))
        return false;
    if (filters->sold_out != DEAL_UNKNOWN && filters->sold_out != kept->sold_out)
        return false;
    return strstr(kept->words, filters->word); /* of which "" is part */
}

static void send_text(struct client *client, const char *text)
{
    struct httpd_bytes *bytes = httpd_bytes_new(text, strlen(text));

    httpd_stream_send(client->stream, bytes);
    httpd_bytes_unref(&bytes);
}

static void end_client(struct client *client)
{
    client->is_ending = true;
    client->hub->n_ending++;
    httpd_stream_end(client->stream);
}

/* What it can take now of what it has not got; on_drained() goes on. */
static void feed(struct client *client)
{
    struct stream_hub *hub = client->hub;

    if (client->place < 0 || client->is_ending)
        return;
    if (client->place < hub->first_place) {
        log_debug("api", "stream cut", "reason=slow");
        end_client(client);
        return;
    }
    while (client->place < hub->next_place && httpd_stream_pending(client->stream) < FEED_BYTES) {
        struct kept *kept = kept_at(hub, client->place++);

        if (matches(&client->filters, kept))
            httpd_stream_send(client->stream, kept->bytes);
    }
}

static void on_drained(void *ctx)
{
    feed(ctx);
}

static void on_closed(void *ctx)
{
    struct client *client = ctx;

    client->hub->n_clients--;
    client->hub->n_ending -= client->is_ending;
    list_remove(&client->link);
    mem_free(client);
}

/* What it knows can't be continued: it must read the list anew, and goes on from here. */
static void send_reset(struct client *client)
{
    char text[128];

    snprintf(text, sizeof(text), "id: %lld\nevent: reset\ndata: {\"newest_id\":%lld}\n\n",
             (long long)client->hub->newest_id, (long long)client->hub->newest_id);
    send_text(client, text);
}

/* The first kept event with a greater id. */
static int64_t place_after(struct stream_hub *hub, int64_t id)
{
    int64_t low = hub->first_place, high = hub->next_place;

    while (low < high) {
        int64_t middle = low + (high - low) / 2;

        if (kept_at(hub, middle)->id > id)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void place_client(struct client *client)
{
    struct stream_hub *hub = client->hub;
    char text[64];

    client->place = hub->next_place;
    if (client->resume_id < 0) {
        /* So that even one that has got nothing yet can be continued. */
        snprintf(text, sizeof(text), "id: %lld\n\n", (long long)hub->newest_id);
        send_text(client, text);
    } else if (client->resume_id < hub->from_id || client->resume_id > hub->newest_id) {
        send_reset(client);
    } else {
        client->place = place_after(hub, client->resume_id);
    }
    feed(client);
}

static void feed_all(struct stream_hub *hub)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &hub->clients) {
        struct client *client = container_of(at, struct client, link);

        if (client->place >= 0)
            feed(client);
        else if (--client->n_readings <= 0)
            place_client(client);
    }
}

/* A comment, and how far a client has got whose filter lets nothing through. */
static void on_heartbeat(void *ctx)
{
    struct stream_hub *hub = ctx;
    struct list *at, *next;
    struct httpd_bytes *bytes;
    char text[64];

    snprintf(text, sizeof(text), ":\nid: %lld\n\n", (long long)hub->newest_id);
    bytes = httpd_bytes_new(text, strlen(text));
    LIST_FOREACH (at, next, &hub->clients) {
        struct client *client = container_of(at, struct client, link);

        if (client->is_ending || httpd_stream_pending(client->stream) > 0)
            continue;
        if (client->place == hub->next_place)
            httpd_stream_send(client->stream, bytes);
        else if (client->place < 0)
            send_text(client, ":\n\n");
    }
    httpd_bytes_unref(&bytes);
    if (hub->n_clients)
        loop_timer_start(hub->heartbeat, HEARTBEAT_MS);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_failed(struct stream_hub *hub, const struct err *err)
{
    log_debug("api", "events not read", "error=%s", log_quote(err->text));
    loop_timer_start(hub->retry, RETRY_MS);
}

static void on_loaded(const struct store_news *events, int n, const struct err *err, void *ctx)
{
    struct stream_hub *hub = ctx;

    hub->is_reading = false;
    if (err) {
        read_failed(hub, err);
        return;
    }
    /* What is below the first one was removed, or never was: nobody can tell. */
    hub->newest_id = hub->from_id = 0;
    if (n)
        hub->from_id = events[0].id - 1;
    for (int i = 0; i < n; i++)
        keep_event(hub, &events[i]);
    hub->state = HUB_LIVE;
    log_debug("api", "stream live", "events=%d newest=%lld", n, (long long)hub->newest_id);
    feed_all(hub);
    if (hub->read_again)
        hub_read(hub);
}

static void on_events(const struct store_news *events, int n, const struct err *err, void *ctx)
{
    struct stream_hub *hub = ctx;
    bool is_full = n == READ_EVENTS || n == hub->max_events;

    hub->is_reading = false;
    if (err) {
        read_failed(hub, err);
        return;
    }
    for (int i = 0; i < n; i++)
        keep_event(hub, &events[i]);
    feed_all(hub);
    if (is_full || hub->read_again)
        hub_read(hub);
}

static void hub_read(struct stream_hub *hub)
{
    int most = hub->max_events < READ_EVENTS ? hub->max_events : READ_EVENTS;

    hub->read_again = hub->is_reading;
    if (hub->is_reading)
        return;
    hub->is_reading = true;
    loop_timer_stop(hub->retry);
    if (hub->state == HUB_LIVE)
        store_news_read(hub->api->store, hub->newest_id, most, false, on_events, hub);
    else
        store_news_read(hub->api->store, 0, hub->max_events, true, on_loaded, hub);
}

static void on_retry(void *ctx)
{
    hub_read(ctx);
}

/* Ids that go back: the database is another one. */
static void start_over(struct stream_hub *hub)
{
    struct list *at, *next;

    log_warn("api", "the newest event is older than before, streams start over", "was=%lld",
             (long long)hub->newest_id);
    forget_all(hub);
    hub->state = HUB_LOADING;
    LIST_FOREACH (at, next, &hub->clients) {
        struct client *client = container_of(at, struct client, link);

        client->place = -1;
        client->resume_id = INT64_MAX;
        client->n_readings = 1;
    }
    hub_read(hub);
}

void stream_hub_news(struct stream_hub *hub, int64_t event_id)
{
    if (hub->state == HUB_LIVE && event_id < hub->newest_id && !hub->is_reading)
        start_over(hub);
    else if (hub->state == HUB_LOADING || (hub->state == HUB_LIVE && event_id > hub->newest_id))
        hub_read(hub);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* A header that is no id of ours is one that we can't continue from: INT64_MAX. */
static int64_t header_id(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits < 19 && !text[digits] ? strtoll(text, NULL, 10) : INT64_MAX;
}

static int read_params(struct call *call, struct filters *filters, int64_t *resume_out,
                       struct err *err)
{
    static const char *const known[] = {"site",      "website",  "q",
                                        "min_score", "sold_out", "last_event_id"};
    struct params *params = &call->params;
    const char *header = httpd_header(call->req, "Last-Event-ID");

    *resume_out = -1;
    if (params_only(params, known, ARRAY_LEN(known), err) < 0 ||
        params_int(params, "last_event_id", 0, INT64_MAX - 1, resume_out, err) < 0 ||
        filters_parse(filters, params, &call->req->arena, call->api->zone, err) < 0)
        return -1;
    /* A browser that reconnects sends the header with the address it was given at first. */
    if (!str_empty(header))
        *resume_out = header_id(header);
    return 0;
}

static const struct httpd_header headers[] = {
    {"Content-Type", "text/event-stream; charset=utf-8"},
    {"Cache-Control", "no-store"},
    {"Access-Control-Allow-Origin", "*"},
    {"X-Accel-Buffering", "no"}, /* nginx would collect the events */
    {"X-Content-Type-Options", "nosniff"},
};

/* Those who left without a word hold their place until something is sent to them: look for them where
 * a place is missing. */
static bool is_full(struct stream_hub *hub)
{
    struct list *at, *next;

    if (hub->n_clients - hub->n_ending < hub->max_clients)
        return false;
    LIST_FOREACH (at, next, &hub->clients) {
        struct client *client = container_of(at, struct client, link);

        if (!client->is_ending && httpd_stream_is_left(client->stream))
            end_client(client);
    }
    return hub->n_clients - hub->n_ending >= hub->max_clients;
}

static void begin(struct stream_hub *hub, struct client *client)
{
    list_append(&hub->clients, &client->link);
    httpd_stream_send(client->stream, hub->hello);
    if (hub->n_clients++ == 0)
        loop_timer_start(hub->heartbeat, HEARTBEAT_MS);
    /* Another process may have read further than this one. */
    if (hub->state == HUB_LIVE && client->resume_id <= hub->newest_id) {
        place_client(client);
        return;
    }
    if (hub->state == HUB_ASLEEP)
        hub->state = HUB_LOADING;
    client->n_readings = hub->is_reading ? 2 : 1;
    hub_read(hub);
}

void stream_v3(struct call *call)
{
    struct stream_hub *hub = call->api->streams;
    struct filters filters;
    int64_t resume_id;
    struct client *client;
    struct err err;

    if (read_params(call, &filters, &resume_id, &err) < 0) {
        respond_error(call->req, call->style, 400, err.text, call->params.wrong);
        return;
    }
    if (str_eq(call->req->method, "HEAD")) {
        httpd_respond_static(call->req, 200, headers, ARRAY_LEN(headers), "", 0);
        return;
    }
    if (is_full(hub)) {
        respond_error(call->req, call->style, 503, "too many streams are open; try again later",
                      NULL);
        return;
    }
    client = mem_new(struct client);
    *client = (struct client){.hub = hub, .filters = filters, .resume_id = resume_id, .place = -1};
    list_init(&client->link);
    client->stream = httpd_respond_stream(call->req, 200, headers, ARRAY_LEN(headers),
                                          PENDING_MAX_BYTES, on_closed, client);
    if (!client->stream) {
        mem_free(client);
        return;
    }
    httpd_stream_on_drained(client->stream, on_drained);
    begin(hub, client);
}

/* ---- the hub --------------------------------------------------------------------------------- */

struct stream_hub *stream_hub_new(struct loop *loop, struct api *api, int max_clients,
                                  int max_events)
{
    struct stream_hub *hub = mem_new(struct stream_hub);

    check(max_events > 0);
    *hub = (struct stream_hub){
        .loop = loop, .api = api, .max_clients = max_clients, .max_events = max_events};
    list_init(&hub->clients);
    hub->kept = mem_array((size_t)max_events, sizeof(*hub->kept));
    hub->hello = httpd_bytes_new(hello, strlen(hello));
    hub->retry = loop_timer_new(loop, on_retry, hub);
    hub->heartbeat = loop_timer_new(loop, on_heartbeat, hub);
    return hub;
}

void stream_hub_free(struct stream_hub **hub_ptr)
{
    struct stream_hub *hub = *hub_ptr;

    if (!hub)
        return;
    check(list_is_empty(&hub->clients));
    forget_all(hub);
    httpd_bytes_unref(&hub->hello);
    loop_timer_free(&hub->retry);
    loop_timer_free(&hub->heartbeat);
    mem_free(hub->kept);
    mem_free(hub);
    *hub_ptr = NULL;
}
