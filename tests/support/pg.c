/* SPDX-License-Identifier: MIT */
/* pg.c - runs initdb and postgres for a test; see pg.h. */
#include "support/pg.h"
#include "base/mem.h"
#include "base/proc_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READY_STEPS = 1500, STEP_MS = 20 }; /* 30 s */

struct test_pg {
    char *bin; /* folder of the programs */
    char *dir; /* socket, and below it data and log */
    char *data;
    char *url;
    bool is_durable;
    bool as_user;
    uid_t uid;
    gid_t gid;
    pid_t pid; /* 0: not running */
};

static char *find_bin(void)
{
    glob_t found;
    char *bin = NULL;

    if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0) {
        char *path = found.gl_pathv[found.gl_pathc - 1];

        bin = mem_strndup(path, strlen(path) - strlen("/initdb"));
    }
    globfree(&found);
    return bin;
}

static void exec_quietly(const struct test_pg *pg, char *const *argv)
{
    char *log = mem_printf("%s/log", pg->dir);
    int fd;

    if (pg->as_user && (setgroups(0, NULL) < 0 || setgid(pg->gid) < 0 || setuid(pg->uid) < 0))
        _exit(126);
    /* SIGQUIT is postgres' immediate shutdown. */
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    close_range(3, ~0u, 0);
    if (chdir(pg->dir) < 0)
        _exit(126);
    execv(argv[0], argv);
    _exit(127);
}

static pid_t run(const struct test_pg *pg, char *const *argv)
{
    pid_t pid = fork();

    check(pid >= 0);
    if (pid == 0)
        exec_quietly(pg, argv);
    return pid;
}

/* The child may have been reaped already by the code under test (proc_init). */
static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 0;
    return status;
}

static bool init_data(const struct test_pg *pg)
{
    char *program = mem_printf("%s/initdb", pg->bin);
    char *argv[] = {program,
                    (char *)"-D",
                    pg->data,
                    (char *)"-U",
                    (char *)"postgres",
                    (char *)"-A",
                    (char *)"trust",
                    (char *)"-E",
                    (char *)"UTF8",
                    (char *)"--locale=C",
                    (char *)"--no-sync",
                    NULL};
    int status = wait_for(run(pg, argv));

    mem_free(program);
    return status == 0;
}

static bool start_server(struct test_pg *pg)
{
    char *program = mem_printf("%s/postgres", pg->bin);
    char *argv[] = {program,
                    (char *)"-D",
                    pg->data,
                    (char *)"-k",
                    pg->dir,
                    (char *)"-c",
                    (char *)"listen_addresses=",
                    (char *)"-c",
                    (char *)"max_connections=40",
                    (char *)(pg->is_durable ? NULL : "-c"),
                    (char *)"fsync=off",
                    (char *)"-c",
                    (char *)"full_page_writes=off",
                    (char *)"-c",
                    (char *)"shared_buffers=16MB",
                    NULL};
    PGPing ping = PQPING_NO_RESPONSE;

    pg->pid = run(pg, argv);
    mem_free(program);
    for (int i = 0; i < READY_STEPS && ping != PQPING_OK; i++) {
        ping = PQping(pg->url);
        if (ping != PQPING_OK)
            poll(NULL, 0, STEP_MS);
    }
    return ping == PQPING_OK;
}

static void choose_user(struct test_pg *pg)
{
    struct passwd *user = getpwnam("postgres");

    if (geteuid() != 0)
        return;
    if (!user)
        user = getpwnam("nobody");
    check(user);
    pg->as_user = true;
    pg->uid = user->pw_uid;
    pg->gid = user->pw_gid;
    check(chown(pg->dir, pg->uid, pg->gid) == 0);
}

static struct test_pg *start(bool is_durable, const char **why_not)
{
    struct test_pg *pg = mem_new(struct test_pg);

    pg->is_durable = is_durable;
    *why_not = NULL;
    pg->bin = find_bin();
    /* Short: a socket's path has 107 bytes at most. */
    pg->dir = mem_strdup("/tmp/cdpg.XXXXXX");
    check(mkdtemp(pg->dir));
    pg->data = mem_printf("%s/data", pg->dir);
    pg->url = mem_printf("postgresql:///postgres?host=%s&user=postgres", pg->dir);
    choose_user(pg);
    if (!pg->bin)
        *why_not = "no PostgreSQL server under /usr/lib/postgresql";
    else if (!init_data(pg))
        *why_not = "initdb failed";
    else if (!start_server(pg))
        *why_not = "postgres did not start";
    if (*why_not)
        test_pg_free(&pg);
    return pg;
}

struct test_pg *test_pg_start(const char **why_not)
{
    return start(false, why_not);
}

struct test_pg *test_pg_start_durable(const char **why_not)
{
    return start(true, why_not);
}

const char *test_pg_url(const struct test_pg *pg)
{
    return pg->url;
}

void test_pg_stop(struct test_pg *pg)
{
    if (!pg->pid)
        return;
    test_pg_resume(pg);
    kill(pg->pid, SIGINT);
    wait_for(pg->pid);
    pg->pid = 0;
}

void test_pg_again(struct test_pg *pg)
{
    check(!pg->pid && start_server(pg));
}

static void signal_all(const struct test_pg *pg, int signum)
{
    struct proc_tree tree;

    proc_tree_init(&tree, pg->pid);
    proc_tree_signal(&tree, signum);
    proc_tree_fini(&tree);
}

void test_pg_pause(struct test_pg *pg)
{
    signal_all(pg, SIGSTOP);
}

void test_pg_resume(struct test_pg *pg)
{
    signal_all(pg, SIGCONT);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void test_pg_free(struct test_pg **pg_ptr)
{
    struct test_pg *pg = *pg_ptr;

    if (!pg)
        return;
    test_pg_stop(pg);
    nftw(pg->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    mem_free(pg->bin);
    mem_free(pg->dir);
    mem_free(pg->data);
    mem_free(pg->url);
    mem_free(pg);
    *pg_ptr = NULL;
}
