/* SPDX-License-Identifier: MIT */
/* test_crawl_robots.c - robots.txt after RFC 9309, with the shapes that the boards use. */
#include "crawl/robots.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static bool allows(const char *text, const char *path)
{
    struct robots *robots = robots_parse(text, strlen(text), "catchdeal");
    bool allow = robots_allow(robots, path, NULL);

    robots_free(&robots);
    return allow;
}

static void longest_rule_wins_and_wildcards_match(void **state)
{
    static const char clien_like[] =
        "User-agent: *\nAllow: /service/board/\nDisallow: /*?*\nDisallow: /service/search*\n";
    static const char ruliweb_like[] =
        "User-agent: *\nDisallow: /search\nDisallow: *cate=\nDisallow: *view=\n";

    (void)state;
    assert_true(allows(clien_like, "/service/board/jirum"));
    assert_false(allows(clien_like, "/service/search/x"));
    assert_false(allows(ruliweb_like, "/market/board/1020?view=thumbnail"));
    assert_true(allows(ruliweb_like, "/market/board/1020?page=2"));
    assert_false(allows("User-agent: *\nDisallow: /", "/x"));
    assert_true(allows("User-agent: *\nDisallow: /\nAllow: /x", "/x"));
    assert_true(allows("User-agent: *\nDisallow: /x\nAllow: /x", "/x"));
}

static void an_allow_prefix_shorter_than_a_wildcard_does_not_win(void **state)
{
    /* "/service/board/" (15) is longer than "/ *?*" (4): by RFC 9309 the board's pages stay
     * allowed. */
    (void)state;
    assert_true(allows("User-agent: *\nAllow: /service/board/\nDisallow: /*?*",
                       "/service/board/jirum?po=1"));
    assert_false(allows("User-agent: *\nAllow: /s\nDisallow: /*?*", "/s?po=1"));
}

static void dollar_ends_a_pattern(void **state)
{
    (void)state;
    assert_false(allows("User-agent: *\nDisallow: /*.php$", "/a.php"));
    assert_true(allows("User-agent: *\nDisallow: /*.php$", "/a.php?x"));
    assert_true(allows("User-agent: *\nDisallow: /a$", "/a/"));
    assert_false(allows("User-agent: *\nDisallow: /a*b*c", "/axxbbbc"));
    assert_true(allows("User-agent: *\nDisallow: /a*b*d", "/axxbbbc"));
}

static void the_group_for_us_replaces_the_star_group(void **state)
{
    static const char text[] = "User-agent: *\nDisallow: /\n\nUser-Agent: other\nUser-agent: "
                               "CatchDeal\nDisallow: /private\n"
                               "\nUser-agent: *\nDisallow: /more\n";

    (void)state;
    assert_true(allows(text, "/list"));
    assert_true(allows(text, "/more"));
    assert_false(allows(text, "/private/1"));
}

static void names_the_rule_that_decided(void **state)
{
    static const char text[] = "\xef\xbb\xbfUser-agent: * # all\r\nDisallow: /x # no\r\n";
    struct robots *robots = robots_parse(text, strlen(text), "catchdeal");
    const char *rule;

    (void)state;
    assert_false(robots_allow(robots, "/x?page=1", &rule));
    assert_string_equal(rule, "Disallow: /x");
    assert_true(robots_allow(robots, "/y", &rule));
    assert_null(rule);
    robots_free(&robots);
}

static void a_nul_byte_ends_its_line_and_not_the_file(void **state)
{
    static const char text[] = "User-agent: *\n\0\nDisallow: /x\0y\n";
    struct robots *robots = robots_parse(text, sizeof(text) - 1, "catchdeal");

    (void)state;
    assert_false(robots_allow(robots, "/x", NULL));
    assert_true(robots_allow(robots, "/", NULL));
    robots_free(&robots);
}

static void rubbish_allows_everything(void **state)
{
    (void)state;
    assert_true(allows("", "/"));
    assert_true(allows("<html>not found</html>", "/x"));
    assert_true(allows("Disallow: /x", "/x"));
    assert_true(allows("User-agent: *\nDisallow:", "/x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_rule_wins_and_wildcards_match),
        cmocka_unit_test(an_allow_prefix_shorter_than_a_wildcard_does_not_win),
        cmocka_unit_test(dollar_ends_a_pattern),
        cmocka_unit_test(the_group_for_us_replaces_the_star_group),
        cmocka_unit_test(names_the_rule_that_decided),
        cmocka_unit_test(a_nul_byte_ends_its_line_and_not_the_file),
        cmocka_unit_test(rubbish_allows_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
