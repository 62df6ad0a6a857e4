/* SPDX-License-Identifier: MIT */
/* program.h - a command of the console that is a process of its own: this program's command line, with
 * what it prints as the answer. So it costs the engine's loop nothing, and says the same as there.
 */
#ifndef ADMIN_PROGRAM_H
#define ADMIN_PROGRAM_H

#include "admin/console.h"

struct program;

/* argv: NULL-terminated, argv[0] the path; copied by the kernel. The call is answered when it ends, with
 * its exit code and what it wrote to stdout and stderr; more than CONSOLE_ANSWER_MAX ends it. head: stands before it; may be NULL. */
void program_start(struct loop *loop, struct console_call *call, const char *const *argv,
                   const char *head);

/* The call is not wanted any more: the process is killed, and the call answered. Only for calls that
 * program_start() was given. */
void program_cancel(struct console_call *call);

#endif
