/* SPDX-License-Identifier: MIT */
/* deal_print.c - JSON lines and table lines of deals. */
#include "debug/deal_print.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum {
    SITE_COLUMNS = 12,
    PRICE_COLUMNS = 12,
    COUNT_COLUMNS = 7,
    TIME_COLUMNS = 11,
    STATE_COLUMNS = 8,
    GAPS = 8, /* one between cells, two before the state */
    MIN_TITLE_COLUMNS = 20,
};

void deal_print_price(int64_t price_e2, struct buf *out)
{
    int64_t cents = price_e2 % 100;

    buf_addf(out, "%lld", (long long)(price_e2 / 100));
    if (cents)
        buf_addf(out, cents % 10 ? ".%02lld" : ".%lld",
                 (long long)(cents % 10 ? cents : cents / 10));
}

static void add_member(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, ",\"%s\":", name);
    buf_add_json(out, value);
}

static void add_count(struct buf *out, const char *name, int64_t value)
{
    if (value == DEAL_UNKNOWN)
        buf_addf(out, ",\"%s\":null", name);
    else
        buf_addf(out, ",\"%s\":%lld", name, (long long)value);
}

void deal_print_json(const struct deal_row *row, const struct clock_zone *zone, struct buf *out)
{
    char posted[CLOCK_RFC3339_BYTES];

    if (row->posted_at_ms != CLOCK_NONE)
        clock_format_local(zone, row->posted_at_ms, posted);
    buf_adds(out, "{\"site\":");
    buf_add_json(out, row->site);
    add_member(out, "key", row->key);
    add_member(out, "product_id", row->product_id);
    add_member(out, "title", row->title);
    add_member(out, "url", row->url);
    add_member(out, "redirect_url", row->redirect_url);
    add_member(out, "image_url", row->image_url);
    add_member(out, "posted_at", row->posted_at_ms == CLOCK_NONE ? NULL : posted);
    add_count(out, "view", row->view);
    add_count(out, "comment", row->comment);
    add_count(out, "like", row->like);
    add_count(out, "score", row->score);
    buf_adds(out, ",\"price\":");
    if (row->price_e2 == DEAL_UNKNOWN)
        buf_adds(out, "null");
    else
        deal_print_price(row->price_e2, out);
    add_member(out, "currency", row->currency);
    add_member(out, "mall", row->mall);
    add_member(out, "category", row->category);
    buf_addf(out, ",\"sold_out\":%s}\n", row->sold_out ? "true" : "false");
}

/* ---- table ----------------------------------------------------------------------------------- */

static void add_blanks(struct buf *out, size_t n)
{
    while (n--)
        buf_addc(out, ' ');
}

/* `s` cut to whole characters that fit into `columns`, the last column a "…" when something was
 * cut. */
static void add_left(struct buf *out, const char *s, size_t columns)
{
    size_t width = str_columns(s);
    size_t used = 0;
    size_t limit = width > columns ? columns - 1 : columns;

    while (*s) {
        char one[5] = {0};
        size_t n = str_utf8_len(s, strlen(s));
        size_t w;

        n = n ? n : 1;
        memcpy(one, s, n);
        w = str_columns(one);
        if (used + w > limit)
            break;
        buf_add(out, one, n);
        used += w;
        s += n;
    }
    if (width > columns) {
        buf_adds(out, "\xe2\x80\xa6");
        used++;
    }
    add_blanks(out, columns - used);
}

static void add_right(struct buf *out, const char *s, size_t columns)
{
    size_t width = str_columns(s);

    if (width < columns)
        add_blanks(out, columns - width);
    buf_adds(out, s);
}

static size_t title_columns(int columns)
{
    int rest = columns - SITE_COLUMNS - PRICE_COLUMNS - 3 * COUNT_COLUMNS - TIME_COLUMNS -
               STATE_COLUMNS - GAPS;

    return (size_t)(rest > MIN_TITLE_COLUMNS ? rest : MIN_TITLE_COLUMNS);
}

static void add_count_cell(struct buf *out, int64_t value)
{
    char text[24] = "-";

    if (value != DEAL_UNKNOWN)
        snprintf(text, sizeof(text), "%lld", (long long)value);
    add_right(out, text, COUNT_COLUMNS);
}

static void add_price_cell(struct buf *out, const struct deal_row *row)
{
    struct buf text;

    buf_init(&text, 64);
    if (row->price_e2 == DEAL_UNKNOWN) {
        buf_addc(&text, '-');
    } else {
        deal_print_price(row->price_e2, &text);
        buf_addf(&text, " %s", row->currency ? row->currency : "");
    }
    add_right(out, buf_str(&text), PRICE_COLUMNS);
    buf_fini(&text);
}

static void add_time_cell(struct buf *out, const struct deal_row *row,
                          const struct clock_zone *zone)
{
    struct clock_civil c;
    char text[40] = "-";

    if (row->posted_at_ms != CLOCK_NONE) {
        clock_to_local(zone, row->posted_at_ms, &c);
        snprintf(text, sizeof(text), "%02d-%02d %02d:%02d", c.month, c.day, c.hour, c.minute);
    }
    add_right(out, text, TIME_COLUMNS);
}

void deal_print_header(int columns, struct buf *out)
{
    static const char *const names[] = {"view", "comment", "like"};

    add_left(out, "site", SITE_COLUMNS);
    buf_addc(out, ' ');
    add_left(out, "title", title_columns(columns));
    add_right(out, "price", PRICE_COLUMNS + 1);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        add_right(out, names[i], COUNT_COLUMNS + 1);
    add_right(out, "posted", TIME_COLUMNS + 1);
    buf_adds(out, "  state\n");
}

void deal_print_line(const struct deal_row *row, const struct clock_zone *zone, int columns,
                     struct buf *out)
{
    add_left(out, row->site, SITE_COLUMNS);
    buf_addc(out, ' ');
    add_left(out, row->title, title_columns(columns));
    buf_addc(out, ' ');
    add_price_cell(out, row);
    buf_addc(out, ' ');
    add_count_cell(out, row->view);
    buf_addc(out, ' ');
    add_count_cell(out, row->comment);
    buf_addc(out, ' ');
    add_count_cell(out, row->like);
    buf_addc(out, ' ');
    add_time_cell(out, row, zone);
    buf_adds(out, row->sold_out ? "  sold out\n" : "  \n");
}
