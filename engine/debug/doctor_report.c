/* SPDX-License-Identifier: MIT */
/* doctor_report.c - lines or JSON from verdicts; see doctor_report.h. */
#include "debug/doctor_report.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { REPORT_MAX_BYTES = 1 << 20, NAME_COLUMNS = 16 };

static const enum err_code worst_first[] = {
    ERR_CONFIG, ERR_DISK, ERR_PIDS, ERR_FDS, ERR_LAUNCH, ERR_STORE, ERR_STORE_AWAY, ERR_SITE,
};

/* ---- verdicts -------------------------------------------------------------------------------- */

static void say(struct doctor_verdict *out, enum doctor_level level, enum err_code code,
                const char *advice, const char *fmt, va_list args) PRINTF_LIKE(5, 0);

static void say(struct doctor_verdict *out, enum doctor_level level, enum err_code code,
                const char *advice, const char *fmt, va_list args)
{
    check((level == DOCTOR_OK) == (*advice == '\0'));
    check((level == DOCTOR_FAIL) == (code != ERR_OK));
    out->level = level;
    out->code = code;
    vsnprintf(out->found, sizeof(out->found), fmt, args);
    snprintf(out->advice, sizeof(out->advice), "%s", advice);
}

void doctor_say_ok(struct doctor_verdict *out, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(out, DOCTOR_OK, ERR_OK, "", fmt, args);
    va_end(args);
}

void doctor_say_warn(struct doctor_verdict *out, const char *advice, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(out, DOCTOR_WARN, ERR_OK, advice, fmt, args);
    va_end(args);
}

void doctor_say_fail(struct doctor_verdict *out, enum err_code code, const char *advice,
                     const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    say(out, DOCTOR_FAIL, code, advice, fmt, args);
    va_end(args);
}

/* ---- the report ------------------------------------------------------------------------------ */

void doctor_report_init(struct doctor_report *report, bool json)
{
    *report = (struct doctor_report){.json = json, .worst = ERR_OK};
    buf_init(&report->out, REPORT_MAX_BYTES);
}

void doctor_report_fini(struct doctor_report *report)
{
    buf_fini(&report->out);
}

static size_t rank(enum err_code code)
{
    size_t at = 0;

    while (at < ARRAY_LEN(worst_first) && worst_first[at] != code)
        at++;
    return at;
}

static void add_text(struct buf *out, const char *name, const struct doctor_verdict *verdict)
{
    static const char *const levels[] = {"ok", "warn", "FAIL"};

    buf_addf(out, "%-4s  %-*s  %s\n", levels[verdict->level], NAME_COLUMNS, name, verdict->found);
    if (*verdict->advice)
        buf_addf(out, "      %s\n", verdict->advice);
}

static void add_json(struct buf *out, const char *name, const struct doctor_verdict *verdict)
{
    static const char *const levels[] = {"ok", "warn", "fail"};

    buf_adds(out, out->len ? ",\n " : "{\"checks\":[\n ");
    buf_adds(out, "{\"name\":");
    buf_add_json(out, name);
    buf_addf(out, ",\"level\":\"%s\",\"found\":", levels[verdict->level]);
    buf_add_json(out, verdict->found);
    buf_adds(out, ",\"advice\":");
    buf_add_json(out, *verdict->advice ? verdict->advice : NULL);
    buf_addc(out, '}');
}

void doctor_report_add(struct doctor_report *report, const char *name,
                       const struct doctor_verdict *verdict)
{
    report->counts[verdict->level]++;
    if (verdict->level == DOCTOR_FAIL &&
        (report->worst == ERR_OK || rank(verdict->code) < rank(report->worst)))
        report->worst = verdict->code;
    if (report->json)
        add_json(&report->out, name, verdict);
    else
        add_text(&report->out, name, verdict);
}

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

void doctor_report_end(struct doctor_report *report)
{
    int warnings = report->counts[DOCTOR_WARN], failures = report->counts[DOCTOR_FAIL];

    if (report->json) {
        buf_adds(&report->out, report->out.len ? "\n],\n" : "{\"checks\":[],\n");
        buf_addf(&report->out, "\"fit\":%s,\"exit_code\":%d,\"warnings\":%d,\"failures\":%d}\n",
                 failures ? "false" : "true", doctor_report_exit_code(report), warnings, failures);
        return;
    }
    buf_addf(&report->out, "\n%s: %d failure%s, %d warning%s\n", failures ? "not fit" : "fit",
             failures, plural(failures), warnings, plural(warnings));
}

int doctor_report_exit_code(const struct doctor_report *report)
{
    return err_exit_code(report->worst);
}
