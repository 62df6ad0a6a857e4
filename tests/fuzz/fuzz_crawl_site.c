/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_site.c - site.conf: a loaded site is whole and its rules are JSON; a refused one says
 * where. */
#include "fuzz.h"
#include "base/jdoc.h"
#include "base/str.h"
#include "crawl/site.h"

#include <string.h>

#define PATH "fuzz/site.conf"

static void on_problem(const char *message, void *ctx)
{
    check(str_starts(message, PATH ":"));
    ++*(int *)ctx;
}

/* What extract.js gets holds every layout and field. */
static void check_rules(const struct site *site, enum site_what what)
{
    const struct jval *json_layout;
    struct jdoc *doc;
    struct buf json;
    struct err err;
    size_t n;
    const struct site_layout *layouts = site_layouts(site, what, &n);

    buf_init(&json, BUF_MAX_DEFAULT);
    site_rules_json(site, what, 1000, false, &json);
    check(fuzz_json_is_sound(json.data, json.len));
    check(jdoc_parse(json.data, json.len, &doc, &err) == 0);
    json_layout = jval_first(jval_get(jdoc_root(doc), "layouts"));
    for (size_t i = 0; i < n; i++, json_layout = jval_next(json_layout)) {
        check(str_eq(jval_get_str(json_layout, "name", NULL), layouts[i].name));
        check(jval_count(jval_get(json_layout, "fields")) == layouts[i].n_fields);
    }
    check(!json_layout);
    jdoc_free(&doc);
    buf_fini(&json);
}

static void check_post(const struct site *site)
{
    if (!site->post)
        return;
    check(site->post->match && site->post->ready && site->post_max >= 0);
    for (size_t k = 0; k < site->post->n_fields; k++)
        check(site->post->fields[k].n_css > 0 && !str_eq(site->post->fields[k].name, "key"));
    check_rules(site, SITE_POST);
}

static void check_layouts(const struct site *site)
{
    for (size_t i = 0; i < site->n_layouts; i++) {
        const struct site_layout *layout = &site->layouts[i];
        const char *value;
        char *rule = mem_printf("%s.rows", layout->name);

        check(layout->match && layout->ready && layout->rows && layout->n_fields >= 3);
        check(site_rule_line(site, rule, 0, &value) > layout->line && str_eq(value, layout->rows));
        for (size_t k = 0; k < layout->n_fields; k++)
            check(layout->fields[k].n_css > 0 && layout->fields[k].css[0].selector);
        mem_free(rule);
    }
}

static void check_addresses(const struct site *site)
{
    static const char *const origins[] = {NULL, "http://x.localhost:1", "http://x.localhost:1/"};

    for (size_t i = 0; i < ARRAY_LEN(origins); i++) {
        struct buf url;

        buf_init(&url, BUF_MAX_DEFAULT);
        site_list_url(site, site->first_page, origins[i], &url);
        check(str_starts(buf_str(&url), origins[i] ? "http://x.localhost:1" : "http"));
        check(!strstr(buf_str(&url), "{page}") && !strpbrk(buf_str(&url), " \t\n"));
        if (origins[i])
            check(strchr("/?#", buf_str(&url)[strlen("http://x.localhost:1")]));
        buf_fini(&url);
    }
}

static void check_site(const struct site *site)
{
    check(site->name && *site->name && site->id_prefix && site->zone && site->list_url);
    check(site->pages.from >= 0 && site->pages.from <= site->pages.to && site->min_delay_ms >= 0);
    check(site->n_layouts > 0);
    check_layouts(site);
    check_rules(site, SITE_LIST);
    check_post(site);
    check_addresses(site);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct site *site;
    struct err err;
    int problems = 0;
    int rc = site_load_text(PATH, "fuzz", text, on_problem, &problems, &site, &err);

    check((rc == 0) == (problems == 0) && (rc == 0) == (site != NULL));
    if (rc == 0)
        check_site(site);
    else
        check(err.code == ERR_SITE && str_starts(err.text, PATH ":"));
    site_free(&site);
    mem_free(text);
    return 0;
}
