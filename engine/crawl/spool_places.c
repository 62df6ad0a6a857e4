/* SPDX-License-Identifier: MIT */
/* spool_places.c - the spool's folder and its files' names. */
#include "crawl/spool_places.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "crawl/drift_keep.h"
#include "crawl/spool.h"
#include "crawl/spool_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 10000, NAME_MAX_BYTES = 256 };

/* ---- names ----------------------------------------------------------------------------------- */

/* "postgresql://user:password@host/name?password=x": what stands there as a password goes. */
static char *without_password(const char *url)
{
    char *text = mem_strdup(url);
    char *host = strstr(text, "://");
    char *at = host ? strchr(host + 3, '@') : NULL;
    char *colon = at ? strchr(host + 3, ':') : NULL;
    char *word = strstr(text, "password=");

    if (word)
        memmove(word, word + strcspn(word, "&"), strlen(word + strcspn(word, "&")) + 1);
    if (colon && colon < at)
        memmove(colon, at, strlen(at) + 1);
    return text;
}

void spool_database_name(const char *url, char out[SPOOL_DATABASE_BYTES])
{
    char *text = without_password(url);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    check(EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) == 1);
    str_hex(digest, (SPOOL_DATABASE_BYTES - 1) / 2, out);
    mem_free(text);
}

char *spool_file_name(const char *dir, const char *database)
{
    return mem_printf("%s/%013lld-%d-%s.spool", dir, (long long)clock_wall_ms(), (int)getpid(),
                      database);
}

static bool is_of_database(const char *name, const char *database)
{
    char end[SPOOL_DATABASE_BYTES + 8];

    snprintf(end, sizeof(end), "-%s.spool", database);
    return str_ends(name, end);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void spool_each_file(const char *dir, const char *database, spool_file_fn *fn, void *ctx)
{
    DIR *folder = opendir(dir);
    char **paths = NULL;
    size_t n = 0;

    for (struct dirent *e = folder ? readdir(folder) : NULL; e && n < FILES_MAX;
         e = readdir(folder)) {
        if (!is_of_database(e->d_name, database))
            continue;
        paths = mem_realloc(paths, (n + 1) * sizeof(*paths));
        paths[n++] = mem_printf("%s/%s", dir, e->d_name);
    }
    if (folder)
        closedir(folder);
    if (n > 1)
        qsort(paths, n, sizeof(*paths), by_name);
    for (size_t i = 0; i < n; i++) {
        fn(paths[i], ctx);
        mem_free(paths[i]);
    }
    mem_free(paths);
}

/* ---- the folder ------------------------------------------------------------------------------ */

static int make_one(const char *path, mode_t mode, struct err *err)
{
    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return 0;
    return err_sys(err, ERR_DISK, "spool_dir %s", path);
}

int spool_make_dir(const char *dir, struct err *err)
{
    char *parent = mem_strdup(dir);
    char *slash = strrchr(parent, '/');
    int rc = 0;

    if (access(dir, W_OK | X_OK) < 0 && slash && slash > parent) {
        *slash = '\0';
        rc = make_one(parent, 0755, err);
    }
    mem_free(parent);
    return rc < 0 ? -1 : make_one(dir, 0700, err);
}

int spool_sync_dir(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);

    if (rc < 0)
        err_sys(err, ERR_DISK, "spool_dir %s", dir);
    if (fd >= 0)
        close(fd);
    return rc;
}

void spool_dir(const struct config *config, struct buf *out)
{
    if (*config->spool_dir) {
        buf_adds(out, config->spool_dir);
        return;
    }
    drift_keep_dir(config, out);
    buf_adds(out, "/spool");
}

/* ---- looking --------------------------------------------------------------------------------- */

static bool nobody_holds(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool is_free = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0;

    if (fd >= 0)
        close(fd);
    return is_free;
}

static void look_at_file(const char *path, void *ctx)
{
    struct spool_look *look = ctx;
    struct stat st;

    if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    look->files++;
    look->bytes += st.st_size;
    look->waiting += spool_file_count(path);
    look->orphans += nobody_holds(path);
}

void spool_look(const struct config *config, struct spool_look *out)
{
    char database[SPOOL_DATABASE_BYTES];
    struct buf path;
    DIR *folder;

    *out = (struct spool_look){0};
    buf_init(&path, 4096);
    spool_dir(config, &path);
    spool_database_name(config->database, database);
    spool_each_file(buf_str(&path), database, look_at_file, out);
    folder = opendir(buf_str(&path));
    for (struct dirent *e = folder ? readdir(folder) : NULL; e; e = readdir(folder)) {
        out->bad += str_ends(e->d_name, ".spool.bad");
        out->other += str_ends(e->d_name, ".spool") && !is_of_database(e->d_name, database);
    }
    if (folder)
        closedir(folder);
    buf_fini(&path);
}
