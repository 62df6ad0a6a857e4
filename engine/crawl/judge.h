/* SPDX-License-Identifier: MIT */
/* judge.h - is a page that was read a list we may store, and if not, why?
 *
 * By positive marks only: a status, a known challenge title, no layout that fits, too few rows.
 * Strings that passing pages also carry (a CDN's beacon) are no marks.
 */
#ifndef CRAWL_JUDGE_H
#define CRAWL_JUDGE_H

#include "base/err.h"
#include "crawl/extract.h"
#include "crawl/site.h"

/* 0: store it; of a post: judge_post() has a verdict. -1: ERR_RATE_LIMITED (429), ERR_BLOCKED (403, 430, challenge), ERR_HTTP_STATUS
 * (other 4xx, 5xx), ERR_NETWORK (a blank page), ERR_DRIFT (no layout fits), ERR_TIMEOUT (a layout,
 * but it did not get ready and holds too few rows), ERR_EMPTY (ready, but fewer rows than
 * min_rows). */
MUST_CHECK int judge_page(const struct site *site, const struct row_set *page, struct err *err);

/* What the page at a post's address proves of the post:
 *   ALIVE_HERE       the layout of posts fits
 *   ALIVE_GONE_MARK  a page that loaded says so: in its words, a dialog, or by the field `gone`
 *   ALIVE_ABSENT     a status of [gone] status
 *   ALIVE_UNKNOWN    everything else, and never a proof: err is ERR_RATE_LIMITED, ERR_BLOCKED,
 *                    ERR_HTTP_STATUS, ERR_NETWORK as in judge_page, ERR_DRIFT (neither the layout of
 *                    posts nor a mark) */
enum store_verdict judge_post(const struct site *site, const struct row_set *page, struct err *err);

/* May the same page work a moment later, with nothing changed on our side? status: of the page, 0
 * unknown. */
bool judge_is_passing(enum err_code code, int status);

#endif
