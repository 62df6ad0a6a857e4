/* SPDX-License-Identifier: MIT */
/* main.c - catchdeal-api: command line, signals, the line that says where it serves. */
#include "api/secrets.h"
#include "api/server.h"
#include "base/log.h"
#include "base/str.h"
#include "gen/version.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SETS = 64, STOP_DEADLINE_MS = 10000 };

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
    bool stopping;
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
    "  --help\n";

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

static void on_end_signal(void *ctx)
{
    struct program *program = ctx;

    if (program->stopping) {
        loop_stop(program->loop);
        return;
    }
    program->stopping = true;
    log_info("api", "stopping", "deadline_ms=%d", STOP_DEADLINE_MS);
    server_stop(program->server, STOP_DEADLINE_MS, on_stopped, program);
}

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
    const char *listen = program->config.api_listen;
    int address_len = (int)(strrchr(listen, ':') - listen);

    printf("catchdeal-api: serving http://%.*s:%d/\n", address_len, listen,
           server_port(program->server));
    fflush(stdout);
    log_info("api", "serving", "listen=%.*s:%d admin_port=%d version=%s", address_len, listen,
             server_port(program->server), server_admin_port(program->server), CATCHDEAL_VERSION);
}

static void serve_until_signal(struct program *program)
{
    struct loop_signal *term = loop_signal_new(program->loop, SIGTERM, on_end_signal, program);
    struct loop_signal *intr = loop_signal_new(program->loop, SIGINT, on_end_signal, program);

    announce(program);
    loop_run(program->loop);
    loop_signal_free(&term);
    loop_signal_free(&intr);
}

static int serve(struct program *program, const struct options *options, struct err *err)
{
    if (log_set_levels(*program->config.log ? program->config.log : "info", err) < 0)
        return err_prefix(err, "log");
    if (server_new(program->loop, &program->config, &program->server, err) < 0)
        return -1;
    if (options->port_file &&
        write_port_file(options->port_file, server_port(program->server), err) < 0)
        return -1;
    serve_until_signal(program);
    if (options->port_file)
        unlink(options->port_file);
    return 0;
}

int main(int argc, char **argv)
{
    struct program program = {0};
    struct options options;
    struct err err;
    int exit_code = 0;

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
    server_free(&program.server);
    loop_free(&program.loop);
    config_fini(&program.config);
    return exit_code;
}
