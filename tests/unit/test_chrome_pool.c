/* SPDX-License-Identifier: MIT */
/* test_chrome_pool.c - the real Chrome, as its user sees it and as pages abuse it.
 *
 * After every test: no process of ours, an empty run_dir, the same descriptors as before, all slots free. Skipped
 * where no Chrome is installed or, as root, its user is missing.
 */
#include "base/config.h"
#include "base/httpd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/proc_tree.h"
#include "base/str.h"
#include "cdp/transport.h"
#include "chrome/launch.h"
#include "chrome/pool.h"
#include "chrome/tab.h"
#include "support/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
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
    int fds_before;
    const char *stop_at_log;
    struct proc_tree seen; /* Chrome's processes, looked at before they end */
};

static void on_limit(void *ctx)
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
    {"/list", "<!doctype html><meta charset=utf-8><title>핫딜</title><ul id=l></ul><script>"
              "for (const [t, p] of [['라면 20봉', 12900], ['모니터', 199000]])"
              "l.innerHTML += `<li data-p=${p}>${t}</li>`;"
              "window.pageSecret = 7; document.title += ' ' + typeof globalThis.preluded;</script>"},
    {"/plain", "<title>plain</title>"},
    {"/reload", "<title>first</title><script>setTimeout(() => location.href = '/plain', 300)</script>"},
    {"/reload-hang-first", "<title>first</title><script>setTimeout(() => location.replace('/list'), 150)</script>"},
    {"/gone", "<title>gone</title><script>setTimeout(() => location.href = 'http://nosuch.invalid/', 200)</script>"},
    {"/hang", "<title>hang</title><script>for (;;);</script>"},
    {"/hang-later", "<title>later</title><script>setTimeout(() => { for (;;); }, 50)</script>"},
    {"/alerts", "<title>alerts</title><script>alert(1); confirm(2); prompt(3); document.title = 'answered'</script>"},
    {"/alert-loop", "<script>for (;;) alert(1)</script>"},
    {"/leave", "<title>leave</title><script>addEventListener('beforeunload', e => e.preventDefault())</script>"},
    {"/popups", "<script>for (let i = 0; i < 5; i++) open('/plain?' + i); document.title = 'opened'</script>"},
    {"/heap", "<title>heap</title><script>setTimeout(() => { const a = []; for (;;) a.push(new Array(1e5).fill(1.5)); },"
              "200)</script>"},
    {"/closes", "<title>closes</title><script>setTimeout(() => { open('', '_self'); close(); }, 200)</script>"},
};

static void on_request(struct httpd_req *req, void *ctx)
{
    static const struct httpd_header html = {"Content-Type", "text/html; charset=utf-8"};
    static const struct httpd_header download[] = {{"Content-Type", "application/octet-stream"},
                                                   {"Content-Disposition", "attachment; filename=x.bin"}};
    struct world *w = ctx;
    struct buf body;

    buf_init(&body, 65536);
    if (str_eq(req->target, "/silent")) {
        w->silent = req;
        return;
    }
    if (str_eq(req->target, "/download")) {
        buf_adds(&body, "bytes");
        httpd_respond(req, 200, download, 2, &body);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        if (str_starts(req->target, pages[i].path) &&
            (req->target[strlen(pages[i].path)] == '\0' || req->target[strlen(pages[i].path)] == '?'))
            buf_adds(&body, pages[i].html);
    httpd_respond(req, body.len ? 200 : 404, &html, 1, &body);
}

static void on_refuse(struct httpd_req *req, int status, const char *text, void *ctx)
{
    struct buf body;

    (void)ctx;
    buf_init(&body, 4096);
    buf_adds(&body, text);
    httpd_respond(req, status, NULL, 0, &body);
}

/* ---- the world --------------------------------------------------------------------------------- */

static void on_log(enum log_level level, const char *line, void *ctx)
{
    struct world *w = ctx;

    (void)level;
    w->popups_closed += strstr(line, "popup closed") != NULL;
    if (getenv("TEST_LOG"))
        fprintf(stderr, "%s\n", line);
    if (w->stop_at_log && strstr(line, w->stop_at_log))
        loop_stop(w->loop);
}

static int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void on_config_error(const char *text, void *ctx)
{
    (void)ctx;
    fail_msg("%s", text);
}

static void load_config(struct world *w, const char *const *more, size_t n_more)
{
    const char *sets[16];
    char *run_dir = mem_printf("run_dir=%s", w->run_dir);
    struct err err;
    size_t n = 0;

    sets[n++] = run_dir;
    sets[n++] = "chrome_flags=chrome-flags.conf";
    for (size_t i = 0; i < n_more; i++)
        sets[n++] = more[i];
    if (config_load(&w->config, "/dev/null", sets, n, (ini_error_fn *)on_config_error, NULL, &err) < 0)
        fail_msg("%s", err.text);
    mem_free(run_dir);
}

static void start_httpd(struct world *w)
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

static int setup(void **state)
{
    struct world *w = mem_new(struct world);
    struct err err;

    w->fds_before = count_fds();
    log_set_sink(on_log, w);
    assert_int_equal(log_set_levels(getenv("TEST_LOG") ? getenv("TEST_LOG") : "info,browser=debug", &err), 0);
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
static void see_processes(struct world *w)
{
    if (!pool_browser_pid(w->pool))
        return;
    if (w->seen.members)
        proc_tree_fini(&w->seen);
    proc_tree_init(&w->seen, pool_browser_pid(w->pool));
    proc_tree_refresh(&w->seen);
}

static int count_left(const struct world *w)
{
    struct proc_stat now;
    int n = 0;

    for (size_t i = 0; i < w->seen.n; i++)
        n += proc_stat_read(w->seen.members[i].pid, &now) && now.start_ticks == w->seen.members[i].start_ticks &&
             now.state != 'Z';
    return n;
}

/* Browser processes by their command line, which names run_dir. */
static pid_t find_browser(const char *run_dir)
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

static void on_pool_stopped(void *ctx)
{
    struct world *w = ctx;

    w->pool_stopped = true;
    loop_stop(w->loop);
}

static void stop_pool(struct world *w)
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
    pool_free(&w->pool);
}

static int teardown(void **state)
{
    struct world *w = *state;
    int processes, dir_left, fds;

    stop_pool(w);
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
    if (processes || dir_left || fds)
        fprintf(stderr, "left behind: %d processes, %s, %d descriptors\n", processes,
                dir_left ? "something in run_dir" : "no file", fds);
    mem_free(w);
    return processes || dir_left || fds;
}

/* false: the pool was refused; what it said is in err. */
static bool try_pool(struct world *w, const char *const *sets, size_t n_sets, struct err *err)
{
    struct pool_settings settings = {.config = &w->config, .prelude_js = "globalThis.preluded = 5"};

    load_config(w, sets, n_sets);
    return pool_new(w->loop, &settings, &w->pool, err) == 0;
}

static bool make_pool_with(struct world *w, const char *const *sets, size_t n_sets)
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

#define make_pool(w, ...)                                                                                              \
    do {                                                                                                               \
        const char *const sets_[] = {"tabs_per_browser=2", ##__VA_ARGS__};                                             \
        if (!make_pool_with(w, sets_, ARRAY_LEN(sets_)))                                                               \
            skip();                                                                                                    \
    } while (0)

/* ---- holders: one step at a time ----------------------------------------------------------------- */

static void on_granted(struct lease *lease, const struct err *err, void *ctx)
{
    struct holder *h = ctx;

    assert_false(h->answered);
    h->answered = true;
    h->grant_order = ++h->world->grants;
    h->lease = err ? NULL : lease;
    h->grant_err = err ? *err : (struct err){.code = ERR_OK};
    loop_stop(h->world->loop);
}

static void on_lost(const struct err *why, void *ctx)
{
    struct holder *h = ctx;

    h->losses++;
    h->lost_err = *why;
    h->lease = NULL;
    loop_stop(h->world->loop);
}

static void ask_for(struct world *w, int n, int64_t wait_ms, int64_t hold_ms)
{
    struct lease_request request = {.site = "test", .wait_ms = wait_ms, .hold_ms = hold_ms};
    struct lease_events events = {on_granted, on_lost};
    struct holder *h = &w->holders[n];

    h->answered = false;
    h->losses = 0;
    h->lease = pool_lease(w->pool, &request, &events, h);
    assert_false(h->answered);
}

static void await_grant(struct world *w, int n)
{
    while (!w->holders[n].answered)
        loop_run(w->loop);
    if (!w->holders[n].lease)
        fail_msg("no lease: %s", w->holders[n].grant_err.text);
}

static void take(struct world *w, int n)
{
    ask_for(w, n, WAIT_MS, HOLD_MS);
    await_grant(w, n);
}

static void await_loss(struct world *w, int n)
{
    while (!w->holders[n].losses)
        loop_run(w->loop);
}

static void on_navigated(const struct err *err, void *ctx)
{
    struct holder *h = ctx;

    h->ops++;
    h->op_err = err ? *err : (struct err){.code = ERR_OK};
    loop_stop(h->world->loop);
}

static void on_value(const struct jval *value, const struct err *err, void *ctx)
{
    struct holder *h = ctx;

    snprintf(h->value, sizeof(h->value), "%s", jval_str(value, "(no text)"));
    on_navigated(err, ctx);
}

static void await_op(struct holder *h, int ops)
{
    while (h->ops == ops)
        loop_run(h->world->loop);
    assert_int_equal(h->ops, ops + 1);
}

static enum err_code go_for(struct world *w, int n, const char *url, int64_t timeout_ms)
{
    struct holder *h = &w->holders[n];
    struct tab_page page = {.timeout_ms = timeout_ms};
    char *whole = *url == '/' ? mem_printf("http://127.0.0.1:%d%s", w->port, url) : mem_strdup(url);
    int ops = h->ops;

    page.url = whole;
    tab_navigate(lease_tab(h->lease), &page, on_navigated, h);
    mem_free(whole);
    assert_int_equal(h->ops, ops);
    await_op(h, ops);
    return h->op_err.code;
}

static enum err_code go(struct world *w, int n, const char *url)
{
    return go_for(w, n, url, PAGE_MS);
}

static void ask(struct world *w, int n, const char *function, const char *args, int64_t timeout_ms)
{
    struct holder *h = &w->holders[n];

    tab_call(lease_tab(h->lease), function, args, timeout_ms, on_value, h);
}

static enum err_code call(struct world *w, int n, const char *function, const char *args, int64_t timeout_ms)
{
    int ops = w->holders[n].ops;

    ask(w, n, function, args, timeout_ms);
    assert_int_equal(w->holders[n].ops, ops);
    await_op(&w->holders[n], ops);
    return w->holders[n].op_err.code;
}

#define TITLE_WHEN_LOADED                                                                                              \
    "async () => { while (document.readyState !== 'complete') await new Promise(r => setTimeout(r, 10));"             \
    "return document.title }"

static void assert_tab_works(struct world *w, int n)
{
    if (go(w, n, "/plain") != ERR_OK || call(w, n, TITLE_WHEN_LOADED, NULL, PAGE_MS) != ERR_OK)
        fail_msg("%s", w->holders[n].op_err.text);
    assert_string_equal(w->holders[n].value, "plain");
}

static void on_turn_over(void *ctx)
{
    loop_stop(ctx);
}

static void turn(struct world *w, int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(w->loop, on_turn_over, w->loop);

    loop_timer_start(timer, ms);
    while (loop_timer_is_armed(timer))
        loop_run(w->loop);
    loop_timer_free(&timer);
}

static void await_down(struct world *w)
{
    struct pool_stats stats;

    do {
        turn(w, 10);
        pool_stats(w->pool, &stats);
    } while (stats.browsers_live > 0);
}

static bool is_renderer(pid_t pid)
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

static int kill_renderers(struct world *w)
{
    int n = 0;

    see_processes(w);
    for (size_t i = 0; i < w->seen.n; i++)
        n += is_renderer(w->seen.members[i].pid) && kill(w->seen.members[i].pid, SIGKILL) == 0;
    return n;
}

/* ---- pages that behave --------------------------------------------------------------------------- */

static void reads_rows_that_a_script_made(void **state)
{
    struct world *w = *state;
    struct lease_cost cost;

    make_pool(w);
    take(w, 0);
    assert_int_equal(go(w, 0, "/list"), ERR_OK);
    call(w, 0,
         "async (sep, end) => { await new Promise(r => setTimeout(r, 20));"
         "return [...document.querySelectorAll('li')].map(e => e.textContent + sep + e.dataset.p).join('|') + end }",
         "[\"=\", \"!한\"]", PAGE_MS);

    assert_string_equal(w->holders[0].value, "라면 20봉=12900|모니터=199000!한");
    lease_cost(w->holders[0].lease, &cost);
    assert_true(cost.cpu_ms > 0 && cost.cpu_ms < PAGE_MS);
    assert_true(cost.peak_pss_bytes > 20 << 20);
    pool_return(&w->holders[0].lease, true);
}

static void keeps_its_world_apart_from_the_page_s(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/list");
    call(w, 0, "() => [globalThis.preluded, typeof window.pageSecret, document.title].join(' ')", NULL, PAGE_MS);

    assert_string_equal(w->holders[0].value, "5 undefined 핫딜 undefined");
    pool_return(&w->holders[0].lease, true);
}

static void reuses_the_tab_for_the_next_lease(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;

    make_pool(w);
    for (int i = 0; i < 12; i++) { /* past the garbage collection after 10 */
        take(w, 0);
        assert_tab_works(w, 0);
        pool_return(&w->holders[0].lease, true);
    }

    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 1);
    assert_int_equal(stats.leases_granted, 12);
}

static void applies_and_takes_back_the_viewport(void **state)
{
    struct world *w = *state;
    char *url = NULL;
    struct tab_page page = {.viewport_w = 320, .viewport_h = 480, .timeout_ms = PAGE_MS};
    int ops;

    make_pool(w);
    take(w, 0);
    url = mem_printf("http://127.0.0.1:%d/plain", w->port);
    page.url = url;
    ops = w->holders[0].ops;
    tab_navigate(lease_tab(w->holders[0].lease), &page, on_navigated, &w->holders[0]);
    await_op(&w->holders[0], ops);
    call(w, 0, "() => innerWidth + 'x' + innerHeight", NULL, PAGE_MS);
    mem_free(url);
    assert_string_equal(w->holders[0].value, "320x480");

    go(w, 0, "/plain");
    call(w, 0, "() => innerWidth + 'x' + innerHeight", NULL, PAGE_MS);
    assert_string_not_equal(w->holders[0].value, "320x480");
    pool_return(&w->holders[0].lease, true);
}

static void tells_what_the_function_threw(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/plain");

    assert_int_equal(call(w, 0, "() => { throw new TypeError('boo') }", NULL, PAGE_MS), ERR_PROTOCOL);
    assert_non_null(strstr(w->holders[0].op_err.text, "TypeError: boo"));
    assert_int_equal(call(w, 0, "async () => { throw 'bare' }", NULL, PAGE_MS), ERR_PROTOCOL);
    assert_non_null(strstr(w->holders[0].op_err.text, "bare"));
    pool_return(&w->holders[0].lease, true);
}

static void names_the_user_agent_s_contact(void **state)
{
    struct world *w = *state;

    make_pool(w, "user_agent_contact=https://example.org/bot");
    take(w, 0);
    go(w, 0, "/plain");
    call(w, 0, "() => navigator.userAgent", NULL, PAGE_MS);

    assert_non_null(strstr(w->holders[0].value, "HeadlessChrome/"));
    assert_non_null(strstr(w->holders[0].value, " CatchDeal (+https://example.org/bot)"));
    pool_return(&w->holders[0].lease, true);
}

/* ---- pages that go away ---------------------------------------------------------------------------- */

static void calls_again_when_the_page_replaces_itself(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/reload");

    assert_int_equal(call(w, 0, "() => new Promise(r => { if (document.title === 'plain') r('second') })", NULL, PAGE_MS),
                     ERR_OK);
    assert_string_equal(w->holders[0].value, "second");
    pool_return(&w->holders[0].lease, true);
}

static void reports_a_page_that_goes_on_to_nowhere(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/gone");

    assert_int_equal(call(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS), ERR_NETWORK);
    assert_non_null(strstr(w->holders[0].op_err.text, "nosuch.invalid"));
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void reports_an_address_that_cannot_be_reached(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);

    assert_int_equal(go(w, 0, "http://nosuch.invalid/"), ERR_NETWORK);
    assert_non_null(strstr(w->holders[0].op_err.text, "net::ERR_NAME_NOT_RESOLVED"));
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void reports_a_server_that_does_not_answer(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);

    assert_int_equal(go_for(w, 0, "/silent", 300), ERR_TIMEOUT);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void refuses_downloads(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);

    assert_int_equal(go(w, 0, "/download"), ERR_NETWORK);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void reports_a_function_that_does_not_settle(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/plain");

    assert_int_equal(call(w, 0, "() => new Promise(() => 0)", NULL, 200), ERR_TIMEOUT);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

/* ---- pages that misbehave -------------------------------------------------------------------------- */

static void ends_a_script_that_does_not_yield(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/hang");

    assert_int_equal(call(w, 0, "() => 1", NULL, 300), ERR_HUNG);
    assert_tab_works(w, 0);
    go(w, 0, "/hang-later");
    assert_int_equal(call(w, 0, "() => new Promise(() => 0)", NULL, 400), ERR_HUNG);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void answers_dialogs(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/alerts");
    call(w, 0, TITLE_WHEN_LOADED, NULL, PAGE_MS);
    assert_string_equal(w->holders[0].value, "answered");

    go(w, 0, "/leave");
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void gives_up_a_page_of_endless_dialogs_and_its_tab(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/alert-loop");
    assert_int_equal(call(w, 0, "() => 1", NULL, PAGE_MS), ERR_HUNG);
    pool_return(&w->holders[0].lease, true); /* in good faith */

    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void write_flags(struct world *w, const char *text)
{
    int fd;

    snprintf(w->flags_path, sizeof(w->flags_path), "/tmp/pool-flags-XXXXXX");
    fd = mkstemp(w->flags_path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void closes_windows_that_a_page_opens(void **state)
{
    struct world *w = *state;
    char *flags;

    write_flags(w, "# as in the shipped file, but windows may be opened\n--disable-background-networking\n"
                   "--disable-component-update\n");
    flags = mem_printf("chrome_flags=%s", w->flags_path);
    make_pool(w, flags);
    mem_free(flags);
    take(w, 0);
    go(w, 0, "/popups");
    call(w, 0, TITLE_WHEN_LOADED, NULL, PAGE_MS);
    turn(w, 300);

    assert_string_equal(w->holders[0].value, "opened");
    assert_int_equal(w->popups_closed, 5);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void tells_a_full_heap_from_a_crash(void **state)
{
    struct world *w = *state;
    char *flags;

    write_flags(w, "# a small heap\n--disable-background-networking\n--disable-component-update\n"
                   "--js-flags=--max-old-space-size=32\n");
    flags = mem_printf("chrome_flags=%s", w->flags_path);
    make_pool(w, flags);
    mem_free(flags);
    take(w, 0);
    go(w, 0, "/heap");

    assert_int_equal(call(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS), ERR_JS_HEAP);
    await_loss(w, 0);
    assert_int_equal(w->holders[0].lost_err.code, ERR_JS_HEAP);
}

static void replaces_the_tab_whose_process_is_killed(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;
    int ops;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/plain");
    ops = w->holders[0].ops;
    ask(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS);
    turn(w, 100);
    assert_true(kill_renderers(w) > 0);
    await_op(&w->holders[0], ops);
    await_loss(w, 0);

    assert_int_equal(w->holders[0].op_err.code, ERR_CRASHED);
    assert_int_equal(w->holders[0].lost_err.code, ERR_CRASHED);
    assert_int_equal(w->holders[0].losses, 1);
    take(w, 0);
    assert_tab_works(w, 0);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 1);
    assert_true(stats.tabs_crashed >= 1);
    pool_return(&w->holders[0].lease, true);
}

static void replaces_the_tab_that_crashes(void **state)
{
    struct world *w = *state;

    make_pool(w);
    take(w, 0);
    go(w, 0, "chrome://crash"); /* aborted or crashed, whichever comes first */
    if (w->holders[0].lease)
        await_loss(w, 0);
    assert_int_equal(w->holders[0].lost_err.code, ERR_CRASHED);

    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

/* ---- the browser dies ------------------------------------------------------------------------------ */

static void fails_the_call_when_the_browser_is_killed_and_starts_another(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;
    int ops;

    make_pool(w);
    take(w, 0);
    take(w, 1);
    go(w, 0, "/plain");
    ops = w->holders[0].ops;
    ask(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS);
    turn(w, 50);
    see_processes(w);
    kill(pool_browser_pid(w->pool), SIGKILL);
    await_op(&w->holders[0], ops);
    await_loss(w, 0);
    await_loss(w, 1);
    await_down(w);

    assert_int_equal(count_left(w), 0);
    assert_int_equal(w->holders[0].op_err.code, ERR_BROWSER_EXIT);
    assert_non_null(strstr(w->holders[0].op_err.text, "killed by signal 9"));
    assert_int_equal(w->holders[0].losses, 1);
    assert_int_equal(w->holders[1].losses, 1);
    assert_int_equal(w->holders[1].lost_err.code, ERR_BROWSER_EXIT);
    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 2);
    assert_int_equal(stats.browsers_lost, 1);
}

static void survives_a_browser_killed_while_it_starts(void **state)
{
    struct world *w = *state;

    make_pool(w);
    ask_for(w, 0, WAIT_MS, HOLD_MS);
    w->stop_at_log = "to=connecting";
    loop_run(w->loop);
    w->stop_at_log = NULL;
    kill(pool_browser_pid(w->pool), SIGKILL);
    while (!w->holders[0].answered)
        loop_run(w->loop);

    assert_null(w->holders[0].lease);
    assert_int_equal(w->holders[0].grant_err.code, ERR_LAUNCH);
    take(w, 0); /* after the back-off of 2 s */
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void reports_a_chrome_that_does_not_start(void **state)
{
    struct world *w = *state;

    make_pool(w, "chrome=/bin/sleep");
    ask_for(w, 0, WAIT_MS, HOLD_MS);
    while (!w->holders[0].answered)
        loop_run(w->loop);
    assert_int_equal(w->holders[0].grant_err.code, ERR_LAUNCH);
    assert_non_null(strstr(w->holders[0].grant_err.text, "exited with status 1"));
    assert_non_null(strstr(w->holders[0].grant_err.text, "unrecognized option"));

    /* In the back-off the reason stays the same, and nothing is tried. */
    ask_for(w, 1, 200, HOLD_MS);
    while (!w->holders[1].answered)
        loop_run(w->loop);
    assert_int_equal(w->holders[1].grant_err.code, ERR_LAUNCH);
    assert_non_null(strstr(w->holders[1].grant_err.text, "unrecognized option"));
}

/* A copy of this program, where Chrome's user can run it; what it plays is in its name. */
static char *make_impostor(struct world *w, const char *part)
{
    char *path = mem_printf("%s/%s", w->run_dir, part);
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    char piece[65536];
    ssize_t n;

    assert_true(from >= 0 && to >= 0);
    while ((n = read(from, piece, sizeof(piece))) > 0)
        assert_int_equal(write(to, piece, (size_t)n), n);
    close(from);
    close(to);
    return path;
}

__attribute__((noreturn)) static void be_an_impostor(const char *program)
{
    static const char line[] = "[0101/000000.0:ERROR:flood.cc(1)] the same again and again and again\n";
    ssize_t ignored;

    for (;;) {
        if (str_ends(program, "flood"))
            ignored = write(STDERR_FILENO, line, sizeof(line) - 1);
        else
            ignored = pause();
        (void)ignored;
    }
}

static void assert_does_not_start(struct world *w, const char *part, const char *words)
{
    char *program = make_impostor(w, part);
    char *set = mem_printf("chrome=%s", program);
    const char *const sets[] = {set, "launch_timeout=1s"};
    bool made = make_pool_with(w, sets, ARRAY_LEN(sets));

    mem_free(set);
    if (made)
        ask_for(w, 0, WAIT_MS, HOLD_MS);
    while (made && !w->holders[0].answered)
        loop_run(w->loop);
    unlink(program);
    mem_free(program);
    if (!made)
        skip();

    assert_int_equal(w->holders[0].grant_err.code, ERR_LAUNCH);
    assert_non_null(strstr(w->holders[0].grant_err.text, "no DevTools address within 1000 ms"));
    assert_non_null(strstr(w->holders[0].grant_err.text, words));
}

static void reports_a_chrome_that_says_nothing(void **state)
{
    assert_does_not_start(*state, "silent", "it said: nothing");
}

static void is_not_held_up_by_a_chrome_that_floods_stderr(void **state)
{
    assert_does_not_start(*state, "flood", "again and again");
}

static void refuses_a_wrapper_script(void **state)
{
    static const char *const sets[] = {"chrome=/usr/bin/ldd"};
    struct world *w = *state;
    struct err err;

    assert_false(try_pool(w, sets, 1, &err));

    assert_int_equal(err.code, ERR_LAUNCH);
    assert_non_null(strstr(err.text, "chrome = /usr/bin/ldd: this is a wrapper script"));
}

static void names_the_user_that_is_missing(void **state)
{
    static const char *const sets[] = {"chrome_user=catchdeal-nobody"};
    struct world *w = *state;
    struct err err;

    if (geteuid() != 0)
        skip_because("only root runs Chrome as another user");
    if (try_pool(w, sets, 1, &err))
        fail_msg("the pool was made");
    if (strstr(err.text, "no Chrome found"))
        skip_because("no Chrome found");

    assert_int_equal(err.code, ERR_LAUNCH);
    assert_non_null(strstr(err.text, "useradd --system --no-create-home catchdeal-nobody"));
}

static void refuses_a_run_dir_that_chrome_cannot_enter(void **state)
{
    const char *sets[1];
    struct world *w = *state;
    struct err err;
    char *closed = NULL, *set;

    if (geteuid() != 0)
        skip_because("only root runs Chrome as another user");
    closed = mem_printf("%s/closed", w->run_dir);
    set = mem_printf("run_dir=%s", closed);
    sets[0] = set;
    assert_int_equal(mkdir(closed, 0700), 0);
    if (try_pool(w, sets, 1, &err))
        fail_msg("the pool was made");
    rmdir(closed);
    mem_free(closed);
    mem_free(set);
    if (strstr(err.text, "no Chrome found") || strstr(err.text, "which is missing"))
        skip_because("no Chrome, or not its user");

    assert_int_equal(err.code, ERR_LAUNCH);
    assert_non_null(strstr(err.text, "cannot enter"));
}

/* ---- leases ---------------------------------------------------------------------------------------- */

static void lends_to_waiters_in_their_order(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;

    make_pool(w);
    for (int i = 0; i < 4; i++)
        ask_for(w, i, WAIT_MS, HOLD_MS);
    await_grant(w, 0);
    await_grant(w, 1);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.leased, 2);
    assert_int_equal(stats.waiting, 2);
    assert_false(w->holders[2].answered || w->holders[3].answered);

    pool_return(&w->holders[1].lease, true);
    await_grant(w, 2);
    assert_false(w->holders[3].answered);
    pool_return(&w->holders[0].lease, true);
    await_grant(w, 3);
    assert_int_equal(w->holders[2].grant_order, 3);

    for (int i = 2; i < 4; i++)
        pool_return(&w->holders[i].lease, true);
}

static void a_waiter_hears_when_no_tab_came_in_time(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    ask_for(w, 1, 200, HOLD_MS);
    while (!w->holders[1].answered)
        loop_run(w->loop);

    assert_int_equal(w->holders[1].grant_err.code, ERR_TIMEOUT);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

static void takes_the_tab_back_when_the_lease_runs_out(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    ask_for(w, 0, WAIT_MS, 200);
    await_grant(w, 0);
    await_loss(w, 0);

    assert_int_equal(w->holders[0].lost_err.code, ERR_TIMEOUT);
    take(w, 1);
    assert_tab_works(w, 1);
    pool_return(&w->holders[1].lease, true);
}

static void does_not_call_a_waiter_that_gave_up(void **state)
{
    struct world *w = *state;

    make_pool(w);
    ask_for(w, 0, WAIT_MS, HOLD_MS);
    pool_return(&w->holders[0].lease, true);
    take(w, 1);
    assert_tab_works(w, 1);

    assert_false(w->holders[0].answered);
    pool_return(&w->holders[1].lease, true);
}

static void an_operation_that_is_cancelled_does_not_call_back(void **state)
{
    struct world *w = *state;
    int ops;

    make_pool(w);
    take(w, 0);
    go(w, 0, "/plain");
    ops = w->holders[0].ops;
    ask(w, 0, "() => 'x'", NULL, PAGE_MS);
    tab_cancel(lease_tab(w->holders[0].lease));
    turn(w, 150);

    assert_int_equal(w->holders[0].ops, ops);
    assert_tab_works(w, 0);
    ask(w, 0, "() => 'x'", NULL, PAGE_MS);
    pool_return(&w->holders[0].lease, true); /* with the operation under way */
    ops = w->holders[0].ops;
    turn(w, 150);
    assert_int_equal(w->holders[0].ops, ops);
}

static void ends_a_browser_that_nobody_uses(void **state)
{
    struct world *w = *state;
    struct pool_stats stats;

    make_pool(w, "idle_exit=1s");
    take(w, 0);
    assert_tab_works(w, 0);
    see_processes(w);
    pool_return(&w->holders[0].lease, true);
    await_down(w);
    assert_int_equal(count_left(w), 0);

    take(w, 0);
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
    pool_stats(w->pool, &stats);
    assert_int_equal(stats.browsers_started, 2);
    assert_int_equal(stats.browsers_lost, 0);
}

static void leaves_an_idle_page_for_a_blank_one(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    go(w, 0, "/list");
    pool_return(&w->holders[0].lease, true);
    turn(w, 2600);
    take(w, 0);
    call(w, 0, "() => location.href", NULL, PAGE_MS);

    assert_string_equal(w->holders[0].value, "about:blank");
    pool_return(&w->holders[0].lease, true);
}

static void tells_holders_and_waiters_when_the_pool_is_stopped(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    go(w, 0, "/plain");
    ask(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS);
    ask_for(w, 1, WAIT_MS, HOLD_MS);
    stop_pool(w);

    assert_int_equal(w->holders[0].losses, 1);
    assert_int_equal(w->holders[0].lost_err.code, ERR_CANCELLED);
    assert_int_equal(w->holders[1].grant_err.code, ERR_CANCELLED);
}

static void stops_while_the_browser_starts(void **state)
{
    struct world *w = *state;

    make_pool(w);
    ask_for(w, 0, WAIT_MS, HOLD_MS);
    w->stop_at_log = "to=spawning";
    loop_run(w->loop);
    w->stop_at_log = NULL;
    stop_pool(w);

    assert_int_equal(w->holders[0].grant_err.code, ERR_CANCELLED);
}

static void kills_a_browser_that_does_not_close(void **state)
{
    struct world *w = *state;

    make_pool(w, "close_timeout=300ms");
    take(w, 0);
    assert_tab_works(w, 0);
    see_processes(w);
    kill(pool_browser_pid(w->pool), SIGSTOP);
    pool_return(&w->holders[0].lease, true);
    stop_pool(w);

    assert_int_equal(count_left(w), 0);
}

/* ---- the engine dies ------------------------------------------------------------------------------- */

/* Another engine, as far as Chrome is concerned: it opens a page, says so, and is killed. */
static int be_an_engine(const char *run_dir)
{
    struct world *w = mem_new(struct world);
    const char *const sets[] = {"tabs_per_browser=1"};

    snprintf(w->run_dir, sizeof(w->run_dir), "%s", run_dir);
    w->loop = loop_new();
    proc_init(w->loop);
    w->holders[0].world = w;
    if (!make_pool_with(w, sets, 1))
        return 3;
    take(w, 0);
    go(w, 0, "about:blank");
    if (write(STDOUT_FILENO, "r", 1) != 1)
        return 4;
    for (;;)
        loop_run(w->loop);
}

static pid_t start_engine(struct world *w)
{
    const char *const args[] = {"test_chrome_pool", "--engine", w->run_dir, NULL};
    int ready[2];
    char byte = 0;
    pid_t engine;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    engine = fork();
    if (engine == 0) {
        dup2(ready[1], STDOUT_FILENO);
        execv("/proc/self/exe", (char *const *)args);
        _exit(127);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1)
        fail_msg("the other engine did not come up");
    close(ready[0]);
    return engine;
}

static void no_chrome_survives_a_killed_engine_and_the_next_sweeps(void **state)
{
    struct world *w = *state;
    struct pool *first;
    pid_t engine, browser;
    int tries = 500;

    make_pool(w); /* skips where there is no Chrome */
    engine = start_engine(w);
    browser = find_browser(w->run_dir);
    assert_true(browser > 0);
    proc_tree_init(&w->seen, browser);
    proc_tree_refresh(&w->seen);
    assert_true(w->seen.n > 2);

    kill(engine, SIGKILL);
    waitpid(engine, NULL, 0);
    while (count_left(w) > 0 && tries-- > 0)
        turn(w, 10);

    assert_int_equal(count_left(w), 0);
    first = w->pool;
    w->pool = NULL;
    config_fini(&w->config);
    make_pool(w); /* sweeps; teardown finds run_dir empty */
    pool_free(&first);
}

/* What libraries open once and keep is opened before the first count. */
static int warm_up(void **state)
{
    struct loop *loop = loop_new();

    (void)state;
    proc_init(loop);
    proc_fini();
    loop_free(&loop);
    return 0;
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(reads_rows_that_a_script_made),
        TEST(keeps_its_world_apart_from_the_page_s),
        TEST(reuses_the_tab_for_the_next_lease),
        TEST(applies_and_takes_back_the_viewport),
        TEST(tells_what_the_function_threw),
        TEST(names_the_user_agent_s_contact),
        TEST(calls_again_when_the_page_replaces_itself),
        TEST(reports_a_page_that_goes_on_to_nowhere),
        TEST(reports_an_address_that_cannot_be_reached),
        TEST(reports_a_server_that_does_not_answer),
        TEST(refuses_downloads),
        TEST(reports_a_function_that_does_not_settle),
        TEST(ends_a_script_that_does_not_yield),
        TEST(answers_dialogs),
        TEST(gives_up_a_page_of_endless_dialogs_and_its_tab),
        TEST(closes_windows_that_a_page_opens),
        TEST(tells_a_full_heap_from_a_crash),
        TEST(replaces_the_tab_whose_process_is_killed),
        TEST(replaces_the_tab_that_crashes),
        TEST(fails_the_call_when_the_browser_is_killed_and_starts_another),
        TEST(survives_a_browser_killed_while_it_starts),
        TEST(reports_a_chrome_that_does_not_start),
        TEST(reports_a_chrome_that_says_nothing),
        TEST(is_not_held_up_by_a_chrome_that_floods_stderr),
        TEST(refuses_a_wrapper_script),
        TEST(names_the_user_that_is_missing),
        TEST(refuses_a_run_dir_that_chrome_cannot_enter),
        TEST(lends_to_waiters_in_their_order),
        TEST(a_waiter_hears_when_no_tab_came_in_time),
        TEST(takes_the_tab_back_when_the_lease_runs_out),
        TEST(does_not_call_a_waiter_that_gave_up),
        TEST(an_operation_that_is_cancelled_does_not_call_back),
        TEST(ends_a_browser_that_nobody_uses),
        TEST(leaves_an_idle_page_for_a_blank_one),
        TEST(tells_holders_and_waiters_when_the_pool_is_stopped),
        TEST(stops_while_the_browser_starts),
        TEST(kills_a_browser_that_does_not_close),
        TEST(no_chrome_survives_a_killed_engine_and_the_next_sweeps),
    };

    if (argc > 1 && str_starts(argv[1], "--remote-debugging-port"))
        be_an_impostor(argv[0]);
    if (getenv("TEST_ONLY"))
        cmocka_set_test_filter(getenv("TEST_ONLY"));
    if (argc == 3 && str_eq(argv[1], "--engine"))
        return be_an_engine(argv[2]);
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
