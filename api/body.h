/* SPDX-License-Identifier: MIT */
/* body.h - the JSON in a request's body: {"outer":{"name":value}} as the app sends it, flat under /v3.
 *
 * Read whole or refused whole: no UTF-8, no JSON, nested deeper than needed, no object. Texts are copied
 * into the request's arena, so nothing of the parser outlives the call.
 */
#ifndef API_BODY_H
#define API_BODY_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BODY_MAX_DEPTH = 8 };

enum body_kind {
    BODY_TEXT, /* a string */
    BODY_FLAG, /* true, false */
    BODY_INT,  /* a number, cut toward zero; a string of digits, as some clients send it */
};

/* What is wanted, and what was found. */
struct body_field {
    const char *name;
    enum body_kind kind;
    size_t max_bytes; /* of a text */
    bool is_optional; /* absent or null */

    bool is_there;
    const char *text; /* not empty, not blank, without control characters but newline and tab */
    int64_t number;   /* saturating; of a flag 0 or 1 */
};

/* outer: the member that holds the fields; NULL: the whole is the object. Errors: ERR_USAGE, in English,
 * with the field's name in err->text. Unknown members are ignored. */
MUST_CHECK int body_read(struct arena *arena, const char *bytes, size_t len, const char *outer,
                         struct body_field *fields, size_t n, struct err *err);

#endif
