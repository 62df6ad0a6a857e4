/* SPDX-License-Identifier: MIT */
/* fuzz_base_config.c - INI written out again says the same; settings keep their range. */
#include "fuzz.h"
#include "base/config.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static void on_problem(const char *message, void *ctx)
{
    check(*message);
    ++*(int *)ctx;
}

static void check_rewritten(const struct ini *ini)
{
    struct buf text;
    struct ini again;
    struct err err;

    buf_init(&text, BUF_MAX_DEFAULT);
    buf_addc(&text, '\n');
    for (size_t i = 0; i < ini->n; i++) {
        const struct ini_entry *e = &ini->entries[i];

        check(e->line >= 1 && (i == 0 || e->line > ini->entries[i - 1].line));
        if (e->key)
            buf_addf(&text, "\t%s =\"%s\"\r\n", e->key, e->value);
        else
            buf_addf(&text, "[ %s ]\n\n; comment\n", e->section);
    }
    check(ini_read_text(&again, "again", buf_str(&text), NULL, NULL, &err) == 0);
    check(ini->n == again.n);
    for (size_t i = 0; i < ini->n; i++) {
        check(str_eq(ini->entries[i].section, again.entries[i].section));
        check(str_eq(ini->entries[i].key, again.entries[i].key));
        check(str_eq(ini->entries[i].value, again.entries[i].value));
    }
    ini_fini(&again);
    buf_fini(&text);
}

#define CHECK_NUMBER(value, min, max, parse)                                               \
    check(parse(min, &low, &err) == 0 && parse(max, &high, &err) == 0 && (value) >= low && \
          (value) <= high);

static void check_config(const struct config *config)
{
    int64_t low, high;
    struct err err;

#define CONFIG_STR(key, def, reload, prose) check(config->key);
#define CONFIG_INT(key, def, min, max, reload, prose) \
    check(config->key >= atoll(min) && config->key <= atoll(max));
#define CONFIG_MS(key, def, min, max, ...) CHECK_NUMBER(config->key, min, max, str_to_duration_ms)
#define CONFIG_BYTES(key, def, min, max, ...) CHECK_NUMBER(config->key, min, max, str_to_bytes)
#include "base/config.def"
    for (size_t i = 0; i < config->n_origins; i++) {
        const struct config_origin *o = &config->origins[i];

        check(str_starts(o->origin, "http") && !str_ends(o->origin, "/"));
        check(str_eq(config_origin_of(config, o->site), o->origin));
    }
}

/* The first line is given as --set as well. */
static void check_loading(const char *path, const char *const *set)
{
    struct config config;
    struct err err;
    int problems = 0;
    int rc = config_load(&config, path, set, 1, on_problem, &problems, &err);

    check((rc == 0) == (problems == 0) && (rc == 0 || *err.text));
    if (rc == 0)
        check_config(&config);
    config_fini(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    char *set = mem_strndup(text, strcspn(text, "\n"));
    struct ini ini;
    struct err err;
    int problems = 0;

    if (ini_read_text(&ini, "fuzz.conf", text, on_problem, &problems, &err) == 0)
        check_rewritten(&ini);
    else
        check(problems > 0 && str_starts(err.text, "fuzz.conf:"));
    ini_fini(&ini);
    check_loading(fuzz_file(data, size), (const char *[]){set});
    mem_free(set);
    mem_free(text);
    return 0;
}
