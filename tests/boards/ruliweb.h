/* SPDX-License-Identifier: MIT */
/* ruliweb.h - what the views of ruliweb share. */
#ifndef BOARDS_RULIWEB_H
#define BOARDS_RULIWEB_H

#include "boards/post.h"

enum { RULIWEB_TITLE_MAX_CHARS = 40 };

extern const char ruliweb_sold_mark[]; /* beside the title's link */

void ruliweb_draw_head(struct page *);
void ruliweb_draw_notices(struct page *);
void ruliweb_draw_best(struct page *, const struct deal *, size_t count);
void ruliweb_draw_footer(struct page *);

/* ?view=thumbnail: one card a row. ?view=gallery: cards without rows. */
void ruliweb_draw_cards(struct page *, const struct deal *, size_t count);
void ruliweb_draw_gallery(struct page *, const struct deal *, size_t count);

void ruliweb_draw_post(struct page *, struct post *);
void ruliweb_draw_gone(struct page *, struct answer *, int gone);

#endif
