/* SPDX-License-Identifier: MIT */
/* native_json.c - jsonOf() of extract.js by jdoc. */
#include "crawl/native_priv.h"

#include "base/jdoc.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of members with the same name the last counts. */
static const struct jval *member(const struct jval *value, const char *name, size_t len)
{
    const struct jval *found = NULL;
    size_t index = 0;

    if (jval_is_array(value)) {
        if (len == 0 || len > 9 || strspn(name, "0123456789") < len)
            return NULL;
        index = strtoul(name, NULL, 10);
        for (found = jval_first(value); found && index > 0; index--)
            found = jval_next(found);
        return found;
    }
    if (!jval_is_object(value))
        return NULL;
    for (const struct jval *one = jval_first(value); one; one = jval_next(one))
        if (strlen(jval_name(one)) == len && !memcmp(jval_name(one), name, len))
            found = one;
    return found;
}

/* As JavaScript writes it, for numbers that it writes without an exponent; NULL for others. */
static const char *number(struct arena *arena, double value)
{
    char text[40];

    if (!isfinite(value) || (value != 0 && (fabs(value) >= 1e15 || fabs(value) < 1e-4)))
        return NULL;
    if (value == 0)
        return "0";
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return arena_strdup(arena, text);
}

const char *native_json_at(struct arena *arena, const char *text, const char *path)
{
    char *bytes = arena_strdup(arena, text);
    const struct jval *value;
    const char *out = NULL;
    struct jdoc *doc;
    struct err err;

    if (jdoc_parse(bytes, strlen(bytes), &doc, &err) < 0)
        return NULL;
    value = jdoc_root(doc);
    for (const char *at = path; at; at = strchr(at, '.'), at = at ? at + 1 : NULL)
        value = member(value, at, strcspn(at, "."));
    if (jval_is_string(value))
        out = arena_strdup(arena, jval_str(value, ""));
    else if (jval_bool(value, false))
        out = "true";
    else if (!isnan(jval_num(value, NAN)))
        out = number(arena, jval_num(value, NAN));
    jdoc_free(&doc);
    return out;
}
