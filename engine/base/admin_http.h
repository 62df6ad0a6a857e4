/* SPDX-License-Identifier: MIT */
/* admin_http.h - the operator's listener, apart from any public one: GET /live, and what the
 * program adds (/ready, /metrics). Used by both programs.
 */
#ifndef BASE_ADMIN_HTTP_H
#define BASE_ADMIN_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

struct admin_http;

/* Fill `body` and return the HTTP status for a known path. */
typedef int admin_http_fn(struct buf *body, void *ctx);

/* One that is answered later: exactly once, with admin_http_answer(), before admin_http_free(). */
struct admin_answer;
typedef void admin_http_later_fn(struct admin_answer *answer, void *ctx);
void admin_http_answer(struct admin_answer *answer, int status, const char *text);

/* listen: "ADDRESS:PORT" (port 0: any; [::1]:PORT for IPv6). Errors: ERR_CONFIG for a bad address,
 * ERR_INTERNAL with the system's text when it is taken. */
MUST_CHECK int admin_http_new(struct loop *loop, const char *listen, struct admin_http **out,
                              struct err *err);
void admin_http_route(struct admin_http *http, const char *path, const char *content_type,
                      admin_http_fn *fn, void *ctx);
void admin_http_route_later(struct admin_http *http, const char *path, admin_http_later_fn *fn,
                            void *ctx);
int admin_http_listen_fd(const struct admin_http *http);
/* Accept no more; what is asked already is answered. */
void admin_http_stop(struct admin_http *http);
int admin_http_port(const struct admin_http *http);
void admin_http_free(struct admin_http **http);

#endif
