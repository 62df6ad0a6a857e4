/* SPDX-License-Identifier: MIT */
/* smtp.c - see smtp.h. */
#include "support/smtp.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2000, TURN_MS = 20 };

struct talk {
    struct smtp *smtp;
    int fd;
    char in[LINE_MAX_BYTES];
    size_t n_in;
    char from[300], to[300];
};

/* A client that is gone is told by the next read. */
static void say(int fd, const char *line)
{
    char *whole = mem_printf("%s\r\n", line);

    (void)!send(fd, whole, strlen(whole), MSG_NOSIGNAL);
    mem_free(whole);
}

/* The next line without its end, or false: closed, too long, or the server ends. */
static bool read_line(struct talk *talk, char out[LINE_MAX_BYTES])
{
    for (;;) {
        char *end = memchr(talk->in, '\n', talk->n_in);
        struct pollfd wait = {.fd = talk->fd, .events = POLLIN};
        ssize_t n;

        if (end) {
            size_t used = (size_t)(end - talk->in) + 1;

            memcpy(out, talk->in, used);
            out[used - (used > 1 && end[-1] == '\r' ? 2 : 1)] = '\0';
            memmove(talk->in, end + 1, talk->n_in -= used);
            return true;
        }
        if (talk->smtp->ends || talk->n_in == sizeof talk->in)
            return false;
        if (poll(&wait, 1, TURN_MS) <= 0)
            continue;
        n = read(talk->fd, talk->in + talk->n_in, sizeof talk->in - talk->n_in);
        if (n <= 0)
            return false;
        talk->n_in += (size_t)n;
    }
}

static enum smtp_trouble trouble(struct smtp *smtp)
{
    enum smtp_trouble now;

    pthread_mutex_lock(&smtp->lock);
    now = smtp->trouble;
    pthread_mutex_unlock(&smtp->lock);
    return now;
}

static void keep(struct talk *talk, struct buf *text)
{
    struct smtp *smtp = talk->smtp;

    pthread_mutex_lock(&smtp->lock);
    check(smtp->n_mails < SMTP_MAILS_MAX);
    struct smtp_mail *mail = &smtp->mails[smtp->n_mails++];

    strcpy(mail->from, talk->from);
    strcpy(mail->to, talk->to);
    mail->text = buf_take(text);
    pthread_mutex_unlock(&smtp->lock);
}

static bool read_message(struct talk *talk)
{
    char line[LINE_MAX_BYTES];
    struct buf text;
    bool is_whole = false;

    buf_init(&text, BUF_MAX_DEFAULT);
    say(talk->fd, "354 go on");
    while (trouble(talk->smtp) != SMTP_CLOSES && read_line(talk, line)) {
        if (str_eq(line, ".")) {
            is_whole = true;
            keep(talk, &text);
            say(talk->fd, "250 taken");
            break;
        }
        buf_addf(&text, "%s\r\n", line[0] == '.' ? line + 1 : line);
    }
    buf_fini(&text);
    return is_whole;
}

static void take_address(char out[300], const char *line)
{
    const char *begin = strchr(line, '<');
    const char *end = begin ? strchr(begin, '>') : NULL;

    snprintf(out, 300, "%.*s", end ? (int)(end - begin - 1) : 0, end ? begin + 1 : "");
}

static void answer_rcpt(struct talk *talk, const char *line)
{
    switch (trouble(talk->smtp)) {
    case SMTP_REFUSES_ADDRESS:
        say(talk->fd, "550 no such address");
        return;
    case SMTP_LATER:
        say(talk->fd, "451 come back later");
        return;
    default:
        take_address(talk->to, line);
        say(talk->fd, "250 ok");
    }
}

/* The client waits for a go-ahead before it shows its password. */
static bool log_in(struct talk *talk)
{
    struct smtp *smtp = talk->smtp;
    char line[LINE_MAX_BYTES];

    say(talk->fd, "334 ");
    if (!read_line(talk, line))
        return false;
    pthread_mutex_lock(&smtp->lock);
    snprintf(smtp->login, sizeof smtp->login, "%.190s", line);
    pthread_mutex_unlock(&smtp->lock);
    say(talk->fd, "235 welcome");
    return true;
}

/* False: the talk is over. */
static bool answer(struct talk *talk, const char *line)
{
    if (str_starts(line, "EHLO") || str_starts(line, "HELO")) {
        say(talk->fd, talk->smtp->offers_login ? "250-test\r\n250 AUTH PLAIN" : "250 test");
    } else if (str_eq(line, "AUTH PLAIN")) {
        return log_in(talk);
    } else if (str_starts(line, "MAIL FROM:")) {
        take_address(talk->from, line);
        say(talk->fd, "250 ok");
    } else if (str_starts(line, "RCPT TO:")) {
        answer_rcpt(talk, line);
    } else if (str_eq(line, "DATA")) {
        return read_message(talk);
    } else if (str_eq(line, "QUIT")) {
        say(talk->fd, "221 bye");
        return false;
    } else {
        say(talk->fd, str_eq(line, "RSET") ? "250 ok" : "502 not here");
    }
    return true;
}

static void converse(struct smtp *smtp, int fd)
{
    struct talk talk = {.smtp = smtp, .fd = fd};
    char line[LINE_MAX_BYTES];

    if (trouble(smtp) != SMTP_SILENT)
        say(fd, "220 test ESMTP");
    while (read_line(&talk, line))
        if (trouble(smtp) != SMTP_SILENT && !answer(&talk, line))
            break;
    close(fd);
}

/* One client at a time. */
static void *serve(void *ctx)
{
    struct smtp *smtp = ctx;

    while (!smtp->ends) {
        struct pollfd wait = {.fd = smtp->fd, .events = POLLIN};
        int fd;

        if (poll(&wait, 1, TURN_MS) <= 0 || (fd = accept(smtp->fd, NULL, NULL)) < 0)
            continue;
        pthread_mutex_lock(&smtp->lock);
        smtp->n_connections++;
        pthread_mutex_unlock(&smtp->lock);
        converse(smtp, fd);
    }
    return NULL;
}

struct smtp *smtp_start(void)
{
    struct smtp *smtp = mem_new(struct smtp);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;

    smtp->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(bind(smtp->fd, (struct sockaddr *)&at, n) == 0 && listen(smtp->fd, 16) == 0);
    check(getsockname(smtp->fd, (struct sockaddr *)&at, &n) == 0);
    smtp->port = ntohs(at.sin_port);
    pthread_mutex_init(&smtp->lock, NULL);
    check(pthread_create(&smtp->thread, NULL, serve, smtp) == 0);
    return smtp;
}

void smtp_set_trouble(struct smtp *smtp, enum smtp_trouble now)
{
    pthread_mutex_lock(&smtp->lock);
    smtp->trouble = now;
    pthread_mutex_unlock(&smtp->lock);
}

int smtp_mails(struct smtp *smtp)
{
    int n;

    pthread_mutex_lock(&smtp->lock);
    n = smtp->n_mails;
    pthread_mutex_unlock(&smtp->lock);
    return n;
}

void smtp_stop(struct smtp **smtp_ptr)
{
    struct smtp *smtp = *smtp_ptr;

    *smtp_ptr = NULL;
    __atomic_store_n(&smtp->ends, true, __ATOMIC_SEQ_CST);
    pthread_join(smtp->thread, NULL);
    close(smtp->fd);
    for (int i = 0; i < smtp->n_mails; i++)
        mem_free(smtp->mails[i].text);
    pthread_mutex_destroy(&smtp->lock);
    mem_free(smtp);
}

/* ---- reading what came ----------------------------------------------------------------------- */

static void add_decoded(struct buf *out, const char *base64, size_t n)
{
    unsigned char bytes[LINE_MAX_BYTES];
    int got = EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)n);

    check(got >= 0);
    while (n > 0 && base64[n - 1] == '=')
        n--, got--;
    buf_add(out, bytes, (size_t)got);
}

char *smtp_body(const struct smtp_mail *mail)
{
    const char *at = strstr(mail->text, "\r\n\r\n");
    struct buf out;

    check(at);
    buf_init(&out, BUF_MAX_DEFAULT);
    for (at += 4; *at;) {
        size_t n = strcspn(at, "\r");

        add_decoded(&out, at, n);
        at += n + 2;
    }
    return buf_take(&out);
}

char *smtp_subject(const struct smtp_mail *mail)
{
    static const char mark[] = "=?UTF-8?B?";
    const char *at = strstr(mail->text, "Subject: ");
    struct buf out;

    check(at);
    at += strlen("Subject: ");
    buf_init(&out, BUF_MAX_DEFAULT);
    if (!str_starts(at, mark))
        buf_add(&out, at, strcspn(at, "\r"));
    while (str_starts(at, mark)) {
        size_t n = strcspn(at += strlen(mark), "?");

        add_decoded(&out, at, n);
        at += n + strlen("?=\r\n ");
    }
    return buf_take(&out);
}
