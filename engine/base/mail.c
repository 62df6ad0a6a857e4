/* SPDX-License-Identifier: MIT */
/* mail.c - SMTP by libcurl; see mail.h.
 *
 * A mail is on client->mails from its start until its callback returned or it was cancelled. libcurl
 * reads the message from it and doubles the dots that begin lines.
 */
#include "base/mail.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/loop_glue.h"
#include "base/str.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <string.h>

enum { MESSAGE_MAX = 1 << 20, REFUSED_FOR_GOOD = 500 };

struct mail_client {
    struct loop_curl *glue;
    struct list mails;
};

struct mail {
    struct list link;
    struct mail_client *client;
    CURL *easy;
    struct curl_slist *to;
    struct buf message;
    size_t sent;
    mail_fn *done;
    void *ctx;
    char error[CURL_ERROR_SIZE];
    bool busy; /* its callback runs */
};

/* ---- the message ----------------------------------------------------------------------------- */

/* A line of 76 columns holds 57 bytes; behind "Subject: " and with its marks a word has 54 columns. */
enum { LINE_BYTES = 57, WORD_BYTES = 39, BASE64_MAX = LINE_BYTES / 3 * 4 + 1 };

static void add_base64(struct buf *out, const char *bytes, size_t n)
{
    unsigned char text[BASE64_MAX];

    check(n <= LINE_BYTES);
    buf_add(out, text, (size_t)EVP_EncodeBlock(text, (const unsigned char *)bytes, (int)n));
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static void add_subject(struct buf *out, const char *subject)
{
    buf_adds(out, "Subject: ");
    if (is_plain(subject) && strlen(subject) <= WORD_BYTES) {
        buf_adds(out, subject);
    } else {
        for (bool is_first = true; *subject; is_first = false) {
            size_t n = str_cut_utf8(subject, WORD_BYTES);

            if (n == 0)
                n = 1; /* no UTF-8: a byte is a byte */
            buf_adds(out, is_first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
            add_base64(out, subject, n);
            buf_adds(out, "?=");
            subject += n;
        }
    }
    buf_adds(out, "\r\n");
}

static void add_date(struct buf *out, int64_t at_ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct clock_civil t;

    clock_to_local(NULL, at_ms, &t);
    buf_addf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[t.weekday], t.day,
             months[t.month - 1], t.year, t.hour, t.minute, t.second);
}

void mail_format(const struct mail_text *text, struct buf *out)
{
    size_t left = strlen(text->body);

    buf_addf(out, "From: CatchDeal <%s>\r\nTo: <%s>\r\n", text->from, text->to);
    add_subject(out, text->subject);
    add_date(out, text->at_ms);
    buf_addf(out, "Message-ID: <%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
             text->id);
    buf_adds(out, "Content-Type: text/plain; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n");
    for (const char *at = text->body; left;) {
        size_t n = left < LINE_BYTES ? left : LINE_BYTES;

        add_base64(out, at, n);
        buf_adds(out, "\r\n");
        at += n;
        left -= n;
    }
}

bool mail_is_address(const char *text)
{
    const char *at = strchr(text, '@');

    if (!at || at == text || !at[1] || strchr(at + 1, '@') || strlen(text) > 254)
        return false;
    for (; *text; text++)
        if (*text <= ' ' || *text > '~' || strchr("<>(),;:\\\"[]", *text))
            return false;
    return true;
}

int mail_check_url(const char *url, struct err *err)
{
    size_t scheme = str_starts(url, "smtp://") ? 7 : str_starts(url, "smtps://") ? 8 : 0;
    CURLU *parsed = curl_url();
    bool is_good = scheme && url[scheme] && !strpbrk(url + scheme, "/?#@ ") &&
                   curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK;

    curl_url_cleanup(parsed);
    return is_good ? 0
                   : err_set(err, ERR_CONFIG,
                             "\"%s\": expected smtp://HOST[:PORT] or smtps://HOST[:PORT]", url);
}

/* ---- options --------------------------------------------------------------------------------- */

static size_t on_read(char *out, size_t size, size_t n, void *ctx)
{
    struct mail *mail = ctx;
    size_t left = mail->message.len - mail->sent;
    size_t taken = size * n < left ? size * n : left;

    memcpy(out, mail->message.data + mail->sent, taken);
    mail->sent += taken;
    return taken;
}

static size_t on_answer(char *bytes, size_t size, size_t n, void *ctx)
{
    (void)bytes, (void)ctx; /* the server's lines; what they mean is in the code */
    return size * n;
}

static void must(CURLcode code)
{
    check(code == CURLE_OK);
}

static long tls_of(const struct mail_server *server)
{
    if (server->tls == MAIL_TLS_NEVER)
        return CURLUSESSL_NONE;
    /* A password is never sent in the open because somebody on the way took the offer out. */
    return server->tls == MAIL_TLS_REQUIRED || server->user ? CURLUSESSL_ALL : CURLUSESSL_TRY;
}

static void set_server(CURL *easy, const struct mail_server *server)
{
    must(curl_easy_setopt(easy, CURLOPT_URL, server->url));
    must(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps"));
    must(curl_easy_setopt(easy, CURLOPT_USE_SSL, tls_of(server)));
    if (server->ca_file)
        must(curl_easy_setopt(easy, CURLOPT_CAINFO, server->ca_file));
    if (server->user) {
        must(curl_easy_setopt(easy, CURLOPT_USERNAME, server->user));
        must(curl_easy_setopt(easy, CURLOPT_PASSWORD, server->password ? server->password : ""));
    }
    must(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)server->timeout_ms));
    /* Mails are rare: no connection is kept for the next. */
    must(curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L));
    must(curl_easy_setopt(easy, CURLOPT_PROXY, ""));
    must(curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED));
}

static void set_options(struct mail *mail, const struct mail_server *server, const char *from)
{
    CURL *easy = mail->easy;

    set_server(easy, server);
    must(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
    must(curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L)); /* as in fetch.c */
    must(curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from));
    must(curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, mail->to));
    must(curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L));
    must(curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read));
    must(curl_easy_setopt(easy, CURLOPT_READDATA, mail));
    must(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer));
    must(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, mail->error));
    must(curl_easy_setopt(easy, CURLOPT_PRIVATE, mail));
}

/* ---- results --------------------------------------------------------------------------------- */

static void mail_destroy(struct mail *mail)
{
    list_remove(&mail->link);
    curl_easy_cleanup(mail->easy);
    curl_slist_free_all(mail->to);
    buf_fini(&mail->message);
    mem_free(mail);
}

/* libcurl has a code for each step that the server refused; all are the server's word. */
static bool is_refusal(CURLcode code)
{
    return code == CURLE_SEND_ERROR || code == CURLE_LOGIN_DENIED ||
           code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_REMOTE_ACCESS_DENIED ||
           code == CURLE_RECV_ERROR || code == CURLE_USE_SSL_FAILED;
}

static void give_result(struct mail *mail, CURLcode code)
{
    const char *text = *mail->error ? mail->error : curl_easy_strerror(code);
    long answer = 0;
    char *url = NULL;
    struct err err;

    if (code == CURLE_OK) {
        mail->done(NULL, false, mail->ctx);
        return;
    }
    curl_easy_getinfo(mail->easy, CURLINFO_RESPONSE_CODE, &answer);
    curl_easy_getinfo(mail->easy, CURLINFO_EFFECTIVE_URL, &url);
    if (code == CURLE_OPERATION_TIMEDOUT)
        err_set(&err, ERR_TIMEOUT, "%s: %s", url ? url : "", text);
    else if (is_refusal(code) && answer >= 400)
        err_set(&err, ERR_PROTOCOL, "%s: refused with %ld: %s", url ? url : "", answer, text);
    else
        err_set(&err, code == CURLE_USE_SSL_FAILED ? ERR_PROTOCOL : ERR_NETWORK, "%s: %s",
                url ? url : "", text);
    mail->done(&err, err.code == ERR_PROTOCOL && answer >= REFUSED_FOR_GOOD, mail->ctx);
}

static void on_transfer_done(void *easy, int code, void *ctx)
{
    struct mail_client *client = ctx;
    struct mail *mail = NULL;

    must(curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&mail));
    curl_multi_remove_handle(loop_curl_multi(client->glue), easy);
    /* From here on neither cancel nor the client's end touches it. */
    list_remove(&mail->link);
    mail->busy = true;
    give_result(mail, (CURLcode)code);
    mail_destroy(mail);
}

/* ---- face ------------------------------------------------------------------------------------ */

struct mail_client *mail_client_new(struct loop *loop)
{
    struct mail_client *client = mem_new(struct mail_client);

    client->glue = loop_curl_new(loop, on_transfer_done, client);
    list_init(&client->mails);
    return client;
}

static void abort_mail(struct mail *mail)
{
    curl_multi_remove_handle(loop_curl_multi(mail->client->glue), mail->easy);
    mail_destroy(mail);
}

void mail_client_free(struct mail_client **client_ptr)
{
    struct mail_client *client = *client_ptr;
    struct list *at, *next;

    *client_ptr = NULL;
    if (!client)
        return;
    LIST_FOREACH (at, next, &client->mails)
        abort_mail(container_of(at, struct mail, link));
    loop_curl_free(&client->glue);
    mem_free(client);
}

struct mail *mail_send(struct mail_client *client, const struct mail_server *server,
                       const struct mail_text *text, mail_fn *done, void *ctx)
{
    struct mail *mail = mem_new(struct mail);

    check(server->timeout_ms > 0 && mail_is_address(text->from) && mail_is_address(text->to));
    mail->client = client;
    mail->done = done;
    mail->ctx = ctx;
    buf_init(&mail->message, MESSAGE_MAX);
    mail_format(text, &mail->message);
    list_init(&mail->link);
    list_append(&client->mails, &mail->link);
    mail->to = curl_slist_append(NULL, text->to);
    mail->easy = curl_easy_init();
    check(mail->to && mail->easy);
    set_options(mail, server, text->from);
    check(curl_multi_add_handle(loop_curl_multi(client->glue), mail->easy) == CURLM_OK);
    return mail;
}

void mail_cancel(struct mail **mail_ptr)
{
    struct mail *mail = *mail_ptr;

    *mail_ptr = NULL;
    /* In its own callback it is on its way out already. */
    if (mail && !mail->busy)
        abort_mail(mail);
}
