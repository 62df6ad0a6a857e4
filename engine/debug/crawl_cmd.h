/* SPDX-License-Identifier: MIT */
/* crawl_cmd.h - `catchdeal-engine crawl`: one run of some sites now, shown to a person or a
 * program.
 *
 * Deals are shown as list and post together tell them, so those of a site that visits posts come at the
 * end of its run. An alive run shows its posts, each with what its page proves.
 *
 * stdout gets the deals (a table, or JSON lines) and, with the table, the summary; with --json the
 * summary goes to stderr. A progress line is kept on stderr while that is a terminal.
 */
#ifndef DEBUG_CRAWL_CMD_H
#define DEBUG_CRAWL_CMD_H

#include "crawl/env.h"
#include "crawl/site.h"

#include <stdbool.h>

struct crawl_cmd;

struct crawl_cmd_options {
    bool json;
    bool list_only;
    const char *kind;       /* RUN_... of run.h */
    const char *url;        /* one page of one site; NULL: its list pages */
    int page_from, page_to; /* -1: the site's own */
};

/* Start a run of each site at once; done comes once, later, with the exit code of the first
 * failing site in the order given (0 when none fails). env, sites and options are borrowed until
 * then. */
typedef void crawl_cmd_fn(int exit_code, void *ctx);
struct crawl_cmd *crawl_cmd_start(const struct crawl_env *env, struct site *const *sites,
                                  size_t n_sites, const struct crawl_cmd_options *options,
                                  crawl_cmd_fn *done, void *ctx);
void crawl_cmd_cancel(struct crawl_cmd *cmd); /* done follows, exit code 10 */
void crawl_cmd_free(struct crawl_cmd **cmd);  /* after done */

#endif
