/* SPDX-License-Identifier: MIT */
/* walls.h - pages that stand before a board's own: a challenge, a login, a consent, a block. */
#ifndef BOARDS_WALLS_H
#define BOARDS_WALLS_H

#include <stdbool.h>

#include "boards/board.h"

bool wall_known(const char *kind);

/* Answer with the wall instead of what is there; in UTF-8. */
void wall_answer(const char *kind, const struct board *, struct answer *);

/* The challenge of fmkorea's kind: status 430, an obfuscated script that writes the page. It
 * brings no cookie that would help: the board goes on refusing. */
void wall_challenge_430(struct answer *);

/* The challenge of Cloudflare's kind: 403 "Just a moment". */
void wall_challenge_403(struct answer *);

#endif
