/* SPDX-License-Identifier: MIT */
/* load.c - what both ways of loading share: the beginning, the reading of the answer, the end. */
#include "crawl/load_priv.h"
#include "base/log.h"
#include "base/retry_after.h"

const char *load_by_name(enum load_by by)
{
    return by == LOAD_FETCH ? "fetch" : "chrome";
}

struct load *load_start(const struct crawl_env *env, const struct load_request *request,
                        const struct load_events *events, void *ctx)
{
    struct load *load = mem_new(struct load);

    load->ops = request->by == LOAD_FETCH ? &load_fetch_ops : &load_chrome_ops;
    load->env = *env;
    load->site = request->site;
    load->url = mem_strdup(request->url);
    load->own_origin = mem_strdup(request->own_origin);
    load->what = request->what;
    load->by = request->by;
    load->want_html = request->want_html;
    load->conditional = request->conditional;
    load->answer.retry_after_ms = RETRY_AFTER_NONE;
    load->events = *events;
    load->ctx = ctx;
    load->ops->start(load);
    return load;
}

void load_stage(struct load *load, enum load_stage stage)
{
    if (load->events.on_stage)
        load->events.on_stage(stage, load->ctx);
}

static void log_read(const struct load *load, const struct row_set *rows)
{
    log_debug("load", "page read",
              "site=%s by=%s layout=%s status=%d rows=%d seen=%d duplicates=%d waited_ms=%lld",
              load->site->id, load_by_name(load->by), rows->layout ? rows->layout : "none",
              rows->status, rows->n, rows->seen, rows->duplicates, (long long)rows->waited_ms);
}

int load_read(struct load *load, const struct jval *result, struct err *err)
{
    int rc = load->what == SITE_POST
                 ? extract_read_post(load->site, result, clock_wall_ms(), &load->answer.rows, err)
                 : extract_read(load->site, result, clock_wall_ms(), &load->answer.rows, err);

    if (rc < 0)
        return -1;
    log_read(load, load->answer.rows);
    return 0;
}

int load_read_status(struct load *load, int status, const char *url, struct err *err)
{
    struct jdoc *doc;
    struct buf json;
    int rc;

    buf_init(&json, BUF_MAX_DEFAULT);
    buf_addf(&json, "{\"status\":%d,\"url\":", status);
    buf_add_json(&json, url);
    buf_adds(&json, ",\"title\":\"\",\"layout\":null,\"rows\":[]}");
    rc = jdoc_parse(json.data, json.len, &doc, err);
    if (rc == 0) {
        rc = load_read(load, jdoc_root(doc), err);
        jdoc_free(&doc);
    }
    buf_fini(&json);
    return rc;
}

void load_end(struct load *load, const struct err *err)
{
    load->ops->stop(load);
    load->events.on_done(&load->answer, err, load->ctx);
}

void load_free(struct load **load_ptr, struct lease_cost *cost_out)
{
    struct load *load = *load_ptr;

    if (!load)
        return;
    *load_ptr = NULL;
    load->ops->stop(load);
    if (cost_out)
        *cost_out = load->answer.cost;
    row_set_free(&load->answer.rows);
    mem_free(load->answer.etag);
    mem_free(load->answer.last_modified);
    mem_free(load->url);
    mem_free(load->own_origin);
    mem_free(load);
}
