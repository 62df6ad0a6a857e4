/* SPDX-License-Identifier: MIT */
/* launch.h - how Chrome is started: program, user, switches, environment; and where it then listens.
 *
 * A plan is made once from the configuration, so that what is wrong is told at start and not at the first page.
 */
#ifndef CHROME_LAUNCH_H
#define CHROME_LAUNCH_H

#include "base/buf.h"
#include "base/config.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/proc.h"
#include "chrome/cage.h"
#include "chrome/profile.h"

struct launch_plan;

/* block_hosts: as in struct pool_settings.
 * Finds the program and the user, reads chrome-flags.conf, checks that run_dir can be reached by the user.
 * ERR_CONFIG (flags file), ERR_LAUNCH (no Chrome, a wrapper script, no user, run_dir). */
MUST_CHECK int launch_plan_new(const struct config *config, const char *const *block_hosts,
                               size_t n_block_hosts, struct launch_plan **out, struct err *err);
void launch_plan_free(struct launch_plan **plan);
/* Other hosts, for browsers that start from now on. -1: the flags file is not what it was any more (ERR_CONFIG); all
 * stays. */
MUST_CHECK int launch_set_block_hosts(struct launch_plan *plan, const struct config *config,
                                      const char *const *block_hosts, size_t n_block_hosts,
                                      struct err *err);

const char *launch_program(const struct launch_plan *plan);
const char *launch_run_dir(const struct launch_plan *plan);
uid_t launch_uid(const struct launch_plan *plan);
bool launch_has_sandbox(const struct launch_plan *plan);

MUST_CHECK int launch_make_profile(const struct launch_plan *plan, struct profile **out,
                                   struct err *err);

struct launch_events {
    void (*on_stderr)(const char *line, void *ctx);
    void (*on_exit)(const struct proc_end *end, void *ctx);
};

bool launch_uses_pipe(const struct launch_plan *plan); /* chrome_transport = pipe */

struct launched {
    struct proc *proc;
    /* Of the DevTools pipe, as cdp_conn_new_pipe() takes them: the caller's to close until then.
     * -1: Chrome serves a WebSocket, see launch_read_endpoint(). */
    int pipe_read_fd, pipe_write_fd;
};

/* Start Chrome in the profile and the cage. ERR_LAUNCH, ERR_PIDS, ERR_FDS: nothing was started. */
MUST_CHECK int launch_spawn(const struct launch_plan *plan, struct loop *loop,
                            const struct profile *profile, struct cage *cage,
                            const struct launch_events *events, void *ctx, struct launched *out,
                            struct err *err);

/* Which program file it is, to notice an upgrade underneath a running browser. */
struct launch_stamp {
    dev_t dev;
    ino_t ino;
    int64_t size_bytes;
    int64_t changed_ns;
};
struct launch_stamp launch_stamp(
    const struct launch_plan *plan); /* all zero: the file is not there */
bool launch_is_same(const struct launch_stamp *a, const struct launch_stamp *b);

/* The DevTools address, once Chrome has written its two lines to DevToolsActivePort: true and
 * "ws://127.0.0.1:PORT/devtools/browser/ID" in url_out. */
bool launch_read_endpoint(const struct profile *profile, struct buf *url_out);

#endif
