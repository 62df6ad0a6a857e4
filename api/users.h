/* SPDX-License-Identifier: MIT */
/* users.h - tokens for the app, and who is asking. */
#ifndef API_USERS_H
#define API_USERS_H

#include "api/route.h"

/* Sets call->who from the Authorization header. false: answered with 401. That the user is still there
 * is not known before the database has answered: see users_answered(). */
MUST_CHECK bool users_require(struct call *call);

/* The database has answered a question of call->who. false: answered with 503 or 401. */
MUST_CHECK bool users_answered(struct call *call, bool is_known, const struct err *err);

/* Take one of the client's tries. false: answered with 429. limits NULL: there is no limit. */
MUST_CHECK bool users_may_try(struct call *call, struct limits *limits);

/* May the sender ask for a token? By its address and, where one is set, the app's key. false:
 * answered with 429 or 401. */
MUST_CHECK bool users_may_register(struct call *call);

/* Is `player` fit to be one? 1 to 200 bytes without blanks and control characters. */
bool users_is_player(const char *player);

void users_register(struct call *call); /* POST /auth-user */
void users_show(struct call *call);     /* GET /auth-user */

#endif
