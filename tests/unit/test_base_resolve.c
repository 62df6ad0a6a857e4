/* SPDX-License-Identifier: MIT */
/* test_base_resolve.c - look-ups on threads of their own, through the machine's real resolver. */
#include "base/resolve.h"
#include "base/log.h"
#include "support/unit.h"

#include <unistd.h>

struct world {
    struct loop *loop;
    struct resolver *resolver;
    struct resolve_answer answer;
    int answers;
    int left;
};

static int world_make(void **state)
{
    struct world *w = mem_new(struct world);

    w->loop = loop_new();
    w->resolver = resolver_new(w->loop);
    *state = w;
    return 0;
}

static int world_end(void **state)
{
    struct world *w = *state;

    resolver_free(&w->resolver);
    loop_free(&w->loop);
    mem_free(w);
    return 0;
}

static void on_answer(const struct resolve_answer *answer, void *ctx)
{
    struct world *w = ctx;

    w->answer = *answer;
    w->answers++;
    if (--w->left == 0)
        loop_stop(w->loop);
}

static struct resolve_query *start(struct world *w, const char *name, int64_t timeout_ms)
{
    w->left++;
    return resolve_start(w->resolver, name, timeout_ms, on_answer, w);
}

static void tells_the_private_address_of_a_name(void **state)
{
    struct world *w = *state;

    start(w, "localhost", 20000);
    assert_int_equal(w->answers, 0);
    loop_run(w->loop);

    assert_true(w->answer.found);
    assert_string_equal(w->answer.private_kind, "loopback");
    assert_true(strcmp(w->answer.address, "127.0.0.1") == 0 ||
                strcmp(w->answer.address, "::1") == 0);
}

static void an_address_is_its_own_answer(void **state)
{
    struct world *w = *state;

    start(w, "8.8.8.8", 20000);
    loop_run(w->loop);

    assert_true(w->answer.found);
    assert_null(w->answer.private_kind);
    assert_string_equal(w->answer.address, "8.8.8.8");
}

static void a_name_that_nobody_knows_is_not_found(void **state)
{
    struct world *w = *state;

    start(w, "no such name", 20000);
    loop_run(w->loop);

    assert_false(w->answer.found);
    assert_null(w->answer.private_kind);
}

static void a_kept_answer_comes_later_as_well(void **state)
{
    struct world *w = *state;

    start(w, "localhost", 20000);
    loop_run(w->loop);
    start(w, "localhost", 20000);
    assert_int_equal(w->answers, 1);
    loop_run(w->loop);

    assert_int_equal(w->answers, 2);
    assert_string_equal(w->answer.private_kind, "loopback");
}

static void many_at_once_are_all_answered(void **state)
{
    struct world *w = *state;
    char name[32];

    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "10.0.%d.%d", i / 256, i % 256);
        start(w, name, 20000);
    }
    loop_run(w->loop);

    assert_int_equal(w->answers, 300);
}

static void no_answer_in_time_is_none(void **state)
{
    struct world *w = *state;

    start(w, "localhost", 0);
    loop_run(w->loop);

    assert_int_equal(w->answers, 1);
}

static void cancelled_queries_do_not_answer(void **state)
{
    struct world *w = *state;

    resolve_cancel(start(w, "localhost", 20000));
    start(w, "127.0.0.1", 20000);
    w->left = 1;
    loop_run(w->loop);
    start(w, "ip6-localhost", 20000); /* under way when the resolver goes */

    assert_int_equal(w->answers, 1);
}

static void drop_log(enum log_level level, const char *line, void *ctx)
{
    (void)level, (void)line, (void)ctx;
}

#define RESOLVE_TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RESOLVE_TEST(tells_the_private_address_of_a_name),
        RESOLVE_TEST(an_address_is_its_own_answer),
        RESOLVE_TEST(a_name_that_nobody_knows_is_not_found),
        RESOLVE_TEST(a_kept_answer_comes_later_as_well),
        RESOLVE_TEST(many_at_once_are_all_answered),
        RESOLVE_TEST(no_answer_in_time_is_none),
        RESOLVE_TEST(cancelled_queries_do_not_answer),
    };

    log_set_sink(drop_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
