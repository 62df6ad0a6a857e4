/* SPDX-License-Identifier: MIT */
/* alert_cmd.c - see alert_cmd.h. */
#include "debug/alert_cmd.h"
#include "base/str.h"
#include "notify/tell.h"

#include <stdio.h>
#include <unistd.h>

struct session {
    struct loop *loop;
    struct teller *teller;
    int exit_code;
};

static int fail(const struct err *err)
{
    fprintf(stderr, "catchdeal-engine: alert: %s\n", err->text);
    return err_exit_code(err->code);
}

static void on_told(int taken, const struct err *err, void *ctx)
{
    struct session *s = ctx;

    printf("%d of %d ways took the message\n", taken, teller_ways(s->teller));
    if (err)
        s->exit_code = fail(err);
    loop_stop(s->loop);
}

static void tell(struct session *s, const struct config *config)
{
    struct alert_message message;
    struct arena arena;
    char host[256] = "";

    if (gethostname(host, sizeof host - 1) < 0)
        host[0] = '\0';
    arena_init(&arena);
    alert_message_test(str_empty(config->engine_name) ? host : config->engine_name, clock_wall_ms(),
                       &arena, &message);
    teller_tell(s->teller, &message, on_told, s);
    arena_fini(&arena);
    loop_run(s->loop);
}

int alert_cmd_run(const struct config *config)
{
    struct session s = {.loop = loop_new()};
    struct config once = *config; /* borrows all texts */
    struct err err;

    once.alert_tries = 1;
    if (teller_new(s.loop, &once, &s.teller, &err) < 0) {
        s.exit_code = fail(&err);
    } else if (teller_ways(s.teller) == 0) {
        err_set(&err, ERR_CONFIG, "nobody is told: alert_webhook and alert_mail_to are empty");
        s.exit_code = fail(&err);
    } else {
        tell(&s, config);
    }
    teller_free(&s.teller);
    loop_free(&s.loop);
    return s.exit_code;
}
