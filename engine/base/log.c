/* SPDX-License-Identifier: MIT */
/* log.c - formats and filters log lines; see log.h for the form. */
#include "base/log.h"
#include "base/clock.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_COMPONENTS = 16, MAX_LINE_BYTES = 8192, QUOTE_BYTES = 512 };

static const char *const level_names[] = {"trace", "debug", "info", "warn", "error"};

struct levels {
    enum log_level standard;
    size_t n;
    struct {
        char comp[24];
        enum log_level level;
    } each[MAX_COMPONENTS];
};

/* Logging is process-wide by nature: the one place with file-scope state. */
static struct levels levels = {.standard = LOG_INFO};
static log_sink_fn *sink_fn;
static void *sink_ctx;

static int parse_level(const char *word, enum log_level *out, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++)
        if (str_eq(word, level_names[i])) {
            *out = (enum log_level)i;
            return 0;
        }
    return err_set(err, ERR_CONFIG, "\"%s\": expected trace, debug, info, warn or error", word);
}

static int parse_item(struct levels *parsed, char *item, struct err *err)
{
    char *level = strchr(item, '=');

    if (!level)
        return parse_level(item, &parsed->standard, err);
    *level++ = '\0';
    if (parsed->n == MAX_COMPONENTS)
        return err_set(err, ERR_CONFIG, "more than %d components", MAX_COMPONENTS);
    snprintf(parsed->each[parsed->n].comp, sizeof(parsed->each[0].comp), "%s", str_trim(item));
    return parse_level(str_trim(level), &parsed->each[parsed->n++].level, err);
}

static int parse_levels(const char *spec, struct levels *parsed, struct err *err)
{
    char *copy = mem_strdup(spec);
    char *rest = copy;
    char *item;
    int rc = 0;

    *parsed = (struct levels){.standard = LOG_INFO};
    while (rc == 0 && (item = str_next(&rest, ',')))
        rc = parse_item(parsed, item, err);
    mem_free(copy);
    return rc;
}

int log_set_levels(const char *spec, struct err *err)
{
    struct levels parsed;

    if (parse_levels(spec, &parsed, err) < 0)
        return -1;
    levels = parsed;
    return 0;
}

int log_check_levels(const char *spec, struct err *err)
{
    struct levels parsed;

    return parse_levels(spec, &parsed, err);
}

bool log_enabled(enum log_level level, const char *comp)
{
    for (size_t i = 0; i < levels.n; i++)
        if (strcmp(levels.each[i].comp, comp) == 0)
            return level >= levels.each[i].level;
    return level >= levels.standard;
}

void log_set_sink(log_sink_fn *sink, void *ctx)
{
    sink_fn = sink;
    sink_ctx = ctx;
}

/* Whatever a value holds, an event stays one line. */
static void flatten(char *line)
{
    for (; *line; line++)
        if ((unsigned char)*line < 0x20)
            *line = ' ';
}

static void emit(enum log_level level, char *line)
{
    size_t len = strlen(line);
    ssize_t ignored;

    if (sink_fn) {
        sink_fn(level, line, sink_ctx);
        return;
    }
    line[len++] = '\n';
    /* One write per line, so that lines of several processes do not mix. */
    ignored = write(STDERR_FILENO, line, len);
    (void)ignored;
}

void log_write(enum log_level level, const char *comp, const char *msg, const char *fmt, ...)
{
    char line[MAX_LINE_BYTES + 1]; /* and the newline */
    char ts[CLOCK_RFC3339_BYTES];
    size_t used;
    va_list args;

    clock_format_utc_ms(clock_wall_ms(), ts);
    snprintf(line, MAX_LINE_BYTES, "ts=%s level=%s comp=%s msg=%s%s", ts, level_names[level], comp,
             log_quote(msg), *fmt ? " " : "");
    used = strlen(line);
    va_start(args, fmt);
    if (vsnprintf(line + used, MAX_LINE_BYTES - used, fmt, args) >= (int)(MAX_LINE_BYTES - used))
        memcpy(line + MAX_LINE_BYTES - sizeof("..."), "...", sizeof("..."));
    va_end(args);
    flatten(line);
    emit(level, line);
}

const char *log_quote(const char *s)
{
    static char quoted[4][QUOTE_BYTES];
    static unsigned turn;
    char *out = quoted[turn++ % 4];
    size_t n = 0;

    out[n++] = '"';
    /* Not cut within a character. */
    for (; s && *s && (n < QUOTE_BYTES - 8 || ((*s & 0xc0) == 0x80 && n < QUOTE_BYTES - 5)); s++) {
        if (*s == '"' || *s == '\\')
            out[n++] = '\\';
        if (*s == '\n') {
            out[n++] = '\\';
            out[n++] = 'n';
        } else {
            out[n++] = (unsigned char)*s < 0x20 ? ' ' : *s;
        }
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}
