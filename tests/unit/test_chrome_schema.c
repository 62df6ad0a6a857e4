/* SPDX-License-Identifier: MIT */
/* test_chrome_schema.c - commands.def against what the installed Chrome says of itself at /json/protocol.
 *
 * Skipped where no Chrome is installed or, as root, its user is missing.
 */
#include "base/config.h"
#include "base/jdoc.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "chrome/cage.h"
#include "chrome/launch.h"
#include "support/http_client.h"
#include "support/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_MS = 60000 };

struct world {
    struct loop *loop;
    struct loop_timer *limit;
    char run_dir[64];
    struct config config;
    struct launch_plan *plan;
    struct profile *profile;
    struct cage_yard *yard;
    struct cage *cage;
    struct proc *proc;
    bool exited;
    struct jdoc *schema; /* NULL: skip, for the reason below */
    char why_not[1024];
};

struct entry {
    const char *method;
    const char *params; /* space separated */
    const char *results;
};

static const struct entry commands[] = {
#define CDP_COMMAND(method, params, results) {method, params, results},
#include "cdp/commands.def"
};

static const struct entry events[] = {
#define CDP_EVENT(method, params) {method, params, ""},
#include "cdp/commands.def"
};

/* ---- getting the schema ------------------------------------------------------------------------ */

static void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

static void on_stderr(const char *line, void *ctx)
{
    (void)line;
    (void)ctx;
}

static void on_exit_of(const struct proc_end *end, void *ctx)
{
    struct world *w = ctx;

    (void)end;
    w->exited = true;
}

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static void on_config_error(const char *text, void *ctx)
{
    (void)ctx;
    fail_msg("%s", text);
}

static bool make_plan(struct world *w)
{
    char *run_dir = mem_printf("run_dir=%s", w->run_dir);
    const char *const sets[] = {run_dir, "chrome_flags=chrome-flags.conf"};
    struct err err;

    if (config_load(&w->config, "/dev/null", sets, ARRAY_LEN(sets), (ini_error_fn *)on_config_error,
                    NULL, &err) < 0)
        fail_msg("%s", err.text);
    mem_free(run_dir);
    if (launch_plan_new(&w->config, NULL, 0, &w->plan, &err) == 0)
        return true;
    snprintf(w->why_not, sizeof(w->why_not), "%s", err.text);
    if (!strstr(err.text, "no Chrome found") && !strstr(err.text, "which is missing"))
        fail_msg("%s", err.text);
    return false;
}

/* "ws://127.0.0.1:PORT/..." once Chrome listens. */
static int start_chrome(struct world *w)
{
    static const struct launch_events launch_events = {on_stderr, on_exit_of};
    static const struct cage_settings settings = {.strongest = CAGE_PSS, .weakest = CAGE_PSS};
    static const struct cage_caps no_caps = {0};
    struct buf url;
    struct launched made;
    struct err err;
    int port;

    if (cage_yard_open(&settings, &w->yard, &err) < 0 ||
        cage_new(w->yard, &no_caps, &w->cage, &err) < 0 ||
        launch_make_profile(w->plan, &w->profile, &err) < 0 ||
        launch_spawn(w->plan, w->loop, w->profile, w->cage, &launch_events, w, &made, &err) < 0)
        fail_msg("%s", err.text);
    w->proc = made.proc;
    buf_init(&url, 512);
    while (!launch_read_endpoint(w->profile, &url)) {
        if (w->exited)
            fail_msg("Chrome ended: %s", proc_stderr_tail(w->proc));
        http_client_turn(w->loop, 20);
    }
    port = atoi(buf_str(&url) + strlen("ws://127.0.0.1:"));
    buf_fini(&url);
    return port;
}

static void read_schema(struct world *w, int port)
{
    struct http_client *client = http_client_open(w->loop, port);
    char *request = mem_printf(
        "GET /json/protocol HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n", port);
    const char *answer, *body, *length;
    struct err err;
    char *copy;
    size_t len;

    http_client_send(client, request);
    mem_free(request);
    answer = http_client_wait(client, "\r\n\r\n");
    length = strcasestr(answer, "Content-Length:");
    assert_non_null(length);
    len = strtoul(length + strlen("Content-Length:"), NULL, 10);
    body = strstr(answer, "\r\n\r\n") + 4;
    while (client->in.len < (size_t)(body - buf_str(&client->in)) + len) {
        http_client_turn(w->loop, 10);
        body = strstr(buf_str(&client->in), "\r\n\r\n") + 4;
    }
    copy = mem_strndup(body, len);
    if (jdoc_parse(copy, len, &w->schema, &err) < 0)
        fail_msg("%s", err.text);
    mem_free(copy);
    http_client_free(&client);
}

static void end_chrome(struct world *w)
{
    struct err err;

    proc_kill_tree(w->proc, SIGKILL);
    while (!w->exited || proc_tree_size(w->proc) > 0)
        http_client_turn(w->loop, 10);
    cage_free(&w->cage);
    cage_yard_close(&w->yard);
    proc_free(&w->proc);
    if (profile_delete(w->profile, &err) < 0)
        fail_msg("%s", err.text);
    profile_free(&w->profile);
}

static int get_schema(void **state)
{
    struct world *w = mem_new(struct world);

    *state = w;
    log_set_sink(quiet, NULL);
    snprintf(w->run_dir, sizeof(w->run_dir), "/tmp/schema-test-XXXXXX");
    assert_non_null(mkdtemp(w->run_dir));
    assert_int_equal(chmod(w->run_dir, 0755), 0);
    w->loop = loop_new();
    proc_init(w->loop);
    w->limit = loop_timer_new(w->loop, on_limit, w);
    loop_timer_start(w->limit, LIMIT_MS);
    if (make_plan(w)) {
        read_schema(w, start_chrome(w));
        end_chrome(w);
    }
    return 0;
}

static int drop_schema(void **state)
{
    struct world *w = *state;
    int rc;

    jdoc_free(&w->schema);
    launch_plan_free(&w->plan);
    config_fini(&w->config);
    loop_timer_free(&w->limit);
    proc_fini();
    loop_free(&w->loop);
    rc = rmdir(w->run_dir);
    mem_free(w);
    return rc;
}

/* ---- comparing --------------------------------------------------------------------------------- */

/* The element of an array of objects whose `key` is the first `len` bytes of `name`. */
static const struct jval *find(const struct jval *array, const char *key, const char *name,
                               size_t len)
{
    for (const struct jval *v = jval_first(array); v; v = jval_next(v)) {
        const char *found = jval_get_str(v, key, "");

        if (strlen(found) == len && memcmp(found, name, len) == 0)
            return v;
    }
    return NULL;
}

static const struct jval *find_method(const struct world *w, const char *kind, const char *method)
{
    const char *dot = strchr(method, '.');
    const struct jval *domain;

    assert_non_null(dot);
    domain =
        find(jval_get(jdoc_root(w->schema), "domains"), "domain", method, (size_t)(dot - method));
    return find(jval_get(domain, kind), "name", dot + 1, strlen(dot + 1));
}

/* How many of the space separated `names` the array lacks. */
static int count_missing(const struct jval *array, const char *method, const char *names)
{
    int missing = 0;

    for (const char *at = names; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");

        if (!find(array, "name", at, len)) {
            fprintf(stderr, "%s: no \"%.*s\" in Chrome's schema\n", method, (int)len, at);
            missing++;
        }
        at += len;
    }
    return missing;
}

static void skip_without_schema(const struct world *w)
{
    if (!w->schema)
        skip_because(w->why_not);
}

static void chrome_knows_every_command_and_its_parameters(void **state)
{
    struct world *w = *state;
    int missing = 0;

    skip_without_schema(w);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        const struct jval *command = find_method(w, "commands", commands[i].method);

        if (!command) {
            fprintf(stderr, "%s: no such command in Chrome's schema\n", commands[i].method);
            missing++;
            continue;
        }
        missing +=
            count_missing(jval_get(command, "parameters"), commands[i].method, commands[i].params);
        missing +=
            count_missing(jval_get(command, "returns"), commands[i].method, commands[i].results);
    }
    assert_int_equal(missing, 0);
}

/* A parameter that Chrome demands and we do not send would fail each call. */
static void sends_every_parameter_that_chrome_demands(void **state)
{
    struct world *w = *state;
    int missing = 0;

    skip_without_schema(w);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        const struct jval *params =
            jval_get(find_method(w, "commands", commands[i].method), "parameters");

        for (const struct jval *p = jval_first(params); p; p = jval_next(p)) {
            char *padded = mem_printf(" %s ", commands[i].params);
            char *wanted = mem_printf(" %s ", jval_get_str(p, "name", ""));

            if (!jval_get_bool(p, "optional", false) && !strstr(padded, wanted)) {
                fprintf(stderr, "%s: demands%s\n", commands[i].method, wanted);
                missing++;
            }
            mem_free(padded);
            mem_free(wanted);
        }
    }
    assert_int_equal(missing, 0);
}

static void chrome_knows_every_event_and_what_we_read_of_it(void **state)
{
    struct world *w = *state;
    int missing = 0;

    skip_without_schema(w);
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        const struct jval *event = find_method(w, "events", events[i].method);

        if (!event) {
            fprintf(stderr, "%s: no such event in Chrome's schema\n", events[i].method);
            missing++;
            continue;
        }
        missing += count_missing(jval_get(event, "parameters"), events[i].method, events[i].params);
    }
    assert_int_equal(missing, 0);
}

static void the_table_names_nothing_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        for (size_t j = i + 1; j < ARRAY_LEN(commands); j++)
            assert_string_not_equal(commands[i].method, commands[j].method);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chrome_knows_every_command_and_its_parameters),
        cmocka_unit_test(sends_every_parameter_that_chrome_demands),
        cmocka_unit_test(chrome_knows_every_event_and_what_we_read_of_it),
        cmocka_unit_test(the_table_names_nothing_twice),
    };

    return cmocka_run_group_tests(tests, get_schema, drop_schema);
}
