/* SPDX-License-Identifier: MIT */
/* doctor.c - the checks in their order: what only needs a look, then the browser, then the
 * database and Redis. */
#include "debug/doctor.h"
#include "base/clock.h"
#include "base/proc.h"
#include "cdp/transport.h"
#include "debug/doctor_checks.h"
#include "debug/doctor_facts.h"

#include <signal.h>
#include <stdio.h>

struct doctor {
    struct loop *loop;
    const struct config *config;
    struct doctor_report report;
    struct doctor_trial *trial;
    struct doctor_database *database;
    struct doctor_redis *redis;
    struct loop_signal *sigterm, *sigint;
    int64_t wall_ms, mono_ms; /* at the start */
    bool interrupted;
};

static void on_tried(void *ctx);
static void on_database(void *ctx);
static void on_redis(void *ctx);

/* Text comes while it goes on; JSON when it is whole. */
static void show(struct doctor *doctor)
{
    if (doctor->report.json)
        return;
    fputs(buf_str(&doctor->report.out), stdout);
    fflush(stdout);
    buf_clear(&doctor->report.out);
}

static void ask_database(struct doctor *doctor)
{
    doctor_check_sites(&doctor->report, doctor->config);
    doctor_check_push(&doctor->report, doctor->config);
    doctor_check_alerts(&doctor->report, doctor->config);
    doctor->database =
        doctor_database_start(doctor->loop, doctor->config, &doctor->report, on_database, doctor);
}

static void begin(void *ctx)
{
    struct doctor *doctor = ctx;
    bool can_start;

    doctor_check_system(&doctor->report, doctor->config);
    doctor_check_disk(&doctor->report, doctor->config);
    can_start = doctor_check_chrome(&doctor->report, doctor->config);
    show(doctor);
    if (can_start)
        doctor->trial =
            doctor_trial_start(doctor->loop, doctor->config, &doctor->report, on_tried, doctor);
    else
        ask_database(doctor);
}

static void on_tried(void *ctx)
{
    struct doctor *doctor = ctx;

    show(doctor);
    if (doctor->interrupted)
        loop_stop(doctor->loop);
    else
        ask_database(doctor);
}

static void on_database(void *ctx)
{
    struct doctor *doctor = ctx;

    doctor->redis =
        doctor_redis_start(doctor->loop, doctor->config, &doctor->report, on_redis, doctor);
}

static void on_redis(void *ctx)
{
    struct doctor *doctor = ctx;
    int64_t watched_ms = clock_mono_ms() - doctor->mono_ms;
    struct doctor_verdict verdict;

    doctor_judge_step(clock_wall_ms() - doctor->wall_ms - watched_ms, watched_ms, &verdict);
    doctor_report_add(&doctor->report, "clock jumps", &verdict);
    loop_stop(doctor->loop);
}

/* The browser must be gone before we are; the rest may be left standing. */
static void on_interrupt(void *ctx)
{
    struct doctor *doctor = ctx;

    doctor->interrupted = true;
    if (doctor->trial && !doctor->database)
        doctor_trial_cancel(doctor->trial);
    else
        loop_stop(doctor->loop);
}

static void watch(struct doctor *doctor)
{
    doctor->loop = loop_new();
    proc_init(doctor->loop);
    doctor->sigterm = loop_signal_new(doctor->loop, SIGTERM, on_interrupt, doctor);
    doctor->sigint = loop_signal_new(doctor->loop, SIGINT, on_interrupt, doctor);
    loop_defer(doctor->loop, begin, doctor);
    loop_run(doctor->loop);
    doctor_redis_free(&doctor->redis);
    doctor_database_free(&doctor->database);
    doctor_trial_free(&doctor->trial);
    loop_signal_free(&doctor->sigterm);
    loop_signal_free(&doctor->sigint);
    transport_ws_shutdown(doctor->loop);
    proc_fini();
    loop_free(&doctor->loop);
}

int doctor_run(const struct config *config, bool json)
{
    struct doctor doctor = {
        .config = config, .wall_ms = clock_wall_ms(), .mono_ms = clock_mono_ms()};
    int exit_code = err_exit_code(ERR_CANCELLED);

    doctor_report_init(&doctor.report, json);
    watch(&doctor);
    if (!doctor.interrupted) {
        doctor_report_end(&doctor.report);
        exit_code = doctor_report_exit_code(&doctor.report);
        fputs(buf_str(&doctor.report.out), stdout);
    }
    fflush(stdout);
    doctor_report_fini(&doctor.report);
    return exit_code;
}
