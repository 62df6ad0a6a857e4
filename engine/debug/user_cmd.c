/* SPDX-License-Identifier: MIT */
/* user_cmd.c - the command user: list, show, add, edit, remove, revoke. */
#include "base/str.h"
#include "debug/people.h"
#include "debug/people_priv.h"
#include "notify/hours.h"

enum { PLAYER_MAX_BYTES = 200 };

static const char *or_default(const char *text)
{
    return text ? text : "default";
}

/* ---- one user -------------------------------------------------------------------------------- */

static void add_json(struct buf *out, const struct store_account *a)
{
    buf_addf(out, "{\"id\":%lld", (long long)a->id);
    desk_json_text(out, "player", a->player);
    buf_addf(out, ",\"alarm\":%s,\"max_push\":%lld", a->alarm_status ? "true" : "false",
             (long long)a->max_push_count);
    desk_json_text(out, "zone", a->zone);
    desk_json_text(out, "hours", a->hours);
    desk_json_text(out, "way", a->way);
    desk_json_time(out, "created_at", a->created_at_ms);
    desk_json_time(out, "last_token_at", a->last_token_at_ms);
    buf_addf(out, ",\"keywords\":%lld,\"bookmarks\":%lld,\"told\":%lld,\"sessions\":%lld",
             (long long)a->n_keywords, (long long)a->n_marks, (long long)a->n_told,
             (long long)a->n_sessions);
}

static void add_text(struct desk *desk, const struct store_account *a)
{
    struct buf *out = &desk->out;

    buf_addf(out, "id          %lld\nplayer      %s\n", (long long)a->id, a->player);
    buf_addf(out, "alarm       %s, max_push %lld, hours %s, zone %s, way %s\n",
             a->alarm_status ? "on" : "off", (long long)a->max_push_count, or_default(a->hours),
             or_default(a->zone), or_default(a->way));
    buf_addf(out, "has         %lld keywords, %lld bookmarks, %lld told, %lld sessions\n",
             (long long)a->n_keywords, (long long)a->n_marks, (long long)a->n_told,
             (long long)a->n_sessions);
    buf_adds(out, "made        ");
    desk_add_time(desk, a->created_at_ms);
    buf_adds(out, "\nlast token  ");
    desk_add_time(desk, a->last_token_at_ms);
    buf_addc(out, '\n');
}

static void print_one(struct desk *desk, const struct store_account *a)
{
    if (!desk->json) {
        add_text(desk, a);
        return;
    }
    buf_adds(&desk->out, "{\"user\":");
    add_json(&desk->out, a);
    buf_adds(&desk->out, "}}\n");
}

static int show(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    struct store_account account;

    (void)n;
    if (desk_find_user(desk, words[0], &account, err) < 0)
        return -1;
    print_one(desk, &account);
    return 0;
}

/* ---- list ------------------------------------------------------------------------------------ */

static void on_accounts(const struct store_account *accounts, int n, const struct err *err,
                        void *ctx)
{
    struct desk *desk = ctx;

    for (int i = 0; i < n; i++) {
        const struct store_account *a = &accounts[i];

        if (desk->json) {
            buf_adds(&desk->out, i ? ",\n" : "\n");
            add_json(&desk->out, a);
            buf_addc(&desk->out, '}');
            continue;
        }
        buf_addf(&desk->out, "%8lld  %-36s  %-5s %4lld  %8lld  %9lld  %5lld  ", (long long)a->id,
                 a->player, a->alarm_status ? "on" : "off", (long long)a->max_push_count,
                 (long long)a->n_keywords, (long long)a->n_marks, (long long)a->n_told);
        desk_add_time(desk, a->last_token_at_ms);
        buf_addc(&desk->out, '\n');
    }
    desk->id = n == STORE_ACCOUNTS_MAX ? accounts[n - 1].id : 0;
    desk_answered(desk, err);
}

static int list(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    int64_t after_id = 0;

    if (n && desk_id_of(words[0], &after_id, err) < 0)
        return -1;
    if (desk->json)
        buf_adds(&desk->out, "{\"users\":[");
    else
        buf_addf(&desk->out, "%8s  %-36s  %-5s %4s  %8s  %9s  %5s  %s\n", "id", "player", "alarm",
                 "max", "keywords", "bookmarks", "told", "last token");
    store_accounts(desk->ask.store, after_id, STORE_ACCOUNTS_MAX, on_accounts, desk);
    if (desk_wait(desk, err) < 0)
        return -1;
    if (desk->json && desk->id)
        buf_addf(&desk->out, "],\"next\":%lld}\n", (long long)desk->id);
    else if (desk->json)
        buf_adds(&desk->out, "],\"next\":null}\n");
    else if (desk->id)
        buf_addf(&desk->out, "perhaps more: user list %lld\n", (long long)desk->id);
    return 0;
}

/* ---- add, edit, remove, revoke --------------------------------------------------------------- */

static void on_registered(const struct store_who *who, const struct err *err, void *ctx)
{
    desk_on_id(who->user_id, err, ctx);
}

static int add(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    struct err ignored;
    int64_t number;

    (void)n;
    if (desk_check_text("player", words[0], PLAYER_MAX_BYTES, err) < 0)
        return -1;
    for (const char *c = words[0]; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return err_set(err, ERR_USAGE, "player: expected no blanks");
    if (str_to_int(words[0], 1, INT64_MAX, &number, &ignored) == 0)
        return err_set(err, ERR_USAGE, "player: expected more than a number, which would be an id");
    store_user_register(desk->ask.store, words[0], clock_wall_ms(), on_registered, desk);
    return desk_wait(desk, err) < 0 ? -1 : show(desk, words, 1, err);
}

static int take_switch(const char *value, int64_t *out, struct err *err)
{
    bool is_on = str_eq(value, "on");

    if (!is_on && !str_eq(value, "off"))
        return err_set(err, ERR_USAGE, "alarm: \"%s\": expected on or off", value);
    *out = is_on;
    return 0;
}

static int take_zone(const char *value, const char **out, struct err *err)
{
    struct clock_zone *zone = NULL;

    if (*value && clock_zone_new(value, &zone, err) < 0) {
        err->code = ERR_USAGE;
        return err_prefix(err, "zone");
    }
    clock_zone_free(&zone);
    *out = value;
    return 0;
}

static int take_hours(const char *value, const char **out, struct err *err)
{
    struct hours hours;

    if (*value && hours_parse(value, &hours, err) < 0) {
        err->code = ERR_USAGE;
        return err_prefix(err, "hours");
    }
    *out = value;
    return 0;
}

static int take_way(const char *value, const char **out, struct err *err)
{
    if (*value && !str_eq(value, "digest") && !str_eq(value, "at-once"))
        return err_set(err, ERR_USAGE, "way: \"%s\": expected digest, at-once, or nothing", value);
    *out = value;
    return 0;
}

static int take_change(const char *word, struct store_account_edit *edit, struct err *err)
{
    static const char *const keys[] = {"alarm", "max_push", "zone", "hours", "way", NULL};
    const char *value;
    int which;

    if (desk_pair(word, keys, &which, &value, err) < 0)
        return -1;
    switch (which) {
    case 0:
        return take_switch(value, &edit->alarm_status, err);
    case 1:
        if (str_to_int(value, 0, INT32_MAX, &edit->max_push_count, err) == 0)
            return 0;
        err->code = ERR_USAGE;
        return err_prefix(err, "max_push");
    case 2:
        return take_zone(value, &edit->zone, err);
    case 3:
        return take_hours(value, &edit->hours, err);
    default:
        return take_way(value, &edit->way, err);
    }
}

static int edit(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    struct store_account_edit change = {
        .alarm_status = DEAL_UNKNOWN, .max_push_count = DEAL_UNKNOWN, .now_ms = clock_wall_ms()};
    struct store_account account;

    for (size_t i = 1; i < n; i++)
        if (take_change(words[i], &change, err) < 0)
            return -1;
    if (desk_find_user(desk, words[0], &account, err) < 0)
        return -1;
    change.id = account.id;
    store_account_edit(desk->ask.store, &change, desk_on_id, desk);
    return desk_wait(desk, err) < 0 ? -1 : show(desk, words, 1, err);
}

static void say_done(struct desk *desk, const char *what, const struct store_account *a)
{
    if (desk->json) {
        buf_addf(&desk->out, "{\"%s\":", what);
        add_json(&desk->out, a);
        buf_adds(&desk->out, "}}\n");
        return;
    }
    buf_addf(&desk->out,
             "%s: user %lld (%s), %lld keywords, %lld bookmarks, %lld told, %lld sessions\n", what,
             (long long)a->id, a->player, (long long)a->n_keywords, (long long)a->n_marks,
             (long long)a->n_told, (long long)a->n_sessions);
}

static int remove_user(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    struct store_account account;

    (void)n;
    if (desk_find_user(desk, words[0], &account, err) < 0)
        return -1;
    store_account_remove(desk->ask.store, account.id, desk_on_id, desk);
    if (desk_wait(desk, err) < 0)
        return -1;
    say_done(desk, "removed", &account);
    return 0;
}

static int revoke(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    struct store_account account;

    (void)n;
    if (desk_find_user(desk, words[0], &account, err) < 0)
        return -1;
    store_account_revoke(desk->ask.store, account.id, desk_on_id, desk);
    if (desk_wait(desk, err) < 0)
        return -1;
    say_done(desk, "revoked", &account);
    return 0;
}

int user_cmd_run(const struct config *config, const char *const *words, size_t n, bool json)
{
    static const struct desk_verb verbs[] = {
        {"list", "list [AFTER_ID]", 0, 1, list},
        {"show", "show USER", 1, 1, show},
        {"add", "add PLAYER", 1, 1, add},
        {"edit",
         "edit USER [alarm=on|off] [max_push=N] [zone=Z] [hours=10:00-23:00] [way=digest|at-once]",
         2, 6, edit},
        {"remove", "remove USER", 1, 1, remove_user},
        {"revoke", "revoke USER", 1, 1, revoke},
    };

    return desk_run(config, "user", verbs, ARRAY_LEN(verbs), words, n, json);
}
