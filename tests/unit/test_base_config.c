/* SPDX-License-Identifier: MIT */
/* test_base_config.c - sources and their order, errors with their source, the table and its help.
 */
#include "base/config.h"
#include "base/str.h"
#include "support/unit.h"

#include <stdlib.h>
#include <unistd.h>

enum { MAX_SETS = 8 };

struct world {
    struct config config;
    struct buf errors; /* each with '\n' */
    struct err err;
    char path[32];
    const char *sets[MAX_SETS];
    size_t n_sets;
    int rc;
};

static int world_make(void **state)
{
    struct world *w = mem_new(struct world);

    buf_init(&w->errors, BUF_MAX_DEFAULT);
    *state = w;
    return 0;
}

static int world_end(void **state)
{
    struct world *w = *state;

    config_fini(&w->config);
    buf_fini(&w->errors);
    if (*w->path)
        unlink(w->path);
    mem_free(w);
    unsetenv("CATCHDEAL_CONFIG");
    unsetenv("CATCHDEAL_LOG");
    unsetenv("CATCHDEAL_TABS_PER_BROWSER");
    unsetenv("CATCHDEAL_TABS_PER_BROWSR");
    return 0;
}

static void on_error(const char *message, void *ctx)
{
    struct world *w = ctx;

    buf_addf(&w->errors, "%s\n", message);
}

static void write_conf(struct world *w, const char *text)
{
    int fd;

    strcpy(w->path, "/tmp/cd-conf-XXXXXX");
    fd = mkstemp(w->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void load(struct world *w)
{
    w->rc = config_load(&w->config, *w->path ? w->path : NULL, w->sets, w->n_sets, on_error, w,
                        &w->err);
}

static void load_file(struct world *w, const char *text)
{
    write_conf(w, text);
    load(w);
}

/* The errors, with the temporary file's name cut to "F". */
static void assert_errors(struct world *w, const char *want)
{
    struct buf got;

    buf_init(&got, BUF_MAX_DEFAULT);
    for (const char *at = buf_str(&w->errors); *at;)
        if (*w->path && str_starts(at, w->path)) {
            buf_addc(&got, 'F');
            at += strlen(w->path);
        } else {
            buf_addc(&got, *at++);
        }
    assert_string_equal(buf_str(&got), want);
    assert_int_equal(w->rc, *want ? -1 : 0);
    buf_fini(&got);
}

/* ---- sources --------------------------------------------------------------------------------- */

static void without_any_source_the_defaults_hold(void **state)
{
    struct world *w = *state;

    load_file(w, "");

    assert_errors(w, "");
    assert_string_equal(w->config.database, "sqlite:var/catchdeal.db");
    assert_string_equal(w->config.log, "");
    assert_int_equal(w->config.tabs_per_browser, 2);
    assert_int_equal(w->config.page_timeout, 30000);
    assert_true(w->config.chrome_sandbox);
    assert_string_equal(w->config.sites, "");
    assert_string_equal(w->config.path, w->path);
}

static void later_sources_win(void **state)
{
    struct world *w = *state;

    setenv("CATCHDEAL_LOG", "warn", 1);
    setenv("CATCHDEAL_TABS_PER_BROWSER", "5", 1);
    w->sets[w->n_sets++] = "tabs_per_browser=6";
    w->sets[w->n_sets++] = "tabs_per_browser = 7";
    load_file(w, "log = debug\ntabs_per_browser = 4\npage_timeout = 2m\nchrome_sandbox = no\n");

    assert_errors(w, "");
    assert_string_equal(w->config.log, "warn");
    assert_int_equal(w->config.tabs_per_browser, 7);
    assert_int_equal(w->config.page_timeout, 120000);
    assert_false(w->config.chrome_sandbox);
}

static void environment_names_the_file(void **state)
{
    struct world *w = *state;

    write_conf(w, "log = error\n");
    setenv("CATCHDEAL_CONFIG", w->path, 1);
    w->rc = config_load(&w->config, NULL, NULL, 0, on_error, w, &w->err);

    assert_errors(w, "");
    assert_string_equal(w->config.log, "error");
}

static void named_file_must_be_there(void **state)
{
    struct world *w = *state;

    w->rc = config_load(&w->config, "/nonexistent.conf", NULL, 0, on_error, w, &w->err);

    assert_errors(w, "/nonexistent.conf: No such file or directory\n");
    assert_int_equal(w->err.code, ERR_CONFIG);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void every_wrong_value_of_the_file_names_line_key_and_expectation(void **state)
{
    struct world *w = *state;

    load_file(w, "log = loud\n"
                 "tabs_per_browser = many\n"
                 "\n"
                 "page_retries = 11\n"
                 "page_timeout = 30\n"
                 "idle_exit = 2d\n"
                 "chrome_sandbox = maybe\n"
                 "api_listen = 8080\n"
                 "api_timezone = Asia/Soul\n"
                 "database = mysql://me:secret@x/y\n");

    assert_errors(
        w, "F:1: log: \"loud\": expected trace, debug, info, warn or error\n"
           "F:2: tabs_per_browser: \"many\": expected a whole number\n"
           "F:4: page_retries: \"11\": expected a number from 0 to 10\n"
           "F:5: page_timeout: \"30\": expected a time with its unit, like 500ms, 2s, 5m, 1h or "
           "30d\n"
           "F:6: idle_exit: \"2d\": expected a time from 1s to 1d\n"
           "F:7: chrome_sandbox: \"maybe\": expected yes or no\n"
           "F:8: api_listen: \"8080\": expected ADDRESS:PORT, like 127.0.0.1:8080\n"
           "F:9: api_timezone: \"Asia/Soul\": expected a time zone like Asia/Seoul or UTC (no such "
           "file in /usr/share/zoneinfo; is the tzdata package installed?)\n"
           "F:10: database: expected sqlite:PATH or postgresql://user@host/name\n");
    assert_true(
        str_ends(w->err.text, ":1: log: \"loud\": expected trace, debug, info, warn or error"));
}

static void unknown_keys_suggest_the_nearest(void **state)
{
    struct world *w = *state;

    setenv("CATCHDEAL_TABS_PER_BROWSR", "5", 1);
    w->sets[w->n_sets++] = "lgo=info";
    w->sets[w->n_sets++] = "no_sign";
    load_file(w, "databse = x\nnothing_like_any_of_them = 1\n[chrome]\nlog = info\n");

    assert_errors(w, "F:1: databse: unknown key, did you mean database?\n"
                     "F:2: nothing_like_any_of_them: unknown key (--help-config lists all)\n"
                     "F:3: [chrome]: unknown section, expected none or [origins]\n"
                     "environment CATCHDEAL_TABS_PER_BROWSR: unknown key, did you mean "
                     "tabs_per_browser?\n"
                     "--set lgo: unknown key, did you mean log?\n"
                     "--set no_sign: expected key=value\n");
}

static void wrong_values_elsewhere_name_their_source(void **state)
{
    struct world *w = *state;

    setenv("CATCHDEAL_LOG", "cdp=loud", 1);
    w->sets[w->n_sets++] = "tabs_per_browser=0";
    load_file(w, "");

    assert_errors(w, "environment CATCHDEAL_LOG: \"loud\": expected trace, debug, info, warn or "
                     "error\n"
                     "--set tabs_per_browser: \"0\": expected a number from 1 to 32\n");
}

static void key_that_the_file_sets_twice_is_an_error(void **state)
{
    struct world *w = *state;

    load_file(w, "log = info\n\nlog = warn\n");

    assert_errors(w, "F:3: log: expected once, but line 1 sets it, too\n");
}

static void broken_lines_of_the_file_are_reported(void **state)
{
    struct world *w = *state;

    load_file(w, "what is this\nlog = info\n");

    assert_errors(w, "F:1: \"what is this\": expected key = value\n");
    assert_true(str_ends(w->err.text, ":1: \"what is this\": expected key = value"));
}

/* ---- origins --------------------------------------------------------------------------------- */

static void origins_come_from_file_and_set(void **state)
{
    struct world *w = *state;

    w->sets[w->n_sets++] = "origin.clien=http://clien.localhost:9000/";
    w->sets[w->n_sets++] = "origin.zod=https://example.org";
    load_file(w, "origin.ruliweb = http://[::1]:80\n[origins]\nclien = http://x:1\n"
                 "ppomppu-foreign = http://p.localhost:8000\n");

    assert_errors(w, "");
    assert_string_equal(config_origin_of(&w->config, "clien"), "http://clien.localhost:9000");
    assert_string_equal(config_origin_of(&w->config, "zod"), "https://example.org");
    assert_string_equal(config_origin_of(&w->config, "ruliweb"), "http://[::1]:80");
    assert_string_equal(config_origin_of(&w->config, "ppomppu-foreign"), "http://p.localhost:8000");
    assert_null(config_origin_of(&w->config, "ppomppu"));
}

static void origin_that_is_more_or_less_than_one_is_refused(void **state)
{
    struct world *w = *state;

    load_file(w, "[origins]\na = ftp://x\nb = http://x/path\nc = http://\nd = http://u@x\nE = "
                 "http://x\nf = x\n");

    assert_errors(w, "F:2: a: \"ftp://x\": expected an origin like http://clien.localhost:8000\n"
                     "F:3: b: \"http://x/path\": expected an origin like "
                     "http://clien.localhost:8000\n"
                     "F:4: c: \"http://\": expected an origin like http://clien.localhost:8000\n"
                     "F:5: d: \"http://u@x\": expected an origin like "
                     "http://clien.localhost:8000\n"
                     "F:6: E: expected a site's name (a-z, 0-9, -)\n"
                     "F:7: f: \"x\": expected an origin like http://clien.localhost:8000\n");
}

/* ---- the table ------------------------------------------------------------------------------- */

static void help_is_a_valid_file_of_defaults(void **state)
{
    struct world *w = *state;
    struct buf help;

    buf_init(&help, BUF_MAX_DEFAULT);
    config_help(&help);
    load_file(w, buf_str(&help));

    assert_errors(w, "");
    assert_string_equal(w->config.database, "sqlite:var/catchdeal.db");
    assert_int_equal(w->config.page_timeout, 30000);
    buf_fini(&help);
}

static void help_has_every_key_with_prose_and_no_line_over_100_columns(void **state)
{
    static const struct {
        const char *key;
        const char *prose;
    } keys[] = {
#define CONFIG_STR(key, def, reload, prose) {#key, prose},
#define CONFIG_INT(key, def, min, max, reload, prose) {#key, prose},
#define CONFIG_BOOL(key, def, reload, prose) {#key, prose},
#define CONFIG_MS(key, def, min, max, reload, prose) {#key, prose},
#define CONFIG_BYTES(key, def, min, max, reload, prose) {#key, prose},
#include "base/config.def"
    };
    struct buf help;

    (void)state;
    buf_init(&help, BUF_MAX_DEFAULT);
    config_help(&help);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char *line = mem_printf("\n%s =", keys[i].key);

        assert_non_null(strstr(buf_str(&help), line));
        assert_true(strlen(keys[i].prose) > 10);
        mem_free(line);
    }
    for (const char *at = buf_str(&help); *at; at += strcspn(at, "\n") + 1)
        assert_true(strcspn(at, "\n") <= 100);
    buf_fini(&help);
}

static void committed_sample_is_what_help_prints(void **state)
{
    FILE *f = fopen("scripts/catchdeal.conf", "re");
    struct buf help, file;
    char piece[4096];
    size_t n;

    (void)state;
    assert_non_null(f);
    buf_init(&help, BUF_MAX_DEFAULT);
    buf_init(&file, BUF_MAX_DEFAULT);
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        buf_add(&file, piece, n);
    fclose(f);
    config_help(&help);

    assert_string_equal(buf_str(&file), buf_str(&help));
    buf_fini(&help);
    buf_fini(&file);
}

#define CONFIG_TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

static void on_key(const char *key, bool taken, void *ctx)
{
    buf_addf(ctx, "%s%s ", key, taken ? "" : "(restart)");
}

static void a_reload_takes_what_may_change_and_names_what_waits_for_a_restart(void **state)
{
    struct world *w = *state;
    const char *const before[] = {"page_timeout=20s", "browsers=2", "log=info",
                                  "origin.clien=http://a.localhost:1"};
    const char *const after[] = {"page_timeout=25s", "browsers=3", "log=warn", "sites=clien"};
    struct config fresh;
    char *old_log;

    assert_int_equal(config_load(&w->config, "/dev/null", before, 4, NULL, NULL, &w->err), 0);
    assert_int_equal(config_load(&fresh, "/dev/null", after, 4, NULL, NULL, &w->err), 0);
    old_log = w->config.log;

    config_take(&w->config, &fresh, on_key, &w->errors);

    assert_string_equal(buf_str(&w->errors),
                        "log sites browsers(restart) page_timeout [origins] ");
    assert_int_equal(w->config.page_timeout, 25000);
    assert_int_equal(w->config.browsers, 2);
    assert_string_equal(w->config.log, "warn");
    assert_string_equal(w->config.sites, "clien");
    assert_null(config_origin_of(&w->config, "clien"));
    assert_string_equal(old_log, "info"); /* who held it may still read it */
    config_fini(&fresh);
}

static void a_reload_without_a_change_names_nothing(void **state)
{
    struct world *w = *state;
    const char *const sets[] = {"origin.clien=http://a.localhost:1"};
    struct config fresh;

    assert_int_equal(config_load(&w->config, "/dev/null", sets, 1, NULL, NULL, &w->err), 0);
    assert_int_equal(config_load(&fresh, "/dev/null", sets, 1, NULL, NULL, &w->err), 0);

    config_take(&w->config, &fresh, on_key, &w->errors);

    assert_string_equal(buf_str(&w->errors), "");
    config_fini(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(without_any_source_the_defaults_hold),
        CONFIG_TEST(later_sources_win),
        CONFIG_TEST(a_reload_takes_what_may_change_and_names_what_waits_for_a_restart),
        CONFIG_TEST(a_reload_without_a_change_names_nothing),
        CONFIG_TEST(environment_names_the_file),
        CONFIG_TEST(named_file_must_be_there),
        CONFIG_TEST(every_wrong_value_of_the_file_names_line_key_and_expectation),
        CONFIG_TEST(unknown_keys_suggest_the_nearest),
        CONFIG_TEST(wrong_values_elsewhere_name_their_source),
        CONFIG_TEST(key_that_the_file_sets_twice_is_an_error),
        CONFIG_TEST(broken_lines_of_the_file_are_reported),
        CONFIG_TEST(origins_come_from_file_and_set),
        CONFIG_TEST(origin_that_is_more_or_less_than_one_is_refused),
        CONFIG_TEST(help_is_a_valid_file_of_defaults),
        CONFIG_TEST(help_has_every_key_with_prose_and_no_line_over_100_columns),
        CONFIG_TEST(committed_sample_is_what_help_prints),
    };

    /* Whoever runs the tests may have settings of their own there. */
    clearenv();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
