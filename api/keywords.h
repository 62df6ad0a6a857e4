/* SPDX-License-Identifier: MIT */
/* keywords.h - what a user wants to be told of, and was told of. */
#ifndef API_KEYWORDS_H
#define API_KEYWORDS_H

#include "api/route.h"

/* {"alarm":{"keywordTitle":"..."}} */
void keywords_add(struct call *call);
void keywords_remove(struct call *call);
void keywords_toggle(struct call *call);

void keywords_status(struct call *call);
/* {"userConfig":{"alarmStatus":true,"maxPushCount":3}}; what is absent stays as it is */
void keywords_config(struct call *call);

/* The deals that the user was told of, newest first, each with its keyword. */
void keywords_push_list(struct call *call);

#endif
