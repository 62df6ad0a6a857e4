/* SPDX-License-Identifier: MIT */
/* httpd_head.c - a request's header lines: listed once, checked, looked up.
 *
 * The library keeps their texts until the request ends; the list of them is the request's own, since one is looked
 * for at least five times per request.
 */
#include "base/httpd_priv.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

/* ---- listed and checked ---------------------------------------------------------------------- */

struct framing {
    int lengths, encodings, hosts;
    bool unknown_encoding;
    bool bad_name;
    bool bare_cr;
    int64_t length;
};

/* RFC 9110 section 5.6.2. "Transfer-Encoding : chunked" would otherwise be a header that we do not
 * know and a proxy may. */
static bool is_token(const char *name)
{
    static const bool fits[256] = {
        ['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true, ['*'] = true,
        ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true, ['`'] = true, ['|'] = true,
        ['~'] = true, ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true};
    const char *at = name;

    while (fits[(unsigned char)*at])
        at++;
    return at > name && !*at;
}

static bool is_named(const struct head_line *line, const char *name)
{
    return ((line->name[0] ^ name[0]) & ~0x20) == 0 && strcasecmp(line->name, name) == 0;
}

static void count_framing(struct framing *framing, const struct head_line *line)
{
    framing->bad_name |= !is_token(line->name);
    /* The library keeps it in the value; who takes it for a line's end sees one header more (RFC 9112 section 2.2). */
    framing->bare_cr |= strchr(line->value, '\r') != NULL;
    if (is_named(line, "Content-Length")) {
        struct err ignored;

        framing->lengths++;
        if (str_to_int(line->value, 0, INT64_MAX, &framing->length, &ignored) < 0)
            framing->lengths = 2;
    } else if (is_named(line, "Transfer-Encoding")) {
        framing->encodings++;
        framing->unknown_encoding = strcasecmp(line->value, "chunked") != 0;
    } else if (is_named(line, "Host")) {
        framing->hosts++;
    }
}

static enum MHD_Result keep_line(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct request *request = ctx;

    (void)kind;
    request->lines[request->n_lines++] = (struct head_line){name, value ? value : ""};
    return MHD_YES;
}

static void list_lines(struct request *request, struct MHD_Connection *mhd)
{
    int n = MHD_get_connection_values(mhd, MHD_HEADER_KIND, NULL, NULL);

    request->lines = arena_array(&request->pub.arena, struct head_line, (size_t)n);
    MHD_get_connection_values(mhd, MHD_HEADER_KIND, keep_line, request);
    check(request->n_lines == n);
}

void httpd_check_head(struct request *request, const char *version, struct MHD_Connection *mhd)
{
    struct framing framing = {0};

    list_lines(request, mhd);
    for (int i = 0; i < request->n_lines; i++)
        count_framing(&framing, &request->lines[i]);
    if (framing.lengths > 1 || framing.encodings > 1 || (framing.lengths && framing.encodings))
        httpd_refuse(request, 400, "the length of the body is ambiguous");
    else if (framing.bad_name)
        httpd_refuse(request, 400, "a header's name has other characters than RFC 9110 allows");
    else if (framing.bare_cr)
        httpd_refuse(request, 400, "a header's value holds a CR");
    else if (framing.unknown_encoding)
        httpd_refuse(request, 400, "Transfer-Encoding: expected chunked");
    else if (framing.hosts != 1 && (framing.hosts || !str_eq(version, "HTTP/1.0")))
        httpd_refuse(request, 400, "Host: expected once");
    else if (framing.length > (int64_t)request->httpd->options.body_max_bytes)
        httpd_refuse(request, 413, "the body is too large");
}

/* ---- looked up ------------------------------------------------------------------------------- */

/* The next line of that name from *at on, or NULL. The texts go with the connection's request. */
static const struct head_line *next_line(const struct request *request, const char *name, int *at)
{
    while (request->conn && *at < request->n_lines) {
        const struct head_line *line = &request->lines[(*at)++];

        if (is_named(line, name))
            return line;
    }
    return NULL;
}

const char *httpd_header(struct httpd_req *req, const char *name)
{
    struct request *request = container_of(req, struct request, pub);
    int at = 0;
    const struct head_line *line = next_line(request, name, &at);

    return line ? arena_strdup(&req->arena, line->value) : NULL;
}

const char *httpd_header_lines(struct httpd_req *req, const char *name)
{
    struct request *request = container_of(req, struct request, pub);
    int at = 0;
    const struct head_line *line = next_line(request, name, &at);
    const char *joined;
    struct buf text;

    if (!line)
        return NULL;
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_adds(&text, line->value);
    while ((line = next_line(request, name, &at)))
        buf_addf(&text, ",%s", line->value);
    joined = arena_strdup(&req->arena, buf_str(&text));
    buf_fini(&text);
    return joined;
}
