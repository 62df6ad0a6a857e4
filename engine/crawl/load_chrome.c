/* SPDX-License-Identifier: MIT */
/* load_chrome.c - a page rendered in a tab of the pool and read by extract.js.
 *
 * Every step ends in end_by_chrome() or in the next step. The tab goes back as healthy unless the
 * page itself failed in it. Crashes are told to the quarantine here, where it is known whether they
 * were this page's.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "chrome/tab.h"
#include "crawl/load_priv.h"
#include "crawl/quarantine.h"

enum {
    LEASE_WAIT_MS = 15 * 60 * 1000, /* behind other jobs; queueing is no part of page_timeout */
    LEASE_SLACK_MS = 8000,    /* a tab may take 4 s past its deadline to tell a hang from a delay */
    EXTRACT_MARGIN_MS = 1000, /* the in-page program answers so long before its call times out */
    EXTRACT_MIN_MS = 500,
    RULES_MAX_BYTES = 1 << 20,
};

static void on_granted(struct lease *lease, const struct err *err, void *ctx);
static void on_lease_lost(const struct err *why, void *ctx);
static void on_navigated(const struct err *err, void *ctx);
static void on_extracted(const struct jval *value, const struct err *err, void *ctx);

static void give_back(struct load *load, bool healthy)
{
    if (!load->lease)
        return;
    lease_cost(load->lease, &load->answer.cost);
    pool_return(&load->lease, healthy);
}

static void end_by_chrome(struct load *load, const struct err *err, bool healthy)
{
    give_back(load, healthy);
    load_end(load, err);
}

/* ---- a tab ----------------------------------------------------------------------------------- */

static void on_no_pool(void *ctx)
{
    struct load *load = ctx;

    load_end(load, &load->env.no_pool);
}

static void start(struct load *load)
{
    struct lease_request request = {
        .site = load->site->id,
        .url = load->url,
        .wait_ms = LEASE_WAIT_MS,
        .hold_ms = load->env.config->page_timeout + LEASE_SLACK_MS,
    };
    struct lease_events events = {.on_granted = on_granted, .on_lost = on_lease_lost};

    if (!load->env.pool) {
        load->no_pool = loop_timer_new(load->env.loop, on_no_pool, load);
        loop_timer_start(load->no_pool, 0);
        return;
    }
    load->lease = pool_lease(load->env.pool, &request, &events, load);
}

static void stop(struct load *load)
{
    loop_timer_free(&load->no_pool);
    give_back(load, false);
}

/* Several pages of one browser end with it, and nothing tells which of them it was. */
static bool is_alone_in_browser(const struct load *load)
{
    return load->env.config->tabs_per_browser == 1;
}

/* Only the browser's end or the deadline comes here: while a lease is held the tab is always busy,
 * and a crash of its own ends what it is busy with. */
static void on_lease_lost(const struct err *why, void *ctx)
{
    struct load *load = ctx;

    if (is_alone_in_browser(load))
        quarantine_note(load->env.quarantine, load->url, why);
    end_by_chrome(load, why, false);
}

/* ---- the page -------------------------------------------------------------------------------- */

static int64_t time_left_ms(const struct load *load)
{
    int64_t left_ms = load->deadline_ms - clock_mono_ms();

    return left_ms > 1 ? left_ms : 1;
}

static void on_granted(struct lease *lease, const struct err *err, void *ctx)
{
    struct load *load = ctx;
    struct tab_page page = {
        .url = load->url,
        .own_origin = load->own_origin,
        .viewport_w = load->site->viewport_width,
        .viewport_h = load->site->viewport_height,
        .tell_dialog = load->what == SITE_POST && load->site->gone_dialog.n > 0,
    };

    if (err) {
        end_by_chrome(load, err, true);
        return;
    }
    load_stage(load, LOAD_NAVIGATING);
    load->deadline_ms = clock_mono_ms() + load->env.config->page_timeout;
    page.timeout_ms = time_left_ms(load);
    tab_navigate(lease_tab(lease), &page, on_navigated, load);
}

/* A tab that is not lost itself was taken along by its browser. */
static void note_tab_end(struct load *load, const struct err *err)
{
    if (tab_is_lost(lease_tab(load->lease)) || is_alone_in_browser(load))
        quarantine_note(load->env.quarantine, load->url, err);
}

static void on_navigated(const struct err *err, void *ctx)
{
    struct load *load = ctx;
    int64_t left_ms = time_left_ms(load);
    int64_t extract_ms = left_ms - EXTRACT_MARGIN_MS;
    struct buf args;

    if (err) {
        note_tab_end(load, err);
        end_by_chrome(load, err, err->code == ERR_NETWORK);
        return;
    }
    load_stage(load, LOAD_SETTLING);
    buf_init(&args, RULES_MAX_BYTES);
    buf_addc(&args, '[');
    site_rules_json(load->site, load->what,
                    extract_ms > EXTRACT_MIN_MS ? extract_ms : EXTRACT_MIN_MS, load->want_html,
                    &args);
    buf_addc(&args, ']');
    check(!buf_overflowed(&args));
    tab_call(lease_tab(load->lease), extract_program(), buf_str(&args), left_ms, on_extracted,
             load);
    buf_fini(&args);
}

/* Documents that replaced each other until the deadline, the last of them an error page: it is the
 * server that does not want. */
static bool is_refused(const struct load *load, const struct err *err)
{
    return err->code == ERR_TIMEOUT &&
           tab_status(lease_tab(load->lease)) >= LOAD_FIRST_ERROR_STATUS;
}

static void end_refused(struct load *load)
{
    const struct tab *tab = lease_tab(load->lease);
    struct err why;

    load_stage(load, LOAD_EXTRACTING);
    load->answer.retry_after_ms = tab_retry_after_ms(tab);
    if (load_read_status(load, tab_status(tab), load->url, &why) < 0)
        end_by_chrome(load, &why, false);
    else
        end_by_chrome(load, NULL, false);
}

static void on_extracted(const struct jval *value, const struct err *err, void *ctx)
{
    struct load *load = ctx;
    struct err why;

    if (err && is_refused(load, err)) {
        end_refused(load);
        return;
    }
    if (err) {
        note_tab_end(load, err);
        end_by_chrome(load, err, false);
        return;
    }
    load_stage(load, LOAD_EXTRACTING);
    load->answer.retry_after_ms = tab_retry_after_ms(lease_tab(load->lease));
    quarantine_clear(load->env.quarantine, load->url);
    end_by_chrome(load, load_read(load, value, &why) < 0 ? &why : NULL, true);
}

const struct load_ops load_chrome_ops = {.start = start, .stop = stop};
