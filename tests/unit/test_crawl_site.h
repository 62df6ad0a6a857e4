/* SPDX-License-Identifier: MIT */
/* test_crawl_site.h - site files out of lines, and what is said of them: for test_crawl_site.c and test_crawl_site_errors.c. */
#ifndef TEST_CRAWL_SITE_H
#define TEST_CRAWL_SITE_H

#include "crawl/site.h"

#include "base/jdoc.h"
#include "base/str.h"
#include "crawl/selector.h"
#include "crawl/site_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 20 lines; what a test adds begins on line 21. */
static const char GOOD[] = "[site]\n"
                           "name = 시험\n"
                           "id_prefix = test\n"
                           "timezone = Asia/Seoul\n"
                           "[list]\n"
                           "url = https://x.example/list?page={page}&id=a#top\n"
                           "pages = 1-3\n"
                           "[layout one]\n"
                           "match = #list\n"
                           "rows = #list > li\n"
                           "skip = .ad\n"
                           "skip = .notice\n"
                           "[one.key]\n"
                           "css = @data-id\n"
                           "[one.title]\n"
                           "css = a.title\n"
                           "css = h3 > a @title\n"
                           "[one.url]\n"
                           "css = a.title\n"
                           "query = id, no\n";

struct problems {
    struct buf text;
    int n;
};

static inline void collect(const char *message, void *ctx)
{
    struct problems *problems = ctx;

    buf_addf(&problems->text, "%s\n", message);
    problems->n++;
}

static inline struct site *load(const char *text)
{
    struct site *site = NULL;
    struct err err;

    if (site_load_text("x/site.conf", "x", text, NULL, NULL, &site, &err) < 0)
        fail_msg("%s", err.text);
    return site;
}

static inline struct site *load_with(const char *more)
{
    char *text = mem_printf("%s%s", GOOD, more);
    struct site *site = load(text);

    mem_free(text);
    return site;
}

/* The messages for a text that must be refused; the caller frees. */
static inline char *refusal(const char *text, int *n_out)
{
    struct problems problems = {.n = 0};
    struct site *site = NULL;
    struct err err = {0};
    const char *first;

    buf_init(&problems.text, BUF_MAX_DEFAULT);
    assert_int_equal(site_load_text("x/site.conf", "x", text, collect, &problems, &site, &err), -1);
    assert_null(site);
    assert_int_equal(err.code, ERR_SITE);
    first = buf_str(&problems.text);
    assert_memory_equal(first, err.text, strlen(err.text));
    if (n_out)
        *n_out = problems.n;
    return buf_take(&problems.text);
}

/* GOOD followed by `more` gives exactly this one message. */
static inline void expect_refusal(const char *more, const char *message)
{
    char *text = mem_printf("%s%s", GOOD, more);
    char *expected = mem_printf("%s\n", message);
    char *got = refusal(text, NULL);

    assert_string_equal(got, expected);
    mem_free(got);
    mem_free(expected);
    mem_free(text);
}

/* GOOD without the line that begins with `start`. */
static inline void expect_refusal_without(const char *start, const char *message)
{
    const char *cut = strstr(GOOD, start);
    char *text = mem_printf("%.*s#%s", (int)(cut - GOOD), GOOD, cut);
    char *got = refusal(text, NULL);

    if (!strstr(got, message))
        fail_msg("expected \"%s\" in \"%s\"", message, got);
    mem_free(got);
    mem_free(text);
}

static inline char *list_url(const struct site *site, int page, const char *origin)
{
    struct buf url;

    buf_init(&url, BUF_MAX_DEFAULT);
    site_list_url(site, page, origin, &url);
    return buf_take(&url);
}

static inline void expect_url(const struct site *site, int page, const char *origin, const char *expected)
{
    char *url = list_url(site, page, origin);

    assert_string_equal(url, expected);
    mem_free(url);
}

#endif
