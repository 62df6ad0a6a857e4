/* SPDX-License-Identifier: MIT */
/* drift_keep.c - evidence on disk; see drift_keep.h.
 *
 * Files are written beside their place and moved there, so that a reader never sees half of one.
 */
#include "crawl/drift_keep.h"

#include "base/log.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { FAILURES_MAX = 1000 };

#define HTML_MAX_BYTES ((size_t)32 << 20)

void drift_keep_dir(const struct config *config, struct buf *out)
{
    const char *path = config->database + strlen("sqlite:");
    const char *slash;

    if (*config->keep_dir) {
        buf_adds(out, config->keep_dir);
        return;
    }
    slash = str_starts(config->database, "sqlite:") ? strrchr(path, '/') : NULL;
    if (slash && slash > path)
        buf_add(out, path, (size_t)(slash - path));
    else
        buf_adds(out, "var");
}

/* ---- writing ---- */

static bool make_folder(const char *path)
{
    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return true;
    log_warn("drift", "cannot keep a page", "path=%s text=%s", log_quote(path),
             log_quote(strerror(errno)));
    return false;
}

static void warn_file(const char *path)
{
    log_warn("drift", "cannot keep a page", "path=%s text=%s", log_quote(path),
             log_quote(strerror(errno)));
}

/* packed: by gzip. */
static void write_file(const char *path, const char *text, bool packed)
{
    char *tmp = mem_printf("%s.tmp%d", path, (int)getpid());
    gzFile file = gzopen(tmp, packed ? "wb6" : "wbT");
    size_t len = strlen(text);
    bool written = file && (len == 0 || gzwrite(file, text, (unsigned)len) == (int)len);

    if (file && gzclose(file) != Z_OK)
        written = false;
    if (!written || rename(tmp, path) < 0) {
        warn_file(path);
        unlink(tmp);
    }
    mem_free(tmp);
}

static char *folder_in(const char *dir, const char *name)
{
    char *path = mem_printf("%s/%s", dir, name);

    if (make_folder(dir) && make_folder(path))
        return path;
    mem_free(path);
    return NULL;
}

void drift_keep_good(const char *dir, const char *site, const char *layout, const char *html)
{
    char *folder = folder_in(dir, "good");
    char *path = folder ? mem_printf("%s/%s.%s.html.gz", folder, site, layout) : NULL;

    if (path)
        write_file(path, html, true);
    mem_free(path);
    mem_free(folder);
}

/* ---- failures ---- */

void drift_keep_remove(const char *path)
{
    static const char *const names[] = {"page.html.gz", "report.json"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char *file = mem_printf("%s/%s", path, names[i]);

        unlink(file);
        mem_free(file);
    }
    rmdir(path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* SITE-20261122T131500Z: another site's name may begin with this one's. */
static bool is_of_site(const char *name, const char *site)
{
    size_t len = strlen(site);

    return str_starts(name, site) && name[len] == '-' && strlen(name + len) == 17 &&
           name[len + 9] == 'T' && strspn(name + len + 1, "0123456789") == 8;
}

/* The names of a site's failures, oldest first; mem_free() each and the array. */
static char **list_failures(const char *folder, const char *site, size_t *n_out)
{
    DIR *dir = opendir(folder);
    char **names = NULL;
    size_t n = 0;

    for (struct dirent *e = dir ? readdir(dir) : NULL; e && n < FAILURES_MAX; e = readdir(dir)) {
        if (!is_of_site(e->d_name, site))
            continue;
        names = mem_realloc(names, (n + 1) * sizeof *names);
        names[n++] = mem_strdup(e->d_name);
    }
    if (dir)
        closedir(dir);
    if (n > 1)
        qsort(names, n, sizeof *names, by_name);
    *n_out = n;
    return names;
}

static void remove_old(const char *folder, const char *site)
{
    size_t n;
    char **names = list_failures(folder, site, &n);

    for (size_t i = 0; i < n; i++) {
        if (i + KEEP_FAILURES < n) {
            char *path = mem_printf("%s/%s", folder, names[i]);

            drift_keep_remove(path);
            mem_free(path);
        }
        mem_free(names[i]);
    }
    mem_free(names);
}

static void add_finding(struct buf *out, const struct drift_finding *f)
{
    buf_addf(out, "{\"kind\":\"%s\",\"field\":", drift_kind_name(f->kind));
    buf_add_json(out, f->field);
    buf_adds(out, ",\"rule\":");
    buf_add_json(out, f->rule);
    buf_adds(out, ",\"selector\":");
    buf_add_json(out, f->selector);
    buf_addf(out,
             ",\"line\":%d,\"rows\":%d,\"matched\":%d,\"valued\":%d,\"many\":%d,\"text\":", f->line,
             f->rows, f->matched, f->valued, f->many);
    buf_add_json(out, f->text);
    buf_addc(out, '}');
}

static void add_page(struct buf *out, const struct row_set *page)
{
    buf_adds(out, ",\"url\":");
    buf_add_json(out, page->url);
    buf_adds(out, ",\"title\":");
    buf_add_json(out, page->title);
    buf_adds(out, ",\"layout\":");
    buf_add_json(out, page->layout);
    buf_addf(out, ",\"status\":%d,\"seen\":%d,\"kept\":%d,\"skipped\":{", page->status, page->seen,
             page->n);
    for (int i = 0; i < page->n_skips; i++) {
        buf_adds(out, i ? "," : "");
        buf_add_json(out, page->skips[i].rule);
        buf_addf(out, ":%d", page->skips[i].n);
    }
    buf_adds(out, "},\"fields\":{");
    for (int i = 0; i < page->n_fields; i++) {
        const struct extract_field *f = &page->fields[i];

        buf_addf(out, "%s\"%s\":{\"matched\":%d,\"valued\":%d,\"many\":%d}", i ? "," : "", f->name,
                 f->matched, f->valued, f->many);
    }
    buf_addc(out, '}');
}

static void write_report(const char *path, const struct site *site, const struct row_set *page,
                         const struct drift_report *report, const char *why, int64_t at_ms)
{
    char at[CLOCK_RFC3339_BYTES];
    struct buf out;

    clock_format_utc_ms(at_ms, at);
    buf_init(&out, BUF_MAX_DEFAULT);
    buf_addf(&out, "{\"site\":\"%s\",\"site_file\":", site->id);
    buf_add_json(&out, site->path);
    buf_addf(&out, ",\"at\":\"%s\",\"why\":", at);
    buf_add_json(&out, why);
    add_page(&out, page);
    buf_adds(&out, ",\"findings\":[");
    for (int i = 0; i < report->n; i++) {
        buf_adds(&out, i ? "," : "");
        add_finding(&out, &report->findings[i]);
    }
    buf_adds(&out, "]}\n");
    write_file(path, buf_str(&out), false);
    buf_fini(&out);
}

/* "20261122T131500Z" */
static void stamp_of(int64_t at_ms, char stamp[32])
{
    struct clock_civil c;

    clock_to_local(NULL, at_ms, &c);
    snprintf(stamp, 32, "%04d%02d%02dT%02d%02d%02dZ", c.year % 10000, c.month, c.day, c.hour,
             c.minute, c.second);
}

char *drift_keep_failure(const char *dir, const struct site *site, const struct row_set *page,
                         const struct drift_report *report, const char *why, int64_t at_ms)
{
    char *folder = folder_in(dir, "failures"), *path = NULL, *file;
    char stamp[32];

    if (!folder)
        return mem_strdup("");
    stamp_of(at_ms, stamp);
    path = mem_printf("%s/%s-%s", folder, site->id, stamp);
    if (make_folder(path)) {
        file = mem_printf("%s/report.json", path);
        write_report(file, site, page, report, why, at_ms);
        mem_free(file);
        file = mem_printf("%s/page.html.gz", path);
        if (page->html)
            write_file(file, page->html, true);
        mem_free(file);
    }
    remove_old(folder, site->id);
    mem_free(folder);
    return path;
}

char *drift_keep_newest(const char *dir, const char *site)
{
    char *folder = mem_printf("%s/failures", dir);
    size_t n;
    char **names = list_failures(folder, site, &n);
    char *path = n ? mem_printf("%s/%s", folder, names[n - 1]) : NULL;

    for (size_t i = 0; i < n; i++)
        mem_free(names[i]);
    mem_free(names);
    mem_free(folder);
    return path;
}

/* ---- reading ---- */

int drift_keep_read(const char *path, struct buf *out, struct err *err)
{
    gzFile file = gzopen(path, "rb");
    char bytes[16384];
    int n;

    if (!file)
        return err_set(err, ERR_DISK, "%s: %s", path, strerror(errno));
    while ((n = gzread(file, bytes, sizeof bytes)) > 0 && out->len < HTML_MAX_BYTES)
        buf_add(out, bytes, (size_t)n);
    gzclose(file);
    return n < 0 ? err_set(err, ERR_DISK, "%s: it is damaged", path) : 0;
}
