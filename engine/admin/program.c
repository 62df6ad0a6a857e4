/* SPDX-License-Identifier: MIT */
/* program.c - see program.h. */
#include "admin/program.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

struct program {
    struct console_call *call;
    struct proc *proc;
    int fd; /* our end of its stdout and stderr */
    struct loop_io *io;
    struct buf out;
    bool too_much;
};

static void end(struct program *program, int code)
{
    struct console_call *call = program->call;

    loop_io_free(&program->io);
    close(program->fd);
    proc_free(&program->proc);
    console_answer_buf(call, code, &program->out);
    mem_free(program);
}

/* What there is now; false: no more will come. */
static bool take_some(struct program *program)
{
    char bytes[16384];

    for (;;) {
        ssize_t n = read(program->fd, bytes, sizeof(bytes));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (program->out.len + (size_t)n <= CONSOLE_ANSWER_MAX) {
            buf_add(&program->out, bytes, (size_t)n);
        } else if (!program->too_much) {
            program->too_much = true;
            proc_kill_tree(program->proc, SIGKILL);
        }
    }
}

static void on_output(void *ctx, unsigned events)
{
    struct program *program = ctx;

    (void)events;
    if (!take_some(program))
        loop_io_want(program->io, 0); /* its end is told by on_exit */
}

static void on_exit_(const struct proc_end *end_of, void *ctx)
{
    struct program *program = ctx;

    take_some(program);
    if (program->too_much)
        buf_adds(&program->out, "\n(cut off: it says too much for the console)\n");
    else if (end_of->signalled)
        buf_addf(&program->out, "(ended by signal %d)\n", end_of->value);
    end(program,
        end_of->signalled || program->too_much ? err_exit_code(ERR_INTERNAL) : end_of->value);
}

static int start(struct loop *loop, struct program *program, const char *const *argv, int write_fd,
                 struct err *err)
{
    struct proc_spec spec = {
        .argv = argv,
        .fd_map = {{write_fd, STDOUT_FILENO}, {write_fd, STDERR_FILENO}},
        .n_fd_map = 2,
        .on_exit = on_exit_,
        .ctx = program,
    };

    return proc_spawn(loop, &spec, &program->proc, err);
}

void program_start(struct loop *loop, struct console_call *call, const char *const *argv,
                   const char *head)
{
    struct program *program;
    struct err err;
    int fds[2], rc;

    if (pipe2(fds, O_CLOEXEC) < 0) {
        err_sys(&err, ERR_FDS, "pipe");
        console_answer_err(call, &err);
        return;
    }
    program = mem_new(struct program);
    program->call = call;
    rc = start(loop, program, argv, fds[1], &err);
    close(fds[1]);
    if (rc < 0) {
        close(fds[0]);
        mem_free(program);
        console_answer_err(call, &err);
        return;
    }
    check(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
    program->fd = fds[0];
    program->io = loop_io_new(loop, program->fd, on_output, program);
    loop_io_want(program->io, LOOP_READ);
    buf_init(&program->out, CONSOLE_ANSWER_MAX + 4096);
    if (head)
        buf_adds(&program->out, head);
    console_call_set_data(call, program);
}

void program_cancel(struct console_call *call)
{
    struct program *program = console_call_data(call);

    if (program)
        end(program, err_exit_code(ERR_CANCELLED));
}
