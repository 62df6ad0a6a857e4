/* SPDX-License-Identifier: MIT */
/* dealbada.h - what the files of dealbada share. */
#ifndef BOARDS_DEALBADA_H
#define BOARDS_DEALBADA_H

#include "boards/post.h"

void dealbada_draw_post(struct page *, struct post *);
void dealbada_draw_gone(struct page *, struct answer *, int gone);

#endif
