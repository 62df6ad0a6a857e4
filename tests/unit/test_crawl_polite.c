/* SPDX-License-Identifier: MIT */
/* test_crawl_polite.c - the gate, with robots.txt from a fake of base/fetch and pauses of
 * milliseconds.
 *
 * What is measured is only that a pause was not shorter than it has to be: a loaded machine makes
 * them longer.
 */
#include "crawl/polite.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "support/unit.h"

enum { BACKOFF_MS = 40, BACKOFF_MAX_MS = 160, OPEN_AFTER = 3 };

static struct world {
    struct loop *loop;
    struct polite *polite;
    /* robots.txt */
    const char *robots;
    long robots_status;
    int64_t robots_retry_after_ms;
    enum err_code robots_err;
    int robots_fetched;
    char robots_url[128];
} world;

/* ---- a fake of base/fetch --------------------------------------------------------------------- */

struct fetch {
    fetch_fn *done;
    void *ctx;
};

struct fetch_client *fetch_client_new(struct loop *loop)
{
    (void)loop;
    return (struct fetch_client *)&world;
}

void fetch_client_free(struct fetch_client **client)
{
    *client = NULL;
}

static void answer_fetch(void *ctx)
{
    struct fetch *fetch = ctx;
    struct fetch_result result = {
        .status = world.robots_status,
        .body = world.robots,
        .body_len = strlen(world.robots),
        .retry_after_ms = world.robots_retry_after_ms,
    };
    struct err err;

    if (world.robots_err)
        err_set(&err, world.robots_err, "told to fail");
    fetch->done(world.robots_err ? NULL : &result, world.robots_err ? &err : NULL, fetch->ctx);
    mem_free(fetch);
}

struct fetch *fetch_start(struct fetch_client *client, const struct fetch_request *request,
                          fetch_fn *done, void *ctx)
{
    struct fetch *fetch = mem_new(struct fetch);

    (void)client;
    world.robots_fetched++;
    snprintf(world.robots_url, sizeof(world.robots_url), "%s", request->url);
    fetch->done = done;
    fetch->ctx = ctx;
    loop_defer(world.loop, answer_fetch, fetch);
    return fetch;
}

void fetch_cancel(struct fetch **fetch)
{
    *fetch = NULL;
}

/* ---- who asks -------------------------------------------------------------------------------- */

/* What its holder tells of the host. */
enum told { TELL_NOTHING, TELL_FINE, TELL_TROUBLE };

struct asker {
    const char *url;
    int64_t min_delay_ms;
    bool ignore_robots;
    enum told told;
    int64_t retry_after_ms;

    struct polite_ticket *ticket;
    struct err end; /* ERR_OK: it was granted */
    int64_t asked_at_ms, answered_at_ms;
    bool last;
};

static int held; /* tickets of one host under way at the same time */

static void on_answer(const struct err *err, void *ctx)
{
    struct asker *asker = ctx;
    struct err trouble;

    assert_int_equal(asker->answered_at_ms, 0);
    asker->answered_at_ms = clock_mono_ms();
    err_clear(&asker->end);
    if (err)
        asker->end = *err;
    else
        assert_int_equal(++held, 1);
    if (!err && asker->told == TELL_FINE)
        polite_tell_fine(asker->ticket);
    if (!err && asker->told == TELL_TROUBLE) {
        err_set(&trouble, ERR_RATE_LIMITED, "status 429");
        polite_tell_trouble(asker->ticket, &trouble, asker->retry_after_ms);
    }
    polite_release(&asker->ticket);
    if (!err)
        held--;
    if (asker->last)
        loop_stop(world.loop);
}

static void ask_all(struct asker *askers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct polite_request request = {
            .url = askers[i].url ? askers[i].url : "https://board.example/list?page=1",
            .min_delay_ms = askers[i].min_delay_ms,
            .obey_robots = !askers[i].ignore_robots,
        };

        askers[i].asked_at_ms = clock_mono_ms();
        askers[i].last = i == n - 1;
        askers[i].ticket = polite_ask(world.polite, &request, on_answer, &askers[i]);
        assert_int_equal(askers[i].answered_at_ms, 0); /* never before polite_ask() returns */
    }
    loop_run(world.loop);
}

static struct asker ask(struct asker asker)
{
    ask_all(&asker, 1);
    return asker;
}

static int64_t waited_ms(const struct asker *asker)
{
    return asker->answered_at_ms - asker->asked_at_ms;
}

/* The shortest that a back-off of this step may be. */
static int64_t at_least_ms(int64_t step_ms)
{
    return step_ms - step_ms / 4 - 1;
}

static bool metrics_say(const char *line)
{
    struct buf out;
    bool found;

    buf_init(&out, BUF_MAX_DEFAULT);
    polite_metrics(world.polite, &out);
    found = strstr(buf_str(&out), line) != NULL;
    buf_fini(&out);
    return found;
}

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level, (void)line, (void)ctx;
}

static int set_up(void **state)
{
    struct polite_settings settings = {"test", BACKOFF_MS, BACKOFF_MAX_MS, OPEN_AFTER, NULL};

    (void)state;
    world = (struct world){
        .loop = loop_new(),
        .robots = "User-agent: *\nDisallow: /private/\nAllow: /private/open$\nDisallow: /*.php?a=",
        .robots_status = 200,
        .robots_retry_after_ms = RETRY_AFTER_NONE,
    };
    held = 0;
    log_set_sink(quiet, NULL);
    world.polite = polite_new(world.loop, &settings);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    polite_free(&world.polite);
    loop_free(&world.loop);
    log_set_sink(NULL, NULL);
    return 0;
}

/* ---- robots.txt ------------------------------------------------------------------------------ */

static void reads_robots_once_for_all_pages_of_an_origin(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask((struct asker){0}).end.code, ERR_OK);
    assert_int_equal(ask((struct asker){.url = "https://board.example/post/1"}).end.code, ERR_OK);
    assert_int_equal(world.robots_fetched, 1);
    assert_string_equal(world.robots_url, "https://board.example/robots.txt");

    ask((struct asker){.url = "https://other.example/"});
    assert_int_equal(world.robots_fetched, 2);
    ask((struct asker){.url = "http://board.example/"});
    assert_int_equal(world.robots_fetched, 3);
}

static void robots_forbid_with_wildcards_and_the_longest_match(void **state)
{
    static const struct {
        const char *url;
        enum err_code code;
    } rows[] = {
        {"https://board.example/private/x", ERR_ROBOTS},
        {"https://board.example/private/open", ERR_OK},
        {"https://board.example/private/opener", ERR_ROBOTS},
        {"https://board.example/bbs/view.php?a=1", ERR_ROBOTS},
        {"https://board.example/bbs/view.php?b=1", ERR_OK},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct asker asker = ask((struct asker){.url = rows[i].url});

        if (asker.end.code != rows[i].code)
            fail_msg("%s: %s", rows[i].url, asker.end.text);
    }
    assert_true(metrics_say("polite_refused_total{why=\"robots\"} 3\n"));
    assert_int_equal(ask((struct asker){.url = rows[0].url, .ignore_robots = true}).end.code,
                     ERR_OK);
}

static void robots_that_cannot_be_had_close_the_gate_for_now(void **state)
{
    struct asker asker;

    (void)state;
    world.robots_status = 503;
    assert_int_equal(ask((struct asker){0}).end.code, ERR_HTTP_STATUS);
    world.robots_status = 404; /* no rules */
    asker = ask((struct asker){.url = "https://board.example/private/x"});
    assert_int_equal(asker.end.code, ERR_OK);
    assert_true(waited_ms(&asker) >= at_least_ms(BACKOFF_MS));
}

/* ---- one at a time, and a pause -------------------------------------------------------------- */

static void one_at_a_time_with_the_longer_delay_of_two(void **state)
{
    struct asker askers[] = {
        {.ignore_robots = true, .min_delay_ms = 5},
        {.ignore_robots = true, .min_delay_ms = 60, .url = "http://board.example/other"},
        {.ignore_robots = true, .min_delay_ms = 5},
    };

    (void)state;
    ask_all(askers, 3);
    assert_true(askers[1].answered_at_ms - askers[0].answered_at_ms >= 60);
    assert_true(askers[2].answered_at_ms - askers[1].answered_at_ms >= 60);
}

/* ---- back-off -------------------------------------------------------------------------------- */

static void backs_off_longer_with_each_trouble_and_not_after_an_answer(void **state)
{
    struct asker trouble = {
        .ignore_robots = true, .told = TELL_TROUBLE, .retry_after_ms = RETRY_AFTER_NONE};
    struct asker fine = {.ignore_robots = true, .told = TELL_FINE};
    struct asker second, third;

    (void)state;
    ask(trouble);
    assert_true(metrics_say("polite_hosts_backed_off 1\n"));
    second = ask(trouble);
    assert_true(waited_ms(&second) >= at_least_ms(BACKOFF_MS));
    third = ask(fine);
    assert_true(waited_ms(&third) >= at_least_ms(2 * BACKOFF_MS));
    assert_true(metrics_say("polite_hosts_backed_off 0\n"));
    assert_true(metrics_say("polite_troubles_total 2\n"));

    ask(trouble); /* the pauses begin anew */
    third = ask(fine);
    assert_true(waited_ms(&third) >= at_least_ms(BACKOFF_MS));
}

static void waits_as_long_as_retry_after_says(void **state)
{
    struct asker trouble = {.ignore_robots = true, .told = TELL_TROUBLE, .retry_after_ms = 250};
    struct asker next;

    (void)state;
    ask(trouble);
    next = ask((struct asker){.ignore_robots = true});
    assert_int_equal(next.end.code, ERR_OK);
    assert_true(waited_ms(&next) >= 249);
}

static void a_long_retry_after_is_not_waited_for(void **state)
{
    struct asker trouble = {.ignore_robots = true, .told = TELL_TROUBLE, .retry_after_ms = 600000};
    struct asker next;

    (void)state;
    ask(trouble);
    next = ask((struct asker){.ignore_robots = true});
    assert_int_equal(next.end.code, ERR_RATE_LIMITED);
    assert_non_null(strstr(next.end.text, "board.example is left alone for "));
    assert_non_null(strstr(next.end.text, "status 429"));
    assert_true(metrics_say("polite_refused_total{why=\"pause\"} 1\n"));
    /* Other hosts go on. */
    next = ask((struct asker){.ignore_robots = true, .url = "https://other.example/"});
    assert_int_equal(next.end.code, ERR_OK);
}

static void the_breaker_fails_everybody_until_one_trial_succeeds(void **state)
{
    struct asker trouble = {
        .ignore_robots = true, .told = TELL_TROUBLE, .retry_after_ms = RETRY_AFTER_NONE};
    struct asker many[] = {trouble, trouble, trouble, trouble, trouble};
    struct asker next;
    int64_t until_ms;

    (void)state;
    ask_all(many, ARRAY_LEN(many));
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        assert_int_equal(many[i].end.code, i < OPEN_AFTER ? ERR_OK : ERR_RATE_LIMITED);
    assert_true(metrics_say("polite_breakers_open 1\n"));

    until_ms = clock_mono_ms() + BACKOFF_MAX_MS;
    do /* its pause passes */
        next = ask((struct asker){.ignore_robots = true, .told = TELL_FINE});
    while (next.end.code && clock_mono_ms() < until_ms + 5000);
    assert_int_equal(next.end.code, ERR_OK);
    assert_true(metrics_say("polite_breakers_open 0\n"));
}

static void a_holder_that_knows_nothing_changes_nothing(void **state)
{
    struct asker trouble = {
        .ignore_robots = true, .told = TELL_TROUBLE, .retry_after_ms = RETRY_AFTER_NONE};
    struct asker next;

    (void)state;
    ask(trouble);
    ask((struct asker){.ignore_robots = true});
    ask(trouble);
    next = ask((struct asker){.ignore_robots = true});
    assert_true(waited_ms(&next) >= at_least_ms(2 * BACKOFF_MS));
}

static void a_bad_address_is_told_later(void **state)
{
    (void)state;
    assert_int_not_equal(ask((struct asker){.url = "ftp://board.example/"}).end.code, ERR_OK);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(reads_robots_once_for_all_pages_of_an_origin),
        EACH(robots_forbid_with_wildcards_and_the_longest_match),
        EACH(robots_that_cannot_be_had_close_the_gate_for_now),
        EACH(one_at_a_time_with_the_longer_delay_of_two),
        EACH(backs_off_longer_with_each_trouble_and_not_after_an_answer),
        EACH(waits_as_long_as_retry_after_says),
        EACH(a_long_retry_after_is_not_waited_for),
        EACH(the_breaker_fails_everybody_until_one_trial_succeeds),
        EACH(a_holder_that_knows_nothing_changes_nothing),
        EACH(a_bad_address_is_told_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
