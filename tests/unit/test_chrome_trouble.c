/* SPDX-License-Identifier: MIT */
/* test_chrome_trouble.c - a Chrome that does not start: the reason is named, tries back off, the breaker opens and
 * closes.
 *
 * The programs that stand for Chrome are copies of this one, damaged where the loader shall refuse them, or playing
 * the part that their name says.
 */
#include "test_chrome.h"

#include "base/clock.h"

struct part {
    const char *name;
    const char *says;
    int status;
};

/* As seen: Chromium 156, glibc 2.36. */
static const struct part parts[] = {
    {"no-sandbox",
     "[1122/100000.0:FATAL:content/browser/zygote_host/zygote_host_impl_linux.cc:128] No usable "
     "sandbox! If you are "
     "running on Ubuntu 23.10+ or another Linux distro that has disabled unprivileged user "
     "namespaces with AppArmor",
     1},
    {"no-shm",
     "[1122/100000.0:ERROR:base/memory/platform_shared_memory_region_posix.cc:214] Creating shared "
     "memory in "
     "/dev/shm/.org.chromium.Chromium.x failed: No space left on device (28)",
     133},
    {"no-space",
     "[1122/100000.0:ERROR:chrome] Failed to write profile: No space left on device (28)", 1},
    {"no-threads",
     "[1122/100000.0:FATAL:base/threading] pthread_create: Resource temporarily unavailable (11)",
     133},
    {"no-files", "[1122/100000.0:ERROR:base/files/file_util] open: Too many open files (24)", 1},
    {"no-reason", "", 3},
};

static struct pool_stats stats_of(const struct world *w)
{
    struct pool_stats stats;

    pool_stats(w->pool, &stats);
    return stats;
}

/* ---- programs -------------------------------------------------------------------------------------- */

static char *read_self(size_t *len_out)
{
    FILE *file = fopen("/proc/self/exe", "re");
    long len;
    char *bytes;

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    len = ftell(file);
    rewind(file);
    bytes = mem_array((size_t)len, 1);
    assert_int_equal(fread(bytes, 1, (size_t)len, file), (size_t)len);
    fclose(file);
    *len_out = (size_t)len;
    return bytes;
}

static char *write_program(struct world *w, const char *name, const char *bytes, size_t len)
{
    char *path = mem_printf("%s/%s", w->run_dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    return path;
}

/* This program with one name in it changed: `was` and `is` are of the same length. */
static char *make_damaged(struct world *w, const char *was, const char *is)
{
    size_t len;
    char *bytes = read_self(&len);
    char *at = memmem(bytes, len, was, strlen(was));
    char *path;

    assert_int_equal(strlen(was), strlen(is));
    assert_non_null(at);
    memcpy(at, is, strlen(is));
    path = write_program(w, "damaged", bytes, len);
    mem_free(bytes);
    return path;
}

static char *make_actor(struct world *w, const char *name)
{
    size_t len;
    char *bytes = read_self(&len);
    char *path = write_program(w, name, bytes, len);

    mem_free(bytes);
    return path;
}

static int play_part(const char *program)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (str_ends(program, parts[i].name)) {
            fprintf(stderr, "%s\n", parts[i].says);
            return parts[i].status;
        }
    return 4;
}

/* Takes the program: its path is freed, its file removed. */
static void assert_named(struct world *w, char *program, enum err_code code, const char *words)
{
    char *set = mem_printf("chrome=%s", program);
    const char *const sets[] = {set, "launch_timeout=5s"};
    bool made = make_pool_with(w, sets, ARRAY_LEN(sets));
    const struct err *err = &w->holders[0].grant_err;

    mem_free(set);
    if (made)
        ask_for(w, 0, WAIT_MS, HOLD_MS);
    while (made && !w->holders[0].answered)
        loop_run(w->loop);
    unlink(program);
    if (made && (err->code != code || !strstr(err->text, words) || !strstr(err->text, program)))
        fail_msg("%s: %s", err_reason(err->code), err->text);
    mem_free(program);
    if (!made)
        skip();
    assert_int_equal(stats_of(w).ends[code], 1);
    assert_int_equal(stats_of(w).launch_failures, 1);
}

/* ---- reasons --------------------------------------------------------------------------------------- */

static void names_a_shared_library_that_is_missing(void **state)
{
    assert_named(*state, make_damaged(*state, "libcmocka.so.0", "libcmockX.so.0"), ERR_LAUNCH,
                 "a shared library is missing");
    assert_non_null(strstr(((struct world *)*state)->holders[0].grant_err.text, "libcmockX.so.0"));
}

static void names_a_loader_that_is_missing(void **state)
{
#ifdef __x86_64__
    assert_named(*state, make_damaged(*state, "/lib64/ld-linux", "/lib64/ld-lin-x"), ERR_LAUNCH,
                 "the loader that it names, is missing");
#else
    (void)state;
    skip_because("the loader's name is known for x86-64 only");
#endif
}

static void names_a_program_for_another_machine(void **state)
{
    static const char head[] = "\177ELF and nothing that any kernel would run";

    assert_named(*state, write_program(*state, "foreign", head, sizeof(head)), ERR_LAUNCH,
                 "for another kind of machine");
}

static void names_a_sandbox_that_cannot_work(void **state)
{
    assert_named(*state, make_actor(*state, "no-sandbox"), ERR_LAUNCH, "user namespaces are off");
}

static void names_shared_memory_that_is_full(void **state)
{
    assert_named(*state, make_actor(*state, "no-shm"), ERR_LAUNCH,
                 "/dev/shm is missing, full or closed to it");
}

static void names_a_full_disk(void **state)
{
    assert_named(*state, make_actor(*state, "no-space"), ERR_DISK,
                 "the disk is full (/tmp/pool-test");
}

static void names_a_lack_of_threads(void **state)
{
    assert_named(*state, make_actor(*state, "no-threads"), ERR_PIDS, "no more threads");
}

static void names_a_lack_of_descriptors(void **state)
{
    assert_named(*state, make_actor(*state, "no-files"), ERR_FDS, "too many open files");
}

static void tells_the_status_of_one_that_says_nothing(void **state)
{
    assert_named(*state, make_actor(*state, "no-reason"), ERR_LAUNCH,
                 "exited with status 3; it said: nothing");
}

/* ---- back-off and breaker ------------------------------------------------------------------------------ */

static const char *real_chrome(void)
{
    static const char path[] = "/usr/lib/chromium/chromium-headless-shell";

    return access(path, X_OK) == 0 ? path : NULL;
}

static void point(struct world *w, const char *link, const char *target)
{
    char *fresh = mem_printf("%s.new", link);

    (void)w;
    assert_int_equal(symlink(target, fresh), 0);
    assert_int_equal(rename(fresh, link), 0);
    mem_free(fresh);
}

/* Asks, and tells how long the answer took. */
static int64_t fail_once(struct world *w)
{
    int64_t began_ms = clock_mono_ms();

    ask_for(w, 0, WAIT_MS, HOLD_MS);
    while (!w->holders[0].answered)
        loop_run(w->loop);
    assert_null(w->holders[0].lease);
    assert_int_equal(w->holders[0].grant_err.code, ERR_LAUNCH);
    return clock_mono_ms() - began_ms;
}

static void the_breaker_opens_after_failures_and_closes_by_a_probe(void **state)
{
    struct world *w = *state;
    char *actor = NULL, *link, *set;

    if (!real_chrome())
        skip_because("no chromium-headless-shell of Debian");
    actor = make_actor(w, "no-reason");
    link = mem_printf("%s/chromium-headless-shell", w->run_dir);
    set = mem_printf("chrome=%s", link);
    point(w, link, actor);
    make_pool(w, set, "launch_failures=3", "launch_backoff=50ms", "launch_backoff_max=700ms");
    mem_free(set);

    for (int i = 1; i <= 3; i++) {
        assert_false(stats_of(w).breaker_open);
        fail_once(w);
        assert_int_equal(stats_of(w).launch_failures, i);
    }
    assert_true(stats_of(w).breaker_open);
    assert_true(fail_once(w) < 50); /* without a try of its own */
    assert_non_null(
        strstr(w->holders[0].grant_err.text, "Chrome does not start (3 failures in a row)"));

    /* It is tried without anybody who asks, and no faster than the pauses say. */
    turn(w, 1000);
    assert_in_range(stats_of(w).launch_failures, 4, 9);
    assert_true(stats_of(w).breaker_open);

    point(w, link, real_chrome());
    while (stats_of(w).breaker_open)
        turn(w, 10);
    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
    assert_int_equal(stats_of(w).launch_failures, 0);
    assert_int_equal(stats_of(w).browsers_started, 1);
    unlink(actor);
    unlink(link);
    mem_free(actor);
    mem_free(link);
}

static void a_browser_that_does_not_start_leaves_the_one_that_works_alone(void **state)
{
    struct world *w = *state;
    char *actor = NULL, *link, *set;

    if (!real_chrome())
        skip_because("no chromium-headless-shell of Debian");
    actor = make_actor(w, "no-reason");
    link = mem_printf("%s/chromium-headless-shell", w->run_dir);
    set = mem_printf("chrome=%s", link);
    point(w, link, real_chrome());
    make_pool(w, set, "browsers=2", "tabs_per_browser=1", "launch_backoff=50ms",
              "launch_failures=2");
    mem_free(set);
    take(w, 0);
    point(w, link, actor);
    ask_for(w, 1, WAIT_MS, HOLD_MS);
    while (!stats_of(w).breaker_open)
        turn(w, 10);
    assert_false(w->holders[1].answered);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
    await_grant(w, 1); /* the tab of the one that works */

    assert_tab_works(w, 1);
    pool_return(&w->holders[1].lease, true);
    unlink(actor);
    unlink(link);
    mem_free(actor);
    mem_free(link);
}

static void warns_when_chrome_has_no_sandbox(void **state)
{
    static const char *const sets[] = {"chrome_sandbox=no"};
    struct world *w = *state;
    struct err err;

    w->awaited_log = "without its sandbox";
    if (!try_pool(w, sets, 1, &err))
        skip_because("no Chrome, or not its user");
    assert_int_equal(w->awaited_logs, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CHROME_TEST(names_a_shared_library_that_is_missing),
        CHROME_TEST(names_a_loader_that_is_missing),
        CHROME_TEST(names_a_program_for_another_machine),
        CHROME_TEST(names_a_sandbox_that_cannot_work),
        CHROME_TEST(names_shared_memory_that_is_full),
        CHROME_TEST(names_a_full_disk),
        CHROME_TEST(names_a_lack_of_threads),
        CHROME_TEST(names_a_lack_of_descriptors),
        CHROME_TEST(tells_the_status_of_one_that_says_nothing),
        CHROME_TEST(the_breaker_opens_after_failures_and_closes_by_a_probe),
        CHROME_TEST(a_browser_that_does_not_start_leaves_the_one_that_works_alone),
        CHROME_TEST(warns_when_chrome_has_no_sandbox),
    };

    if (argc > 1 && str_starts(argv[1], "--remote-debugging-"))
        return play_part(argv[0]);
    if (getenv("TEST_ONLY"))
        cmocka_set_test_filter(getenv("TEST_ONLY"));
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
