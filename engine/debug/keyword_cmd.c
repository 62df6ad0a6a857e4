/* SPDX-License-Identifier: MIT */
/* keyword_cmd.c - the command keyword: list, add, remove. */
#include "debug/people.h"
#include "debug/people_priv.h"

enum { KEYWORD_MAX_BYTES = 300, COUNTED = 10000 };

/* ---- list ------------------------------------------------------------------------------------ */

static void on_counts(const struct store_word_count *words, int n, const struct err *err, void *ctx)
{
    struct desk *desk = ctx;

    if (desk->json)
        buf_adds(&desk->out, "{\"keywords\":[");
    for (int i = 0; i < n; i++)
        if (desk->json) {
            buf_adds(&desk->out, i ? ",\n{\"keyword\":" : "\n{\"keyword\":");
            buf_add_json(&desk->out, words[i].title);
            buf_addf(&desk->out, ",\"users\":%lld}", (long long)words[i].users);
        } else {
            buf_addf(&desk->out, "%8lld  %s\n", (long long)words[i].users, words[i].title);
        }
    if (desk->json)
        buf_adds(&desk->out, "]}\n");
    else if (n == COUNTED)
        buf_addf(&desk->out, "(the %d that most users have)\n", n);
    desk_answered(desk, err);
}

static void on_settings(const struct store_settings *settings, const struct err *err, void *ctx)
{
    struct desk *desk = ctx;

    if (desk->json)
        buf_addf(&desk->out, "{\"user\":%lld,\"keywords\":[", (long long)settings->user_id);
    for (int i = 0; i < settings->n_keywords; i++)
        if (desk->json) {
            buf_adds(&desk->out, i ? "," : "");
            buf_add_json(&desk->out, settings->keywords[i]);
        } else {
            buf_addf(&desk->out, "%s\n", settings->keywords[i]);
        }
    if (desk->json)
        buf_adds(&desk->out, "]}\n");
    desk_answered(desk, err);
}

static struct store_who who_of(const struct store_account *account)
{
    return (struct store_who){.user_id = account->id, .version = account->version};
}

static int list(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    struct store_account account;
    struct store_who who;

    if (!n) {
        store_word_counts(desk->ask.store, COUNTED, on_counts, desk);
        return desk_wait(desk, err);
    }
    if (desk_find_user(desk, words[0], &account, err) < 0)
        return -1;
    who = who_of(&account);
    store_settings_get(desk->ask.store, &who, on_settings, desk);
    return desk_wait(desk, err);
}

/* ---- add, remove ----------------------------------------------------------------------------- */

static void on_edited(const struct store_edit_answer *answer, const struct err *err, void *ctx)
{
    static const char *const names[] = {
        [STORE_EDITED_ADDED] = "added",   [STORE_EDITED_REMOVED] = "removed",
        [STORE_EDITED_ALREADY] = "there", [STORE_EDITED_ABSENT] = "not there",
        [STORE_EDITED_FULL] = "full",     [STORE_EDITED_UNKNOWN] = "unknown",
    };
    struct desk *desk = ctx;

    desk->id = answer->is_known ? (int64_t)answer->done : -1;
    if (!err && desk->json)
        buf_addf(&desk->out, "{\"done\":\"%s\"}\n",
                 answer->is_known ? names[answer->done] : "gone");
    else if (!err && answer->is_known)
        buf_addf(&desk->out, "%s: %s\n", names[answer->done], answer->title);
    desk_answered(desk, err);
}

/* One of blanks may be there since they were taken: it can be removed. */
static int check_keyword(const char *keyword, enum store_edit what, struct err *err)
{
    return what == STORE_ADD ? desk_check_text("keyword", keyword, KEYWORD_MAX_BYTES, err) : 0;
}

static int edit(struct desk *desk, const char *const *words, enum store_edit what, struct err *err)
{
    struct store_account account;
    struct store_who who;

    if (check_keyword(words[1], what, err) < 0 || desk_find_user(desk, words[0], &account, err) < 0)
        return -1;
    who = who_of(&account);
    store_word_edit(desk->ask.store, &who, what, words[1], clock_wall_ms(), on_edited, desk);
    if (desk_wait(desk, err) < 0)
        return -1;
    if (desk->id == STORE_EDITED_FULL)
        return err_set(err, ERR_USAGE, "expected a user with less than %d keywords",
                       STORE_WORDS_MAX);
    if (desk->id < 0)
        return err_set(err, ERR_USAGE, "\"%s\": has just been removed, or revoked: try again",
                       words[0]);
    return 0;
}

static int add(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    (void)n;
    return edit(desk, words, STORE_ADD, err);
}

static int remove_word(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    (void)n;
    return edit(desk, words, STORE_REMOVE, err);
}

int keyword_cmd_run(const struct config *config, const char *const *words, size_t n, bool json)
{
    static const struct desk_verb verbs[] = {
        {"list", "list [USER]", 0, 1, list},
        {"add", "add USER KEYWORD", 2, 2, add},
        {"remove", "remove USER KEYWORD", 2, 2, remove_word},
    };

    return desk_run(config, "keyword", verbs, ARRAY_LEN(verbs), words, n, json);
}
