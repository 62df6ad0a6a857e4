/* SPDX-License-Identifier: MIT */
/* drift_keep.h - pages kept as files: the last good one of each layout, and those that failed.
 *
 *     DIR/good/SITE.LAYOUT.html.gz          renewed once a day
 *     DIR/failures/SITE-YYYYMMDDTHHMMSSZ/   page.html.gz and report.json; the last KEEP_FAILURES of
 *                                           a site
 *
 * DIR is keep_dir of the configuration. Everything is best effort: evidence that cannot be written
 * is logged, and no run fails for it.
 */
#ifndef CRAWL_DRIFT_KEEP_H
#define CRAWL_DRIFT_KEEP_H

#include "base/buf.h"
#include "base/config.h"
#include "crawl/drift.h"

enum { KEEP_FAILURES = 10 };

/* keep_dir, or where the database file is, or "var". */
void drift_keep_dir(const struct config *config, struct buf *out);

void drift_keep_good(const char *dir, const char *site, const char *layout, const char *html);

/* report may hold no finding (no layout fits): why tells then. Returns the folder, "" when it could
 * not be made; mem_free() it. */
char *drift_keep_failure(const char *dir, const struct site *site, const struct row_set *page,
                         const struct drift_report *report, const char *why, int64_t at_ms);

/* A folder of a failure that was none. */
void drift_keep_remove(const char *path);

/* The newest folder of a site's failures, or NULL; mem_free() it. */
char *drift_keep_newest(const char *dir, const char *site);

/* A file that was kept, unpacked; 0, or -1 with ERR_DISK. */
MUST_CHECK int drift_keep_read(const char *path, struct buf *out, struct err *err);

#endif
