/* SPDX-License-Identifier: MIT */
/* loop_lws.c - libwebsockets on our loop (see loop_glue.h).
 *
 * lws drives a loop that is not its own through the plugin of package libwebsockets-evlib-uv, which
 * it loads at run time. It closes its handles asynchronously, so ending the context takes turns of
 * the loop.
 */
#include "base/log.h"
#include "base/loop_glue.h"
#include "base/str.h"

#include <libwebsockets.h>
#include <string.h>
#include <uv.h>

enum {
    /* Received bytes come in pieces of this size: an extraction's answer is 100 KB and more. */
    PIECE_BYTES = 32768,
    /* Sockets of one context. Without it lws takes memory for RLIMIT_NOFILE of them. */
    MAX_SOCKETS = 1024,
    /* Turns of the loop in which lws closes its handles; it needs two (seen). */
    CLOSE_TURNS = 10,
};

/* lws sets `context` to NULL when it has freed it. */
struct holder {
    struct lws_context *context;
};

static void on_lws_log(int level, const char *line)
{
    char copy[512];

    (void)level;
    snprintf(copy, sizeof(copy), "%s", line);
    log_debug("lws", "library", "line=%s", log_quote(str_trim(copy)));
}

int loop_lws_attach(struct loop *loop, const struct lws_protocols *protocols,
                    struct lws_context **out, struct err *err)
{
    void *foreign_loops[] = {loop_uv(loop)};
    struct holder *holder = mem_new(struct holder);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_LIBUV,
        .foreign_loops = foreign_loops,
        .pt_serv_buf_size = PIECE_BYTES,
        .fd_limit_per_thread = MAX_SOCKETS,
        .user = holder,
        .pcontext = &holder->context,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };

    lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
    *out = holder->context = lws_create_context(&info);
    if (*out)
        return 0;
    mem_free(holder);
    return err_set(err, ERR_INTERNAL,
                   "libwebsockets: no context (is the package libwebsockets-evlib-uv installed?)");
}

void loop_lws_detach(struct loop *loop, struct lws_context **context)
{
    struct holder *holder;

    if (!*context)
        return;
    holder = lws_context_user(*context);
    lws_context_destroy(*context);
    for (int turn = 0; turn < CLOSE_TURNS; turn++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    /* On a foreign loop the first call closes sockets and handles; the context itself goes in a
     * second one, which lws makes by itself in some versions. */
    if (holder->context)
        lws_context_destroy(*context);
    mem_free(holder);
    *context = NULL;
}
