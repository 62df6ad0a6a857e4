/* SPDX-License-Identifier: MIT */
/* render.c - who reads a site's pages, and what was learned of it; see render.h.
 *
 * Per site two states, of lists and of posts, kept in memory as render_state.h has them and in the
 * store as text. Every change is written at once; a write that fails is logged, and what it would
 * have told is learned again.
 */
#include "crawl/render.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "crawl/native.h"
#include "crawl/render_state.h"
#include "gen/version.h"

#include <stdio.h>

enum {
    AGAIN_MS = 10 * 60000, /* after a verification that could not be made */
    WHATS = 2,             /* lists, posts */
    RULES_MAX_BYTES = 1 << 20,
};

struct seat {
    struct render_state states[WHATS];
    char rules[WHATS][RENDER_RULES_BYTES];
    bool can_fetch[WHATS];
    struct err cannot[WHATS]; /* why not */
};

struct render {
    struct loop *loop;
    const struct config *config;
    struct store *store;
    struct map seats; /* site -> struct seat */
};

struct opening {
    struct render *render;
    const struct site *site;
    render_open_fn *done;
    void *ctx;
};

static const char *const state_names[WHATS] = {RENDER_STATE_LIST, RENDER_STATE_POST};

/* ---- the object ------------------------------------------------------------------------------ */

struct render *render_new(struct loop *loop, const struct config *config, struct store *store)
{
    struct render *render = mem_new(struct render);

    render->loop = loop;
    render->config = config;
    render->store = store;
    map_init(&render->seats);
    return render;
}

void render_free(struct render **render_ptr)
{
    struct render *render = *render_ptr;
    struct map_entry *e;

    if (!render)
        return;
    *render_ptr = NULL;
    for (size_t at = 0; (e = map_next(&render->seats, &at));)
        mem_free(e->value);
    map_fini(&render->seats);
    mem_free(render);
}

static int can_fetch(const struct site *site, enum site_what what, struct err *err)
{
    size_t n;
    const struct site_layout *layouts = site_layouts(site, what, &n);

    return native_can(site, layouts, n, err);
}

/* Another program, or other rules: another name. */
static void name_rules(const struct site *site, enum site_what what, char out[RENDER_RULES_BYTES])
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    struct buf text;
    size_t n;

    buf_init(&text, RULES_MAX_BYTES);
    buf_adds(&text, CATCHDEAL_VERSION);
    if (site_layouts(site, what, &n))
        site_rules_json(site, what, 0, false, &text);
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * 1099511628211u;
    buf_fini(&text);
    snprintf(out, RENDER_RULES_BYTES, "%016llx", (unsigned long long)hash);
}

static struct seat *seat_of(struct render *render, const struct site *site)
{
    struct seat *seat = map_get(&render->seats, site->id);

    if (seat)
        return seat;
    seat = mem_new(struct seat);
    map_put(&render->seats, site->id, seat);
    for (int what = 0; what < WHATS; what++) {
        seat->can_fetch[what] = can_fetch(site, (enum site_what)what, &seat->cannot[what]) == 0;
        name_rules(site, (enum site_what)what, seat->rules[what]);
    }
    return seat;
}

/* ---- what is known --------------------------------------------------------------------------- */

static void on_states(const struct store_state *states, int n, const struct err *err, void *ctx)
{
    struct opening *opening = ctx;
    struct seat *seat = seat_of(opening->render, opening->site);

    if (err)
        log_warn("render", "state not read", "site=%s reason=%s text=%s", opening->site->id,
                 err_reason(err->code), log_quote(err->text));
    for (int i = 0; i < n; i++)
        for (int what = 0; what < WHATS; what++)
            if (str_eq(states[i].name, state_names[what]))
                render_state_read(states[i].value, seat->rules[what], &seat->states[what]);
    opening->done(opening->ctx);
    mem_free(opening);
}

static void on_nothing_known(void *ctx)
{
    struct opening *opening = ctx;

    opening->done(opening->ctx);
    mem_free(opening);
}

void render_open(struct render *render, const struct site *site, render_open_fn *done, void *ctx)
{
    struct opening *opening = mem_new(struct opening);

    *opening = (struct opening){render, site, done, ctx};
    if (render->store)
        store_state_get(render->store, site->id, on_states, opening);
    else
        loop_defer(render->loop, on_nothing_known, opening);
}

struct note {
    char *site, *name;
};

static void on_written(const struct err *err, void *ctx)
{
    struct note *note = ctx;

    if (err)
        log_warn("render", "state not written", "site=%s state=%s reason=%s text=%s", note->site,
                 note->name, err_reason(err->code), log_quote(err->text));
    mem_free(note->site);
    mem_free(note->name);
    mem_free(note);
}

static void write_state(struct render *render, const struct site *site, enum site_what what)
{
    const struct seat *seat = seat_of(render, site);
    struct note *note;
    struct buf text;

    if (!render->store)
        return;
    note = mem_new(struct note);
    note->site = mem_strdup(site->id);
    note->name = mem_strdup(state_names[what]);
    buf_init(&text, RENDER_STATE_MAX_BYTES);
    render_state_write(&seat->states[what], seat->rules[what], &text);
    store_state_set(render->store, site->id, state_names[what], buf_str(&text), clock_wall_ms(),
                    on_written, note);
    buf_fini(&text);
}

/* ---- plans ----------------------------------------------------------------------------------- */

static enum site_render mode_of(const struct config *config, const struct site *site)
{
    enum site_render mode;

    return site_render_from(config->render, &mode) ? mode : site->render_mode;
}

static enum render_plan plan_by_state(const struct render_state *state)
{
    bool due = clock_wall_ms() >= state->again_at_ms;

    if (due)
        return RENDER_PLAN_COMPARE;
    return state->phase == RENDER_PROVEN ? RENDER_PLAN_FETCH : RENDER_PLAN_CHROME;
}

int render_plan(struct render *render, const struct site *site, enum site_what what,
                enum render_plan *out, struct err *err)
{
    enum site_render mode = mode_of(render->config, site);
    const struct seat *seat = seat_of(render, site);

    *out = RENDER_PLAN_CHROME;
    if (mode == SITE_RENDER_CHROME)
        return 0;
    if (!seat->can_fetch[what]) {
        if (mode == SITE_RENDER_AUTO)
            return 0;
        *err = seat->cannot[what];
        return -1;
    }
    if (mode == SITE_RENDER_FETCH)
        *out = RENDER_PLAN_FETCH;
    else if (render->store)
        *out = plan_by_state(&seat->states[what]);
    return 0;
}

bool render_may_ask_chrome(const struct render *render, const struct site *site)
{
    return mode_of(render->config, site) == SITE_RENDER_AUTO;
}

static const struct render_state *state_of(const struct render *render, const struct site *site,
                                           enum site_what what)
{
    const struct seat *seat = map_get(&render->seats, site->id);

    return seat ? &seat->states[what] : NULL;
}

bool render_may_fetch(const struct render *render, const struct site *site, enum site_what what)
{
    const struct render_state *state = state_of(render, site, what);

    return render_may_ask_chrome(render, site) && state && state->phase == RENDER_PROVEN;
}

bool render_suspects(const struct render *render, const struct site *site, enum site_what what,
                     const struct row_set *fetched, char why[RENDER_WHY_BYTES])
{
    const struct render_state *state = state_of(render, site, what);

    return render_may_ask_chrome(render, site) && state && !fetched->not_modified &&
           fetched->status < 400 && !fetched->gone && render_state_suspects(state, fetched, why);
}

/* ---- what was seen --------------------------------------------------------------------------- */

static void log_move(const struct site *site, enum site_what what,
                     const struct render_state *before, const struct render_state *now)
{
    const char *pages = what == SITE_POST ? "posts" : "lists";

    if (now->phase == before->phase)
        log_debug("render", "compared", "site=%s pages=%s phase=%s proofs=%d why=%s", site->id,
                  pages, render_phase_name(now->phase), now->proofs, log_quote(now->why));
    else if (now->phase == RENDER_PROVEN)
        log_info("render", "fetched from now on: equal to what Chrome shows",
                 "site=%s pages=%s proofs=%d", site->id, pages, now->proofs);
    else if (now->phase == RENDER_DIFFERS)
        log_warn("render", "rendered from now on: differs from what Chrome shows",
                 "site=%s pages=%s was=%s why=%s", site->id, pages,
                 render_phase_name(before->phase), log_quote(now->why));
    else
        log_info("render", "equal again: to be proven anew", "site=%s pages=%s", site->id, pages);
}

void render_tell_compared(struct render *render, const struct site *site, enum site_what what,
                          const struct row_set *shown, enum render_verdict verdict, const char *why)
{
    struct render_state *state = &seat_of(render, site)->states[what];
    struct render_state before = *state;
    struct render_seen seen = {
        .shown = shown,
        .verdict = verdict,
        .why = why,
        .now_ms = clock_wall_ms(),
        .verify_ms = site->render_verify_ms,
    };

    render_state_saw(state, &seen);
    log_move(site, what, &before, state);
    write_state(render, site, what);
}

void render_tell_failed(struct render *render, const struct site *site, enum site_what what,
                        const struct err *why)
{
    struct render_state *state = &seat_of(render, site)->states[what];
    bool stay_away =
        why->code == ERR_BLOCKED || why->code == ERR_RATE_LIMITED || why->code == ERR_ROBOTS;
    int64_t now_ms = clock_wall_ms();

    if (!render_may_ask_chrome(render, site))
        return;
    log_info("render", "not compared", "site=%s pages=%s reason=%s text=%s", site->id,
             what == SITE_POST ? "posts" : "lists", err_reason(why->code), log_quote(why->text));
    if (state->phase == RENDER_PROVEN && stay_away && now_ms < state->again_at_ms)
        state->again_at_ms = now_ms;
    else
        state->again_at_ms =
            now_ms +
            (stay_away && state->phase != RENDER_PROVEN ? site->render_verify_ms : AGAIN_MS);
    write_state(render, site, what);
}

/* ---- for people ------------------------------------------------------------------------------ */

void render_describe(const struct config *config, const struct site *site, enum site_what what,
                     const char *value, struct buf *out)
{
    enum site_render mode = mode_of(config, site);
    struct render_state state = {0};
    char rules[RENDER_RULES_BYTES];
    struct err err;

    if (mode != SITE_RENDER_AUTO) {
        buf_addf(out, "%s (set)", site_render_name(mode));
    } else if (can_fetch(site, what, &err) < 0) {
        buf_addf(out, "chrome (%s)", err.text);
    } else {
        name_rules(site, what, rules);
        if (value)
            render_state_read(value, rules, &state);
        render_state_describe(&state, out);
    }
}
