/* SPDX-License-Identifier: MIT */
/* main.c - catchdeal-boards: the synthetic boards as a small HTTP server, or as files.
 *
 * Exit codes: 0 ok, 1 can't listen or write, 2 usage.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boards/serve.h"
#include "boards/write.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, DEFAULT_SEED = 20200312 };

enum option_id {
    OPT_PORT = 256,
    OPT_PORT_FILE,
    OPT_SEED,
    OPT_NOW,
    OPT_FROZEN,
    OPT_WRITE,
    OPT_HELP,
    OPT_SOLD_RATE,
    OPT_NOTICE,
    OPT_ADS,
    OPT_BLIND,
    OPT_DUP,
    OPT_HOT
};

struct settings {
    int port;
    const char *port_file;
    const char *write_dir;
};

static const char usage[] =
    "usage: catchdeal-boards [OPTION...]\n"
    "Serves made-up deal boards on 127.0.0.1, each at http://NAME.localhost:PORT/ (see "
    "tests/boards/README.md).\n\n"
    "  --port N          listen here; 0 (default): a free port\n"
    "  --port-file FILE  write the port there once it listens\n"
    "  --seed N          which deals there are (default 20200312)\n"
    "  --now RFC3339     board time at start (default: now); goes on from there\n"
    "  --frozen          board time stands still\n"
    "  --write DIR       write all list pages and their truth into DIR and exit\n\n"
    "How pages look, instead of each board's own default:\n"
    "  --sold-rate R     deals that end one day, 0 .. 1\n"
    "  --notice N        notice rows, 0 .. 3\n"
    "  --ads N           advertising rows, 0 .. 6\n"
    "  --blind N         blinded or blocked rows on an average page, 0 .. 5\n"
    "  --dup N           rows repeated, 0 .. 4\n"
    "  --hot N           older posts pinned on top, 0 .. 2\n"
    "  --help            this text\n";

static bool read_number(const char *name, const char *text, long long min, long long max,
                        long long *out)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    if (!errno && end != text && !*end && *out >= min && *out <= max)
        return true;
    fprintf(stderr, "catchdeal-boards: --%s %s: expected %lld .. %lld\n", name, text, min, max);
    return false;
}

static bool read_knob(const char *name, const char *text, int max, int *out)
{
    long long value;
    bool ok = read_number(name, text, 0, max, &value);

    if (ok)
        *out = (int)value;
    return ok;
}

static bool read_rate(const char *text, int *permille_out)
{
    char *end;
    double rate = strtod(text, &end);

    if (end == text || *end || !(rate >= 0 && rate <= 1)) {
        fprintf(stderr, "catchdeal-boards: --sold-rate %s: expected 0 .. 1\n", text);
        return false;
    }
    *permille_out = (int)(rate * 1000 + 0.5);
    return true;
}

static bool read_now(const char *text, struct world *w)
{
    int64_t now;

    if (!world_parse_time(text, &now) || now < DEALS_FIRST_S) {
        fprintf(stderr, "catchdeal-boards: --now %s: expected RFC 3339 of 2015 or later\n", text);
        return false;
    }
    world_set_now(w, now);
    return true;
}

static bool apply_knob(enum option_id id, const char *text, struct world_knobs *k)
{
    switch (id) {
    case OPT_SOLD_RATE:
        return read_rate(text, &k->sold_permille);
    case OPT_NOTICE:
        return read_knob("notice", text, 3, &k->notice);
    case OPT_ADS:
        return read_knob("ads", text, 6, &k->ads);
    case OPT_BLIND:
        return read_knob("blind", text, 5, &k->blind);
    case OPT_DUP:
        return read_knob("dup", text, 4, &k->dup);
    default:
        return read_knob("hot", text, 2, &k->hot);
    }
}

static bool apply_option(enum option_id id, const char *text, struct settings *s, struct world *w)
{
    long long number = 0;

    switch (id) {
    case OPT_PORT:
        if (!read_number("port", text, 0, 65535, &number))
            return false;
        s->port = (int)number;
        return true;
    case OPT_PORT_FILE:
        s->port_file = text;
        return true;
    case OPT_WRITE:
        s->write_dir = text;
        return true;
    case OPT_SEED:
        if (!read_number("seed", text, 0, INT64_MAX, &number))
            return false;
        w->seed = (uint64_t)number;
        return true;
    case OPT_NOW:
        return read_now(text, w);
    case OPT_FROZEN:
        w->frozen = true;
        return true;
    default:
        return apply_knob(id, text, &w->knobs);
    }
}

/* -1: go on; otherwise the exit code. */
static int read_options(int argc, char **argv, struct settings *s, struct world *w)
{
    static const struct option options[] = {
        {"port", 1, NULL, OPT_PORT},     {"port-file", 1, NULL, OPT_PORT_FILE},
        {"seed", 1, NULL, OPT_SEED},     {"now", 1, NULL, OPT_NOW},
        {"frozen", 0, NULL, OPT_FROZEN}, {"write", 1, NULL, OPT_WRITE},
        {"help", 0, NULL, OPT_HELP},     {"sold-rate", 1, NULL, OPT_SOLD_RATE},
        {"notice", 1, NULL, OPT_NOTICE}, {"ads", 1, NULL, OPT_ADS},
        {"blind", 1, NULL, OPT_BLIND},   {"dup", 1, NULL, OPT_DUP},
        {"hot", 1, NULL, OPT_HOT},       {NULL, 0, NULL, 0},
    };
    int id;

    while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (id == OPT_HELP) {
            fputs(usage, stdout);
            return 0;
        }
        if (id == '?' || !apply_option((enum option_id)id, optarg, s, w))
            return EXIT_USAGE;
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, "catchdeal-boards: unexpected \"%s\"; see --help\n", argv[optind]);
    return EXIT_USAGE;
}

/* Whoever waits for the file must never read half a number: written beside it, then moved. */
static int write_port_file(const char *path, int port)
{
    char beside[4096];
    FILE *f;

    snprintf(beside, sizeof(beside), "%s.%ld", path, (long)getpid());
    f = fopen(beside, "w");
    if (f) {
        fprintf(f, "%d\n", port);
        if (fclose(f) == 0 && rename(beside, path) == 0)
            return 0;
    }
    fprintf(stderr, "catchdeal-boards: %s: %s\n", path, strerror(errno));
    return -1;
}

static int serve(struct hub *h, const struct settings *s)
{
    struct MHD_Daemon *d;
    sigset_t ends;
    int got, ret = 0;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL); /* inherited by the server's threads */
    signal(SIGPIPE, SIG_IGN);
    d = serve_start(h, s->port);
    if (!d) {
        fprintf(stderr, "catchdeal-boards: can't listen on 127.0.0.1:%d\n", s->port);
        return EXIT_FAILED;
    }
    if (s->port_file && write_port_file(s->port_file, h->port))
        ret = EXIT_FAILED;
    if (ret == 0) {
        printf("boards at http://127.0.0.1:%d/\n", h->port);
        fflush(stdout);
        sigwait(&ends, &got);
    }
    serve_stop(h, d);
    return ret;
}

int main(int argc, char **argv)
{
    struct settings s = {0};
    struct hub hub;
    int ret;

    hub_init(&hub, DEFAULT_SEED);
    ret = read_options(argc, argv, &s, &hub.world);
    if (ret < 0 && s.write_dir)
        ret = write_pages(&hub.world, s.write_dir, s.port) < 0 ? EXIT_FAILED : 0;
    else if (ret < 0)
        ret = serve(&hub, &s);
    hub_fini(&hub);
    return ret;
}
