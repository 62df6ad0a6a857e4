/* SPDX-License-Identifier: MIT */
/* test_cdp_script.c - the script language of tests/fakechrome: what is refused, which section holds, who waits for whom. */
#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"
#include "cdp/conn.h"
#include "fakechrome/play.h"
#include "fakechrome/script.h"
#include "support/unit.h"

enum { LIMIT_MS = 20000, LONG_MS = 15000 };

static void assert_refused(const char *text, const char *why)
{
    struct fakescript *script;
    struct err err;

    assert_int_equal(fakescript_parse(text, &script, &err), -1);
    assert_null(script);
    assert_int_equal(err.code, ERR_CONFIG);
    if (!str_starts(err.text, why))
        fail_msg("expected \"%s...\", got \"%s\"", why, err.text);
}

static struct fakescript *read_script(const char *text)
{
    struct fakescript *script;
    struct err err;

    if (fakescript_parse(text, &script, &err) < 0)
        fail_msg("%s", err.text);
    return script;
}

static void refuses_what_it_does_not_know_with_the_line(void **state)
{
    (void)state;
    assert_refused("expect A\n\n# x\nrepyl {}", "script:4: repyl: unknown word");
    assert_refused("expect\n", "script:1: expect: expected a method");
    assert_refused("expect A b\n", "script:1: b: expected PARAM=VALUE");
    assert_refused("reply {}\n", "script:1: reply: no expect before it");
    assert_refused("expect A\nreply", "script:2: reply: expected JSON");
    assert_refused("start\nreply {}\n", "script:2: reply: not in this section");
    assert_refused("default A expect B", "script:1: expect: not in this section");
    assert_refused("fragments many", "script:1: fragments: expected a number");
    assert_refused("close now", "script:1: close: expected nothing");
    assert_refused("event A", "script:1: event: expected METHOD {params}");
    assert_refused("event A {\"b\":", "script:1: event: expected METHOD {params}");
    assert_refused("close\nloop", "script:2: loop: expected an expect");
    assert_refused("message a \\\n${nmae}", "script:1: ${nmae}: expected ${id}");
    assert_refused("message ${fill:lots}", "script:1: ${fill:lots}");
    assert_refused("connection 1\nconnection 1", "script:2: connection: there is such a section");
}

static void reads_bytes_and_leaves_the_escapes_of_json_alone(void **state)
{
    struct fakescript *script = read_script("message \\x00a\\xFf\\ud800\\\\x\\xzz\\x1");
    const struct act *act = &script->sections[0].acts.each[0];

    (void)state;
    assert_int_equal(act->len, 19);
    assert_memory_equal(act->text, "\0a\xff\\ud800\\\\x\\xzz\\x1", 19);
    fakescript_free(&script);
}

static void takes_the_session_behind_an_event_s_parameters(void **state)
{
    struct fakescript *script = read_script("event A.b {\"c\":[\"}\\\"\",{}]} S-9\nevent A.b {}");
    const struct act *acts = script->sections[0].acts.each;

    (void)state;
    assert_string_equal(acts[0].text, "{\"c\":[\"}\\\"\",{}]}");
    assert_string_equal(acts[0].session, "S-9");
    assert_null(acts[1].session);
    fakescript_free(&script);
}

static int64_t delay_of(const struct fakescript *script, int launch, int number)
{
    const struct acts *acts = fakescript_section(script, SECTION_CONNECTION, launch, number);

    return acts ? acts->each[0].number : -1;
}

static void the_section_that_names_most_of_a_connection_holds(void **state)
{
    struct fakescript *script =
        read_script("delay 1\n"
                    "connection 2\ndelay 2\n"
                    "launch 3\nconnection\ndelay 3\nconnection 2\ndelay 4\n");

    (void)state;
    assert_int_equal(delay_of(script, 1, 1), 1);
    assert_int_equal(delay_of(script, 1, 2), 2);
    assert_int_equal(delay_of(script, 3, 1), 3);
    assert_int_equal(delay_of(script, 3, 2), 4);
    assert_null(fakescript_section(script, SECTION_START, 1, 0));
    fakescript_free(&script);
}

static void a_script_s_standing_answers_come_before_the_built_in_ones(void **state)
{
    struct fakescript *built_in =
        read_script("default A delay 1\ndefault B delay 2\ndefault * delay 3");
    struct fakescript *script =
        read_script("default A delay 4\ndefault A delay 5\ndefault * delay 6");

    (void)state;
    assert_int_equal(fakescript_standing(script, built_in, "A")->n, 2);
    assert_int_equal(fakescript_standing(script, built_in, "A")->each[0].number, 4);
    assert_int_equal(fakescript_standing(script, built_in, "B")->each[0].number, 2);
    assert_int_equal(fakescript_standing(script, built_in, "C")->each[0].number, 6);
    fakescript_free(&script);
    fakescript_free(&built_in);
}

static void the_built_in_standing_answers_are_a_script(void **state)
{
    struct fakescript *script = read_script(fakescript_built_in);

    (void)state;
    assert_int_equal(script->n_sections, 0);
    assert_non_null(fakescript_standing(script, script, "Unheard.of"));
    fakescript_free(&script);
}

/* ---- playing ----------------------------------------------------------------------------------- */

struct world {
    struct loop *loop;
    struct loop_timer *limit;
    struct fakeplay *play;
    struct cdp_conn *conn;
    struct buf told; /* the values of the answers in the order they came */
    int seen, awaited, code;
    char stderr_text[64];
};

static void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

static void on_open(void *ctx)
{
    (void)ctx;
}

static void on_closed(const struct err *why, void *ctx)
{
    (void)why;
    (void)ctx;
}

static void on_stderr(const char *bytes, size_t len, void *ctx)
{
    struct world *w = ctx;

    snprintf(w->stderr_text, sizeof(w->stderr_text), "%.*s", (int)len, bytes);
}

static void play(struct world *w, const char *script)
{
    static const struct cdp_conn_events conn_events = {on_open, on_closed};
    static const struct fakeplay_events play_events = {.on_stderr = on_stderr};
    struct err err;
    int read_fd, write_fd;

    w->loop = loop_new();
    w->limit = loop_timer_new(w->loop, on_limit, w);
    loop_timer_start(w->limit, LIMIT_MS);
    buf_init(&w->told, BUF_MAX_DEFAULT);
    if (fakeplay_new(w->loop, FAKECHROME_PIPE, script, 1, &play_events, w, &w->play, &err) < 0)
        fail_msg("%s", err.text);
    fakechrome_open_pipe(fakeplay_server(w->play), &read_fd, &write_fd);
    w->conn = cdp_conn_new_pipe(w->loop, read_fd, write_fd, &conn_events, w);
}

static void end(struct world *w)
{
    cdp_conn_free(&w->conn);
    fakeplay_free(&w->play);
    loop_timer_free(&w->limit);
    loop_free(&w->loop);
    buf_fini(&w->told);
}

static void on_answer(const struct jval *result, const struct err *err, void *ctx)
{
    struct world *w = ctx;

    buf_addf(&w->told, "%s ", err ? err->text : jval_get_str(result, "value", "-"));
    if (++w->seen == w->awaited)
        loop_stop(w->loop);
}

static void call(struct world *w, const char *method, const char *params)
{
    cdp_call(w->conn, NULL, method, params, LONG_MS, on_answer, w);
}

static const char *await(struct world *w, int n)
{
    w->awaited = n;
    loop_run(w->loop);
    return buf_str(&w->told);
}

static void a_command_waits_for_the_expect_that_would_take_it(void **state)
{
    struct world w = {0};

    (void)state;
    play(&w, "expect Page.enable\ndelay 20\nreply {\"value\":\"enabled\"}\n"
             "expect Runtime.evaluate expression=1\nreply {\"value\":\"one\"}\n"
             "expect Runtime.evaluate\nreply {\"value\":\"${params.expression}\"}\n"
             "default Browser.getVersion reply {\"value\":\"at once\"}\n");
    call(&w, "Runtime.evaluate", "{\"expression\":\"2\"}");
    call(&w, "Runtime.evaluate", "{\"expression\":\"1\"}");
    call(&w, "Page.enable", NULL);
    call(&w, "Browser.getVersion", NULL);

    assert_string_equal(await(&w, 4), "at once enabled one 2 ");
    assert_true(fakeplay_is_done(w.play));
    assert_int_equal(fakeplay_asked(w.play, "Runtime.evaluate"), 2);
    end(&w);
}

static void a_command_that_waited_in_vain_gets_its_standing_answer(void **state)
{
    struct world w = {0};

    (void)state;
    play(&w, "expect Page.enable\n"
             "reply {\"value\":\"enabled\"}\n"
             "expect Browser.getVersion\n"
             "expect Browser.getVersion\n"
             "fragments 3\n");
    call(&w, "Browser.getVersion", NULL);
    call(&w, "Page.enable", NULL);
    call(&w, "Browser.getVersion", NULL);
    call(&w, "Browser.getVersion", NULL);

    assert_string_equal(await(&w, 2), "enabled - ");
    end(&w);
}

static void a_loop_begins_again(void **state)
{
    struct world w = {0};

    (void)state;
    play(
        &w,
        "expect Page.enable\nreply {\"value\":\"${n}\"}\nexpect Page.enable\nreply error no\nloop");
    for (int i = 0; i < 4; i++)
        call(&w, "Page.enable", NULL);

    assert_string_equal(await(&w, 4), "1 Page.enable: no 2 Page.enable: no ");
    assert_false(fakeplay_is_done(w.play));
    end(&w);
}

static void the_delays_of_a_standing_answer_hold_up_no_other(void **state)
{
    struct world w = {0};

    (void)state;
    play(&w, "default Page.enable delay 40\n"
             "default Page.enable reply {\"value\":\"late\"}\n"
             "default Runtime.evaluate reply {\"value\":\"soon\"}\n");
    call(&w, "Page.enable", NULL);
    call(&w, "Runtime.evaluate", NULL);

    assert_string_equal(await(&w, 2), "soon late ");
    end(&w);
}

static void the_start_section_speaks_before_anyone_connects(void **state)
{
    struct world w = {0};

    (void)state;
    play(&w, "start\nstderr I am here\n");

    assert_string_equal(w.stderr_text, "I am here\n");
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_it_does_not_know_with_the_line),
        cmocka_unit_test(reads_bytes_and_leaves_the_escapes_of_json_alone),
        cmocka_unit_test(takes_the_session_behind_an_event_s_parameters),
        cmocka_unit_test(the_section_that_names_most_of_a_connection_holds),
        cmocka_unit_test(a_script_s_standing_answers_come_before_the_built_in_ones),
        cmocka_unit_test(the_built_in_standing_answers_are_a_script),
        cmocka_unit_test(a_command_waits_for_the_expect_that_would_take_it),
        cmocka_unit_test(a_command_that_waited_in_vain_gets_its_standing_answer),
        cmocka_unit_test(a_loop_begins_again),
        cmocka_unit_test(the_delays_of_a_standing_answer_hold_up_no_other),
        cmocka_unit_test(the_start_section_speaks_before_anyone_connects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
