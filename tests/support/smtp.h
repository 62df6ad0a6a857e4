/* SPDX-License-Identifier: MIT */
/* smtp.h - a mail server on a thread of its own, for tests: takes what comes, and keeps it.
 *
 * It speaks enough of RFC 5321 for a client that sends: EHLO, AUTH PLAIN, MAIL, RCPT, DATA, RSET, QUIT. No TLS.
 */
#ifndef SUPPORT_SMTP_H
#define SUPPORT_SMTP_H

#include "base/buf.h"

#include <pthread.h>

enum smtp_trouble {
    SMTP_FINE,
    SMTP_REFUSES_ADDRESS, /* 550 to RCPT */
    SMTP_LATER,           /* 451 to RCPT */
    SMTP_SILENT,          /* no greeting */
    SMTP_CLOSES,          /* in the middle of DATA */
};

struct smtp_mail {
    char from[300], to[300];
    char *text; /* as it came, dots taken back */
};

enum { SMTP_MAILS_MAX = 64 };

struct smtp {
    int fd, port;
    bool offers_login, ends;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    enum smtp_trouble trouble;
    int n_mails, n_connections;
    struct smtp_mail mails[SMTP_MAILS_MAX];
    char login[200]; /* what AUTH PLAIN brought, base64 */
};

struct smtp *smtp_start(void);
void smtp_set_trouble(struct smtp *smtp, enum smtp_trouble trouble);
int smtp_mails(struct smtp *smtp);
void smtp_stop(struct smtp **smtp);

/* The decoded body (base64) of a mail that came; mem_free(). */
char *smtp_body(const struct smtp_mail *mail);
/* The decoded subject; mem_free(). */
char *smtp_subject(const struct smtp_mail *mail);

#endif
