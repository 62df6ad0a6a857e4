/* SPDX-License-Identifier: MIT */
/* test_chrome_tab.c - pages in the real Chrome: those that behave, that go away, that misbehave. */
#include "base/retry_after.h"
#include "test_chrome.h"

/* ---- pages that behave --------------------------------------------------------------------------- */

static void reads_rows_that_a_script_made(void **state)
{
    struct world *w = *state;
    struct lease_cost cost;

    make_pool(w);
    take(w, 0);
    assert_int_equal(go(w, 0, "/list"), ERR_OK);
    call(w, 0,
         "async (sep, end) => { await new Promise(r => setTimeout(r, 20));"
         "return [...document.querySelectorAll('li')].map(e => e.textContent + sep + "
         "e.dataset.p).join('|') + end }",
         "[\"=\", \"!한\"]", PAGE_MS);

    assert_string_equal(w->holders[0].value, "라면 20봉=12900|모니터=199000!한");
    lease_cost(w->holders[0].lease, &cost);
    assert_true(cost.cpu_ms > 0 && cost.cpu_ms < PAGE_MS);
    assert_true(cost.peak_pss_bytes > 20 << 20);
    pool_return(&w->holders[0].lease, true);
}

static void keeps_its_world_apart_from_the_page_s(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/list");
    call(w, 0, "() => [globalThis.preluded, typeof window.pageSecret, document.title].join(' ')",
         NULL, PAGE_MS);

    assert_string_equal(w->holders[0].value, "5 undefined 핫딜 undefined");
    pool_return(&w->holders[0].lease, true);
}

static void reuses_the_tab_for_the_next_lease(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;

    make_pool(w);
    for (int i = 0; i < 12; i++) { /* past the garbage collection after 10 */
        take(w, 0);
        assert_tab_works(w, 0);
        pool_return(&w->holders[0].lease, true);
    }

    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 1);
    assert_int_equal(stats.leases_granted, 12);
}

static void applies_and_takes_back_the_viewport(void **state)
{
    struct world *w = *state;
    char *url = NULL;
    struct tab_page page = {.viewport_w = 320, .viewport_h = 480, .timeout_ms = PAGE_MS};
    int ops;

    make_pool(w);
    take(w, 0);
    url = mem_printf("http://127.0.0.1:%d/plain", w->port);
    page.url = url;
    page.own_origin = url;
    ops = w->holders[0].ops;
    tab_navigate(lease_tab(w->holders[0].lease), &page, on_navigated, &w->holders[0]);
    await_op(&w->holders[0], ops);
    call(w, 0, "() => innerWidth + 'x' + innerHeight", NULL, PAGE_MS);
    mem_free(url);
    assert_string_equal(w->holders[0].value, "320x480");

    go(w, 0, "/plain");
    call(w, 0, "() => innerWidth + 'x' + innerHeight", NULL, PAGE_MS);
    assert_string_not_equal(w->holders[0].value, "320x480");
    pool_return(&w->holders[0].lease, true);
}

static void tells_what_the_function_threw(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/plain");

    assert_int_equal(call(w, 0, "() => { throw new TypeError('boo') }", NULL, PAGE_MS),
                     ERR_PROTOCOL);
    assert_non_null(strstr(w->holders[0].op_err.text, "TypeError: boo"));
    assert_int_equal(call(w, 0, "async () => { throw 'bare' }", NULL, PAGE_MS), ERR_PROTOCOL);
    assert_non_null(strstr(w->holders[0].op_err.text, "bare"));
    pool_return(&w->holders[0].lease, true);
}

static void names_the_user_agent_s_contact(void **state)
{
    struct world *w = *state;

    make_pool(w, "user_agent_contact=https://example.org/bot");
    take(w, 0);
    go(w, 0, "/plain");
    call(w, 0, "() => navigator.userAgent", NULL, PAGE_MS);

    assert_non_null(strstr(w->holders[0].value, "HeadlessChrome/"));
    assert_non_null(strstr(w->holders[0].value, " CatchDeal (+https://example.org/bot)"));
    pool_return(&w->holders[0].lease, true);
}

/* ---- pages that go away ---------------------------------------------------------------------------- */

static void calls_again_when_the_page_replaces_itself(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/reload");

    assert_int_equal(call(w, 0,
                          "() => new Promise(r => { if (document.title === 'plain') r('second') })",
                          NULL, PAGE_MS),
                     ERR_OK);
    assert_string_equal(w->holders[0].value, "second");
    pool_return(&w->holders[0].lease, true);
}

static void reports_a_page_that_goes_on_to_nowhere(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/gone");

    assert_int_equal(call(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS), ERR_NETWORK);
    assert_non_null(strstr(w->holders[0].op_err.text, "nosuch.invalid"));
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void knows_how_long_the_server_wants_to_be_left_alone(void **state)
{
    struct world *w = *state;
    struct tab *tab;

    make_pool(w);
    take(w, 0);
    tab = lease_tab(w->holders[0].lease);

    assert_int_equal(go(w, 0, "/busy"), ERR_OK);
    assert_int_equal(call(w, 0, "() => 1", NULL, PAGE_MS), ERR_OK);
    assert_int_equal(tab_retry_after_ms(tab), 7000);
    assert_int_equal(go(w, 0, "/plain"), ERR_OK);
    assert_int_equal(tab_retry_after_ms(tab), RETRY_AFTER_NONE);
    pool_return(&w->holders[0].lease, true);
}

static void asks_a_server_that_refuses_three_times_and_no_more(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);

    assert_int_equal(go(w, 0, "/refused"), ERR_OK);
    assert_int_equal(call(w, 0,
                          "() => new Promise(done => setTimeout(() => done(document.title), "
                          "800))",
                          NULL, PAGE_MS),
                     ERR_OK);
    assert_string_equal(w->holders[0].value, "refused");
    assert_int_equal(w->refused, 3);
    assert_int_equal(tab_status(lease_tab(w->holders[0].lease)), 403);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void reports_an_address_that_cannot_be_reached(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);

    assert_int_equal(go(w, 0, "http://nosuch.invalid/"), ERR_NETWORK);
    assert_non_null(strstr(w->holders[0].op_err.text, "net::ERR_NAME_NOT_RESOLVED"));
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void reports_a_server_that_does_not_answer(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);

    assert_int_equal(go_for(w, 0, "/silent", 300), ERR_TIMEOUT);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void refuses_downloads(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);

    assert_int_equal(go(w, 0, "/download"), ERR_NETWORK);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void reports_a_function_that_does_not_settle(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/plain");

    assert_int_equal(call(w, 0, "() => new Promise(() => 0)", NULL, 200), ERR_TIMEOUT);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

/* ---- pages that misbehave -------------------------------------------------------------------------- */

static void ends_a_script_that_does_not_yield(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/hang");

    assert_int_equal(call(w, 0, "() => 1", NULL, 300), ERR_HUNG);
    assert_tab_works(w, 0);
    go(w, 0, "/hang-later");
    assert_int_equal(call(w, 0, "() => new Promise(() => 0)", NULL, 400), ERR_HUNG);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void answers_dialogs(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/alerts");
    call(w, 0, TITLE_WHEN_LOADED, NULL, PAGE_MS);
    assert_string_equal(w->holders[0].value, "answered");

    go(w, 0, "/leave");
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void tells_the_first_dialog_to_who_asked_for_it(void **state)
{
    static const char wait_for_it[] =
        "dialog => dialog === null ? new Promise(() => 0) : dialog + ' ' + location.protocol";
    struct world *w = *state;
    struct tab_page page = {.timeout_ms = PAGE_MS, .tell_dialog = true};
    char *url = NULL;
    int ops;

    make_pool(w);
    take(w, 0);
    assert_tab_works(w, 0); /* so that the page has somewhere to go back to */
    url = mem_printf("http://127.0.0.1:%d/says-gone", w->port);
    page.url = page.own_origin = url;
    ops = w->holders[0].ops;
    tab_navigate(lease_tab(w->holders[0].lease), &page, on_navigated, &w->holders[0]);
    await_op(&w->holders[0], ops);
    mem_free(url);

    assert_int_equal(call(w, 0, wait_for_it, NULL, PAGE_MS), ERR_OK);
    assert_true(str_starts(w->holders[0].value, "없는 글 "));
    assert_tab_works(w, 0); /* which knows of no dialog */
    call(w, 0, "dialog => String(dialog)", NULL, PAGE_MS);
    assert_string_equal(w->holders[0].value, "null");
    pool_return(&w->holders[0].lease, true);
}

static void gives_up_a_page_of_endless_dialogs_and_its_tab(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/alert-loop");
    assert_int_equal(call(w, 0, "() => 1", NULL, PAGE_MS), ERR_HUNG);
    pool_return(&w->holders[0].lease, true); /* in good faith */

    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void closes_windows_that_a_page_opens(void **state)
{
    struct world *w = *state;
    char *flags;

    write_flags(
        w, "# as in the shipped file, but windows may be opened\n--disable-background-networking\n"
           "--disable-component-update\n");
    flags = mem_printf("chrome_flags=%s", w->flags_path);
    make_pool(w, flags);
    mem_free(flags);
    take(w, 0);
    go(w, 0, "/popups");
    call(w, 0, TITLE_WHEN_LOADED, NULL, PAGE_MS);
    turn(w, 300);

    assert_string_equal(w->holders[0].value, "opened");
    assert_int_equal(w->popups_closed, 5);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void tells_a_full_heap_from_a_crash(void **state)
{
    struct world *w = *state;
    char *flags;

    write_flags(w, "# a small heap\n--disable-background-networking\n--disable-component-update\n"
                   "--js-flags=--max-old-space-size=32\n");
    flags = mem_printf("chrome_flags=%s", w->flags_path);
    make_pool(w, flags);
    mem_free(flags);
    take(w, 0);
    go(w, 0, "/heap");

    assert_int_equal(call(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS), ERR_JS_HEAP);
    await_loss(w, 0);
    assert_int_equal(w->holders[0].lost_err.code, ERR_JS_HEAP);
}

static void replaces_the_tab_whose_process_is_killed(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;
    int ops;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/plain");
    ops = w->holders[0].ops;
    ask(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS);
    turn(w, 100);
    assert_true(kill_renderers(w) > 0);
    await_op(&w->holders[0], ops);
    await_loss(w, 0);

    assert_int_equal(w->holders[0].op_err.code, ERR_CRASHED);
    assert_int_equal(w->holders[0].lost_err.code, ERR_CRASHED);
    assert_int_equal(w->holders[0].losses, 1);
    take(w, 0);
    assert_tab_works(w, 0);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 1);
    assert_true(stats.tabs_crashed >= 1);
    pool_return(&w->holders[0].lease, true);
}

static void replaces_the_tab_that_crashes(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "chrome://crash"); /* aborted or crashed, whichever comes first */
    if (w->holders[0].lease)
        await_loss(w, 0);
    assert_int_equal(w->holders[0].lost_err.code, ERR_CRASHED);

    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

/* ---- tabs that cannot be trusted with another page ------------------------------------------------- */

static long long tabs_thrown_away(struct world *w)
{
    struct pool_stats stats;

    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 1);
    assert_int_equal(stats.browsers_lost, 0);
    return stats.ends[ERR_CANCELLED];
}

static void replaces_the_tab_whose_page_replaced_itself_again_and_again(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    go(w, 0, "/restless");
    turn(w, 800);
    assert_true(tab_is_spoiled(lease_tab(w->holders[0].lease)));
    pool_return(&w->holders[0].lease, true);
    assert_int_equal(tabs_thrown_away(w), 1);

    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
    assert_int_equal(tabs_thrown_away(w), 1);
}

/* Nobody holds it when it is spoiled, and there is no other slot. */
static void replaces_the_tab_that_its_page_spoils_after_the_lease(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    go(w, 0, "/restless");
    assert_false(tab_is_spoiled(lease_tab(w->holders[0].lease)));
    pool_return(&w->holders[0].lease, true);
    while (tabs_thrown_away(w) == 0)
        turn(w, 20);

    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
    assert_int_equal(tabs_thrown_away(w), 1);
}

/* ---- tabs with a context of their own --------------------------------------------------------------- */

static const char *cookies_of(struct world *w)
{
    go(w, 0, "/plain");
    call(w, 0, "() => { const had = document.cookie; document.cookie = 'a=1'; return had }", NULL,
         PAGE_MS);
    return w->holders[0].value;
}

static void keeps_cookies_for_as_many_pages_as_a_context_serves(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1", "pages_per_context=2");
    for (int i = 0; i < 4; i++) {
        take(w, 0);
        assert_string_equal(cookies_of(w), i % 2 == 0 ? "" : "a=1");
        assert_int_equal(go(w, 0, "/download"), ERR_NETWORK);
        pool_return(&w->holders[0].lease, true);
    }

    assert_int_equal(tabs_thrown_away(w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHROME_TEST(reads_rows_that_a_script_made),
        CHROME_TEST(keeps_its_world_apart_from_the_page_s),
        CHROME_TEST(reuses_the_tab_for_the_next_lease),
        CHROME_TEST(applies_and_takes_back_the_viewport),
        CHROME_TEST(tells_what_the_function_threw),
        CHROME_TEST(names_the_user_agent_s_contact),
        CHROME_TEST(calls_again_when_the_page_replaces_itself),
        CHROME_TEST(reports_a_page_that_goes_on_to_nowhere),
        CHROME_TEST(knows_how_long_the_server_wants_to_be_left_alone),
        CHROME_TEST(asks_a_server_that_refuses_three_times_and_no_more),
        CHROME_TEST(reports_an_address_that_cannot_be_reached),
        CHROME_TEST(reports_a_server_that_does_not_answer),
        CHROME_TEST(refuses_downloads),
        CHROME_TEST(reports_a_function_that_does_not_settle),
        CHROME_TEST(ends_a_script_that_does_not_yield),
        CHROME_TEST(answers_dialogs),
        CHROME_TEST(tells_the_first_dialog_to_who_asked_for_it),
        CHROME_TEST(gives_up_a_page_of_endless_dialogs_and_its_tab),
        CHROME_TEST(closes_windows_that_a_page_opens),
        CHROME_TEST(tells_a_full_heap_from_a_crash),
        CHROME_TEST(replaces_the_tab_whose_process_is_killed),
        CHROME_TEST(replaces_the_tab_that_crashes),
        CHROME_TEST(replaces_the_tab_whose_page_replaced_itself_again_and_again),
        CHROME_TEST(replaces_the_tab_that_its_page_spoils_after_the_lease),
        CHROME_TEST(keeps_cookies_for_as_many_pages_as_a_context_serves),
    };

    return cmocka_run_group_tests(tests, warm_up, NULL);
}
