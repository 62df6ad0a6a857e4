/* SPDX-License-Identifier: MIT */
/* flags.c - reads chrome-flags.conf; see flags.h for its form. */
#include "chrome/flags.h"
#include "base/buf.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_FLAGS = 260,
    SPARE_FLAGS = 5, /* kept for flags_join(): as many as there are joined switches */
    FILE_MAX_BYTES = 1 << 20,
};

struct flag {
    char *name;  /* "--name" */
    char *value; /* NULL: none */
    int line;
};

struct flags {
    struct flag each[MAX_FLAGS];
    char *text[MAX_FLAGS]; /* as Chrome gets them */
    size_t n;
};

struct owned {
    const char *name;
    const char *instead;
};

static const struct owned owned[] = {
    {"--remote-debugging-port", "the engine chooses the port itself"},
    {"--remote-debugging-pipe", "the engine chooses the transport itself"},
    {"--remote-debugging-address", "DevTools is only for the engine, on loopback"},
    {"--remote-allow-origins", "it would open DevTools to web pages"},
    {"--user-data-dir", "set run_dir in catchdeal.conf, profiles are made in it"},
    {"--profile-directory", "every browser has a fresh profile"},
    {"--headless", "the engine chooses it by the program (chrome in catchdeal.conf)"},
    {"--no-sandbox", "set chrome_sandbox = no in catchdeal.conf"},
    {"--disable-setuid-sandbox", "set chrome_sandbox = no in catchdeal.conf"},
    {"--disable-namespace-sandbox", "set chrome_sandbox = no in catchdeal.conf"},
    {"--disable-seccomp-filter-sandbox", "set chrome_sandbox = no in catchdeal.conf"},
    {"--disable-gpu-sandbox", "set chrome_sandbox = no in catchdeal.conf"},
    {"--single-process", "it takes the sandbox away, and one page's crash would end all"},
    {"--no-zygote", "it only works without the sandbox"},
    {"--user-agent", "set user_agent_contact in catchdeal.conf"},
    {"--dump-dom", "it would end the browser"},
    {"--print-to-pdf", "it would end the browser"},
    {"--screenshot", "it would end the browser"},
};

struct joined {
    const char *name;
    const char *separator;
};

static const struct joined joined[] = {
    {"--disable-features", ","}, {"--enable-features", ","}, {"--host-resolver-rules", ","},
    {"--blink-settings", ","},   {"--js-flags", " "},
};

struct reader {
    const char *path;
    int line;
    bool has_reason; /* a comment stands above, with no empty line between */
    struct flags *flags;
};

static const char *instead_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        if (str_eq(owned[i].name, name))
            return owned[i].instead;
    return NULL;
}

static const char *separator_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(joined); i++)
        if (str_eq(joined[i].name, name))
            return joined[i].separator;
    return NULL;
}

static struct flag *find_flag(struct flags *flags, const char *name)
{
    for (size_t i = 0; i < flags->n; i++)
        if (str_eq(flags->each[i].name, name))
            return &flags->each[i];
    return NULL;
}

static int refuse(const struct reader *r, struct err *err, const char *what, const char *why)
{
    return err_set(err, ERR_CONFIG, "%s:%d: %s: %s", r->path, r->line, what, why);
}

/* Letters, digits and '-' up to the '=' or the end: a name with anything else would be another switch to us than to
 * Chrome, or none to it. */
static bool is_name(const char *text)
{
    size_t len = strcspn(text, "=");

    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i]))
            return false;
    return len > 0;
}

static int check_form(const struct reader *r, const char *text, struct err *err)
{
    const char *value = strchr(text, '=');

    if (!str_starts(text, "--") || strlen(text) < 3)
        return refuse(r, err, text, "expected a switch that begins with --");
    if (!is_name(text + 2))
        return refuse(r, err, text, "expected --name or --name=value, no blank before the =");
    if (value && (value[1] == '"' || value[1] == '\''))
        return refuse(r, err, text, "the line is passed as it stands: leave the quotes away");
    if (!r->has_reason)
        return refuse(
            r, err, text,
            "no reason: write a comment (# ...) on the line above that says why it is set");
    return 0;
}

static int join_flag(const struct reader *r, struct flag *first, const char *value, struct err *err)
{
    const char *separator = separator_of(first->name);
    char *both;

    if (!separator)
        return err_set(err, ERR_CONFIG, "%s:%d: %s: given twice, first in line %d", r->path,
                       r->line, first->name, first->line);
    both = mem_printf("%s%s%s", first->value, separator, value);
    mem_free(first->value);
    first->value = both;
    return 0;
}

static int add_flag(struct reader *r, char *text, struct err *err)
{
    char *value = strchr(text, '=');
    struct flag *first;

    if (value)
        *value++ = '\0';
    if (instead_of(text))
        return refuse(r, err, text, instead_of(text));
    if (separator_of(text) && str_empty(value))
        return refuse(r, err, text, "expected a value after =");
    first = find_flag(r->flags, text);
    if (first)
        return join_flag(r, first, value, err);
    if (r->flags->n == MAX_FLAGS - SPARE_FLAGS)
        return refuse(r, err, text, "more than 255 switches");
    r->flags->each[r->flags->n++] = (struct flag){mem_strdup(text), mem_strdup(value), r->line};
    return 0;
}

static int read_line(struct reader *r, char *line, struct err *err)
{
    char *text = str_trim(line);

    r->line++;
    if (*text == '\0') {
        r->has_reason = false;
        return 0;
    }
    if (*text == '#') {
        if (!str_empty(str_trim(text + 1)))
            r->has_reason = true;
        return 0;
    }
    if (check_form(r, text, err) < 0)
        return -1;
    return add_flag(r, text, err);
}

static int read_lines(struct reader *r, char *rest, struct err *err)
{
    while (rest && *rest) {
        char *end = strchr(rest, '\n');

        if (end)
            *end++ = '\0';
        if (read_line(r, rest, err) < 0)
            return -1;
        rest = end;
    }
    return 0;
}

static int read_file(const char *path, struct buf *out, struct err *err)
{
    FILE *file = fopen(path, "re");
    char piece[4096];
    size_t n;

    if (!file)
        return err_sys(err, ERR_CONFIG, "%s", path);
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        buf_add(out, piece, n);
    n = (size_t)ferror(file);
    fclose(file);
    if (n)
        return err_set(err, ERR_CONFIG, "%s: cannot be read", path);
    if (buf_overflowed(out))
        return err_set(err, ERR_CONFIG, "%s: over 1 MiB: no file of switches", path);
    if (strlen(buf_str(out)) < out->len)
        return err_set(err, ERR_CONFIG, "%s: expected a text file, found a NUL byte", path);
    return 0;
}

static void print_flags(struct flags *flags)
{
    for (size_t i = 0; i < flags->n; i++) {
        const struct flag *flag = &flags->each[i];

        mem_free(flags->text[i]);
        flags->text[i] =
            flag->value ? mem_printf("%s=%s", flag->name, flag->value) : mem_strdup(flag->name);
    }
}

int flags_load(const char *path, struct flags **out, struct err *err)
{
    struct flags *flags = mem_new(struct flags);
    struct reader reader = {.path = path, .flags = flags};
    struct buf text;
    int rc;

    buf_init(&text, FILE_MAX_BYTES);
    rc = read_file(path, &text, err);
    if (rc == 0 && text.len > 0)
        rc = read_lines(&reader, text.data, err);
    buf_fini(&text);
    if (rc < 0) {
        flags_free(&flags);
        return -1;
    }
    print_flags(flags);
    *out = flags;
    return 0;
}

void flags_join(struct flags *flags, const char *name, const char *value)
{
    struct flag *flag = find_flag(flags, name);
    char *whole;

    check(separator_of(name));
    if (!flag) {
        check(flags->n < MAX_FLAGS);
        flag = &flags->each[flags->n++];
        *flag = (struct flag){.name = mem_strdup(name)};
    }
    whole = flag->value ? mem_printf("%s%s%s", flag->value, separator_of(name), value)
                        : mem_strdup(value);
    mem_free(flag->value);
    flag->value = whole;
    print_flags(flags);
}

void flags_block_hosts(struct flags *flags, const char *const *hosts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *rule = mem_printf("MAP %s ~NOTFOUND", hosts[i]);

        flags_join(flags, "--host-resolver-rules", rule);
        mem_free(rule);
    }
}

void flags_free(struct flags **flags_ptr)
{
    struct flags *flags = *flags_ptr;

    *flags_ptr = NULL;
    if (!flags)
        return;
    for (size_t i = 0; i < flags->n; i++) {
        mem_free(flags->each[i].name);
        mem_free(flags->each[i].value);
        mem_free(flags->text[i]);
    }
    mem_free(flags);
}

size_t flags_count(const struct flags *flags)
{
    return flags->n;
}

const char *flags_at(const struct flags *flags, size_t i)
{
    check(i < flags->n);
    return flags->text[i];
}
