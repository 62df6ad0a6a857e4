/* SPDX-License-Identifier: MIT */
/* service_console.h - the console's commands: what the operator asks of a serving engine.
 */
#ifndef SERVICE_CONSOLE_H
#define SERVICE_CONSOLE_H

#include "engine.h"

struct service_console;

/* On the socket of the configuration. A socket that can't be had is no reason not to serve: it is logged, and
 * *out is NULL, as it is when none is wanted. stop: the operator says so. Borrowed: engine, which serves; source. */
void service_console_open(struct engine *engine, const struct service_source *source,
                          void (*stop)(void *ctx), void *ctx, struct service_console **out);
/* No command any more, and none under way; before engine_free. Closing twice is fine. */
void service_console_close(struct service_console *console);
void service_console_free(struct service_console **console);

#endif
