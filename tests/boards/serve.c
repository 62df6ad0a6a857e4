/* SPDX-License-Identifier: MIT */
/* serve.c - the boards on 127.0.0.1, each under its own Host.
 *
 * A thread per connection: a delayed or hung answer blocks nobody else, and concurrent requests
 * are really concurrent, which is what /_stats counts.
 */
#include "boards/serve.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "boards/page.h"
#include "boards/walls.h"

enum { CONNECTIONS_MAX = 256, IDLE_TIMEOUT_S = 60 };

/* One request from its first line to its last byte. */
struct call {
    char *path;  /* as sent, up to "?" */
    char *query; /* behind it, or "" */
    bool seen;
    bool counted, is_list;
    int cut_bytes;          /* the body breaks off behind so much; 0: it is whole */
    char retry_after[40];   /* header; empty: none */
    struct validator valid; /* etag empty: none */
    size_t index;
    struct hub *hub;
};

static const unsigned char tiny_gif[] = {
    'G', 'I',  'F', '8', '9', 'a', 1, 0, 1, 0, 0x80, 0, 0, 0xee, 0xee, 0xee, 0,    0,
    0,   0x2c, 0,   0,   0,   0,   1, 0, 1, 0, 0,    2, 2, 0x44, 1,    0,    0x3b,
};

static bool has_suffix(const char *text, const char *suffix)
{
    size_t len = strlen(text), tail = strlen(suffix);

    return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

static bool is_image(const char *path)
{
    return has_suffix(path, ".jpg") || has_suffix(path, ".jpeg") || has_suffix(path, ".png") ||
           has_suffix(path, ".gif");
}

/* Decoration that no board draws itself. Every image is the same grey GIF, whatever its name. */
static bool answer_decoration(const char *path, struct answer *a)
{
    if (!is_image(path) && !has_suffix(path, ".css") && !has_suffix(path, ".js"))
        return false;
    a->status = 200;
    a->body.len = 0;
    if (is_image(path)) {
        a->content_type = "image/gif";
        out_mem(&a->body, tiny_gif, sizeof(tiny_gif));
    } else {
        a->content_type = has_suffix(path, ".css") ? "text/css" : "text/javascript";
        out_str(&a->body, "/* demo */\n");
    }
    return true;
}

static void answer_index(const struct hub *h, struct answer *a)
{
    size_t i;

    a->status = 200;
    a->content_type = "text/html; charset=utf-8";
    out_str(&a->body, "<!doctype html>\n<html lang=\"ko\"><head><meta "
                      "charset=\"utf-8\"><title>Demo boards</title></head>\n"
                      "<body><h1>Demo boards</h1>\n<ul>\n");
    for (i = 0; i < boards_count(); i++) {
        const struct board *b = boards_at(i);
        struct out target = {0};

        board_list_target(&b->lists[0], b->lists[0].first, &target);
        out_printf(&a->body, "<li><a href=\"http://%s.localhost:%d", b->name, h->port);
        out_html(&a->body, out_text(&target), false);
        out_printf(&a->body, "\">%s</a> %s</li>\n", b->name, b->title);
        out_fini(&target);
    }
    out_str(&a->body, "</ul></body></html>\n");
}

/* GET /_truth?path=...: the page is drawn as for a browser and thrown away. */
static void answer_truth(struct hub *h, const struct board *b, const char *host, const char *query,
                         struct answer *a)
{
    struct answer page = {0};
    struct out target = {0};
    bool more_fails = h->world.more_fails;

    if (query_value(query, "path", &target)) {
        char *mark = strchr(target.data, '?');
        struct request r = {
            .host = host, .path = target.data, .query = mark ? mark + 1 : "", .cookie = ""};
        struct out shown = {0};

        out_str(&shown, target.data);
        if (mark)
            *mark = '\0';
        board_answer(&h->world, b, &r, &page);
        if (page.is_list)
            truth_write(&page.truth, b->name, out_text(&shown), world_now(&h->world), &a->body);
        if (page.is_post)
            truth_write_post(&page.truth, b->name, out_text(&shown), world_now(&h->world),
                             &a->body);
        out_fini(&shown);
    }
    a->content_type = "application/json; charset=utf-8";
    a->status = page.is_list || page.is_post ? 200 : 404;
    if (a->status == 404)
        out_str(&a->body, "{\"error\": \"path: expected a list or post page of this board\"}\n");
    h->world.more_fails = more_fails;
    out_fini(&target);
    answer_fini(&page);
}

/* A link wrapper, at any name below a board's (s.ppomppu.localhost): leads to the address in its
 * query. Nobody needs to visit it who can read that address. Lock held. */
static bool answer_wrapper(struct hub *h, const struct call *c, const char *host, struct answer *a)
{
    const char *dot = strchr(host, '.');
    const struct board *b = dot ? boards_find_host(dot + 1) : NULL;
    struct out target = {0}, coded = {0};

    if (!b)
        return false;
    h->counters[hub_index(b)].wrapper_requests++;
    if (query_value(c->query, "target", &coded))
        out_base64_decoded(&target, coded.data, coded.len);
    else if (!query_value(c->query, "ol", &target) && strncmp(c->path, "/http", 5) == 0)
        out_printf(&target, "%s%s%s", c->path + 1, c->query[0] ? "?" : "", c->query);
    snprintf(a->location, sizeof(a->location), "%s", out_text(&target));
    a->status = a->location[0] ? 302 : 404;
    a->content_type = "text/html; charset=utf-8";
    out_fini(&target);
    out_fini(&coded);
    return true;
}

/* The server's own paths; false: a board's business. Lock held. */
static bool answer_own(struct hub *h, const struct call *c, const struct board *b, const char *host,
                       bool post, struct answer *a)
{
    a->status = 200;
    a->content_type = "application/json; charset=utf-8";
    if (strcmp(c->path, "/_boards") == 0) {
        hub_write_boards(h, &a->body);
    } else if (strcmp(c->path, "/_stats") == 0) {
        hub_write_stats(h, &a->body);
    } else if (strcmp(c->path, "/_control") == 0 && post) {
        a->status = hub_control(h, c->query, &a->body);
    } else if (strcmp(c->path, "/_truth") == 0 && b) {
        answer_truth(h, b, host, c->query, a);
    } else if (strncmp(c->path, "/_", 2) == 0) {
        a->status = strcmp(c->path, "/_control") == 0 ? 405 : 404;
        out_str(&a->body, "{\"error\": \"no such path here\"}\n");
    } else if (strcmp(c->path, "/robots.txt") == 0) {
        if (b)
            h->counters[hub_index(b)].robots_requests++;
        a->content_type = "text/plain";
        out_str(&a->body, "User-agent: *\nAllow: /\n");
    } else if (!b && answer_wrapper(h, c, host, a)) {
        return true;
    } else if (!b) {
        answer_index(h, a);
    } else {
        return false;
    }
    return true;
}

static void answer_trouble(const struct trouble *t, struct answer *a)
{
    out_fini(&a->body);
    a->status = t->status;
    a->content_type = "text/html; charset=utf-8";
    out_printf(
        &a->body,
        "<!doctype html><html><head><title>%d</title></head><body><h1>%d</h1></body></html>\n",
        t->status, t->status);
}

static void stand_wall(struct trouble *t, const struct board *b, struct answer *a)
{
    if (!t->wall[0] || !(a->is_list || a->is_post))
        return;
    wall_answer(t->wall, b, a);
    if (t->wall_left > 0 && --t->wall_left == 0)
        t->wall[0] = '\0';
}

static void write_retry_after(const struct trouble *t, struct call *c)
{
    if (!t->retry_after)
        return;
    if (t->retry_date)
        http_date((int64_t)time(NULL) + t->retry_after, c->retry_after, sizeof(c->retry_after));
    else
        snprintf(c->retry_after, sizeof(c->retry_after), "%d", t->retry_after);
}

static void answer_troubles(struct hub *h, struct call *c, const struct board *b,
                            const struct request *r, struct answer *a)
{
    struct trouble *t = &h->trouble[c->index];

    stand_wall(t, b, a);
    if (t->status) {
        answer_trouble(t, a);
        write_retry_after(t, c);
    }
    c->cut_bytes = t->cut_bytes;
    if (b->validators && a->status == 200 && (a->is_list || a->is_post))
        validators_of(&h->validators, r->host, r->path, r->query, out_text(&a->body), a->body.len,
                      &c->valid);
}

/* A board's page, with whatever trouble the board is in. False: the server stops. Lock held. */
static bool answer_board(struct hub *h, struct call *c, const struct board *b,
                         const struct request *r, const char *user_agent, struct answer *a)
{
    int number;

    if (is_image(c->path)) {
        answer_decoration(c->path, a);
        if (world_look(&h->world, b->name)->thumb == THUMB_BROKEN)
            a->status = 404;
        return true;
    }
    c->index = hub_index(b);
    c->is_list = board_match_list(b, r->path, r->query, &number) && !b->post_id(r->path, r->query);
    c->counted = true;
    hub_begin(h, c->index, c->is_list, user_agent);
    board_answer(&h->world, b, r, a);
    if (a->status == 404)
        answer_decoration(c->path, a);
    if (!hub_wait(h, c->index, a->delay_ms))
        return false;
    answer_troubles(h, c, b, r, a);
    return true;
}

static const char *header(struct MHD_Connection *conn, const char *name)
{
    const char *value = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, name);

    return value ? value : "";
}

/* A body that breaks off: `size` bytes were promised, `sent` come. */
struct cut_body {
    size_t size, sent;
    char bytes[];
};

static ssize_t read_cut_body(void *arg, uint64_t at, char *to, size_t room)
{
    const struct cut_body *cut = arg;
    size_t left = at < cut->sent ? cut->sent - (size_t)at : 0;

    if (!left)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    left = left < room ? left : room;
    memcpy(to, cut->bytes + at, left);
    return (ssize_t)left;
}

static struct MHD_Response *cut_response(const struct answer *a, size_t sent)
{
    struct cut_body *cut = malloc(sizeof(*cut) + sent);

    if (!cut)
        abort();
    cut->size = a->body.len;
    cut->sent = sent;
    memcpy(cut->bytes, a->body.data, sent);
    return MHD_create_response_from_callback(a->body.len, 4096, read_cut_body, cut, free);
}

static void add_headers(struct MHD_Response *r, const struct call *c, const struct answer *a)
{
    MHD_add_response_header(r, "Content-Type", a->content_type);
    MHD_add_response_header(r, "Cache-Control", c->valid.etag[0] ? "no-cache" : "no-store");
    if (c->valid.etag[0]) {
        MHD_add_response_header(r, "ETag", c->valid.etag);
        MHD_add_response_header(r, "Last-Modified", c->valid.last_modified);
    }
    if (c->retry_after[0])
        MHD_add_response_header(r, "Retry-After", c->retry_after);
    if (a->location[0])
        MHD_add_response_header(r, "Location", a->location);
}

static enum MHD_Result send_answer(struct MHD_Connection *conn, const struct call *c,
                                   const struct answer *a)
{
    size_t cut = (size_t)c->cut_bytes;
    struct MHD_Response *r;
    enum MHD_Result sent;

    r = cut && cut < a->body.len
            ? cut_response(a, cut)
            : MHD_create_response_from_buffer(a->body.len, a->body.data, MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    add_headers(r, c, a);
    sent = MHD_queue_response(conn, (unsigned)a->status, r);
    MHD_destroy_response(r);
    return sent;
}

/* The client has this page: 304 without a body. Lock held. */
static void answer_not_modified(struct hub *h, const struct call *c, struct MHD_Connection *conn,
                                struct answer *a)
{
    if (!c->valid.etag[0] || !validator_matches(&c->valid, header(conn, "If-None-Match"),
                                                header(conn, "If-Modified-Since")))
        return;
    a->status = 304;
    a->body.len = 0;
    h->counters[c->index].not_modified++;
}

static enum MHD_Result answer_call(struct hub *h, struct call *c, struct MHD_Connection *conn,
                                   bool post)
{
    struct request r = {.host = header(conn, "Host"),
                        .path = c->path,
                        .query = c->query,
                        .cookie = header(conn, "Cookie")};
    const struct board *b = boards_find_host(r.host);
    struct answer a = {0};
    enum MHD_Result sent = MHD_NO;
    bool answered;

    pthread_mutex_lock(&h->lock);
    answered = answer_own(h, c, b, r.host, post, &a) ||
               answer_board(h, c, b, &r, header(conn, "User-Agent"), &a);
    answer_not_modified(h, c, conn, &a);
    pthread_mutex_unlock(&h->lock);
    if (answered)
        sent = send_answer(conn, c, &a);
    answer_fini(&a);
    return sent;
}

/* Called with the target as sent, which libmicrohttpd else only hands out decoded and in pieces. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *conn)
{
    struct call *c = calloc(1, sizeof(*c));
    size_t len = strcspn(target, "?");

    (void)conn;
    if (!c)
        abort();
    c->hub = arg;
    c->path = strndup(target, len);
    c->query = strdup(target[len] ? target + len + 1 : "");
    if (!c->path || !c->query)
        abort();
    return c;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *conn, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **call)
{
    struct call *c = *call;

    (void)url, (void)version, (void)upload;
    if (!c->seen || *upload_size) { /* bodies are not for us */
        c->seen = true;
        *upload_size = 0;
        return MHD_YES;
    }
    return answer_call(arg, c, conn, strcmp(method, "POST") == 0);
}

static void on_completed(void *arg, struct MHD_Connection *conn, void **call,
                         enum MHD_RequestTerminationCode why)
{
    struct call *c = *call;

    (void)arg, (void)conn, (void)why;
    if (!c)
        return;
    if (c->counted) {
        pthread_mutex_lock(&c->hub->lock);
        hub_end(c->hub, c->index, c->is_list);
        pthread_mutex_unlock(&c->hub->lock);
    }
    free(c->path);
    free(c->query);
    free(c);
    *call = NULL;
}

struct MHD_Daemon *serve_start(struct hub *h, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const union MHD_DaemonInfo *info;
    struct MHD_Daemon *d;

    d = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL,
        NULL, on_request, h, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
    if (!d)
        return NULL;
    info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
    h->port = info && info->port ? info->port : port;
    return d;
}

void serve_stop(struct hub *h, struct MHD_Daemon *d)
{
    hub_stop(h);
    MHD_stop_daemon(d);
}
