/* SPDX-License-Identifier: MIT */
/* jdoc.h - reading JSON: cJSON behind a face that survives what Chrome sends.
 *
 * Chrome sends lone surrogates ("\ud800"), on which cJSON rejects the whole document, and
 * "\u0000", at which cJSON cuts the string: both are rewritten to "\ufffd" in place before
 * parsing. Bytes that are not UTF-8 inside strings become '?'. Depth is limited to 64, size by the
 * caller's buffer.
 *
 * A struct jval is a borrowed pointer into its document; every getter accepts NULL and a value of
 * the wrong type and then gives the default, so that paths of unknown shape read without checks.
 * Writing JSON is buf_add_json() and plain text.
 */
#ifndef BASE_JDOC_H
#define BASE_JDOC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jdoc; /* owns the tree */
struct jval; /* one value in it */

/* Parse `len` bytes; they are modified and must stay only during the call. One whole value,
 * nothing but white space after it. Errors: ERR_PROTOCOL with the byte offset. */
MUST_CHECK int jdoc_parse(char *bytes, size_t len, struct jdoc **out, struct err *err);
void jdoc_free(struct jdoc **doc);
const struct jval *jdoc_root(const struct jdoc *doc);

/* The sanitiser alone (exposed for its tests): rewrites in place, length unchanged. */
void jdoc_sanitise(char *bytes, size_t len);

const struct jval *jval_get(const struct jval *object, const char *name);    /* NULL when absent */
const struct jval *jval_path(const struct jval *object, const char *dotted); /* "result.value" */

bool jval_is_object(const struct jval *v);
bool jval_is_array(const struct jval *v);
bool jval_is_string(const struct jval *v);
bool jval_is_null(const struct jval *v); /* JSON null; absent is not null */

const char *jval_str(const struct jval *v, const char *otherwise);
int64_t jval_int(const struct jval *v, int64_t otherwise); /* cut toward zero, saturating */
double jval_num(const struct jval *v, double otherwise);
bool jval_bool(const struct jval *v, bool otherwise);

/* Short forms: member `name` of an object. */
const char *jval_get_str(const struct jval *object, const char *name, const char *otherwise);
int64_t jval_get_int(const struct jval *object, const char *name, int64_t otherwise);
bool jval_get_bool(const struct jval *object, const char *name, bool otherwise);

/* Children of an array or object in order; NULL ends. */
const struct jval *jval_first(const struct jval *v);
const struct jval *jval_next(const struct jval *child);
const char *jval_name(const struct jval *child); /* of an object's member, else "" */
size_t jval_count(const struct jval *v);

#endif
