/* SPDX-License-Identifier: MIT */
/* clien.h - what the files of clien share. */
#ifndef BOARDS_CLIEN_H
#define BOARDS_CLIEN_H

#include "boards/post.h"

void clien_draw_post(struct page *, struct post *);
void clien_draw_gone(struct page *, struct answer *, int gone);

#endif
