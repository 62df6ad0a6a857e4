/* SPDX-License-Identifier: MIT */
/* test_base_mail.c - mail to a server of our own, and the message's form. */
#include "base/mail.h"
#include "base/clock.h"
#include "base/str.h"
#include "support/smtp.h"
#include "support/unit.h"

#define AT_MS INT64_C(1795000000123) /* 2026-11-18T09:46:40Z, a Wednesday */

struct world {
    struct loop *loop;
    struct mail_client *client;
    struct smtp *smtp;
    char url[64];
    struct mail_server server;
    struct mail_text text;
    struct mail *mail;
    struct err err;
    bool is_final;
    int answers;
    bool cancels;
};

static int set_up(void **state)
{
    struct world *w = *state = mem_new(struct world);

    w->loop = loop_new();
    w->client = mail_client_new(w->loop);
    w->smtp = smtp_start();
    snprintf(w->url, sizeof w->url, "smtp://127.0.0.1:%d", w->smtp->port);
    w->server = (struct mail_server){.url = w->url, .timeout_ms = 5000};
    w->text = (struct mail_text){.from = "engine@catchdeal.example",
                                 .to = "ops@catchdeal.example",
                                 .subject = "drift",
                                 .body = "first\n.second\n",
                                 .id = "1@catchdeal.example",
                                 .at_ms = AT_MS};
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    mail_client_free(&w->client);
    loop_free(&w->loop);
    smtp_stop(&w->smtp);
    mem_free(w);
    return 0;
}

static void on_sent(const struct err *err, bool is_final, void *ctx)
{
    struct world *w = ctx;

    w->answers++;
    w->is_final = is_final;
    w->err = err ? *err : (struct err){.code = ERR_OK};
    if (w->cancels)
        mail_cancel(&w->mail);
    loop_stop(w->loop);
}

static void send_one(struct world *w)
{
    w->mail = mail_send(w->client, &w->server, &w->text, on_sent, w);
    assert_int_equal(w->answers, 0);
    loop_run(w->loop);
    assert_int_equal(w->answers, 1);
    w->answers = 0;
}

static void assert_body(const struct smtp_mail *mail, const char *expected)
{
    char *body = smtp_body(mail);

    assert_string_equal(body, expected);
    mem_free(body);
}

/* ---- delivery -------------------------------------------------------------------------------- */

static void brings_a_message_whole(void **state)
{
    struct world *w = *state;

    send_one(w);

    assert_int_equal(w->err.code, ERR_OK);
    assert_int_equal(smtp_mails(w->smtp), 1);
    assert_string_equal(w->smtp->mails[0].from, "engine@catchdeal.example");
    assert_string_equal(w->smtp->mails[0].to, "ops@catchdeal.example");
    assert_body(&w->smtp->mails[0], "first\n.second\n");
}

static void sends_a_second_message_as_well(void **state)
{
    struct world *w = *state;

    send_one(w);
    w->text.body = "";
    send_one(w);

    assert_int_equal(smtp_mails(w->smtp), 2);
    assert_body(&w->smtp->mails[1], "");
}

static void tells_a_refusal_for_good_from_one_for_now(void **state)
{
    struct world *w = *state;

    smtp_set_trouble(w->smtp, SMTP_REFUSES_ADDRESS);
    send_one(w);
    assert_int_equal(w->err.code, ERR_PROTOCOL);
    assert_true(w->is_final);
    assert_non_null(strstr(w->err.text, "550"));

    smtp_set_trouble(w->smtp, SMTP_LATER);
    send_one(w);
    assert_int_equal(w->err.code, ERR_PROTOCOL);
    assert_false(w->is_final);

    smtp_set_trouble(w->smtp, SMTP_FINE);
    send_one(w);
    assert_int_equal(w->err.code, ERR_OK);
}

static void fails_when_the_server_closes_is_silent_or_away(void **state)
{
    struct world *w = *state;

    smtp_set_trouble(w->smtp, SMTP_CLOSES);
    send_one(w);
    assert_int_not_equal(w->err.code, ERR_OK);
    assert_false(w->is_final);

    smtp_set_trouble(w->smtp, SMTP_SILENT);
    w->server.timeout_ms = 200;
    send_one(w);
    assert_int_equal(w->err.code, ERR_TIMEOUT);

    w->server.url = "smtp://127.0.0.1:1";
    send_one(w);
    assert_int_equal(w->err.code, ERR_NETWORK);
    assert_int_equal(smtp_mails(w->smtp), 0);
}

/* ---- secrets --------------------------------------------------------------------------------- */

static void sends_no_password_without_tls_unless_told_so(void **state)
{
    struct world *w = *state;

    w->smtp->offers_login = true;
    w->server.user = "u";
    w->server.password = "p";
    send_one(w);
    assert_int_equal(w->err.code, ERR_PROTOCOL);
    assert_int_equal(smtp_mails(w->smtp), 0);
    assert_string_equal(w->smtp->login, "");

    w->server.tls = MAIL_TLS_NEVER;
    send_one(w);
    assert_int_equal(w->err.code, ERR_OK);
    assert_string_equal(w->smtp->login, "AHUAcA=="); /* NUL u NUL p */
}

static void sends_nothing_where_tls_is_required_and_not_offered(void **state)
{
    struct world *w = *state;

    w->server.tls = MAIL_TLS_REQUIRED;
    send_one(w);

    assert_int_equal(w->err.code, ERR_PROTOCOL);
    assert_int_equal(smtp_mails(w->smtp), 0);
}

/* ---- contract -------------------------------------------------------------------------------- */

static void cancelled_or_freed_mails_have_no_callback(void **state)
{
    struct world *w = *state;

    smtp_set_trouble(w->smtp, SMTP_SILENT);
    w->mail = mail_send(w->client, &w->server, &w->text, on_sent, w);
    mail_cancel(&w->mail);
    assert_null(w->mail);
    w->mail = mail_send(w->client, &w->server, &w->text, on_sent, w);
    mail_client_free(&w->client);
    assert_int_equal(w->answers, 0);
    w->client = mail_client_new(w->loop);
}

static void may_be_cancelled_in_its_own_callback(void **state)
{
    struct world *w = *state;

    w->cancels = true;
    send_one(w);

    assert_null(w->mail);
    assert_int_equal(smtp_mails(w->smtp), 1);
}

/* ---- form ------------------------------------------------------------------------------------ */

static void writes_a_head_that_servers_take(void **state)
{
    struct world *w = *state;
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    mail_format(&w->text, &out);

    assert_non_null(strstr(buf_str(&out), "From: CatchDeal <engine@catchdeal.example>\r\n"));
    assert_non_null(strstr(buf_str(&out), "Subject: drift\r\n"));
    assert_non_null(strstr(buf_str(&out), "Date: Wed, 18 Nov 2026 11:06:40 +0000\r\n"));
    assert_non_null(strstr(buf_str(&out), "Message-ID: <1@catchdeal.example>\r\n"));
    buf_fini(&out);
}

/* Longest line, and whether there is any byte beyond ASCII. */
static void assert_fits_lines(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\r");

        assert_true(n <= 78);
        for (size_t i = 0; i < n; i++)
            assert_true(text[i] >= ' ' && text[i] <= '~');
        assert_true(text[n] == '\r' && text[n + 1] == '\n');
        text += n + 2;
    }
}

static void korean_and_line_ends_cannot_break_the_head(void **state)
{
    static const char *const subjects[] = {
        "뽐뿌 해외뽐뿌 게시판이 열두 시간째 조용합니다, 그리고 더 긴 제목이 이어집니다",
        "a\r\nBcc: all@evil.example",
        "\xff\xfe broken",
        "",
        "an English subject that is longer than one encoded word could ever be, and goes on and on",
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        struct smtp_mail mail = {.text = NULL};
        struct buf out;
        char *back;

        buf_init(&out, BUF_MAX_DEFAULT);
        w->text.subject = subjects[i];
        w->text.body = "온도 28°C";
        mail_format(&w->text, &out);
        assert_fits_lines(buf_str(&out));
        assert_null(strstr(buf_str(&out), "\nBcc"));
        mail.text = out.data;
        back = smtp_subject(&mail);
        assert_string_equal(back, subjects[i]);
        assert_body(&mail, "온도 28°C");
        mem_free(back);
        buf_fini(&out);
    }
}

static void knows_an_address_and_a_server_when_it_sees_them(void **state)
{
    static const char *const bad[] = {"",      "@",     "a@",          "@b",   "a b@c",
                                      "a@b@c", "<a@b>", "a@b\r\nX: y", "a,b@c"};
    static const char *const bad_urls[] = {
        "", "smtp://", "http://x", "smtp://u:p@x", "smtp://x/y", "mail.example", "smtp://x:99999"};
    struct err err;

    (void)state;
    assert_true(mail_is_address("ops+alerts@mail.example"));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(mail_is_address(bad[i]));
    assert_int_equal(mail_check_url("smtp://mail.example", &err), 0);
    assert_int_equal(mail_check_url("smtps://mail.example:465", &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(bad_urls); i++)
        assert_int_equal(mail_check_url(bad_urls[i], &err), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(brings_a_message_whole),
        TEST(sends_a_second_message_as_well),
        TEST(tells_a_refusal_for_good_from_one_for_now),
        TEST(fails_when_the_server_closes_is_silent_or_away),
        TEST(sends_no_password_without_tls_unless_told_so),
        TEST(sends_nothing_where_tls_is_required_and_not_offered),
        TEST(cancelled_or_freed_mails_have_no_callback),
        TEST(may_be_cancelled_in_its_own_callback),
        TEST(writes_a_head_that_servers_take),
        TEST(korean_and_line_ends_cannot_break_the_head),
        TEST(knows_an_address_and_a_server_when_it_sees_them),
    };

    return cmocka_run_group_tests_name("base_mail", tests, NULL, NULL);
}
