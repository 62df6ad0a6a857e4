/* SPDX-License-Identifier: MIT */
/* fuzz_api_client.c - trusted ranges (the first line) and X-Forwarded-For (the rest). */
#include "fuzz.h"
#include "api/client.h"
#include "base/str.h"

#include <string.h>

/* Is the address in the range? Bit by bit. */
static bool has_slowly(const struct netaddr_range *range, const struct netaddr *address)
{
    for (int bit = 0; bit < range->bits; bit++)
        if ((range->first.bytes[bit / 8] ^ address->bytes[bit / 8]) & (0x80 >> (bit % 8)))
            return false;
    return true;
}

static bool is_trusted_slowly(const struct client_trust *trust, const struct netaddr *address)
{
    bool is_trusted = false;

    for (int i = 0; i < trust->n; i++)
        is_trusted |= has_slowly(&trust->ranges[i], address);
    return is_trusted;
}

static void check_ranges(const struct client_trust *trust)
{
    check(trust->n >= 0 && trust->n <= CLIENT_MAX_RANGES);
    for (int i = 0; i < trust->n; i++) {
        char text[NETADDR_TEXT_BYTES];
        struct netaddr again;

        check(trust->ranges[i].bits >= 0 && trust->ranges[i].bits <= 128);
        check(client_is_trusted(trust, &trust->ranges[i].first));
        netaddr_text(&trust->ranges[i].first, text);
        check(netaddr_from_text(text, &again) &&
              memcmp(&again, &trust->ranges[i].first, sizeof(again)) == 0);
    }
}

static void check_forwarded(const struct client_trust *trust, const char *header)
{
    static const char *const peers[] = {"127.0.0.1", "192.0.2.7", "2001:db8::1", "10.1.2.3"};

    for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
        struct netaddr peer, client, longer;
        char *made_up = mem_printf("203.0.113.99,%s", header);

        check(netaddr_from_text(peers[i], &peer));
        client = client_of(trust, &peer, header);
        /* Whom nobody vouches for is taken for himself. */
        if (!is_trusted_slowly(trust, &peer))
            check(memcmp(&client, &peer, sizeof(peer)) == 0);
        /* What a client writes before what proxies add changes nothing, unless all were proxies. */
        longer = client_of(trust, &peer, made_up);
        if (!is_trusted_slowly(trust, &client))
            check(memcmp(&client, &longer, sizeof(client)) == 0);
        mem_free(made_up);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *ranges = fuzz_text(data, size);
    char *line_end = strchr(ranges, '\n');
    struct client_trust trust;
    struct err err;

    if (line_end)
        *line_end = '\0';
    if (client_trust_parse(ranges, &trust, &err) == 0) {
        check_ranges(&trust);
        check_forwarded(&trust, line_end ? line_end + 1 : "");
    } else {
        check(err.code == ERR_CONFIG && *err.text);
    }
    mem_free(ranges);
    return 0;
}
