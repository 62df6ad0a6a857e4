/* SPDX-License-Identifier: MIT */
/* sites.h - all boards of the configuration: finds, loads and selects sites/NAME/site.conf.
 *
 * A broken file is reported with all its problems and left out: one board's slip does not keep the
 * others from running.
 */
#ifndef CRAWL_SITES_H
#define CRAWL_SITES_H

#include "base/config.h"
#include "crawl/site.h"

struct sites {
    struct site **items; /* by name */
    size_t n;
    int broken; /* files that were left out */
};

/* Both loaders give every problem to on_error (may be NULL); err holds the one that decided.
 *
 * Load what `config->sites` names or, when that is empty, each site whose file says enabled = yes.
 * -1: a folder of sites_dir can't be read, a named site does not exist (the nearest name is told),
 * or nothing is left to run. */
MUST_CHECK int sites_load(const struct config *config, site_error_fn *on_error, void *ctx,
                          struct sites *out, struct err *err);

/* Load these sites by name, enabled or not. The first broken or unknown one ends it with -1. */
MUST_CHECK int sites_load_named(const struct config *config, const char *const *names, size_t n,
                                site_error_fn *on_error, void *ctx, struct sites *out,
                                struct err *err);
void sites_free(struct sites *sites);

/* Host patterns of every site's [block] hosts, each once; free the array and its strings with
 * sites_free_hosts. */
void sites_block_hosts(const struct sites *sites, char ***hosts_out, size_t *n_out);
void sites_free_hosts(char ***hosts, size_t n);

#endif
