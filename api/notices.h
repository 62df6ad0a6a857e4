/* SPDX-License-Identifier: MIT */
/* notices.h - what operators tell everybody: notices, and pushes that wait in the outbox. */
#ifndef API_NOTICES_H
#define API_NOTICES_H

#include "api/route.h"

void notices_list(struct call *call); /* GET /notices: newest first */

/* X-Admin-Key; {"title","category","content"}, category "일반" when absent. 201 with the id. */
void notices_add(struct call *call);
void notices_remove(struct call *call); /* DELETE /v3/notices/{id} */

/* {"alarm":{"password","headings","contents"}} */
void notices_send_push(struct call *call);

#endif
