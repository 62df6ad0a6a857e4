/* SPDX-License-Identifier: MIT */
/* marks.h - isBookmark in the app's lists of deals, for a request that carries a token.
 *
 * The list itself is the same for everybody and kept by the cache, with "isBookmark":null. For a user one
 * statement tells which of its deals are bookmarked, and a copy of the body says true or false.
 * A token that is not good, or whose user is gone, is none: the app sees null and goes on, as it always did.
 */
#ifndef API_MARKS_H
#define API_MARKS_H

#include "api/route.h"

/* Look at the token of a request for a list: sets call->who and call->wants_marks when it is good. */
void marks_begin(struct call *call);

/* Answer with this body (borrowed) as the call's user is to see it. list_limit: as in struct cache_source.
 * age_s: how long the list has been kept while the database is away; -1: it is fresh. Without an answer of the database isBookmark stays null. */
void marks_respond(struct call *call, const char *body, size_t len, const char *list_limit,
                   int64_t age_s);

#endif
