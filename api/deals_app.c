/* SPDX-License-Identifier: MIT */
/* deals_app.c - the app's lists without pages: the week's best, one board, search. */
#include "api/deals_app.h"
#include "api/deal_json.h"
#include "api/fill.h"
#include "base/str.h"
#include "db/fold.h"

#include <stdio.h>
#include <string.h>

#define LIST_LIMIT "100"

enum {
    LIST_MAX = 100,
    WEBSITE_MAX_BYTES = 100,
    WORD_MAX_BYTES = 4 * STORE_WORD_MAX_CHARS,
    BODY_MAX_BYTES = 4 << 20,
};
#define WEEK_MS INT64_C(604800000)

struct app_find {
    bool by_score;
    char website[WEBSITE_MAX_BYTES + 1]; /* "": all */
    char word[WORD_MAX_BYTES + 1];       /* folded; "": all */
};

static void on_rows(const struct store_page *page, const struct err *err, void *ctx)
{
    struct filling *filling = ctx;
    int64_t now_ms = clock_wall_ms();
    struct buf body;

    if (!fill_answered(filling, err))
        return;
    buf_init(&body, BODY_MAX_BYTES);
    buf_want(&body, 64 + (size_t)page->n * DEAL_JSON_BYTES);
    buf_adds(&body, "{\"data\":[");
    for (int i = 0; i < page->n; i++) {
        if (i)
            buf_addc(&body, ',');
        deal_json_app(&body, &page->deals[i], i + 1, now_ms);
    }
    buf_adds(&body, "]}");
    cache_fill_done(filling->fill, &body);
}

static void fill_list(struct api *api, const void *arg, struct cache_fill *fill)
{
    const struct app_find *asked = arg;
    const struct store_find find = {
        .limit = LIST_MAX,
        .before_sort_ms = CLOCK_NONE,
        .since_ms = asked->by_score ? clock_wall_ms() - WEEK_MS : CLOCK_NONE,
        .website = *asked->website ? asked->website : NULL,
        .word = *asked->word ? asked->word : NULL,
        .min_score = DEAL_UNKNOWN,
        .sold_out = DEAL_UNKNOWN,
        .by_score = asked->by_score};

    (void)api;
    fill_by_find(fill, &find, asked, on_rows);
}

static const char *key_of(struct call *call, const struct app_find *asked)
{
    static const char form[] = "app/find?best=0&web=\n&word=";
    size_t len = strlen(asked->website) + strlen(asked->word);
    char *key = arena_alloc(&call->req->arena, sizeof(form) + len);
    char *at = stpcpy(key, asked->by_score ? "app/find?best=1&web=" : "app/find?best=0&web=");

    stpcpy(stpcpy(stpcpy(at, asked->website), "\n&word="), asked->word);
    return key;
}

static void respond_list(struct call *call, const struct app_find *asked)
{
    const struct cache_source source = {.subject = CACHE_OF_DEALS,
                                        .life = CACHE_MINUTE,
                                        .content_type = RESPOND_JSON,
                                        .list_limit = LIST_LIMIT,
                                        .fill = fill_list,
                                        .arg = asked,
                                        .arg_bytes = sizeof(*asked)};

    cache_respond(call, key_of(call, asked), &source);
}

void deals_app_rank(struct call *call)
{
    respond_list(call, &(struct app_find){.by_score = true});
}

/* A name that no board has finds nothing; so does one that is too long for any. */
void deals_app_platform(struct call *call)
{
    const char *name = params_get(&call->params, "name");
    const char *web = params_get(&call->params, "web");
    struct app_find asked = {0};

    if (str_empty(name))
        name = web;
    if (str_empty(name)) {
        respond_error(call->req, call->style, 400, "name 또는 web에 게시판 이름(뽐뿌, 클리앙 …)을 넣어 주세요.",
                      NULL);
        return;
    }
    snprintf(asked.website, sizeof(asked.website), "%.*s", (int)str_cut_utf8(name, WEBSITE_MAX_BYTES), name);
    respond_list(call, &asked);
}

void deals_app_search(struct call *call)
{
    const char *word = params_get(&call->params, "word");
    struct app_find asked = {0};

    if (word) {
        word = fold_text(&call->req->arena, word);
        snprintf(asked.word, sizeof(asked.word), "%.*s", (int)str_cut_utf8(word, WORD_MAX_BYTES), word);
    }
    respond_list(call, &asked);
}
