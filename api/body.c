/* SPDX-License-Identifier: MIT */
/* body.c - see body.h. */
#include "api/body.h"
#include "base/jdoc.h"
#include "base/str.h"

#include <string.h>

/* Looked at before the parser, which would read 64 levels. */
static bool is_too_deep(const char *bytes, size_t len)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '[') && ++depth > BODY_MAX_DEPTH)
            return true;
        else if (!in_string && (c == '}' || c == ']'))
            depth--;
    }
    return false;
}

static bool is_blank(const char *text)
{
    /* U+3000, the blank as wide as a Hangul syllable, is one, too. */
    while (*text == ' ' || *text == '\n' || *text == '\t' || *text == '\r' ||
           str_starts(text, "\xe3\x80\x80"))
        text += *text == '\xe3' ? 3 : 1;
    return !*text;
}

static bool has_controls(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && !strchr("\n\r\t", *text)) || *text == 0x7f)
            return true;
    return false;
}

static int read_text(struct arena *arena, const struct jval *value, struct body_field *field,
                     struct err *err)
{
    const char *text = jval_str(value, NULL);

    if (!text)
        return err_set(err, ERR_USAGE, "%s: expected a string", field->name);
    if (is_blank(text))
        return err_set(err, ERR_USAGE, "%s: is empty", field->name);
    if (strlen(text) > field->max_bytes)
        return err_set(err, ERR_USAGE, "%s: longer than %zu bytes", field->name, field->max_bytes);
    if (has_controls(text))
        return err_set(err, ERR_USAGE, "%s: holds control characters", field->name);
    field->text = arena_strdup(arena, text);
    return 0;
}

static int read_flag(const struct jval *value, struct body_field *field, struct err *err)
{
    /* The default tells a boolean from what is none. */
    if (jval_bool(value, true) != jval_bool(value, false))
        return err_set(err, ERR_USAGE, "%s: expected true or false", field->name);
    field->number = jval_bool(value, false);
    return 0;
}

static int read_int(const struct jval *value, struct body_field *field, struct err *err)
{
    struct err ignored;

    if (jval_is_string(value) &&
        str_to_int(jval_str(value, ""), INT64_MIN, INT64_MAX, &field->number, &ignored) == 0)
        return 0;
    if (jval_int(value, 0) != jval_int(value, 1))
        return err_set(err, ERR_USAGE, "%s: expected a whole number", field->name);
    field->number = jval_int(value, 0);
    return 0;
}

static int read_field(struct arena *arena, const struct jval *object, struct body_field *field,
                      struct err *err)
{
    const struct jval *value = jval_get(object, field->name);

    if (!value || jval_is_null(value))
        return field->is_optional ? 0 : err_set(err, ERR_USAGE, "%s: is missing", field->name);
    field->is_there = true;
    switch (field->kind) {
    case BODY_TEXT:
        return read_text(arena, value, field, err);
    case BODY_FLAG:
        return read_flag(value, field, err);
    case BODY_INT:
        break;
    }
    return read_int(value, field, err);
}

static int read_object(struct arena *arena, const struct jval *object, const char *outer,
                       struct body_field *fields, size_t n, struct err *err)
{
    if (!jval_is_object(object))
        return err_set(err, ERR_USAGE, "expected a JSON object%s%s", outer ? " as member " : "",
                       outer ? outer : "");
    for (size_t i = 0; i < n; i++)
        if (read_field(arena, object, &fields[i], err) < 0)
            return -1;
    return 0;
}

int body_read(struct arena *arena, const char *bytes, size_t len, const char *outer,
              struct body_field *fields, size_t n, struct err *err)
{
    struct jdoc *doc;
    int rc;

    if (len == 0)
        return err_set(err, ERR_USAGE, "expected a JSON object as the request's body");
    if (memchr(bytes, '\0', len) || !str_utf8_valid(bytes, len))
        return err_set(err, ERR_USAGE, "the body is not UTF-8");
    if (is_too_deep(bytes, len))
        return err_set(err, ERR_USAGE, "the body is nested deeper than %d", BODY_MAX_DEPTH);
    if (jdoc_parse(arena_strndup(arena, bytes, len), len, &doc, err) < 0) {
        err->code = ERR_USAGE;
        return -1;
    }
    rc = read_object(arena, outer ? jval_get(jdoc_root(doc), outer) : jdoc_root(doc), outer, fields,
                     n, err);
    jdoc_free(&doc);
    return rc;
}
