/* SPDX-License-Identifier: MIT */
/* test_chrome_flags.c - chrome-flags.conf: reasons, owned switches, joined switches, and the file that we ship. */
#include "chrome/flags.h"
#include "base/str.h"
#include "support/unit.h"

#include <stdlib.h>
#include <unistd.h>

struct world {
    char path[64];
    struct flags *flags;
    struct err err;
};

static int setup(void **state)
{
    struct world *w = mem_new(struct world);

    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    flags_free(&w->flags);
    mem_free(w);
    return 0;
}

static int load_bytes(struct world *w, const char *bytes, size_t len)
{
    int fd, rc;

    snprintf(w->path, sizeof(w->path), "/tmp/chrome-flags-XXXXXX");
    fd = mkstemp(w->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
    rc = flags_load(w->path, &w->flags, &w->err);
    unlink(w->path);
    return rc;
}

static int load(struct world *w, const char *text)
{
    return load_bytes(w, text, strlen(text));
}

static void assert_refused(struct world *w, const char *text, int line, const char *words)
{
    char place[96];

    assert_int_equal(load(w, text), -1);
    snprintf(place, sizeof(place), "%s:%d: ", w->path, line);
    assert_int_equal(w->err.code, ERR_CONFIG);
    if (!str_starts(w->err.text, place) || !strstr(w->err.text, words))
        fail_msg("expected \"%s... %s\", got \"%s\"", place, words, w->err.text);
}

static const char *value_of(const struct flags *flags, const char *name)
{
    for (size_t i = 0; i < flags_count(flags); i++)
        if (str_starts(flags_at(flags, i), name))
            return flags_at(flags, i);
    return NULL;
}

static void takes_one_switch_a_line_as_it_stands(void **state)
{
    struct world *w = *state;

    assert_int_equal(load(w, "# why\n--mute-audio\n\n# why not # twice\n  --lang=ko KR \n"), 0);

    assert_int_equal(flags_count(w->flags), 2);
    assert_string_equal(flags_at(w->flags, 0), "--mute-audio");
    assert_string_equal(flags_at(w->flags, 1), "--lang=ko KR");
}

static void one_reason_holds_until_the_next_empty_line(void **state)
{
    struct world *w = *state;

    assert_int_equal(load(w, "# why\n--a1\n--a2\n"), 0);
    assert_int_equal(flags_count(w->flags), 2);
    flags_free(&w->flags);
    assert_refused(w, "# why\n--a1\n\n--a2\n", 4, "no reason");
}

static void refuses_a_switch_without_a_reason(void **state)
{
    assert_refused(*state, "--mute-audio\n", 1, "--mute-audio: no reason");
    assert_refused(*state, "#\n--mute-audio\n", 2, "no reason");
}

static void refuses_what_is_no_switch(void **state)
{
    assert_refused(*state, "# why\nmute-audio\n", 2, "begins with --");
    assert_refused(*state, "# why\n--\n", 2, "begins with --");
    assert_refused(*state, "# why\nhttp://example.com/\n", 2, "begins with --");
}

static void refuses_a_name_that_chrome_would_read_otherwise(void **state)
{
    assert_refused(*state, "# why\n--no-sandbox =1\n", 2, "no blank before the =");
    assert_refused(*state, "# why\n--lang ko\n", 2, "--name or --name=value");
    assert_refused(*state, "# why\n--=x\n", 2, "--name or --name=value");
}

static void refuses_a_nul_byte_instead_of_leaving_out_the_rest(void **state)
{
    static const char text[] = "# why\n--mute-audio\0\n--disable-sync\n";
    struct world *w = *state;

    assert_int_equal(load_bytes(w, text, sizeof(text) - 1), -1);

    assert_int_equal(w->err.code, ERR_CONFIG);
    assert_non_null(strstr(w->err.text, "NUL byte"));
}

static void refuses_quotes(void **state)
{
    assert_refused(*state, "# why\n--js-flags=\"--max-old-space-size=64\"\n", 2,
                   "leave the quotes away");
}

static void refuses_switches_that_the_engine_owns_and_says_what_to_do(void **state)
{
    assert_refused(*state, "# why\n--no-sandbox\n", 2, "chrome_sandbox = no");
    assert_refused(*state, "# why\n--user-data-dir=/tmp/x\n", 2, "run_dir");
    assert_refused(*state, "# why\n--remote-debugging-port=9222\n", 2, "chooses the port");
    assert_refused(*state, "# why\n--headless=new\n", 2, "chooses");
    assert_refused(*state, "# why\n--user-agent=Mozilla\n", 2, "user_agent_contact");
    assert_refused(*state, "# why\n--single-process\n", 2, "sandbox");
}

static void refuses_the_same_switch_twice(void **state)
{
    assert_refused(*state, "# why\n--lang=ko\n--lang=en\n", 3, "first in line 2");
}

static void joins_switches_of_which_chrome_honours_only_the_last(void **state)
{
    struct world *w = *state;

    assert_int_equal(
        load(w, "# a\n--disable-features=A,B\n\n# "
                "b\n--disable-features=C\n--js-flags=--x\n--js-flags=--y\n"
                "--host-resolver-rules=MAP a ~NOTFOUND\n--host-resolver-rules=MAP b ~NOTFOUND\n"),
        0);

    assert_int_equal(flags_count(w->flags), 3);
    assert_string_equal(flags_at(w->flags, 0), "--disable-features=A,B,C");
    assert_string_equal(flags_at(w->flags, 1), "--js-flags=--x --y");
    assert_string_equal(flags_at(w->flags, 2),
                        "--host-resolver-rules=MAP a ~NOTFOUND,MAP b ~NOTFOUND");
}

static void refuses_a_joined_switch_without_a_value(void **state)
{
    assert_refused(*state, "# why\n--disable-features\n", 2, "expected a value");
    assert_refused(*state, "# why\n--disable-features=\n", 2, "expected a value");
}

static void adds_blocked_hosts_to_the_resolver_rules(void **state)
{
    static const char *const hosts[] = {"*.ads.example", "t.example"};
    struct world *w = *state;

    assert_int_equal(load(w, "# why\n--host-resolver-rules=MAP a ~NOTFOUND\n"), 0);
    flags_block_hosts(w->flags, hosts, 2);
    assert_string_equal(value_of(w->flags, "--host-resolver-rules"),
                        "--host-resolver-rules=MAP a ~NOTFOUND,MAP *.ads.example ~NOTFOUND,MAP "
                        "t.example ~NOTFOUND");
    flags_free(&w->flags);

    assert_int_equal(load(w, "# why\n--mute-audio\n"), 0);
    flags_block_hosts(w->flags, hosts, 1);
    assert_string_equal(value_of(w->flags, "--host-resolver-rules"),
                        "--host-resolver-rules=MAP *.ads.example ~NOTFOUND");
    flags_free(&w->flags);

    assert_int_equal(load(w, "# nothing\n"), 0);
    flags_block_hosts(w->flags, hosts, 0);
    assert_int_equal(flags_count(w->flags), 0);
}

static void names_the_file_that_is_missing(void **state)
{
    struct world *w = *state;

    assert_int_equal(flags_load("/nonexistent/chrome-flags.conf", &w->flags, &w->err), -1);

    assert_int_equal(w->err.code, ERR_CONFIG);
    assert_non_null(strstr(w->err.text, "/nonexistent/chrome-flags.conf"));
}

static void takes_the_file_that_is_shipped(void **state)
{
    struct world *w = *state;

    if (flags_load("chrome-flags.conf", &w->flags, &w->err) < 0)
        fail_msg("%s", w->err.text);

    assert_non_null(value_of(w->flags, "--disable-background-networking"));
    assert_non_null(value_of(w->flags, "--disable-component-update"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(takes_one_switch_a_line_as_it_stands),
        TEST(one_reason_holds_until_the_next_empty_line),
        TEST(refuses_a_switch_without_a_reason),
        TEST(refuses_what_is_no_switch),
        TEST(refuses_a_name_that_chrome_would_read_otherwise),
        TEST(refuses_a_nul_byte_instead_of_leaving_out_the_rest),
        TEST(refuses_quotes),
        TEST(refuses_switches_that_the_engine_owns_and_says_what_to_do),
        TEST(refuses_the_same_switch_twice),
        TEST(joins_switches_of_which_chrome_honours_only_the_last),
        TEST(refuses_a_joined_switch_without_a_value),
        TEST(adds_blocked_hosts_to_the_resolver_rules),
        TEST(names_the_file_that_is_missing),
        TEST(takes_the_file_that_is_shipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
