/* SPDX-License-Identifier: MIT */
/* judge.c - one verdict per page; see judge.h for the marks. */
#include "crawl/judge.h"
#include "base/str.h"
#include "crawl/walls.h"

/* How much of a page stands in a message. */
enum { MAX_TITLE_BYTES = 80, MAX_TEXT_BYTES = 120 };

enum { BLANK_HTML_BYTES = 100 }; /* <html><head></head><body></body></html> has 39 */

static int refuse_wall(const struct row_set *page, enum wall wall, struct err *err)
{
    return err_set(err, ERR_BLOCKED, "%s: %s, status %d, \"%.*s\"", page->url, wall_name(wall),
                   page->status, (int)str_cut_utf8(page->title, MAX_TITLE_BYTES), page->title);
}

static int refuse_status(const struct row_set *page, struct err *err)
{
    enum wall wall = wall_of(page);

    if (page->status == 429)
        return err_set(err, ERR_RATE_LIMITED, "%s: status 429", page->url);
    if (wall)
        return refuse_wall(page, wall, err);
    if (page->status == 401 || page->status == 403 || page->status == 430)
        return err_set(err, ERR_BLOCKED, "%s: status %d, \"%s\"", page->url, page->status,
                       page->title);
    return err_set(err, ERR_HTTP_STATUS, "%s: status %d, \"%s\"", page->url, page->status,
                   page->title);
}

/* What the browser shows when a body could not be decoded, or ended before it began: nothing at
 * all. */
static bool is_blank(const struct row_set *page)
{
    return !*page->title && !*page->text_head && page->html_bytes <= BLANK_HTML_BYTES;
}

/* Nothing is known of a page that did not come in time, least of all that its board has changed. */
static int refuse_unfinished(const struct site *site, const struct row_set *page, struct err *err)
{
    return err_set(err, ERR_TIMEOUT,
                   "%s: still loading after %lld ms, and not what %s asks for so far (status %d)",
                   page->url, (long long)page->waited_ms, site->path, page->status);
}

static int refuse_unknown_page(const struct site *site, const struct row_set *page, struct err *err)
{
    enum wall wall = wall_of(page);

    if (is_blank(page))
        return err_set(err, ERR_NETWORK,
                       "%s: status %d and a blank page: the body was empty or broken", page->url,
                       page->status);
    if (wall)
        return refuse_wall(page, wall, err);
    if (page->unfinished)
        return refuse_unfinished(site, page, err);
    return err_set(err, ERR_DRIFT,
                   "%s: no layout of %s fits the page (status %d, title \"%.*s\", text \"%.*s\")",
                   page->url, site->path, page->status,
                   (int)str_cut_utf8(page->title, MAX_TITLE_BYTES), page->title,
                   (int)str_cut_utf8(page->text_head, MAX_TEXT_BYTES), page->text_head);
}

static bool is_absent_status(const struct site *site, int status)
{
    for (size_t i = 0; i < site->gone_status.n; i++)
        if (site->gone_status.items[i] == status)
            return true;
    return false;
}

enum store_verdict judge_post(const struct site *site, const struct row_set *page, struct err *err)
{
    bool is_absent = is_absent_status(site, page->status);

    if (page->status >= 400 && !is_absent) {
        check(refuse_status(page, err) < 0);
        return ALIVE_UNKNOWN;
    }
    if (page->layout && page->n > 0 && !is_absent)
        return page->rows[0].gone ? ALIVE_GONE_MARK : ALIVE_HERE;
    if (!page->layout && page->gone && !wall_of(page))
        return ALIVE_GONE_MARK;
    if (is_absent && !page->layout && !wall_of(page))
        return ALIVE_ABSENT;
    if (page->layout && page->unfinished)
        check(refuse_unfinished(site, page, err) < 0);
    else if (page->layout)
        err_set(err, ERR_DRIFT, "%s: a post of %s without what its rules require (status %d)",
                page->url, site->path, page->status);
    else
        check(refuse_unknown_page(site, page, err) < 0);
    return ALIVE_UNKNOWN;
}

int judge_page(const struct site *site, const struct row_set *page, struct err *err)
{
    if (page->not_modified)
        return 0;
    if (page->what == SITE_POST)
        return judge_post(site, page, err) == ALIVE_UNKNOWN ? -1 : 0;
    if (page->status >= 400)
        return refuse_status(page, err);
    if (!page->layout)
        return refuse_unknown_page(site, page, err);
    if (page->n >= site->min_rows && page->n > 0)
        return 0;
    if (!page->ready && page->waited_ms > 0)
        return err_set(err, ERR_TIMEOUT,
                       "%s: not ready after %lld ms (layout %s, %d rows, at least %d expected)",
                       page->url, (long long)page->waited_ms, page->layout, page->n,
                       site->min_rows);
    return err_set(err, ERR_EMPTY, "%s: layout %s gave %d rows of %d seen, at least %d expected",
                   page->url, page->layout, page->n, page->seen, site->min_rows);
}

bool judge_is_passing(enum err_code code, int status)
{
    switch (code) {
    case ERR_OOM:
    case ERR_JS_HEAP:
    case ERR_MEMORY_THRASH:
    case ERR_CRASHED:
    case ERR_BROWSER_EXIT:
    case ERR_NO_ANSWER:
    case ERR_PROTOCOL:
    case ERR_TIMEOUT:
    case ERR_NETWORK:
        return true;
    case ERR_HTTP_STATUS:
        /* The statuses that Scrapy retries, less those that mean "stay away". */
        return status == 408 || status == 500 || (status >= 502 && status <= 504) ||
               status == 522 || status == 524;
    default:
        return false;
    }
}

bool judge_is_trouble(const struct row_set *page, const struct err *err)
{
    if (!err)
        return false;
    if (!page)
        return err->code == ERR_NETWORK || err->code == ERR_TIMEOUT;
    return page->status >= 500 || err->code == ERR_BLOCKED || err->code == ERR_RATE_LIMITED ||
           err->code == ERR_NETWORK;
}

bool judge_may_be_drawn(enum err_code code)
{
    return code == ERR_DRIFT || code == ERR_EMPTY || code == ERR_TIMEOUT;
}
