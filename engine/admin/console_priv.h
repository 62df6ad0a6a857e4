/* SPDX-License-Identifier: MIT */
/* console_priv.h - what console.c and console_socket.c share. */
#ifndef ADMIN_CONSOLE_PRIV_H
#define ADMIN_CONSOLE_PRIV_H

#include "base/err.h"

/* A listening socket at path, mode 0600, not blocking; or -1. Folders are made, a socket that nobody serves
 * is replaced. */
MUST_CHECK int console_listen(const char *path, struct err *err);

/* Is the other end of our own user, or root? */
bool console_may_talk(int fd);

#endif
