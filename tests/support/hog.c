/* SPDX-License-Identifier: MIT */
/* hog.c - see hog.h. */
#include "support/hog.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20, PAGE = 4096, CHILD_WAS_KILLED = 42 };

__attribute__((noreturn)) static void wait_for_end(void)
{
    for (;;)
        pause();
}

__attribute__((noreturn)) static void take_memory(int mib, int ms)
{
    for (int i = 0; i < mib; i++) {
        char *piece = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (piece == MAP_FAILED)
            _exit(1);
        /* Not all alike, or same-page merging and compression would be measured. */
        for (int at = 0; at < MIB; at += (int)sizeof(int))
            *(int *)(void *)(piece + at) = i * MIB + at;
        poll(NULL, 0, ms);
    }
    wait_for_end();
}

__attribute__((noreturn)) static void take_memory_in_child(int mib, int ms)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0)
        take_memory(mib, ms);
    if (child < 0 || waitpid(child, &status, 0) != child)
        _exit(1);
    _exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? CHILD_WAS_KILLED : 1);
}

__attribute__((noreturn)) static void fork_many(int n)
{
    int refused = 0;

    for (int i = 0; i < n; i++) {
        pid_t child = fork();

        if (child == 0)
            wait_for_end();
        refused += child < 0;
    }
    dprintf(STDERR_FILENO, "refused %d\n", refused);
    wait_for_end();
}

__attribute__((noreturn)) static void fork_bomb(int depth, int sessions)
{
    for (int i = 0; i < depth; i++)
        if (fork() == 0 && sessions) {
            setsid();
            /* The parent goes, and nobody can tell any more where this one came from. */
            if (i == depth - 1 && fork() > 0)
                _exit(0);
        }
    wait_for_end();
}

static void write_file(int fd, int mib)
{
    static char piece[MIB];

    for (int i = 0; i < mib; i++) {
        memset(piece, i, sizeof(piece));
        if (write(fd, piece, sizeof(piece)) != (ssize_t)sizeof(piece))
            _exit(1);
    }
    fsync(fd);
}

__attribute__((noreturn)) static void read_file_for_ever(const char *path, int mib)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const volatile char *map;
    unsigned sum = 0;

    if (fd < 0)
        _exit(1);
    write_file(fd, mib);
    map = mmap(NULL, (size_t)mib * MIB, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        _exit(1);
    dprintf(STDERR_FILENO, "written\n");
    for (;;)
        for (size_t at = 0; at < (size_t)mib * MIB; at += PAGE)
            sum += (unsigned char)map[at];
    _exit((int)sum);
}

void hog_main(int argc, char **argv)
{
    const char *kind = argc > 3 ? argv[2] : "";
    int first = argc > 3 ? atoi(argv[3]) : 0;
    int second = argc > 4 ? atoi(argv[4]) : 0;

    if (argc < 2 || strcmp(argv[1], "hog") != 0)
        return;
    if (strcmp(kind, "memory") == 0)
        take_memory(first, second);
    if (strcmp(kind, "child") == 0)
        take_memory_in_child(first, second);
    if (strcmp(kind, "forks") == 0)
        fork_many(first);
    if (strcmp(kind, "bomb") == 0)
        fork_bomb(first, second);
    if (strcmp(kind, "file") == 0)
        read_file_for_ever(argv[3], second);
    _exit(2);
}
