/* SPDX-License-Identifier: MIT */
/* doctor_report.h - the doctor's findings: one line each, advice below, the exit code at the end.
 *
 *     ok    swap            none
 *     warn  /dev/shm        64 MiB, 64 MiB of it free
 *           give the container more: docker run --shm-size=256m
 *
 * JSON: {"checks":[{"name","level","found","advice"},...],
 *        "fit":true,"exit_code":0,"warnings":1,"failures":0}
 * level is ok, warn or fail; advice is null where all is well.
 */
#ifndef DEBUG_DOCTOR_REPORT_H
#define DEBUG_DOCTOR_REPORT_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

/* What a look at some facts comes to. */
struct doctor_verdict {
    enum doctor_level level;
    enum err_code code; /* what a crawl would fail with; ERR_OK unless level is DOCTOR_FAIL */
    char found[1280];
    char advice[512]; /* what to do; "" exactly when level is DOCTOR_OK */
};

void doctor_say_ok(struct doctor_verdict *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
void doctor_say_warn(struct doctor_verdict *out, const char *advice, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void doctor_say_fail(struct doctor_verdict *out, enum err_code code, const char *advice,
                     const char *fmt, ...) PRINTF_LIKE(4, 5);

struct doctor_report {
    bool json;
    struct buf out; /* whoever prints it clears it */
    int counts[3];  /* by level */
    enum err_code worst;
};

void doctor_report_init(struct doctor_report *report, bool json);
void doctor_report_fini(struct doctor_report *report);

void doctor_report_add(struct doctor_report *report, const char *name,
                       const struct doctor_verdict *verdict);
void doctor_report_end(struct doctor_report *report);

/* Of the worst failure: configuration before disk before limits before Chrome before database
 * before sites before the rest, since the former are often the cause of the latter. */
int doctor_report_exit_code(const struct doctor_report *report);

#endif
