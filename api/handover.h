/* SPDX-License-Identifier: MIT */
/* handover.h - listening sockets that come from outside, and that go to a newer process, so that no
 * connection is refused or reset in between.
 *
 * From outside: systemd's socket activation (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS,
 * LISTEN_FDNAMES), and in the same way an older process of this program. A socket named "admin" is
 * the operator's, the first other one the public one.
 *
 * To a newer one: the program is started again with the arguments it was started with (so a new
 * version takes over when the file was replaced), and gets the sockets and a pipe, into which it
 * writes when it serves. Until then, and if it never does, the old process goes on.
 */
#ifndef API_HANDOVER_H
#define API_HANDOVER_H

#include "base/err.h"
#include "base/loop.h"

#include <sys/types.h>

struct handover_fds {
    int public_fd, admin_fd; /* -1: none was given */
    int ready_fd;            /* -1: nobody waits to be taken over */
};

/* Before anything else opens descriptors or reads the environment; takes the variables out of it. */
void handover_take(struct handover_fds *out);

/* Tell the older process that we serve. */
void handover_tell_ready(struct handover_fds *fds);

struct handover;

/* The new process serves (err NULL) or has failed; once, from the loop. */
typedef void handover_fn(pid_t pid, const struct err *err, void *ctx);

/* argv: NULL-terminated, as main() got it. fds: ready_fd is not looked at, admin_fd may be -1. The
 * new process has timeout_ms to get ready. */
MUST_CHECK int handover_start(struct loop *loop, char *const *argv, const struct handover_fds *fds,
                              int64_t timeout_ms, handover_fn *done, void *ctx,
                              struct handover **out, struct err *err);
/* A new process that is not ready yet is killed. */
void handover_free(struct handover **handover);

#endif
