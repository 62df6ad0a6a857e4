/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_link.c - links of deals: what comes out may be stored and followed. */
#include "fuzz.h"
#include "base/netaddr.h"
#include "base/str.h"
#include "base/url.h"
#include "crawl/link.h"

#include <string.h>
#include <strings.h>

static bool is_public(const char *host)
{
    struct netaddr address;

    switch (netaddr_from_host(host, &address)) {
    case NETADDR_NAME:
        return !netaddr_name_is_loopback(host);
    case NETADDR_ADDRESS:
        return !netaddr_private_kind(&address);
    default:
        return false;
    }
}

/* Whatever is not the link itself is a sound address of a public host. */
static void check_target(const char *link, const char *target)
{
    struct url_parts parts;
    struct err err;

    if (str_eq(target, link))
        return;
    check(strlen(target) <= LINK_MAX_BYTES);
    check(!strncasecmp(target, "http://", 7) || !strncasecmp(target, "https://", 8));
    for (const char *at = target; *at; at++)
        check((unsigned char)*at > ' ' && (unsigned char)*at < 0x7f);
    check(url_split(target, &parts, &err) == 0);
    check(is_public(parts.host));
    url_parts_fini(&parts);
}

/* The same product for another sender, and the same key at each asking. */
static void check_key(const char *url)
{
    char *key = link_shop_key(url), *sent, *other;

    if (!key)
        return;
    check(*key && strlen(key) <= LINK_KEY_MAX_BYTES);
    sent = mem_printf("%s%cutm_source=x", url, strchr(url, '?') ? '&' : '?');
    other = strchr(url, '#') || strlen(sent) > LINK_MAX_BYTES ? NULL : link_shop_key(sent);
    check(!other || str_eq(key, other));
    mem_free(other);
    mem_free(sent);
    mem_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    char *target = link_resolve(text);

    if (target)
        check_target(text, target);
    check_key(text);
    if (target)
        check_key(target);
    mem_free(target);
    mem_free(text);
    return 0;
}
