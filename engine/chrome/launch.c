/* SPDX-License-Identifier: MIT */
/* launch.c - finds Chrome and its user, builds its command line and environment; see launch.h.
 *
 * The program must be the binary itself: /usr/bin/chromium-headless-shell and its like are shell scripts that do
 * not exec, so the death signal would hit the shell and Chrome would live on.
 */
#include "chrome/launch.h"
#include "base/log.h"
#include "base/str.h"
#include "chrome/flags.h"
#include "chrome/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_ARGS = 300,
    MAX_ENV = 16,
    ENDPOINT_BYTES = 256,
    CHROME_READ_FD = 3,
    CHROME_WRITE_FD = 4
};

static const char *const programs[] = {
    "/usr/lib/chromium/chromium-headless-shell",
    "/usr/lib/chromium-browser/chromium-headless-shell",
    "/opt/chrome-headless-shell/chrome-headless-shell",
    "/usr/lib/chromium/chromium",
    "/usr/lib/chromium-browser/chromium-browser",
    "/opt/google/chrome/chrome",
    "/snap/chromium/current/usr/lib/chromium-browser/chrome",
};

struct launch_plan {
    char *program;
    bool is_headless_shell;
    bool sandbox;
    bool uses_pipe;
    bool drop_user;
    uid_t uid;
    gid_t gid;
    char *run_dir;
    struct flags *flags;
};

/* ---- the program ------------------------------------------------------------------------------- */

static int check_program(const char *path, struct err *err)
{
    char head[4] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return err_sys(err, ERR_LAUNCH, "chrome = %s", path);
    n = read(fd, head, sizeof(head));
    close(fd);
    if (n >= 2 && head[0] == '#' && head[1] == '!')
        return err_set(err, ERR_LAUNCH,
                       "chrome = %s: this is a wrapper script, which would stand between the "
                       "engine and Chrome: name "
                       "the program itself (Debian: /usr/lib/chromium/chromium-headless-shell)",
                       path);
    if (n < 4 || memcmp(head, "\177ELF", 4) != 0)
        return err_set(err, ERR_LAUNCH, "chrome = %s: expected a program file", path);
    if (access(path, X_OK) < 0)
        return err_sys(err, ERR_LAUNCH, "chrome = %s", path);
    return 0;
}

static int find_program(const struct config *config, struct launch_plan *plan, struct err *err)
{
    struct err ignored;

    if (!str_empty(config->chrome)) {
        if (check_program(config->chrome, err) < 0)
            return -1;
        plan->program = mem_strdup(config->chrome);
    }
    for (size_t i = 0; i < ARRAY_LEN(programs) && !plan->program; i++)
        if (check_program(programs[i], &ignored) == 0)
            plan->program = mem_strdup(programs[i]);
    if (!plan->program)
        return err_set(err, ERR_LAUNCH,
                       "no Chrome found: install it (Debian: apt-get install "
                       "chromium-headless-shell) or set chrome = "
                       "PATH in catchdeal.conf");
    plan->is_headless_shell =
        strstr(strrchr(plan->program, '/') ? strrchr(plan->program, '/') : plan->program,
               "headless") != NULL;
    return 0;
}

/* ---- the user ---------------------------------------------------------------------------------- */

static int find_user(const struct config *config, struct launch_plan *plan, struct err *err)
{
    plan->uid = geteuid();
    plan->gid = getegid();
    if (geteuid() != 0)
        return 0;
    if (str_empty(config->chrome_user))
        return plan->sandbox ? err_set(err, ERR_LAUNCH,
                                       "chrome_user is empty: as root, Chrome has no sandbox; name "
                                       "a user, or set "
                                       "chrome_sandbox = no")
                             : 0;
    if (proc_find_user(config->chrome_user, &plan->uid, &plan->gid, err) < 0) {
        err->code = ERR_LAUNCH;
        return err_prefix(err,
                          "the engine is root and runs Chrome as the user %s, which is missing "
                          "(create it: useradd "
                          "--system --no-create-home %s)",
                          config->chrome_user, config->chrome_user);
    }
    plan->drop_user = true;
    return 0;
}

static bool may_enter(const struct stat *st, uid_t uid, gid_t gid)
{
    if (st->st_uid == uid)
        return st->st_mode & S_IXUSR;
    if (st->st_gid == gid)
        return st->st_mode & S_IXGRP;
    return st->st_mode & S_IXOTH;
}

/* Every directory down to run_dir must let the user through: a profile under a 0700 home is out of its reach. */
static int check_reachable(const struct launch_plan *plan, struct err *err)
{
    char *path = mem_strdup(plan->run_dir);
    struct stat st;
    int rc = 0;

    for (char *slash = path + 1; slash && rc == 0;) {
        slash = strchr(slash, '/');
        if (slash)
            *slash = '\0';
        if (stat(path, &st) < 0)
            rc = err_sys(err, ERR_LAUNCH, "run_dir %s", path);
        else if (!S_ISDIR(st.st_mode))
            rc = err_set(err, ERR_LAUNCH, "run_dir %s: expected a directory", path);
        else if (plan->uid != 0 && !may_enter(&st, plan->uid, plan->gid))
            rc = err_set(err, ERR_LAUNCH,
                         "run_dir %s: the user that Chrome runs as cannot enter %s (mode %04o)",
                         plan->run_dir, path, (unsigned)(st.st_mode & 07777));
        if (slash)
            *slash++ = '/';
    }
    mem_free(path);
    return rc;
}

static int find_run_dir(const struct config *config, struct launch_plan *plan, struct err *err)
{
    const char *wanted = config->run_dir;
    char *real;

    if (str_empty(wanted))
        wanted = str_empty(getenv("TMPDIR")) ? "/tmp" : getenv("TMPDIR");
    real = realpath(wanted, NULL);
    if (!real)
        return err_sys(err, ERR_LAUNCH, "run_dir %s", wanted);
    plan->run_dir = mem_strdup(real);
    free(real); /* realpath's own */
    return check_reachable(plan, err);
}

/* ---- the plan ---------------------------------------------------------------------------------- */

int launch_plan_new(const struct config *config, const char *const *block_hosts,
                    size_t n_block_hosts, struct launch_plan **out, struct err *err)
{
    struct launch_plan *plan = mem_new(struct launch_plan);

    plan->sandbox = config->chrome_sandbox;
    plan->uses_pipe = str_eq(config->chrome_transport, "pipe");
    if (flags_load(config->chrome_flags, &plan->flags, err) < 0 ||
        find_program(config, plan, err) < 0 || find_user(config, plan, err) < 0 ||
        find_run_dir(config, plan, err) < 0) {
        launch_plan_free(&plan);
        return -1;
    }
    flags_block_hosts(plan->flags, block_hosts, n_block_hosts);
    guard_add_switches(plan->flags);
    log_debug("chrome", "launch plan", "program=%s uid=%u sandbox=%s run_dir=%s",
              log_quote(plan->program), (unsigned)plan->uid, plan->sandbox ? "yes" : "no",
              log_quote(plan->run_dir));
    if (!plan->sandbox)
        log_warn(
            "chrome",
            "Chrome runs without its sandbox: a page that breaks out has all rights of its user",
            "chrome_sandbox=no uid=%u", (unsigned)plan->uid);
    *out = plan;
    return 0;
}

int launch_set_block_hosts(struct launch_plan *plan, const struct config *config,
                           const char *const *block_hosts, size_t n_block_hosts, struct err *err)
{
    struct flags *flags;

    if (flags_load(config->chrome_flags, &flags, err) < 0)
        return -1;
    flags_block_hosts(flags, block_hosts, n_block_hosts);
    guard_add_switches(flags);
    flags_free(&plan->flags);
    plan->flags = flags;
    return 0;
}

void launch_plan_free(struct launch_plan **plan_ptr)
{
    struct launch_plan *plan = *plan_ptr;

    *plan_ptr = NULL;
    if (!plan)
        return;
    flags_free(&plan->flags);
    mem_free(plan->program);
    mem_free(plan->run_dir);
    mem_free(plan);
}

const char *launch_program(const struct launch_plan *plan)
{
    return plan->program;
}

const char *launch_run_dir(const struct launch_plan *plan)
{
    return plan->run_dir;
}

uid_t launch_uid(const struct launch_plan *plan)
{
    return plan->uid;
}

bool launch_uses_pipe(const struct launch_plan *plan)
{
    return plan->uses_pipe;
}

bool launch_has_sandbox(const struct launch_plan *plan)
{
    return plan->sandbox;
}

int launch_make_profile(const struct launch_plan *plan, struct profile **out, struct err *err)
{
    return profile_new(plan->run_dir, plan->uid, plan->gid, out, err);
}

/* ---- starting ---------------------------------------------------------------------------------- */

/* A list of strings that argv and envp are made of. */
struct words {
    char *each[MAX_ARGS + 1];
    size_t n;
};

static void words_take(struct words *words, char *word)
{
    check(words->n < MAX_ARGS);
    words->each[words->n++] = word;
}

static void words_fini(struct words *words)
{
    for (size_t i = 0; i < words->n; i++)
        mem_free(words->each[i]);
}

static void build_args(const struct launch_plan *plan, const struct profile *profile,
                       struct words *args)
{
    words_take(args, mem_strdup(plan->program));
    words_take(args, mem_strdup(plan->uses_pipe ? "--remote-debugging-pipe"
                                                : "--remote-debugging-port=0"));
    words_take(args, mem_printf("--user-data-dir=%s", profile_user_data(profile)));
    if (!plan->is_headless_shell) {
        words_take(args, mem_strdup("--headless=new"));
        words_take(args, mem_strdup("--no-startup-window"));
    }
    if (!plan->sandbox)
        words_take(args, mem_strdup("--no-sandbox"));
    for (size_t i = 0; i < flags_count(plan->flags); i++)
        words_take(args, mem_strdup(flags_at(plan->flags, i)));
}

/* Nothing of the engine's environment reaches Chrome but the zone: no secrets, no proxies by accident. */
static void build_env(const struct profile *profile, struct words *env)
{
    words_take(env, mem_strdup("PATH=/usr/bin:/bin"));
    words_take(env, mem_strdup("LANG=C.UTF-8"));
    words_take(env, mem_strdup("DBUS_SESSION_BUS_ADDRESS=disabled:"));
    words_take(env, mem_printf("HOME=%s", profile_home(profile)));
    words_take(env, mem_printf("TMPDIR=%s", profile_tmp(profile)));
    words_take(env, mem_printf("XDG_CONFIG_HOME=%s", profile_home(profile)));
    words_take(env, mem_printf("XDG_CACHE_HOME=%s", profile_home(profile)));
    words_take(env, mem_printf("XDG_DATA_HOME=%s", profile_home(profile)));
    if (getenv("TZ"))
        words_take(env, mem_printf("TZ=%s", getenv("TZ")));
}

/* Sockets, since the transport wants one to write to. Two pairs, one each way: at its end Chrome
 * shuts the one that it reads, while its last words are still in the other. [0] is ours. */
static int open_pipe(int to_chrome[2], int from_chrome[2], struct err *err)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, to_chrome) < 0)
        return err_sys(err, ERR_LAUNCH, "DevTools pipe");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, from_chrome) < 0) {
        err_sys(err, ERR_LAUNCH, "DevTools pipe");
        close(to_chrome[0]);
        close(to_chrome[1]);
        return -1;
    }
    return 0;
}

static void map_fd(struct proc_spec *spec, int ours, int chromes)
{
    spec->fd_map[spec->n_fd_map][0] = ours;
    spec->fd_map[spec->n_fd_map++][1] = chromes;
}

static int spawn_with_pipe(struct loop *loop, struct proc_spec *spec, struct launched *out,
                           struct err *err)
{
    int to_chrome[2], from_chrome[2];
    int rc;

    if (open_pipe(to_chrome, from_chrome, err) < 0)
        return -1;
    map_fd(spec, to_chrome[1], CHROME_READ_FD);
    map_fd(spec, from_chrome[1], CHROME_WRITE_FD);
    rc = proc_spawn(loop, spec, &out->proc, err);
    close(to_chrome[1]);
    close(from_chrome[1]);
    if (rc < 0) {
        close(to_chrome[0]);
        close(from_chrome[0]);
        return -1;
    }
    out->pipe_read_fd = from_chrome[0];
    out->pipe_write_fd = to_chrome[0];
    return 0;
}

int launch_spawn(const struct launch_plan *plan, struct loop *loop, const struct profile *profile,
                 struct cage *cage, const struct launch_events *events, void *ctx,
                 struct launched *out, struct err *err)
{
    struct words args = {.n = 0}, env = {.n = 0};
    struct proc_spec spec = {
        .argv = (const char *const *)args.each,
        .env = (const char *const *)env.each,
        .cwd = profile_home(profile),
        .drop_user = plan->drop_user,
        .uid = plan->uid,
        .gid = plan->gid,
        .on_stderr = events->on_stderr,
        .on_exit = events->on_exit,
        .ctx = ctx,
    };
    int rc;

    spec.n_cgroup_procs_fds = cage_procs_fds(cage, spec.cgroup_procs_fds);
    build_args(plan, profile, &args);
    build_env(profile, &env);
    *out = (struct launched){.pipe_read_fd = -1, .pipe_write_fd = -1};
    rc = plan->uses_pipe ? spawn_with_pipe(loop, &spec, out, err)
                         : proc_spawn(loop, &spec, &out->proc, err);
    words_fini(&args);
    words_fini(&env);
    if (rc == 0)
        cage_set_root(cage, proc_pid(out->proc));
    return rc;
}

struct launch_stamp launch_stamp(const struct launch_plan *plan)
{
    struct stat st;

    if (stat(plan->program, &st) < 0)
        return (struct launch_stamp){0};
    return (struct launch_stamp){
        .dev = st.st_dev,
        .ino = st.st_ino,
        .size_bytes = st.st_size,
        .changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
    };
}

bool launch_is_same(const struct launch_stamp *a, const struct launch_stamp *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size_bytes == b->size_bytes &&
           a->changed_ns == b->changed_ns;
}

/* The file is Chrome's, so only the form that is expected passes. */
static bool parse_endpoint(const char *text, struct buf *url_out)
{
    static const char prefix[] = "/devtools/browser/";
    int port = 0, path_at = 0;
    size_t id_len;

    if (sscanf(text, "%5d\n%n", &port, &path_at) < 1 || port < 1 || port > 65535 || path_at == 0)
        return false;
    if (!str_starts(text + path_at, prefix))
        return false;
    id_len = strspn(text + path_at + strlen(prefix), "0123456789abcdefABCDEF-");
    if (id_len < 36)
        return false;
    buf_addf(url_out, "ws://127.0.0.1:%d%s%.*s", port, prefix, (int)id_len,
             text + path_at + strlen(prefix));
    return true;
}

bool launch_read_endpoint(const struct profile *profile, struct buf *url_out)
{
    char *path = mem_printf("%s/DevToolsActivePort", profile_user_data(profile));
    char text[ENDPOINT_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* it may be a FIFO */
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    mem_free(path);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return parse_endpoint(text, url_out);
}
