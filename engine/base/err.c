/* SPDX-License-Identifier: MIT */
/* err.c - error texts and the closed list of reasons (err.def). */
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct err_row {
    const char *reason;
    const char *prose;
    int exit_code;
} rows[] = {
#define ERR(code, reason, exit_code, prose) {reason, prose, exit_code},
#include "base/err.def"
#undef ERR
};

PRINTF_LIKE(2, 0)
static void set_text(struct err *err, const char *fmt, va_list args)
{
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    err->text[str_cut_utf8(err->text, sizeof(err->text) - 1)] = '\0';
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list args;

    err->code = code;
    va_start(args, fmt);
    set_text(err, fmt, args);
    va_end(args);
    return -1;
}

/* Append as much of `tail` as fits. */
static void add_cut(struct err *err, const char *tail)
{
    size_t used = strlen(err->text);
    size_t room = sizeof(err->text) - used - 1;
    size_t len = str_cut_utf8(tail, room);

    memcpy(err->text + used, tail, len);
    err->text[used + len] = '\0';
}

int err_prefix(struct err *err, const char *fmt, ...)
{
    char inner[sizeof(err->text)];
    va_list args;

    memcpy(inner, err->text, sizeof(inner));
    va_start(args, fmt);
    set_text(err, fmt, args);
    va_end(args);
    add_cut(err, ": ");
    add_cut(err, inner);
    return -1;
}

static enum err_code code_of_errno(int saved, enum err_code otherwise)
{
    if (saved == EMFILE || saved == ENFILE)
        return ERR_FDS;
    if (saved == ENOSPC || saved == EDQUOT)
        return ERR_DISK;
    if (saved == EAGAIN && otherwise == ERR_LAUNCH)
        return ERR_PIDS;
    return otherwise;
}

int err_sys(struct err *err, enum err_code code, const char *fmt, ...)
{
    int saved = errno;
    va_list args;

    err->code = code_of_errno(saved, code);
    va_start(args, fmt);
    set_text(err, fmt, args);
    va_end(args);
    add_cut(err, ": ");
    add_cut(err, strerror(saved));
    return -1;
}

void err_clear(struct err *err)
{
    err->code = ERR_OK;
    err->text[0] = '\0';
}

static const struct err_row *row_of(enum err_code code)
{
    check((size_t)code < ARRAY_LEN(rows));
    return &rows[code];
}

const char *err_reason(enum err_code code)
{
    return row_of(code)->reason;
}

const char *err_prose(enum err_code code)
{
    return row_of(code)->prose;
}

int err_exit_code(enum err_code code)
{
    return row_of(code)->exit_code;
}

int err_code_from_reason(const char *reason)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].reason, reason) == 0)
            return (int)i;
    return -1;
}
