/* SPDX-License-Identifier: MIT */
/* simulate_cmd.h - schedule --simulate: the plan of all sites played on this configuration's box.
 */
#ifndef DEBUG_SIMULATE_CMD_H
#define DEBUG_SIMULATE_CMD_H

#include "base/config.h"
#include "crawl/sites.h"

/* Prints the verdict and each line; 0: it fits, exit code of ERR_CONFIG: it does not, else of the error. */
int simulate_cmd_run(const struct config *config, const struct sites *sites, int64_t length_ms,
                     bool json);

#endif
