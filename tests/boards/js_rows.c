/* SPDX-License-Identifier: MIT */
/* js_rows.c - the form of list that the boards of the JavaScript variants share. */
#include "boards/js_rows.h"

#include <stdio.h>

enum { BACKGROUND_EVERY = 3 /* lazy: each third picture is a background */ };

static void title_of(const struct deal *d, char *title, size_t size)
{
    snprintf(title, size, "%s%s%s%s", d->mall[0] ? "[" : "", d->mall, d->mall[0] ? "] " : "",
             d->product);
}

static void draw_picture(struct out *o, const struct deal *d, const struct js_row_form *form,
                         size_t index)
{
    if (form->lazy && index % BACKGROUND_EVERY == BACKGROUND_EVERY - 1) {
        out_printf(o,
                   "  <a class=\"deal-link\" href=\"/deal/%ld\" "
                   "style=\"background-image:url(/thumb/%ld.jpg)\"></a>\n",
                   d->id, d->id);
        return;
    }
    out_printf(o, "  <a class=\"deal-link\" href=\"/deal/%ld\">", d->id);
    if (d->has_image && form->lazy)
        out_printf(
            o, "<img class=\"thumb\" src=\"/transparent.gif\" data-original=\"/thumb/%ld.jpg\">",
            d->id);
    else if (d->has_image)
        out_printf(o, "<img class=\"thumb\" src=\"/thumb/%ld.jpg\">", d->id);
    out_str(o, "</a>\n");
}

static void draw_counts(struct out *o, const struct deal *d, const struct js_row_form *form)
{
    if (form->counts_later) {
        out_str(o, "  <span class=\"views\">-</span> <span class=\"comments\">-</span> <span "
                   "class=\"likes\">-</span>\n");
        return;
    }
    out_str(o, "  <span class=\"views\">");
    out_grouped(o, d->view);
    out_printf(o, "</span> <span class=\"comments\">%ld</span> <span class=\"likes\">%ld</span>\n",
               d->comment, d->like);
}

void js_draw_row(struct page *p, struct out *o, const struct deal *d,
                 const struct js_row_form *form, size_t index)
{
    char full[32], when[16];

    page_time(d->posted_at, "%Y-%m-%dT%H:%M:%S+09:00", full, sizeof(full));
    page_short_time(p, d->posted_at, "%H:%M", "%m-%d", when, sizeof(when));
    out_printf(o, "<li class=\"deal%s\" data-id=\"%ld\">\n", d->sold_out ? " sold-out" : "", d->id);
    draw_picture(o, d, form, index);
    out_printf(o, "  <a class=\"title\" href=\"/deal/%ld\">", d->id);
    if (d->mall[0]) {
        out_str(o, "<span class=\"mall\">[");
        out_html(o, d->mall, false);
        out_str(o, "]</span> ");
    }
    out_html(o, d->product, false);
    out_str(o, "</a>\n");
    if (d->price[0])
        out_printf(o, "  <span class=\"price\">%s</span>", d->price);
    out_printf(
        o,
        " <span class=\"category\">%s</span>\n  <time class=\"posted\" datetime=\"%s\">%s</time>\n",
        p->rule.categories[d->kind], full, when);
    draw_counts(o, d, form);
    out_str(o, "</li>\n");
}

void js_add_truth(struct page *p, const struct deal *d, const struct js_row_form *form,
                  size_t index)
{
    char title[800], path[48], image[160], mall[72], when[16];
    bool background = form->lazy && index % BACKGROUND_EVERY == BACKGROUND_EVERY - 1;
    struct truth_row row = {
        .title = title,
        .path = path,
        .href = path,
        .view = d->view,
        .dislike = -1,
        .time_text = when,
        .posted_at = d->posted_at,
        .image = d->has_image || background ? image : NULL,
        .mall = d->mall[0] ? mall : NULL,
        .category = p->rule.categories[d->kind],
        .price_text = d->price[0] ? d->price : NULL,
    };

    title_of(d, title, sizeof(title));
    snprintf(path, sizeof(path), "/deal/%ld", d->id);
    snprintf(image, sizeof(image), "http://%s/thumb/%ld.jpg", p->request->host, d->id);
    snprintf(mall, sizeof(mall), "%s", d->mall);
    page_short_time(p, d->posted_at, "%H:%M", "%m-%d", when, sizeof(when));
    page_add_deal(p, d, &row);
}

void js_draw_head(struct page *p)
{
    page_printf(p,
                "<!doctype html>\n<html lang=\"ko\">\n<head>\n<meta charset=\"%s\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, "
                "initial-scale=1\">\n<title>%s</title>\n",
                p->board->cp949 ? "euc-kr" : "utf-8", p->board->title);
    page_raw(p, "<style>.deal { min-height: 48px } .deal-link { display: block; width: 60px; "
                "height: 40px }</style>\n"
                "</head>\n<body>\n");
}

/* One list in the shared form, whole. */
void js_draw_rows(struct page *p, const struct js_row_form *form)
{
    struct deal deals[PAGE_DEALS_MAX];
    size_t i, count = page_deals(p, deals);

    page_raw(p, "<ul id=\"list\" class=\"deals\">\n");
    page_rows_begin(p);
    for (i = 0; i < count; i++) {
        js_draw_row(p, p->html, &deals[i], form, i);
        js_add_truth(p, &deals[i], form, i);
    }
    page_rows_end(p);
    page_raw(p, "</ul>\n");
}

void js_draw_pager(struct page *p)
{
    int i;

    page_raw(p, "<nav class=\"pager\">");
    for (i = 1; i <= p->list->pages; i++)
        page_printf(p, "<a href=\"/deals?page=%d\">%d</a> ", i, i);
    page_raw(p, "</nav>\n");
}

long js_post_id(const char *path, const char *query)
{
    (void)query;
    return path_number(path, "/deal/");
}
