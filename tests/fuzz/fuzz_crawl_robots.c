/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_robots.c - robots.txt: the rule named as the reason does match, by a slower matcher of
 * our own.
 *
 * Input: a path, a newline, the file.
 */
#include "fuzz.h"
#include "base/str.h"
#include "crawl/robots.h"

#include <string.h>

/* Row by row over the pattern: reach[i] tells whether the pattern so far can end before path[i]. */
static bool matches(const char *pattern, const char *path)
{
    size_t len = strlen(path);
    bool *reach = mem_array(len + 1, sizeof(*reach));
    bool any = false, is_end = false;

    reach[0] = true;
    for (; *pattern && !is_end; pattern++) {
        is_end = *pattern == '$' && !pattern[1];
        if (is_end)
            memset(reach, 0, len * sizeof(*reach));
        else if (*pattern == '*')
            for (size_t i = 1; i <= len; i++)
                reach[i] |= reach[i - 1];
        else
            for (size_t i = len + 1; i-- > 0;)
                reach[i] = i > 0 && reach[i - 1] && path[i - 1] == *pattern;
    }
    for (size_t i = 0; i <= len; i++)
        any |= reach[i];
    mem_free(reach);
    return any;
}

static bool check_decision(const struct robots *robots, const char *path)
{
    const char *rule = "";
    bool allowed = robots_allow(robots, path, &rule);

    check(robots_allow(robots, path, NULL) == allowed);
    if (!rule) {
        check(allowed);
        return true;
    }
    check(str_starts(rule, allowed ? "Allow: " : "Disallow: "));
    check(matches(strchr(rule, ' ') + 1, path));
    return allowed;
}

/* A group for us that forbids the whole path forbids it, unless an Allow that is as long says
 * otherwise. */
static void check_own_rule(const char *path, const char *text, size_t len)
{
    char *all = mem_printf("%.*s\nUser-Agent: CatchDeal/1\ndisallow: %s\n", (int)len, text, path);
    struct robots *robots = robots_parse(all, strlen(all), "catchdeal");
    const char *rule = NULL;

    if (!strpbrk(path, "#*$\r\t\v\f ")) {
        check_decision(robots, path);
        robots_allow(robots, path, &rule);
        check(rule && strlen(strchr(rule, ' ') + 1) >= strlen(path));
    }
    robots_free(&robots);
    mem_free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *input = fuzz_text(data, size);
    char *path = mem_printf("/%.*s", (int)strcspn(input, "\n"), input);
    size_t skip = strlen(path) <= size ? strlen(path) : size;
    char *text = fuzz_bytes(data + skip, size - skip);
    struct robots *robots = robots_parse(text, size - skip, "catchdeal");
    bool allowed = check_decision(robots, path);

    robots_free(&robots);
    /* A NUL ends a line and nothing more. */
    for (size_t i = 0; i < size - skip; i++)
        text[i] = text[i] ? text[i] : '\n';
    robots = robots_parse(text, size - skip, "catchdeal");
    check(robots_allow(robots, path, NULL) == allowed);
    robots_free(&robots);
    check_own_rule(path, text, size - skip);
    mem_free(text);
    mem_free(path);
    mem_free(input);
    return 0;
}
