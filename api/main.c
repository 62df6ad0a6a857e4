/* SPDX-License-Identifier: MIT */
/* main.c - catchdeal-api: command line, signals, the line that says where it serves, and handing over to
 * a newer process (SIGUSR2).
 */
#include "api/handover.h"
#include "api/process.h"
#include "api/secrets.h"
#include "api/server.h"
#include "base/log.h"
#include "base/str.h"
#include "base/trim.h"
#include "db/store.h"
#include "gen/version.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SETS = 64, STOP_DEADLINE_MS = 10000, HANDOVER_TIMEOUT_MS = 60000 };

struct options {
    const char *config_path;
    const char *port_file;
    const char *sets[MAX_SETS];
    size_t n_sets;
    int exit_code; /* -1: go on */
};

struct program {
    struct loop *loop;
    struct server *server;
    struct config config;
    char **argv;
    struct handover_fds given; /* from outside */
    struct handover *handover; /* to a newer process, while that starts */
    bool stopping, handed_over;
};

static const char usage[] =
    "usage: catchdeal-api [--config FILE] [--set KEY=VALUE]... [--port-file FILE]\n"
    "\n"
    "Serves the deals that catchdeal-engine stored: the app's API, /v3 and a web page.\n"
    "\n"
    "  --config FILE      settings; otherwise ./catchdeal.conf or /etc/catchdeal/catchdeal.conf\n"
    "  --set KEY=VALUE    one setting, stronger than the file and the environment; repeatable\n"
    "  --port-file FILE   write the port there once it listens (for api_listen with port 0)\n"
    "  --help-config      every setting, as a commented file of defaults\n"
    "  --hash-password    read a password from stdin, print what push_password_hash and\n"
    "                     admin_key_hash want\n"
    "  --version\n"
    "  --help\n"
    "\n"
    "SIGTERM ends it when the requests that run are done; SIGUSR2 starts the program anew, hands the\n"
    "listening sockets over, and ends this process likewise. No request fails by that.\n";

/* ---- command line ---------------------------------------------------------------------------- */

static int print_config_help(void)
{
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    config_help(&out);
    fputs(buf_str(&out), stdout);
    buf_fini(&out);
    return 0;
}

/* The password comes from stdin, so that it is in no list of processes and no shell history. */
static int print_password_hash(void)
{
    char password[SECRETS_MAX_BYTES + 2] = "", hash[SECRETS_HASH_BYTES];
    struct err err;

    if (!fgets(password, sizeof(password), stdin))
        password[0] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    if (secrets_hash(password, hash, &err) == 0)
        return puts(hash) < 0;
    fprintf(stderr, "catchdeal-api: --hash-password: %s, as one line on stdin\n", err.text);
    return err_exit_code(err.code);
}

static int refuse_usage(const char *what, const char *text)
{
    fprintf(stderr, "catchdeal-api: %s%s; try --help\n", what, text);
    return err_exit_code(ERR_USAGE);
}

static void take_option(struct options *options, int c)
{
    if (c == 'c')
        options->config_path = optarg;
    else if (c == 'p')
        options->port_file = optarg;
    else if (c == 's' && options->n_sets < MAX_SETS)
        options->sets[options->n_sets++] = optarg;
    else if (c == 's')
        options->exit_code = refuse_usage("too many --set", "");
    else if (c == 'C')
        options->exit_code = print_config_help();
    else if (c == 'P')
        options->exit_code = print_password_hash();
    else if (c == 'v')
        options->exit_code = puts("catchdeal-api " CATCHDEAL_VERSION) < 0;
    else if (c == 'h')
        options->exit_code = fputs(usage, stdout) < 0;
    else
        options->exit_code = err_exit_code(ERR_USAGE); /* getopt has said what is wrong */
}

static void read_command_line(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"set", required_argument, NULL, 's'},
                                          {"port-file", required_argument, NULL, 'p'},
                                          {"help-config", no_argument, NULL, 'C'},
                                          {"hash-password", no_argument, NULL, 'P'},
                                          {"version", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int c;

    *options = (struct options){.exit_code = -1};
    while (options->exit_code < 0 && (c = getopt_long(argc, argv, "", known, NULL)) >= 0)
        take_option(options, c);
    if (options->exit_code < 0 && optind < argc)
        options->exit_code = refuse_usage("unexpected argument ", argv[optind]);
}

/* ---- serving --------------------------------------------------------------------------------- */

static int report(const struct err *err)
{
    fprintf(stderr, "catchdeal-api: %s\n", err->text);
    return err_exit_code(err->code);
}

static void on_config_error(const char *message, void *ctx)
{
    (void)ctx;
    fprintf(stderr, "catchdeal-api: %s\n", message);
}

static void on_stopped(void *ctx)
{
    struct program *program = ctx;

    loop_stop(program->loop);
}

static void stop_serving(struct program *program, int64_t deadline_ms)
{
    program->stopping = true;
    handover_free(&program->handover);
    log_info("api", "stopping", "deadline_ms=%lld", (long long)deadline_ms);
    server_stop(program->server, deadline_ms, on_stopped, program);
}

static void on_end_signal(void *ctx)
{
    struct program *program = ctx;

    if (program->stopping) {
        loop_stop(program->loop);
        return;
    }
    process_notify("STOPPING=1");
    stop_serving(program, STOP_DEADLINE_MS);
}

/* ---- handing over ---------------------------------------------------------------------------- */

static void on_handed_over(pid_t pid, const struct err *err, void *ctx)
{
    struct program *program = ctx;
    char state[64];

    handover_free(&program->handover);
    if (err) {
        log_error("api", "not handed over, serving on", "pid=%d error=%s", (int)pid,
                  log_quote(err->text));
        return;
    }
    log_info("api", "handed over", "pid=%d", (int)pid);
    snprintf(state, sizeof(state), "MAINPID=%d", (int)pid);
    process_notify(state);
    program->handed_over = true;
    server_hand_over(program->server);
    /* Nobody waits for this process to end: each request has all its time. */
    stop_serving(program, STOP_DEADLINE_MS + program->config.api_request_timeout);
}

static void on_handover_signal(void *ctx)
{
    struct program *program = ctx;
    struct handover_fds fds = {-1, -1, -1};
    struct err err;

    if (program->stopping || program->handover)
        return;
    fds.public_fd = server_listen_fd(program->server);
    fds.admin_fd = server_admin_listen_fd(program->server);
    log_info("api", "handing over", "program=%s", log_quote(program->argv[0]));
    if (handover_start(program->loop, program->argv, &fds, HANDOVER_TIMEOUT_MS, on_handed_over,
                       program, &program->handover, &err) < 0)
        log_error("api", "not handed over, serving on", "error=%s", log_quote(err.text));
}

static void use_fd(char **listen, int fd)
{
    if (fd < 0)
        return;
    mem_free(*listen);
    *listen = mem_printf("fd:%d", fd);
}

struct checking {
    struct loop *loop;
    struct err *err;
    int rc;
};

static void on_database_checked(const struct err *err, void *ctx)
{
    struct checking *checking = ctx;

    checking->rc = err ? -1 : 0;
    if (err)
        *checking->err = *err;
    loop_stop(checking->loop);
}

/* Before we take anything over: the older process has a database that it can serve from. */
static int check_database(struct program *program, struct err *err)
{
    struct checking checking = {program->loop, err, -1};
    struct store *store;

    if (program->given.ready_fd < 0)
        return 0;
    if (store_open(program->loop, program->config.database, program->config.database_timeout,
                   &store, err) < 0)
        return err_prefix(err, "database");
    store_set_reader(store);
    store_check(store, on_database_checked, &checking);
    loop_run(program->loop);
    store_free(&store);
    return checking.rc < 0 ? err_prefix(err, "not taking over") : 0;
}

/* ---- start and end --------------------------------------------------------------------------- */

/* A reader never sees a half-written file. */
static int write_port_file(const char *path, int port, struct err *err)
{
    char *draft = mem_printf("%s.%d", path, (int)getpid());
    FILE *f = fopen(draft, "we");
    bool ok = f && fprintf(f, "%d\n", port) > 0;

    ok = f && fclose(f) == 0 && ok;
    ok = ok && rename(draft, path) == 0;
    if (!ok)
        err_sys(err, ERR_INTERNAL, "--port-file: %s", path);
    if (!ok && f)
        unlink(draft);
    mem_free(draft);
    return ok ? 0 : -1;
}

static void announce(const struct program *program)
{
    char listen[256];

    process_address(server_listen_fd(program->server), listen, sizeof(listen));
    printf("catchdeal-api: serving http://%s/\n", listen);
    fflush(stdout);
    log_info("api", "serving", "listen=%s admin_port=%d version=%s", listen,
             server_admin_port(program->server), CATCHDEAL_VERSION);
}

static void serve_until_signal(struct program *program)
{
    struct loop_signal *term = loop_signal_new(program->loop, SIGTERM, on_end_signal, program);
    struct loop_signal *intr = loop_signal_new(program->loop, SIGINT, on_end_signal, program);
    struct loop_signal *usr2 =
        loop_signal_new(program->loop, SIGUSR2, on_handover_signal, program);

    announce(program);
    handover_tell_ready(&program->given);
    process_notify("READY=1");
    trim_start_pages();
    loop_run(program->loop);
    loop_signal_free(&usr2);
    loop_signal_free(&term);
    loop_signal_free(&intr);
}

static int serve(struct program *program, const struct options *options, struct err *err)
{
    if (log_set_levels(*program->config.log ? program->config.log : "info", err) < 0)
        return err_prefix(err, "log");
    process_warn_of_root();
    process_make_room(&program->config);
    use_fd(&program->config.api_listen, program->given.public_fd);
    use_fd(&program->config.api_admin_listen, program->given.admin_fd);
    if (check_database(program, err) < 0)
        return -1;
    if (server_new(program->loop, &program->config, &program->server, err) < 0)
        return -1;
    if (options->port_file &&
        write_port_file(options->port_file, server_port(program->server), err) < 0)
        return -1;
    serve_until_signal(program);
    /* The newer process has written the same. */
    if (options->port_file && !program->handed_over)
        unlink(options->port_file);
    return 0;
}

int main(int argc, char **argv)
{
    struct program program = {.argv = argv};
    struct options options;
    struct err err;
    int exit_code = 0;

    mem_return_large();
    handover_take(&program.given);
    read_command_line(&options, argc, argv);
    if (options.exit_code >= 0)
        return options.exit_code;
    signal(SIGPIPE, SIG_IGN);
    if (config_load(&program.config, options.config_path, options.sets, options.n_sets,
                    on_config_error, NULL, &err) < 0) {
        /* Each problem has been printed already, but for a file that can't be read. */
        exit_code = err_exit_code(err.code);
        config_fini(&program.config);
        return exit_code;
    }
    program.loop = loop_new();
    if (serve(&program, &options, &err) < 0)
        exit_code = report(&err);
    handover_free(&program.handover);
    server_free(&program.server);
    loop_free(&program.loop);
    config_fini(&program.config);
    return exit_code;
}
