/* SPDX-License-Identifier: MIT */
/* service_pause.c - which lines the operator holds back, and that it is not forgotten.
 *
 * Noted in the database by this engine's name, as state of the site: "paused ENGINE KIND", and for
 * everything "paused ENGINE" of no site.
 */
#include "base/log.h"
#include "base/str.h"
#include "db/store_cost.h"
#include "service_priv.h"

#include <string.h>

#define PREFIX "paused "

static void on_noted(const struct err *err, void *ctx)
{
    (void)ctx;
    if (err)
        log_warn("service", "a pause, or its end, cannot be noted: it holds until the engine ends",
                 "text=%s", log_quote(err->text));
}

static void write_note(struct service *service, const char *site, const char *kind, bool paused)
{
    const char *engine = store_engine(service->env->store);
    char *name = kind ? mem_printf(PREFIX "%s %s", engine, kind) : mem_printf(PREFIX "%s", engine);

    store_state_set(service->env->store, site, name, paused ? "yes" : NULL, clock_wall_ms(),
                    on_noted, service);
    mem_free(name);
}

static void line_pause(struct line *line, bool paused)
{
    if (line->is_paused == paused)
        return;
    line->is_paused = paused;
    if (line->entry)
        schedule_pause(line->entry, paused);
    log_info("service", paused ? "paused" : "resumed", "site=%s kind=%s", line_site(line),
             line->kind);
    write_note(line->service, line_site(line), line->kind, paused);
}

static void answer_line(const struct line *line, bool paused, struct buf *answer)
{
    const char *more = "";

    if (paused && line->state != LINE_IDLE)
        more = " (the run that is going ends as it would)";
    else if (!paused && line->entry && schedule_entry_is_late(line->entry))
        more = " (what it missed is made up for now)";
    buf_addf(answer, "%s %s: %s%s\n", line_what(line), line->kind, paused ? "paused" : "resumed",
             more);
}

int service_pause(struct service *service, bool paused, const char *what, const char *kind,
                  struct buf *answer, struct err *err)
{
    int n = 0;

    if (service_check_names(service, what, kind, err) < 0)
        return -1;
    if (!what && !kind && service->is_paused != paused) {
        service->is_paused = paused;
        write_note(service, STORE_NO_SITE, NULL, paused);
    }
    for (struct line *line = service_next_line(service, NULL, what, kind); line;
         line = service_next_line(service, line, what, kind)) {
        if (line->is_paused == paused)
            continue;
        line_pause(line, paused);
        answer_line(line, paused, answer);
        n++;
    }
    if (!n)
        buf_addf(answer, "nothing that was not %s already\n",
                 paused ? "paused" : "going by its plan");
    return 0;
}

bool service_is_paused(const struct service *service)
{
    return service->is_paused;
}

/* ---- what was paused before ------------------------------------------------------------------ */

static void take_state(struct service *service, const struct store_state *state)
{
    const char *engine = store_engine(service->env->store);
    size_t len = strlen(engine);
    const char *rest;

    if (!str_starts(state->name, PREFIX) || strncmp(state->name + strlen(PREFIX), engine, len) != 0)
        return;
    rest = state->name + strlen(PREFIX) + len;
    if (!*rest && str_eq(state->site, STORE_NO_SITE))
        service->is_paused = true;
    if (*rest != ' ')
        return;
    for (struct line *line = service_next_line(service, NULL, NULL, rest + 1); line;
         line = service_next_line(service, line, NULL, rest + 1))
        if (str_eq(line_site(line), state->site)) {
            line->is_paused = true;
            log_warn("service", "still paused, as it was when the engine ended", "site=%s kind=%s",
                     line_site(line), line->kind);
        }
}

static void on_states(const struct store_state *states, int n, const struct err *err, void *ctx)
{
    struct service *service = ctx;

    for (int i = 0; !err && i < n; i++)
        take_state(service, &states[i]);
    service->pauses_done(err, service);
}

void service_load_pauses(struct service *service, service_fn *done)
{
    service->pauses_done = done;
    store_state_get(service->env->store, NULL, on_states, service);
}
