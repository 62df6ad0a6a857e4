/* SPDX-License-Identifier: MIT */
/* main.c - catchdeal-engine: from the command line to the engine, and its outcome to an exit code.
 * */
#include "admin/client.h"
#include "admin/console.h"
#include "args.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crawl/run.h"
#include "crawl/selfcheck.h"
#include "debug/alert_cmd.h"
#include "debug/cost.h"
#include "debug/crawl_cmd.h"
#include "debug/diff_cmd.h"
#include "debug/doctor.h"
#include "debug/people.h"
#include "debug/purge_cmd.h"
#include "debug/simulate_cmd.h"
#include "debug/status_cmd.h"
#include "engine.h"
#include "gen/version.h"
#include "service_console.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char program[] = "catchdeal-engine";

/* One command's stay in the loop. */
struct session {
    const struct args *args;
    struct config config;
    struct sites sites;
    struct engine *engine;
    struct crawl_cmd *crawl;
    struct selfcheck *selfcheck;
    struct crawl_cmd_options crawl_options;
    struct service_source source;
    struct service_console *console;
    struct loop_signal *sigterm, *sigint, *sighup, *sigusr1;
    int exit_code;
    bool interrupted;
};

/* ---- messages -------------------------------------------------------------------------------- */

static void say(const char *text)
{
    fprintf(stderr, "%s: %s\n", program, text);
}

static void on_problem(const char *message, void *ctx)
{
    (void)ctx;
    say(message);
}

static int fail(const struct err *err)
{
    say(err->text);
    if (err->code == ERR_USAGE)
        fprintf(stderr, "Try '%s --help'.\n", program);
    return err_exit_code(err->code);
}

/* ---- leaving --------------------------------------------------------------------------------- */

static void on_stopped(const struct err *err, void *ctx)
{
    struct session *s = ctx;

    (void)err;
    service_console_close(s->console);
    loop_stop(engine_loop(s->engine));
}

static void on_interrupt(void *ctx)
{
    struct session *s = ctx;

    s->interrupted = true;
    if (s->crawl) {
        crawl_cmd_cancel(s->crawl);
        return;
    }
    if (s->selfcheck) {
        selfcheck_cancel(s->selfcheck);
        return;
    }
    if (s->args->command == ARGS_CRAWL && !s->exit_code)
        s->exit_code = err_exit_code(ERR_CANCELLED);
    engine_stop(s->engine, on_stopped, s);
}

static void fail_and_stop(struct session *s, const struct err *err)
{
    s->exit_code = fail(err);
    engine_stop(s->engine, on_stopped, s);
}

/* ---- crawl ----------------------------------------------------------------------------------- */

static void on_crawled(int exit_code, void *ctx)
{
    struct session *s = ctx;

    s->exit_code = exit_code;
    crawl_cmd_free(&s->crawl);
    engine_stop(s->engine, on_stopped, s);
}

static void on_ready_to_crawl(const struct err *err, void *ctx)
{
    struct session *s = ctx;

    if (err) {
        fail_and_stop(s, err);
        return;
    }
    if (s->interrupted)
        return;
    s->crawl_options = (struct crawl_cmd_options){
        .json = s->args->json,
        .url = s->args->url,
        .list_only = s->args->list_only,
        .kind = s->args->kind ? s->args->kind : RUN_CRAWL,
        .page_from = s->args->page_from,
        .page_to = s->args->page_to,
    };
    s->crawl = crawl_cmd_start(engine_env(s->engine), s->sites.items, s->sites.n, &s->crawl_options,
                               on_crawled, s);
}

/* ---- selfcheck ------------------------------------------------------------------------------- */

static void on_selfchecked(const struct store_run *run, const struct err *err, void *ctx)
{
    struct session *s = ctx;

    if (err)
        s->exit_code = fail(err);
    else
        printf("the built-in page was read as it should be: %d rows, %lld ms, %.1f CPU seconds\n",
               run->rows_seen, (long long)(run->ended_at_ms - run->started_at_ms),
               (double)run->cpu_ms / 1000);
    selfcheck_free(&s->selfcheck);
    engine_stop(s->engine, on_stopped, s);
}

static void on_ready_to_selfcheck(const struct err *err, void *ctx)
{
    struct session *s = ctx;

    if (err)
        fail_and_stop(s, err);
    else if (!s->interrupted)
        s->selfcheck = selfcheck_start(engine_env(s->engine), clock_wall_ms(), on_selfchecked, s);
}

/* ---- run ------------------------------------------------------------------------------------- */

static void on_serving(const struct err *err, void *ctx)
{
    struct session *s = ctx;

    if (err)
        fail_and_stop(s, err);
    else
        service_console_open(s->engine, &s->source, on_interrupt, s, &s->console);
}

/* The operator's hand without a console: what came of it is in the log. */
static void on_hangup(void *ctx)
{
    struct session *s = ctx;
    struct service *service = engine_service(s->engine);
    struct buf answer;

    if (!service)
        return;
    buf_init(&answer, BUF_MAX_DEFAULT);
    if (service_reload(service, &answer) < 0)
        say(buf_str(&answer));
    buf_fini(&answer);
}

static void on_pause_signal(void *ctx)
{
    struct session *s = ctx;
    struct service *service = engine_service(s->engine);
    struct buf answer;
    struct err err;

    if (!service)
        return;
    buf_init(&answer, BUF_MAX_DEFAULT);
    if (service_pause(service, !service_is_paused(service), NULL, NULL, &answer, &err) < 0)
        say(err.text);
    buf_fini(&answer);
}

static void on_ready_to_serve(const struct err *err, void *ctx)
{
    struct session *s = ctx;

    if (err)
        fail_and_stop(s, err);
    else if (!s->interrupted)
        engine_serve(s->engine, &s->source, on_serving, s);
}

/* Both: build the engine, stay in its loop until it stopped. */
static int in_engine(struct session *s, enum engine_use use, engine_fn *ready)
{
    struct err err;

    if (engine_new(&s->config, &s->sites, use, &s->engine, &err) < 0)
        return fail(&err);
    s->sigterm = loop_signal_new(engine_loop(s->engine), SIGTERM, on_interrupt, s);
    s->sigint = loop_signal_new(engine_loop(s->engine), SIGINT, on_interrupt, s);
    if (use == ENGINE_SERVICE) {
        s->sighup = loop_signal_new(engine_loop(s->engine), SIGHUP, on_hangup, s);
        s->sigusr1 = loop_signal_new(engine_loop(s->engine), SIGUSR1, on_pause_signal, s);
    }
    engine_start(s->engine, ready, s);
    loop_run(engine_loop(s->engine));
    loop_signal_free(&s->sighup);
    loop_signal_free(&s->sigusr1);
    loop_signal_free(&s->sigterm);
    loop_signal_free(&s->sigint);
    service_console_free(&s->console);
    engine_free(&s->engine);
    return s->exit_code;
}

static int load_sites(struct session *s, struct err *err)
{
    if (s->args->n_names)
        return sites_load_named(&s->config, s->args->names, s->args->n_names, on_problem, s,
                                &s->sites, err);
    return sites_load(&s->config, on_problem, s, &s->sites, err);
}

static int command_crawl(struct session *s)
{
    struct err err;

    if (load_sites(s, &err) < 0)
        return err_exit_code(err.code); /* told by on_problem */
    return in_engine(
        s, s->args->dry_run || str_eq(s->args->kind, RUN_POST) ? ENGINE_DRY : ENGINE_COMMAND,
        on_ready_to_crawl);
}

static int command_selfcheck(struct session *s)
{
    return in_engine(s, ENGINE_COMMAND, on_ready_to_selfcheck);
}

static int command_run(struct session *s)
{
    struct err err;

    if (load_sites(s, &err) < 0)
        return err_exit_code(err.code); /* told by on_problem */
    if (s->sites.broken)
        log_error("engine", "broken site files are left out", "sites=%d", s->sites.broken);
    s->source = (struct service_source){.config = &s->config,
                                        .path = s->args->config_path,
                                        .sets = s->args->sets,
                                        .n_sets = s->args->n_sets};
    return in_engine(s, ENGINE_SERVICE, on_ready_to_serve);
}

static int command_console(struct session *s)
{
    char *path = console_path_of(&s->config);
    struct err err;
    int exit_code;

    if (path) {
        exit_code = client_run(path, s->args->names, s->args->n_names);
    } else {
        err_set(&err, ERR_CONFIG, "admin_socket = none: there is no console");
        exit_code = fail(&err);
    }
    mem_free(path);
    return exit_code;
}

/* ---- schedule -------------------------------------------------------------------------------- */

static void print_next(const struct site *site, const char *kind, const char *text)
{
    char when[CLOCK_RFC3339_BYTES] = "never";
    struct cron cron;
    struct err ignored;
    int64_t next = CLOCK_NONE;

    if (text && cron_parse(&cron, text, &ignored) == 0)
        next = cron_next(&cron, site->zone, clock_wall_ms());
    if (next != CLOCK_NONE)
        clock_format_local(site->zone, next, when);
    printf("%-16s %-9s %-26s %s (%s)\n", site->id, kind, when, text ? text : "no schedule",
           site->timezone);
}

static void print_schedule(const struct site *site, const char *override)
{
    print_next(site, RUN_CRAWL, str_empty(override) ? site->crawl_text : override);
    if (site->refresh_text)
        print_next(site, RUN_REFRESH, site->refresh_text);
    if (site->alive_text)
        print_next(site, RUN_ALIVE, site->alive_text);
}

static int command_schedule(struct session *s)
{
    struct buf jobs;
    struct err err;

    if (load_sites(s, &err) < 0)
        return err_exit_code(err.code); /* told by on_problem */
    if (s->args->simulate_ms)
        return simulate_cmd_run(&s->config, &s->sites, s->args->simulate_ms, s->args->json);
    for (size_t i = 0; i < s->sites.n; i++)
        print_schedule(s->sites.items[i], s->config.schedule_override);
    buf_init(&jobs, BUF_MAX_DEFAULT);
    service_print_jobs(&s->config, &jobs);
    fputs(buf_str(&jobs), stdout);
    buf_fini(&jobs);
    return 0;
}

/* ---- status, diff ---------------------------------------------------------------------------- */

static int command_status(struct session *s)
{
    struct err err;

    if (load_sites(s, &err) < 0)
        return err_exit_code(err.code); /* told by on_problem */
    return status_cmd_run(&s->config, &s->sites, s->args->json);
}

static int command_diff(struct session *s)
{
    struct err err;

    if (load_sites(s, &err) < 0)
        return err_exit_code(err.code); /* told by on_problem */
    return s->args->accept ? diff_cmd_accept(&s->config, s->sites.items[0])
                           : diff_cmd_run(&s->config, s->sites.items[0]);
}

/* ---- migrate --------------------------------------------------------------------------------- */

struct migration {
    struct loop *loop;
    int exit_code;
};

static void on_migrated(int applied, int version, const struct err *err, void *ctx)
{
    struct migration *m = ctx;

    if (err)
        m->exit_code = fail(err);
    else
        printf("schema version %d, %d migration%s applied\n", version, applied,
               applied == 1 ? "" : "s");
    loop_stop(m->loop);
}

static int command_migrate(struct session *s)
{
    struct migration m = {.loop = loop_new()};
    struct store *store;
    struct err err;

    if (store_open(m.loop, s->config.database, s->config.database_timeout, &store, &err) < 0) {
        m.exit_code = fail(&err);
    } else {
        store_migrate(store, on_migrated, &m);
        loop_run(m.loop);
        store_free(&store);
    }
    loop_free(&m.loop);
    return m.exit_code;
}

/* ---- main ------------------------------------------------------------------------------------ */

static int run_command(struct session *s)
{
    switch (s->args->command) {
    case ARGS_CRAWL:
        return command_crawl(s);
    case ARGS_RUN:
        return command_run(s);
    case ARGS_SCHEDULE:
        return command_schedule(s);
    case ARGS_STATUS:
        return command_status(s);
    case ARGS_COST:
        return cost_cmd_run(&s->config, s->args->by, s->args->since, s->args->json);
    case ARGS_PURGE:
        return purge_cmd_run(&s->config, s->args->dry_run);
    case ARGS_DIFF:
        return command_diff(s);
    case ARGS_MIGRATE:
        return command_migrate(s);
    case ARGS_USER:
        return user_cmd_run(&s->config, s->args->names, s->args->n_names, s->args->json);
    case ARGS_KEYWORD:
        return keyword_cmd_run(&s->config, s->args->names, s->args->n_names, s->args->json);
    case ARGS_NOTICE:
        return notice_cmd_run(&s->config, s->args->names, s->args->n_names, s->args->json);
    case ARGS_CONSOLE:
        return command_console(s);
    case ARGS_SELFCHECK:
        return command_selfcheck(s);
    case ARGS_ALERT:
        return alert_cmd_run(&s->config);
    case ARGS_DOCTOR:
        return doctor_run(&s->config, s->args->json);
    default:
        check(false);
        return 1;
    }
}

static int set_log_levels(const struct session *s, struct err *err)
{
    const char *levels = s->config.log;

    if (str_empty(levels))
        levels = s->args->command == ARGS_RUN ? "info" : "error";
    return log_set_levels(levels, err) < 0 ? err_prefix(err, "log") : 0;
}

static int with_config(const struct args *args)
{
    struct session s = {.args = args};
    struct err err;
    int exit_code;

    /* An engine that serves can be asked, paused and stopped while its file is broken: what is wrong is
     * told all the same. A file that is not there may have named another socket. */
    if (config_load(&s.config, args->config_path, args->sets, args->n_sets, on_problem, NULL,
                    &err) < 0 &&
        !(args->command == ARGS_CONSOLE && s.config.path && access(s.config.path, R_OK) == 0)) {
        config_fini(&s.config);
        return err_exit_code(err.code);
    }
    if (set_log_levels(&s, &err) < 0) {
        exit_code = fail(&err);
    } else {
        exit_code = run_command(&s);
    }
    sites_free(&s.sites);
    config_fini(&s.config);
    return exit_code;
}

static void print_config_help(void)
{
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    config_help(&out);
    fputs(buf_str(&out), stdout);
    buf_fini(&out);
}

int main(int argc, char **argv)
{
    struct args args;
    struct err err;
    int exit_code = 0;

    /* A reader of our output, or a peer of a socket, that goes away is an error like others. */
    signal(SIGPIPE, SIG_IGN);
    if (args_parse(&args, argc, argv, &err) < 0)
        exit_code = fail(&err);
    else if (args.command == ARGS_HELP)
        args_print_help();
    else if (args.command == ARGS_HELP_CONFIG)
        print_config_help();
    else if (args.command == ARGS_VERSION)
        printf("%s %s\n", program, CATCHDEAL_VERSION);
    else
        exit_code = with_config(&args);
    args_fini(&args);
    return exit_code;
}
