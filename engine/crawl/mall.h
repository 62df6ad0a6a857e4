/* SPDX-License-Identifier: MIT */
/* mall.h - the names of malls: one for each, as far as posts write it in several ways.
 *
 * Pure functions.
 */
#ifndef CRAWL_MALL_H
#define CRAWL_MALL_H

#include "base/mem.h"

#include <stdbool.h>

/* "지마켓", "g마켓", "Gmarket" -> "G마켓" (static); NULL for a text that is no name of the table. Case and
 * blanks do not count. */
const char *mall_known(const char *text);

/* "[11번가] 버거킹 ..." -> "11번가", "(위메프) ..." -> "위메프", owned by the caller. NULL when the title
 * begins with no bracket, when what stands in it is longer than 40 bytes, and for "(...)" with a text
 * that is no known mall. A known name is given as mall_known() has it; with keep_names none is known. */
char *mall_in_title(const char *title, bool keep_names);

#endif
