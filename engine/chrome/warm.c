/* SPDX-License-Identifier: MIT */
/* warm.c - read-ahead over Chrome's files; see warm.h. */
#include "chrome/warm.h"
#include "base/log.h"
#include "base/clock.h"
#include "base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STEP_BYTES = 128 << 10
}; /* the kernel cuts one read-ahead to the device's window, often this */

static int64_t warm_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st = {0};
    int64_t at = 0;

    if (fd < 0)
        return 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        while (at < st.st_size && readahead(fd, at, STEP_BYTES) == 0)
            at += STEP_BYTES;
    close(fd);
    return at < st.st_size ? at : st.st_size;
}

/* Other programs and libraries of the directory are not the browser's. */
static bool is_data(const char *name)
{
    return str_ends(name, ".pak") || str_ends(name, ".dat") || str_ends(name, ".bin");
}

static int64_t warm_data(const char *dir_path)
{
    DIR *dir = opendir(dir_path);
    struct dirent *entry;
    int64_t sum = 0;

    while (dir && (entry = readdir(dir))) {
        char *path;

        if (!is_data(entry->d_name))
            continue;
        path = mem_printf("%s/%s", dir_path, entry->d_name);
        sum += warm_file(path);
        mem_free(path);
    }
    if (dir)
        closedir(dir);
    return sum;
}

int64_t warm_program(const char *program)
{
    int64_t began_ms = clock_mono_ms();
    int64_t bytes = warm_file(program);
    char *dir = mem_strdup(program);
    char *slash = strrchr(dir, '/');

    if (slash && slash != dir) {
        *slash = '\0';
        bytes += warm_data(dir);
    }
    mem_free(dir);
    log_debug("chrome", "files warmed", "mib=%lld ms=%lld", (long long)(bytes >> 20),
              (long long)(clock_mono_ms() - began_ms));
    return bytes;
}
