/* SPDX-License-Identifier: MIT */
/* crawl_cmd.c - runs of the `crawl` command side by side, printed in the order of the sites.
 *
 * Rows are formatted when their page comes and kept per site, since the rows are borrowed and
 * sites finish in any order: the table is then whole per site. JSON lines are written at once.
 */
#include "debug/crawl_cmd.h"
#include "crawl/run.h"
#include "base/str.h"
#include "debug/deal_print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DEFAULT_COLUMNS = 120, MIN_COLUMNS = 90, MAX_COLUMNS = 200, OUTPUT_MAX_BYTES = 64 << 20 };

struct one_site {
    struct crawl_cmd *cmd;
    const struct site *site;
    struct run *run;
    struct buf table;
    struct arena kept; /* rows that a post may still fill */
    struct deal_row *rows_kept;
    size_t n_kept;
    struct store_run summary;
    int rows;    /* kept after skips and duplicates */
    int fetched; /* pages read without Chrome */
    int spooled; /* pages whose rows are on disk, since the database is away */
    int exit_code;
    struct err err;
};

struct crawl_cmd {
    struct crawl_env env;
    const struct crawl_cmd_options *options;
    crawl_cmd_fn *done;
    void *ctx;
    struct clock_zone *zone;
    struct one_site *sites;
    size_t n_sites;
    size_t n_ended;
    int pages_done, pages_total;
    int columns;
    bool progress;
    int64_t started_ms;
};

static void on_page(struct run *run, int page, const struct job_result *result,
                    const struct err *err, void *ctx);
static void on_post(struct run *run, const struct visit *visit, const struct job_result *result,
                    enum store_verdict verdict, const struct err *err, void *ctx);
static void on_run_end(struct run *run, const struct store_run *summary, const struct err *err,
                       void *ctx);
static void finish(struct crawl_cmd *cmd);

static int terminal_columns(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
        return DEFAULT_COLUMNS;
    if (size.ws_col < MIN_COLUMNS)
        return MIN_COLUMNS;
    return size.ws_col > MAX_COLUMNS ? MAX_COLUMNS : size.ws_col;
}

static void start_site(struct crawl_cmd *cmd, struct one_site *one, const struct site *site)
{
    const struct crawl_cmd_options *options = cmd->options;
    struct site_pages pages = run_pages(site, options->kind);
    struct run_events events = {.on_page = on_page, .on_post = on_post, .on_end = on_run_end};
    struct run_request request = {
        .site = site,
        .kind = options->kind,
        .due_at_ms = clock_wall_ms(),
        .page_from = options->page_from < 0 ? pages.from : options->page_from,
        .page_to = options->page_from < 0 ? pages.to : options->page_to,
        .url = options->url,
        .list_only = options->list_only,
    };

    one->cmd = cmd;
    one->site = site;
    buf_init(&one->table, OUTPUT_MAX_BYTES);
    arena_init(&one->kept);
    cmd->pages_total += request.url ? 1 : request.page_to - request.page_from + 1;
    one->run = run_start(&cmd->env, &request, &events, one);
}

struct crawl_cmd *crawl_cmd_start(const struct crawl_env *env, struct site *const *sites,
                                  size_t n_sites, const struct crawl_cmd_options *options,
                                  crawl_cmd_fn *done, void *ctx)
{
    struct crawl_cmd *cmd = mem_new(struct crawl_cmd);
    struct err err;

    check(n_sites > 0);
    cmd->env = *env;
    cmd->options = options;
    cmd->done = done;
    cmd->ctx = ctx;
    cmd->columns = terminal_columns();
    cmd->progress = isatty(STDERR_FILENO);
    cmd->started_ms = clock_mono_ms();
    /* The configuration was checked at start; UTC if the zone file went away since. */
    if (clock_zone_new(env->config->timezone, &cmd->zone, &err) < 0)
        cmd->zone = NULL;
    cmd->sites = mem_array(n_sites, sizeof(*cmd->sites));
    cmd->n_sites = n_sites;
    for (size_t i = 0; i < n_sites; i++)
        start_site(cmd, &cmd->sites[i], sites[i]);
    return cmd;
}

/* ---- while it runs --------------------------------------------------------------------------- */

static void show_progress(const struct crawl_cmd *cmd, const struct one_site *one, int page)
{
    if (cmd->progress)
        fprintf(stderr, "\r\033[K%d of %d pages, %zu of %zu sites done; last: %s page %d",
                cmd->pages_done, cmd->pages_total, cmd->n_ended, cmd->n_sites, one->site->id, page);
}

static void show_row(struct one_site *one, const struct deal_row *row)
{
    if (one->cmd->options->json)
        deal_print_json(row, one->site->zone, &one->table);
    else
        deal_print_line(row, one->cmd->zone, one->cmd->columns, &one->table);
}

/* JSON lines are written at once, a table in one piece at the end. */
static void write_out(struct one_site *one)
{
    if (!one->cmd->options->json)
        return;
    fputs(buf_str(&one->table), stdout);
    fflush(stdout);
    buf_clear(&one->table);
}

static bool waits_for_posts(const struct one_site *one)
{
    const struct crawl_cmd_options *options = one->cmd->options;

    return one->site->post && one->site->post_when != SITE_POST_NEVER && !options->list_only &&
           str_eq(options->kind, RUN_CRAWL);
}

static void keep_row(struct one_site *one, const struct deal_row *row)
{
    if ((one->n_kept & (one->n_kept - 1)) == 0) /* full at each power of two */
        one->rows_kept = mem_realloc(one->rows_kept,
                                     (one->n_kept ? one->n_kept * 2 : 1) * sizeof(*one->rows_kept));
    one->rows_kept[one->n_kept++] = visits_copy_row(&one->kept, row);
}

static void on_page(struct run *run, int page, const struct job_result *result,
                    const struct err *err, void *ctx)
{
    struct one_site *one = ctx;
    struct crawl_cmd *cmd = one->cmd;

    (void)run;
    cmd->pages_done++;
    one->fetched += result->page && result->by == LOAD_FETCH;
    one->spooled += result->spooled;
    for (int i = 0; !err && i < result->page->n; i++) {
        const struct deal_row *row = &result->page->rows[i];

        if (row->gone)
            continue;
        one->rows++;
        if (waits_for_posts(one))
            keep_row(one, row);
        else
            show_row(one, row);
    }
    write_out(one);
    show_progress(cmd, one, page);
}

static void show_verdict(struct one_site *one, const struct visit *visit,
                         enum store_verdict verdict, const struct err *err)
{
    struct buf *out = &one->table;

    if (!one->cmd->options->json) {
        buf_addf(out, "%-12s %-8s %s%s%s\n", one->site->id, store_verdict_name(verdict), visit->url,
                 err ? "  " : "", err ? err_reason(err->code) : "");
        return;
    }
    buf_addf(out, "{\"site\":\"%s\",\"key\":", one->site->id);
    buf_add_json(out, visit->key);
    buf_adds(out, ",\"url\":");
    buf_add_json(out, visit->url);
    buf_addf(out, ",\"verdict\":\"%s\",\"reason\":", store_verdict_name(verdict));
    buf_add_json(out, err ? err_reason(err->code) : NULL);
    buf_adds(out, "}\n");
}

/* By itself, without a list's row. */
static void show_post(struct one_site *one, const struct visit *visit,
                      const struct job_result *result)
{
    struct deal_row row = result->page->rows[0];

    row.url = visit->url;
    row.title = row.title ? row.title : "";
    show_row(one, &row);
    one->rows++;
}

static void on_post(struct run *run, const struct visit *visit, const struct job_result *result,
                    enum store_verdict verdict, const struct err *err, void *ctx)
{
    struct one_site *one = ctx;

    (void)run;
    one->cmd->pages_done++;
    one->cmd->pages_total++;
    one->fetched += result && result->page && result->by == LOAD_FETCH;
    one->spooled += result && result->spooled;
    if (str_eq(one->cmd->options->kind, RUN_POST) && verdict == ALIVE_HERE && result->page->n > 0)
        show_post(one, visit, result);
    else if (!str_eq(one->cmd->options->kind, RUN_CRAWL))
        show_verdict(one, visit, verdict, err);
    for (size_t i = 0; verdict == ALIVE_HERE && result->page->n > 0 && i < one->n_kept; i++) {
        struct deal_row *row = &one->rows_kept[i];

        if (str_eq(row->key, visit->key)) {
            struct deal_row post = visits_copy_row(&one->kept, &result->page->rows[0]);

            visits_fill_row(row, &post);
        }
    }
    write_out(one);
    show_progress(one->cmd, one, (int)one->n_kept);
}

static void show_kept(struct one_site *one)
{
    for (size_t i = 0; i < one->n_kept; i++)
        show_row(one, &one->rows_kept[i]);
    one->n_kept = 0;
    write_out(one);
}

static void on_run_end(struct run *run, const struct store_run *summary, const struct err *err,
                       void *ctx)
{
    struct one_site *one = ctx;

    show_kept(one);
    one->summary = *summary;
    if (err) {
        one->err = *err;
        one->exit_code = err_exit_code(err->code);
    }
    run_free(&run);
    one->run = NULL;
    if (++one->cmd->n_ended == one->cmd->n_sites)
        finish(one->cmd);
}

void crawl_cmd_cancel(struct crawl_cmd *cmd)
{
    for (size_t i = 0; i < cmd->n_sites; i++)
        if (cmd->sites[i].run)
            run_cancel(cmd->sites[i].run);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void print_tables(const struct crawl_cmd *cmd)
{
    struct buf header;

    buf_init(&header, 4096);
    if (!str_eq(cmd->options->kind, RUN_ALIVE))
        deal_print_header(cmd->columns, &header);
    fputs(buf_str(&header), stdout);
    buf_fini(&header);
    for (size_t i = 0; i < cmd->n_sites; i++)
        fputs(buf_str(&cmd->sites[i].table), stdout);
    fputc('\n', stdout);
}

static void print_counts(FILE *to, const struct store_counts *counts)
{
    fprintf(to, ": %d new, %d changed, %d same", counts->added, counts->changed, counts->same);
    if (counts->filled)
        fprintf(to, ", %d filled", counts->filled);
}

static void print_site_summary(FILE *to, const struct one_site *one, bool stored)
{
    const struct store_run *s = &one->summary;

    fprintf(to, "%-12s %-12s %d page%s, %d deals", one->site->id, s->reason, s->pages,
            s->pages == 1 ? "" : "s", one->rows);
    if (stored)
        print_counts(to, &s->counts);
    if (one->fetched)
        fprintf(to, ", %d of %d pages without Chrome", one->fetched, s->pages);
    if (one->spooled)
        fprintf(to, ", %d kept on disk until the database is back", one->spooled);
    fprintf(to, ", %.1f s\n", (double)(s->ended_at_ms - s->started_at_ms) / 1000);
    if (one->exit_code)
        fprintf(to, "%-12s %s\n", "", one->err.text);
}

static void print_total(FILE *to, const struct crawl_cmd *cmd)
{
    struct store_counts sum = {0};
    struct pool_stats stats = {0};
    int pages = 0;
    int rows = 0;
    size_t failed = 0;

    for (size_t i = 0; i < cmd->n_sites; i++) {
        const struct one_site *one = &cmd->sites[i];

        sum.added += one->summary.counts.added;
        sum.changed += one->summary.counts.changed;
        sum.same += one->summary.counts.same;
        sum.filled += one->summary.counts.filled;
        pages += one->summary.pages;
        rows += one->rows;
        failed += one->exit_code != 0;
    }
    if (cmd->env.pool)
        pool_stats(cmd->env.pool, &stats);
    fprintf(to, "total        %zu of %zu sites ok, %d pages, %d deals", cmd->n_sites - failed,
            cmd->n_sites, pages, rows);
    if (cmd->env.store)
        print_counts(to, &sum);
    else
        fprintf(to, " (dry run: nothing stored)");
    fprintf(to, "; %.1f s, Chrome: peak %lld MiB, %.1f CPU-s\n",
            (double)(clock_mono_ms() - cmd->started_ms) / 1000,
            (long long)(stats.peak_pss_bytes >> 20), (double)stats.cpu_ms / 1000);
}

static void finish(struct crawl_cmd *cmd)
{
    FILE *to = cmd->options->json ? stderr : stdout;
    int exit_code = 0;

    if (cmd->progress)
        fputs("\r\033[K", stderr);
    if (!cmd->options->json)
        print_tables(cmd);
    for (size_t i = 0; i < cmd->n_sites; i++) {
        print_site_summary(to, &cmd->sites[i], cmd->env.store != NULL);
        if (!exit_code)
            exit_code = cmd->sites[i].exit_code;
    }
    print_total(to, cmd);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "catchdeal-engine: the output could not be written: %s\n", strerror(errno));
        exit_code = err_exit_code(ERR_DISK);
    }
    cmd->done(exit_code, cmd->ctx);
}

void crawl_cmd_free(struct crawl_cmd **cmd)
{
    if (!*cmd)
        return;
    for (size_t i = 0; i < (*cmd)->n_sites; i++) {
        check(!(*cmd)->sites[i].run);
        buf_fini(&(*cmd)->sites[i].table);
        arena_fini(&(*cmd)->sites[i].kept);
        mem_free((*cmd)->sites[i].rows_kept);
    }
    mem_free((*cmd)->sites);
    clock_zone_free(&(*cmd)->zone);
    mem_free(*cmd);
    *cmd = NULL;
}
