/* SPDX-License-Identifier: MIT */
/* store_watch.h - has anything happened to the deals since I last looked? */
#ifndef DB_STORE_WATCH_H
#define DB_STORE_WATCH_H

#include "db/store.h"

/* The number of the newest deal event, 0 for none. Counters (views, likes) are no events. */
typedef void store_event_id_fn(int64_t event_id, const struct err *err, void *ctx);
void store_last_event(struct store *store, store_event_id_fn *done, void *ctx);

#endif
