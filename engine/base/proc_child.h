/* SPDX-License-Identifier: MIT */
/* proc_child.h - fork and exec for proc.c. */
#ifndef BASE_PROC_CHILD_H
#define BASE_PROC_CHILD_H

#include "base/proc.h"

/* The pid of the child, in which the program already runs; or -1, and no child is left. */
MUST_CHECK pid_t proc_child_start(const struct proc_spec *spec, int stderr_fd, struct err *err);

#endif
