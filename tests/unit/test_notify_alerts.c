/* SPDX-License-Identifier: MIT */
/* test_notify_alerts.c - from a condition to the operator: mail to a real SMTP server, a webhook to a real HTTP
 * server, reports in SQLite; also while the database is away.
 */
#include "base/httpd.h"
#include "base/list.h"
#include "base/str.h"
#include "notify/alerts.h"
#include "notify/signature.h"
#include "notify/tell.h"
#include "support/smtp.h"
#include "support/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POSTS_MAX = 32, WAIT_MS = 10000, QUIET_MS = 300 };

struct posted {
    char *id, *timestamp, *signature, *body;
};

struct world {
    struct loop *loop;
    struct config config;
    struct store *store;
    struct alerts *alerts;
    struct smtp *smtp;
    struct httpd *web;
    struct posted posts[POSTS_MAX];
    int n_posts, answer; /* status of the next answers */
    const char *retry_after;
    char dir[64];
    char *url;
    struct loop_timer *timer;
    bool timed_out, is_answered;
    int64_t id;
};

/* ---- the webhook's receiver ------------------------------------------------------------------ */

static char *header(struct httpd_req *req, const char *name)
{
    const char *value = httpd_header(req, name);

    return mem_strdup(value ? value : "");
}

static void on_request(struct httpd_req *req, void *ctx)
{
    struct world *w = ctx;
    struct posted *posted = &w->posts[w->n_posts++];

    assert_true(w->n_posts <= POSTS_MAX);
    *posted = (struct posted){header(req, "webhook-id"), header(req, "webhook-timestamp"),
                              header(req, "webhook-signature"), mem_strdup(req->body)};
    if (w->retry_after)
        httpd_add_header(req, "Retry-After", w->retry_after);
    httpd_respond_static(req, w->answer, NULL, 0, "", 0);
}

static void on_refused(struct httpd_req *req, int status, const char *text, void *ctx)
{
    (void)ctx;
    httpd_respond_static(req, status, NULL, 0, text, strlen(text));
}

static void start_web(struct world *w)
{
    struct httpd_options options = {.listen = "127.0.0.1:0",
                                    .max_connections = 16,
                                    .body_max_bytes = 1 << 20,
                                    .request_timeout_ms = 5000,
                                    .handler = on_request,
                                    .refuse = on_refused,
                                    .ctx = w};
    struct err err;

    assert_int_equal(httpd_new(w->loop, &options, &w->web, &err), 0);
}

/* ---- the world ------------------------------------------------------------------------------- */

static void configure(struct world *w, const char *more)
{
    char *sets[] = {mem_printf("alert_webhook=http://127.0.0.1:%d/hook", httpd_port(w->web)),
                    mem_strdup("alert_webhook_secret=0123456789abcdef"),
                    mem_strdup("alert_mail_to=ops@mail.example, duty@mail.example"),
                    mem_strdup("alert_mail_from=engine@mail.example"),
                    mem_printf("smtp_server=smtp://127.0.0.1:%d", w->smtp->port),
                    mem_strdup("alert_after=200ms"),
                    mem_strdup("alert_retry=20ms"),
                    mem_strdup(more)};
    struct err err;

    config_fini(&w->config);
    if (config_load(&w->config, "/dev/null", (const char *const *)sets, ARRAY_LEN(sets), NULL, NULL,
                    &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        mem_free(sets[i]);
}

static void on_time(void *ctx)
{
    struct world *w = ctx;

    w->timed_out = true;
    loop_stop(w->loop);
}

static int set_up(void **state)
{
    struct world *w = *state = mem_new(struct world);

    strcpy(w->dir, "/tmp/catchdeal-alerts-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->url = mem_printf("sqlite:%s/db/deals.db", w->dir);
    w->loop = loop_new();
    w->timer = loop_timer_new(w->loop, on_time, w);
    w->answer = 200;
    w->smtp = smtp_start();
    start_web(w);
    configure(w, "alert_again=0");
    return 0;
}

static void stop_alerts(struct world *w)
{
    store_free(&w->store);
    alerts_free(&w->alerts);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    char *remove = mem_printf("rm -rf %s", w->dir);

    stop_alerts(w);
    httpd_free(&w->web);
    smtp_stop(&w->smtp);
    loop_timer_free(&w->timer);
    loop_free(&w->loop);
    config_fini(&w->config);
    for (int i = 0; i < w->n_posts; i++) {
        mem_free(w->posts[i].id);
        mem_free(w->posts[i].timestamp);
        mem_free(w->posts[i].signature);
        mem_free(w->posts[i].body);
    }
    assert_int_equal(system(remove), 0);
    mem_free(remove);
    mem_free(w->url);
    mem_free(w);
    return 0;
}

static void start_alerts(struct world *w)
{
    struct err err;

    assert_int_equal(store_open(w->loop, w->url, 2000, &w->store, &err), 0);
    if (alerts_new(w->loop, &w->config, w->store, "box1", &w->alerts, &err) < 0)
        fail_msg("%s", err.text);
    alerts_start(w->alerts);
}

/* Turn the loop so long. */
static void turn(struct world *w, int64_t ms)
{
    w->timed_out = false;
    loop_timer_start(w->timer, ms);
    while (!w->timed_out)
        loop_run(w->loop);
}

static void await_posts(struct world *w, int n)
{
    for (int64_t end = clock_mono_ms() + WAIT_MS; w->n_posts < n && clock_mono_ms() < end;)
        turn(w, 10);
    assert_int_equal(w->n_posts, n);
}

static void await_mails(struct world *w, int n)
{
    for (int64_t end = clock_mono_ms() + WAIT_MS; smtp_mails(w->smtp) < n && clock_mono_ms() < end;)
        turn(w, 10);
    assert_int_equal(smtp_mails(w->smtp), n);
}

static void assert_posted(const struct world *w, int at, const char *part)
{
    assert_true(at < w->n_posts);
    if (!strstr(w->posts[at].body, part))
        fail_msg("expected %s in: %s", part, w->posts[at].body);
}

/* In how many messages it stands. */
static int messages_with(const struct world *w, const char *part)
{
    int n = 0;

    for (int i = 0; i < w->n_posts; i++)
        n += strstr(w->posts[i].body, part) != NULL;
    return n;
}

static void on_report(int64_t id, bool is_new, const struct err *err, void *ctx)
{
    struct world *w = ctx;

    (void)is_new;
    assert_null(err);
    w->id = id;
    w->is_answered = true;
    loop_stop(w->loop);
}

static void on_over(bool was_open, const struct err *err, void *ctx)
{
    on_report(was_open, false, err, ctx);
}

/* As a crawl does: without telling the alerts. */
static void open_report(struct world *w, const char *site, const char *kind, const char *text)
{
    w->is_answered = false;
    store_report_open(w->store, site, kind, text, NULL, clock_wall_ms(), on_report, w);
    while (!w->is_answered)
        loop_run(w->loop);
}

static bool close_report(struct world *w, const char *site, const char *kind)
{
    w->is_answered = false;
    store_report_close(w->store, site, kind, clock_wall_ms(), on_over, w);
    while (!w->is_answered)
        loop_run(w->loop);
    return w->id;
}

/* A report of it comes to be there, and is closed. */
static void await_report(struct world *w, const char *site, const char *kind)
{
    bool was_open = false;

    for (int64_t end = clock_mono_ms() + WAIT_MS; !was_open && clock_mono_ms() < end;) {
        turn(w, 10);
        was_open = close_report(w, site, kind);
    }
    assert_true(was_open);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void a_condition_is_told_by_mail_and_webhook_once_and_once_when_it_is_over(void **state)
{
    struct world *w = *state;
    char *text;

    start_alerts(w);
    for (int i = 0; i < 5; i++)
        alerts_set(w->alerts, "@box1", "chrome", "Chrome cannot be started", "exit code 127");
    await_posts(w, 1);
    await_mails(w, 2);
    assert_posted(w, 0,
                  "\"news\":\"opened\",\"kind\":\"chrome\",\"site\":null,\"engine\":\"box1\"");
    text = smtp_subject(&w->smtp->mails[0]);
    assert_string_equal(text, "[CatchDeal box1] 1 opened: chrome engine box1");
    mem_free(text);
    text = smtp_body(&w->smtp->mails[1]);
    assert_non_null(strstr(text, "exit code 127"));
    assert_non_null(strstr(text, "catchdeal-engine doctor"));
    mem_free(text);

    alerts_set(w->alerts, "@box1", "chrome", "still", NULL);
    turn(w, QUIET_MS);
    assert_int_equal(w->n_posts, 1);

    alerts_clear(w->alerts, "@box1", "chrome");
    await_posts(w, 2);
    await_mails(w, 4);
    assert_posted(w, 1, "\"news\":\"over\"");
    turn(w, QUIET_MS);
    assert_int_equal(w->n_posts, 2);
}

static void what_is_over_within_the_grace_is_not_told_of(void **state)
{
    struct world *w = *state;

    configure(w, "alert_after=400ms");
    start_alerts(w);
    alerts_set(w->alerts, "@box1", "chrome", "gone in a moment", NULL);
    turn(w, 200);
    alerts_clear(w->alerts, "@box1", "chrome");
    turn(w, 900);

    assert_int_equal(w->n_posts, 0);
    assert_int_equal(smtp_mails(w->smtp), 0);
}

static void reports_of_crawls_are_told_of_and_a_flood_is_few_messages(void **state)
{
    struct world *w = *state;
    char site[32];

    configure(w, "alert_after=600ms");
    start_alerts(w);
    for (int i = 0; i < 40; i++) {
        snprintf(site, sizeof site, "board%d", i);
        open_report(w, site, "drift", "no layout fits");
    }
    turn(w, 2200);

    assert_in_range(w->n_posts, 1, 2);
    assert_posted(w, 0, "\"site\":\"board0\"");
    assert_posted(w, w->n_posts - 1, "\"site\":\"board39\"");
    assert_posted(w, w->n_posts - 1, " ...");
}

static void a_reminder_comes_while_it_lasts(void **state)
{
    struct world *w = *state;

    configure(w, "alert_again=400ms");
    start_alerts(w);
    open_report(w, "clien", "silence", "quiet");
    await_posts(w, 2);

    assert_posted(w, 1, "\"news\":\"again\"");
    assert_posted(w, 1, "1 still open: silence clien");
}

static void each_way_is_tried_again_by_itself_with_the_same_id(void **state)
{
    struct world *w = *state;

    w->answer = 503;
    start_alerts(w);
    open_report(w, "clien", "drift", "no layout fits");
    await_posts(w, 2);
    w->answer = 200;
    await_posts(w, 3);
    await_mails(w, 2);
    turn(w, QUIET_MS);

    assert_int_equal(w->n_posts, 3);
    assert_string_equal(w->posts[0].id, w->posts[2].id);
    assert_string_equal(w->posts[0].body, w->posts[2].body);
    assert_int_equal(smtp_mails(w->smtp), 2);
}

static void what_a_server_refuses_for_good_is_told_by_the_other_ways_only(void **state)
{
    struct world *w = *state;

    w->answer = 404;
    start_alerts(w);
    open_report(w, "clien", "drift", "no layout fits");
    await_mails(w, 2);
    turn(w, QUIET_MS);

    assert_int_equal(w->n_posts, 1);
    assert_int_equal(smtp_mails(w->smtp), 2);
}

static void webhooks_are_signed_and_secrets_are_in_no_message(void **state)
{
    struct world *w = *state;
    char expected[SIGNATURE_TEXT_BYTES];
    struct signature_key key;
    struct err err;

    start_alerts(w);
    open_report(w, "clien", "drift", "no layout fits");
    await_posts(w, 1);

    assert_int_equal(signature_key_from("k", "0123456789abcdef", &key, &err), 0);
    signature_make(&key, w->posts[0].id, atoll(w->posts[0].timestamp), w->posts[0].body,
                   strlen(w->posts[0].body), expected);
    assert_string_equal(w->posts[0].signature, expected);
    assert_null(strstr(w->posts[0].body, "0123456789abcdef"));
}

static void a_restarted_engine_closes_what_it_left_open_and_repeats_nothing(void **state)
{
    struct world *w = *state;

    start_alerts(w);
    alerts_set(w->alerts, "@box1", "chrome", "Chrome cannot be started", NULL);
    alerts_set(w->alerts, "@box1", "disk", "full", NULL);
    await_posts(w, 1);
    await_mails(w, 2);
    turn(w, 200);
    stop_alerts(w);

    start_alerts(w);
    alerts_set(w->alerts, "@box1", "disk", "full", NULL);
    alerts_clear(w->alerts, "@box1", "chrome");
    await_posts(w, 2);
    turn(w, QUIET_MS);

    assert_int_equal(w->n_posts, 2);
    assert_posted(w, 1, "1 over: chrome engine box1");
}

static void of_several_engines_one_tells_and_each_has_its_own_conditions(void **state)
{
    struct world *w = *state;
    struct store *store;
    struct alerts *other;
    struct err err;

    start_alerts(w);
    assert_int_equal(store_open(w->loop, w->url, 2000, &store, &err), 0);
    assert_int_equal(alerts_new(w->loop, &w->config, store, "box2", &other, &err), 0);
    alerts_start(other);
    alerts_set(w->alerts, "clien", "failing", "both see it", NULL);
    alerts_set(other, "clien", "failing", "both see it", NULL);
    alerts_set(w->alerts, "@box1", "chrome", "only one has it", NULL);
    alerts_clear(other, "@box2", "chrome");
    turn(w, 6 * QUIET_MS);
    store_free(&store);
    alerts_free(&other);

    assert_int_equal(messages_with(w, "\"kind\":\"failing\""), 1);
    assert_int_equal(messages_with(w, "\"kind\":\"chrome\""), 1);
    assert_int_equal(messages_with(w, "\"news\":\"over\""), 0);
}

static void of_a_board_each_look_counts_whoever_opened_the_report(void **state)
{
    struct world *w = *state;

    start_alerts(w);
    alerts_clear(w->alerts, "clien", "failing");
    turn(w, 200);
    open_report(w, "clien", "failing", "another engine says so");
    alerts_clear(w->alerts, "clien", "failing");
    turn(w, 200);

    assert_false(close_report(w, "clien", "failing"));
}

/* The database's folder is a file first. */
static void is_told_from_memory_while_the_database_is_away(void **state)
{
    struct world *w = *state;
    char *folder = mem_printf("%s/db", w->dir);
    FILE *f = fopen(folder, "w");

    fclose(f);
    start_alerts(w);
    alerts_set(w->alerts, "@box1", "chrome", "Chrome cannot be started", NULL);
    await_posts(w, 1);
    assert_true(alerts_database_is_away(w->alerts));
    assert_posted(w, 0, "\"kind\":\"database\"");
    await_mails(w, 2);
    turn(w, QUIET_MS);
    if (w->n_posts == 1) /* both were due together, or one after the other */
        assert_posted(w, 0, "\"kind\":\"chrome\"");
    else
        assert_posted(w, 1, "\"kind\":\"chrome\"");
    int before = w->n_posts;

    unlink(folder);
    for (int64_t end = clock_mono_ms() + WAIT_MS; w->n_posts == before && clock_mono_ms() < end;)
        turn(w, 10);
    turn(w, QUIET_MS);
    assert_false(alerts_database_is_away(w->alerts));
    assert_int_equal(w->n_posts, before + 1);
    assert_posted(w, before, "1 over: database engine box1");
    await_report(w, "@box1", "chrome");
    assert_false(close_report(w, "@box1", "database"));
    mem_free(folder);
}

static void says_which_key_is_wrong(void **state)
{
    static const char *const bad[][2] = {
        {"alert_webhook=ftp://x", "alert_webhook: expected"},
        {"alert_webhook_secret=short", "alert_webhook_secret: expected"},
        {"alert_mail_to=nobody", "alert_mail_to: \"nobody\": expected"},
        {"alert_mail_from=x", "alert_mail_from: \"x\": expected"},
        {"smtp_server=mail.example", "smtp_server: \"mail.example\": expected"},
        {"smtp_tls=maybe", "smtp_tls: \"maybe\": expected"},
        {"smtp_password_file=/nowhere/at/all", "smtp_password_file: /nowhere/at/all"},
    };
    struct world *w = *state;
    struct err err;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct teller *teller;

        configure(w, bad[i][0]);
        assert_int_equal(teller_new(w->loop, &w->config, &teller, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
        if (!str_starts(err.text, bad[i][1]))
            fail_msg("expected \"%s\", got: %s", bad[i][1], err.text);
    }
}

static void without_a_way_reports_are_kept_and_nobody_is_told(void **state)
{
    struct world *w = *state;

    mem_free(w->config.alert_webhook);
    mem_free(w->config.alert_mail_to);
    w->config.alert_webhook = mem_strdup("");
    w->config.alert_mail_to = mem_strdup("");
    start_alerts(w);
    alerts_set(w->alerts, "@box1", "chrome", "Chrome cannot be started", NULL);
    turn(w, QUIET_MS);

    assert_int_equal(w->n_posts, 0);
    await_report(w, "@box1", "chrome");
}

static void figures_count_messages_and_conditions(void **state)
{
    struct world *w = *state;
    struct buf out;

    start_alerts(w);
    alerts_set(w->alerts, "@box1", "chrome", "Chrome cannot be started", NULL);
    await_posts(w, 1);
    await_mails(w, 2);
    turn(w, 200);
    buf_init(&out, BUF_MAX_DEFAULT);
    alerts_metrics(w->alerts, &out);

    assert_non_null(strstr(buf_str(&out), "alert_conditions 1\n"));
    assert_non_null(strstr(buf_str(&out), "alert_messages_total{outcome=\"taken\"} 1\n"));
    buf_fini(&out);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_condition_is_told_by_mail_and_webhook_once_and_once_when_it_is_over),
        TEST(what_is_over_within_the_grace_is_not_told_of),
        TEST(reports_of_crawls_are_told_of_and_a_flood_is_few_messages),
        TEST(a_reminder_comes_while_it_lasts),
        TEST(each_way_is_tried_again_by_itself_with_the_same_id),
        TEST(what_a_server_refuses_for_good_is_told_by_the_other_ways_only),
        TEST(webhooks_are_signed_and_secrets_are_in_no_message),
        TEST(a_restarted_engine_closes_what_it_left_open_and_repeats_nothing),
        TEST(of_several_engines_one_tells_and_each_has_its_own_conditions),
        TEST(of_a_board_each_look_counts_whoever_opened_the_report),
        TEST(is_told_from_memory_while_the_database_is_away),
        TEST(says_which_key_is_wrong),
        TEST(without_a_way_reports_are_kept_and_nobody_is_told),
        TEST(figures_count_messages_and_conditions),
    };

    return cmocka_run_group_tests_name("notify_alerts", tests, NULL, NULL);
}
