/* SPDX-License-Identifier: MIT */
/* service_console.c - see service_console.h. Commands that ask the engine itself are answered here; every
 * other one is a process of this program with the engine's own configuration.
 */
#include "service_console.h"
#include "admin/console.h"
#include "admin/program.h"
#include "base/log.h"
#include "base/str.h"

#include <unistd.h>

struct service_console {
    struct engine *engine;
    const struct service_source *source;
    struct console *console;
    void (*stop)(void *ctx);
    void *stop_ctx;
    bool closed;
};

static struct service *service_of(const struct service_console *sc)
{
    return engine_service(sc->engine);
}

/* ---- answered by the engine ------------------------------------------------------------------ */

static void finish(struct console_call *call, int rc, struct buf *answer, const struct err *err)
{
    if (rc == 0) {
        console_answer_buf(call, 0, answer);
        return;
    }
    buf_fini(answer);
    console_answer_err(call, err);
}

static const char *word(char *const *words, size_t n, size_t i)
{
    return i < n ? words[i] : NULL;
}

static void on_run(struct console_call *call, char *const *words, size_t n, void *ctx)
{
    struct buf answer;
    struct err err;
    int rc;

    buf_init(&answer, CONSOLE_ANSWER_MAX);
    rc = n < 2 ? err_set(&err, ERR_USAGE, "run: expected SITE [KIND], or a job like purge")
               : service_run(service_of(ctx), words[1], word(words, n, 2), &answer, &err);
    finish(call, rc, &answer, &err);
}

static void pause_or_resume(struct console_call *call, char *const *words, size_t n, bool paused,
                            struct service_console *sc)
{
    struct buf answer;
    struct err err;
    int rc;

    buf_init(&answer, CONSOLE_ANSWER_MAX);
    rc = service_pause(service_of(sc), paused, word(words, n, 1), word(words, n, 2), &answer, &err);
    finish(call, rc, &answer, &err);
}

static void on_pause(struct console_call *call, char *const *words, size_t n, void *ctx)
{
    pause_or_resume(call, words, n, true, ctx);
}

static void on_resume(struct console_call *call, char *const *words, size_t n, void *ctx)
{
    pause_or_resume(call, words, n, false, ctx);
}

static void on_reload(struct console_call *call, char *const *words, size_t n, void *ctx)
{
    struct buf answer;
    int rc;

    (void)words;
    (void)n;
    buf_init(&answer, CONSOLE_ANSWER_MAX);
    rc = service_reload(service_of(ctx), &answer);
    console_answer_buf(call, rc == 0 ? 0 : err_exit_code(ERR_CONFIG), &answer);
}

static void on_log(struct console_call *call, char *const *words, size_t n, void *ctx)
{
    static const char done[] = "set, until the engine ends or is reloaded\n";
    struct err err;

    (void)ctx;
    if (n < 2)
        err_set(&err, ERR_USAGE, "log: expected levels, like info,cdp=trace");
    else if (log_set_levels(words[1], &err) == 0) {
        console_answer(call, 0, done, sizeof(done) - 1);
        return;
    } else
        err.code = ERR_USAGE;
    console_answer_err(call, &err);
}

static void on_pool(struct console_call *call, char *const *words, size_t n, void *ctx)
{
    const struct service_console *sc = ctx;
    const struct crawl_env *env = engine_env(sc->engine);
    struct pool_stats stats;
    struct buf answer;

    (void)words;
    (void)n;
    buf_init(&answer, CONSOLE_ANSWER_MAX);
    if (!env->pool) {
        buf_addf(&answer, "no Chrome: %s\n", env->no_pool.text);
        console_answer_buf(call, 0, &answer);
        return;
    }
    pool_stats(env->pool, &stats);
    buf_addf(&answer, "slots     %d: %d idle, %d leased, %d dying; %d pages wait\n", stats.slots,
             stats.idle, stats.leased, stats.dying, stats.waiting);
    buf_addf(&answer, "browsers  %d live of %d; %lld started, %lld lost, %lld tabs crashed\n",
             stats.browsers_live, stats.browsers_most, stats.browsers_started, stats.browsers_lost,
             stats.tabs_crashed);
    buf_addf(&answer, "memory    peak %lld MiB, of one browser %lld MiB; cap by %s%s\n",
             (long long)stats.peak_pss_bytes >> 20, (long long)stats.peak_worker_bytes >> 20,
             stats.rung, stats.held_back ? "; pages are held back for want of memory" : "");
    buf_addf(&answer, "cpu       %.1f s, %lld leases\n", (double)stats.cpu_ms / 1000,
             stats.leases_granted);
    if (stats.breaker_open || stats.launch_failures)
        buf_addf(&answer, "start     %d failures in a row%s\n", stats.launch_failures,
                 stats.breaker_open ? ": pages fail at once" : "");
    console_answer_buf(call, 0, &answer);
}

static void on_stop_now(void *ctx)
{
    struct service_console *sc = ctx;

    sc->stop(sc->stop_ctx);
}

static void on_stop(struct console_call *call, char *const *words, size_t n, void *ctx)
{
    static const char done[] = "stopping: runs that are going may finish\n";
    struct service_console *sc = ctx;

    (void)words;
    (void)n;
    console_answer(call, 0, done, sizeof(done) - 1);
    loop_defer(engine_loop(sc->engine), on_stop_now, sc);
}

/* ---- processes ------------------------------------------------------------------------------- */

/* This program's command line: the engine's own sources of configuration, then the words. */
static void run_program(struct service_console *sc, struct console_call *call, char *const *words,
                        size_t n, const char *head)
{
    const struct service_source *source = sc->source;
    const char **argv = mem_array(n + 2 * source->n_sets + 4, sizeof(*argv));
    size_t at = 0;

    argv[at++] = "/proc/self/exe"; /* also when the file was replaced by a newer one */
    if (source->path) {
        argv[at++] = "--config";
        argv[at++] = source->path;
    }
    for (size_t i = 0; i < source->n_sets; i++) {
        argv[at++] = "--set";
        argv[at++] = source->sets[i];
    }
    for (size_t i = 0; i < n; i++)
        argv[at++] = words[i];
    program_start(engine_loop(sc->engine), call, argv, head);
    mem_free(argv);
}

static bool has_word(char *const *words, size_t n, const char *wanted)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(words[i], wanted))
            return true;
    return false;
}

static void on_other(struct console_call *call, char *const *words, size_t n, void *ctx)
{
    struct err err;

    if (str_eq(words[0], "console")) {
        err_set(&err, ERR_USAGE, "\"console\": this is one");
        console_answer_err(call, &err);
        return;
    }
    run_program(ctx, call, words, n, NULL);
}

static void on_status(struct console_call *call, char *const *words, size_t n, void *ctx)
{
    struct service_console *sc = ctx;
    struct buf head;

    buf_init(&head, CONSOLE_ANSWER_MAX);
    if (!has_word(words, n, "--json"))
        service_summary(service_of(sc), &head);
    run_program(sc, call, words, n, buf_str(&head));
    buf_fini(&head);
}

static void on_schedule(struct console_call *call, char *const *words, size_t n, void *ctx)
{
    struct service_console *sc = ctx;
    struct buf answer;

    if (n > 1 && !(n == 2 && str_eq(words[1], "--json"))) {
        run_program(sc, call, words, n, NULL);
        return;
    }
    buf_init(&answer, CONSOLE_ANSWER_MAX);
    service_list(service_of(sc), n == 2, &answer);
    console_answer_buf(call, 0, &answer);
}

/* ---- open and close -------------------------------------------------------------------------- */

static const struct console_command commands[] = {
    {"status", "status [SITE...] [--json]", "the engine, and how each site does", 64, on_status},
    {"schedule", "schedule [--json]",
     "each line of the schedule: what it does now, next due, runs, overlaps; --simulate TIME as on "
     "the command line",
     64, on_schedule},
    {"run", "run SITE [KIND] | run JOB", "begin a run now, beside the plan", 2, on_run},
    {"pause", "pause [SITE [KIND]]", "hold back what the plan would begin; alone: everything", 2,
     on_pause},
    {"resume", "resume [SITE [KIND]]", "go on by the plan; what was missed is made up for once", 2,
     on_resume},
    {"reload", "reload", "configuration and sites anew; what is broken is told and changes nothing",
     0, on_reload},
    {"log", "log LEVELS", "like info,cdp=trace", 1, on_log},
    {"pool", "pool", "browsers, tabs, memory", 0, on_pool},
    {"stop", "stop", "end, letting runs finish for stop_timeout; again: at once", 0, on_stop},
};

static const char other_help[] =
    "cost, purge, doctor, user, keyword, notice and every other command of catchdeal-engine with\n"
    "its options: as on the command line, with the engine's configuration\n";

static void on_gone(struct console_call *call, void *ctx)
{
    (void)ctx;
    program_cancel(call); /* all that is not answered at once is one */
}

void service_console_open(struct engine *engine, const struct service_source *source,
                          void (*stop)(void *ctx), void *ctx, struct service_console **out)
{
    char *path = console_path_of(source->config);
    struct service_console *sc;
    struct console_settings settings = {.path = path,
                                        .commands = commands,
                                        .n_commands = ARRAY_LEN(commands),
                                        .other = on_other,
                                        .other_help = other_help,
                                        .on_gone = on_gone};
    struct err err;

    *out = NULL;
    if (!path)
        return;
    sc = mem_new(struct service_console);
    *sc =
        (struct service_console){.engine = engine, .source = source, .stop = stop, .stop_ctx = ctx};
    settings.ctx = sc;
    if (console_new(engine_loop(engine), &settings, &sc->console, &err) < 0) {
        log_warn("console", "there is none", "text=%s", log_quote(err.text));
        mem_free(sc);
    } else {
        log_info("console", "open", "path=%s", log_quote(path));
        *out = sc;
    }
    mem_free(path);
}

void service_console_close(struct service_console *sc)
{
    if (sc && !sc->closed) {
        sc->closed = true;
        console_stop(sc->console);
    }
}

void service_console_free(struct service_console **sc_ptr)
{
    struct service_console *sc = *sc_ptr;

    if (!sc)
        return;
    *sc_ptr = NULL;
    console_free(&sc->console);
    mem_free(sc);
}
