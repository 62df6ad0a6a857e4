/* SPDX-License-Identifier: MIT */
/* ini.c - the reader behind ini.h.
 *
 * The text is copied into one region and cut there; entries point into it.
 */
#include "base/ini.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 1 << 20, MAX_MESSAGE_BYTES = 700 };

struct reader {
    struct ini *ini;
    size_t cap;
    const char *section;
    int line;
    ini_error_fn *on_error;
    void *ctx;
    struct err *err;
    bool failed;
};

static void report(struct reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void report(struct reader *r, const char *fmt, ...)
{
    char what[MAX_MESSAGE_BYTES];
    struct err message;
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    err_set(&message, ERR_CONFIG, "%s:%d: %s", r->ini->path, r->line, what);
    if (r->on_error)
        r->on_error(message.text, r->ctx);
    if (!r->failed)
        *r->err = message;
    r->failed = true;
}

static void add_entry(struct reader *r, const char *key, const char *value)
{
    struct ini *ini = r->ini;

    if (ini->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 32;
        ini->entries = mem_realloc(ini->entries, r->cap * sizeof(*ini->entries));
    }
    ini->entries[ini->n++] =
        (struct ini_entry){.section = r->section, .key = key, .value = value, .line = r->line};
}

static void read_section(struct reader *r, char *text)
{
    char *close = strchr(text, ']');

    if (!close || close[1]) {
        report(r, "\"%s\": expected [section] and nothing after it", text);
        return;
    }
    *close = '\0';
    r->section = str_trim(text + 1);
    if (!*r->section)
        report(r, "[]: expected a section's name");
    add_entry(r, NULL, NULL);
}

/* "value" loses its quotes, which are there to keep blanks. */
static char *unquote(struct reader *r, const char *key, char *value)
{
    size_t len = strlen(value);

    if (*value != '"')
        return value;
    if (len < 2 || value[len - 1] != '"') {
        report(r, "%s: expected a double quote at the end, as there is one at the start", key);
        return value;
    }
    value[len - 1] = '\0';
    return value + 1;
}

static void read_pair(struct reader *r, char *text)
{
    char *equals = strchr(text, '=');
    char *key;

    if (!equals) {
        report(r, "\"%s\": expected key = value", text);
        return;
    }
    *equals = '\0';
    key = str_trim(text);
    if (!*key)
        report(r, "expected a key before \"=\"");
    else
        add_entry(r, key, unquote(r, key, str_trim(equals + 1)));
}

static void read_line(struct reader *r, char *text)
{
    r->line++;
    if (!str_utf8_valid(text, strlen(text))) {
        report(r, "expected UTF-8 text");
        return;
    }
    text = str_trim(text);
    if (!*text || *text == '#' || *text == ';')
        return;
    if (*text == '[')
        read_section(r, text);
    else
        read_pair(r, text);
}

static int read_bytes(struct ini *ini, const char *path, const char *bytes, size_t len,
                      ini_error_fn *on_error, void *ctx, struct err *err)
{
    struct reader reader = {
        .ini = ini, .section = "", .on_error = on_error, .ctx = ctx, .err = err};
    struct arena *arena = mem_new(struct arena);
    char *text;
    const char *end;

    *ini = (struct ini){.storage = arena};
    arena_init(arena);
    ini->path = arena_strdup(arena, path);
    text = arena_alloc(arena, len + 1);
    memcpy(text, bytes, len);
    end = text + len;
    if (str_starts(text, "\xef\xbb\xbf"))
        text += 3;
    while (text) {
        char *newline = memchr(text, '\n', (size_t)(end - text));

        if (newline)
            *newline = '\0';
        read_line(&reader, text);
        text = newline ? newline + 1 : NULL;
    }
    return reader.failed ? -1 : 0;
}

int ini_read_text(struct ini *ini, const char *path, const char *text, ini_error_fn *on_error,
                  void *ctx, struct err *err)
{
    return read_bytes(ini, path, text, strlen(text), on_error, ctx, err);
}

static int slurp(int fd, const char *path, struct buf *out, struct err *err)
{
    char piece[8192];
    ssize_t n;

    while ((n = read(fd, piece, sizeof(piece))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, ERR_CONFIG, "%s", path);
        buf_add(out, piece, (size_t)n);
        if (buf_overflowed(out))
            return err_set(err, ERR_CONFIG, "%s: larger than %d bytes", path, MAX_FILE_BYTES);
    }
    if (out->len && memchr(out->data, '\0', out->len))
        return err_set(err, ERR_CONFIG, "%s: expected a text file, found a NUL byte", path);
    return 0;
}

int ini_read_file(struct ini *ini, const char *path, ini_error_fn *on_error, void *ctx,
                  struct err *err)
{
    struct buf bytes;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    *ini = (struct ini){0};
    if (fd < 0)
        return err_sys(err, ERR_CONFIG, "%s", path);
    buf_init(&bytes, MAX_FILE_BYTES);
    rc = slurp(fd, path, &bytes, err);
    close(fd);
    if (rc == 0)
        rc = read_bytes(ini, path, buf_str(&bytes), bytes.len, on_error, ctx, err);
    buf_fini(&bytes);
    return rc;
}

void ini_fini(struct ini *ini)
{
    if (ini->storage)
        arena_fini(ini->storage);
    mem_free(ini->storage);
    mem_free(ini->entries);
    *ini = (struct ini){0};
}
