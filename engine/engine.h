/* SPDX-License-Identifier: MIT */
/* engine.h - owns every subsystem: builds them in order, runs the schedule, takes them down in
 * order.
 *
 *     engine_new -> engine_start -> [engine_serve] -> engine_stop -> engine_free
 *
 * Start order: loop, children, database, Chrome pool, politeness, (serve) admin listener,
 * schedule. Shutdown is the reverse: no new runs, the running ones finish or are cancelled,
 * browsers end, then the rest.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "base/config.h"
#include "base/err.h"
#include "crawl/env.h"
#include "crawl/sites.h"
#include "service.h"

struct engine;

enum engine_use {
    ENGINE_DRY,     /* nothing is stored */
    ENGINE_COMMAND, /* some runs by hand, perhaps beside a serving engine */
    ENGINE_SERVICE  /* engine_serve */
};

/* config and sites: borrowed for the engine's life. */
MUST_CHECK int engine_new(const struct config *config, const struct sites *sites,
                          enum engine_use use, struct engine **out, struct err *err);

/* Look at the database. done once: err is ERR_STORE_AWAY when it is away or of another schema. */
typedef void engine_fn(const struct err *err, void *ctx);
void engine_start(struct engine *engine, engine_fn *done, void *ctx);

/* Follow the schedule until engine_stop. done once: err when the listener or the ledger refuses.
 * source: borrowed; its config is the engine's own. */
void engine_serve(struct engine *engine, const struct service_source *source, engine_fn *done,
                  void *ctx);
struct service *engine_service(const struct engine *engine); /* NULL before engine_serve */

const struct crawl_env *engine_env(const struct engine *engine);
struct loop *engine_loop(const struct engine *engine);

/* Let runs finish for config.stop_timeout, then cancel them; a second call cancels at once. done
 * (of the first call) comes once, when no browser is left. */
void engine_stop(struct engine *engine, engine_fn *done, void *ctx);
void engine_free(struct engine **engine);

#endif
