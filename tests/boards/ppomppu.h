/* SPDX-License-Identifier: MIT */
/* ppomppu.h - what the mobile and the desktop view of ppomppu share. */
#ifndef BOARDS_PPOMPPU_H
#define BOARDS_PPOMPPU_H

#include "boards/page.h"

enum { PPOMPPU_SOCIAL_ROWS = 3 };

void ppomppu_draw_mobile(struct page *);
void ppomppu_draw_desktop(struct page *);

/* Title text escaped as this board does it: an & before a blank stays bare. */
void ppomppu_text(struct page *, const char *text);

/* The k-th older post pinned on top of the first page; false: none. */
bool ppomppu_pinned(const struct page *, int k, struct deal *out);

/* Number of the k-th row of the boards pmarket and social, which the list shows as widgets. */
long ppomppu_widget_id(const struct page *, const char *board, int k);

#endif
