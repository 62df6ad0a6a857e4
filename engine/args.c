/* SPDX-License-Identifier: MIT */
/* args.c - getopt_long behind args.h; the tables here are also the text of --help. */
#include "args.h"
#include "base/str.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum args_command command;
    const char *usage;
    const char *prose;
} commands[] = {
    {"crawl", ARGS_CRAWL, "crawl SITE... | --all [options]",
     "one run of each site now, shown as a table or JSON lines"},
    {"run", ARGS_RUN, "run",
     "follow the schedule of all sites until SIGTERM (a second one hurries)"},
    {"schedule", ARGS_SCHEDULE, "schedule [--simulate TIME] [--json]",
     "when each site is due next; or whether so much of the plan fits this box, by the ledger"},
    {"cost", ARGS_COST, "cost [--by WHAT] [--since WHEN] [--json]",
     "what runs cost: GB-seconds, CPU seconds, per page and new deal, their price, a month of it"},
    {"purge", ARGS_PURGE, "purge [--dry-run]",
     "remove now what was kept as long as keep_* say, as purge_schedule does; or only count it"},
    {"status", ARGS_STATUS, "status [SITE...] [--json]",
     "how each site does: last run, last new deal, what is reported and not over, next due"},
    {"diff", ARGS_DIFF, "diff SITE [--accept]",
     "what changed on a board that no longer fits its rules, and which selectors would read it"},
    {"user", ARGS_USER, "user list|show|add|edit|remove|revoke ...",
     "the app's users: what there is of them, when they are told; remove erases all of one"},
    {"keyword", ARGS_KEYWORD, "keyword list|add|remove ...",
     "keywords of a user, or all with the number of users who have them"},
    {"notice", ARGS_NOTICE, "notice list|add|edit|remove ...", "what the app shows as notices"},
    {"migrate", ARGS_MIGRATE, "migrate",
     "bring the database's schema up to this program's version"},
    {"doctor", ARGS_DOCTOR, "doctor [--json]",
     "is this machine fit: Chrome, sandbox, limits, disk, database; what to do where not"},
    {"selfcheck", ARGS_SELFCHECK, "selfcheck",
     "render a built-in page from end to end, and compare what was read with what it says"},
    {"alert", ARGS_ALERT, "alert --test",
     "send a test message by every way that alerts go (alert_webhook, alert_mail_to)"},
    {"console", ARGS_CONSOLE, "console [COMMAND...]",
     "ask the engine that serves: pause, resume, run, reload ...; `console help` tells all"},
    {"help", ARGS_HELP, "help", "this text"},
};

#define COMMANDS                                                                        \
    "crawl, run, schedule, cost, purge, status, diff, user, keyword, notice, migrate, " \
    "doctor, selfcheck, alert, console, help"

enum option_id {
    OPT_CONFIG = 256,
    OPT_SET,
    OPT_HELP,
    OPT_HELP_CONFIG,
    OPT_VERSION,
    OPT_ALL,
    OPT_URL,
    OPT_PAGES,
    OPT_LIST_ONLY,
    OPT_KIND,
    OPT_DRY_RUN,
    OPT_RENDER,
    OPT_JSON,
    OPT_ACCEPT,
    OPT_BY,
    OPT_SINCE,
    OPT_SIMULATE,
    OPT_TEST,
};

static const struct option options[] = {
    {"config", required_argument, NULL, OPT_CONFIG},
    {"set", required_argument, NULL, OPT_SET},
    {"help", no_argument, NULL, OPT_HELP},
    {"help-config", no_argument, NULL, OPT_HELP_CONFIG},
    {"version", no_argument, NULL, OPT_VERSION},
    {"all", no_argument, NULL, OPT_ALL},
    {"url", required_argument, NULL, OPT_URL},
    {"pages", required_argument, NULL, OPT_PAGES},
    {"list-only", no_argument, NULL, OPT_LIST_ONLY},
    {"kind", required_argument, NULL, OPT_KIND},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"render", required_argument, NULL, OPT_RENDER},
    {"json", no_argument, NULL, OPT_JSON},
    {"accept", no_argument, NULL, OPT_ACCEPT},
    {"by", required_argument, NULL, OPT_BY},
    {"since", required_argument, NULL, OPT_SINCE},
    {"simulate", required_argument, NULL, OPT_SIMULATE},
    {"test", no_argument, NULL, OPT_TEST},
    {NULL, 0, NULL, 0},
};

static const char *const option_help[][2] = {
    {"--config FILE",
     "settings; default: ./catchdeal.conf, then /etc/catchdeal/catchdeal.conf, if there is one"},
    {"--set KEY=VALUE", "one setting, over file and environment (CATCHDEAL_KEY); may be repeated"},
    {"--help-config", "every setting with its default, as a valid file"},
    {"--version", "the program's version"},
    {"--all", "crawl: every site that `run` would run"},
    {"--url URL",
     "crawl: this page instead of the site's list pages, read by the site's rules (one site)"},
    {"--pages A-B", "crawl: these list pages, as the board numbers them"},
    {"--list-only", "crawl: list pages only, no post pages"},
    {"--kind KIND",
     "crawl: crawl (default); refresh: the site's refresh_pages, for deals that are known; alive: "
     "are the "
     "posts of known deals still there?; post: the post at --url, shown and not stored"},
    {"--dry-run", "crawl: store nothing; purge: remove nothing"},
    {"--render MODE",
     "crawl: chrome, fetch (without Chrome) or auto, in place of what the site files say"},
    {"--json", "crawl: one deal a line as JSON on stdout, the summary on stderr; doctor, status, "
               "cost, user, keyword, notice, schedule --simulate: one document"},
    {"--by WHAT", "cost: site (default), job (site and kind), or day"},
    {"--since WHEN",
     "cost: so long ago (7d), or from a moment on (2026-11-01T00:00:00+09:00); default 30d"},
    {"--simulate TIME", "schedule: play so much of it (24h) with what the ledger has measured; "
                        "exit code 3 when it does not fit"},
    {"--accept", "diff: the board is read as it should be: learn anew, and close the report"},
    {"--test", "alert: what the command is for"},
};

static const char *const exit_codes[] = {
    "0 ok",
    "1 internal error",
    "2 usage",
    "3 configuration",
    "4 site file",
    "5 database",
    "6 Chrome can't start",
    "7 page failed",
    "8 drift or empty",
    "9 blocked, rate-limited or robots",
    "10 interrupted",
    "11 disk",
};

void args_print_help(void)
{
    printf("catchdeal-engine crawls deal boards through Chrome and stores what it "
           "finds.\n\nCommands\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        printf("  %-34s %s\n", commands[i].usage, commands[i].prose);
    printf("\nOptions\n");
    for (size_t i = 0; i < ARRAY_LEN(option_help); i++)
        printf("  %-18s %s\n", option_help[i][0], option_help[i][1]);
    printf("\nExit codes\n ");
    for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++)
        printf(" %s%s", exit_codes[i], i + 1 < ARRAY_LEN(exit_codes) ? "," : "\n");
}

static int parse_pages(struct args *args, const char *text, struct err *err)
{
    char extra;
    int n = sscanf(text, "%d-%d%c", &args->page_from, &args->page_to, &extra);

    if (n == 1 && !strchr(text + 1, '-')) {
        args->page_to = args->page_from;
        n = 2;
    }
    if (n != 2 || args->page_from < 0 || args->page_to < args->page_from || args->page_to > 10000)
        return err_set(err, ERR_USAGE, "--pages: \"%s\": expected A-B or A, from 0 up", text);
    return 0;
}

static int parse_kind(struct args *args, const char *text, struct err *err)
{
    static const char *const kinds[] = {"crawl", "refresh", "alive", "post"};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(text, kinds[i]))
            args->kind = kinds[i];
    if (!args->kind)
        return err_set(err, ERR_USAGE, "--kind: \"%s\": expected crawl, refresh, alive or post",
                       text);
    return 0;
}

/* Where the word `console` stands, if it is the command: what follows is the console's. 0: it is not. */
static int find_console(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-')
            return str_eq(argv[i], "console") ? i : 0;
        if (str_eq(argv[i], "--config") || str_eq(argv[i], "--set"))
            i++;
    }
    return 0;
}

/* The setting "render", written shorter. */
static int take_render(struct args *args, const char *mode, struct err *err)
{
    if (!str_eq(mode, "auto") && !str_eq(mode, "chrome") && !str_eq(mode, "fetch"))
        return err_set(err, ERR_USAGE, "--render: \"%s\": expected auto, chrome or fetch", mode);
    mem_free(args->render);
    args->render = mem_printf("render=%s", mode);
    return 0;
}

static int take_by(struct args *args, const char *by, struct err *err)
{
    if (!str_eq(by, "site") && !str_eq(by, "job") && !str_eq(by, "day"))
        return err_set(err, ERR_USAGE, "--by: \"%s\": expected site, job or day", by);
    args->by = by;
    return 0;
}

static int take_simulate(struct args *args, const char *text, struct err *err)
{
    enum { HOUR_MS = 3600000, DAYS_MAX = 31 };
    struct err ignored;

    if (str_to_duration_ms(text, &args->simulate_ms, &ignored) < 0 || args->simulate_ms < HOUR_MS ||
        args->simulate_ms > (int64_t)DAYS_MAX * 24 * HOUR_MS)
        return err_set(err, ERR_USAGE, "--simulate: \"%s\": expected 1h to 31d", text);
    return 0;
}

static int take_option(struct args *args, int id, struct err *err)
{
    switch (id) {
    case OPT_CONFIG:
        args->config_path = optarg;
        return 0;
    case OPT_SET:
        args->sets[args->n_sets++] = optarg;
        return 0;
    case OPT_HELP:
        args->command = ARGS_HELP;
        return 0;
    case OPT_HELP_CONFIG:
        args->command = ARGS_HELP_CONFIG;
        return 0;
    case OPT_VERSION:
        args->command = ARGS_VERSION;
        return 0;
    case OPT_ALL:
        args->all = true;
        return 0;
    case OPT_URL:
        args->url = optarg;
        return 0;
    case OPT_PAGES:
        return parse_pages(args, optarg, err);
    case OPT_LIST_ONLY:
        args->list_only = true;
        return 0;
    case OPT_KIND:
        return parse_kind(args, optarg, err);
    case OPT_DRY_RUN:
        args->dry_run = true;
        return 0;
    case OPT_JSON:
        args->json = true;
        return 0;
    case OPT_ACCEPT:
        args->accept = true;
        return 0;
    case OPT_TEST:
        args->test = true;
        return 0;
    case OPT_BY:
        return take_by(args, optarg, err);
    case OPT_SINCE:
        args->since = optarg;
        return 0;
    case OPT_SIMULATE:
        return take_simulate(args, optarg, err);
    case OPT_RENDER:
        return take_render(args, optarg, err);
    default:
        return -1;
    }
}

static int find_command(struct args *args, const char *word, struct err *err)
{
    const char *names[ARRAY_LEN(commands)];
    const char *nearest;

    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        names[i] = commands[i].name;
        if (str_eq(word, names[i])) {
            args->command = commands[i].command;
            return 0;
        }
    }
    nearest = str_nearest(word, names, ARRAY_LEN(names));
    return err_set(err, ERR_USAGE, "\"%s\": expected a command (" COMMANDS ")%s%s%s", word,
                   nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static int check_crawl(const struct args *args, struct err *err)
{
    if (args->accept)
        return err_set(err, ERR_USAGE, "--accept belongs to diff");
    if (args->all == (args->n_names > 0))
        return err_set(err, ERR_USAGE, "crawl: expected names of sites, or --all");
    if (args->url && (args->all || args->n_names != 1))
        return err_set(err, ERR_USAGE,
                       "crawl: --url: expected exactly one site, whose rules read the page");
    if (str_eq(args->kind, "alive") && (args->url || args->page_from >= 0 || args->dry_run))
        return err_set(err, ERR_USAGE,
                       "crawl: --kind alive: visits what the database knows: no --url, --pages or "
                       "--dry-run");
    if (str_eq(args->kind, "post") && !args->url)
        return err_set(err, ERR_USAGE, "crawl: --kind post: expected the post's --url");
    return 0;
}

static bool has_crawl_options(const struct args *args)
{
    return args->all || args->url || args->page_from >= 0 || args->list_only ||
           (args->dry_run && args->command != ARGS_PURGE) || args->kind || args->render;
}

/* Its words are looked at by the command itself. */
static bool is_of_people(const struct args *args)
{
    return args->command == ARGS_USER || args->command == ARGS_KEYWORD ||
           args->command == ARGS_NOTICE;
}

static int check_others(const struct args *args, struct err *err)
{
    if (args->command == ARGS_DIFF && args->n_names != 1)
        return err_set(err, ERR_USAGE, "diff: expected exactly one site");
    if (args->n_names && args->command != ARGS_DIFF && args->command != ARGS_STATUS &&
        !is_of_people(args))
        return err_set(err, ERR_USAGE, "\"%s\": nothing is expected here", args->names[0]);
    if (has_crawl_options(args))
        return err_set(err, ERR_USAGE,
                       "--all, --url, --pages, --list-only, --kind, --dry-run and --render belong "
                       "to crawl");
    if (args->json && args->command != ARGS_DOCTOR && args->command != ARGS_STATUS &&
        args->command != ARGS_COST && !args->simulate_ms && !is_of_people(args))
        return err_set(err, ERR_USAGE,
                       "--json belongs to crawl, doctor, status, cost, user, keyword, notice and "
                       "schedule --simulate");
    if (args->accept && args->command != ARGS_DIFF)
        return err_set(err, ERR_USAGE, "--accept belongs to diff");
    return 0;
}

static int check_own_options(const struct args *args, struct err *err)
{
    if ((args->by || args->since) && args->command != ARGS_COST)
        return err_set(err, ERR_USAGE, "--by and --since belong to cost");
    if (args->simulate_ms && args->command != ARGS_SCHEDULE)
        return err_set(err, ERR_USAGE, "--simulate belongs to schedule");
    if (args->test != (args->command == ARGS_ALERT))
        return err_set(err, ERR_USAGE,
                       args->test ? "--test belongs to alert" : "alert: expected --test");
    return 0;
}

int args_parse(struct args *args, int argc, char **argv, struct err *err)
{
    const int whole_argc = argc;
    int console = find_console(argc, argv);
    bool asked_for_help;
    int id;

    *args = (struct args){.command = ARGS_CRAWL, .page_from = -1, .page_to = -1};
    args->sets = mem_array((size_t)argc + 1, sizeof(*args->sets));
    args->names = mem_array((size_t)argc, sizeof(*args->names));
    opterr = 0;
    if (console)
        argc = console + 1;
    while ((id = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (id == ':')
            return err_set(err, ERR_USAGE, "%s: expected a value", argv[optind - 1]);
        if (id == '?')
            return err_set(err, ERR_USAGE, "%s: no such option, or not a value that it takes",
                           argv[optind - 1]);
        if (take_option(args, id, err) < 0)
            return -1;
    }
    asked_for_help = args->command != ARGS_CRAWL;
    if (asked_for_help)
        return 0;
    if (args->render)
        args->sets[args->n_sets++] = args->render;
    if (optind == argc)
        return err_set(err, ERR_USAGE, "expected a command (" COMMANDS ")");
    if (find_command(args, argv[optind], err) < 0)
        return -1;
    for (int i = optind + 1; i < (console ? whole_argc : argc); i++)
        args->names[args->n_names++] = argv[i];
    if (console)
        return 0;
    if (check_own_options(args, err) < 0)
        return -1;
    return args->command == ARGS_CRAWL ? check_crawl(args, err) : check_others(args, err);
}

void args_fini(struct args *args)
{
    mem_free(args->sets);
    mem_free(args->names);
    mem_free(args->render);
}
