/* SPDX-License-Identifier: MIT */
/* doctor_redis.c - the Redis that api processes share answers by, where one is configured. Without it
 * they work as well, so what is wrong with it is a warning; only its address can be a failure.
 */
#include "base/clock.h"
#include "base/loop_redis.h"
#include "base/str.h"
#include "debug/doctor_checks.h"

enum { LOOK_MS = 20, PATIENCE_MS = 2000 };

struct doctor_redis {
    const struct config *config;
    struct doctor_report *report;
    struct loop_redis *redis;
    struct loop_timer *look;
    int64_t began_ms;
    loop_fn *done;
    void *ctx;
};

static void end(struct doctor_redis *doctor, const struct doctor_verdict *verdict)
{
    doctor_report_add(doctor->report, "redis", verdict);
    doctor->done(doctor->ctx);
}

static void on_pong(const char *bytes, size_t len, const struct err *err, void *ctx)
{
    struct doctor_redis *doctor = ctx;
    struct doctor_verdict verdict;

    (void)bytes;
    (void)len;
    if (err)
        doctor_say_warn(&verdict,
                        "is it up, and do address and password fit? the api goes on without it",
                        "%.300s", err->text);
    else
        doctor_say_ok(&verdict, "answers, within redis_timeout of %lld ms",
                      (long long)doctor->config->redis_timeout);
    end(doctor, &verdict);
}

/* Connecting is loop_redis's own business; a command then tells how it went. */
static void on_look(void *ctx)
{
    struct doctor_redis *doctor = ctx;
    const char *words[] = {"PING"};
    const size_t lens[] = {4};

    if (loop_redis_is_ready(doctor->redis) || clock_mono_ms() - doctor->began_ms > PATIENCE_MS)
        loop_redis_command(doctor->redis, words, lens, 1, on_pong, doctor);
    else
        loop_timer_start(doctor->look, LOOK_MS);
}

static void on_not_asked(void *ctx)
{
    struct doctor_redis *doctor = ctx;

    doctor->done(doctor->ctx);
}

struct doctor_redis *doctor_redis_start(struct loop *loop, const struct config *config,
                                        struct doctor_report *report, loop_fn *done, void *ctx)
{
    struct doctor_redis *doctor = mem_new(struct doctor_redis);
    struct doctor_verdict verdict;
    struct err err;
    bool is_asked = false;

    *doctor = (struct doctor_redis){
        .config = config, .report = report, .began_ms = clock_mono_ms(), .done = done, .ctx = ctx};
    if (str_empty(config->redis)) {
        doctor_say_ok(&verdict, "none is configured, none is needed");
    } else if (loop_redis_new(loop, config->redis, config->redis_timeout, &doctor->redis, &err) <
               0) {
        doctor_say_fail(&verdict, err.code, "set redis in catchdeal.conf", "%.300s", err.text);
    } else {
        is_asked = true;
    }
    if (!is_asked)
        doctor_report_add(report, "redis", &verdict);
    doctor->look = loop_timer_new(loop, is_asked ? on_look : on_not_asked, doctor);
    loop_timer_start(doctor->look, 0);
    return doctor;
}

void doctor_redis_free(struct doctor_redis **doctor_ptr)
{
    struct doctor_redis *doctor = *doctor_ptr;

    *doctor_ptr = NULL;
    if (!doctor)
        return;
    loop_redis_free(&doctor->redis);
    loop_timer_free(&doctor->look);
    mem_free(doctor);
}
