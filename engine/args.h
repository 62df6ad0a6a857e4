/* SPDX-License-Identifier: MIT */
/* args.h - the command line of catchdeal-engine: which command, which options, and --help.
 */
#ifndef ARGS_H
#define ARGS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum args_command {
    ARGS_CRAWL,
    ARGS_RUN,
    ARGS_SCHEDULE,
    ARGS_STATUS,
    ARGS_COST,
    ARGS_PURGE,
    ARGS_DIFF,
    ARGS_MIGRATE,
    ARGS_DOCTOR,
    ARGS_SELFCHECK,
    ARGS_ALERT,
    ARGS_CONSOLE,
    ARGS_USER,
    ARGS_KEYWORD,
    ARGS_NOTICE,
    ARGS_HELP,
    ARGS_HELP_CONFIG,
    ARGS_VERSION
};

struct args {
    enum args_command command;
    const char *config_path; /* --config, NULL: the usual places */
    const char **sets;       /* --set key=value */
    size_t n_sets;
    const char **names; /* what stands behind the command: sites, a verb and its words; of console
                           * options as well */
    size_t n_names;
    const char *by;      /* --by; NULL: not given */
    const char *since;   /* --since; NULL: not given */
    int64_t simulate_ms; /* --simulate; 0: not given */
    bool all, dry_run, json, list_only, accept, test;
    const char *url;
    const char *kind;       /* --kind; NULL: not given */
    char *render;           /* "render=MODE", also the last of sets; NULL: not given */
    int page_from, page_to; /* --pages A-B; -1: not given */
};

/* Errors are ERR_USAGE and say what was expected. Strings are argv's. Free with args_fini in each
 * case. */
MUST_CHECK int args_parse(struct args *args, int argc, char **argv, struct err *err);
void args_fini(struct args *args);

void args_print_help(void); /* to stdout */

#endif
