/* SPDX-License-Identifier: MIT */
/* weburl.c - the URL parser of the URL Standard (4.4), what of it concerns http and https, as one
 * function per part instead of one state machine. */
#include "base/weburl.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/weburl_priv.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct parse {
    struct arena *arena;
    const struct weburl *base;
    weburl_encode_fn *encode;
    void *ctx;
    struct weburl *out;
};

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20;
}

/* ---- percent-encoding ---- */

/* Beyond controls and what is not ASCII (URL Standard 1.3). */
#define FRAGMENT_SET " \"<>`"
#define QUERY_SET " \"#<>'"
#define PATH_SET " \"#<>?^`{|}"
#define USERINFO_SET PATH_SET "/:;=@[\\]|"

static void add_percent(struct buf *out, unsigned char c)
{
    buf_addf(out, "%%%02X", c);
}

static void add_encoded(struct buf *out, const char *text, size_t len, const char *set)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c <= 0x1f || c >= 0x7f || strchr(set, c))
            add_percent(out, c);
        else
            buf_addc(out, (char)c);
    }
}

/* What the buffer holds, NUL bytes too. */
static const char *taken(struct arena *arena, struct buf *text)
{
    char *copy = arena_alloc(arena, text->len + 1);

    memcpy(copy, buf_str(text), text->len);
    buf_fini(text);
    return copy;
}

static const char *encoded(struct arena *arena, const char *text, size_t len, const char *set)
{
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    add_encoded(&out, text, len, set);
    return taken(arena, &out);
}

/* A query, its characters outside ASCII in the page's charset. */
static const char *encoded_query(const struct parse *p, const char *text, size_t len)
{
    struct buf out;

    if (!p->encode)
        return encoded(p->arena, text, len, QUERY_SET);
    buf_init(&out, BUF_MAX_DEFAULT);
    for (size_t i = 0, n; i < len; i += n) {
        char bytes[8];
        size_t n_bytes;
        uint32_t c = utf8_char(text + i, len - i, &n);

        if (n == 1) {
            add_encoded(&out, text + i, 1, QUERY_SET);
            continue;
        }
        n_bytes = p->encode(p->ctx, text + i, n, bytes);
        if (n_bytes == 0)
            buf_addf(&out, "%%26%%23%u%%3B", (unsigned)c);
        add_encoded(&out, bytes, n_bytes, QUERY_SET);
    }
    return taken(p->arena, &out);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *weburl_percent_decode(struct arena *arena, const char *text, size_t len, size_t *len_out)
{
    char *out = arena_alloc(arena, len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        int high = i + 2 < len && text[i] == '%' ? hex_value(text[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text[i + 2]) : -1;

        if (low >= 0) {
            out[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[n++] = text[i];
        }
    }
    out[n] = '\0';
    *len_out = n;
    return out;
}

/* ---- path ---- */

/* "." as written, "%2e" too: how many dots the segment is, 0 when it is anything else. */
static int dots_of(const char *text, size_t len)
{
    int dots = 0;

    for (size_t i = 0; i < len; dots++) {
        if (text[i] == '.')
            i++;
        else if (len - i >= 3 && !strncasecmp(text + i, "%2e", 3))
            i += 3;
        else
            return 0;
    }
    return dots <= 2 ? dots : 0;
}

static void drop_last_segment(struct buf *path)
{
    while (path->len > 0 && path->data[--path->len] != '/')
        ;
    if (path->data)
        path->data[path->len] = '\0';
}

/* Append the segments of `text` to a path that ends without '/'. */
static void add_path(struct buf *path, const char *text, size_t len)
{
    size_t from = 0;

    for (size_t i = 0; i <= len; i++) {
        int dots;

        if (i < len && !is_slash(text[i]))
            continue;
        dots = dots_of(text + from, i - from);
        if (dots == 2)
            drop_last_segment(path);
        if (dots == 0) {
            buf_addc(path, '/');
            add_encoded(path, text + from, i - from, PATH_SET);
        } else if (i == len) {
            buf_addc(path, '/');
        }
        from = i + 1;
    }
}

/* Path, query and fragment from `text` on. base_path NULL: the path is `text`'s own. */
static void parse_tail(const struct parse *p, const char *base_path, const char *text)
{
    size_t len = strcspn(text, "?#");
    struct buf path;

    buf_init(&path, BUF_MAX_DEFAULT);
    if (base_path && len == 0) {
        buf_adds(&path, base_path);
    } else {
        if (base_path) {
            buf_adds(&path, base_path);
            drop_last_segment(&path);
        } else if (is_slash(*text)) {
            text++;
            len--;
        }
        add_path(&path, text, len);
    }
    p->out->path = taken(p->arena, &path);
    text += len;
    p->out->query = base_path && len == 0 && *text != '?' ? p->base->query : NULL;
    if (*text == '?') {
        len = strcspn(++text, "#");
        p->out->query = encoded_query(p, text, len);
        text += len;
    }
    p->out->fragment =
        *text == '#' ? encoded(p->arena, text + 1, strlen(text + 1), FRAGMENT_SET) : NULL;
}

/* ---- authority ---- */

static const char *parse_userinfo(struct arena *arena, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    size_t name_len = colon ? (size_t)(colon - text) : len;
    const char *name = encoded(arena, text, name_len, USERINFO_SET);
    const char *password = colon ? encoded(arena, colon + 1, len - name_len - 1, USERINFO_SET) : "";

    return *password ? arena_printf(arena, "%s:%s", name, password) : name;
}

static bool parse_port(const struct parse *p, const char *text, size_t len)
{
    unsigned port = 0;

    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)text[i]))
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
        if (port > 65535)
            return false;
    }
    if (len == 0 || port == (str_eq(p->out->scheme, "https") ? 443 : 80))
        p->out->port = "";
    else
        p->out->port = arena_printf(p->arena, "%u", port);
    return true;
}

/* From behind the slashes on. */
static bool parse_authority(const struct parse *p, const char *text)
{
    size_t len = strcspn(text, "/\\?#");
    const char *tail = text + len;
    const char *at = memrchr(text, '@', len);
    const char *colon;
    bool in_brackets = false;

    p->out->userinfo = "";
    if (at) {
        p->out->userinfo = parse_userinfo(p->arena, text, (size_t)(at - text));
        text = at + 1;
        len = (size_t)(tail - text);
    }
    for (colon = text; colon < tail && (in_brackets || *colon != ':'); colon++)
        in_brackets = *colon == '[' || (in_brackets && *colon != ']');
    p->out->host = weburl_host_parse(p->arena, text, (size_t)(colon - text));
    if (!p->out->host)
        return false;
    if (colon < tail ? !parse_port(p, colon + 1, (size_t)(tail - colon) - 1)
                     : !parse_port(p, "", 0))
        return false;
    parse_tail(p, NULL, tail);
    return true;
}

static bool parse_relative(const struct parse *p, const char *text)
{
    if (is_slash(text[0]) && is_slash(text[1])) {
        while (is_slash(*text))
            text++;
        return parse_authority(p, text);
    }
    p->out->userinfo = p->base->userinfo;
    p->out->host = p->base->host;
    p->out->port = p->base->port;
    parse_tail(p, is_slash(*text) ? NULL : p->base->path, text);
    return true;
}

/* ---- the whole ---- */

/* Without blanks at the ends and line breaks and tabs anywhere. */
static const char *cleaned(struct arena *arena, const char *text)
{
    size_t len = strlen(text), n = 0;
    char *out;

    while (len > 0 && (is_control(*text) || *text == ' ')) {
        text++;
        len--;
    }
    while (len > 0 && (is_control(text[len - 1]) || text[len - 1] == ' '))
        len--;
    out = arena_strndup(arena, text, len);
    for (size_t i = 0; i < len; i++)
        if (!strchr("\t\r\n", text[i]))
            out[n++] = text[i];
    out[n] = '\0';
    return out;
}

/* Length of "scheme" before its ':'; 0: there is none. */
static size_t scheme_len(const char *text)
{
    size_t n = 0;

    if (!isalpha((unsigned char)*text))
        return 0;
    while (isalnum((unsigned char)text[n]) || (text[n] && strchr("+-.", text[n])))
        n++;
    return text[n] == ':' ? n : 0;
}

bool weburl_parse(struct arena *arena, const char *text, const struct weburl *base,
                  weburl_encode_fn *encode, void *ctx, struct weburl *out)
{
    struct parse p = {.arena = arena, .base = base, .encode = encode, .ctx = ctx, .out = out};
    size_t n;

    *out = (struct weburl){0};
    text = cleaned(arena, text);
    n = scheme_len(text);
    if (n == 0) {
        if (!base)
            return false;
        out->scheme = base->scheme;
        return parse_relative(&p, text);
    }
    if (n == 4 && !strncasecmp(text, "http", 4))
        out->scheme = "http";
    else if (n == 5 && !strncasecmp(text, "https", 5))
        out->scheme = "https";
    else
        return false;
    text += n + 1;
    if (base && str_eq(base->scheme, out->scheme) && !str_starts(text, "//"))
        return parse_relative(&p, text);
    while (is_slash(*text))
        text++;
    return parse_authority(&p, text);
}

const char *weburl_host(struct arena *arena, const struct weburl *url)
{
    return arena_printf(arena, "%s%s%s", url->host, *url->port ? ":" : "", url->port);
}

const char *weburl_href(struct arena *arena, const struct weburl *url)
{
    return arena_printf(arena, "%s://%s%s%s%s%s%s%s%s", url->scheme, url->userinfo,
                        *url->userinfo ? "@" : "", weburl_host(arena, url), url->path,
                        url->query ? "?" : "", url->query ? url->query : "",
                        url->fragment ? "#" : "", url->fragment ? url->fragment : "");
}

void weburl_make_https(struct weburl *url)
{
    url->scheme = "https";
    if (str_eq(url->port, "443"))
        url->port = "";
}

/* ---- parameters ---- */

/* '+' is a blank; what is not UTF-8 becomes U+FFFD. */
static const char *form_decoded(struct arena *arena, const char *text, size_t len, size_t *len_out)
{
    char *plain = arena_strndup(arena, text, len);
    struct buf out;

    for (size_t i = 0; i < len; i++)
        if (plain[i] == '+')
            plain[i] = ' ';
    plain = weburl_percent_decode(arena, plain, len, &len);
    buf_init(&out, BUF_MAX_DEFAULT);
    utf8_add_lossy(&out, plain, len);
    *len_out = out.len;
    return taken(arena, &out);
}

static void add_form_encoded(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == ' ')
            buf_addc(out, '+');
        else if (c < 0x80 && (isalnum(c) || (c && strchr("*-._", c))))
            buf_addc(out, (char)c);
        else
            add_percent(out, c);
    }
}

/* The value of the first parameter of that name; NULL: there is none. */
static const char *parameter(struct arena *arena, const char *query, const char *name,
                             size_t *len_out)
{
    while (*query) {
        size_t len = strcspn(query, "&");
        const char *equals = memchr(query, '=', len);
        size_t key_len = equals ? (size_t)(equals - query) : len;
        size_t decoded_len;
        const char *key = form_decoded(arena, query, key_len, &decoded_len);

        if (len > 0 && decoded_len == strlen(name) && !memcmp(key, name, decoded_len))
            return equals ? form_decoded(arena, equals + 1, len - key_len - 1, len_out)
                          : form_decoded(arena, "", 0, len_out);
        query += len + (query[len] == '&');
    }
    return NULL;
}

void weburl_keep_query(struct arena *arena, struct weburl *url, const char *const *names, size_t n)
{
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < n; i++) {
        size_t len;
        const char *value = url->query ? parameter(arena, url->query, names[i], &len) : NULL;

        if (!value)
            continue;
        buf_adds(&out, out.len ? "&" : "");
        add_form_encoded(&out, names[i], strlen(names[i]));
        buf_addc(&out, '=');
        add_form_encoded(&out, value, len);
    }
    url->query = out.len ? taken(arena, &out) : NULL;
    buf_fini(&out);
    url->fragment = NULL;
}
