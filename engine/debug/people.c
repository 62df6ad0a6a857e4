/* SPDX-License-Identifier: MIT */
/* people.c - verbs, words and answers of the commands user, keyword, notice. */
#include "debug/people.h"
#include "base/str.h"
#include "db/fold.h"
#include "debug/people_priv.h"

#include <stdio.h>
#include <string.h>

/* ---- asking ---------------------------------------------------------------------------------- */

void desk_answered(struct desk *desk, const struct err *err)
{
    if (err)
        desk->ask.err = *err;
    loop_stop(desk->ask.loop);
}

void desk_on_id(int64_t id, const struct err *err, void *ctx)
{
    struct desk *desk = ctx;

    desk->id = id;
    desk_answered(desk, err);
}

int desk_wait(struct desk *desk, struct err *err)
{
    loop_run(desk->ask.loop);
    if (desk->ask.err.code == ERR_OK)
        return 0;
    *err = desk->ask.err;
    return -1;
}

static void on_found(const struct store_account *accounts, int n, const struct err *err, void *ctx)
{
    struct desk *desk = ctx;
    struct arena *arena = &desk->ask.arena;
    struct store_account *one;

    desk->ask.rows = NULL;
    if (n) {
        one = arena_new(arena, struct store_account);
        *one = accounts[0];
        one->player = arena_strdup(arena, one->player);
        one->zone = arena_strdup(arena, one->zone);
        one->hours = arena_strdup(arena, one->hours);
        one->way = arena_strdup(arena, one->way);
        desk->ask.rows = one;
    }
    desk_answered(desk, err);
}

int desk_find_user(struct desk *desk, const char *word, struct store_account *out, struct err *err)
{
    int64_t id = 0;
    struct err ignored;
    bool is_id = str_to_int(word, 1, INT64_MAX, &id, &ignored) == 0;

    store_account_find(desk->ask.store, id, is_id ? NULL : word, on_found, desk);
    if (desk_wait(desk, err) < 0)
        return -1;
    if (!desk->ask.rows)
        return err_set(err, ERR_USAGE,
                       "\"%s\": expected a user: an id, or a player id that is known", word);
    *out = *(struct store_account *)desk->ask.rows;
    return 0;
}

/* ---- words ----------------------------------------------------------------------------------- */

int desk_id_of(const char *word, int64_t *out, struct err *err)
{
    struct err ignored;

    if (str_to_int(word, 1, INT64_MAX, out, &ignored) < 0)
        return err_set(err, ERR_USAGE, "\"%s\": expected an id", word);
    return 0;
}

int desk_pair(const char *word, const char *const *keys, int *which, const char **value,
              struct err *err)
{
    const char *equals = strchr(word, '=');
    struct buf known;

    for (int i = 0; equals && keys[i]; i++)
        if (strlen(keys[i]) == (size_t)(equals - word) &&
            strncmp(keys[i], word, (size_t)(equals - word)) == 0) {
            *which = i;
            *value = equals + 1;
            return 0;
        }
    buf_init(&known, BUF_MAX_DEFAULT);
    for (int i = 0; keys[i]; i++)
        buf_addf(&known, "%s%s=", i ? ", " : "", keys[i]);
    err_set(err, ERR_USAGE, "\"%s\": expected %s", word, buf_str(&known));
    buf_fini(&known);
    return -1;
}

/* Blanks alone: a keyword of them would find nothing. */
static bool is_blank(const char *text)
{
    struct arena arena;
    bool is_blank;

    arena_init(&arena);
    is_blank = !*fold_text(&arena, text);
    arena_fini(&arena);
    return is_blank;
}

int desk_check_text(const char *what, const char *text, size_t most_bytes, struct err *err)
{
    size_t len = strlen(text);

    if (len > most_bytes || !str_utf8_valid(text, len) || is_blank(text))
        return err_set(err, ERR_USAGE, "%s: expected text of 1 to %zu bytes", what, most_bytes);
    return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

void desk_add_time(struct desk *desk, int64_t at_ms)
{
    char text[CLOCK_RFC3339_BYTES] = "-";

    if (at_ms != CLOCK_NONE)
        clock_format_local(desk->zone, at_ms, text);
    buf_adds(&desk->out, text);
}

void desk_json_text(struct buf *out, const char *name, const char *text)
{
    buf_addf(out, ",\"%s\":", name);
    buf_add_json(out, text);
}

void desk_json_time(struct buf *out, const char *name, int64_t at_ms)
{
    char text[CLOCK_RFC3339_BYTES];

    clock_format_utc_ms(at_ms, text);
    desk_json_text(out, name, text);
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static int wrong_verb(const char *command, const struct desk_verb *verbs, size_t n_verbs,
                      const char *word, struct err *err)
{
    struct buf known;

    buf_init(&known, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < n_verbs; i++)
        buf_addf(&known, "%s%s", i ? ", " : "", verbs[i].name);
    err_set(err, ERR_USAGE, "%s%s%s%s: expected %s", command, word ? " \"" : "", word ? word : "",
            word ? "\"" : "", buf_str(&known));
    buf_fini(&known);
    return -1;
}

static int run_verb(struct desk *desk, const char *command, const struct desk_verb *verbs,
                    size_t n_verbs, const char *const *words, size_t n, struct err *err)
{
    for (size_t i = 0; n && i < n_verbs; i++) {
        if (!str_eq(verbs[i].name, words[0]))
            continue;
        if (n - 1 < verbs[i].least || n - 1 > verbs[i].most)
            return err_set(err, ERR_USAGE, "expected: %s %s", command, verbs[i].usage);
        return verbs[i].fn(desk, words + 1, n - 1, err);
    }
    return wrong_verb(command, verbs, n_verbs, n ? words[0] : NULL, err);
}

int desk_run(const struct config *config, const char *command, const struct desk_verb *verbs,
             size_t n_verbs, const char *const *words, size_t n, bool json)
{
    struct desk desk = {.json = json};
    struct err err;
    int rc;

    buf_init(&desk.out, BUF_MAX_DEFAULT);
    rc = ask_init(&desk.ask, config, false, &err);
    if (rc == 0 && clock_zone_new(config->timezone, &desk.zone, &err) < 0)
        rc = err_prefix(&err, "timezone");
    if (rc == 0)
        rc = run_verb(&desk, command, verbs, n_verbs, words, n, &err);
    if (rc == 0)
        fputs(buf_str(&desk.out), stdout);
    else
        fprintf(stderr, "catchdeal-engine: %s\n", err.text);
    buf_fini(&desk.out);
    clock_zone_free(&desk.zone);
    ask_fini(&desk.ask);
    return rc == 0 ? 0 : err_exit_code(err.code);
}
