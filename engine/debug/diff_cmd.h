/* SPDX-License-Identifier: MIT */
/* diff_cmd.h - `catchdeal-engine diff SITE`: what changed on a board, and which selector would read it.
 *
 * Looks at the last page that was kept as a failure (drift_keep.h) and at the last good one: names the
 * rules that broke, shows a post's row before and after, and ranks selectors by how many posts'
 * values they reproduce. Loads nothing.
 */
#ifndef DEBUG_DIFF_CMD_H
#define DEBUG_DIFF_CMD_H

#include "base/config.h"
#include "crawl/site.h"

/* To stdout; the exit code: 0, also when there is nothing to tell; else that of what could not be
 * read, told on stderr. */
int diff_cmd_run(const struct config *config, const struct site *site);

/* --accept: the board is read as it should be. What was learned before is forgotten, and the open
 * report closed. */
int diff_cmd_accept(const struct config *config, const struct site *site);

#endif
