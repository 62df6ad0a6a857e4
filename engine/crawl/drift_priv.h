/* SPDX-License-Identifier: MIT */
/* drift_priv.h - what the files of the judge share; for drift*.c only. */
#ifndef CRAWL_DRIFT_PRIV_H
#define CRAWL_DRIFT_PRIV_H

#include "crawl/drift.h"

/* Note a finding, unless the field (NULL: the rows) has one already: the first says it best. The
 * text that people read is "SITE_FILE:LINE: RULE "SELECTOR": " and then this. */
void drift_find(struct drift_report *report, const struct drift_input *in, enum drift_kind kind,
                const struct site_field *field, const char *fmt, ...) PRINTF_LIKE(5, 6);

void drift_judge_known(struct drift_report *report, const struct drift_input *in,
                       const struct site_layout *layout);

#endif
