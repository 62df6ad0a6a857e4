/* SPDX-License-Identifier: MIT */
/* proc.c - starts children, hears of their end, reaps orphans.
 *
 * Every child that is ours to hear of is on family.procs from fork until it was reaped; whatever
 * else becomes our child (we are a subreaper) is an orphan and is reaped at SIGCHLD. Not here: who
 * belongs to a tree (proc_tree.c), what the child does before exec (proc_child.c).
 */
#include "base/proc.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/proc_child.h"
#include "base/proc_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    TAIL_BYTES = 16384,
    LINE_BYTES = 4096,         /* a longer line of stderr is cut */
    DRAIN_MAX_BYTES = 1 << 20, /* of stderr after the end; grandchildren may go on writing */
    END_WAIT_MS = 5000,        /* for killed processes in proc_fini */
    END_STEP_MS = 5,
};

struct proc {
    struct list link;
    struct loop *loop;
    struct proc_tree tree;
    pid_t pid;
    int pidfd;
    struct loop_io *end_io;
    int stderr_fd;
    struct loop_io *stderr_io;
    struct buf line; /* the incomplete last line of stderr */
    struct buf tail; /* up to twice tail_bytes, cut when that is reached */
    size_t tail_bytes;
    void (*on_stderr)(const char *line, void *ctx);
    void (*on_exit)(const struct proc_end *end, void *ctx);
    void *ctx;
    bool ended;     /* and reaped */
    bool forgotten; /* by proc_free: no callback comes any more */
    bool busy;      /* one of its callbacks runs: freed when that returns */
};

/* Children belong to the process, and so does this. */
static struct {
    struct loop *loop;
    struct loop_signal *on_child;
    struct list procs;
    uint64_t start_ticks; /* children older than this are not ours to touch */
} family;

/* ---- orphans --------------------------------------------------------------------------------- */

static struct proc *find_proc(pid_t pid)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &family.procs) {
        struct proc *proc = container_of(at, struct proc, link);

        if (proc->pid == pid && !proc->ended)
            return proc;
    }
    return NULL;
}

/* Only looks (WNOWAIT): a child of ours that we track is left to its own descriptor, and this is
 * called again after that reaped it. */
static void reap_orphans(void)
{
    for (;;) {
        siginfo_t info = {0};

        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
            return;
        if (find_proc(info.si_pid))
            return;
        if (waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG) < 0)
            return;
        log_debug("proc", "orphan reaped", "pid=%d", (int)info.si_pid);
    }
}

static void on_sigchld(void *ctx)
{
    (void)ctx;
    reap_orphans();
}

/* Now, in the unit of proc_stat.start_ticks. */
static uint64_t ticks_since_boot(void)
{
    uint64_t per_s = (uint64_t)sysconf(_SC_CLK_TCK);
    struct timespec ts;

    check(clock_gettime(CLOCK_BOOTTIME, &ts) == 0);
    return (uint64_t)ts.tv_sec * per_s + (uint64_t)ts.tv_nsec * per_s / 1000000000u;
}

void proc_init(struct loop *loop)
{
    check(!family.loop);
    check(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    family.loop = loop;
    list_init(&family.procs);
    family.on_child = loop_signal_new(loop, SIGCHLD, on_sigchld, NULL);
    family.start_ticks = ticks_since_boot();
}

/* ---- stderr ---------------------------------------------------------------------------------- */

static void keep_tail(struct proc *proc, const char *bytes, size_t len)
{
    if (len > proc->tail_bytes) {
        bytes += len - proc->tail_bytes;
        len = proc->tail_bytes;
    }
    if (proc->tail.len + len > 2 * proc->tail_bytes)
        buf_consume(&proc->tail, proc->tail.len - proc->tail_bytes);
    buf_add(&proc->tail, bytes, len);
}

static void give_line(struct proc *proc)
{
    if (proc->on_stderr && !proc->forgotten)
        proc->on_stderr(buf_str(&proc->line), proc->ctx);
    buf_clear(&proc->line);
}

static void take_stderr(struct proc *proc, const char *bytes, size_t len)
{
    keep_tail(proc, bytes, len);
    for (size_t i = 0; i < len; i++)
        if (bytes[i] == '\n')
            give_line(proc);
        else if (proc->line.len < LINE_BYTES)
            buf_addc(&proc->line, bytes[i] ? bytes[i] : '?');
}

static void close_stderr(struct proc *proc)
{
    loop_io_free(&proc->stderr_io);
    if (proc->stderr_fd >= 0)
        close(proc->stderr_fd);
    proc->stderr_fd = -1;
}

/* Read what is there, at most `max_bytes`; the pipe is closed at its end. */
static void read_stderr(struct proc *proc, size_t max_bytes)
{
    char piece[8192];
    size_t total = 0;

    while (proc->stderr_fd >= 0 && total < max_bytes) {
        ssize_t n = read(proc->stderr_fd, piece, sizeof(piece));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            close_stderr(proc);
            return;
        }
        take_stderr(proc, piece, (size_t)n);
        total += (size_t)n;
    }
}

static void proc_destroy(struct proc *proc)
{
    list_remove(&proc->link);
    close_stderr(proc);
    loop_io_free(&proc->end_io);
    if (proc->pidfd >= 0)
        close(proc->pidfd);
    proc_tree_fini(&proc->tree);
    buf_fini(&proc->line);
    buf_fini(&proc->tail);
    mem_free(proc);
}

static void on_stderr_ready(void *ctx, unsigned events)
{
    struct proc *proc = ctx;

    (void)events;
    proc->busy = true;
    read_stderr(proc, 65536);
    proc->busy = false;
    if (proc->forgotten)
        close_stderr(proc);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* false: it has not ended. */
static bool reap(struct proc *proc, int flags, struct proc_end *end)
{
    siginfo_t info = {0};
    int rc;

    do
        rc = waitid(P_PID, (id_t)proc->pid, &info, WEXITED | flags);
    while (rc < 0 && errno == EINTR);
    /* Only somebody else's wait() could have taken it: a bug of this process. */
    check(rc == 0);
    if (!info.si_pid)
        return false;
    *end = (struct proc_end){.signalled = info.si_code != CLD_EXITED, .value = info.si_status};
    proc->ended = true;
    loop_io_free(&proc->end_io);
    close(proc->pidfd);
    proc->pidfd = -1;
    return true;
}

static void on_end_ready(void *ctx, unsigned events)
{
    struct proc *proc = ctx;
    struct proc_end end;

    (void)events;
    if (!reap(proc, WNOHANG, &end))
        return;
    log_debug("proc", "ended", "pid=%d %s=%d", (int)proc->pid, end.signalled ? "signal" : "status",
              end.value);
    /* What it had forked is with us now: take it up before anybody asks. */
    proc_tree_refresh(&proc->tree);
    proc->busy = true;
    read_stderr(proc, DRAIN_MAX_BYTES);
    if (proc->line.len)
        give_line(proc);
    close_stderr(proc);
    if (proc->forgotten)
        proc_tree_signal(&proc->tree, SIGKILL);
    else if (proc->on_exit)
        proc->on_exit(&end, proc->ctx);
    proc->busy = false;
    if (proc->forgotten)
        proc_destroy(proc);
    reap_orphans();
}

/* ---- start ----------------------------------------------------------------------------------- */

static struct proc *proc_make(struct loop *loop, const struct proc_spec *spec, pid_t pid, int pidfd,
                              int stderr_fd)
{
    struct proc *proc = mem_new(struct proc);

    *proc = (struct proc){
        .loop = loop,
        .pid = pid,
        .pidfd = pidfd,
        .stderr_fd = stderr_fd,
        .tail_bytes = spec->stderr_tail_bytes ? spec->stderr_tail_bytes : TAIL_BYTES,
        .on_stderr = spec->on_stderr,
        .on_exit = spec->on_exit,
        .ctx = spec->ctx,
    };
    list_init(&proc->link);
    list_append(&family.procs, &proc->link);
    proc_tree_init(&proc->tree, pid);
    buf_init(&proc->line, LINE_BYTES + 1);
    buf_init(&proc->tail, 2 * proc->tail_bytes);
    proc->end_io = loop_io_new(loop, pidfd, on_end_ready, proc);
    loop_io_want(proc->end_io, LOOP_READ);
    proc->stderr_io = loop_io_new(loop, stderr_fd, on_stderr_ready, proc);
    loop_io_want(proc->stderr_io, LOOP_READ);
    return proc;
}

/* The child failed before exec: it has told why and is gone, or it is made to go. */
static void reap_failed(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

int proc_spawn(struct loop *loop, const struct proc_spec *spec, struct proc **out, struct err *err)
{
    int stderr_pipe[2];
    int pidfd;
    pid_t pid;

    *out = NULL;
    check(family.loop && spec->argv && spec->argv[0]);
    if (pipe2(stderr_pipe, O_CLOEXEC) < 0)
        return err_sys(err, ERR_LAUNCH, "%s: pipe", spec->argv[0]);
    fcntl(stderr_pipe[0], F_SETFL, O_NONBLOCK);
    pid = proc_child_start(spec, stderr_pipe[1], err);
    close(stderr_pipe[1]);
    pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    if (pid >= 0 && pidfd < 0) {
        err_sys(err, ERR_LAUNCH, "%s: pidfd_open", spec->argv[0]);
        reap_failed(pid);
    }
    if (pidfd < 0) {
        close(stderr_pipe[0]);
        return -1;
    }
    *out = proc_make(loop, spec, pid, pidfd, stderr_pipe[0]);
    log_debug("proc", "started", "pid=%d program=%s", (int)pid, log_quote(spec->argv[0]));
    return 0;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

pid_t proc_pid(const struct proc *proc)
{
    return proc->pid;
}

bool proc_is_running(const struct proc *proc)
{
    return !proc->ended;
}

const char *proc_stderr_tail(const struct proc *proc)
{
    size_t extra = proc->tail.len > proc->tail_bytes ? proc->tail.len - proc->tail_bytes : 0;

    return buf_str(&proc->tail) + extra;
}

void proc_kill(struct proc *proc, int signum)
{
    if (!proc->ended)
        syscall(SYS_pidfd_send_signal, proc->pidfd, signum, NULL, 0);
}

void proc_kill_tree(struct proc *proc, int signum)
{
    proc_tree_signal(&proc->tree, signum);
}

size_t proc_tree_size(struct proc *proc)
{
    return proc_tree_refresh(&proc->tree);
}

void proc_free(struct proc **proc_ptr)
{
    struct proc *proc = *proc_ptr;

    *proc_ptr = NULL;
    if (!proc)
        return;
    proc->forgotten = true;
    if (!proc->busy)
        close_stderr(proc);
    proc_tree_signal(&proc->tree, SIGKILL);
    if (proc->ended && !proc->busy)
        proc_destroy(proc);
}

void proc_tree_usage(pid_t root, struct proc_usage *out)
{
    struct proc *known = family.loop ? find_proc(root) : NULL;
    struct proc_tree tree;

    if (known) {
        proc_tree_refresh(&known->tree);
        proc_tree_measure(&known->tree, out);
        return;
    }
    proc_tree_init(&tree, root);
    proc_tree_refresh(&tree);
    proc_tree_measure(&tree, out);
    proc_tree_fini(&tree);
}

/* ---- shutdown -------------------------------------------------------------------------------- */

/* Kill the children that nobody tracks and that came after proc_init(); how many there were. */
static size_t kill_orphans(void)
{
    struct proc_stat *all;
    size_t n = proc_stat_read_all(&all);
    size_t killed = 0;

    for (size_t i = 0; i < n; i++)
        if (all[i].ppid == getpid() && all[i].start_ticks >= family.start_ticks &&
            !find_proc(all[i].pid)) {
            kill(all[i].pid, SIGKILL);
            killed++;
        }
    mem_free(all);
    return killed;
}

/* A process that is a zombie has handed its children on to us: with none of the tree left alive,
 * all that is to be reaped can be reaped. */
static void end_forgotten(struct proc *proc, int64_t deadline_ms)
{
    struct proc_end ignored;

    check(proc->forgotten);
    proc_tree_signal(&proc->tree, SIGKILL);
    /* SIGCHLD interrupts the waiting, which is welcome. */
    while ((!proc->ended || proc_tree_refresh(&proc->tree)) && clock_mono_ms() < deadline_ms)
        if (proc->ended || !reap(proc, WNOHANG, &ignored))
            poll(NULL, 0, END_STEP_MS);
    if (!proc->ended || proc->tree.n)
        log_warn("proc", "does not die", "pid=%d left=%zu", (int)proc->pid, proc->tree.n);
    proc_destroy(proc);
}

void proc_fini(void)
{
    int64_t deadline_ms = clock_mono_ms() + END_WAIT_MS;
    struct list *at, *next;

    if (!family.loop)
        return;
    LIST_FOREACH (at, next, &family.procs)
        end_forgotten(container_of(at, struct proc, link), deadline_ms);
    reap_orphans();
    while (kill_orphans() && clock_mono_ms() < deadline_ms) {
        poll(NULL, 0, END_STEP_MS);
        reap_orphans();
    }
    loop_signal_free(&family.on_child);
    family.loop = NULL;
}

int proc_find_user(const char *name, uid_t *uid, gid_t *gid, struct err *err)
{
    char text[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    int failed = getpwnam_r(name, &entry, text, sizeof(text), &found);

    if (failed || !found)
        return err_set(err, ERR_CONFIG, "\"%s\": expected a system user%s%s", name,
                       failed ? ": " : "", failed ? strerror(failed) : "");
    *uid = entry.pw_uid;
    *gid = entry.pw_gid;
    return 0;
}
