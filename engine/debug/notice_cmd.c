/* SPDX-License-Identifier: MIT */
/* notice_cmd.c - the command notice: list, add, edit, remove. */
#include "debug/people.h"
#include "debug/people_priv.h"

enum { TITLE_MAX_BYTES = 500, CONTENT_MAX_BYTES = 32 << 10 };

static const char *const keys[] = {"title", "category", "content", NULL};

static void on_notices(const struct store_notice *notices, int n, bool has_more,
                       const struct err *err, void *ctx)
{
    struct desk *desk = ctx;
    struct buf *out = &desk->out;

    for (int i = 0; i < n; i++) {
        const struct store_notice *notice = &notices[i];

        if (desk->json) {
            buf_addf(out, "%s{\"id\":%lld", i ? ",\n" : "\n", (long long)notice->id);
            desk_json_text(out, "title", notice->title);
            desk_json_text(out, "category", notice->category);
            desk_json_text(out, "content", notice->content);
            desk_json_time(out, "created_at", notice->created_at_ms);
            buf_addc(out, '}');
            continue;
        }
        buf_addf(out, "%6lld  ", (long long)notice->id);
        desk_add_time(desk, notice->created_at_ms);
        buf_addf(out, "  [%s] %s\n        %s\n", notice->category, notice->title, notice->content);
    }
    if (has_more && !desk->json)
        buf_addf(out, "(the newest %d)\n", n);
    desk_answered(desk, err);
}

static int list(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    (void)words;
    (void)n;
    if (desk->json)
        buf_adds(&desk->out, "{\"notices\":[");
    store_notices(desk->ask.store, on_notices, desk);
    if (desk_wait(desk, err) < 0)
        return -1;
    if (desk->json)
        buf_adds(&desk->out, "]}\n");
    return 0;
}

static int check_texts(const struct store_notice *notice, struct err *err)
{
    if ((notice->title && desk_check_text("title", notice->title, TITLE_MAX_BYTES, err) < 0) ||
        (notice->category &&
         desk_check_text("category", notice->category, TITLE_MAX_BYTES, err) < 0) ||
        (notice->content &&
         desk_check_text("content", notice->content, CONTENT_MAX_BYTES, err) < 0))
        return -1;
    return 0;
}

static int say_id(struct desk *desk, const char *what)
{
    if (desk->json)
        buf_addf(&desk->out, "{\"%s\":%lld}\n", what, (long long)desk->id);
    else
        buf_addf(&desk->out, "%s: notice %lld\n", what, (long long)desk->id);
    return 0;
}

static int unknown(const char *word, struct err *err)
{
    return err_set(err, ERR_USAGE, "\"%s\": expected the id of a notice", word);
}

static int take_pairs(const char *const *words, size_t n, struct store_notice *notice,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const char *value;
        int which;

        if (desk_pair(words[i], keys, &which, &value, err) < 0)
            return -1;
        if (which == 0)
            notice->title = value;
        else if (which == 1)
            notice->category = value;
        else
            notice->content = value;
    }
    return check_texts(notice, err);
}

static int add(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    struct store_notice notice = {.category = "일반", .created_at_ms = clock_wall_ms()};

    if (take_pairs(words, n, &notice, err) < 0)
        return -1;
    if (!notice.title || !notice.content)
        return err_set(err, ERR_USAGE, "notice add: expected title= and content=");
    store_notice_add(desk->ask.store, &notice, desk_on_id, desk);
    return desk_wait(desk, err) < 0 ? -1 : say_id(desk, "added");
}

static int edit(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    struct store_notice notice = {0};

    if (desk_id_of(words[0], &notice.id, err) < 0 || take_pairs(words + 1, n - 1, &notice, err) < 0)
        return -1;
    store_notice_edit(desk->ask.store, &notice, desk_on_id, desk);
    if (desk_wait(desk, err) < 0)
        return -1;
    return desk->id ? say_id(desk, "edited") : unknown(words[0], err);
}

static int remove_notice(struct desk *desk, const char *const *words, size_t n, struct err *err)
{
    int64_t id;

    (void)n;
    if (desk_id_of(words[0], &id, err) < 0)
        return -1;
    store_notice_remove(desk->ask.store, id, desk_on_id, desk);
    if (desk_wait(desk, err) < 0)
        return -1;
    return desk->id ? say_id(desk, "removed") : unknown(words[0], err);
}

int notice_cmd_run(const struct config *config, const char *const *words, size_t n, bool json)
{
    static const struct desk_verb verbs[] = {
        {"list", "list", 0, 0, list},
        {"add", "add title=TEXT content=TEXT [category=TEXT]", 2, 3, add},
        {"edit", "edit ID [title=TEXT] [content=TEXT] [category=TEXT]", 2, 4, edit},
        {"remove", "remove ID", 1, 1, remove_notice},
    };

    return desk_run(config, "notice", verbs, ARRAY_LEN(verbs), words, n, json);
}
