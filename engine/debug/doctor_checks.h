/* SPDX-License-Identifier: MIT */
/* doctor_checks.h - the groups of checks; only for doctor*.c. Each adds its lines to the report.
 */
#ifndef DEBUG_DOCTOR_CHECKS_H
#define DEBUG_DOCTOR_CHECKS_H

#include "base/config.h"
#include "base/loop.h"
#include "debug/doctor_report.h"

/* The whole of a small file, such as those under /proc; false: it can't be read (`text` is ""
 * then). */
bool doctor_read(const char *path, char *text, size_t size);

/* doctor_system.c: memory, swap, pressure, /dev/shm, limits, fonts, clock, zones. */
void doctor_check_system(struct doctor_report *report, const struct config *config);

/* doctor_disk.c: room and medium of run_dir and of where the database lies; the spool, and what waits in it. */
void doctor_check_disk(struct doctor_report *report, const struct config *config);

/* doctor_chrome.c: program, switches, user, run_dir, each by itself. False: a browser can't be
 * tried. */
bool doctor_check_chrome(struct doctor_report *report, const struct config *config);

/* doctor_trial.c: start a browser as the engine does; version, sandbox, transport. done once,
 * later, when nothing is left of it. Cancelling hastens that. */
struct doctor_trial;
struct doctor_trial *doctor_trial_start(struct loop *loop, const struct config *config,
                                        struct doctor_report *report, loop_fn *done, void *ctx);
void doctor_trial_cancel(struct doctor_trial *trial);
void doctor_trial_free(struct doctor_trial **trial); /* after done */

/* doctor_stores.c: the site files; then the database. done once, later; not after the free. */
void doctor_check_sites(struct doctor_report *report, const struct config *config);
struct doctor_database;
struct doctor_database *doctor_database_start(struct loop *loop, const struct config *config,
                                              struct doctor_report *report, loop_fn *done,
                                              void *ctx);
void doctor_database_free(struct doctor_database **database);

/* doctor_push.c: the account at the push service, as far as it can be told without a push. */
void doctor_check_push(struct doctor_report *report, const struct config *config);

/* doctor_alerts.c: who is told; nobody is asked. */
void doctor_check_alerts(struct doctor_report *report, const struct config *config);

/* doctor_redis.c: likewise. */
struct doctor_redis;
struct doctor_redis *doctor_redis_start(struct loop *loop, const struct config *config,
                                        struct doctor_report *report, loop_fn *done, void *ctx);
void doctor_redis_free(struct doctor_redis **redis);

#endif
