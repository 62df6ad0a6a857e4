/* SPDX-License-Identifier: MIT */
/* soak.c - thousands of pages through the pool, and what grows meanwhile.
 *
 * Drives the engine's own jobs (politeness, lease, navigation, extraction, retries) against a
 * running catchdeal-boards; only the store is left out. Each board is a lane with one page at a
 * time, so the boards share the tabs evenly. What it prints is explained in README.md;
 * tests/bench/run-soak starts all that is needed.
 *
 * Exit codes: 0 fine; 1 a slot leaked, a process or a directory is left, or more than 1 % of the
 * pages failed; otherwise as catchdeal-engine (2 usage, 3 configuration, 4 site file, 6 Chrome
 * can't start, 10 interrupted).
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/proc_tree.h"
#include "base/str.h"
#include "cdp/transport.h"
#include "crawl/extract.h"
#include "crawl/fetcher.h"
#include "crawl/job.h"
#include "crawl/render.h"
#include "crawl/sites.h"

#include <dirent.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_SETS = 64,
    MAX_BOARDS = 32,
    MAX_SAMPLES = 1024,
    MAX_BROWSERS = 64,
    WARM_UP_PERCENT =
        20, /* of the pages: heaps grow to their size, and are left out of the trend */
    SETTLE_POLL_MS = 100,
    SETTLE_MS = 10000,
    FAILED_PERMILLE = 10,
};

static const char default_boards[] =
    "ppomppu,clien,ruliweb,dealbada,spa,infinite,lazy,xhr-votes,cookie-gate";

struct options {
    int64_t pages, every, port;
    int64_t litter; /* objects and nodes that each page is given; 0: none */
    const char *boards;
    const char *sets[MAX_SETS];
    size_t n_sets;
    char *owned[MAX_SETS]; /* those of the sets that were made here */
    size_t n_owned;
    char run_dir[256];
};

struct sample {
    int64_t pages, at_ms;
    int64_t rss_bytes, fds, chrome_pss_bytes;
};

struct lane {
    struct soak *soak;
    const struct site *site;
    struct job *job;
    int page;
};

struct soak {
    const struct options *options;
    struct config config;
    struct sites sites;
    struct crawl_env env;
    struct lane lanes[MAX_BOARDS];
    size_t n_lanes;
    struct loop_signal *sigterm, *sigint;
    struct loop_timer *settle;
    int64_t started, ended, attempts, rows; /* pages that were begun, that came to an end */
    int64_t failed[ERR_COUNT];
    struct sample samples[MAX_SAMPLES];
    size_t n_samples;
    int64_t begin_ms, end_ms, settle_until_ms;
    double own_cpu_begin_s, own_cpu_s, sampling_cpu_s, chrome_cpu_s;
    int64_t peak_lease_bytes; /* of one browser, as jobs heard it */
    struct pool_stats stats;  /* before the pool was stopped */
    int slot_leaks, leases_left;
    size_t processes_left;
    int directories_left;
    bool interrupted;
};

/* ---- measuring ------------------------------------------------------------------------------- */

static double own_cpu_s(void)
{
    struct timespec ts;

    check(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double seconds(struct timeval tv)
{
    return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static int64_t own_rss_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long size, resident = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int n = 0;

    while (dir && (entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return n;
}

static void note_slots(struct soak *soak)
{
    struct pool_stats stats;
    int leaks;

    pool_stats(soak->env.pool, &stats);
    leaks = abs(stats.slots - stats.idle - stats.leased - stats.dying);
    if (leaks > soak->slot_leaks)
        soak->slot_leaks = leaks;
}

static int64_t chrome_pss_bytes(const struct soak *soak)
{
    pid_t pids[MAX_BROWSERS];
    size_t n = pool_browser_pids(soak->env.pool, pids, MAX_BROWSERS);
    struct proc_usage usage;
    int64_t sum = 0;

    for (size_t i = 0; i < n && i < MAX_BROWSERS; i++) {
        proc_tree_usage(pids[i], &usage);
        sum += usage.pss_bytes;
    }
    return sum;
}

/* What looking costs is told from what the engine costs. */
static void take_sample(struct soak *soak)
{
    double before_s = own_cpu_s();
    struct sample *sample;

    check(soak->n_samples < MAX_SAMPLES);
    sample = &soak->samples[soak->n_samples++];
    *sample = (struct sample){
        .pages = soak->ended,
        .at_ms = clock_mono_ms() - soak->begin_ms,
        .rss_bytes = own_rss_bytes(),
        .fds = count_entries("/proc/self/fd") - 1, /* but the one that lists them */
        .chrome_pss_bytes = chrome_pss_bytes(soak),
    };
    note_slots(soak);
    printf("%8lld %8.1f %8.2f %12lld %6lld %10lld\n", (long long)sample->pages,
           (double)sample->at_ms / 1000, (double)sample->pages * 1000 / (double)(sample->at_ms + 1),
           (long long)(sample->rss_bytes >> 10), (long long)sample->fds,
           (long long)(sample->chrome_pss_bytes >> 20));
    fflush(stdout);
    soak->sampling_cpu_s += own_cpu_s() - before_s;
}

/* Slope of the line through the samples after the warm-up, per 1,000 pages; NAN: too few of them.
 */
static double growth(const struct soak *soak, size_t offset)
{
    int64_t warm_up = soak->options->pages * WARM_UP_PERCENT / 100;
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;

    for (size_t i = 0; i < soak->n_samples; i++) {
        double x = (double)soak->samples[i].pages;
        double y = (double)*(const int64_t *)((const char *)&soak->samples[i] + offset);

        if (soak->samples[i].pages < warm_up)
            continue;
        n += 1;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
    }
    if (n < 2)
        return NAN;
    return (n * sxy - sx * sy) / (n * sxx - sx * sx) * 1000;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void finish(struct soak *soak);
static void on_page(const struct job_result *result, const struct err *err, void *ctx);

static void lane_next(struct lane *lane)
{
    struct soak *soak = lane->soak;
    struct job_request request = {.site = lane->site, .page = lane->page};
    struct buf url;

    if (soak->started == soak->options->pages || soak->interrupted)
        return;
    soak->started++;
    buf_init(&url, 8192);
    site_list_url(lane->site, lane->page, config_origin_of(&soak->config, lane->site->id), &url);
    request.url = buf_str(&url);
    request.own_origin =
        config_origin_of(&soak->config, lane->site->id); /* at a loopback address */
    request.min_delay_ms = soak->config.origin_min_delay;
    lane->job = job_start(&soak->env, &request, on_page, lane);
    buf_fini(&url);
    lane->page = lane->page < lane->site->pages.to ? lane->page + 1 : lane->site->pages.from;
}

static void on_page(const struct job_result *result, const struct err *err, void *ctx)
{
    struct lane *lane = ctx;
    struct soak *soak = lane->soak;

    soak->ended++;
    soak->attempts += result->attempts;
    soak->rows += !err && result->page ? result->page->n : 0;
    soak->failed[err ? err->code : ERR_OK]++;
    if (result->cost.peak_pss_bytes > soak->peak_lease_bytes)
        soak->peak_lease_bytes = result->cost.peak_pss_bytes;
    if (err && err->code != ERR_CANCELLED)
        fprintf(stderr, "%s page %d: %s\n", lane->site->id, lane->page, err->text);
    job_free(&lane->job);
    if (soak->ended % soak->options->every == 0)
        take_sample(soak);
    lane_next(lane);
    if (soak->ended == soak->started)
        finish(soak);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void on_pool_stopped(void *ctx)
{
    struct soak *soak = ctx;

    loop_stop(soak->env.loop);
}

/* Returned tabs may be at their cleaning for a moment. */
static void on_settle(void *ctx)
{
    struct soak *soak = ctx;

    pool_stats(soak->env.pool, &soak->stats);
    if (soak->stats.idle != soak->stats.slots && clock_mono_ms() < soak->settle_until_ms) {
        loop_timer_start(soak->settle, SETTLE_POLL_MS);
        return;
    }
    note_slots(soak);
    soak->leases_left = soak->stats.slots - soak->stats.idle;
    pool_stop(soak->env.pool, on_pool_stopped, soak);
}

static void finish(struct soak *soak)
{
    soak->end_ms = clock_mono_ms() - soak->begin_ms;
    soak->settle_until_ms = clock_mono_ms() + SETTLE_MS;
    loop_timer_start(soak->settle, 0);
}

static void on_interrupt(void *ctx)
{
    struct soak *soak = ctx;

    soak->interrupted = true;
    for (size_t i = 0; i < soak->n_lanes; i++)
        if (soak->lanes[i].job)
            job_cancel(soak->lanes[i].job);
}

/* Everything below us; orphans come to us, since the engine is their subreaper. */
static size_t count_processes(void)
{
    struct proc_tree tree;
    size_t n;

    proc_tree_init(&tree, getpid());
    n = proc_tree_refresh(&tree);
    proc_tree_fini(&tree);
    return n;
}

/* ---- what came out --------------------------------------------------------------------------- */

/* By our own look at the sums, and by the pool's. */
static long long slot_leaks(const struct soak *soak)
{
    return soak->slot_leaks > soak->stats.slot_leaks ? soak->slot_leaks : soak->stats.slot_leaks;
}

static int64_t worker_peak_bytes(const struct soak *soak)
{
    return soak->peak_lease_bytes > soak->stats.peak_worker_bytes ? soak->peak_lease_bytes
                                                                  : soak->stats.peak_worker_bytes;
}

static void print_pages(const struct soak *soak)
{
    int64_t failed = soak->ended - soak->failed[ERR_OK];

    printf("\npages               %lld, %lld failed, %lld tried again, %lld rows\n",
           (long long)soak->ended, (long long)failed, (long long)(soak->attempts - soak->ended),
           (long long)soak->rows);
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++)
        if (soak->failed[code])
            printf("  %-17s %lld\n", err_reason((enum err_code)code),
                   (long long)soak->failed[code]);
    printf("pages per second    %.2f\n", (double)soak->ended * 1000 / (double)(soak->end_ms + 1));
}

static void print_cpu(const struct soak *soak)
{
    double own_s = soak->own_cpu_s - soak->sampling_cpu_s;
    double tree_s = own_s + soak->chrome_cpu_s;
    double pages = soak->ended ? (double)soak->ended : 1;

    printf("CPU-s per page      %.4f whole tree, %.5f engine process\n", tree_s / pages,
           own_s / pages);
    printf(
        "engine's CPU share  %.2f %% of the tree (Chrome %.1f s, %.1f s by the pool's own count)\n",
        tree_s > 0 ? own_s / tree_s * 100 : 0, soak->chrome_cpu_s,
        (double)soak->stats.cpu_ms / 1000);
}

static void print_memory(const struct soak *soak)
{
    const struct sample *last = &soak->samples[soak->n_samples - 1];

    printf("engine RSS          %.1f MiB, growth per 1,000 pages %+.1f KiB\n",
           (double)last->rss_bytes / (1 << 20),
           growth(soak, offsetof(struct sample, rss_bytes)) / 1024);
    printf("engine fds          %lld, growth per 1,000 pages %+.2f\n", (long long)last->fds,
           growth(soak, offsetof(struct sample, fds)));
    printf(
        "peak per worker     %lld MiB, %lld MiB without file pages (all workers together %lld MiB; "
        "cap: %s)\n",
        (long long)(worker_peak_bytes(soak) >> 20),
        (long long)(soak->stats.peak_worker_anon_bytes >> 20),
        (long long)(soak->stats.peak_pss_bytes >> 20), soak->stats.rung);
}

static void print_counts(const char *title, const long long *counts, int n,
                         const char *(*name)(int i))
{
    bool any = false;

    printf("%-19s ", title);
    for (int i = 0; i < n; i++) {
        if (!counts[i])
            continue;
        printf("%s%s %lld", any ? ", " : "", name(i), counts[i]);
        any = true;
    }
    printf("%s\n", any ? "" : "none");
}

static const char *recycle_name(int i)
{
    return pool_recycle_name((enum pool_recycle)i);
}

static const char *reason_name(int i)
{
    return err_reason((enum err_code)i);
}

static void print_pool(const struct soak *soak)
{
    const struct pool_stats *stats = &soak->stats;

    printf("browsers            %lld started, %lld lost; tabs lost %lld; leases %lld\n",
           stats->browsers_started, stats->browsers_lost, stats->tabs_crashed,
           stats->leases_granted);
    print_counts("recycled for", stats->recycles, RECYCLE_REASONS, recycle_name);
    print_counts("ended by", stats->ends, ERR_COUNT, reason_name);
    printf("slot leaks          %lld (slots %d, not given back %d)\n", slot_leaks(soak),
           stats->slots, soak->leases_left);
    printf("left at the end     %zu processes, %d directories\n", soak->processes_left,
           soak->directories_left);
}

static int verdict(const struct soak *soak)
{
    int64_t failed = soak->ended - soak->failed[ERR_OK];

    if (slot_leaks(soak) || soak->leases_left || soak->processes_left || soak->directories_left)
        return 1;
    if (soak->interrupted)
        return err_exit_code(ERR_CANCELLED);
    if (soak->failed[ERR_LAUNCH] == soak->ended)
        return err_exit_code(ERR_LAUNCH);
    return failed * 1000 > soak->ended * FAILED_PERMILLE ? 1 : 0;
}

/* ---- putting it together --------------------------------------------------------------------- */

static int fail(const struct err *err)
{
    fprintf(stderr, "soak: %s\n", err->text);
    return err_exit_code(err->code);
}

/* The demo boards' pages leave little behind. A real one's scripts hold tens of MiB, which Chrome is in no hurry to
 * collect when the page has gone: objects in the world of its document, and nodes that are in no tree. */
static char *prelude_with_litter(int64_t n)
{
    if (!n)
        return mem_strdup(extract_prelude());
    return mem_printf(
        "%s\nglobalThis.litter = Array.from({length: %lld}, (_, i) => ({i, text: 'litter ' + i, "
        "node: Object.assign(document.createElement('p'), {textContent: i})}));",
        extract_prelude(), (long long)n);
}

static int build_pool(struct soak *soak, struct err *err)
{
    char *prelude = prelude_with_litter(soak->options->litter);
    struct pool_settings settings = {.config = &soak->config, .prelude_js = prelude};
    char **hosts;
    int rc;

    sites_block_hosts(&soak->sites, &hosts, &settings.n_block_hosts);
    settings.block_hosts = (const char *const *)hosts;
    rc = pool_new(soak->env.loop, &settings, &soak->env.pool, err);
    sites_free_hosts(&hosts, settings.n_block_hosts);
    mem_free(prelude);
    return rc;
}

static void begin(struct soak *soak)
{
    printf("%8s %8s %8s %12s %6s %10s\n", "pages", "s", "pages/s", "RSS KiB", "fds", "Chrome MiB");
    soak->begin_ms = clock_mono_ms();
    soak->own_cpu_begin_s = own_cpu_s();
    take_sample(soak);
    for (size_t i = 0; i < soak->n_lanes; i++) {
        struct lane *lane = &soak->lanes[i];

        *lane = (struct lane){.soak = soak, .site = soak->sites.items[i]};
        lane->page = lane->site->pages.from;
        lane_next(lane);
    }
}

static void end(struct soak *soak)
{
    struct rusage children;

    pool_free(&soak->env.pool);
    render_free(&soak->env.render);
    fetcher_free(&soak->env.fetcher);
    polite_free(&soak->env.polite);
    soak->processes_left = count_processes();
    soak->own_cpu_s = own_cpu_s() - soak->own_cpu_begin_s;
    loop_signal_free(&soak->sigterm);
    loop_signal_free(&soak->sigint);
    loop_timer_free(&soak->settle);
    transport_ws_shutdown(soak->env.loop);
    proc_fini();
    /* Of all that ended and was waited for, by us or by one of them. */
    check(getrusage(RUSAGE_CHILDREN, &children) == 0);
    soak->chrome_cpu_s = seconds(children.ru_utime) + seconds(children.ru_stime);
    soak->directories_left = count_entries(soak->options->run_dir);
}

static int run(struct soak *soak)
{
    struct polite_settings polite = {
        .user_agent = "catchdeal-soak",
        .backoff_ms = soak->config.host_backoff,
        .backoff_max_ms = soak->config.host_backoff_max,
        .open_after = (int)soak->config.host_failures,
    };
    struct err err;
    int exit_code;

    soak->env.loop = loop_new();
    soak->env.config = &soak->config;
    proc_init(soak->env.loop);
    if (build_pool(soak, &err) < 0) {
        exit_code = fail(&err);
        proc_fini();
        loop_free(&soak->env.loop);
        return exit_code;
    }
    soak->env.polite = polite_new(soak->env.loop, &polite);
    soak->env.fetcher = fetcher_new(soak->env.loop, "catchdeal-soak");
    soak->env.render = render_new(soak->env.loop, &soak->config, NULL);
    soak->settle = loop_timer_new(soak->env.loop, on_settle, soak);
    soak->sigterm = loop_signal_new(soak->env.loop, SIGTERM, on_interrupt, soak);
    soak->sigint = loop_signal_new(soak->env.loop, SIGINT, on_interrupt, soak);
    begin(soak);
    loop_run(soak->env.loop);
    end(soak);
    loop_free(&soak->env.loop);
    print_pages(soak);
    print_cpu(soak);
    print_memory(soak);
    print_pool(soak);
    return verdict(soak);
}

static int load(struct soak *soak, struct err *err)
{
    const struct options *options = soak->options;

    if (config_load(&soak->config, "/dev/null", options->sets, options->n_sets, NULL, NULL, err) <
        0)
        return -1;
    if (log_set_levels(str_empty(soak->config.log) ? "error" : soak->config.log, err) < 0 ||
        sites_load(&soak->config, NULL, NULL, &soak->sites, err) < 0)
        return -1;
    soak->n_lanes = soak->sites.n;
    return soak->n_lanes <= MAX_BOARDS ? 0
                                       : err_set(err, ERR_USAGE, "at most %d boards", MAX_BOARDS);
}

/* ---- the command line ------------------------------------------------------------------------ */

static const char usage[] =
    "bench-soak --port PORT [--pages N] [--every N] [--tabs N] [--browsers N] [--boards A,B,...] "
    "[--litter N] [--set KEY=VALUE]\n"
    "  --port PORT      where catchdeal-boards listens (tests/bench/run-soak starts it)\n"
    "  --pages N        pages in all (1000)\n"
    "  --every N        pages between two samples (a tenth of the pages)\n"
    "  --tabs N         tabs_per_browser\n"
    "  --browsers N     browsers at the same time\n"
    "  --boards A,B     the mix (all demo boards), which share the pages evenly\n"
    "  --litter N       objects and nodes that each page leaves to be collected (0)\n"
    "  --set KEY=VALUE  a setting of catchdeal.conf\n";

static void add_set(struct options *options, char *set)
{
    check(options->n_sets < MAX_SETS && options->n_owned < MAX_SETS);
    options->sets[options->n_sets++] = options->owned[options->n_owned++] = set;
}

static void add_origins(struct options *options)
{
    char *copy = mem_strdup(options->boards);
    char *rest = copy;
    char *name;

    while ((name = str_next(&rest, ',')))
        add_set(options, mem_printf("origin.%s=http://%s.localhost:%lld", name, name,
                                    (long long)options->port));
    mem_free(copy);
}

static int take_option(struct options *options, int id, struct err *err)
{
    switch (id) {
    case 'n':
        return str_to_int(optarg, 1, 10000000, &options->pages, err);
    case 'e':
        return str_to_int(optarg, 1, 10000000, &options->every, err);
    case 'p':
        return str_to_int(optarg, 1, 65535, &options->port, err);
    case 'l':
        return str_to_int(optarg, 0, 10000000, &options->litter, err);
    case 't':
        add_set(options, mem_printf("tabs_per_browser=%s", optarg));
        return 0;
    case 'w':
        add_set(options, mem_printf("browsers=%s", optarg));
        return 0;
    case 'b':
        options->boards = optarg;
        return 0;
    case 's':
        add_set(options, mem_strdup(optarg));
        return 0;
    default:
        return err_set(err, ERR_USAGE, "%s", usage);
    }
}

static int parse(struct options *options, int argc, char **argv, struct err *err)
{
    static const struct option longs[] = {
        {"pages", required_argument, NULL, 'n'},
        {"every", required_argument, NULL, 'e'},
        {"port", required_argument, NULL, 'p'},
        {"tabs", required_argument, NULL, 't'},
        {"browsers", required_argument, NULL, 'w'},
        {"boards", required_argument, NULL, 'b'},
        {"set", required_argument, NULL, 's'},
        {"litter", required_argument, NULL, 'l'},
        {NULL, 0, NULL, 0},
    };
    int id;

    while ((id = getopt_long(argc, argv, "", longs, NULL)) != -1)
        if (take_option(options, id, err) < 0)
            return err->code == ERR_USAGE ? -1 : err_set(err, ERR_USAGE, "%s", usage);
    if (optind < argc || !options->port)
        return err_set(err, ERR_USAGE, "%s", usage);
    if (!options->every)
        options->every = options->pages < 10 ? 1 : options->pages / 10;
    if (options->pages / options->every >= MAX_SAMPLES - 1)
        return err_set(err, ERR_USAGE, "--every: at most %d samples", MAX_SAMPLES);
    return 0;
}

/* A run_dir of our own, so that whatever is left in it is ours. */
static int make_run_dir(struct options *options, struct err *err)
{
    const char *tmp = str_empty(getenv("TMPDIR")) ? "/tmp" : getenv("TMPDIR");

    snprintf(options->run_dir, sizeof(options->run_dir), "%s/catchdeal-soak-XXXXXX", tmp);
    if (!mkdtemp(options->run_dir) || chmod(options->run_dir, 0755) < 0)
        return err_sys(err, ERR_DISK, "%s", options->run_dir);
    return 0;
}

static int with_options(struct options *options)
{
    struct soak *soak = mem_new(struct soak);
    struct err err;
    int exit_code;

    add_set(options, mem_strdup("sites_dir=sites:tests/boards/sites"));
    add_set(options, mem_printf("sites=%s", options->boards));
    add_set(options, mem_printf("run_dir=%s", options->run_dir));
    add_origins(options);
    soak->options = options;
    exit_code = load(soak, &err) < 0 ? fail(&err) : run(soak);
    sites_free(&soak->sites);
    config_fini(&soak->config);
    mem_free(soak);
    return exit_code;
}

int main(int argc, char **argv)
{
    struct options options = {.pages = 1000, .boards = default_boards};
    struct err err;
    int exit_code;

    add_set(&options, mem_strdup("render=chrome")); /* it is the pool that is looked at */
    if (parse(&options, argc, argv, &err) < 0 || make_run_dir(&options, &err) < 0)
        exit_code = fail(&err);
    else
        exit_code = with_options(&options);
    if (*options.run_dir && rmdir(options.run_dir) < 0 && exit_code == 0)
        exit_code = 1;
    for (size_t i = 0; i < options.n_owned; i++)
        mem_free(options.owned[i]);
    return exit_code;
}
