/* SPDX-License-Identifier: MIT */
/* store_find.c - see store_find.h: what was asked, in the form that both databases take. */
#include "db/store_find.h"
#include "base/buf.h"
#include "base/str.h"
#include "db/fold.h"
#include "db/store_vtable.h"

#include <string.h>

/* NULL when there is nothing to look for. */
static const char *take_word(struct store_op *op, const char *word)
{
    char *folded;
    size_t bytes = 0;

    if (!word)
        return NULL;
    folded = fold_text(&op->arena, store_op_text(op, word));
    for (int n = 0; folded[bytes] && n < STORE_WORD_MAX_CHARS; n++)
        bytes += str_utf8_len(folded + bytes, 4);
    folded[bytes] = '\0';
    return *folded ? folded : NULL;
}

const char *store_op_grams_json(struct store_op *op)
{
    const char *word = op->find.word;
    const char *text;
    struct buf json;

    buf_init(&json, BUF_MAX_DEFAULT);
    for (const char *at = word;; ) {
        size_t one = str_utf8_len(at, strlen(at));
        size_t two = at[one] ? str_utf8_len(at + one, strlen(at + one)) : 0;

        if (!two)
            break;
        buf_addc(&json, json.len ? ',' : '[');
        buf_add_json_n(&json, at, one + two);
        at += one;
    }
    buf_addc(&json, ']');
    text = arena_strdup(&op->arena, buf_str(&json));
    buf_fini(&json);
    return text;
}

bool store_op_word_has_grams(const struct store_op *op)
{
    return op->find.word && str_utf8_count(op->find.word) > 1;
}

void store_op_take_row(struct store_op *op, const struct deal *deal)
{
    if (op->n_deals < op->find.limit)
        op->deals[op->n_deals++] = *deal;
    else
        op->page.has_more = true;
}

void store_op_end_page(struct store_op *op)
{
    struct store_page *page = &op->page;

    page->deals = op->deals;
    page->n = op->n_deals;
    if (page->has_more && op->n_deals == op->find.limit) {
        page->next_sort_ms = op->deals[op->n_deals - 1].sort_at_ms;
        page->next_id = op->deals[op->n_deals - 1].id;
    }
}

void store_find(struct store *store, const struct store_find *find, store_page_fn *done, void *ctx)
{
    struct store_op *op = store_op_begin(store, STORE_FIND, ctx);
    struct store_find *own = &op->find;
    const struct store_query bounds = {.limit = 1,
                                       .until_ms = CLOCK_NONE,
                                       .before_sort_ms = find->before_sort_ms,
                                       .before_id = find->before_id,
                                       .with_also_on = find->with_also_on};

    check(find->limit >= 1 && find->limit <= 100);
    op->callback.page = done;
    *own = *find;
    store_op_take_query(op, &bounds);
    own->before_sort_ms = op->query.before_sort_ms;
    own->before_id = op->query.before_id;
    own->since_ms = store_op_since(find->since_ms);
    own->site = store_op_text(op, find->site);
    own->website = store_op_text(op, find->website);
    own->product_id = store_op_text(op, find->product_id);
    own->word = take_word(op, find->word);
    op->deals = arena_array(&op->arena, struct deal, (size_t)find->limit + 1);
    store_op_start(op);
}
