/* SPDX-License-Identifier: MIT */
/* ini.h - reads `[section]` / `key = value` files, keeping line numbers for every error message.
 *
 * - A line is blank, a comment (first non-blank is '#' or ';'), a [section], or key = value. The
 * value is
 *   everything after the first '=', trimmed; '#' and ';' inside it are part of it. No line limit,
 *   no continuation. A value may be put in double quotes to keep blanks at its ends.
 * - Sections and keys may repeat: entries keep the order of the file.
 * - The file must be UTF-8 (a BOM is skipped), at most 1 MiB.
 * Every broken line is reported, not just the first.
 */
#ifndef BASE_INI_H
#define BASE_INI_H

#include "base/err.h"

#include <stddef.h>

struct ini_entry {
    const char *section; /* "" before the first section */
    const char *key;     /* NULL for the section line itself (an empty section is seen, too) */
    const char *value;
    int line; /* 1-based */
};

struct ini {
    const char *path; /* as given, for messages */
    struct ini_entry *entries;
    size_t n;
    void *storage;
};

/* Called once per problem, in file order: "PATH:LINE: what: expected ...". */
typedef void ini_error_fn(const char *message, void *ctx);

/* 0, or -1 when the file can't be read (err says why) or has broken lines (each given to on_error;
 * err holds the first). `ini` is valid to free in each case. */
MUST_CHECK int ini_read_file(struct ini *ini, const char *path, ini_error_fn *on_error, void *ctx,
                             struct err *err);
MUST_CHECK int ini_read_text(struct ini *ini, const char *path, const char *text,
                             ini_error_fn *on_error, void *ctx, struct err *err);
void ini_fini(struct ini *ini);

#endif
