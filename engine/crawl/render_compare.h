/* SPDX-License-Identifier: MIT */
/* render_compare.h - is what was read without Chrome what Chrome shows?
 *
 * The two readings of a page are seconds apart, so a board's own life is told from a difference of
 * the two ways:
 *   counters          may have grown, a little
 *   new posts         on top of the later page, with as many gone from its end: a shift
 *   anything else     about the rows of both pages is a difference
 *   a row here, a row there that only one page has proves neither
 */
#ifndef CRAWL_RENDER_COMPARE_H
#define CRAWL_RENDER_COMPARE_H

#include "crawl/extract.h"

enum render_verdict { RENDER_EQUAL, RENDER_DIFFERENT, RENDER_UNCLEAR };

enum { RENDER_WHY_BYTES = 160 };

/* Both are readings of one address, by the two ways in either order. why gets what was seen, without
 * texts of the page: "row 123: title", "4 rows of 20 only in the later", "" when equal. */
enum render_verdict render_compare(const struct row_set *earlier, const struct row_set *later,
                                   char why[RENDER_WHY_BYTES]);

#endif
