/* SPDX-License-Identifier: MIT */
/* load_fetch.c - a page fetched by libcurl and read by the rules run natively; no Chrome has a part
 * in it.
 *
 * The answer of native_extract() is the JSON of extract.js, so it is read by the same extract_read().
 * Reading takes milliseconds and is done in the loop's thread.
 */
#include "base/clock.h"
#include "base/fetch.h"
#include "base/jdoc.h"
#include "base/str.h"
#include "crawl/fetcher.h"
#include "crawl/load_priv.h"
#include "crawl/native.h"

#include <time.h>

enum {
    PAGE_MAX_BYTES = 8 << 20,
    ANSWER_MAX_BYTES = 32 << 20,
    MAX_REDIRECTS = 10,
};

/* As Chrome sends it (chrome-flags.conf): boards choose their language by it. */
static const char accept_language[] = "ko-KR,ko;q=0.9,en;q=0.8";

static void on_fetched(const struct fetch_result *result, const struct err *err, void *ctx);

static void start(struct load *load)
{
    const struct fetcher_page *known =
        load->conditional ? fetcher_known(load->env.fetcher, load->url) : NULL;
    struct fetch_request request = {
        .url = load->url,
        .user_agent = fetcher_user_agent(load->env.fetcher),
        .accept_language = accept_language,
        .etag = known ? known->etag : NULL,
        .last_modified = known ? known->last_modified : NULL,
        .timeout_ms = load->env.config->page_timeout,
        .max_bytes = PAGE_MAX_BYTES,
        .max_redirects = MAX_REDIRECTS,
        .private_origin = load->own_origin,
    };

    load->fetch =
        fetch_start(fetcher_client(load->env.fetcher, load->site), &request, on_fetched, load);
}

static void stop(struct load *load)
{
    if (load->fetch)
        fetch_cancel(&load->fetch);
}

static int64_t cpu_ms(void)
{
    struct timespec now;

    check(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Nothing changed: the rows are those of the last reading, which are stored. */
static struct row_set *unchanged(const struct load *load, const struct fetcher_page *known)
{
    struct row_set *set = mem_new(struct row_set);

    arena_init(&set->arena);
    set->what = load->what;
    set->not_modified = true;
    set->status = 304;
    set->ready = true;
    set->url = arena_strdup(&set->arena, load->url);
    set->title = set->text_head = "";
    set->layout = known->layout;
    set->seen = known->rows;
    return set;
}

static int read_page(struct load *load, const struct fetch_result *result, struct err *err)
{
    struct native_page page = {
        .bytes = result->body,
        .len = result->body_len,
        .content_type = result->content_type,
        .url = result->url,
        .status = (int)result->status,
        .with_html = load->want_html,
    };
    size_t n;
    const struct site_layout *layouts = site_layouts(load->site, load->what, &n);
    struct jdoc *doc;
    struct buf json;
    int rc;

    buf_init(&json, ANSWER_MAX_BYTES);
    rc = native_extract(load->site, layouts, n, &page, &json, err);
    if (rc < 0 && result->status >= LOAD_FIRST_ERROR_STATUS) {
        buf_fini(&json);
        return load_read_status(load, (int)result->status, result->url, err);
    }
    if (rc == 0 && buf_overflowed(&json))
        rc = err_set(err, ERR_PROTOCOL, "%s: its rows take more than %d bytes", result->url,
                     ANSWER_MAX_BYTES);
    if (rc == 0 && (rc = jdoc_parse(json.data, json.len, &doc, err)) == 0) {
        rc = load_read(load, jdoc_root(doc), err);
        jdoc_free(&doc);
    }
    buf_fini(&json);
    return rc;
}

static void on_fetched(const struct fetch_result *result, const struct err *err, void *ctx)
{
    struct load *load = ctx;
    const struct fetcher_page *known;
    int64_t began_ms;
    struct err why;
    int rc;

    load->fetch = NULL;
    if (err) {
        why = *err;
        load_end(load, &why);
        return;
    }
    load_stage(load, LOAD_EXTRACTING);
    load->answer.retry_after_ms = result->retry_after_ms;
    known = load->conditional ? fetcher_known(load->env.fetcher, load->url) : NULL;
    if (result->status == 304 && known) {
        load->answer.rows = unchanged(load, known);
        load_end(load, NULL);
        return;
    }
    load->answer.etag = mem_strdup(result->etag);
    load->answer.last_modified = mem_strdup(result->last_modified);
    began_ms = cpu_ms();
    rc = read_page(load, result, &why);
    load->answer.cost.cpu_ms = cpu_ms() - began_ms;
    load_end(load, rc < 0 ? &why : NULL);
}

const struct load_ops load_fetch_ops = {.start = start, .stop = stop};
