/* SPDX-License-Identifier: MIT */
/* config.c - loads the settings: one row per key of config.def, one setter for every source.
 */
#include "base/config.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENV_PREFIX "CATCHDEAL_"
#define ENV_PATH "CATCHDEAL_CONFIG"
#define ORIGIN_PREFIX "origin."

enum { WRAP_COLUMNS = 98 };

extern char **environ;

enum kind { KIND_STR, KIND_INT, KIND_BOOL, KIND_MS, KIND_BYTES };
enum reload { RESTART, RELOAD };

struct row {
    const char *key;
    enum kind kind;
    size_t offset;
    const char *def;
    const char *min, *max; /* NULL but for numbers */
    enum reload reload;
    const char *prose;
    const char *group; /* set: a heading stands here, all else is empty */
};

static const struct row rows[] = {
#define CONFIG_GROUP(title) {.group = title},
#define CONFIG_STR(key, def, reload, prose) \
    {#key, KIND_STR, offsetof(struct config, key), def, NULL, NULL, reload, prose, NULL},
#define CONFIG_INT(key, def, min, max, reload, prose) \
    {#key, KIND_INT, offsetof(struct config, key), def, min, max, reload, prose, NULL},
#define CONFIG_BOOL(key, def, reload, prose) \
    {#key, KIND_BOOL, offsetof(struct config, key), def, NULL, NULL, reload, prose, NULL},
#define CONFIG_MS(key, def, min, max, reload, prose) \
    {#key, KIND_MS, offsetof(struct config, key), def, min, max, reload, prose, NULL},
#define CONFIG_BYTES(key, def, min, max, reload, prose) \
    {#key, KIND_BYTES, offsetof(struct config, key), def, min, max, reload, prose, NULL},
#include "base/config.def"
};

struct loader {
    struct config *config;
    ini_error_fn *on_error;
    void *ctx;
    struct err *err;
    bool failed;
    int seen_line[ARRAY_LEN(rows)]; /* of the file, to tell a key that is set twice */
};

static void report(struct loader *l, const struct err *problem)
{
    if (l->on_error)
        l->on_error(problem->text, l->ctx);
    if (!l->failed)
        *l->err = *problem;
    l->failed = true;
}

/* ---- values ---------------------------------------------------------------------------------- */

static int check_database(const char *value, struct err *err)
{
    bool sqlite = str_starts(value, "sqlite:") && value[strlen("sqlite:")];

    if (sqlite || str_starts(value, "postgresql://") || str_starts(value, "postgres://"))
        return 0;
    /* The value may hold a password: it is not repeated. */
    return err_set(err, ERR_CONFIG, "expected sqlite:PATH or postgresql://user@host/name");
}

static int check_log(const char *value, struct err *err)
{
    return *value ? log_check_levels(value, err) : 0; /* empty: each program chooses */
}

static int check_zone(const char *value, struct err *err)
{
    struct clock_zone *zone;
    int rc = clock_zone_new(value, &zone, err);

    clock_zone_free(&zone);
    return rc;
}

static int check_rung(const char *value, struct err *err)
{
    static const char *const words[] = {"auto", "cgroup-v2", "cgroup-v1", "sampled-pss", "none"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(value, words[i]))
            return 0;
    return err_set(err, ERR_CONFIG,
                   "\"%s\": expected auto, cgroup-v2, cgroup-v1, sampled-pss or none", value);
}

/* Only the form is looked at; whether the address can be taken is seen when it is. */
static int check_listen(const char *value, struct err *err)
{
    const char *colon = strrchr(value, ':');
    int64_t port;
    struct err ignored;

    if (!*value)
        return 0;
    if (colon && colon > value && str_to_int(colon + 1, 0, 65535, &port, &ignored) == 0)
        return 0;
    return err_set(err, ERR_CONFIG, "\"%s\": expected ADDRESS:PORT, like 127.0.0.1:8080", value);
}

static int check_transport(const char *value, struct err *err)
{
    if (str_eq(value, "websocket") || str_eq(value, "pipe"))
        return 0;
    return err_set(err, ERR_CONFIG, "\"%s\": expected websocket or pipe", value);
}

/* Text that has a form of its own is checked where its source is still known. */
static const struct {
    const char *key;
    int (*fn)(const char *value, struct err *err);
} text_checks[] = {
    {"database", check_database},       {"log", check_log},
    {"engine_listen", check_listen},    {"api_listen", check_listen},
    {"api_admin_listen", check_listen}, {"api_timezone", check_zone},
    {"memory_cap_rung", check_rung},    {"chrome_transport", check_transport},
};

static int set_text(char **at, const struct row *row, const char *value, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(text_checks); i++)
        if (str_eq(text_checks[i].key, row->key) && text_checks[i].fn(value, err) < 0)
            return -1;
    mem_free(*at);
    *at = mem_strdup(value);
    return 0;
}

typedef int number_parser(const char *s, int64_t *out, struct err *err);

static int any_int(const char *s, int64_t *out, struct err *err)
{
    return str_to_int(s, INT64_MIN, INT64_MAX, out, err);
}

static int set_number(int64_t *at, const struct row *row, const char *value, number_parser *parse,
                      const char *noun, struct err *err)
{
    int64_t min, max, number;

    check(parse(row->min, &min, err) == 0 && parse(row->max, &max, err) == 0);
    if (parse(value, &number, err) < 0)
        return -1;
    if (number < min || number > max)
        return err_set(err, ERR_CONFIG, "\"%s\": expected a %s from %s to %s", value, noun,
                       row->min, row->max);
    *at = number;
    return 0;
}

static int set_value(struct config *config, const struct row *row, const char *value,
                     struct err *err)
{
    void *at = (char *)config + row->offset;

    switch (row->kind) {
    case KIND_STR:
        return set_text(at, row, value, err);
    case KIND_BOOL:
        return str_to_bool(value, at, err);
    case KIND_INT:
        return set_number(at, row, value, any_int, "number", err);
    case KIND_MS:
        return set_number(at, row, value, str_to_duration_ms, "time", err);
    case KIND_BYTES:
        return set_number(at, row, value, str_to_bytes, "size", err);
    }
    check(false);
    return -1;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const struct row *find_row(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!rows[i].group && str_eq(rows[i].key, key))
            return &rows[i];
    return NULL;
}

static int unknown_key(const char *key, struct err *err)
{
    const char *keys[ARRAY_LEN(rows)];
    const char *near;
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!rows[i].group)
            keys[n++] = rows[i].key;
    near = str_nearest(key, keys, n);
    if (near)
        return err_set(err, ERR_CONFIG, "unknown key, did you mean %s?", near);
    return err_set(err, ERR_CONFIG, "unknown key (--help-config lists all)");
}

static bool is_site_name(const char *s)
{
    if (!*s)
        return false;
    for (; *s; s++)
        if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '-')
            return false;
    return true;
}

/* scheme://host[:port] and nothing more; the length without slashes at the end, or 0. */
static size_t origin_len(const char *url)
{
    size_t scheme = str_starts(url, "http://") ? 7 : str_starts(url, "https://") ? 8 : 0;
    size_t len = strlen(url);
    size_t host;

    while (len > scheme && url[len - 1] == '/')
        len--;
    if (!scheme || len == scheme)
        return 0;
    host = strcspn(url + scheme, "/?#@ \t\"<>\\");
    return scheme + host >= len ? len : 0;
}

static int set_origin(struct config *config, const char *site, const char *url, struct err *err)
{
    size_t len = origin_len(url);
    struct config_origin *origin = NULL;

    if (!is_site_name(site))
        return err_set(err, ERR_CONFIG, "expected a site's name (a-z, 0-9, -)");
    if (!len)
        return err_set(err, ERR_CONFIG,
                       "\"%s\": expected an origin like http://clien.localhost:8000", url);
    for (size_t i = 0; i < config->n_origins; i++)
        if (str_eq(config->origins[i].site, site))
            origin = &config->origins[i];
    if (!origin) {
        config->origins =
            mem_realloc(config->origins, (config->n_origins + 1) * sizeof(*config->origins));
        origin = &config->origins[config->n_origins++];
        *origin = (struct config_origin){.site = mem_strdup(site)};
    }
    mem_free(origin->origin);
    origin->origin = mem_strndup(url, len);
    return 0;
}

static int set_key(struct config *config, const char *key, const char *value, struct err *err)
{
    const struct row *row = find_row(key);

    if (str_starts(key, ORIGIN_PREFIX))
        return set_origin(config, key + strlen(ORIGIN_PREFIX), value, err);
    if (!row)
        return unknown_key(key, err);
    return set_value(config, row, value, err);
}

/* ---- sources --------------------------------------------------------------------------------- */

static void take_defaults(struct loader *l)
{
    struct err err;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!rows[i].group && set_value(l->config, &rows[i], rows[i].def, &err) < 0) {
            err_prefix(&err, "default of %s", rows[i].key);
            report(l, &err);
        }
}

static int check_once(struct loader *l, const struct ini_entry *e, struct err *err)
{
    const struct row *row = find_row(e->key);
    int *seen;

    if (!row)
        return 0;
    seen = &l->seen_line[row - rows];
    if (*seen)
        return err_set(err, ERR_CONFIG, "expected once, but line %d sets it, too", *seen);
    *seen = e->line;
    return 0;
}

static int take_plain_key(struct loader *l, const struct ini_entry *e, struct err *err)
{
    if (check_once(l, e, err) < 0)
        return -1;
    return set_key(l->config, e->key, e->value, err);
}

static int take_entry(struct loader *l, const struct ini_entry *e, struct err *err)
{
    bool in_origins = str_eq(e->section, "origins");
    int rc;

    if (!e->key && *e->section && !in_origins)
        return err_set(err, ERR_CONFIG, "[%s]: unknown section, expected none or [origins]",
                       e->section);
    if (!e->key || (*e->section && !in_origins))
        return 0;
    rc = in_origins ? set_origin(l->config, e->key, e->value, err) : take_plain_key(l, e, err);
    return rc < 0 ? err_prefix(err, "%s", e->key) : 0;
}

static void take_file(struct loader *l, const char *path)
{
    struct ini ini;
    struct err err;

    l->config->path = mem_strdup(path);
    if (ini_read_file(&ini, path, l->on_error, l->ctx, &err) < 0) {
        /* Broken lines were given to on_error by the reader; an unreadable file was not. */
        if (ini.path && l->on_error) {
            *l->err = l->failed ? *l->err : err;
            l->failed = true;
        } else {
            report(l, &err);
        }
    }
    for (size_t i = 0; i < ini.n; i++)
        if (take_entry(l, &ini.entries[i], &err) < 0) {
            err_prefix(&err, "%s:%d", path, ini.entries[i].line);
            report(l, &err);
        }
    ini_fini(&ini);
}

static void find_file(struct loader *l, const char *path)
{
    static const char *const usual[] = {"catchdeal.conf", "/etc/catchdeal/catchdeal.conf"};

    if (!path)
        path = getenv(ENV_PATH);
    for (size_t i = 0; !path && i < ARRAY_LEN(usual); i++)
        if (access(usual[i], F_OK) == 0)
            path = usual[i];
    if (path)
        take_file(l, path);
}

static void take_variable(struct loader *l, const char *variable)
{
    size_t len = strcspn(variable, "=");
    char *name = mem_strndup(variable, len);
    char *key = mem_strdup(name + strlen(ENV_PREFIX));
    struct err err;

    for (char *c = key; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (!str_eq(name, ENV_PATH) && variable[len] &&
        set_key(l->config, key, variable + len + 1, &err) < 0) {
        err_prefix(&err, "environment %s", name);
        report(l, &err);
    }
    mem_free(key);
    mem_free(name);
}

static void take_environment(struct loader *l)
{
    for (char **at = environ; at && *at; at++)
        if (str_starts(*at, ENV_PREFIX))
            take_variable(l, *at);
}

static void take_set(struct loader *l, const char *set)
{
    char *copy = mem_strdup(set);
    char *value = strchr(copy, '=');
    char *key;
    struct err err;
    int rc;

    if (value)
        *value++ = '\0';
    key = str_trim(copy);
    rc = value ? set_key(l->config, key, str_trim(value), &err)
               : err_set(&err, ERR_CONFIG, "expected key=value");
    if (rc < 0) {
        err_prefix(&err, "--set %s", key);
        report(l, &err);
    }
    mem_free(copy);
}

int config_load(struct config *config, const char *path, const char *const *sets, size_t n_sets,
                ini_error_fn *on_error, void *ctx, struct err *err)
{
    struct loader loader = {.config = config, .on_error = on_error, .ctx = ctx, .err = err};

    *config = (struct config){0};
    take_defaults(&loader);
    find_file(&loader, path);
    take_environment(&loader);
    for (size_t i = 0; i < n_sets; i++)
        take_set(&loader, sets[i]);
    return loader.failed ? -1 : 0;
}

void config_fini(struct config *config)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (!rows[i].group && rows[i].kind == KIND_STR)
            mem_free(*(char **)((char *)config + rows[i].offset));
    for (size_t i = 0; i < config->n_origins; i++) {
        mem_free(config->origins[i].site);
        mem_free(config->origins[i].origin);
    }
    mem_free(config->origins);
    mem_free(config->path);
    *config = (struct config){0};
}

/* ---- reload ---------------------------------------------------------------------------------- */

static size_t size_of(enum kind kind)
{
    if (kind == KIND_STR)
        return sizeof(char *);
    return kind == KIND_BOOL ? sizeof(bool) : sizeof(int64_t);
}

static void swap(void *a, void *b, size_t n)
{
    char kept[sizeof(int64_t)];

    check(n <= sizeof(kept));
    memcpy(kept, a, n);
    memcpy(a, b, n);
    memcpy(b, kept, n);
}

static bool is_same(const struct row *row, const void *a, const void *b)
{
    return row->kind == KIND_STR ? str_eq(*(char *const *)a, *(char *const *)b)
                                 : memcmp(a, b, size_of(row->kind)) == 0;
}

static bool are_same_origins(const struct config *a, const struct config *b)
{
    bool same = a->n_origins == b->n_origins;

    for (size_t i = 0; same && i < a->n_origins; i++)
        same = str_eq(a->origins[i].site, b->origins[i].site) &&
               str_eq(a->origins[i].origin, b->origins[i].origin);
    return same;
}

static void take_origins(struct config *config, struct config *fresh)
{
    struct config_origin *origins = config->origins;
    size_t n = config->n_origins;

    config->origins = fresh->origins;
    config->n_origins = fresh->n_origins;
    fresh->origins = origins;
    fresh->n_origins = n;
}

void config_take(struct config *config, struct config *fresh, config_key_fn *on_key, void *ctx)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        char *ours = (char *)config + row->offset;
        char *theirs = (char *)fresh + row->offset;

        if (row->group || is_same(row, ours, theirs))
            continue;
        if (row->reload == RELOAD)
            swap(ours, theirs, size_of(row->kind));
        on_key(row->key, row->reload == RELOAD, ctx);
    }
    if (!are_same_origins(config, fresh)) {
        take_origins(config, fresh);
        on_key("[origins]", true, ctx);
    }
}

const char *config_origin_of(const struct config *config, const char *site)
{
    for (size_t i = 0; i < config->n_origins; i++)
        if (str_eq(config->origins[i].site, site))
            return config->origins[i].origin;
    return NULL;
}

/* ---- --help-config --------------------------------------------------------------------------- */

static void add_comment(struct buf *out, const char *prose)
{
    size_t column = 0;

    while (*prose) {
        size_t word = strcspn(prose, " ");

        if (column && column + 1 + word > WRAP_COLUMNS) {
            buf_addc(out, '\n');
            column = 0;
        }
        buf_adds(out, column ? " " : "# ");
        column += word + (column ? 1 : 2);
        buf_add(out, prose, word);
        prose += word;
        prose += strspn(prose, " ");
    }
    buf_addc(out, '\n');
}

static void add_row(struct buf *out, const struct row *row)
{
    static const char *const nouns[] = {"text", "number", "yes or no", "time", "size"};
    static const char *const moments[] = {"needs a restart", "taken up by a reload"};

    buf_addc(out, '\n');
    add_comment(out, row->prose);
    buf_addf(out, "# (%s", nouns[row->kind]);
    if (row->min)
        buf_addf(out, " from %s to %s", row->min, row->max);
    buf_addf(out, "; %s)\n%s =%s%s\n", moments[row->reload], row->key, *row->def ? " " : "",
             row->def);
}

void config_help(struct buf *out)
{
    buf_adds(out,
             "# SPDX-License-Identifier: MIT\n"
             "# catchdeal.conf - every key with its default; each may be left out.\n"
             "#\n"
             "# Later wins: this file, environment CATCHDEAL_KEY, command line --set key=value.\n"
             "# Times are written 500ms, 2s, 5m, 1h or 30d; sizes 512K, 64M or 1G.\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].group)
            buf_addf(out, "\n# ---- %s ----\n", rows[i].group);
        else
            add_row(out, &rows[i]);
    buf_adds(out, "\n# A site can be fetched from another origin (a copy, a demo):\n"
                  "#     NAME = http://NAME.localhost:8000\n"
                  "[origins]\n");
}
