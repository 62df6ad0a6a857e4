/* SPDX-License-Identifier: MIT */
/* test_crawl_turns.c - two programs that share hosts: two gates (crawl/polite.h) on one fake of the host's row
 * (db/store_lease.h), which does in memory what the database does.
 */
#include "crawl/turns.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crawl/polite.h"
#include "support/unit.h"

enum { BACKOFF_MS = 40, BACKOFF_MAX_MS = 160, OPEN_AFTER = 3, TTL_MS = 60 };

/* The row of the one host that there is. */
static struct row {
    bool is_away; /* the database */
    int64_t number, until_ms;
    bool is_held;
    int64_t released_ms, next_ms, away_ms;
    int troubles;
    char reason[40], why[100];
    int takes, gives, renewals;
} row;

struct program {
    struct turns *turns;
    struct polite *polite;
};

static struct world {
    struct loop *loop;
    struct program one, two;
    int left; /* answers to come */
} world;

/* ---- the fake -------------------------------------------------------------------------------- */

struct call {
    store_turn_fn *turn;
    store_done_fn *done;
    void *ctx;
    int64_t min_delay_ms;
    bool is_taking;
    struct store_turn_end end;
    char reason[40], why[100];
};

bool store_is_shared(const struct store *store)
{
    (void)store;
    return true;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct store_turn try_to_take(int64_t min_delay_ms)
{
    int64_t now = clock_mono_ms();
    int64_t ready = later(later(row.next_ms, row.away_ms), row.released_ms ? row.released_ms + min_delay_ms : 0);
    bool is_held = row.is_held && row.until_ms > now;
    struct store_turn turn = {.troubles = row.troubles, .reason = *row.reason ? row.reason : NULL, .why = row.why};

    if (!is_held && ready <= now) {
        row.is_held = true;
        row.until_ms = now + TTL_MS;
        turn.number = ++row.number;
        return turn;
    }
    turn.is_held = is_held;
    turn.wait_ms = later(ready, is_held ? row.until_ms : 0) - now;
    turn.away_ms = later(row.away_ms - now, 0);
    return turn;
}

static void give_it(const struct store_turn_end *end)
{
    int64_t now = clock_mono_ms();

    if (!row.is_held || row.number != end->turn.number)
        return;
    row.is_held = false;
    row.released_ms = now;
    row.next_ms = now + end->delay_ms;
    if (end->told == TURN_UNKNOWN)
        return;
    row.troubles = end->told == TURN_FINE ? 0 : end->troubles;
    row.away_ms = end->told == TURN_FINE ? 0 : now + end->away_ms;
    snprintf(row.reason, sizeof(row.reason), "%s", end->told == TURN_FINE ? "" : end->reason);
    snprintf(row.why, sizeof(row.why), "%s", end->told == TURN_FINE ? "" : end->why);
}

static void answer(void *ctx)
{
    struct call *call = ctx;
    struct store_turn turn;
    struct err err;

    err_set(&err, ERR_STORE_AWAY, "away");
    if (row.is_away && call->is_taking) {
        call->turn(NULL, &err, call->ctx);
    } else if (call->is_taking) {
        turn = try_to_take(call->min_delay_ms);
        call->turn(&turn, NULL, call->ctx);
    } else {
        if (call->end.turn.number && !row.is_away)
            give_it(&call->end);
        call->done(row.is_away ? &err : NULL, call->ctx);
    }
    mem_free(call);
}

void store_turn_take(struct store *store, const char *host, int64_t min_delay_ms, int64_t ttl_ms,
                     store_turn_fn *done, void *ctx)
{
    struct call *call = mem_new(struct call);

    (void)store;
    assert_string_equal(host, "board.example");
    assert_int_equal(ttl_ms, TTL_MS);
    row.takes++;
    *call = (struct call){.turn = done, .ctx = ctx, .min_delay_ms = min_delay_ms, .is_taking = true};
    loop_defer(world.loop, answer, call);
}

void store_turn_renew(struct store *store, const struct store_turn_name *turns, int n, int64_t ttl_ms,
                      store_done_fn *done, void *ctx)
{
    struct call *call = mem_new(struct call);

    (void)store;
    assert_int_equal(n, 1);
    row.renewals++;
    if (row.is_held && turns[0].number == row.number)
        row.until_ms = clock_mono_ms() + ttl_ms;
    *call = (struct call){.done = done, .ctx = ctx};
    loop_defer(world.loop, answer, call);
}

void store_turn_give(struct store *store, const struct store_turn_end *end, store_done_fn *done,
                     void *ctx)
{
    struct call *call = mem_new(struct call);

    (void)store;
    row.gives++;
    *call = (struct call){.done = done, .ctx = ctx, .end = *end};
    snprintf(call->reason, sizeof(call->reason), "%s", end->reason ? end->reason : "");
    snprintf(call->why, sizeof(call->why), "%s", end->why ? end->why : "");
    call->end.reason = call->reason;
    call->end.why = call->why;
    loop_defer(world.loop, answer, call);
}

/* ---- who asks -------------------------------------------------------------------------------- */

struct asker {
    int64_t min_delay_ms;
    int64_t page_ms; /* how long the page takes */
    enum store_told told;

    struct polite_ticket *ticket;
    struct loop_timer *page;
    struct err end;
    int64_t answered_at_ms, released_at_ms;
};

static int held; /* pages of the host under way, of both programs */

static void asker_over(void)
{
    if (--world.left == 0)
        loop_stop(world.loop);
}

static void on_page(void *ctx)
{
    struct asker *asker = ctx;
    struct err trouble;

    err_set(&trouble, ERR_RATE_LIMITED, "status 429");
    if (asker->told == TURN_FINE)
        polite_tell_fine(asker->ticket);
    if (asker->told == TURN_TROUBLE)
        polite_tell_trouble(asker->ticket, &trouble, RETRY_AFTER_NONE);
    held--;
    asker->released_at_ms = clock_mono_ms();
    polite_release(&asker->ticket);
    asker_over();
}

static void on_answer(const struct err *err, void *ctx)
{
    struct asker *asker = ctx;

    asker->answered_at_ms = clock_mono_ms();
    if (err) {
        asker->end = *err;
        polite_release(&asker->ticket);
        asker_over();
        return;
    }
    assert_int_equal(++held, 1);
    loop_timer_start(asker->page, asker->page_ms);
}

static void start(struct program *program, struct asker *asker)
{
    struct polite_request request = {.url = "https://board.example/list",
                                     .min_delay_ms = asker->min_delay_ms};

    asker->page = loop_timer_new(world.loop, on_page, asker);
    asker->ticket = polite_ask(program->polite, &request, on_answer, asker);
    world.left++;
}

static void wait_for(struct asker *askers, int n)
{
    loop_run(world.loop);
    for (int i = 0; i < n; i++)
        loop_timer_free(&askers[i].page);
}

static struct asker ask(struct program *program, struct asker asker)
{
    start(program, &asker);
    wait_for(&asker, 1);
    return asker;
}

/* What was given back reaches the row in the next turns of the loop. */
static void on_time(void *ctx)
{
    loop_stop(ctx);
}

static void settle(int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(world.loop, on_time, world.loop);

    loop_timer_start(timer, ms);
    loop_run(world.loop);
    loop_timer_free(&timer);
}

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level, (void)line, (void)ctx;
}

static void program_new(struct program *program)
{
    struct polite_settings settings = {"test", BACKOFF_MS, BACKOFF_MAX_MS, OPEN_AFTER, NULL};

    program->turns = turns_new(world.loop, (struct store *)&row, TTL_MS);
    settings.turns = program->turns;
    program->polite = polite_new(world.loop, &settings);
}

static void program_free(struct program *program)
{
    polite_free(&program->polite);
    turns_free(&program->turns);
}

static int set_up(void **state)
{
    (void)state;
    row = (struct row){.is_away = false};
    world = (struct world){.loop = loop_new()};
    held = 0;
    log_set_sink(quiet, NULL);
    program_new(&world.one);
    program_new(&world.two);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    settle(5);
    program_free(&world.one);
    program_free(&world.two);
    loop_free(&world.loop);
    log_set_sink(NULL, NULL);
    return 0;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void two_programs_never_ask_a_host_at_the_same_time(void **state)
{
    struct asker askers[6];

    (void)state;
    for (int i = 0; i < 6; i++)
        askers[i] = (struct asker){.page_ms = 5, .told = TURN_FINE};
    for (int i = 0; i < 6; i++)
        start(i % 2 ? &world.one : &world.two, &askers[i]);
    wait_for(askers, 6); /* on_answer() looks that one page is under way at a time */
    settle(5);

    assert_int_equal(row.number, 6);
    assert_int_equal(row.gives, 6);
    assert_false(row.is_held);
}

static void the_pause_behind_a_page_holds_for_the_other_program(void **state)
{
    struct asker first, second;

    (void)state;
    first = ask(&world.one, (struct asker){.min_delay_ms = 60, .told = TURN_FINE});
    second = ask(&world.two, (struct asker){.min_delay_ms = 1, .told = TURN_FINE});
    assert_true(second.answered_at_ms - first.released_at_ms >= 60);
    first = ask(&world.one, (struct asker){.min_delay_ms = 70});
    assert_true(first.answered_at_ms - second.released_at_ms >= 70);
}

static void back_off_is_what_both_have_seen(void **state)
{
    struct asker asker = {.told = TURN_TROUBLE}, last;

    (void)state;
    asker = ask(&world.one, asker);
    settle(2);
    last = ask(&world.two, (struct asker){.told = TURN_TROUBLE});
    assert_true(last.answered_at_ms - asker.released_at_ms >= BACKOFF_MS * 3 / 4 - 1);
    settle(2);
    assert_int_equal(row.troubles, 2); /* of the host, whoever had it */

    asker = ask(&world.one, (struct asker){.told = TURN_FINE});
    assert_true(asker.answered_at_ms - last.released_at_ms >= 2 * BACKOFF_MS * 3 / 4 - 1);
    settle(2);
    assert_int_equal(row.troubles, 0);
}

static void a_breaker_that_the_other_opened_refuses_here(void **state)
{
    struct asker asker;

    (void)state;
    row.troubles = OPEN_AFTER;
    row.away_ms = clock_mono_ms() + 60000;
    strcpy(row.reason, "rate-limited");
    strcpy(row.why, "status 429");

    asker = ask(&world.one, (struct asker){0});
    assert_int_equal(asker.end.code, ERR_RATE_LIMITED);
    assert_non_null(strstr(asker.end.text, "left alone"));
    assert_non_null(strstr(asker.end.text, "status 429"));
}

static void a_long_page_keeps_its_turn_and_a_dead_programs_runs_out(void **state)
{
    struct asker pages[2] = {{.page_ms = 3 * TTL_MS, .told = TURN_FINE}, {.told = TURN_FINE}};
    struct asker asker;

    (void)state;
    start(&world.one, &pages[0]);
    settle(1);
    start(&world.two, &pages[1]);
    wait_for(pages, 2);
    assert_true(pages[1].answered_at_ms >= pages[0].released_at_ms);
    assert_true(row.renewals >= 2);

    settle(5);
    row.is_held = true; /* by a program that is dead */
    row.number++;
    row.until_ms = clock_mono_ms() + TTL_MS;
    asker = ask(&world.two, (struct asker){0});
    assert_int_equal(asker.end.code, ERR_OK);
    assert_true(asker.answered_at_ms >= row.until_ms - TTL_MS);
}

static void who_no_longer_wants_the_turn_gives_it_back(void **state)
{
    struct asker asker = {0};

    (void)state;
    start(&world.one, &asker);
    settle(0); /* it is asked for, or nearly */
    if (!asker.answered_at_ms)
        polite_release(&asker.ticket);
    settle(20);
    loop_timer_free(&asker.page);
    if (asker.ticket)
        polite_release(&asker.ticket);
    settle(5);
    assert_false(row.is_held);
}

static void without_the_database_each_is_polite_alone(void **state)
{
    struct asker first, second;

    (void)state;
    row.is_away = true;
    first = ask(&world.one, (struct asker){.min_delay_ms = 30, .told = TURN_FINE});
    assert_int_equal(first.end.code, ERR_OK);
    second = ask(&world.one, (struct asker){.min_delay_ms = 30, .told = TURN_FINE});
    assert_true(second.answered_at_ms - first.released_at_ms >= 30);
    assert_int_equal(row.gives, 0);

    row.is_away = false;
    second = ask(&world.one, (struct asker){.told = TURN_FINE});
    settle(5);
    assert_int_equal(row.gives, 1);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(two_programs_never_ask_a_host_at_the_same_time),
        EACH(the_pause_behind_a_page_holds_for_the_other_program),
        EACH(back_off_is_what_both_have_seen),
        EACH(a_breaker_that_the_other_opened_refuses_here),
        EACH(a_long_page_keeps_its_turn_and_a_dead_programs_runs_out),
        EACH(who_no_longer_wants_the_turn_gives_it_back),
        EACH(without_the_database_each_is_polite_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
