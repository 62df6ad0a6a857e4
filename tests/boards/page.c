/* SPDX-License-Identifier: MIT */
/* page.c - what drawing a page needs on every board. */
#include "boards/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KST_AHEAD_S = 9 * 3600 };

/* Make room behind each of the first dup deals for its copy. */
static size_t repeat_top(struct deal *deals, size_t count, size_t dup)
{
    size_t i;

    for (i = 0; i < dup && i < count; i++) {
        size_t at = 2 * i;

        memmove(&deals[at + 1], &deals[at], (count + i - at) * sizeof(*deals));
        deals[at + 1].duplicate = true;
    }
    return count + i;
}

bool page_cut(char *title, size_t chars)
{
    size_t i, seen = 0;

    for (i = 0; title[i]; i++) {
        if (((unsigned char)title[i] & 0xc0) == 0x80)
            continue;
        if (seen++ < chars)
            continue;
        memcpy(title + i, "...", 4);
        return true;
    }
    return false;
}

static size_t count_chars(const char *text)
{
    size_t chars = 0;

    for (; *text; text++)
        chars += ((unsigned char)*text & 0xc0) != 0x80;
    return chars;
}

/* The whole title counts, the mall is never cut. */
static void cut_deal(struct deal *d, size_t chars)
{
    char title[800];
    size_t mall;

    deal_title(d, title, sizeof(title));
    mall = count_chars(title) - count_chars(d->name);
    d->cut = page_cut(d->name, chars > mall ? chars - mall : 1);
    page_cut(d->product, chars > mall ? chars - mall : 1);
}

size_t page_deals(struct page *p, struct deal *out)
{
    size_t rows = (size_t)p->list->rows;
    size_t index = (size_t)(p->number - p->list->first);
    long slot = deal_slot_at(&p->rule, p->now);
    size_t late = index && p->look.shift > 0 ? (size_t)p->look.shift : 0;
    size_t count, i;

    if (index >= (size_t)p->list->pages)
        return 0;
    count = world_deals_from(p->world, &p->rule, p->now, slot, index * rows - late, rows, out);
    for (i = 0; i < count; i++) {
        if (out[i].hidden)
            deal_set_title(&out[i], p->board->hidden_title);
        if (p->look.truncate)
            cut_deal(&out[i], (size_t)p->look.truncate);
    }
    return repeat_top(out, count, (size_t)p->knobs.dup);
}

void page_rows_begin(struct page *p)
{
    p->rows_from = p->html->len;
}

void page_rows_end(struct page *p)
{
    p->rows_to = p->html->len;
}

bool page_epoch(const struct page *p, int year)
{
    return p->look.epoch == year;
}

void page_image(struct page *p, const char *address)
{
    if (p->look.thumb == THUMB_LAZY)
        page_raw(p, "src=\"/images/lazyloading.gif\" data-original=\"");
    else
        page_raw(p, "src=\"");
    page_text(p, address);
    page_raw(p, "\"");
}

void page_time(int64_t at, const char *format, char *text_out, size_t size)
{
    time_t local = (time_t)(at + KST_AHEAD_S);
    struct tm tm;

    gmtime_r(&local, &tm);
    /* All formats are literals of the callers; strftime's own check can't see through the call. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    strftime(text_out, size, format, &tm);
#pragma GCC diagnostic pop
}

bool page_is_today(const struct page *p, int64_t at)
{
    return (at + KST_AHEAD_S) / 86400 == (p->now + KST_AHEAD_S) / 86400;
}

void page_short_time(const struct page *p, int64_t at, const char *today, const char *before,
                     char *text_out, size_t size)
{
    page_time(at, page_is_today(p, at) ? today : before, text_out, size);
}

void page_raw(struct page *p, const char *markup)
{
    out_str(p->html, markup);
}

void page_text(struct page *p, const char *text)
{
    out_html(p->html, text, false);
}

void page_printf(struct page *p, const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    out_str(p->html, text);
    free(text);
}

void page_add_deal(struct page *p, const struct deal *deal, struct truth_row *row)
{
    if (deal->hidden || deal->duplicate) {
        truth_add_excluded(p->truth, deal->hidden ? p->board->hidden_kind : "duplicate",
                           row->title);
        return;
    }
    row->key = deal->id;
    row->comment = deal->comment;
    row->like = deal->like;
    row->sold_out = deal->sold_out;
    row->truncated = row->truncated || deal->cut;
    truth_add_deal(p->truth, p->request->host, row);
}

bool query_value(const char *query, const char *key, struct out *value)
{
    size_t len = strlen(key);

    while (*query) {
        size_t part = strcspn(query, "&");

        if (part > len && strncmp(query, key, len) == 0 && query[len] == '=') {
            if (value)
                out_url_decoded(value, query + len + 1, part - len - 1);
            return true;
        }
        query += part;
        query += strspn(query, "&");
    }
    return false;
}

long query_number(const char *query, const char *key, long otherwise)
{
    struct out value = {0};
    long number = otherwise;
    char *end;

    if (query_value(query, key, &value) && value.len) {
        long read = strtol(value.data, &end, 10);

        number = *end ? otherwise : read;
    }
    out_fini(&value);
    return number;
}

bool query_holds(const char *query, const char *pair)
{
    size_t len = strlen(pair);
    const char *at;

    for (at = strstr(query, pair); at; at = strstr(at + 1, pair))
        if ((at == query || at[-1] == '&') && (at[len] == '\0' || at[len] == '&'))
            return true;
    return false;
}

long path_number(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    char *end;
    long number;

    if (strncmp(text, prefix, len) != 0)
        return 0;
    number = strtol(text + len, &end, 10);
    return *end || number < 0 ? 0 : number;
}
