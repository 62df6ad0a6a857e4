/* SPDX-License-Identifier: MIT */
/* away.h - a database that is away: one question at a time finds out whether it is back.
 *
 * The others are refused at once instead of each waiting for a timeout. The log tells when the database
 * goes and when it is back, not each request in between.
 */
#ifndef API_AWAY_H
#define API_AWAY_H

#include "api/route.h"
#include "base/err.h"

/* true: ask, and tell the answer by away_answered(). */
MUST_CHECK bool away_may_ask(struct api *api);
void away_answered(struct api *api, const struct err *err); /* err NULL: it answered */

/* The same for a call that is answered with 503 when it may not ask, or had no answer. */
MUST_CHECK bool away_call_may_ask(struct call *call);
MUST_CHECK bool away_call_answered(struct call *call, const struct err *err);

#endif
