/* SPDX-License-Identifier: MIT */
/* blame.h - why a page, a browser or a launch ended, from evidence: the cage's counters, Chrome's words, the clock.
 *
 * One for each browser. What Chrome says of an end is only half of it ("killed", by whom?).
 */
#ifndef CHROME_BLAME_H
#define CHROME_BLAME_H

#include "base/err.h"
#include "chrome/cage.h"

struct blame {
    enum cage_rung rung;
    struct cage_caps caps;
    struct cage *cage;         /* borrowed; NULL: none */
    struct cage_sample steady; /* when the browser was last known to be well */
    int64_t claimed_kills;     /* of the cage's, up to the last that an end was put down to */
    int64_t machine_kills;     /* of the whole machine, at the start */
    int64_t stderr_at_ms;      /* the last line; 0: none */
    int64_t js_oom_at_ms;      /* V8 told of a full heap; 0: never */
    enum err_code exit_code; /* what the browser's exit was put down to; ERR_OK: it did not exit */
};

/* Before a browser is started; the cage, once it is made. */
void blame_begin(struct blame *blame, enum cage_rung rung, const struct cage_caps *caps);

void blame_take_line(struct blame *blame, const char *line); /* of stderr */

/* Counters when a page begins. Cheap: on sampled-pss a look costs 20 ms and holds nothing that a mark is good for. */
void blame_mark(const struct blame *blame, struct cage_sample *out);

/* ---- ends ---------------------------------------------------------------------------------------- */

struct browser_end {
    const struct cage_sample *since; /* the mark; NULL: since its last sign of life */
    const char *url;                 /* of the page, or NULL */
    bool silent;                     /* nothing came of it in the whole time */
};

/* Puts what the evidence says in place of what was seen: ERR_CRASHED may become ERR_OOM, ERR_JS_HEAP, ERR_PIDS;
 * ERR_HUNG and ERR_NO_ANSWER ERR_MEMORY_THRASH; ERR_BROWSER_EXIT what blame_exit found. The text gets peak memory, URL
 * and `words`, what Chrome said last, if that was lately. A kill by the kernel accounts for one end only: call it once
 * for each. */
void blame_explain(struct blame *blame, const struct browser_end *end, const char *words,
                   struct err *err);

/* The browser process has ended; killed: by a SIGKILL that is not ours. */
void blame_exit(struct blame *blame, bool killed, const char *words);

/* A launch failed: adds what the cage has to do with it. */
void blame_launch(struct blame *blame, struct err *err);

#endif
