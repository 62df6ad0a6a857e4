/* SPDX-License-Identifier: MIT */
/* link.c - takes wrappers off a link, one after the other.
 *
 * A wrapper is known by its form, not by a list of hosts: a host or last path segment that means
 * "go there", and a parameter that holds an address. So an ordinary page with an address in its
 * query ("?return=https://...") stays what it is.
 * Not here: what product an address means (link_key.c).
 */
#include "crawl/link.h"

#include "base/buf.h"
#include "base/netaddr.h"
#include "base/str.h"
#include "base/url.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

enum { MAX_DEPTH = 5, MAX_UNESCAPES = 3 };

static bool is_one_of(const char *text, size_t len, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(words[i]) == len && !strncasecmp(words[i], text, len))
            return true;
    return false;
}

static bool has_web_scheme(const char *text)
{
    return !strncasecmp(text, "http://", 7) || !strncasecmp(text, "https://", 8);
}

/* ---- what comes out of a wrapper ------------------------------------------------------------- */

static bool is_public_host(const char *host)
{
    struct netaddr address;

    switch (netaddr_from_host(host, &address)) {
    case NETADDR_NAME:
        return strchr(host, '.') && !netaddr_name_is_loopback(host);
    case NETADDR_ADDRESS:
        return !netaddr_private_kind(&address);
    default:
        return false;
    }
}

/* "https://user:word@host/": nobody links so to a shop. */
static bool has_user(const char *url)
{
    const char *host = strstr(url, "://") + strlen("://");

    return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

/* Blanks and what is not ASCII as a browser writes them; NULL when there are control characters or
 * broken bytes. */
static char *written_as_address(const char *text)
{
    struct buf out;

    if (!str_utf8_valid(text, strlen(text)))
        return NULL;
    buf_init(&out, LINK_MAX_BYTES);
    for (const char *at = text; *at; at++) {
        unsigned char c = (unsigned char)*at;

        if (c < ' ' || c == 0x7f) {
            buf_fini(&out);
            return NULL;
        }
        if (c == ' ' || c == '"' || c == '<' || c == '>' || c >= 0x80)
            buf_addf(&out, "%%%02X", c);
        else
            buf_addc(&out, *at);
    }
    if (buf_overflowed(&out)) {
        buf_fini(&out);
        return NULL;
    }
    return buf_take(&out);
}

/* text as an address that may be followed and stored, or NULL. */
static char *accepted(const char *text)
{
    struct url_parts parts;
    struct err ignored;
    char *url;
    bool good;

    if (!has_web_scheme(text) || !(url = written_as_address(text)))
        return NULL;
    good = !has_user(url) && url_split(url, &parts, &ignored) == 0;
    if (good) {
        good = is_public_host(parts.host);
        url_parts_fini(&parts);
    }
    if (!good) {
        mem_free(url);
        url = NULL;
    }
    return url;
}

/* ---- encodings ------------------------------------------------------------------------------- */

static int base64_digit(char c)
{
    if (c == '-' || c == ' ') /* the URL alphabet; '+' that a form made a blank */
        return '+';
    if (c == '_')
        return '/';
    return isalnum((unsigned char)c) || c == '+' || c == '/' ? c : -1;
}

/* Base64 of either alphabet, padded or not; NULL when it is none or holds a NUL. */
static char *base64_text(const char *text)
{
    size_t len = strcspn(text, "="), padded = (len + 3) / 4 * 4;
    unsigned char *digits, *bytes;
    char *out = NULL;
    int n;

    if (len < 8 || len % 4 == 1 || len > LINK_MAX_BYTES * 2)
        return NULL;
    digits = mem_alloc(padded);
    bytes = mem_alloc(padded);
    memset(digits, '=', padded);
    for (n = 0; (size_t)n < len && base64_digit(text[n]) > 0; n++)
        digits[n] = (unsigned char)base64_digit(text[n]);
    if ((size_t)n == len && EVP_DecodeBlock(bytes, digits, (int)padded) >= 0) {
        size_t size = len * 3 / 4; /* DecodeBlock counts the padding in */

        if (!memchr(bytes, '\0', size))
            out = mem_strndup((const char *)bytes, size);
    }
    mem_free(digits);
    mem_free(bytes);
    return out;
}

/* The address in a value that is it, percent-encoded once more or not; NULL when it is none. */
static char *plain_target(const char *value)
{
    char *text = mem_strdup(value), *target = NULL;

    for (int i = 0; i <= MAX_UNESCAPES && !target; i++) {
        char *unescaped;

        if (str_starts(text, "//")) {
            char *whole = mem_printf("https:%s", text);

            mem_free(text);
            text = whole;
        }
        if ((target = accepted(text)) || !strchr(text, '%'))
            break;
        unescaped = url_unescape(text, strlen(text));
        mem_free(text);
        text = unescaped;
        if (!text)
            break;
    }
    mem_free(text);
    return target;
}

static char *target_of_value(const char *value)
{
    char *target = plain_target(value);
    char *decoded;

    if (target || !(decoded = base64_text(value)))
        return target;
    target = plain_target(decoded);
    mem_free(decoded);
    return target;
}

/* ---- wrappers -------------------------------------------------------------------------------- */

static bool host_means_go(const char *host)
{
    static const char *const labels[] = {"s",    "l",     "r",     "go",       "out",
                                         "link", "links", "click", "redirect", "track"};

    return is_one_of(host, strcspn(host, "."), labels, ARRAY_LEN(labels));
}

static bool path_means_go(const char *path)
{
    static const char *const names[] = {
        "link", "links",    "out",      "outlink", "go",    "goto",     "golink",
        "url",  "redirect", "redir",    "click",   "l",     "r",        "linkfilter",
        "jump", "away",     "deeplink", "cread",   "visit", "external", "track"};
    size_t len = strcspn(path, "?#");
    const char *name;

    while (len > 0 && path[len - 1] == '/')
        len--;
    for (name = path + len; name > path && name[-1] != '/';)
        name--;
    return is_one_of(name, strcspn(name, "./?#"), names, ARRAY_LEN(names));
}

static bool name_means_target(const char *name, size_t len)
{
    static const char *const names[] = {
        "target", "ol",         "link",      "url",          "u",          "u2",
        "to",     "tu",         "murl",      "ued",          "mpre",       "q",
        "href",   "goto",       "dest",      "destination",  "redirect",   "rurl",
        "lnk",    "target_url", "targeturl", "redirect_url", "landing_url"};

    return is_one_of(name, len, names, ARRAY_LEN(names));
}

static char *target_in_query(const char *query)
{
    char *target = NULL;

    for (const char *at = query; *at && *at != '#' && !target;) {
        size_t len = strcspn(at, "&#"), name_len = strcspn(at, "=&#");

        if (name_len < len && name_means_target(at, name_len)) {
            char *value = url_unescape(at + name_len + 1, len - name_len - 1);

            target = value ? target_of_value(value) : NULL;
            mem_free(value);
        }
        at += len + (at[len] == '&');
    }
    return target;
}

static char *target_in_address(const char *link)
{
    struct url_parts parts;
    struct err ignored;
    const char *query;
    char *target = NULL;

    if (url_split(link, &parts, &ignored) < 0)
        return NULL;
    query = strchr(parts.path, '?');
    if (str_eq(parts.host, "unsafelink.com") || str_ends(parts.host, ".unsafelink.com"))
        target = plain_target(parts.path + 1);
    else if (query && (host_means_go(parts.host) || path_means_go(parts.path)))
        target = target_in_query(query + 1);
    url_parts_fini(&parts);
    return target;
}

/* The first quoted text of "javascript:goToLink('...')". */
static char *target_in_script(const char *link)
{
    char *script = url_unescape(link, strlen(link));
    char *target = NULL;
    char *open, *close;

    if (!script)
        return NULL;
    open = strpbrk(script, "'\"");
    close = open ? strchr(open + 1, *open) : NULL;
    if (close) {
        *close = '\0';
        target = target_of_value(open + 1);
    }
    mem_free(script);
    return target;
}

char *link_resolve(const char *link)
{
    bool is_script = link && !strncasecmp(link, "javascript:", 11);
    char *at, *target;

    if (!link || strlen(link) > LINK_MAX_BYTES || (!is_script && !has_web_scheme(link)))
        return NULL;
    at = is_script ? target_in_script(link) : mem_strdup(link);
    for (int depth = is_script; at && depth < MAX_DEPTH && (target = target_in_address(at));
         depth++) {
        mem_free(at);
        at = target;
    }
    return at;
}
