/* SPDX-License-Identifier: MIT */
/* secret.h - keys and passwords: out of a file, or out of the configuration (the environment).
 *
 * Never logged, never part of an error's text, wiped when freed.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/err.h"

enum { SECRET_MAX_BYTES = 4096 };

/* `value`, or when that is empty the first line of `file`; without blanks at its ends. Both empty: *out is NULL, which
 * is no error. ERR_CONFIG, naming `key` (that of the file): it can't be read, is empty, longer than
 * SECRET_MAX_BYTES or holds control characters. Owned by the caller: secret_free(). */
MUST_CHECK int secret_read(const char *key, const char *file, const char *value, char **out,
                           struct err *err);
void secret_free(char **secret);

#endif
