/* SPDX-License-Identifier: MIT */
/* test_chrome.h - the real Chrome for tests: a pool, pages of our own, holders that go one step at a time.
 *
 * After every test: no process of ours, an empty run_dir, the same descriptors as before, all slots free. Skipped
 * where no Chrome is installed or, as root, its user is missing. TEST_LOG=debug shows the log.
 */
#ifndef TEST_CHROME_H
#define TEST_CHROME_H

#include "base/config.h"
#include "base/httpd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/proc_tree.h"
#include "base/str.h"
#include "cdp/transport.h"
#include "chrome/pool.h"
#include "chrome/tab.h"
#include "support/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_MS = 60000, WAIT_MS = 30000, HOLD_MS = 50000, PAGE_MS = 10000, MAX_HOLDERS = 4 };

struct holder {
    struct world *world;
    struct lease *lease;
    bool answered; /* the lease request */
    int grant_order;
    int losses;
    struct err grant_err, lost_err;
    int ops; /* answers to operations */
    struct err op_err;
    char value[512];
};

struct world {
    struct loop *loop;
    struct loop_timer *limit;
    struct httpd *httpd;
    int port;
    struct httpd_req *silent; /* a request that is not answered */
    char run_dir[64];
    char flags_path[96];
    struct config config;
    struct pool *pool;
    bool pool_stopped;
    struct holder holders[MAX_HOLDERS];
    int grants;
    int popups_closed;
    int refused; /* requests of /refused */
    const char *awaited_log; /* lines with this are counted */
    int awaited_logs;
    int groups_left; /* cages that could not be removed */
    int fds_before;
    const char *stop_at_log;
    struct proc_tree seen; /* Chrome's processes, looked at before they end */
};

static inline void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("nothing came in %d ms", LIMIT_MS);
}

/* ---- pages ------------------------------------------------------------------------------------- */

struct page {
    const char *path;
    const char *html;
};

static const struct page pages[] = {
    {"/list",
     "<!doctype html><meta charset=utf-8><title>핫딜</title><ul id=l></ul><script>"
     "for (const [t, p] of [['라면 20봉', 12900], ['모니터', 199000]])"
     "l.innerHTML += `<li data-p=${p}>${t}</li>`;"
     "window.pageSecret = 7; document.title += ' ' + typeof globalThis.preluded;</script>"},
    {"/plain", "<title>plain</title>"},
    {"/reload",
     "<title>first</title><script>setTimeout(() => location.href = '/plain', 300)</script>"},
    {"/reload-hang-first",
     "<title>first</title><script>setTimeout(() => location.replace('/list'), 150)</script>"},
    {"/gone", "<title>gone</title><script>setTimeout(() => location.href = "
              "'http://nosuch.invalid/', 200)</script>"},
    {"/hang", "<title>hang</title><script>for (;;);</script>"},
    {"/hang-later", "<title>later</title><script>setTimeout(() => { for (;;); }, 50)</script>"},
    {"/alerts", "<title>alerts</title><script>alert(1); confirm(2); prompt(3); document.title = "
                "'answered'</script>"},
    {"/says-gone",
     "<title>gone</title><script>setTimeout(() => { alert('없는 글'); alert(2); history.back() }, "
     "150)</script>"},
    {"/alert-loop", "<script>for (;;) alert(1)</script>"},
    {"/leave", "<title>leave</title><script>addEventListener('beforeunload', e => "
               "e.preventDefault())</script>"},
    {"/popups",
     "<script>for (let i = 0; i < 5; i++) open('/plain?' + i); document.title = 'opened'</script>"},
    {"/heap", "<title>heap</title><script>setTimeout(() => { const a = []; for (;;) a.push(new "
              "Array(1e5).fill(1.5)); },"
              "200)</script>"},
    {"/eat", "<title>eat</title><script>const a = []; setInterval(() => a.push(new Uint8Array(1 << "
             "20).fill(7)), 20)"
             "</script>"}, /* 50 MB a second */
    {"/fat", "<title>fat</title><script>window.a = new Uint8Array(120 << 20).fill(7)</script>"},
    {"/restless", "<title>restless</title><script>setTimeout(() => location.replace('/restless?' + "
                  "Math.random()), 60)</script>"},
    {"/closes", "<title>closes</title><script>setTimeout(() => { open('', '_self'); close(); }, "
                "200)</script>"},
};

static inline void on_request(struct httpd_req *req, void *ctx)
{
    static const struct httpd_header html = {"Content-Type", "text/html; charset=utf-8"};
    static const struct httpd_header download[] = {
        {"Content-Type", "application/octet-stream"},
        {"Content-Disposition", "attachment; filename=x.bin"}};
    struct world *w = ctx;
    struct buf body;

    buf_init(&body, 65536);
    if (str_eq(req->target, "/silent")) {
        w->silent = req;
        return;
    }
    if (str_starts(req->target, "/busy")) {
        const struct httpd_header busy[] = {html, {"retry-after", "7"}};

        buf_adds(&body, "<title>busy</title><iframe src=/plain></iframe>");
        httpd_respond(req, 429, busy, 2, &body);
        return;
    }
    if (str_starts(req->target, "/refused")) {
        w->refused++;
        buf_adds(&body, "<title>refused</title><script>setTimeout(() => location.reload(), 100)"
                        "</script>");
        httpd_respond(req, 403, &html, 1, &body);
        return;
    }
    if (str_eq(req->target, "/download")) {
        buf_adds(&body, "bytes");
        httpd_respond(req, 200, download, 2, &body);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        if (str_starts(req->target, pages[i].path) && (req->target[strlen(pages[i].path)] == '\0' ||
                                                       req->target[strlen(pages[i].path)] == '?'))
            buf_adds(&body, pages[i].html);
    httpd_respond(req, body.len ? 200 : 404, &html, 1, &body);
}

static inline void on_refuse(struct httpd_req *req, int status, const char *text, void *ctx)
{
    struct buf body;

    (void)ctx;
    buf_init(&body, 4096);
    buf_adds(&body, text);
    httpd_respond(req, status, NULL, 0, &body);
}

/* ---- the world --------------------------------------------------------------------------------- */

static inline void on_log(enum log_level level, const char *line, void *ctx)
{
    struct world *w = ctx;

    (void)level;
    w->popups_closed += strstr(line, "popup closed") != NULL;
    w->awaited_logs += w->awaited_log && strstr(line, w->awaited_log);
    w->groups_left += strstr(line, "group left") != NULL || strstr(line, "a group stays") != NULL;
    if (getenv("TEST_LOG"))
        fprintf(stderr, "%s\n", line);
    if (w->stop_at_log && strstr(line, w->stop_at_log))
        loop_stop(w->loop);
}

static inline int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static inline void on_config_error(const char *text, void *ctx)
{
    (void)ctx;
    fail_msg("%s", text);
}

static inline void load_config(struct world *w, const char *const *more, size_t n_more)
{
    const char *sets[16];
    char *run_dir = mem_printf("run_dir=%s", w->run_dir);
    struct err err;
    size_t n = 0;

    sets[n++] = run_dir;
    sets[n++] = "chrome_flags=chrome-flags.conf";
    for (size_t i = 0; i < n_more; i++)
        sets[n++] = more[i];
    if (config_load(&w->config, "/dev/null", sets, n, (ini_error_fn *)on_config_error, NULL, &err) <
        0)
        fail_msg("%s", err.text);
    mem_free(run_dir);
}

static inline void start_httpd(struct world *w)
{
    struct httpd_options options = {
        .listen = "127.0.0.1:0",
        .max_connections = 64,
        .request_timeout_ms = LIMIT_MS,
        .body_max_bytes = 4096,
        .handler = on_request,
        .refuse = on_refuse,
        .ctx = w,
    };
    struct err err;

    if (httpd_new(w->loop, &options, &w->httpd, &err) < 0)
        fail_msg("%s", err.text);
    w->port = httpd_port(w->httpd);
}

static inline int setup(void **state)
{
    struct world *w = mem_new(struct world);
    struct err err;

    w->fds_before = count_fds();
    log_set_sink(on_log, w);
    assert_int_equal(
        log_set_levels(getenv("TEST_LOG") ? getenv("TEST_LOG") : "info,browser=debug", &err), 0);
    snprintf(w->run_dir, sizeof(w->run_dir), "/tmp/pool-test-XXXXXX");
    assert_non_null(mkdtemp(w->run_dir));
    assert_int_equal(chmod(w->run_dir, 0755), 0);
    w->loop = loop_new();
    proc_init(w->loop);
    w->limit = loop_timer_new(w->loop, on_limit, w);
    loop_timer_start(w->limit, LIMIT_MS);
    start_httpd(w);
    for (size_t i = 0; i < MAX_HOLDERS; i++)
        w->holders[i].world = w;
    *state = w;
    return 0;
}

/* Take up the processes that Chrome has now, for a later look whether they are gone. */
static inline void see_processes(struct world *w)
{
    if (!pool_browser_pid(w->pool))
        return;
    if (w->seen.members)
        proc_tree_fini(&w->seen);
    proc_tree_init(&w->seen, pool_browser_pid(w->pool));
    proc_tree_refresh(&w->seen);
}

static inline int count_left(const struct world *w)
{
    struct proc_stat now;
    int n = 0;

    for (size_t i = 0; i < w->seen.n; i++)
        n += proc_stat_read(w->seen.members[i].pid, &now) &&
             now.start_ticks == w->seen.members[i].start_ticks && now.state != 'Z';
    return n;
}

/* Browser processes by their command line, which names run_dir. */
static inline pid_t find_browser(const char *run_dir)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;

    while (dir && !found && (entry = readdir(dir))) {
        char path[300], text[16384];
        ssize_t len;
        int fd;

        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        len = fd < 0 ? 0 : read(fd, text, sizeof(text));
        if (fd >= 0)
            close(fd);
        if (len > 0 && memmem(text, (size_t)len, run_dir, strlen(run_dir)) &&
            memmem(text, (size_t)len, "--remote-debugging-port", strlen("--remote-debugging-port")))
            found = (pid_t)atoi(entry->d_name);
    }
    if (dir)
        closedir(dir);
    return found;
}

static inline void on_pool_stopped(void *ctx)
{
    struct world *w = ctx;

    w->pool_stopped = true;
    loop_stop(w->loop);
}

static inline void stop_pool(struct world *w)
{
    struct pool_stats stats;

    if (!w->pool)
        return;
    see_processes(w);
    pool_stop(w->pool, on_pool_stopped, w);
    while (!w->pool_stopped)
        loop_run(w->loop);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.idle, stats.slots);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.browsers_live, 0);
    assert_int_equal(stats.slot_leaks, 0);
    pool_free(&w->pool);
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    int processes, dir_left, fds, groups;

    stop_pool(w);
    groups = w->groups_left;
    processes = count_left(w) + (find_browser(w->run_dir) != 0);
    proc_tree_fini(&w->seen);
    httpd_free(&w->httpd);
    loop_timer_free(&w->limit);
    transport_ws_shutdown(w->loop);
    proc_fini();
    loop_free(&w->loop);
    config_fini(&w->config);
    if (*w->flags_path)
        unlink(w->flags_path);
    dir_left = rmdir(w->run_dir);
    fds = count_fds() - w->fds_before;
    log_set_sink(NULL, NULL);
    if (processes || dir_left || fds || groups)
        fprintf(stderr, "left behind: %d processes, %s, %d descriptors, %d groups\n", processes,
                dir_left ? "something in run_dir" : "no file", fds, groups);
    mem_free(w);
    return processes || dir_left || fds || groups;
}

/* false: the pool was refused; what it said is in err. */
static inline bool try_pool(struct world *w, const char *const *sets, size_t n_sets,
                            struct err *err)
{
    struct pool_settings settings = {.config = &w->config, .prelude_js = "globalThis.preluded = 5"};

    load_config(w, sets, n_sets);
    return pool_new(w->loop, &settings, &w->pool, err) == 0;
}

static inline bool make_pool_with(struct world *w, const char *const *sets, size_t n_sets)
{
    struct err err;

    if (try_pool(w, sets, n_sets, &err))
        return true;
    if (strstr(err.text, "no Chrome found") || strstr(err.text, "which is missing")) {
        fprintf(stderr, "skipped: %s\n", err.text);
        return false;
    }
    fail_msg("%s", err.text);
    return false;
}

#define make_pool(w, ...)                                                  \
    do {                                                                   \
        const char *const sets_[] = {"tabs_per_browser=2", ##__VA_ARGS__}; \
        if (!make_pool_with(w, sets_, ARRAY_LEN(sets_)))                   \
            skip();                                                        \
    } while (0)

/* ---- holders: one step at a time ----------------------------------------------------------------- */

static inline void on_granted(struct lease *lease, const struct err *err, void *ctx)
{
    struct holder *h = ctx;

    assert_false(h->answered);
    h->answered = true;
    h->grant_order = ++h->world->grants;
    h->lease = err ? NULL : lease;
    h->grant_err = err ? *err : (struct err){.code = ERR_OK};
    loop_stop(h->world->loop);
}

static inline void on_lost(const struct err *why, void *ctx)
{
    struct holder *h = ctx;

    h->losses++;
    h->lost_err = *why;
    h->lease = NULL;
    loop_stop(h->world->loop);
}

static inline void ask_as(struct world *w, int n, const struct lease_request *request)
{
    struct lease_events events = {on_granted, on_lost};
    struct holder *h = &w->holders[n];

    h->answered = false;
    h->losses = 0;
    h->lease = pool_lease(w->pool, request, &events, h);
    assert_false(h->answered);
}

static inline void ask_for(struct world *w, int n, int64_t wait_ms, int64_t hold_ms)
{
    struct lease_request request = {.site = "test", .wait_ms = wait_ms, .hold_ms = hold_ms};

    ask_as(w, n, &request);
}

static inline void await_grant(struct world *w, int n)
{
    while (!w->holders[n].answered)
        loop_run(w->loop);
    if (!w->holders[n].lease)
        fail_msg("no lease: %s", w->holders[n].grant_err.text);
}

static inline void take(struct world *w, int n)
{
    ask_for(w, n, WAIT_MS, HOLD_MS);
    await_grant(w, n);
}

static inline void await_loss(struct world *w, int n)
{
    while (!w->holders[n].losses)
        loop_run(w->loop);
}

static inline void on_navigated(const struct err *err, void *ctx)
{
    struct holder *h = ctx;

    h->ops++;
    h->op_err = err ? *err : (struct err){.code = ERR_OK};
    loop_stop(h->world->loop);
}

static inline void on_value(const struct jval *value, const struct err *err, void *ctx)
{
    struct holder *h = ctx;

    snprintf(h->value, sizeof(h->value), "%s", jval_str(value, "(no text)"));
    on_navigated(err, ctx);
}

static inline void await_op(struct holder *h, int ops)
{
    while (h->ops == ops)
        loop_run(h->world->loop);
    assert_int_equal(h->ops, ops + 1);
}

static inline enum err_code go_for(struct world *w, int n, const char *url, int64_t timeout_ms)
{
    struct holder *h = &w->holders[n];
    struct tab_page page = {.timeout_ms = timeout_ms};
    char *whole = *url == '/' ? mem_printf("http://127.0.0.1:%d%s", w->port, url) : mem_strdup(url);
    char *own = mem_printf("http://127.0.0.1:%d", w->port);
    int ops = h->ops;

    page.url = whole;
    page.own_origin = own;
    tab_navigate(lease_tab(h->lease), &page, on_navigated, h);
    mem_free(whole);
    mem_free(own);
    assert_int_equal(h->ops, ops);
    await_op(h, ops);
    return h->op_err.code;
}

static inline enum err_code go(struct world *w, int n, const char *url)
{
    return go_for(w, n, url, PAGE_MS);
}

static inline void ask(struct world *w, int n, const char *function, const char *args,
                       int64_t timeout_ms)
{
    struct holder *h = &w->holders[n];

    tab_call(lease_tab(h->lease), function, args, timeout_ms, on_value, h);
}

static inline enum err_code call(struct world *w, int n, const char *function, const char *args,
                                 int64_t timeout_ms)
{
    int ops = w->holders[n].ops;

    ask(w, n, function, args, timeout_ms);
    assert_int_equal(w->holders[n].ops, ops);
    await_op(&w->holders[n], ops);
    return w->holders[n].op_err.code;
}

#define TITLE_WHEN_LOADED                                                              \
    "async () => { while (document.readyState !== 'complete') await new Promise(r => " \
    "setTimeout(r, 10));"                                                              \
    "return document.title }"

static inline void assert_tab_works(struct world *w, int n)
{
    if (go(w, n, "/plain") != ERR_OK || call(w, n, TITLE_WHEN_LOADED, NULL, PAGE_MS) != ERR_OK)
        fail_msg("%s", w->holders[n].op_err.text);
    assert_string_equal(w->holders[n].value, "plain");
}

static inline void on_turn_over(void *ctx)
{
    loop_stop(ctx);
}

static inline void turn(struct world *w, int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(w->loop, on_turn_over, w->loop);

    loop_timer_start(timer, ms);
    while (loop_timer_is_armed(timer))
        loop_run(w->loop);
    loop_timer_free(&timer);
}

static inline void await_down(struct world *w)
{
    struct pool_stats stats;

    do {
        turn(w, 10);
        pool_stats(w->pool, &stats);
    } while (stats.browsers_live > 0);
}

static inline bool is_renderer(pid_t pid)
{
    char path[64], text[16384];
    ssize_t len;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    len = fd < 0 ? 0 : read(fd, text, sizeof(text));
    if (fd >= 0)
        close(fd);
    return len > 0 && memmem(text, (size_t)len, "--type=renderer", strlen("--type=renderer"));
}

static inline int kill_renderers(struct world *w)
{
    int n = 0;

    see_processes(w);
    for (size_t i = 0; i < w->seen.n; i++)
        n += is_renderer(w->seen.members[i].pid) && kill(w->seen.members[i].pid, SIGKILL) == 0;
    return n;
}

/* What libraries open once and keep is opened before the first count. */
static inline int warm_up(void **state)
{
    struct loop *loop = loop_new();

    (void)state;
    proc_init(loop);
    proc_fini();
    loop_free(&loop);
    return 0;
}

static inline void write_flags(struct world *w, const char *text)
{
    int fd;

    snprintf(w->flags_path, sizeof(w->flags_path), "/tmp/pool-flags-XXXXXX");
    fd = mkstemp(w->flags_path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

#define CHROME_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
