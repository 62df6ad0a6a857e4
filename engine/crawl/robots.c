/* SPDX-License-Identifier: MIT */
/* robots.c - robots.txt as RFC 9309 reads it; see robots.h. */
#include "crawl/robots.h"
#include "base/arena.h"
#include "base/str.h"

#include <string.h>

enum { MAX_BYTES = 500 * 1024 };

struct rule {
    struct rule *next;
    bool allow;
    const char *pattern;
    const char *text; /* "Disallow: /x" as a message shows it */
};

struct robots {
    struct arena arena;
    struct rule *rules; /* of the group that is for us */
};

/* While reading: how well the current group's agents fit us. */
enum fit { FIT_NONE, FIT_STAR, FIT_OURS };

struct reader {
    struct robots *robots;
    const char *agent;
    bool in_agents;   /* the last line was a user-agent line: more of them join the same group */
    enum fit current; /* of the group being read */
    enum fit best;    /* of the rules kept so far */
};

static void read_agent(struct reader *r, const char *value)
{
    enum fit fit = FIT_NONE;

    if (strcmp(value, "*") == 0)
        fit = FIT_STAR;
    else if (strncasecmp(value, r->agent, strlen(r->agent)) == 0)
        fit = FIT_OURS;
    if (!r->in_agents)
        r->current = FIT_NONE;
    r->in_agents = true;
    if (fit > r->current)
        r->current = fit;
    if (r->current > r->best) {
        r->best = r->current;
        r->robots->rules = NULL; /* rules of a less specific group */
    }
}

static void read_rule(struct reader *r, bool allow, const char *value)
{
    struct rule *rule;

    r->in_agents = false;
    if (r->current == FIT_NONE || r->current < r->best || !*value)
        return;
    rule = arena_new(&r->robots->arena, struct rule);
    rule->allow = allow;
    rule->pattern = arena_strdup(&r->robots->arena, value);
    rule->text = arena_printf(&r->robots->arena, "%s: %s", allow ? "Allow" : "Disallow", value);
    rule->next = r->robots->rules;
    r->robots->rules = rule;
}

static void read_line(struct reader *r, char *line)
{
    char *hash = strchr(line, '#');
    char *value;
    char *key;

    if (hash)
        *hash = '\0';
    value = strchr(line, ':');
    if (!value)
        return;
    *value++ = '\0';
    key = str_trim(line);
    value = str_trim(value);
    if (strcasecmp(key, "user-agent") == 0)
        read_agent(r, value);
    else if (strcasecmp(key, "allow") == 0)
        read_rule(r, true, value);
    else if (strcasecmp(key, "disallow") == 0)
        read_rule(r, false, value);
}

/* Every line ends in '\n'. A NUL ends one as well: it must not hide the rules behind it. */
static char *copy_lines(const char *text, size_t len)
{
    char *copy = mem_alloc(len + 1);

    for (size_t i = 0; i < len; i++)
        copy[i] = text[i] == '\r' || text[i] == '\0' ? '\n' : text[i];
    copy[len] = '\0';
    return copy;
}

struct robots *robots_parse(const char *text, size_t len, const char *agent)
{
    struct robots *robots = mem_new(struct robots);
    struct reader reader = {.robots = robots, .agent = agent};
    char *copy = copy_lines(text, len < MAX_BYTES ? len : MAX_BYTES);
    char *rest = copy;
    char *line;

    arena_init(&robots->arena);
    if (str_starts(rest, "\xef\xbb\xbf"))
        rest += 3;
    while ((line = str_next(&rest, '\n')))
        read_line(&reader, line);
    mem_free(copy);
    return robots;
}

void robots_free(struct robots **robots)
{
    if (!*robots)
        return;
    arena_fini(&(*robots)->arena);
    mem_free(*robots);
    *robots = NULL;
}

/* Greedy matching with one point of return: linear in practice, quadratic at worst, never
 * exponential. */
static bool pattern_matches(const char *pattern, const char *path)
{
    const char *star = NULL;
    const char *retry = NULL;

    for (;;) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = path;
        } else if (!*pattern || (*pattern == '$' && !pattern[1] && !*path)) {
            return true; /* a pattern is a prefix unless it ends in '$' */
        } else if (*path && *pattern == *path && !(*pattern == '$' && !pattern[1])) {
            pattern++;
            path++;
        } else if (star && *retry) {
            pattern = star;
            path = ++retry;
        } else {
            return false;
        }
    }
}

bool robots_allow(const struct robots *robots, const char *path, const char **rule_out)
{
    const struct rule *best = NULL;

    for (const struct rule *rule = robots->rules; rule; rule = rule->next) {
        size_t len = strlen(rule->pattern);
        size_t best_len = best ? strlen(best->pattern) : 0;

        if (!pattern_matches(rule->pattern, path))
            continue;
        if (!best || len > best_len || (len == best_len && rule->allow))
            best = rule;
    }
    if (rule_out)
        *rule_out = best ? best->text : NULL;
    return !best || best->allow;
}
