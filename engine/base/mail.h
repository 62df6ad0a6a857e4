/* SPDX-License-Identifier: MIT */
/* mail.h - one plain-text message to one address, by libcurl's SMTP on the loop.
 *
 * Text is UTF-8 and is sent as base64 (RFC 2045), the subject as encoded words (RFC 2047), so that
 * every server takes it and no line of ours is a command. The callback comes exactly once, later,
 * unless mail_cancel came first.
 */
#ifndef BASE_MAIL_H
#define BASE_MAIL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

struct mail;
struct mail_client;

enum mail_tls {
    MAIL_TLS_OFFERED,  /* STARTTLS where the server offers it; required when there is a user */
    MAIL_TLS_REQUIRED, /* without it nothing is sent */
    MAIL_TLS_NEVER,
};

struct mail_server {
    const char *url; /* "smtp://host[:port]", or "smtps://host[:port]": TLS from the first byte */
    const char *user, *password; /* NULL: the server asks for none */
    const char *ca_file; /* who is trusted to sign the server's certificate; NULL: the system's */
    enum mail_tls tls;
    int64_t timeout_ms; /* whole conversation */
};

struct mail_text {
    const char *from, *to; /* addresses: "ops@example.org" */
    const char *subject, *body;
    const char *
        id; /* of the message, without the brackets: "x@example.org"; the same when it is sent again */
    int64_t at_ms;
};

/* err NULL: the server took it. Otherwise ERR_NETWORK, ERR_TIMEOUT, or ERR_PROTOCOL with the server's
 * code: it refused. is_final: it refused for good (5xx), sending the same again is in vain. */
typedef void mail_fn(const struct err *err, bool is_final, void *ctx);

struct mail_client *mail_client_new(struct loop *loop);
void mail_client_free(struct mail_client **client); /* cancels what is under way */

/* All is copied. */
struct mail *mail_send(struct mail_client *client, const struct mail_server *server,
                       const struct mail_text *text, mail_fn *done, void *ctx);
void mail_cancel(struct mail **mail);

/* One address as a message has it: something, an @, something; no blanks, brackets or control characters. */
bool mail_is_address(const char *text);

/* smtp:// or smtps:// with a host, and a port or not, and nothing else; -1 with what was expected. */
MUST_CHECK int mail_check_url(const char *url, struct err *err);

/* The message with its head, lines ending in CR LF. */
void mail_format(const struct mail_text *text, struct buf *out);

#endif
