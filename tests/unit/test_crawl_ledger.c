/* SPDX-License-Identifier: MIT */
/* test_crawl_ledger.c - ends of runs against a store that is away for a while. */
#include "crawl/ledger.h"
#include "base/log.h"
#include "crawl/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* ---- a store that answers or refuses ------------------------------------------------------------ */

static struct world {
    struct loop *loop;
    int refuse; /* so many calls fail before the store is back */
    int begun, ended, refused;
    char reasons[64];
    store_done_fn *done;
    store_run_fn *begun_done;
    void *ctx;
    int answers, kept_answers;
} world;

static bool refuses(struct err *err)
{
    if (world.refuse == 0)
        return false;
    world.refuse--;
    world.refused++;
    err_set(err, ERR_STORE, "away");
    return true;
}

static void answer_end(void *ctx)
{
    struct err err;

    (void)ctx;
    world.done(refuses(&err) ? &err : NULL, world.ctx);
}

void store_run_end(struct store *store, const struct store_run *run, store_done_fn *done, void *ctx)
{
    (void)store;
    assert_true(run->id > 0);
    if (world.refuse == 0) {
        world.ended++;
        strcat(world.reasons, run->reason);
        strcat(world.reasons, " ");
    }
    world.done = done;
    world.ctx = ctx;
    loop_defer(world.loop, answer_end, NULL);
}

static void answer_begin(void *ctx)
{
    struct err err;

    (void)ctx;
    if (refuses(&err))
        world.begun_done(0, &err, world.ctx);
    else
        world.begun_done(++world.begun, NULL, world.ctx);
}

void store_run_begin(struct store *store, const struct store_run *run, store_run_fn *done,
                     void *ctx)
{
    (void)store;
    assert_string_equal(run->site, "a");
    world.begun_done = done;
    world.ctx = ctx;
    loop_defer(world.loop, answer_begin, NULL);
}

/* A spool with room for so many. */
static struct {
    int room, taken;
    spool_fn *done;
    void *ctx;
} disk;

static void answer_disk(void *ctx)
{
    static const struct store_counts none;
    struct err err;

    (void)ctx;
    err_set(&err, ERR_STORE_AWAY, "full");
    if (disk.room-- > 0) {
        disk.taken++;
        disk.done(&none, true, NULL, disk.ctx);
    } else {
        disk.done(NULL, false, &err, disk.ctx);
    }
}

void spool_run_end(struct spool *spool, const struct store_run *run, spool_fn *done, void *ctx)
{
    (void)spool;
    assert_string_equal(run->site, "a");
    disk.done = done;
    disk.ctx = ctx;
    loop_defer(world.loop, answer_disk, NULL);
}

/* ---- harness ------------------------------------------------------------------------------------ */

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static void on_ended(const struct err *err, void *ctx)
{
    (void)ctx;
    world.answers++;
    world.kept_answers += err != NULL;
}

/* Let the loop turn until nothing is kept any more. */
static void look(void *ctx)
{
    if (ledger_kept(ctx) == 0)
        loop_stop(world.loop);
    else
        loop_defer(world.loop, look, ctx);
}

static void give(struct ledger *ledger, int64_t id, const char *reason)
{
    char detail[] = "text that goes away";
    struct store_run run = {
        .id = id, .site = "a", .kind = "crawl", .reason = reason, .detail = detail};
    int before = world.answers;

    ledger_end(ledger, &run, on_ended, NULL);
    memset(detail, 'x', sizeof(detail) - 1);
    assert_int_equal(world.answers, before);
}

static struct ledger *set_up(int refuse)
{
    world = (struct world){.loop = loop_new(), .refuse = refuse};
    log_set_sink(quiet, NULL);
    return ledger_new(world.loop, NULL);
}

static void tear_down(struct ledger *ledger)
{
    ledger_free(&ledger);
    loop_free(&world.loop);
    log_set_sink(NULL, NULL);
}

/* Two turns: the store's answer, and the ledger's. */
static void turn(void)
{
    for (int i = 0; i < 3; i++) {
        loop_defer(world.loop, (loop_fn *)loop_stop, world.loop);
        loop_run(world.loop);
    }
}

/* ---- tests -------------------------------------------------------------------------------------- */

static void an_end_that_the_store_takes_is_not_kept(void **state)
{
    struct ledger *ledger = set_up(0);

    (void)state;
    give(ledger, 7, "ok");
    turn();

    assert_int_equal(world.answers, 1);
    assert_int_equal(world.kept_answers, 0);
    assert_int_equal(ledger_kept(ledger), 0);
    tear_down(ledger);
}

static void an_end_that_it_refuses_is_written_when_it_is_back(void **state)
{
    struct ledger *ledger = set_up(2);

    (void)state;
    give(ledger, 7, "store-failed");
    turn();
    assert_int_equal(world.kept_answers, 1);
    assert_int_equal(ledger_kept(ledger), 1);
    look(ledger);
    loop_run(world.loop);

    assert_int_equal(world.answers, 1);
    assert_int_equal(world.ended, 1);
    assert_string_equal(world.reasons, "store-failed ");
    tear_down(ledger);
}

static void a_run_that_was_never_begun_gets_its_whole_row(void **state)
{
    struct ledger *ledger = set_up(0);

    (void)state;
    give(ledger, 0, "store-failed");
    turn();
    assert_int_equal(world.kept_answers, 1);
    look(ledger);
    loop_run(world.loop);

    assert_int_equal(world.begun, 1);
    assert_int_equal(world.ended, 1);
    tear_down(ledger);
}

static void more_than_can_be_kept_is_lost_but_answered(void **state)
{
    struct ledger *ledger = set_up(1 << 20);

    (void)state;
    for (int i = 0; i < LEDGER_MAX_KEPT + 5; i++) {
        give(ledger, 1 + i, "store-failed");
        turn();
    }

    assert_int_equal(world.answers, LEDGER_MAX_KEPT + 5);
    assert_int_equal(ledger_kept(ledger), LEDGER_MAX_KEPT);
    tear_down(ledger);
}

static void an_end_on_disk_is_an_end_and_what_the_disk_refuses_is_kept(void **state)
{
    struct ledger *ledger = set_up(0);

    (void)state;
    ledger_set_spool(ledger, (struct spool *)ledger); /* never looked into */
    disk.room = 1;
    disk.taken = 0;
    give(ledger, 0, "ok");
    turn();
    assert_int_equal(world.kept_answers, 0);
    assert_int_equal(disk.taken, 1);
    give(ledger, 7, "timeout");
    turn();
    assert_int_equal(world.kept_answers, 1);
    assert_int_equal(ledger_kept(ledger), 1);
    loop_defer(world.loop, look, ledger);
    loop_run(world.loop);

    assert_string_equal(world.reasons, "timeout ");
    tear_down(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_on_disk_is_an_end_and_what_the_disk_refuses_is_kept),
        cmocka_unit_test(an_end_that_the_store_takes_is_not_kept),
        cmocka_unit_test(an_end_that_it_refuses_is_written_when_it_is_back),
        cmocka_unit_test(a_run_that_was_never_begun_gets_its_whole_row),
        cmocka_unit_test(more_than_can_be_kept_is_lost_but_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
