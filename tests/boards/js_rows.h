/* SPDX-License-Identifier: MIT */
/* js_rows.h - the form of list that the boards of the JavaScript variants share: li.deal rows at
 * /deals?page=N, posts at /deal/N.
 */
#ifndef BOARDS_JS_ROWS_H
#define BOARDS_JS_ROWS_H

#include "boards/page.h"

/* How a board writes its rows. */
struct js_row_form {
    bool lazy;
    bool counts_later;
};

void js_draw_head(struct page *);
void js_draw_row(struct page *, struct out *, const struct deal *, const struct js_row_form *,
                 size_t index);
void js_add_truth(struct page *, const struct deal *, const struct js_row_form *, size_t index);

/* The list of the page, whole, with its truth. */
void js_draw_rows(struct page *, const struct js_row_form *);

/* Links to all pages. */
void js_draw_pager(struct page *);

long js_post_id(const char *path, const char *query);

#define JS_CATEGORIES                                        \
    {                                                        \
        "식품", "디지털", "컴퓨터", "의류", "생활", "기타" \
    }
#define JS_KNOBS                                                                    \
    {                                                                               \
        .sold_permille = 100, .notice = 0, .ads = 0, .blind = 0, .dup = 0, .hot = 0 \
    }

#endif
