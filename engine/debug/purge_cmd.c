/* SPDX-License-Identifier: MIT */
/* purge_cmd.c - see purge_cmd.h. */
#include "debug/purge_cmd.h"
#include "crawl/purge.h"

#include <stdio.h>
#include <unistd.h>

struct session {
    struct loop *loop;
    struct purge *purge;
    bool dry_run;
    int exit_code;
};

static int fail(const struct err *err)
{
    fprintf(stderr, "catchdeal-engine: %s\n", err->text);
    return err_exit_code(err->code);
}

static void on_purged(const struct purge_counts *counts, const struct err *err, void *ctx)
{
    struct session *s = ctx;

    for (int i = 0; i < STORE_PURGE_COUNT; i++)
        printf("%-12s %8lld %s\n", store_purge_name(i), (long long)counts->rows[i],
               s->dry_run ? "would go" : "gone");
    if (err)
        s->exit_code = fail(err);
    purge_free(&s->purge);
    loop_stop(s->loop);
}

/* A command is not the service: see store_set_engine(). */
static void name_engine(struct store *store, const struct config *config)
{
    char host[256] = "", *name;

    if (gethostname(host, sizeof host - 1) < 0)
        host[0] = '\0';
    name = mem_printf("%s/%d", *config->engine_name ? config->engine_name : host, (int)getpid());
    store_set_engine(store, name);
    mem_free(name);
}

int purge_cmd_run(const struct config *config, bool dry_run)
{
    struct session s = {.loop = loop_new(), .dry_run = dry_run};
    struct ledger *ledger = NULL;
    struct store *store = NULL;
    struct err err;

    if (store_open(s.loop, config->database, config->database_timeout, &store, &err) < 0) {
        s.exit_code = fail(&err);
    } else {
        if (dry_run)
            store_set_reader(store);
        else
            name_engine(store, config);
        ledger = ledger_new(s.loop, store);
        s.purge =
            purge_start(s.loop, config, store, ledger, clock_wall_ms(), dry_run, on_purged, &s);
        loop_run(s.loop);
    }
    ledger_free(&ledger);
    store_free(&store);
    loop_free(&s.loop);
    return s.exit_code;
}
