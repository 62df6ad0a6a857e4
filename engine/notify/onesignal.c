/* SPDX-License-Identifier: MIT */
/* onesignal.c - pushes by OneSignal: the original's request, POST /api/v1/notifications, with an idempotency_key.
 *
 * The answer is 200 with the id of the notification, or with an empty id when nobody could be reached. `errors` is a
 * list of sentences, or an object that names invalid_player_ids; those come beside an id as well. For 30 days a request with a known
 * idempotency_key sends nothing and is answered as the first one was.
 */
#include "base/jdoc.h"
#include "base/str.h"
#include "notify/push_way.h"

#include <ctype.h>
#include <string.h>

enum { TEXT_MAX_BYTES = 300 };

/* Player ids are UUIDs. */
static bool takes(const char *player)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    const char *f = form;

    for (; *f && *player; f++, player++)
        if (*f == 'x' ? !isxdigit((unsigned char)*player) : *player != '-')
            return false;
    return !*f && !*player;
}

static void add_text(struct buf *body, const char *name, const char *text)
{
    buf_addf(body, ",\"%s\":{\"en\":", name);
    buf_add_json(body, text);
    buf_adds(body, ",\"ko\":");
    buf_add_json(body, text);
    buf_addc(body, '}');
}

static void post(const struct push_account *account, const struct push_message *message,
                 int64_t now_ms, struct arena *arena, struct push_post *out)
{
    /* Keys of the newer form have a scheme of their own. */
    const char *scheme = str_starts(account->key, "os_v2_") ? "Key" : "Basic";
    struct buf body;

    (void)now_ms;
    buf_init(&body, BUF_MAX_DEFAULT);
    buf_adds(&body, "{\"app_id\":");
    buf_add_json(&body, account->app_id);
    buf_adds(&body, ",\"idempotency_key\":");
    buf_add_json(&body, message->key);
    buf_adds(&body, ",\"include_player_ids\":");
    push_add_players(&body, message);
    add_text(&body, "headings", message->headings);
    add_text(&body, "contents", message->contents);
    buf_addc(&body, '}');
    *out = (struct push_post){
        .body = arena_strndup(arena, buf_str(&body), body.len),
        .body_len = body.len,
        .headers = {"Content-Type: application/json; charset=utf-8",
                    arena_printf(arena, "Authorization: %s %s", scheme, account->key), NULL},
    };
    buf_fini(&body);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void read_gone(const struct jval *ids, struct arena *arena, struct push_answer *out)
{
    out->gone = arena_array(arena, const char *, PUSH_PLAYERS_MAX);
    for (const struct jval *id = jval_first(ids); id; id = jval_next(id))
        if (jval_is_string(id) && out->n_gone < PUSH_PLAYERS_MAX)
            out->gone[out->n_gone++] = arena_strdup(arena, jval_str(id, ""));
}

/* The sentences, one after the other. */
static const char *sentences(const struct jval *errors, struct arena *arena)
{
    struct buf text;
    const char *kept;

    buf_init(&text, 10000);
    for (const struct jval *e = jval_first(errors); e; e = jval_next(e))
        if (jval_is_string(e))
            buf_addf(&text, "%s%s", text.len ? "; " : "", jval_str(e, ""));
    kept = arena_strndup(arena, buf_str(&text), str_cut_utf8(buf_str(&text), TEXT_MAX_BYTES));
    buf_fini(&text);
    return kept;
}

static void read_answer(long status, const struct jval *root, struct arena *arena,
                        struct push_answer *out)
{
    const struct jval *errors = jval_get(root, "errors");
    const char *id = jval_get_str(root, "id", "");
    const char *said;

    if (jval_is_object(errors))
        read_gone(jval_get(errors, "invalid_player_ids"), arena, out);
    said = jval_is_array(errors) ? sentences(errors, arena) : "";
    if (*said)
        out->text = arena_printf(arena, "status %ld: %s", status, said);
    if (*id) {
        out->receipt = arena_strdup(arena, id);
        return;
    }
    /* "app_id not found": no push would fare better until push_app_id is right. */
    if (out->verdict == PUSH_NEVER && strstr(said, "app_id")) {
        out->verdict = PUSH_LATER;
        out->is_trouble = out->is_refusal = true;
    }
    if (out->verdict != PUSH_TAKEN) {
        /* Without those players the rest can be told. */
        if (out->verdict == PUSH_NEVER && out->n_gone > 0)
            out->verdict = PUSH_LATER;
        return;
    }
    out->verdict = PUSH_NOBODY;
    if (!*said)
        out->text = out->n_gone ? "the service does not know this player" : "nobody was told";
}

static void read_body(long status, char *body, size_t len, struct arena *arena,
                      struct push_answer *out)
{
    struct jdoc *doc;
    struct err err;

    if (jdoc_parse(body, len, &doc, &err) == 0) {
        if (jval_is_object(jdoc_root(doc))) {
            read_answer(status, jdoc_root(doc), arena, out);
            jdoc_free(&doc);
            return;
        }
        jdoc_free(&doc);
    }
    /* Whoever answered 200 without saying what he did is not OneSignal. */
    if (out->verdict == PUSH_TAKEN)
        *out = (struct push_answer){
            .verdict = PUSH_LATER,
            .is_trouble = true,
            .text = arena_printf(arena, "status %ld, but no answer of OneSignal's", status)};
}

const struct push_way push_onesignal = {
    .name = "onesignal",
    .takes = takes,
    .post = post,
    .read = read_body,
};
