/* SPDX-License-Identifier: MIT */
/* feeds.c - see feeds.h. The three forms tell the same of a deal: item_text(). */
#include "api/feeds.h"
#include "api/fill.h"
#include "api/filters.h"
#include "api/xml.h"
#include "base/str.h"
#include "base/weburl.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 100, BASE_MAX_BYTES = 300, BODY_MAX_BYTES = 4 << 20 };

enum feed_form { FEED_ATOM, FEED_RSS, FEED_JSON };

static const struct {
    const char *path, *type;
} forms[] = {
    [FEED_ATOM] = {"/feeds/atom.xml", "application/atom+xml; charset=utf-8"},
    [FEED_RSS] = {"/feeds/rss.xml", "application/rss+xml; charset=utf-8"},
    [FEED_JSON] = {"/feeds/feed.json", "application/feed+json; charset=utf-8"},
};

struct feed {
    enum feed_form form;
    int64_t limit;
    struct filters filters;
    char base[BASE_MAX_BYTES + 1]; /* of this service's addresses: "https://deals.example" */
};

/* A feed being written. */
struct writing {
    struct buf body;
    struct arena *arena;
    const struct feed *feed;
    const char *self, *title;
    int64_t updated_ms;
};

static void on_rows(const struct store_page *page, const struct err *err, void *ctx);

/* ---- what was asked -------------------------------------------------------------------------- */

/* Feeds need whole addresses. What the client calls us is good enough where the operator says nothing, as long
 * as it looks like a name: it is only told to that client and to those who call us the same. */
static void set_base(struct call *call, struct feed *feed)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
    const char *host = httpd_header(call->req, "Host");
    size_t len = host ? strlen(host) : 0;

    if (!str_empty(call->api->config->api_public_url))
        snprintf(feed->base, sizeof(feed->base), "%s", call->api->config->api_public_url);
    else if (len > 0 && len < 256 && strspn(host, allowed) == len)
        snprintf(feed->base, sizeof(feed->base), "http://%s", host);
    else
        snprintf(feed->base, sizeof(feed->base), "http://localhost");
    len = strlen(feed->base);
    if (len && feed->base[len - 1] == '/')
        feed->base[len - 1] = '\0';
}

int feeds_accept(const char *public_url, struct err *err)
{
    struct arena arena;
    struct weburl url;
    int rc = 0;

    arena_init(&arena);
    if (!str_empty(public_url) &&
        (strlen(public_url) > BASE_MAX_BYTES || !weburl_parse(&arena, public_url, NULL, NULL, NULL, &url) ||
         url.query || url.fragment))
        rc = err_set(err, ERR_CONFIG,
                     "api_public_url: \"%.*s\": expected an address like https://deals.example",
                     (int)str_cut_utf8(public_url, BASE_MAX_BYTES), public_url);
    arena_fini(&arena);
    return rc;
}

static void fill_feed(struct api *api, const void *arg, struct cache_fill *fill)
{
    const struct feed *feed = arg;
    const struct store_find find = filters_find(&feed->filters, (int)feed->limit);

    (void)api;
    fill_by_find(fill, &find, feed, on_rows);
}

static void respond_feed(struct call *call, enum feed_form form)
{
    static const char *const known[] = {"limit", FILTERS_NAMES};
    struct feed feed = {.form = form, .limit = DEFAULT_LIMIT};
    const struct cache_source source = {.subject = CACHE_OF_DEALS,
                                        .life = CACHE_MINUTE,
                                        .content_type = forms[form].type,
                                        .fill = fill_feed,
                                        .arg = &feed,
                                        .arg_bytes = sizeof(feed)};
    struct arena *arena = &call->req->arena;
    struct err err;

    if (params_only(&call->params, known, ARRAY_LEN(known), &err) < 0 ||
        params_int(&call->params, "limit", 1, MAX_LIMIT, &feed.limit, &err) < 0 ||
        filters_parse(&feed.filters, &call->params, arena, call->api->zone, &err) < 0) {
        respond_error(call->req, call->style, 400, err.text, call->params.wrong);
        return;
    }
    set_base(call, &feed);
    cache_respond(call,
                  arena_printf(arena, "%s?%lld&%s&%s", forms[form].path, (long long)feed.limit, feed.base,
                               filters_key(&feed.filters, arena)),
                  &source);
}

void feeds_atom(struct call *call)
{
    respond_feed(call, FEED_ATOM);
}

void feeds_rss(struct call *call)
{
    respond_feed(call, FEED_RSS);
}

void feeds_json(struct call *call)
{
    respond_feed(call, FEED_JSON);
}

/* ---- what all three tell --------------------------------------------------------------------- */

static const char *utc_text(struct writing *w, int64_t ms)
{
    char text[CLOCK_RFC3339_BYTES];

    clock_format_utc_ms(ms, text);
    return arena_strdup(w->arena, text);
}

/* RFC 822 section 5 with a year of four digits. */
static const char *mail_time(struct writing *w, int64_t ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct clock_civil c;

    clock_to_local(NULL, ms, &c);
    return arena_printf(w->arena, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[c.weekday], c.day,
                        months[c.month - 1], c.year, c.hour, c.minute, c.second);
}

static int64_t published_ms(const struct deal *deal)
{
    return deal->row.posted_at_ms == CLOCK_NONE ? deal->sort_at_ms : deal->row.posted_at_ms;
}

/* RFC 4151; the same wherever this deal is shown. */
static const char *item_id(struct writing *w, const struct deal *deal)
{
    const char *text;
    struct buf id;

    buf_init(&id, BUF_MAX_DEFAULT);
    buf_adds(&id, "tag:catchdeal,2019:");
    buf_add_urlenc(&id, deal->row.product_id);
    text = arena_strdup(w->arena, buf_str(&id));
    buf_fini(&id);
    return text;
}

static const char *item_title(struct writing *w, const struct deal *deal)
{
    return arena_printf(w->arena, "%s%s", deal->is_deleted     ? "[삭제] "
                                          : deal->row.sold_out ? "[품절] "
                                                               : "",
                        deal->row.title);
}

/* "뽐뿌 · 11번가 · 12900 KRW" */
static const char *item_text(struct writing *w, const struct deal *deal)
{
    const struct deal_row *row = &deal->row;
    const char *price = "", *text;
    int64_t e2 = row->price_e2;

    if (e2 != DEAL_UNKNOWN && e2 >= 0)
        price = e2 % 100 ? arena_printf(w->arena, " · %lld.%02lld %s", (long long)(e2 / 100),
                                        (long long)(e2 % 100), row->currency ? row->currency : "")
                         : arena_printf(w->arena, " · %lld %s", (long long)(e2 / 100),
                                        row->currency ? row->currency : "");
    text = arena_printf(w->arena, "%s%s%s%s%s%s", row->website, row->mall ? " · " : "",
                        row->mall ? row->mall : "", row->category ? " · " : "",
                        row->category ? row->category : "", price);
    return text;
}

static const char *feed_title(struct arena *arena, const struct filters *filters)
{
    const char *parts[] = {filters->site, filters->website, filters->word};
    const char *title = "CatchDeal";

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (*parts[i])
            title = arena_printf(arena, "%s · %s", title, parts[i]);
    return title;
}

/* ---- Atom ------------------------------------------------------------------------------------ */

static void add_link(struct buf *out, const char *rel, const char *type, const char *href)
{
    buf_addf(out, "<link rel=\"%s\"%s%s%s href=\"", rel, type ? " type=\"" : "", type ? type : "",
             type ? "\"" : "");
    xml_add(out, href);
    buf_adds(out, "\"/>\n");
}

static void add_atom_entry(struct writing *w, const struct deal *deal)
{
    const struct deal_row *row = &deal->row;
    struct buf *out = &w->body;

    buf_adds(out, "<entry>\n");
    xml_add_element(out, "id", item_id(w, deal));
    xml_add_element(out, "title", item_title(w, deal));
    xml_add_element(out, "updated", utc_text(w, deal->updated_at_ms));
    xml_add_element(out, "published", utc_text(w, published_ms(deal)));
    add_link(out, "alternate", NULL, row->url);
    if (row->redirect_url)
        add_link(out, "related", NULL, row->redirect_url);
    buf_adds(out, "<category term=\"");
    xml_add(out, row->site);
    buf_adds(out, "\" label=\"");
    xml_add(out, row->website);
    buf_adds(out, "\"/>\n");
    xml_add_element(out, "summary", item_text(w, deal));
    buf_adds(out, "</entry>\n");
}

static void write_atom(struct writing *w, const struct store_page *page)
{
    struct buf *out = &w->body;

    buf_adds(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                  "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"ko\">\n");
    xml_add_element(out, "id", w->self);
    xml_add_element(out, "title", w->title);
    xml_add_element(out, "updated", utc_text(w, w->updated_ms));
    add_link(out, "self", "application/atom+xml", w->self);
    add_link(out, "alternate", "text/html", arena_printf(w->arena, "%s/", w->feed->base));
    buf_adds(out, "<author><name>CatchDeal</name></author>\n<generator>CatchDeal</generator>\n");
    for (int i = 0; i < page->n; i++)
        add_atom_entry(w, &page->deals[i]);
    buf_adds(out, "</feed>\n");
}

/* ---- RSS ------------------------------------------------------------------------------------- */

static void add_rss_item(struct writing *w, const struct deal *deal)
{
    struct buf *out = &w->body;

    buf_adds(out, "<item>\n");
    xml_add_element(out, "title", item_title(w, deal));
    xml_add_element(out, "link", deal->row.url);
    xml_add_element(out, "description", item_text(w, deal));
    xml_add_element(out, "category", deal->row.website);
    buf_adds(out, "<guid isPermaLink=\"false\">");
    xml_add(out, item_id(w, deal));
    buf_adds(out, "</guid>\n");
    xml_add_element(out, "pubDate", mail_time(w, published_ms(deal)));
    buf_adds(out, "</item>\n");
}

static void write_rss(struct writing *w, const struct store_page *page)
{
    struct buf *out = &w->body;

    buf_adds(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                  "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n");
    xml_add_element(out, "title", w->title);
    xml_add_element(out, "link", arena_printf(w->arena, "%s/", w->feed->base));
    xml_add_element(out, "description", "여러 게시판의 핫딜");
    xml_add_element(out, "language", "ko");
    xml_add_element(out, "lastBuildDate", mail_time(w, w->updated_ms));
    buf_adds(out, "<atom:link rel=\"self\" type=\"application/rss+xml\" href=\"");
    xml_add(out, w->self);
    buf_adds(out, "\"/>\n<generator>CatchDeal</generator>\n<ttl>5</ttl>\n");
    for (int i = 0; i < page->n; i++)
        add_rss_item(w, &page->deals[i]);
    buf_adds(out, "</channel>\n</rss>\n");
}

/* ---- JSON Feed ------------------------------------------------------------------------------- */

static void add_member(struct buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    buf_addf(out, "\"%s\":", name);
    buf_add_json(out, value);
    buf_addc(out, ',');
}

static void add_json_item(struct writing *w, const struct deal *deal)
{
    const struct deal_row *row = &deal->row;
    struct buf *out = &w->body;

    buf_addc(out, '{');
    add_member(out, "id", item_id(w, deal));
    add_member(out, "url", row->url);
    add_member(out, "external_url", row->redirect_url);
    add_member(out, "title", item_title(w, deal));
    add_member(out, "content_text", item_text(w, deal));
    add_member(out, "image", row->image_url);
    add_member(out, "date_published", utc_text(w, published_ms(deal)));
    add_member(out, "date_modified", utc_text(w, deal->updated_at_ms));
    buf_adds(out, "\"tags\":[");
    buf_add_json(out, row->website);
    buf_adds(out, "]}");
}

static void write_json(struct writing *w, const struct store_page *page)
{
    struct buf *out = &w->body;

    buf_adds(out, "{\"version\":\"https://jsonfeed.org/version/1.1\",");
    add_member(out, "title", w->title);
    add_member(out, "home_page_url", arena_printf(w->arena, "%s/", w->feed->base));
    add_member(out, "feed_url", w->self);
    buf_adds(out, "\"language\":\"ko\",\"authors\":[{\"name\":\"CatchDeal\"}],\"items\":[");
    for (int i = 0; i < page->n; i++) {
        if (i)
            buf_addc(out, ',');
        add_json_item(w, &page->deals[i]);
    }
    buf_adds(out, "]}");
}

/* ---------------------------------------------------------------------------------------------- */

static void on_rows(const struct store_page *page, const struct err *err, void *ctx)
{
    struct filling *filling = ctx;
    const struct feed *feed = filling->asked;
    struct writing w = {.arena = cache_fill_arena(filling->fill), .feed = feed};

    if (!fill_answered(filling, err))
        return;
    w.self = arena_printf(w.arena, "%s%s%s", feed->base, forms[feed->form].path,
                          filters_query(&feed->filters, w.arena));
    w.title = feed_title(w.arena, &feed->filters);
    for (int i = 0; i < page->n; i++)
        if (page->deals[i].updated_at_ms > w.updated_ms)
            w.updated_ms = page->deals[i].updated_at_ms;
    buf_init(&w.body, BODY_MAX_BYTES);
    if (feed->form == FEED_ATOM)
        write_atom(&w, page);
    else if (feed->form == FEED_RSS)
        write_rss(&w, page);
    else
        write_json(&w, page);
    cache_fill_done(filling->fill, &w.body);
}
