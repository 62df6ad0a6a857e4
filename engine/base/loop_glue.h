/* SPDX-License-Identifier: MIT */
/* loop_glue.h - joins each network library to the one loop: loop_lws.c, loop_curl.c, loop_pg.c,
 * loop_mhd.c.
 *
 * Each attach is undone by its detach before loop_free().
 */
#ifndef BASE_LOOP_GLUE_H
#define BASE_LOOP_GLUE_H

#include "base/err.h"
#include "base/loop.h"

/* libwebsockets as a foreign loop (LWS_SERVER_OPTION_LIBUV, evlib plugin libwebsockets-evlib-uv).
 * One context per process with the one protocol table that cdp/transport_ws.c gives.
 * Received bytes come in pieces of at most 32 KiB. Connect without an origin: Chrome refuses any
 * that it was not told to allow. lws_context_user() is taken.
 * Detach outside loop_run(): it turns the loop a few times, so that open sockets get their closing
 * callbacks (and so do other objects of the loop). */
struct lws_context;
struct lws_protocols;
MUST_CHECK int loop_lws_attach(struct loop *loop, const struct lws_protocols *protocols,
                               struct lws_context **out, struct err *err);
void loop_lws_detach(struct loop *loop, struct lws_context **context);

/* libcurl's multi socket interface. `done` is called for each finished transfer. (CURL is void.) */
struct loop_curl;
typedef void loop_curl_done_fn(void *easy, int curl_code, void *ctx);
struct loop_curl *loop_curl_new(struct loop *loop, loop_curl_done_fn *done, void *ctx);
void *loop_curl_multi(struct loop_curl *glue); /* CURLM * */
void loop_curl_free(struct loop_curl **glue);

/* libpq (sections 34.1 PQconnectPoll and 34.4 asynchronous commands): one connection, one
 * statement at a time, queued.  See loop_pg.h. */

/* libmicrohttpd with MHD_USE_EPOLL and no threads: its epoll descriptor is edge-triggered, so
 * MHD_get_timeout() is honoured after every MHD_run(). */
struct MHD_Daemon;
struct loop_mhd;
struct loop_mhd *loop_mhd_attach(struct loop *loop, struct MHD_Daemon *daemon);
void loop_mhd_kick(struct loop_mhd *glue); /* after MHD_resume_connection() or a queued answer */
void loop_mhd_progress(struct loop_mhd *glue); /* from the daemon's callbacks: a request got further */
void loop_mhd_detach(struct loop_mhd **glue);

#endif
