/* SPDX-License-Identifier: MIT */
/* blame.c - counters before and after, and what was said; see blame.h. The rules on memory are cage_blame.c's. */
#include "chrome/blame.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/launch_why.h"
#include "chrome/memory.h"

#include <stdio.h>
#include <string.h>

enum { FRESH_MS = 3000 }; /* what was said so long ago belongs to an end */

void blame_begin(struct blame *blame, enum cage_rung rung, const struct cage_caps *caps)
{
    *blame = (struct blame){.rung = rung, .caps = *caps, .machine_kills = memory_oom_kills()};
    blame_mark(blame, &blame->steady);
}

void blame_take_line(struct blame *blame, const char *line)
{
    blame->stderr_at_ms = clock_mono_ms();
    if (strstr(line, "V8 javascript OOM") || strstr(line, "JavaScript heap out of memory"))
        blame->js_oom_at_ms = blame->stderr_at_ms;
}

static bool is_fresh(int64_t at_ms)
{
    return at_ms && clock_mono_ms() - at_ms < FRESH_MS;
}

static bool look(const struct blame *blame, struct cage_sample *out)
{
    struct err why;

    if (!blame->cage)
        return false;
    if (cage_sample(blame->cage, out, &why) == 0)
        return true;
    log_debug("browser", "cage not read", "why=%s", log_quote(why.text));
    return false;
}

void blame_mark(const struct blame *blame, struct cage_sample *out)
{
    if (blame->rung != CAGE_PSS && look(blame, out))
        return;
    *out = (struct cage_sample){
        .at_ms = clock_mono_ms(),
        .refaults = CAGE_UNKNOWN,
        .stall_ms = CAGE_UNKNOWN,
        .pids_denied = CAGE_UNKNOWN,
    };
}

/* The cage's kills since the mark, less those that other ends were put down to. */
static struct cage_sample unclaimed_since(const struct blame *blame,
                                          const struct cage_sample *since)
{
    struct cage_sample before = *since;

    if (before.oom_kills < blame->claimed_kills)
        before.oom_kills = blame->claimed_kills;
    return before;
}

static enum err_code blame_cage(struct blame *blame, const struct cage_sample *since,
                                const struct cage_sample *now, const struct cage_end *end)
{
    struct cage_sample before = unclaimed_since(blame, since);
    enum err_code code = cage_blame(&before, now, end, blame->caps.hard_bytes);

    if (code == ERR_OOM)
        blame->claimed_kills = before.oom_kills + 1;
    return code;
}

/* A kill claims nothing here: the crash that Chrome tells of a moment later is put down to it. */
static bool is_thrashing(const struct blame *blame, const struct cage_sample *since,
                         const struct cage_sample *now)
{
    struct cage_sample before = unclaimed_since(blame, since);
    struct cage_end silence = {.silent = true};

    return cage_blame(&before, now, &silence, blame->caps.hard_bytes) == ERR_MEMORY_THRASH;
}

static bool was_denied_processes(const struct cage_sample *since, const struct cage_sample *now)
{
    return since->pids_denied != CAGE_UNKNOWN && now->pids_denied > since->pids_denied;
}

/* ---- the browser itself ---------------------------------------------------------------------------- */

void blame_exit(struct blame *blame, bool killed, const char *words)
{
    struct cage_end end = {.browser_killed = killed};
    struct cage_sample now;
    enum err_code code = ERR_OK;

    if (look(blame, &now)) {
        code = blame_cage(blame, &blame->steady, &now, &end);
        if (code == ERR_OK && was_denied_processes(&blame->steady, &now))
            code = ERR_PIDS;
    }
    if (code == ERR_OK && is_fresh(blame->stderr_at_ms))
        code = launch_why_code(words);
    blame->exit_code = code == ERR_OK ? ERR_BROWSER_EXIT : code;
}

void blame_launch(struct blame *blame, struct err *err)
{
    long long cap_mib = blame->caps.hard_bytes >> 20;
    struct cage_end silent = {.silent = true};
    struct cage_sample now;

    if (!look(blame, &now))
        return;
    if (now.oom_kills > 0) {
        err_prefix(err, "worker_memory of %lld MiB is too small for it: the kernel killed it",
                   cap_mib);
    } else if (now.pids_denied > 0) {
        err->code = ERR_PIDS;
        err_prefix(err, "worker_pids of %lld is too small for it", (long long)blame->caps.pids);
    } else if (cage_blame(&blame->steady, &now, &silent, blame->caps.hard_bytes) ==
               ERR_MEMORY_THRASH) {
        err_prefix(
            err, "worker_memory of %lld MiB is too small for it: it reads its code again and again",
            cap_mib);
    }
}

/* ---- a page ---------------------------------------------------------------------------------------- */

/* Chrome's word for the end of a page's process, as cdp/session.c passes it on ("killed 9"). */
static const char *crash_status(const struct err *err, char out[32])
{
    static const char before[] = "process is gone: ";
    const char *at = strstr(err->text, before);
    size_t len = at ? strcspn(at + strlen(before), " ") : 0;

    snprintf(out, 32, "%.*s", (int)len, at ? at + strlen(before) : "");
    return out;
}

static enum err_code blame_crash(struct blame *blame, const struct cage_sample *since,
                                 const struct cage_sample *now, const struct err *err)
{
    char status[32];
    struct cage_end end = {.crash_status = crash_status(err, status)};
    enum err_code code;

    if (str_eq(status, "crashed") && is_fresh(blame->js_oom_at_ms))
        return ERR_JS_HEAP;
    code = blame_cage(blame, since, now, &end);
    if (code != ERR_OK)
        return code;
    if (was_denied_processes(since, now))
        return ERR_PIDS;
    /* Without a group, only the whole machine's counter tells of the kernel's own kills. */
    if (str_eq(status, "killed") && blame->rung == CAGE_PSS && blame->machine_kills >= 0 &&
        memory_oom_kills() > blame->machine_kills) {
        blame->machine_kills++;
        return ERR_OOM;
    }
    return ERR_CRASHED;
}

static void tell_evidence(const struct blame *blame, const struct cage_sample *now, const char *url,
                          const char *words, struct err *err)
{
    bool talked = is_fresh(blame->stderr_at_ms) && !strstr(err->text, "it said");
    long long cap_mib = blame->caps.hard_bytes >> 20;
    char memory[64] = "";
    struct err was = *err;

    if (now && now->peak_bytes > 0 && cap_mib)
        snprintf(memory, sizeof(memory), "; peak %lld of %lld MiB",
                 (long long)(now->peak_bytes >> 20), cap_mib);
    else if (now && now->peak_bytes > 0)
        snprintf(memory, sizeof(memory), "; peak %lld MiB", (long long)(now->peak_bytes >> 20));
    err_set(err, was.code, "%.300s%s%s%.180s%s%.200s", was.text, memory,
            str_empty(url) ? "" : "; page ", str_empty(url) ? "" : url, talked ? "; it said: " : "",
            talked ? words : "");
}

void blame_explain(struct blame *blame, const struct browser_end *end, const char *words,
                   struct err *err)
{
    const struct cage_sample *since = end->since ? end->since : &blame->steady;
    struct cage_sample now;
    bool seen;

    if (err->code == ERR_CANCELLED)
        return;
    seen = look(blame, &now);
    if (err->code == ERR_BROWSER_EXIT && blame->exit_code != ERR_OK)
        err->code = blame->exit_code;
    else if (seen && err->code == ERR_CRASHED)
        err->code = blame_crash(blame, since, &now, err);
    else if (seen && end->silent && (err->code == ERR_HUNG || err->code == ERR_NO_ANSWER) &&
             is_thrashing(blame, since, &now))
        err->code = ERR_MEMORY_THRASH;
    tell_evidence(blame, seen ? &now : NULL, end->url, words, err);
}
