/* SPDX-License-Identifier: MIT */
/* cursor.h - the place in the list of deals at which the next page of /v3/deals begins.
 *
 * base64url (RFC 4648 section 5, no padding) of a version byte, sort_at, id and a checksum. The
 * checksum finds cut or changed cursors; it is no secret, for whoever forges one only reads another
 * page.
 */
#ifndef API_CURSOR_H
#define API_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#define CURSOR_CHARS 28

struct cursor {
    int64_t sort_at_ms;
    int64_t id;
};

void cursor_format(const struct cursor *cursor, char out[CURSOR_CHARS + 1]);
bool cursor_parse(const char *text, struct cursor *out);

#endif
