/* SPDX-License-Identifier: MIT */
/* replay.c - gives each file of a folder to a fuzz target once: the regression test of `make
 * check-fuzz`.
 *
 * Stands where libFuzzer would, so that it needs no clang. Prints the number of inputs; the name of
 * the one being read is printed when the target dies on it.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_BYTES = 1 << 20 };

static char current[512];

static void on_abort(int sig)
{
    ssize_t ignored = write(STDERR_FILENO, current, strlen(current));

    (void)ignored;
    signal(sig, SIG_DFL);
    raise(sig);
}

static int replay(const char *dir, const char *name)
{
    static uint8_t bytes[MAX_BYTES];
    char path[512];
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    snprintf(current, sizeof(current), "died on %.480s\n", path);
    file = fopen(path, "rbe");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    n = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    return LLVMFuzzerTestOneInput(bytes, n);
}

static int replay_all(const char *path, DIR *dir)
{
    struct dirent *entry;
    int n = 0;

    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        if (replay(path, entry->d_name) != 0)
            return -1;
        n++;
    }
    printf("%d inputs\n", n);
    return n > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    int rc;

    if (!dir) {
        fprintf(stderr, "usage: %s FOLDER of inputs\n", argv[0]);
        return 2;
    }
    signal(SIGABRT, on_abort);
    rc = replay_all(argv[1], dir);
    closedir(dir);
    return rc < 0 ? 1 : 0;
}
