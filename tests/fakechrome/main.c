/* SPDX-License-Identifier: MIT */
/* main.c - the program `fakechrome`: stands for Chrome in the engine's configuration; see README.md.
 *
 * Of the engine's environment nothing reaches Chrome, so the script lies beside the program: ARGV0.script. A test makes
 * a symbolic link to the program in a directory of its own and puts the script there.
 */
#include "base/buf.h"
#include "base/str.h"
#include "fakechrome/play.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIPE_READ_FD = 3, PIPE_WRITE_FD = 4, EXIT_USAGE = 2 };

struct program {
    struct loop *loop;
    struct fakeplay *play;
    const char *user_data_dir;
    bool by_pipe;
    int exit_code;
};

__attribute__((noreturn)) static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "fakechrome: %s: %s\n", what, why);
    exit(EXIT_USAGE);
}

/* ---- the script -------------------------------------------------------------------------------- */

static char *read_script(const char *program)
{
    const char *named = getenv("FAKECHROME_SCRIPT");
    char *path = named ? mem_strdup(named) : mem_printf("%s.script", program);
    FILE *file = fopen(path, "re");
    char piece[4096];
    struct buf text;
    size_t n;

    if (!file && (named || errno != ENOENT))
        give_up(path, strerror(errno));
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_adds(&text, "");
    while (file && (n = fread(piece, 1, sizeof(piece), file)) > 0)
        buf_add(&text, piece, n);
    if (file)
        fclose(file);
    mem_free(path);
    return buf_take(&text);
}

/* Which start of the program this is: ARGV0.launches, if there is one, grows by a byte each time. */
static int count_launch(const char *program)
{
    char *path = mem_printf("%s.launches", program);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    struct stat st;
    int launch = 1;

    if (fd >= 0) {
        if (write(fd, ".", 1) != 1 || fstat(fd, &st) < 0)
            give_up(path, strerror(errno));
        launch = (int)st.st_size;
        close(fd);
    }
    mem_free(path);
    return launch;
}

/* ---- what the script does ---------------------------------------------------------------------- */

static void on_stderr(const char *bytes, size_t len, void *ctx)
{
    (void)ctx;
    for (size_t at = 0; at < len;) {
        ssize_t n = write(STDERR_FILENO, bytes + at, len - at);

        if (n < 0)
            return;
        at += (size_t)n;
    }
}

static void on_exit_asked(int code, void *ctx)
{
    struct program *program = ctx;

    program->exit_code = code;
    loop_stop(program->loop);
}

/* The two lines appear at once, as a whole file. */
static void announce(const struct program *program, const char *endpoint)
{
    char *path = mem_printf("%s/DevToolsActivePort", program->user_data_dir);
    char *unfinished = mem_printf("%s~", path);
    FILE *file = fopen(unfinished, "we");

    if (!file)
        give_up(unfinished, strerror(errno));
    if (endpoint)
        fputs(endpoint, file);
    else
        fprintf(file, "%d\n%s", fakechrome_port(fakeplay_server(program->play)), FAKECHROME_PATH);
    if (fclose(file) != 0 || rename(unfinished, path) < 0)
        give_up(path, strerror(errno));
    mem_free(unfinished);
    mem_free(path);
}

static void on_client_gone(void *ctx)
{
    struct program *program = ctx;

    if (program->by_pipe)
        loop_stop(program->loop); /* as Chrome does */
}

struct start {
    struct program *program;
    char *endpoint;
};

static void on_started_later(void *ctx)
{
    struct start *start = ctx;

    if (start->program->by_pipe)
        fakechrome_attach_pipe(fakeplay_server(start->program->play), PIPE_READ_FD, PIPE_WRITE_FD);
    else
        announce(start->program, start->endpoint);
    mem_free(start->endpoint);
    mem_free(start);
}

/* Deferred, since the play may begin in the very call that makes it. */
static void on_started(const char *endpoint, void *ctx)
{
    struct program *program = ctx;
    struct start *start = mem_new(struct start);

    start->program = program;
    start->endpoint = mem_strdup(endpoint);
    loop_defer(program->loop, on_started_later, start);
}

static const struct fakeplay_events events = {on_started, on_stderr, on_exit_asked, on_client_gone};

/* ---- the program ------------------------------------------------------------------------------- */

static void read_arguments(struct program *program, char *const argv[])
{
    static const char dir[] = "--user-data-dir=";

    for (int i = 1; argv[i]; i++)
        if (str_starts(argv[i], dir))
            program->user_data_dir = argv[i] + strlen(dir);
        else if (str_eq(argv[i], "--remote-debugging-pipe"))
            program->by_pipe = true;
    if (program->by_pipe && (fcntl(PIPE_READ_FD, F_GETFD) < 0 || fcntl(PIPE_WRITE_FD, F_GETFD) < 0))
        give_up("--remote-debugging-pipe", "descriptors 3 and 4 are not open");
    if (!program->by_pipe && !program->user_data_dir)
        give_up(
            "usage",
            "fakechrome --user-data-dir=DIR [--remote-debugging-port=0] | --remote-debugging-pipe");
}

int main(int argc, char *argv[])
{
    struct program program = {.exit_code = 0};
    struct err err;
    char *script;

    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    read_arguments(&program, argv);
    script = read_script(argv[0]);
    program.loop = loop_new();
    if (fakeplay_new(program.loop, program.by_pipe ? FAKECHROME_PIPE : FAKECHROME_WS, script,
                     count_launch(argv[0]), &events, &program, &program.play, &err) < 0)
        give_up(argv[0], err.text);
    mem_free(script);
    loop_run(program.loop);
    fakeplay_free(&program.play);
    loop_free(&program.loop);
    return program.exit_code;
}
