/* SPDX-License-Identifier: MIT */
/* tokens.h - /v3/tokens: short access tokens, refresh tokens that are replaced by each use, revocation. */
#ifndef API_TOKENS_H
#define API_TOKENS_H

#include "api/route.h"

void tokens_begin(struct call *call);   /* POST /v3/tokens {"player_id"} */
void tokens_refresh(struct call *call); /* POST /v3/tokens/refresh {"refresh_token"} */
/* DELETE /v3/tokens: the session of the token that is shown; ?all=true: every token of its user. */
void tokens_end(struct call *call);

#endif
