/* SPDX-License-Identifier: MIT */
/* openapi.h - GET /openapi.json: the OpenAPI 3.1 document of every route (web/openapi.json). */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include "api/route.h"

void openapi_document(struct call *call);

#endif
