/* SPDX-License-Identifier: MIT */
/* secret.h - a password or key as the configuration gives it: in a file, or as text from the environment.
 *
 * The secret itself is in no text of an error.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/err.h"

enum { SECRET_MAX_BYTES = 4096 };

/* key: of the configuration, for messages ("smtp_password": its file is "smtp_password_file"). text, path: the
 * values of both keys; setting both is an error. The first line of the file is the secret, without blanks around it;
 * control characters are refused, so that it may stand in a header.
 * *out is NULL where neither is set, else secret_free() it. ERR_CONFIG. */
MUST_CHECK int secret_load(const char *key, const char *text, const char *path, char **out,
                           struct err *err);
void secret_free(char **secret); /* overwrites it first */

#endif
