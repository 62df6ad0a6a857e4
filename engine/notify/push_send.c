/* SPDX-License-Identifier: MIT */
/* push_send.c - one push's way from the outbox to the service and back; see push.h.
 *
 * A struct sending is on push->going until its end is written, or nobody wants to know it any more.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "notify/push_priv.h"

enum { ANSWER_MAX_BYTES = 1 << 20, NOTE_AGAIN_MS = 2000 };

struct sending {
    struct list link;
    struct push *push;
    struct arena arena;
    struct store_push row;
    const char **players;
    int n_players;
    struct fetch *fetch;
    struct store_outbox_end end;
    struct loop_timer *again; /* writing the end once more */
};

static void ask(struct sending *s);
static void note(struct sending *s);

static bool is_broadcast(const struct sending *s)
{
    return str_eq(s->row.kind, STORE_PUSH_BROADCAST);
}

static void drop(struct sending *s)
{
    list_remove(&s->link);
    s->push->n_going--;
    fetch_cancel(&s->fetch);
    loop_timer_free(&s->again);
    arena_fini(&s->arena);
    mem_free(s);
}

void push_cancel(struct push *push, bool all)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &push->going) {
        struct sending *s = container_of(at, struct sending, link);

        if (all || s->fetch || loop_timer_is_armed(s->again))
            drop(s);
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

static void count(struct push *push, enum store_push_end end)
{
    push->counts.sent += end == STORE_PUSH_SENT;
    push->counts.retried += end == STORE_PUSH_RETRY;
    push->counts.gave_up += end == STORE_PUSH_GAVE_UP;
}

static void log_end(const struct sending *s)
{
    static const char *const names[] = {[STORE_PUSH_SENT] = "sent",
                                        [STORE_PUSH_RETRY] = "later",
                                        [STORE_PUSH_GAVE_UP] = "given up"};
    enum log_level level = LOG_DEBUG;

    if (s->end.end == STORE_PUSH_GAVE_UP)
        level = is_broadcast(s) ? LOG_ERROR : LOG_WARN;
    LOG_AT(level, "push", names[s->end.end], "push=%lld kind=%s key=%s try=%lld text=%s",
           (long long)s->row.id, s->row.kind, s->row.key, (long long)s->row.tries,
           log_quote(s->end.error ? s->end.error : ""));
}

static void on_noted(bool applied, const struct err *err, void *ctx)
{
    struct sending *s = ctx;
    struct push *push = s->push;

    push_note_store(push, err);
    /* What is not noted would go out again, though under the same key. */
    if (err && !push->is_stopping) {
        loop_timer_start(s->again, NOTE_AGAIN_MS);
        return;
    }
    if (!err && !applied)
        log_info("push", "somebody else has this push by now", "push=%lld", (long long)s->row.id);
    drop(s);
    push_wake(push);
    push_maybe_stopped(push);
}

static void on_again(void *ctx)
{
    note(ctx);
}

static void note(struct sending *s)
{
    store_outbox_end(s->push->store, &s->end, on_noted, s);
}

static int64_t later_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t retry_in_ms(const struct sending *s, int64_t retry_after_ms)
{
    struct backoff backoff;
    int64_t delay_ms = 0;

    backoff_init(&backoff, s->push->config->push_backoff,
                 later_of(s->push->config->push_backoff_max, s->push->config->push_backoff));
    for (int64_t i = 0; i < s->row.tries && i < 40; i++)
        delay_ms = backoff_next_ms(&backoff);
    return later_of(delay_ms, retry_after_ms);
}

static void finish(struct sending *s, enum store_push_end end, const char *error)
{
    s->end.push = &s->row;
    s->end.holder = s->push->holder;
    s->end.end = end;
    s->end.now_ms = clock_wall_ms();
    s->end.error = error && *error ? arena_strdup(&s->arena, error) : NULL;
    count(s->push, end);
    s->push->counts.players_gone += s->end.n_gone;
    log_end(s);
    note(s);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void finish_by(struct sending *s, const struct push_answer *answer)
{
    s->end.receipt = answer->receipt;
    s->end.gone = answer->gone;
    s->end.n_gone = answer->n_gone;
    switch (answer->verdict) {
    case PUSH_TAKEN:
        finish(s, STORE_PUSH_SENT, NULL);
        return;
    case PUSH_NOBODY:
        finish(s, is_broadcast(s) ? STORE_PUSH_SENT : STORE_PUSH_GAVE_UP, answer->text);
        return;
    case PUSH_LATER:
        s->end.due_at_ms = clock_wall_ms() + retry_in_ms(s, answer->retry_after_ms);
        finish(s,
               s->row.tries < s->push->config->push_tries ? STORE_PUSH_RETRY : STORE_PUSH_GAVE_UP,
               answer->text);
        return;
    case PUSH_NEVER:
        finish(s, STORE_PUSH_GAVE_UP, answer->text);
        return;
    }
}

static void on_fetched(const struct fetch_result *result, const struct err *err, void *ctx)
{
    struct sending *s = ctx;
    struct push_answer answer;

    s->fetch = NULL;
    push_answer_read(s->push->account, result, err, &s->arena, &answer);
    push_note_answer(s->push, &answer);
    finish_by(s, &answer);
}

/* ---- the request ----------------------------------------------------------------------------- */

static void ask(struct sending *s)
{
    const struct push_account *account = s->push->account;
    char batch_key[PUSH_KEY_BYTES];
    struct push_message message = {
        .key = s->row.key,
        .kind = s->row.kind,
        .headings = s->row.headings,
        .contents = s->row.contents,
        .players = s->players,
        .n_players = s->n_players,
        .created_at_ms = s->row.created_at_ms,
    };
    struct push_post post;
    struct fetch_request request = {.url = account->url,
                                    .timeout_ms = s->push->config->push_timeout,
                                    .max_bytes = ANSWER_MAX_BYTES,
                                    .allow_private = true,
                                    .hide_path = true};

    if (is_broadcast(s)) {
        push_batch_key(s->row.key, s->row.batch_to, batch_key);
        message.key = batch_key;
    }
    account->way->post(account, &message, clock_wall_ms(), &s->arena, &post);
    request.body = post.body;
    request.body_len = post.body_len;
    request.headers = post.headers;
    s->fetch = fetch_start(s->push->client, &request, on_fetched, s);
}

/* Only those that could be the service's. */
static void on_players(const char *const *players, int n, const struct err *err, void *ctx)
{
    struct sending *s = ctx;

    if (err) {
        s->end.due_at_ms = clock_wall_ms() + retry_in_ms(s, 0);
        finish(s, STORE_PUSH_RETRY, err->text);
        return;
    }
    s->players = arena_array(&s->arena, const char *, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        if (s->push->account->way->takes(players[i]))
            s->players[s->n_players++] = arena_strdup(&s->arena, players[i]);
    if (s->n_players > 0)
        ask(s);
    else
        finish(s, STORE_PUSH_SENT, NULL);
}

static void send_to_one(struct sending *s)
{
    if (s->row.is_gone || !s->row.player) {
        finish(s, STORE_PUSH_GAVE_UP, "the service does not know this player");
    } else if (!s->push->account->way->takes(s->row.player)) {
        finish(s, STORE_PUSH_GAVE_UP, "no player id of this service");
    } else {
        s->players = arena_array(&s->arena, const char *, 1);
        s->players[s->n_players++] = s->row.player;
        ask(s);
    }
}

static void keep_texts(struct sending *s)
{
    struct arena *arena = &s->arena;
    struct store_push *row = &s->row;

    row->kind = arena_strdup(arena, row->kind);
    row->key = arena_strdup(arena, row->key);
    row->headings = arena_strdup(arena, row->headings);
    row->contents = arena_strdup(arena, row->contents);
    row->player = arena_strdup(arena, row->player);
}

void push_send(struct push *push, const struct store_push *taken)
{
    struct sending *s = mem_new(struct sending);

    s->push = push;
    s->row = *taken;
    arena_init(&s->arena);
    keep_texts(s);
    s->again = loop_timer_new(push->loop, on_again, s);
    list_init(&s->link);
    list_append(&push->going, &s->link);
    push->n_going++;
    if (s->row.tries > push->config->push_tries)
        finish(s, STORE_PUSH_GAVE_UP, "its attempts ended without a word");
    else if (is_broadcast(s))
        store_outbox_players(push->store, s->row.cursor, s->row.batch_to, on_players, s);
    else
        send_to_one(s);
}
