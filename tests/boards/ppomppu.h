/* SPDX-License-Identifier: MIT */
/* ppomppu.h - what the mobile and the desktop view of ppomppu share. */
#ifndef BOARDS_PPOMPPU_H
#define BOARDS_PPOMPPU_H

#include "boards/post.h"

enum { PPOMPPU_SOCIAL_ROWS = 3 };

void ppomppu_draw_mobile(struct page *);
void ppomppu_draw_desktop(struct page *);
void ppomppu_draw_desktop_old(struct page *); /* epochs 2020 and 2023 */
void ppomppu_draw_post_mobile(struct page *, struct post *);
void ppomppu_draw_post_desktop(struct page *, struct post *);
bool ppomppu_comments(struct page *, struct answer *);

/* What the addresses of the page's board name it: "ppomppu", or "ppomppu4" abroad. */
const char *ppomppu_id(const struct page *);

/* Title text escaped as this board does it: an & before a blank stays bare. */
void ppomppu_text(struct page *, const char *text);

/* The k-th post pinned on top of the first page, those pinned by hand first; false: none. */
bool ppomppu_pinned(const struct page *, int k, struct deal *out);

/* Number of the k-th row of the boards pmarket and social, which the list shows as widgets. */
long ppomppu_widget_id(const struct page *, const char *board, int k);

#endif
