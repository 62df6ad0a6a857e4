/* SPDX-License-Identifier: MIT */
/* test_chrome_profile.c - a browser's directory: private, locked while its engine lives, gone afterwards. */
#include "chrome/profile.h"
#include "base/log.h"
#include "support/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
    char dir[64];
    char outside[64];
    struct profile *profile;
    struct err err;
};

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level;
    (void)line;
    (void)ctx;
}

static int setup(void **state)
{
    struct world *w = mem_new(struct world);

    log_set_sink(quiet, NULL);
    snprintf(w->dir, sizeof(w->dir), "/tmp/profile-test-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->outside, sizeof(w->outside), "/tmp/profile-out-XXXXXX");
    assert_non_null(mkdtemp(w->outside));
    *state = w;
    return 0;
}

/* rmdir, not rm: what is left behind fails the test. */
static int teardown(void **state)
{
    struct world *w = *state;
    int rc;

    profile_free(&w->profile);
    rc = rmdir(w->dir) | rmdir(w->outside);
    mem_free(w);
    log_set_sink(NULL, NULL);
    return rc;
}

static void make(struct world *w)
{
    if (profile_new(w->dir, geteuid(), getegid(), &w->profile, &w->err) < 0)
        fail_msg("%s", w->err.text);
}

static void assert_deleted(struct world *w)
{
    if (profile_delete(w->profile, &w->err) < 0)
        fail_msg("%s", w->err.text);
    assert_int_not_equal(access(profile_dir(w->profile), F_OK), 0);
}

static void put_file(const char *dir, const char *name)
{
    char *path = mem_printf("%s/%s", dir, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    close(fd);
    mem_free(path);
}

static void makes_a_private_directory_for_the_user(void **state)
{
    struct world *w = *state;
    struct stat st;

    make(w);

    assert_int_equal(stat(profile_dir(w->profile), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(access(profile_user_data(w->profile), W_OK), 0);
    assert_int_equal(access(profile_home(w->profile), W_OK), 0);
    assert_int_equal(access(profile_tmp(w->profile), W_OK), 0);
    assert_deleted(w);
}

static void deletes_whatever_is_in_it(void **state)
{
    struct world *w = *state;
    char *deep;

    make(w);
    deep = mem_printf("%s/Default", profile_user_data(w->profile));
    assert_int_equal(mkdir(deep, 0500), 0);
    mem_free(deep);
    put_file(profile_tmp(w->profile), ".org.chromium.Chromium.x");

    assert_deleted(w);
}

static void follows_no_link_out_of_it(void **state)
{
    struct world *w = *state;
    char *link = NULL, *kept;

    make(w);
    put_file(w->outside, "precious");
    link = mem_printf("%s/way-out", profile_tmp(w->profile));
    assert_int_equal(symlink(w->outside, link), 0);
    assert_deleted(w);
    mem_free(link);

    kept = mem_printf("%s/precious", w->outside);
    assert_int_equal(access(kept, F_OK), 0);
    unlink(kept);
    mem_free(kept);
}

static void sweeps_what_no_living_engine_holds(void **state)
{
    struct world *w = *state;

    make(w);
    put_file(profile_tmp(w->profile), "x");
    profile_free(&w->profile); /* the lock goes, as with a killed engine */

    assert_int_equal(profile_sweep(w->dir, geteuid()), 1);
}

static void leaves_what_a_living_engine_holds(void **state)
{
    struct world *w = *state;

    make(w);

    assert_int_equal(profile_sweep(w->dir, geteuid()), 0);
    assert_int_equal(access(profile_user_data(w->profile), W_OK), 0);
    assert_deleted(w);
}

static void sweeps_neither_other_names_nor_links(void **state)
{
    struct world *w = *state;
    char *other = mem_printf("%s/somebody-else", w->dir);
    char *link = mem_printf("%s/catchdeal-chrome-link", w->dir);

    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(symlink(w->outside, link), 0);

    assert_int_equal(profile_sweep(w->dir, geteuid()), 0);

    assert_int_equal(access(w->outside, F_OK), 0);
    assert_int_equal(rmdir(other), 0);
    assert_int_equal(unlink(link), 0);
    mem_free(other);
    mem_free(link);
}

static void does_not_sweep_another_user_s_directory(void **state)
{
    struct world *w = *state;
    char *foreign = mem_printf("%s/catchdeal-chrome-foreign", w->dir);

    if (geteuid() != 0) {
        mem_free(foreign);
        skip_because("needs root to make another user's directory");
    }
    assert_int_equal(mkdir(foreign, 0700), 0);
    assert_int_equal(chown(foreign, 12345, 12345), 0);

    assert_int_equal(profile_sweep(w->dir, 54321), 0);

    assert_int_equal(rmdir(foreign), 0);
    mem_free(foreign);
}

static void leaves_nothing_when_descriptors_run_out(void **state)
{
    struct world *w = *state;
    struct rlimit before, none;
    int rc;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    rc = profile_new(w->dir, geteuid(), getegid(), &w->profile, &w->err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

    assert_int_equal(rc, -1);
    assert_int_equal(w->err.code, ERR_FDS);
    w->profile = NULL;
}

static void names_the_run_dir_that_does_not_work(void **state)
{
    struct world *w = *state;

    assert_int_equal(profile_new("/nonexistent/run", geteuid(), getegid(), &w->profile, &w->err),
                     -1);

    assert_int_equal(w->err.code, ERR_LAUNCH);
    assert_non_null(strstr(w->err.text, "run_dir /nonexistent/run"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(makes_a_private_directory_for_the_user),
        TEST(deletes_whatever_is_in_it),
        TEST(follows_no_link_out_of_it),
        TEST(sweeps_what_no_living_engine_holds),
        TEST(leaves_what_a_living_engine_holds),
        TEST(sweeps_neither_other_names_nor_links),
        TEST(does_not_sweep_another_user_s_directory),
        TEST(leaves_nothing_when_descriptors_run_out),
        TEST(names_the_run_dir_that_does_not_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
