/* SPDX-License-Identifier: MIT */
/* judge.h - is a page that was read a list we may store, and if not, why?
 *
 * By positive marks only: a status, the marks of a page in the way (walls.h), no layout that fits,
 * too few rows.
 */
#ifndef CRAWL_JUDGE_H
#define CRAWL_JUDGE_H

#include "base/err.h"
#include "crawl/extract.h"
#include "crawl/site.h"

/* 0: store it, or it is not_modified; of a post: judge_post() has a verdict. -1: ERR_RATE_LIMITED (429),
 * ERR_BLOCKED (401, 403, 430; a page in the way of whatever status), ERR_HTTP_STATUS
 * (other 4xx, 5xx), ERR_NETWORK (a blank page), ERR_DRIFT (no layout fits), ERR_TIMEOUT (no
 * layout, but the document was still loading; a layout, but it did not get ready and holds too few rows), ERR_EMPTY (fewer rows than min_rows, and it was
 * ready or, fetched, never waited for). */
MUST_CHECK int judge_page(const struct site *site, const struct row_set *page, struct err *err);

/* What the page at a post's address proves of the post:
 *   ALIVE_HERE       the layout of posts fits
 *   ALIVE_GONE_MARK  a page that loaded says so: in its words, a dialog, or by the field `gone`
 *   ALIVE_ABSENT     a status of [gone] status
 *   ALIVE_UNKNOWN    everything else, and never a proof: err is ERR_RATE_LIMITED, ERR_BLOCKED,
 *                    ERR_HTTP_STATUS, ERR_NETWORK, ERR_TIMEOUT as in judge_page, ERR_DRIFT (neither the
 *                    layout of posts nor a mark) */
enum store_verdict judge_post(const struct site *site, const struct row_set *page, struct err *err);

/* May the same page work a moment later, with nothing changed on our side? status: of the page, 0
 * unknown. */
bool judge_is_passing(enum err_code code, int status);

/* Is it the host that cannot or does not want to answer now, so that it is to be left alone for a
 * while? page and its verdict (NULL: good), or page NULL and the error of the load. */
bool judge_is_trouble(const struct row_set *page, const struct err *err);

/* The verdict on a page that was fetched: may it be another one in Chrome, where scripts run? */
bool judge_may_be_drawn(enum err_code code);

#endif
