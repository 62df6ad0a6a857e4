/* SPDX-License-Identifier: MIT */
/* client.c - see client.h. */
#include "api/client.h"
#include "base/str.h"

#include <string.h>

/* More proxies than this are not followed. */
enum { MAX_HOPS = 32 };

static int add_range(struct client_trust *trust, const char *piece, struct err *err)
{
    if (trust->n == CLIENT_MAX_RANGES)
        return err_set(err, ERR_CONFIG, "expected at most %d ranges", CLIENT_MAX_RANGES);
    if (!netaddr_range_from_text(piece, &trust->ranges[trust->n]))
        return err_set(err, ERR_CONFIG,
                       "\"%s\": expected an address or a range like 10.0.0.0/8, with no bits set "
                       "behind the prefix",
                       piece);
    trust->n++;
    return 0;
}

int client_trust_parse(const char *text, struct client_trust *out, struct err *err)
{
    char *copy = mem_strdup(text);
    char *rest = copy;
    char *piece;
    int rc = 0;

    *out = (struct client_trust){0};
    while (rc == 0 && (piece = str_next(&rest, ',')))
        if (*piece)
            rc = add_range(out, piece, err);
    mem_free(copy);
    return rc;
}

bool client_is_trusted(const struct client_trust *trust, const struct netaddr *address)
{
    for (int i = 0; i < trust->n; i++)
        if (netaddr_range_has(&trust->ranges[i], address))
            return true;
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "192.0.2.7", "192.0.2.7:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711" */
static bool parse_piece(const char *at, const char *end, struct netaddr *out)
{
    char text[NETADDR_TEXT_BYTES];
    const char *colon;
    size_t len;

    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    colon = memchr(at, ':', (size_t)(end - at));
    if (at < end && *at == '[') {
        at++;
        end = memchr(at, ']', (size_t)(end - at));
        if (!end)
            return false;
    } else if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
        end = colon;
    }
    len = (size_t)(end - at);
    if (len >= sizeof(text))
        return false;
    memcpy(text, at, len);
    text[len] = '\0';
    return netaddr_from_text(text, out);
}

struct netaddr client_of(const struct client_trust *trust, const struct netaddr *peer,
                         const char *forwarded_for)
{
    struct netaddr client = *peer;
    const char *end = forwarded_for ? forwarded_for + strlen(forwarded_for) : NULL;

    for (int hop = 0; end && hop < MAX_HOPS && client_is_trusted(trust, &client); hop++) {
        const char *comma = memrchr(forwarded_for, ',', (size_t)(end - forwarded_for));
        struct netaddr named;

        if (!parse_piece(comma ? comma + 1 : forwarded_for, end, &named))
            break;
        client = named;
        end = comma;
    }
    return client;
}
