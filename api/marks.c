/* SPDX-License-Identifier: MIT */
/* marks.c - see marks.h.
 *
 * The body is our own JSON (deal_json.c), without blanks. A quote inside a string is escaped there, so
 * the bytes `"productId":"` and `"isBookmark":null` can only be members, and they come in turns.
 */
#include "api/marks.h"
#include "api/auth.h"
#include "api/away.h"
#include "api/negotiate.h"
#include "api/pack.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum {
    MARKS_MAX = 200,
    BODY_MAX_BYTES = 8 << 20,
    GZIP_MIN_BYTES =
        2048, /* it is compressed for one client alone: below this it is not worth the time */
    MAX_HEADERS = 8,
};

static const char id_member[] = "\"productId\":\"";
static const char mark_member[] = "\"isBookmark\":";
static const char unknown_mark[] = "null";

/* A list on its way. */
struct marking {
    struct call *call;
    const char *body; /* a copy: the cache may drop its own meanwhile */
    const char *list_limit;
    int64_t age_s;
    const char *ids[MARKS_MAX];
    int n;
};

void marks_begin(struct call *call)
{
    const char *header = httpd_header(call->req, "Authorization");

    call->wants_marks =
        header && auth_read(call->api->auth, header, clock_wall_ms(), &call->who) == AUTH_GOOD;
}

static void find_ids(struct marking *marking)
{
    const char *at = marking->body;

    while (marking->n < MARKS_MAX && (at = strstr(at, id_member))) {
        const char *id = at + strlen(id_member);

        at = id + strcspn(id, "\"");
        marking->ids[marking->n++] =
            arena_strndup(&marking->call->req->arena, id, (size_t)(at - id));
    }
}

/* Compressed where that is worth it. The tag is of the uncompressed bytes. */
static bool pack(struct marking *marking, struct buf *body)
{
    struct call *call = marking->call;
    struct buf packed;

    if (body->len < GZIP_MIN_BYTES || !negotiate_gzip(call->req))
        return false;
    buf_init(&packed, BODY_MAX_BYTES);
    if (!pack_gzip(call->api->pack, buf_str(body), body->len, &packed))
        return false;
    buf_fini(body);
    *body = packed;
    return true;
}

static void respond(struct marking *marking, struct buf *body)
{
    struct call *call = marking->call;
    struct arena *arena = &call->req->arena;
    struct httpd_header headers[MAX_HEADERS] = {{"Content-Type", RESPOND_JSON},
                                                {"Cache-Control", "private, no-cache"},
                                                {"Vary", "Accept-Encoding, Authorization"},
                                                {"X-Content-Type-Options", "nosniff"}};
    size_t n = 4;
    char tag[NEGOTIATE_ETAG_BYTES];
    const char *etag = tag;
    bool is_known;

    negotiate_etag(buf_str(body), body->len, tag);
    if (pack(marking, body)) {
        etag = arena_printf(arena, "%s-gz", tag);
        headers[n++] = (struct httpd_header){"Content-Encoding", "gzip"};
    }
    is_known = negotiate_matches(call->req, etag);
    headers[n++] = (struct httpd_header){"ETag", arena_printf(arena, "\"%s\"", etag)};
    if (marking->list_limit)
        headers[n++] = (struct httpd_header){"X-List-Limit", marking->list_limit};
    if (marking->age_s >= 0)
        headers[n++] =
            (struct httpd_header){"Age", arena_printf(arena, "%lld", (long long)marking->age_s)};
    httpd_respond(call->req, is_known ? 304 : 200, headers, n, body);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_among(const struct marking *marking, int i, const char **marked, int n)
{
    return i < marking->n && n &&
           bsearch(&marking->ids[i], marked, (size_t)n, sizeof(*marked), by_text);
}

/* The i-th mark belongs to the i-th deal. */
static void write_marked(const struct marking *marking, const char **marked, int n, struct buf *out)
{
    const char *from = marking->body, *at;

    for (int i = 0; (at = strstr(from, mark_member)); i++) {
        at += strlen(mark_member);
        buf_add(out, from, (size_t)(at - from));
        from = at;
        if (!str_starts(at, unknown_mark))
            continue;
        buf_adds(out, is_among(marking, i, marked, n) ? "true" : "false");
        from += strlen(unknown_mark);
    }
    buf_adds(out, from);
}

static void on_marked(const struct store_marked *marked, const struct err *err, void *ctx)
{
    struct marking *marking = ctx;
    struct arena *arena = &marking->call->req->arena;
    const char **sorted = arena_array(arena, const char *, (size_t)marked->n + 1);
    struct buf body;

    away_answered(marking->call->api, err);
    buf_init(&body, BODY_MAX_BYTES);
    if (marked->is_known) {
        memcpy(sorted, marked->product_ids, (size_t)marked->n * sizeof(*sorted));
        qsort(sorted, (size_t)marked->n, sizeof(*sorted), by_text);
        write_marked(marking, sorted, marked->n, &body);
    } else {
        buf_adds(&body, marking->body);
    }
    respond(marking, &body);
}

void marks_respond(struct call *call, const char *body, size_t len, const char *list_limit,
                   int64_t age_s)
{
    struct marking *marking = arena_new(&call->req->arena, struct marking);
    struct buf unmarked;

    *marking = (struct marking){.call = call,
                                .body = arena_strndup(&call->req->arena, body, len),
                                .list_limit = list_limit,
                                .age_s = age_s};
    find_ids(marking);
    if (marking->n && away_may_ask(call->api)) {
        store_marked(call->api->store, &call->who, marking->ids, marking->n, on_marked, marking);
        return;
    }
    buf_init(&unmarked, BODY_MAX_BYTES);
    buf_adds(&unmarked, marking->body);
    respond(marking, &unmarked);
}
