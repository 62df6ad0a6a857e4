/* SPDX-License-Identifier: MIT */
/* turns.c - IDLE > ASKED > HELD > IDLE, or ASKED > IDLE when it is not ours. */
#include "crawl/turns.h"
#include "base/list.h"
#include "base/log.h"

enum {
    BEATS = 3,    /* renewals in a turn's time */
    LOOK_MS = 300 /* while another program has the turn: how often it is looked at */
};

enum turn_state { TURN_IDLE, TURN_ASKED, TURN_HELD };

struct turns {
    struct loop *loop;
    struct store *store;
    int64_t ttl_ms;
    struct list all;
    struct loop_timer *beat; /* armed while any is held */
    bool renewing;
    bool is_away; /* told once */
};

struct turn {
    struct list link;
    struct turns *turns;
    char *host;
    enum turn_state state;
    int64_t number; /* of HELD; 0: the database was away */
    bool freed;     /* its answer is still to come */
    turn_fn *answer;
    void *ctx;
};

static void on_beat(void *ctx);
static void on_answer(const struct store_turn *answer, const struct err *err, void *ctx);

struct turns *turns_new(struct loop *loop, struct store *store, int64_t ttl_ms)
{
    struct turns *turns = mem_new(struct turns);

    check(store_is_shared(store) && ttl_ms >= BEATS);
    turns->loop = loop;
    turns->store = store;
    turns->ttl_ms = ttl_ms;
    list_init(&turns->all);
    turns->beat = loop_timer_new(loop, on_beat, turns);
    return turns;
}

static void destroy(struct turn *turn)
{
    list_remove(&turn->link);
    mem_free(turn->host);
    mem_free(turn);
}

void turns_free(struct turns **turns_ptr)
{
    struct turns *turns = *turns_ptr;
    struct list *at, *next;

    if (!turns)
        return;
    *turns_ptr = NULL;
    LIST_FOREACH (at, next, &turns->all) {
        struct turn *turn = container_of(at, struct turn, link);

        check(turn->freed);
        destroy(turn);
    }
    loop_timer_free(&turns->beat);
    mem_free(turns);
}

struct turn *turn_new(struct turns *turns, const char *host, turn_fn *answer, void *ctx)
{
    struct turn *turn = mem_new(struct turn);

    turn->turns = turns;
    turn->host = mem_strdup(host);
    turn->answer = answer;
    turn->ctx = ctx;
    list_init(&turn->link);
    list_append(&turns->all, &turn->link);
    return turn;
}

bool turn_is_asked(const struct turn *turn)
{
    return turn->state == TURN_ASKED;
}

bool turn_is_held(const struct turn *turn)
{
    return turn->state == TURN_HELD;
}

/* ---- ask ------------------------------------------------------------------------------------- */

void turn_ask(struct turn *turn, int64_t min_delay_ms)
{
    struct turns *turns = turn->turns;

    check(turn->state == TURN_IDLE);
    turn->state = TURN_ASKED;
    store_turn_take(turns->store, turn->host, min_delay_ms, turns->ttl_ms, on_answer, turn);
}

static void hold(struct turn *turn, int64_t number)
{
    struct turns *turns = turn->turns;

    turn->state = TURN_HELD;
    turn->number = number;
    if (number && !loop_timer_is_armed(turns->beat))
        loop_timer_start(turns->beat, turns->ttl_ms / BEATS);
}

static void note_database(struct turns *turns, const struct err *err)
{
    if (err && !turns->is_away)
        log_warn("turns", "the database is away: hosts are shared with nobody until it is back", "text=%s",
                 log_quote(err->text));
    turns->is_away = err != NULL;
}

static void on_answer(const struct store_turn *answer, const struct err *err, void *ctx)
{
    const struct store_turn everybodys = {.number = 0};
    struct turn *turn = ctx;
    struct store_turn later;

    note_database(turn->turns, err);
    turn->state = TURN_IDLE;
    if (err || answer->number)
        hold(turn, err ? 0 : answer->number);
    if (turn->freed) {
        turn_free(&turn);
        return;
    }
    if (err) {
        turn->answer(&everybodys, turn->ctx);
        return;
    }
    later = *answer;
    if (later.is_held && later.wait_ms > LOOK_MS)
        later.wait_ms = later.away_ms > LOOK_MS ? later.away_ms : LOOK_MS;
    turn->answer(&later, turn->ctx);
}

/* ---- give back ------------------------------------------------------------------------------- */

static void on_given(const struct err *err, void *ctx)
{
    note_database(ctx, err);
}

void turn_give(struct turn *turn, const struct store_turn_end *end)
{
    struct store_turn_end own = *end;

    check(turn->state == TURN_HELD);
    turn->state = TURN_IDLE;
    own.turn = (struct store_turn_name){turn->host, turn->number};
    if (turn->number)
        store_turn_give(turn->turns->store, &own, on_given, turn->turns);
}

void turn_free(struct turn **turn_ptr)
{
    struct turn *turn = *turn_ptr;

    if (!turn)
        return;
    *turn_ptr = NULL;
    turn->freed = true;
    if (turn->state == TURN_HELD)
        turn_give(turn, &(struct store_turn_end){.told = TURN_UNKNOWN});
    if (turn->state == TURN_IDLE)
        destroy(turn);
}

/* ---- the beat -------------------------------------------------------------------------------- */

static void on_renewed(const struct err *err, void *ctx)
{
    struct turns *turns = ctx;

    turns->renewing = false;
    note_database(turns, err);
}

static void on_beat(void *ctx)
{
    struct turns *turns = ctx;
    struct store_turn_name *names = mem_array(list_count(&turns->all) + 1, sizeof(*names));
    struct list *at, *next;
    int n = 0;

    LIST_FOREACH (at, next, &turns->all) {
        const struct turn *turn = container_of(at, struct turn, link);

        if (turn->state == TURN_HELD && turn->number)
            names[n++] = (struct store_turn_name){turn->host, turn->number};
    }
    if (n && !turns->renewing) {
        turns->renewing = true;
        store_turn_renew(turns->store, names, n, turns->ttl_ms, on_renewed, turns);
    }
    if (n)
        loop_timer_start(turns->beat, turns->ttl_ms / BEATS);
    mem_free(names);
}
