/* SPDX-License-Identifier: MIT */
/* sites.c - walks the folders of sites_dir. */
#include "crawl/sites.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder NAME with a site.conf. */
struct found {
    char *name;
    char *path;
};

struct catalog {
    struct found *items;
    size_t n;
};

static void catalog_fini(struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->n; i++) {
        mem_free(catalog->items[i].name);
        mem_free(catalog->items[i].path);
    }
    mem_free(catalog->items);
}

static const struct found *catalog_find(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->n; i++)
        if (str_eq(catalog->items[i].name, name))
            return &catalog->items[i];
    return NULL;
}

static int compare_found(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

static int add_found(struct catalog *catalog, const char *dir, const char *name, struct err *err)
{
    char *path = mem_printf("%s/%s/site.conf", dir, name);
    const struct found *twin;

    if (*name == '.' || access(path, F_OK) != 0) {
        mem_free(path);
        return 0;
    }
    twin = catalog_find(catalog, name);
    if (twin) {
        err_set(err, ERR_CONFIG, "sites_dir: site \"%s\" is there twice: %s and %s", name,
                twin->path, path);
        mem_free(path);
        return -1;
    }
    catalog->items = mem_realloc(catalog->items, (catalog->n + 1) * sizeof(*catalog->items));
    catalog->items[catalog->n++] = (struct found){mem_strdup(name), path};
    return 0;
}

static int scan_folder(struct catalog *catalog, const char *dir, struct err *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int rc = 0;

    if (!d)
        return err_sys(err, ERR_CONFIG, "sites_dir: %s", dir);
    while (rc == 0 && (e = readdir(d)))
        rc = add_found(catalog, dir, e->d_name, err);
    closedir(d);
    return rc;
}

static int catalog_init(struct catalog *catalog, const struct config *config, struct err *err)
{
    char *copy = mem_strdup(config->sites_dir);
    char *rest = copy;
    char *dir;
    int rc = 0;

    *catalog = (struct catalog){0};
    while (rc == 0 && (dir = str_next(&rest, ':')))
        if (*dir)
            rc = scan_folder(catalog, dir, err);
    mem_free(copy);
    if (rc == 0 && catalog->n)
        qsort(catalog->items, catalog->n, sizeof(*catalog->items), compare_found);
    return rc;
}

static int unknown_site(const struct catalog *catalog, const struct config *config,
                        const char *name, struct err *err)
{
    const char **names = mem_array(catalog->n + 1, sizeof(*names));
    const char *nearest;

    for (size_t i = 0; i < catalog->n; i++)
        names[i] = catalog->items[i].name;
    nearest = str_nearest(name, names, catalog->n);
    mem_free(names);
    return err_set(err, ERR_SITE, "site \"%s\": no %s/site.conf in %s%s%s%s", name, name,
                   config->sites_dir, nearest ? " (did you mean " : "", nearest ? nearest : "",
                   nearest ? "?)" : "");
}

static void add_site(struct sites *sites, struct site *site)
{
    sites->items = mem_realloc(sites->items, (sites->n + 1) * sizeof(*sites->items));
    sites->items[sites->n++] = site;
}

/* site_load() tells its problems itself; ours go the same way. Returns -1. */
static int tell(const struct err *err, site_error_fn *on_error, void *ctx)
{
    if (on_error)
        on_error(err->text, ctx);
    return -1;
}

static int load_named(const struct catalog *catalog, const struct config *config, const char *name,
                      site_error_fn *on_error, void *ctx, struct sites *out, struct err *err)
{
    const struct found *found = catalog_find(catalog, name);
    struct site *site;

    if (!found) {
        unknown_site(catalog, config, name, err);
        return tell(err, on_error, ctx);
    }
    if (site_load(found->path, found->name, on_error, ctx, &site, err) < 0)
        return -1;
    add_site(out, site);
    return 0;
}

int sites_load_named(const struct config *config, const char *const *names, size_t n,
                     site_error_fn *on_error, void *ctx, struct sites *out, struct err *err)
{
    struct catalog catalog;
    int rc;

    *out = (struct sites){0};
    rc = catalog_init(&catalog, config, err);
    if (rc < 0)
        tell(err, on_error, ctx);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = load_named(&catalog, config, names[i], on_error, ctx, out, err);
    catalog_fini(&catalog);
    if (rc < 0)
        sites_free(out);
    return rc;
}

/* Is `name` in the comma-separated list? */
static bool is_listed(const char *list, const char *name)
{
    char *copy = mem_strdup(list);
    char *rest = copy;
    char *item;
    bool listed = false;

    while (!listed && (item = str_next(&rest, ',')))
        listed = str_eq(item, name);
    mem_free(copy);
    return listed;
}

static int check_listed_exist(const struct catalog *catalog, const struct config *config,
                              struct err *err)
{
    char *copy = mem_strdup(config->sites);
    char *rest = copy;
    char *item;
    int rc = 0;

    while (rc == 0 && (item = str_next(&rest, ',')))
        if (*item && !catalog_find(catalog, item))
            rc = unknown_site(catalog, config, item, err);
    mem_free(copy);
    return rc;
}

static void load_selected(const struct catalog *catalog, const struct config *config,
                          site_error_fn *on_error, void *ctx, struct sites *out)
{
    bool listed_only = *config->sites != '\0';

    for (size_t i = 0; i < catalog->n; i++) {
        const struct found *found = &catalog->items[i];
        struct site *site;
        struct err ignored; /* given to on_error */

        if (listed_only && !is_listed(config->sites, found->name))
            continue;
        if (site_load(found->path, found->name, on_error, ctx, &site, &ignored) < 0)
            out->broken++;
        else if (listed_only || site->enabled)
            add_site(out, site);
        else
            site_free(&site);
    }
}

int sites_load(const struct config *config, site_error_fn *on_error, void *ctx, struct sites *out,
               struct err *err)
{
    struct catalog catalog;
    int rc;

    *out = (struct sites){0};
    rc = catalog_init(&catalog, config, err);
    if (rc == 0)
        rc = check_listed_exist(&catalog, config, err);
    if (rc == 0)
        load_selected(&catalog, config, on_error, ctx, out);
    catalog_fini(&catalog);
    if (rc == 0 && out->n == 0)
        rc = err_set(err, ERR_SITE, "no site to run in %s (%d broken; the others say enabled = no)",
                     config->sites_dir, out->broken);
    return rc < 0 ? tell(err, on_error, ctx) : 0;
}

void sites_free(struct sites *sites)
{
    for (size_t i = 0; i < sites->n; i++)
        site_free(&sites->items[i]);
    mem_free(sites->items);
    *sites = (struct sites){0};
}

/* ---- blocked hosts --------------------------------------------------------------------------- */

static bool has_host(char *const *hosts, size_t n, const char *host)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(hosts[i], host))
            return true;
    return false;
}

void sites_block_hosts(const struct sites *sites, char ***hosts_out, size_t *n_out)
{
    char **hosts = NULL;
    size_t n = 0;

    for (size_t i = 0; i < sites->n; i++)
        for (size_t j = 0; j < sites->items[i]->block_hosts.n; j++) {
            const char *host = sites->items[i]->block_hosts.items[j];

            if (has_host(hosts, n, host))
                continue;
            hosts = mem_realloc(hosts, (n + 1) * sizeof(*hosts));
            hosts[n++] = mem_strdup(host);
        }
    *hosts_out = hosts;
    *n_out = n;
}

void sites_free_hosts(char ***hosts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mem_free((*hosts)[i]);
    mem_free(*hosts);
    *hosts = NULL;
}
