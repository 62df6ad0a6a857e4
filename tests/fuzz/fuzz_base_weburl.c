/* SPDX-License-Identifier: MIT */
/* fuzz_base_weburl.c - an address (first line) on a page at another (second line): what comes out is ASCII,
 * http or https, and means itself when read again. */
#include "fuzz.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/weburl.h"

#include <string.h>

static void check_href(struct arena *arena, const struct weburl *url, const struct weburl *base)
{
    const char *href = weburl_href(arena, url);
    struct weburl again;

    check(str_starts(href, "http://") || str_starts(href, "https://"));
    for (const char *at = href; *at; at++)
        check(*at > ' ' && *at < 0x7f);
    check(*url->host && *url->path == '/');
    check(weburl_parse(arena, href, NULL, NULL, NULL, &again));
    check(str_eq(weburl_href(arena, &again), href));
    check(weburl_parse(arena, href, base, NULL, NULL, &again));
    check(str_eq(weburl_href(arena, &again), href));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"no", "id", "가"};
    char *text = fuzz_text(data, size);
    char *rest = text;
    struct weburl base, url;
    struct buf address, page;
    struct arena arena;

    arena_init(&arena);
    buf_init(&address, 1 << 20);
    buf_init(&page, 1 << 20);
    utf8_add_lossy(&address, text, strcspn(text, "\n"));
    rest += strcspn(text, "\n");
    utf8_add_lossy(&page, rest + (*rest == '\n'), strlen(rest + (*rest == '\n')));
    if (!weburl_parse(&arena, buf_str(&page), NULL, NULL, NULL, &base))
        check(weburl_parse(&arena, "http://x.example/a/b?c", NULL, NULL, NULL, &base));
    check_href(&arena, &base, &base);
    if (weburl_parse(&arena, buf_str(&address), &base, NULL, NULL, &url)) {
        check_href(&arena, &url, &base);
        weburl_keep_query(&arena, &url, names, ARRAY_LEN(names));
        weburl_make_https(&url);
        check(!url.fragment);
        check_href(&arena, &url, &base);
    }
    buf_fini(&address);
    buf_fini(&page);
    arena_fini(&arena);
    mem_free(text);
    return 0;
}
