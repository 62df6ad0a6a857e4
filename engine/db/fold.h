/* SPDX-License-Identifier: MIT */
/* fold.h - a text as search sees it: NFC, lower case, no white space.
 *
 * Titles and words are folded alike, so that "라면40개" finds "[11번가] 라면 40개" and a title typed on a
 * Mac (whose Hangul comes in letters) is found by syllables. PostgreSQL folds titles by itself
 * (deal_fold() of migration 0004); SQLite calls this.
 */
#ifndef DB_FOLD_H
#define DB_FOLD_H

#include "base/arena.h"

enum { FOLD_MAX_CHARS = 1000 }; /* what follows is not found; boards end titles far before that */

/* In the arena. `text` is valid UTF-8. */
char *fold_text(struct arena *arena, const char *text);

#endif
