/* SPDX-License-Identifier: MIT */
/* console.h - the operator's console: a unix socket that takes commands, a line each.
 *
 *     a line      words as in words.h, ended by \n
 *     its answer  "CODE BYTES\n", then so many bytes of text; CODE is that of an exit (0: done)
 *
 * The socket has mode 0600, and whoever connects must be the engine's own user, or root, by the
 * kernel's word (SO_PEERCRED). At most CONSOLE_CLIENTS are served, one command each at a time, in their
 * order; one more takes the place of the one that has been idle longest. A line that is too long ends
 * the connection after its answer; so does a client that does not read its answer for CONSOLE_READ_MS.
 */
#ifndef ADMIN_CONSOLE_H
#define ADMIN_CONSOLE_H

#include "base/buf.h"
#include "base/config.h"
#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>

enum { CONSOLE_CLIENTS = 16, CONSOLE_READ_MS = 30000, CONSOLE_ANSWER_MAX = 4 << 20 };

struct console;
struct console_call; /* one command under way: answered once, by console_answer() */

/* words: at least one, NULL behind the last, borrowed until the answer. */
typedef void console_fn(struct console_call *call, char *const *words, size_t n, void *ctx);

/* A command that is not in the table goes to `other`. */
struct console_command {
    const char *name;
    const char *usage; /* "run SITE [KIND]"; with prose what `help` shows */
    const char *prose;
    size_t most_words; /* behind the name; more are refused with the usage */
    console_fn *fn;
};

struct console_settings {
    const char *path; /* of the socket; its folders are made when missing */
    const struct console_command *commands;
    size_t n_commands;
    console_fn *other;
    const char *other_help; /* lines of `help` behind the table */
    void *ctx;
    /* A call that console_answer() has not seen yet is not wanted any more: the client is gone, or the
     * console ends. It must be answered all the same, before console_free(). May be NULL. */
    void (*on_gone)(struct console_call *call, void *ctx);
};

/* Where the configuration has the socket (mem_free); NULL: nowhere. */
char *console_path_of(const struct config *config);

/* Borrowed: commands, other_help. ERR_CONFIG: the path is too long, or another process serves there; a socket that
 * nobody serves is replaced. */
MUST_CHECK int console_new(struct loop *loop, const struct console_settings *settings,
                           struct console **out, struct err *err);
void console_stop(struct console *console); /* no more commands; what is under way is not wanted */
void console_free(struct console **console);
const char *console_path(const struct console *console);

/* The command's outcome; the text is copied. */
void console_answer(struct console_call *call, int code, const char *text, size_t len);
void console_answer_buf(struct console_call *call, int code, struct buf *text); /* and buf_fini */
void console_answer_err(struct console_call *call, const struct err *err);
void *console_call_data(const struct console_call *call); /* the answerer's own; NULL at first */
void console_call_set_data(struct console_call *call, void *data);

#endif
