/* SPDX-License-Identifier: MIT */
/* kit.c - what boards with elements of their own for mall, price and shipping share. */
#include "boards/kit.h"

#include <stdio.h>
#include <string.h>

/* All formats are literals of the callers. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

void kit_ago(const struct page *p, int64_t at, const char *day_format, bool tight, char *text,
             size_t size)
{
    long age = (long)(p->now - at);
    const char *blank = tight ? "" : " ";

    if (age < 60)
        snprintf(text, size, "방금");
    else if (age < 3600)
        snprintf(text, size, "%ld분%s전", age / 60, blank);
    else if (age < 86400)
        snprintf(text, size, "%ld시간%s전", age / 3600, blank);
    else
        page_time(at, day_format, text, size);
}

void kit_count(long n, char *text, size_t size, long *shown_out)
{
    if (n < 1000)
        snprintf(text, size, "%ld", n);
    else
        snprintf(text, size, "%ld.%ldk", n / 1000, n % 1000 / 100);
    *shown_out = n < 1000 ? n : n / 100 * 100;
}

void kit_row_init(struct page *p, const struct deal *d, bool mall_in_title, const char *path_format,
                  const char *image_format, struct kit_row *row)
{
    char image[160];

    memset(row, 0, sizeof(*row));
    row->deal = d;
    row->shipping = words_pick(&words_shippings, (unsigned long)d->id);
    if (mall_in_title && d->mall[0])
        snprintf(row->title, sizeof(row->title), "[%s] %s", d->mall, d->product);
    else
        snprintf(row->title, sizeof(row->title), "%s", d->product);
    snprintf(row->path, sizeof(row->path), path_format, d->id);
    snprintf(row->href, sizeof(row->href), "%s", row->path);
    snprintf(image, sizeof(image), image_format, d->id);
    snprintf(row->image, sizeof(row->image), "http://%s%s", p->request->host, image);
    kit_ago(p, d->posted_at, "%m-%d", false, row->when, sizeof(row->when));
    row->truth = (struct truth_row){
        .title = row->title,
        .path = row->path,
        .href = row->href,
        .view = d->view,
        .dislike = -1,
        .image = d->has_image ? row->image : NULL,
        .time_text = row->when,
        .mall = !mall_in_title && d->mall[0] ? d->mall : NULL,
        .category = p->rule.categories[d->kind],
        .price_text = d->price[0] ? d->price : NULL,
    };
}

void kit_set_href(struct kit_row *row, const char *suffix_format, int number)
{
    char suffix[64];

    snprintf(suffix, sizeof(suffix), suffix_format, number);
    snprintf(row->href, sizeof(row->href), "%s%s", row->path, suffix);
}

void kit_head(struct page *p, const char *lang, const char *title)
{
    page_printf(p,
                "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
                "<link rel=\"stylesheet\" href=\"/css/common.css\">\n</head>\n<body>\n",
                lang, title);
}

void kit_pager(struct page *p, const char *number_format)
{
    int i;

    page_raw(p, "<nav class=\"pagination\">");
    for (i = p->list->first; i < p->list->first + p->list->pages; i++) {
        page_raw(p, "<a href=\"");
        page_printf(p, number_format, i);
        page_printf(p, "\">%d</a> ", i);
    }
    page_raw(p, "</nav>\n</body>\n</html>\n");
}
