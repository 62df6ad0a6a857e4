/* SPDX-License-Identifier: MIT */
/* words.h - a line of the console as words, split and quoted as a shell does it.
 *
 *     notice add "새 기능" news 'it'\''s here'
 *
 * Outside of quotes a backslash takes the next character as it is; in "..." it does so before " and \
 * only, and \n is a new line; in '...' nothing is special. There are no variables, no wildcards, no comments.
 */
#ifndef ADMIN_WORDS_H
#define ADMIN_WORDS_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

enum { WORDS_LINE_MAX = 65536, WORDS_MAX = 64 };

struct words {
    char *text;                 /* all of them */
    char *items[WORDS_MAX + 1]; /* NULL behind the last */
    size_t n;
};

/* ERR_USAGE: a quote that does not end, too many words, control characters or bytes that are no UTF-8.
 * words_fini() in each case. */
MUST_CHECK int words_split(struct words *words, const char *line, size_t len, struct err *err);
void words_fini(struct words *words);

/* Append the word, quoted where it has to be, so that words_split() gives it back. */
void words_quote(struct buf *out, const char *word);

#endif
