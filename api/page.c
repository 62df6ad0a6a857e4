/* SPDX-License-Identifier: MIT */
/* page.c - see page.h. Files go through the cache for the sake of its ETag and compression. */
#include "api/page.h"
#include "api/cache.h"
#include "base/buf.h"
#include "base/str.h"

#include "gen/deal_js.h"
#include "gen/dom_js.h"
#include "gen/early_js.h"
#include "gen/favicon_svg.h"
#include "gen/feed_js.h"
#include "gen/index_html.h"
#include "gen/keys_js.h"
#include "gen/live_js.h"
#include "gen/main_js.h"
#include "gen/prefs_js.h"
#include "gen/server_js.h"
#include "gen/style_css.h"
#include "gen/words_js.h"

#include <string.h>

/* Everything that the page needs comes from its own address, no text becomes markup or code, and nothing may frame it. */
#define POLICY                                                                            \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "       \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "                       \
    "require-trusted-types-for 'script'; trusted-types 'none'; img-src 'self'"

/* Stands in index.html where the hosts belong. */
#define HOSTS_MARK "@IMAGE_HOSTS@"

#define HTML "text/html; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"

enum { FILE_MAX_BYTES = 1 << 20, MAX_HOSTS = 50, HOST_MAX_BYTES = 253, N_HEADERS = 3 };

struct page {
    char *hosts; /* a blank before each */
    char *policy;
    char *index;
    struct httpd_header headers[N_HEADERS];
};

/* The arrays end in a NUL that is no part of the file. */
static const struct page_file {
    const char *name, *content_type, *text;
} files[] = {
    {"main.js", SCRIPT, main_js},       {"early.js", SCRIPT, early_js},
    {"words.js", SCRIPT, words_js},     {"dom.js", SCRIPT, dom_js},
    {"deal.js", SCRIPT, deal_js},       {"feed.js", SCRIPT, feed_js},
    {"server.js", SCRIPT, server_js},   {"live.js", SCRIPT, live_js},
    {"keys.js", SCRIPT, keys_js},       {"prefs.js", SCRIPT, prefs_js},
    {"style.css", "text/css; charset=utf-8", style_css},
};

static const struct page_file icon = {"favicon.svg", "image/svg+xml", favicon_svg};

/* ---- hosts of pictures ----------------------------------------------------------------------- */

/* img.example, *.img.example, img.example:8080, in lower case: nothing that could end the directive. */
static bool is_host(const char *text)
{
    const char *name = str_starts(text, "*.") ? text + 2 : text;
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    const char *port = name + len;

    if (len == 0 || len > HOST_MAX_BYTES || name[0] == '.' || name[0] == '-')
        return false;
    if (!*port)
        return true;
    return *port == ':' && port[1] && strlen(port) <= 6 &&
           strspn(port + 1, "0123456789") == strlen(port + 1);
}

static int add_hosts(struct buf *out, char *list, struct err *err)
{
    int n = 0;

    for (char *host; (host = str_next(&list, ','));) {
        host = str_trim(host);
        if (!*host)
            continue;
        if (!is_host(host))
            return err_set(err, ERR_CONFIG,
                           "'%s' is no host such as img.example, *.img.example or img.example:8080 "
                           "(lower case, without scheme and path)",
                           host);
        if (++n > MAX_HOSTS)
            return err_set(err, ERR_CONFIG, "more than %d hosts", MAX_HOSTS);
        buf_addf(out, " %s", host);
    }
    return 0;
}

static char *read_hosts(const char *list, struct err *err)
{
    char *copy = mem_strdup(list);
    struct buf hosts;
    int rc;

    buf_init(&hosts, BUF_MAX_DEFAULT);
    rc = add_hosts(&hosts, copy, err);
    mem_free(copy);
    if (rc == 0) {
        char *text = mem_strdup(buf_str(&hosts));

        buf_fini(&hosts);
        return text;
    }
    buf_fini(&hosts);
    err_prefix(err, "page_image_hosts");
    return NULL;
}

/* ---- the page -------------------------------------------------------------------------------- */

int page_new(const struct config *config, struct page **out, struct err *err)
{
    char *hosts = read_hosts(config->page_image_hosts, err);
    const char *mark = strstr(index_html, HOSTS_MARK);
    struct page *page;

    if (!hosts)
        return -1;
    check(mark);
    page = mem_new(struct page);
    page->hosts = hosts;
    page->policy = mem_printf("%s%s", POLICY, hosts);
    page->index = mem_printf("%.*s%s%s", (int)(mark - index_html), index_html,
                             *hosts ? hosts + 1 : "", mark + strlen(HOSTS_MARK));
    page->headers[0] = (struct httpd_header){"Content-Security-Policy", page->policy};
    page->headers[1] = (struct httpd_header){"Referrer-Policy", "no-referrer"};
    page->headers[2] = (struct httpd_header){"Cross-Origin-Opener-Policy", "same-origin"};
    *out = page;
    return 0;
}

void page_free(struct page **page_ptr)
{
    struct page *page = *page_ptr;

    if (!page)
        return;
    mem_free(page->hosts);
    mem_free(page->policy);
    mem_free(page->index);
    mem_free(page);
    *page_ptr = NULL;
}

static void fill_text(struct api *api, const void *arg, struct cache_fill *fill)
{
    const char *const *text = arg;
    struct buf body;

    (void)api;
    buf_init(&body, FILE_MAX_BYTES);
    buf_adds(&body, *text);
    cache_fill_done(fill, &body);
}

static void respond_text(struct call *call, const char *name, const char *content_type,
                         const char *text)
{
    const struct cache_source source = {.subject = CACHE_OF_PROGRAM,
                                        .life = CACHE_GENERATION,
                                        .content_type = content_type,
                                        .more = call->api->page->headers,
                                        .n_more = N_HEADERS,
                                        .fill = fill_text,
                                        .arg = &text,
                                        .arg_bytes = sizeof(text)};

    cache_respond(call, arena_printf(&call->req->arena, "page/%s", name), &source);
}

void page_index(struct call *call)
{
    respond_text(call, "index.html", HTML, call->api->page->index);
}

void page_icon(struct call *call)
{
    respond_text(call, icon.name, icon.content_type, icon.text);
}

void page_file(struct call *call)
{
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (str_eq(files[i].name, call->args[0])) {
            respond_text(call, files[i].name, files[i].content_type, files[i].text);
            return;
        }
    }
    respond_error(call->req, call->style, 404, "없는 주소입니다.", NULL);
}
