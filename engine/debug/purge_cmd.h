/* SPDX-License-Identifier: MIT */
/* purge_cmd.h - the command purge: what has been kept long enough goes now, or is counted (--dry-run).
 */
#ifndef DEBUG_PURGE_CMD_H
#define DEBUG_PURGE_CMD_H

#include "base/config.h"

/* Prints a line for each kind; the exit code. */
int purge_cmd_run(const struct config *config, bool dry_run);

#endif
