/* SPDX-License-Identifier: MIT */
/* stream.h - GET /v3/stream: what happens to the deals, as server-sent events.
 *
 * The last events are kept in the process once somebody listens: new ones are read once for all
 * clients, and a client that comes back with Last-Event-ID is served from there. A client has no
 * buffer of its own but a few KiB and its place among them; one that is so slow that its place is
 * forgotten is cut, and may come back.
 */
#ifndef API_STREAM_H
#define API_STREAM_H

#include "api/route.h"

struct stream_hub;

/* max_clients: more are refused with 503. max_events: how many of the last events are kept. */
struct stream_hub *stream_hub_new(struct loop *loop, struct api *api, int max_clients,
                                  int max_events);
/* After store_free() and httpd_free(). */
void stream_hub_free(struct stream_hub **hub);

/* The newest event is this one now (store_watch.h). */
void stream_hub_news(struct stream_hub *hub, int64_t event_id);

void stream_v3(struct call *call);

#endif
