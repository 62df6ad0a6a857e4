/* SPDX-License-Identifier: MIT */
/* sites.h - GET /v3/sites: each board with its newest deal, its last run and how fresh it is. */
#ifndef API_SITES_H
#define API_SITES_H

#include "api/route.h"

void sites_list(struct call *call);

#endif
