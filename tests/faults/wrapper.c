/* SPDX-License-Identifier: MIT */
/* wrapper.c - stands for Chrome where its start is to fail; compiled by programs.py.
 *
 * DIR/mode, DIR being where the program lies, says what to do: the word and its number or text below. Without the file the
 * real Chrome (REAL_CHROME) takes over. Each start adds a line with the time (monotonic, ms) to DIR/starts.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void note_start(const char *dir)
{
    char path[512];
    struct timespec now;
    FILE *file;

    snprintf(path, sizeof(path), "%s/starts", dir);
    file = fopen(path, "a");
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!file)
        return;
    fprintf(file, "%lld\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    fclose(file);
}

/* 10 MB/s, in lines or in one that never ends. */
static void flood(int with_lines)
{
    static char piece[100 * 1024];

    memset(piece, 'x', sizeof(piece));
    for (size_t i = 99; with_lines && i < sizeof(piece); i += 100)
        piece[i] = '\n';
    for (;;) {
        if (write(2, piece, sizeof(piece)) < 0)
            _exit(3);
        usleep(10000);
    }
}

/* As many children as there may be, then give up like Chrome does. */
static void fork_until_refused(void)
{
    for (;;) {
        pid_t pid = fork();

        if (pid == 0) {
            pause();
            _exit(0);
        }
        if (pid < 0)
            break;
    }
    perror("fork");
    _exit(1);
}

static void write_endpoint(int argc, char **argv, const char *text)
{
    static const char key[] = "--user-data-dir=";
    char path[512] = "";
    FILE *file;

    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], key, strlen(key)))
            snprintf(path, sizeof(path), "%s/DevToolsActivePort", argv[i] + strlen(key));
    file = fopen(path, "w");
    if (file) {
        fputs(text, file);
        fclose(file);
    }
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    char copy[512], path[512], mode[512] = "";
    const char *dir;
    char *value;
    FILE *file;

    snprintf(copy, sizeof(copy), "%s", argv[0]);
    dir = dirname(copy);
    note_start(dir);
    snprintf(path, sizeof(path), "%s/mode", dir);
    file = fopen(path, "r");
    if (file) {
        mode[fread(mode, 1, sizeof(mode) - 1, file)] = '\0';
        fclose(file);
    }
    value = strchr(mode, ' ');
    if (value)
        *value++ = '\0';
    if (!strcmp(mode, "exit")) {
        fprintf(stderr, "wrapper: these are my last words\n");
        return atoi(value);
    }
    if (!strcmp(mode, "silent"))
        for (;;)
            pause();
    if (!strcmp(mode, "slow"))
        usleep((useconds_t)atoi(value) * 1000);
    if (!strcmp(mode, "flood"))
        flood(1);
    if (!strcmp(mode, "flood-one-line"))
        flood(0);
    if (!strcmp(mode, "forks"))
        fork_until_refused();
    if (!strcmp(mode, "endpoint"))
        write_endpoint(argc, argv, value);
    argv[0] = (char *)REAL_CHROME;
    execv(REAL_CHROME, argv);
    perror(REAL_CHROME);
    return 126;
}
