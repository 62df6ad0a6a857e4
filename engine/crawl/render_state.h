/* SPDX-License-Identifier: MIT */
/* render_state.h - what is known of reading a site's pages without Chrome; for render.c.
 *
 * A value without pointers, moved by what was seen and nothing else: no clock, no site, no store.
 */
#ifndef CRAWL_RENDER_STATE_H
#define CRAWL_RENDER_STATE_H

#include "base/buf.h"
#include "crawl/render.h"

enum render_phase { RENDER_UNPROVEN, RENDER_PROVEN, RENDER_DIFFERS, RENDER_PHASES };

enum {
    RENDER_STATE_MAX_BYTES = 4096,
    RENDER_FULL_MAX = 24,   /* fields */
    RENDER_FULL_BYTES = 24, /* of a name */
    RENDER_RULES_BYTES = 17,
    RENDER_UNCLEAR_MAX = 3, /* comparisons in a row that proved nothing: they differ */
};

struct render_state {
    enum render_phase phase;
    int64_t since_ms;    /* wall, when the phase began; 0: from the start */
    int64_t compared_ms; /* wall, the last comparison that proved something; 0: none */
    int64_t again_at_ms; /* wall, when to compare next; 0: at once */
    int proofs, unclear; /* equal, and unclear, pages in a row */
    int rows;            /* the fewest of the equal pages */
    char full[RENDER_FULL_MAX]
             [RENDER_FULL_BYTES]; /* fields with a value in nearly all their rows */
    int n_full;
    char why[RENDER_WHY_BYTES]; /* it differs, or the last unclear one */
};

struct render_seen {
    const struct row_set *shown; /* by Chrome */
    enum render_verdict verdict;
    const char *why;
    int64_t now_ms, verify_ms;
};

const char *render_phase_name(enum render_phase phase); /* "proven" */

void render_state_saw(struct render_state *state, const struct render_seen *seen);

/* A fetched page holds fewer rows than the equal pages did, or a field that always had a value has
 * hardly any. */
bool render_state_suspects(const struct render_state *state, const struct row_set *fetched,
                           char why[RENDER_WHY_BYTES]);

/* As JSON. rules: a name for what the state was learned with. A text that cannot be read, or was
 * written with other rules, is the state of a site of which nothing is known. */
void render_state_write(const struct render_state *state, const char *rules, struct buf *out);
void render_state_read(const char *text, const char *rules, struct render_state *out);

void render_state_describe(const struct render_state *state, struct buf *out);

#endif
