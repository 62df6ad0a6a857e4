/* SPDX-License-Identifier: MIT */
/* site_post.c - the keys of [post] and [gone], and what must be there beside them.
 *
 * A post page is a layout of its own whose one row is the document, so the fields of [post.FIELD]
 * are read by the same programs as those of lists.
 * Not here: what a page proves (alive.c), which posts are visited (run_posts.c).
 */
#include "base/str.h"
#include "crawl/site_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_POSTS 1000
#define MAX_DISTANCE_MS ((int64_t)30 * 24 * 3600 * 1000)

static void set_when(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    static const char *const words[] = {[SITE_POST_NEVER] = "never",
                                        [SITE_POST_MISSING] = "missing",
                                        [SITE_POST_ALWAYS] = "always"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(e->value, words[i])) {
            *(enum site_post_when *)slot = (enum site_post_when)i;
            return;
        }
    }
    site_problem(p, e, "\"%s\": expected always, missing or never", e->value);
}

/* The section is there, so its layout is. */
static void set_match(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    (void)slot;
    site_set_selector(p, e, &p->site->post->match);
}

static void set_ready(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    (void)slot;
    site_set_selector(p, e, &p->site->post->ready);
}

static void set_posts(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    site_set_int(p, e, slot, 0, MAX_POSTS);
}

static void set_distance(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    site_set_duration(p, e, slot, MAX_DISTANCE_MS);
}

/* Statuses that say "not there": never one that means "not for you" or "not now". */
static bool may_prove(long status)
{
    return status >= 400 && status < 500 && status != 401 && status != 403 && status != 407 &&
           status != 408 && status != 425 && status != 429 && status != 430 && status != 451;
}

static void set_statuses(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    struct site_statuses *statuses = slot;
    char *rest = arena_strdup(&p->site->arena, e->value);
    char *word, *end;

    statuses->n = 0;
    while ((word = str_next(&rest, ','))) {
        long status = strtol(word, &end, 10);

        if (!isdigit((unsigned char)*word) || *end != '\0' || !may_prove(status) ||
            statuses->n == SITE_MAX_STATUSES) {
            site_problem(p, e,
                         "\"%s\": expected at most %d statuses such as 404, 410, none of which "
                         "says no more than \"not now\" or \"not for you\"",
                         e->value, SITE_MAX_STATUSES);
            return;
        }
        statuses->items[statuses->n++] = (int)status;
    }
}

#define IN(member) offsetof(struct site, member)

const struct site_key site_keys_post[] = {
    {"when", set_when, IN(post_when), false},
    {"max", set_posts, IN(post_max), false},
    {"match", set_match, 0, false},
    {"ready", set_ready, 0, false},
    {NULL, NULL, 0, false},
};

const struct site_key site_keys_gone[] = {
    {"text", site_add_regex, IN(gone_text), true},
    {"dialog", site_add_regex, IN(gone_dialog), true},
    {"status", set_statuses, IN(gone_status), false},
    {"distance", set_distance, IN(gone_distance_ms), false},
    {"max", set_posts, IN(gone_max), false},
    {NULL, NULL, 0, false},
};

/* ---- what must be there ---- */

void site_check_post(struct site_parse *p)
{
    struct site *site = p->site;
    struct site_layout *post = site->post;

    if (!post) {
        if (site->gone_text.n || site->gone_dialog.n || site->alive_text)
            site_problem_at(
                p, 0,
                "post.match: missing: expected a CSS selector that is found on each post "
                "that is there; [gone] and an alive schedule need it");
        return;
    }
    if (!post->match)
        site_problem_at(p, post->line,
                        "post.match: missing: expected a CSS selector that is found on each post "
                        "that is there");
    if (!post->ready)
        post->ready = post->match;
}
