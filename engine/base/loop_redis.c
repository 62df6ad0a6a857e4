/* SPDX-License-Identifier: MIT */
/* loop_redis.c - hiredis's asynchronous side on our loop.
 *
 *     AWAY > CONNECTING > GREETING > READY > AWAY (lost, timed out, refused)
 *
 * hiredis frees its context by itself when the connection is lost, after it has given each command
 * its end; so every way down ends in on_gone(), by its callbacks or by drop(). A command that ends
 * without an answer is told so in the next turn.
 */
#include "base/loop_redis.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <curl/curl.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PORT = 6379, MAX_DATABASE = 1000000, BACKOFF_MS = 100, BACKOFF_MAX_MS = 5000 };

enum redis_state { REDIS_AWAY, REDIS_CONNECTING, REDIS_GREETING, REDIS_READY };

struct command {
    struct list link;
    struct loop_redis *redis;
    int64_t deadline_ms;
    loop_redis_fn *done;
    void *ctx;
};

struct loop_redis {
    struct loop *loop;
    char *path; /* of a unix socket; NULL: host and port */
    char *host, *user, *password;
    int port, database;
    int64_t timeout_ms;
    enum redis_state state;
    redisAsyncContext *context;
    struct loop_io *io;
    unsigned wanted;
    struct loop_timer *kick;     /* tells the unanswered ones */
    struct loop_timer *deadline; /* of connecting, or of the first command */
    struct loop_timer *again;    /* connects */
    struct backoff backoff;
    struct list asked, unanswered;
    bool was_told_away;
    bool busy, freed; /* a callback runs: one that frees us only marks it */
    char reason[200]; /* why it was lost */
};

static void redis_connect(struct loop_redis *redis);

/* ---- the end of a connection ----------------------------------------------------------------- */

static void on_gone(struct loop_redis *redis)
{
    redis->context = NULL;
    redis->state = REDIS_AWAY;
    loop_timer_stop(redis->deadline);
    if (redis->freed)
        return;
    if (!redis->was_told_away)
        log_warn("redis", "away, going on without it", "host=%s port=%d reason=%s", redis->host,
                 redis->port, log_quote(redis->reason));
    redis->was_told_away = true;
    loop_timer_start(redis->again, backoff_next_ms(&redis->backoff));
}

/* Not from hiredis's callbacks. */
static void drop(struct loop_redis *redis, const char *reason)
{
    redisAsyncContext *context = redis->context;

    snprintf(redis->reason, sizeof(redis->reason), "%s", reason);
    if (!context)
        return;
    redis->context = NULL;
    redisAsyncFree(context);
    on_gone(redis);
}

static void on_disconnected(const redisAsyncContext *context, int status)
{
    struct loop_redis *redis = context->data;

    if (redis->context != context)
        return; /* drop() does it */
    if (status != REDIS_OK || !*redis->reason)
        snprintf(redis->reason, sizeof(redis->reason), "%s",
                 context->errstr && *context->errstr ? context->errstr : "connection lost");
    on_gone(redis);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void command_free(struct command *command)
{
    list_remove(&command->link);
    mem_free(command);
}

static void arm_deadline(struct loop_redis *redis)
{
    struct list *first = list_first(&redis->asked);

    if (first)
        loop_timer_start(redis->deadline,
                         container_of(first, struct command, link)->deadline_ms - clock_mono_ms());
    else if (redis->state == REDIS_READY)
        loop_timer_stop(redis->deadline);
}

static void on_kick(void *ctx)
{
    struct loop_redis *redis = ctx;
    struct list *first;
    struct err err;

    err_set(&err, ERR_STORE, "redis: %s", *redis->reason ? redis->reason : "not connected");
    redis->busy = true;
    while (!redis->freed && (first = list_first(&redis->unanswered))) {
        struct command *command = container_of(first, struct command, link);
        loop_redis_fn *done = command->done;
        void *done_ctx = command->ctx;

        command_free(command);
        done(NULL, 0, &err, done_ctx);
    }
    redis->busy = false;
    if (redis->freed)
        loop_redis_free(&redis);
}

static void answer(struct command *command, const redisReply *reply)
{
    loop_redis_fn *done = command->done;
    void *ctx = command->ctx;
    char number[24];
    struct err err;

    command_free(command);
    if (reply->type == REDIS_REPLY_ERROR) {
        err_set(&err, ERR_STORE, "redis: %.*s", (int)(reply->len < 150 ? reply->len : 150),
                reply->str);
        done(NULL, 0, &err, ctx);
    } else if (reply->type == REDIS_REPLY_INTEGER) {
        done(number, (size_t)snprintf(number, sizeof(number), "%lld", reply->integer), NULL, ctx);
    } else if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS) {
        done(reply->str, reply->len, NULL, ctx);
    } else {
        done(NULL, 0, NULL, ctx);
    }
}

/* reply NULL: the connection ends. */
static void on_reply(redisAsyncContext *context, void *reply, void *ctx)
{
    struct command *command = ctx;
    struct loop_redis *redis = command->redis;

    (void)context;
    if (redis->freed) {
        command_free(command);
        return;
    }
    if (!reply) {
        list_move(&redis->unanswered, &command->link);
        loop_timer_start(redis->kick, 0);
        return;
    }
    answer(command, reply);
    if (!redis->freed)
        arm_deadline(redis);
}

static struct command *command_new(struct loop_redis *redis, loop_redis_fn *done, void *ctx)
{
    struct command *command = mem_new(struct command);

    *command = (struct command){.redis = redis,
                                .deadline_ms = clock_mono_ms() + redis->timeout_ms,
                                .done = done,
                                .ctx = ctx};
    list_init(&command->link);
    return command;
}

static void refuse(struct loop_redis *redis, struct command *command)
{
    list_append(&redis->unanswered, &command->link);
    loop_timer_start(redis->kick, 0);
}

static void ask(struct loop_redis *redis, const char **words, const size_t *lens, int n,
                loop_redis_fn *done, void *ctx)
{
    struct command *command = command_new(redis, done, ctx);

    list_append(&redis->asked, &command->link);
    if (redisAsyncCommandArgv(redis->context, on_reply, command, n, words, lens) != REDIS_OK) {
        list_remove(&command->link);
        refuse(redis, command);
    }
    arm_deadline(redis);
}

/* ---- a connection begins --------------------------------------------------------------------- */

static void on_selected(const char *bytes, size_t len, const struct err *err, void *ctx)
{
    struct loop_redis *redis = ctx;

    (void)bytes;
    (void)len;
    if (redis->state != REDIS_GREETING)
        return;
    if (err) {
        snprintf(redis->reason, sizeof(redis->reason), "%.190s", err->text);
        redisAsyncDisconnect(redis->context);
        return;
    }
    redis->state = REDIS_READY;
    *redis->reason = '\0';
    backoff_reset(&redis->backoff);
    if (redis->was_told_away)
        log_info("redis", "back", "host=%s port=%d", redis->host, redis->port);
    redis->was_told_away = false;
}

/* What is wrong shows in the answer to SELECT. */
static void on_authenticated(const char *bytes, size_t len, const struct err *err, void *ctx)
{
    (void)bytes;
    (void)len;
    (void)ctx;
    if (err)
        log_debug("redis", "not let in", "error=%s", log_quote(err->text));
}

static void send_words(struct loop_redis *redis, const char **words, int n, loop_redis_fn *done)
{
    size_t lens[3];

    check(n <= 3);
    for (int i = 0; i < n; i++)
        lens[i] = strlen(words[i]);
    ask(redis, words, lens, n, done, redis);
}

static void greet(struct loop_redis *redis)
{
    char number[16];
    const char *with_user[] = {"AUTH", redis->user, redis->password};
    const char *alone[] = {"AUTH", redis->password};
    const char *select[] = {"SELECT", number};

    snprintf(number, sizeof(number), "%d", redis->database);
    redis->state = REDIS_GREETING;
    if (redis->password && redis->user)
        send_words(redis, with_user, 3, on_authenticated);
    else if (redis->password)
        send_words(redis, alone, 2, on_authenticated);
    send_words(redis, select, 2, on_selected);
}

static void on_connected(const redisAsyncContext *context, int status)
{
    struct loop_redis *redis = context->data;

    if (status == REDIS_OK) {
        greet(redis);
        return;
    }
    snprintf(redis->reason, sizeof(redis->reason), "%s",
             context->errstr && *context->errstr ? context->errstr : "can't connect");
    on_gone(redis); /* hiredis frees the context */
}

static void on_deadline(void *ctx)
{
    struct loop_redis *redis = ctx;
    struct list *first = list_first(&redis->asked);

    if (first && container_of(first, struct command, link)->deadline_ms > clock_mono_ms())
        arm_deadline(redis);
    else
        drop(redis, "no answer in time");
}

/* ---- hiredis's events ------------------------------------------------------------------------ */

static void on_io(void *ctx, unsigned events)
{
    struct loop_redis *redis = ctx;
    redisAsyncContext *context = redis->context;

    redis->busy = true;
    if (events & (LOOP_READ | LOOP_ERROR))
        redisAsyncHandleRead(context);
    if ((events & LOOP_WRITE) && redis->context == context && !redis->freed)
        redisAsyncHandleWrite(context);
    redis->busy = false;
    if (redis->freed)
        loop_redis_free(&redis);
}

static void want(struct loop_redis *redis, unsigned on, unsigned off)
{
    redis->wanted = (redis->wanted | on) & ~off;
    loop_io_want(redis->io, redis->wanted);
}

static void add_read(void *ctx)
{
    want(ctx, LOOP_READ, 0);
}

static void del_read(void *ctx)
{
    want(ctx, 0, LOOP_READ);
}

static void add_write(void *ctx)
{
    want(ctx, LOOP_WRITE, 0);
}

static void del_write(void *ctx)
{
    want(ctx, 0, LOOP_WRITE);
}

static void cleanup(void *ctx)
{
    struct loop_redis *redis = ctx;

    loop_io_free(&redis->io);
}

static void redis_connect(struct loop_redis *redis)
{
    redisAsyncContext *context = redis->path ? redisAsyncConnectUnix(redis->path)
                                             : redisAsyncConnect(redis->host, redis->port);

    check(context);
    if (context->err) {
        snprintf(redis->reason, sizeof(redis->reason), "%s", context->errstr);
        redisAsyncFree(context);
        on_gone(redis);
        return;
    }
    redis->context = context;
    redis->state = REDIS_CONNECTING;
    redis->wanted = 0;
    redis->io = loop_io_new(redis->loop, context->c.fd, on_io, redis);
    context->data = redis;
    context->ev.data = redis;
    context->ev.addRead = add_read;
    context->ev.delRead = del_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    context->ev.cleanup = cleanup;
    redisAsyncSetConnectCallback(context, on_connected);
    redisAsyncSetDisconnectCallback(context, on_disconnected);
    loop_timer_start(redis->deadline, redis->timeout_ms);
}

static void on_again(void *ctx)
{
    redis_connect(ctx);
}

/* ---- the URL --------------------------------------------------------------------------------- */

/* A part of the URL, decoded; NULL when it has none. */
static char *part_of(CURLU *url, CURLUPart part)
{
    char *text = NULL, *copy;

    if (curl_url_get(url, part, &text, CURLU_URLDECODE) != CURLUE_OK || !*text) {
        curl_free(text);
        return NULL;
    }
    copy = mem_strdup(text);
    curl_free(text);
    return copy;
}

static int read_number(const char *text, int fallback, int max)
{
    char *end;
    long n;

    if (!text || !*text)
        return fallback;
    n = strtol(text, &end, 10);
    return *end || n < 0 || n > max ? -1 : (int)n;
}

static void strip_brackets(char *host)
{
    size_t len = strlen(host);

    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        memmove(host, host + 1, len - 2);
        host[len - 2] = '\0';
    }
}

static int take_path(struct loop_redis *redis, const char *path)
{
    if (*path != '/')
        return -1;
    redis->path = mem_strdup(path);
    redis->host = mem_strdup(path);
    return 0;
}

static int take_url(struct loop_redis *redis, const char *text)
{
    CURLU *url = curl_url();
    char *port, *path;
    bool is_good = str_starts(text, "redis://") &&
                   curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;

    if (is_good) {
        redis->host = part_of(url, CURLUPART_HOST);
        redis->user = part_of(url, CURLUPART_USER);
        redis->password = part_of(url, CURLUPART_PASSWORD);
        port = part_of(url, CURLUPART_PORT);
        path = part_of(url, CURLUPART_PATH);
        redis->port = read_number(port, DEFAULT_PORT, 65535);
        redis->database = read_number(path ? path + 1 : NULL, 0, MAX_DATABASE);
        mem_free(port);
        mem_free(path);
        is_good = redis->host && redis->port > 0 && redis->database >= 0;
    }
    if (is_good)
        strip_brackets(redis->host);
    curl_url_cleanup(url);
    return is_good ? 0 : -1;
}

/* ---- face ------------------------------------------------------------------------------------ */

int loop_redis_new(struct loop *loop, const char *url, int64_t timeout_ms, struct loop_redis **out,
                   struct err *err)
{
    struct loop_redis *redis = mem_new(struct loop_redis);

    check(timeout_ms > 0);
    *redis = (struct loop_redis){.loop = loop, .timeout_ms = timeout_ms};
    list_init(&redis->asked);
    list_init(&redis->unanswered);
    backoff_init(&redis->backoff, BACKOFF_MS, BACKOFF_MAX_MS);
    redis->kick = loop_timer_new(loop, on_kick, redis);
    redis->deadline = loop_timer_new(loop, on_deadline, redis);
    redis->again = loop_timer_new(loop, on_again, redis);
    if ((str_starts(url, "unix:") ? take_path(redis, url + strlen("unix:"))
                                  : take_url(redis, url)) < 0) {
        loop_redis_free(&redis);
        return err_set(err, ERR_CONFIG,
                       "expected redis://[[user]:password@]host[:port][/database] "
                       "or unix:/PATH");
    }
    loop_timer_start(redis->again, 0);
    *out = redis;
    return 0;
}

bool loop_redis_is_ready(const struct loop_redis *redis)
{
    return redis->state == REDIS_READY;
}

int loop_redis_pending(const struct loop_redis *redis)
{
    return (int)list_count(&redis->asked);
}

void loop_redis_command(struct loop_redis *redis, const char **words, const size_t *lens, int n,
                        loop_redis_fn *done, void *ctx)
{
    if (redis->state == REDIS_READY)
        ask(redis, words, lens, n, done, ctx);
    else
        refuse(redis, command_new(redis, done, ctx));
}

void loop_redis_free(struct loop_redis **redis_ptr)
{
    struct loop_redis *redis = *redis_ptr;

    *redis_ptr = NULL;
    if (!redis)
        return;
    redis->freed = true;
    if (redis->busy)
        return;
    if (redis->context) {
        redisAsyncContext *context = redis->context;

        redis->context = NULL;
        redisAsyncFree(context); /* frees the commands under way, by on_reply() */
    }
    while (!list_is_empty(&redis->unanswered))
        command_free(container_of(list_first(&redis->unanswered), struct command, link));
    loop_timer_free(&redis->kick);
    loop_timer_free(&redis->deadline);
    loop_timer_free(&redis->again);
    mem_free(redis->path);
    mem_free(redis->host);
    mem_free(redis->user);
    mem_free(redis->password);
    mem_free(redis);
}
