/* SPDX-License-Identifier: MIT */
/* store_watch.c - see store_watch.h. */
#include "db/store_watch.h"
#include "db/ask.h"

struct question {
    store_event_id_fn *done;
    void *ctx;
};

static void on_last_event(const struct store_table *table, const struct err *err, void *ctx)
{
    const struct question *question = ctx;

    question->done(err ? 0 : store_table_int(table, 0, 0), err, question->ctx);
}

void store_last_event(struct store *store, store_event_id_fn *done, void *ctx)
{
    const struct question question = {done, ctx};

    store_ask_with(store, ASK_LAST_EVENT, NULL, 0, on_last_event, &question, sizeof(question));
}
