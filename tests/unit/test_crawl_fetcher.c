/* SPDX-License-Identifier: MIT */
/* test_crawl_fetcher.c - validators by address, and clients by site. */
#include "crawl/fetcher.h"
#include "base/str.h"
#include "support/unit.h"

static struct loop *loop;
static struct fetcher *fetcher;

static int set_up(void **state)
{
    (void)state;
    loop = loop_new();
    fetcher = fetcher_new(loop, "catchdeal/test (+me)");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fetcher_free(&fetcher);
    loop_free(&loop);
    return 0;
}

static void keep(const char *url, const char *etag, const char *last_modified, int rows)
{
    struct fetcher_page page = {
        .etag = etag, .last_modified = last_modified, .layout = "list", .rows = rows};

    fetcher_keep(fetcher, url, &page);
}

static void keeps_the_last_answer_of_an_address(void **state)
{
    const struct fetcher_page *page;

    (void)state;
    assert_null(fetcher_known(fetcher, "http://a/1"));
    keep("http://a/1", "\"v1\"", NULL, 20);
    keep("http://a/1", "\"v2\"", "Fri, 01 Jan 2027 00:00:00 GMT", 19);
    page = fetcher_known(fetcher, "http://a/1");
    assert_string_equal(page->etag, "\"v2\"");
    assert_string_equal(page->last_modified, "Fri, 01 Jan 2027 00:00:00 GMT");
    assert_string_equal(page->layout, "list");
    assert_int_equal(page->rows, 19);
    fetcher_forget(fetcher, "http://a/1");
    assert_null(fetcher_known(fetcher, "http://a/1"));
    fetcher_forget(fetcher, "http://a/1");
}

/* An answer without validators must not leave those of the one before. */
static void an_answer_without_validators_is_none(void **state)
{
    char *longest = mem_alloc(10001);

    (void)state;
    memset(longest, 'x', 10000);
    longest[10000] = '\0';
    keep("http://a/1", "\"v1\"", NULL, 20);
    keep("http://a/1", NULL, "", 20);
    assert_null(fetcher_known(fetcher, "http://a/1"));
    keep("http://a/1", longest, NULL, 20);
    assert_null(fetcher_known(fetcher, "http://a/1"));
    mem_free(longest);
}

static void forgets_the_address_that_was_used_least_lately(void **state)
{
    char url[64];

    (void)state;
    for (int i = 0; i < FETCHER_MAX_URLS; i++) {
        snprintf(url, sizeof(url), "http://a/%d", i);
        keep(url, "\"v\"", NULL, 1);
    }
    assert_non_null(fetcher_known(fetcher, "http://a/0"));
    keep("http://a/new", "\"v\"", NULL, 1);
    assert_non_null(fetcher_known(fetcher, "http://a/0"));
    assert_non_null(fetcher_known(fetcher, "http://a/new"));
    assert_null(fetcher_known(fetcher, "http://a/1"));
}

static void sites_share_no_client(void **state)
{
    const struct site a = {.id = "a"}, b = {.id = "b"};

    (void)state;
    assert_ptr_equal(fetcher_client(fetcher, &a), fetcher_client(fetcher, &a));
    assert_ptr_not_equal(fetcher_client(fetcher, &a), fetcher_client(fetcher, &b));
    assert_string_equal(fetcher_user_agent(fetcher), "catchdeal/test (+me)");
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(keeps_the_last_answer_of_an_address),
        EACH(an_answer_without_validators_is_none),
        EACH(forgets_the_address_that_was_used_least_lately),
        EACH(sites_share_no_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
