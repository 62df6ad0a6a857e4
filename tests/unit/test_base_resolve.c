/* SPDX-License-Identifier: MIT */
/* test_base_resolve.c - look-ups on threads of their own, through the machine's real resolver, but for names that begin
 * with "slow": these take until the test lets them go. */
#include "base/resolve.h"
#include "base/log.h"
#include "support/unit.h"

#include <dlfcn.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MAX_THREADS = 32, MAX_PER_ASKER = 4, OTHERS = MAX_THREADS / MAX_PER_ASKER };

struct world {
    struct loop *loop;
    struct resolver *resolver;
    struct resolve_answer answer, late_answer;
    int answers;
    int left;
};

/* ---- the slow resolver --------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int may_end; /* so many of those under way */
    atomic_int under_way;
    atomic_int begun;
} slow = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void let_go(int n)
{
    pthread_mutex_lock(&slow.lock);
    slow.may_end += n;
    pthread_cond_broadcast(&slow.changed);
    pthread_mutex_unlock(&slow.lock);
}

/* In place of the library's, in this program. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    if (strncmp(name, "slow", 4) == 0) {
        pthread_mutex_lock(&slow.lock);
        atomic_fetch_add(&slow.begun, 1);
        atomic_fetch_add(&slow.under_way, 1);
        while (slow.may_end == 0)
            pthread_cond_wait(&slow.changed, &slow.lock);
        slow.may_end--;
        atomic_fetch_sub(&slow.under_way, 1);
        pthread_mutex_unlock(&slow.lock);
        return EAI_AGAIN;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(name, service, hints, out);
}

static void await_begun(int n)
{
    for (int i = 0; i < 5000 && atomic_load(&slow.begun) < n; i++)
        poll(NULL, 0, 2);
    assert_int_equal(atomic_load(&slow.begun), n);
}

/* No thread outlives its test. */
static void end_slow_ones(void)
{
    let_go(1000);
    for (int i = 0; i < 5000 && atomic_load(&slow.under_way) > 0; i++)
        poll(NULL, 0, 2);
    poll(NULL, 0, 20); /* they still have to leave the count of threads */
    slow.may_end = 0;
    atomic_store(&slow.begun, 0);
}

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
    end_slow_ones();
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

/* Kept apart from the answers of others, which may come in the same turn of the loop. */
static void on_late_answer(const struct resolve_answer *answer, void *ctx)
{
    struct world *w = ctx;

    w->late_answer = *answer;
    loop_stop(w->loop);
}

static struct resolve_query *start_by(struct world *w, struct resolver *resolver, const char *name,
                                      int64_t timeout_ms)
{
    w->left++;
    return resolve_start(resolver, name, timeout_ms, on_answer, w);
}

static struct resolve_query *start(struct world *w, const char *name, int64_t timeout_ms)
{
    return start_by(w, w->resolver, name, timeout_ms);
}

/* Until so many more answers came; what else was asked goes on. */
static void await_answers(struct world *w, int n)
{
    w->left = n;
    loop_run(w->loop);
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

static void one_asker_does_not_get_in_the_way_of_another(void **state)
{
    struct world *w = *state;
    struct resolver *other = resolver_new(w->loop);
    char name[32];

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "slow-%d", i);
        start(w, name, 60000);
    }
    await_begun(MAX_PER_ASKER);
    start_by(w, other, "8.8.8.8", 20000);
    await_answers(w, 1);

    assert_string_equal(w->answer.address, "8.8.8.8");
    assert_int_equal(atomic_load(&slow.begun), MAX_PER_ASKER);
    let_go(100);
    await_answers(w, 100);
    assert_int_equal(atomic_load(&slow.begun), 100);
    resolver_free(&other);
}

static void what_is_given_up_still_counts_against_its_asker(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < MAX_PER_ASKER; i++)
        start(w, "slow", 30);
    await_answers(w, MAX_PER_ASKER);
    start(w, "8.8.8.8", 50);
    await_answers(w, 1);
    assert_false(w->answer.found);

    start(w, "8.8.8.8", 20000);
    let_go(1);
    await_answers(w, 1);
    assert_string_equal(w->answer.address, "8.8.8.8");
}

/* All threads are taken; the next goes to whom has waited longest, not to whom has asked most. */
static void askers_are_served_in_turn(void **state)
{
    struct world *w = *state;
    struct resolver *others[OTHERS];
    struct resolver *late = resolver_new(w->loop);

    for (int i = 0; i < OTHERS; i++) {
        others[i] = resolver_new(w->loop);
        for (int j = 0; j < 3 * MAX_PER_ASKER; j++)
            start_by(w, others[i], "slow", 60000);
    }
    await_begun(MAX_THREADS);
    resolve_start(late, "8.8.8.8", 20000, on_late_answer, w);
    /* Its turn comes after one of each other. Its thread may be slower than answers that are known by then. */
    for (int i = 0; i < OTHERS + 1 && !w->late_answer.found; i++) {
        let_go(1);
        await_answers(w, 1);
    }
    if (!w->late_answer.found)
        await_answers(w, INT_MAX);

    assert_string_equal(w->late_answer.address, "8.8.8.8");
    for (int i = 0; i < OTHERS; i++)
        resolver_free(&others[i]);
    resolver_free(&late);
}

/* Their threads end without a word to anybody. */
static void threads_of_askers_that_have_gone_are_waited_for(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < OTHERS; i++) {
        struct resolver *gone = resolver_new(w->loop);

        for (int j = 0; j < MAX_PER_ASKER; j++)
            start_by(w, gone, "slow", 60000);
        resolver_free(&gone);
    }
    await_begun(MAX_THREADS);
    start(w, "8.8.8.8", 20000);
    let_go(1);
    await_answers(w, 1);

    assert_string_equal(w->answer.address, "8.8.8.8");
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
        RESOLVE_TEST(one_asker_does_not_get_in_the_way_of_another),
        RESOLVE_TEST(what_is_given_up_still_counts_against_its_asker),
        RESOLVE_TEST(askers_are_served_in_turn),
        RESOLVE_TEST(threads_of_askers_that_have_gone_are_waited_for),
    };

    log_set_sink(drop_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
