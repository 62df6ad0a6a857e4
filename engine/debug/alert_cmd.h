/* SPDX-License-Identifier: MIT */
/* alert_cmd.h - `catchdeal-engine alert --test`: one message by every way that alerts go, tried once, and what came of it.
 */
#ifndef DEBUG_ALERT_CMD_H
#define DEBUG_ALERT_CMD_H

#include "base/config.h"

/* The exit code: 0 when every way took it, 3 when there is none or its keys are wrong. */
int alert_cmd_run(const struct config *config);

#endif
