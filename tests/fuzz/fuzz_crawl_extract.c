/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_extract.c - the in-page program's answer: whatever came, rows are such as the store
 * takes. */
#include "fuzz.h"
#include "base/str.h"
#include "crawl/extract.h"

#include <string.h>

#define NOW_MS INT64_C(1795320300000) /* 2026-11-22T04:05:00Z */
#define FIRST_MS INT64_C(-62135596800000)
#define LAST_MS INT64_C(253402300799999)

static const char conf[] = "[site]\nname = Test\nid_prefix = test\ntimezone = "
                           "Asia/Seoul\n[list]\nurl = https://x.example/\n"
                           "[layout one]\nmatch = ul\nrows = li\n[one.key]\ncss = "
                           "@id\n[one.title]\ncss = a\n[one.url]\ncss = a\n"
                           "[one.posted_at]\ncss = time\n[one.view]\ncss = .v\n[one.comment]\ncss "
                           "= .c\n[one.price]\ncss = .p\n"
                           "[layout two]\nmatch = ol\nrows = li\n[two.key]\ncss = "
                           "@id\n[two.title]\ncss = a\n[two.url]\ncss = a\n"
                           "[score]\nview = 0.01\nlike = 10\ncomment = 2\n";

static struct site *the_site(void)
{
    static struct site *site;
    struct err err;

    if (!site)
        check(site_load_text("x/site.conf", "x", conf, NULL, NULL, &site, &err) == 0);
    return site;
}

static void check_text(const char *text, size_t max_bytes)
{
    check(!text || (strlen(text) <= max_bytes && str_utf8_valid(text, strlen(text))));
}

static void check_url(const char *url)
{
    check_text(url, 2048);
    check(!url || str_starts(url, "http://") || str_starts(url, "https://"));
}

static void check_row(const struct deal_row *row)
{
    check(row->key && *row->key && row->title && *row->title && row->url && str_eq(row->site, "x"));
    check_text(row->key, 128);
    check_text(row->title, 1024);
    check_url(row->url);
    check_url(row->redirect_url);
    check_url(row->image_url);
    check_text(row->mall, 128);
    check_text(row->category, 128);
    check(strlen(row->product_id) == strlen("test_") + 12);
    check((row->price_e2 == DEAL_UNKNOWN) == !row->currency);
    check(row->posted_at_ms == CLOCK_NONE ||
          (row->posted_at_ms >= FIRST_MS && row->posted_at_ms <= LAST_MS));
    check(row->score > -(INT64_C(1) << 50) && row->score < INT64_C(1) << 50);
}

static void check_set(const struct row_set *set)
{
    check(set->n >= 0 && set->n <= 5000 && set->duplicates >= 0);
    check(set->layout || set->n == 0);
    check_text(set->url, 2048);
    check_text(set->title, 1024);
    check_text(set->text_head, 1024);
    for (int i = 0; i < set->n; i++) {
        check_row(&set->rows[i]);
        for (int k = 0; k < i; k++)
            check(!str_eq(set->rows[i].key, set->rows[k].key));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct row_set *set;
    struct jdoc *doc;
    struct err err;

    if (jdoc_parse(text, size, &doc, &err) == 0) {
        if (extract_read(the_site(), jdoc_root(doc), NOW_MS, &set, &err) == 0)
            check_set(set);
        else
            check(!set && (err.code == ERR_SITE || err.code == ERR_PROTOCOL) && *err.text);
        row_set_free(&set);
    }
    jdoc_free(&doc);
    mem_free(text);
    return 0;
}
