/* SPDX-License-Identifier: MIT */
/* status_cmd.h - `catchdeal-engine status`: how each board does, from the ledger.
 *
 * Per site: how it is (lively, quiet, blocked, drift, failing, down: crawl/silence.h), its last run, how
 * long since its last new deal, how its pages are read, when it is due next, and what was reported
 * and is not over. Asks the database only, so it also tells of an engine elsewhere, or of none.
 */
#ifndef DEBUG_STATUS_CMD_H
#define DEBUG_STATUS_CMD_H

#include "base/config.h"
#include "crawl/sites.h"

/* To stdout, a table or (json) one document; the exit code. */
int status_cmd_run(const struct config *config, const struct sites *sites, bool json);

#endif
