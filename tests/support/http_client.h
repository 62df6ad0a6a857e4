/* SPDX-License-Identifier: MIT */
/* http_client.h - a raw HTTP client for tests of listeners that run on the same loop.
 *
 * It sends the bytes it is given, right or wrong, and keeps what comes back. Each wait turns the
 * loop and fails the test after 10 s.
 */
#ifndef SUPPORT_HTTP_CLIENT_H
#define SUPPORT_HTTP_CLIENT_H

#include "base/buf.h"
#include "base/loop.h"

struct http_client {
    struct loop *loop;
    struct loop_io *io;
    struct loop_timer *deadline;
    struct buf in; /* everything received */
    int fd;
    bool closed; /* by the server: end of stream or reset */
    bool timed_out;
    const char *awaited;
};

struct http_client *http_client_open(struct loop *loop, int port);
void http_client_send(struct http_client *client, const char *bytes);
/* Until `text` has come; then everything received so far. */
const char *http_client_wait(struct http_client *client, const char *text);
/* Until the server has closed. */
const char *http_client_wait_closed(struct http_client *client);
void http_client_free(struct http_client **client);

/* One request on its own connection ("GET /live"): the whole answer. */
char *http_client_ask(struct loop *loop, int port, const char *method_and_target);

/* Turn the loop for a while. */
void http_client_turn(struct loop *loop, int64_t ms);

/* Occurrences of `part` in `text`. */
int http_client_count(const char *text, const char *part);

#endif
