/* SPDX-License-Identifier: MIT */
/* err.h - what went wrong, with the text that each level adds to.
 *
 * A struct err is owned by the caller, usually on its stack; nothing is allocated. A function that
 * can fail returns 0 or -1, takes `struct err *err` last and is marked MUST_CHECK.
 *
 *     if (site_load(site, path, err) < 0)
 *         return err_prefix(err, "reload");
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/mem.h"

enum err_code {
#define ERR(code, reason, exit_code, prose) ERR_##code,
#include "base/err.def"
#undef ERR
    ERR_COUNT
};

struct err {
    enum err_code code;
    char text[768]; /* cut between characters, never overrun */
};

/* Set code and text. Always returns -1, so that `return err_set(...)` reads as the failure. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Put "fmt: " before the text that is there; the code stays. Returns -1. */
int err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The same as err_set with ": strerror(errno)" added; EMFILE, ENFILE, EAGAIN-on-fork and ENOSPC
 * choose FDS, PIDS and DISK by themselves, otherwise `code` is taken. */
int err_sys(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

void err_clear(struct err *err);

const char *err_reason(enum err_code code); /* "browser-exit" */
const char *err_prose(enum err_code code);
int err_exit_code(enum err_code code);
int err_code_from_reason(const char *reason); /* -1 when it is no reason of the list */

#endif
