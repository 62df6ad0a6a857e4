/* SPDX-License-Identifier: MIT */
/* client.h - `catchdeal-engine console`: the other end of console.h.
 */
#ifndef ADMIN_CLIENT_H
#define ADMIN_CLIENT_H

#include <stddef.h>

/* Ask for one command, its words given, or with none for each line of stdin until its end (`quit` ends it
 * too). Answers go to stdout, what was refused to stderr. The exit code: the last answer's. */
int client_run(const char *path, const char *const *words, size_t n);

#endif
