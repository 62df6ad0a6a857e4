/* SPDX-License-Identifier: MIT */
/* render_state.c - the moves between unproven, proven and differs; see render_state.h. */
#include "crawl/render_state.h"
#include "base/clock.h"
#include "base/jdoc.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char *const phase_names[RENDER_PHASES] = {"unproven", "proven", "differs"};

#define TO(phase) (1u << RENDER_##phase)
static const unsigned allowed_moves[RENDER_PHASES] = {
    [RENDER_UNPROVEN] = TO(PROVEN) | TO(DIFFERS),
    [RENDER_PROVEN] = TO(DIFFERS),
    [RENDER_DIFFERS] = TO(UNPROVEN),
};

const char *render_phase_name(enum render_phase phase)
{
    return phase_names[phase];
}

static void move(struct render_state *state, enum render_phase phase, int64_t now_ms)
{
    check(allowed_moves[state->phase] & 1u << phase);
    state->phase = phase;
    state->since_ms = now_ms;
}

/* ---- what the equal pages hold ---------------------------------------------------------------- */

/* At least nine rows of ten have it. */
static bool is_full(const struct extract_field *field, int rows)
{
    return rows > 0 && field->valued * 10 >= rows * 9;
}

static const struct extract_field *field_named(const struct row_set *set, const char *name)
{
    for (int i = 0; i < set->n_fields; i++)
        if (str_eq(set->fields[i].name, name))
            return &set->fields[i];
    return NULL;
}

/* Rows of which the fields were counted: those that no rule skipped. */
static int counted_rows(const struct row_set *set)
{
    const struct extract_field *key = field_named(set, "key");

    return key && key->matched > set->n ? key->matched : set->n;
}

static void begin_full(struct render_state *state, const struct row_set *shown)
{
    state->n_full = 0;
    for (int i = 0; i < shown->n_fields && state->n_full < RENDER_FULL_MAX; i++) {
        const struct extract_field *field = &shown->fields[i];

        if (is_full(field, counted_rows(shown)) && strlen(field->name) < RENDER_FULL_BYTES)
            snprintf(state->full[state->n_full++], RENDER_FULL_BYTES, "%s", field->name);
    }
}

static void narrow_full(struct render_state *state, const struct row_set *shown)
{
    int kept = 0;

    for (int i = 0; i < state->n_full; i++) {
        const struct extract_field *field = field_named(shown, state->full[i]);

        if (field && is_full(field, counted_rows(shown)))
            memmove(state->full[kept++], state->full[i], RENDER_FULL_BYTES);
    }
    state->n_full = kept;
}

/* ---- moves ----------------------------------------------------------------------------------- */

static void differs(struct render_state *state, const struct render_seen *seen)
{
    if (state->phase != RENDER_DIFFERS)
        move(state, RENDER_DIFFERS, seen->now_ms);
    state->proofs = state->unclear = state->rows = state->n_full = 0;
    state->compared_ms = seen->now_ms;
    state->again_at_ms = seen->now_ms + seen->verify_ms;
    snprintf(state->why, sizeof(state->why), "%s", seen->why);
}

static void equal(struct render_state *state, const struct render_seen *seen)
{
    if (state->phase == RENDER_DIFFERS)
        move(state, RENDER_UNPROVEN, seen->now_ms);
    if (state->proofs == 0) {
        state->rows = seen->shown->n;
        begin_full(state, seen->shown);
    } else {
        if (seen->shown->n < state->rows)
            state->rows = seen->shown->n;
        narrow_full(state, seen->shown);
    }
    state->proofs++;
    state->unclear = 0;
    state->compared_ms = seen->now_ms;
    state->why[0] = '\0';
    if (state->phase == RENDER_UNPROVEN && state->proofs >= RENDER_PROOFS)
        move(state, RENDER_PROVEN, seen->now_ms);
    state->again_at_ms = state->phase == RENDER_PROVEN ? seen->now_ms + seen->verify_ms : 0;
}

/* The site's life, or a way that always shows another row? */
static void unclear(struct render_state *state, const struct render_seen *seen)
{
    if (++state->unclear >= RENDER_UNCLEAR_MAX)
        differs(state, seen);
    else
        snprintf(state->why, sizeof(state->why), "%s", seen->why);
}

void render_state_saw(struct render_state *state, const struct render_seen *seen)
{
    switch (seen->verdict) {
    case RENDER_EQUAL:
        equal(state, seen);
        return;
    case RENDER_DIFFERENT:
        differs(state, seen);
        return;
    case RENDER_UNCLEAR:
        unclear(state, seen);
        return;
    }
}

bool render_state_suspects(const struct render_state *state, const struct row_set *fetched,
                           char why[RENDER_WHY_BYTES])
{
    int rows = counted_rows(fetched);

    if (fetched->n * 5 < state->rows * 4) {
        snprintf(why, RENDER_WHY_BYTES, "%d rows, %d were the fewest", fetched->n, state->rows);
        return true;
    }
    for (int i = 0; i < state->n_full; i++) {
        const struct extract_field *field = field_named(fetched, state->full[i]);

        if (field && field->valued * 2 >= rows)
            continue;
        snprintf(why, RENDER_WHY_BYTES, "%s has a value in %d rows of %d", state->full[i],
                 field ? field->valued : 0, rows);
        return true;
    }
    return false;
}

/* ---- as text --------------------------------------------------------------------------------- */

void render_state_write(const struct render_state *state, const char *rules, struct buf *out)
{
    buf_addf(out,
             "{\"phase\":\"%s\",\"since\":%lld,\"compared\":%lld,\"again\":%lld,\"proofs\":%d,"
             "\"unclear\":%d,\"rows\":%d,\"full\":[",
             phase_names[state->phase], (long long)state->since_ms, (long long)state->compared_ms,
             (long long)state->again_at_ms, state->proofs, state->unclear, state->rows);
    for (int i = 0; i < state->n_full; i++) {
        buf_adds(out, i ? "," : "");
        buf_add_json(out, state->full[i]);
    }
    buf_adds(out, "],\"rules\":");
    buf_add_json(out, rules);
    buf_adds(out, ",\"why\":");
    buf_add_json(out, state->why);
    buf_addc(out, '}');
}

static bool read_phase(const struct jval *root, enum render_phase *out)
{
    const char *name = jval_get_str(root, "phase", "");

    for (int i = 0; i < RENDER_PHASES; i++) {
        if (!str_eq(name, phase_names[i]))
            continue;
        *out = (enum render_phase)i;
        return true;
    }
    return false;
}

static void read_full(const struct jval *names, struct render_state *out)
{
    for (const struct jval *one = jval_first(names); one && out->n_full < RENDER_FULL_MAX;
         one = jval_next(one)) {
        const char *name = jval_str(one, "");

        if (*name && strlen(name) < RENDER_FULL_BYTES)
            snprintf(out->full[out->n_full++], RENDER_FULL_BYTES, "%s", name);
    }
}

void render_state_read(const char *text, const char *rules, struct render_state *out)
{
    char *copy = mem_strdup(text);
    const struct jval *root;
    struct jdoc *doc;
    struct err ignored;

    memset(out, 0, sizeof(*out));
    if (jdoc_parse(copy, strlen(copy), &doc, &ignored) == 0) {
        root = jdoc_root(doc);
        if (str_eq(jval_get_str(root, "rules", ""), rules) && read_phase(root, &out->phase)) {
            out->since_ms = jval_get_int(root, "since", 0);
            out->compared_ms = jval_get_int(root, "compared", 0);
            out->again_at_ms = jval_get_int(root, "again", 0);
            out->proofs = (int)jval_get_int(root, "proofs", 0);
            out->unclear = (int)jval_get_int(root, "unclear", 0);
            out->rows = (int)jval_get_int(root, "rows", 0);
            read_full(jval_get(root, "full"), out);
            snprintf(out->why, sizeof(out->why), "%.*s",
                     (int)str_cut_utf8(jval_get_str(root, "why", ""), RENDER_WHY_BYTES - 1),
                     jval_get_str(root, "why", ""));
        }
        jdoc_free(&doc);
    }
    mem_free(copy);
}

void render_state_describe(const struct render_state *state, struct buf *out)
{
    char since[CLOCK_RFC3339_BYTES];
    char compared[CLOCK_RFC3339_BYTES];

    clock_format_utc_ms(state->since_ms, since);
    clock_format_utc_ms(state->compared_ms, compared);
    switch (state->phase) {
    case RENDER_PROVEN:
        buf_addf(out, "fetch (proven %s, verified %s)", since, compared);
        return;
    case RENDER_DIFFERS:
        buf_addf(out, "chrome (differs since %s: %s)", since, state->why);
        return;
    case RENDER_UNPROVEN:
    case RENDER_PHASES:
        buf_addf(out, "chrome (unproven: %d of %d pages equal%s%s)", state->proofs, RENDER_PROOFS,
                 *state->why ? "; " : "", state->why);
        return;
    }
}
