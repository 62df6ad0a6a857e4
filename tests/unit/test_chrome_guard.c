/* SPDX-License-Identifier: MIT */
/* test_chrome_guard.c - every way from a page into a private network, tried with the real Chrome.
 *
 * The attacking pages come from a server on loopback that Chrome is told to take for a public one
 * (--ip-address-space-overrides). A canary, also on loopback, counts what arrives there: bytes over
 * TCP, packets over UDP. It has to stay silent; that the same pages do reach a canary which is
 * public, too, shows that they try.
 */
#include "base/clock.h"
#include "base/netaddr.h"
#include "test_chrome.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum {
    SETTLE_MS = 1500, /* for what a page tries to arrive, or not to */
    MAX_CALLS = 64,
    HTML_MAX_BYTES = 64 << 10,
};

/* One connection to the canary. */
struct caller {
    struct canary *canary;
    struct loop_io *io;
    int fd;
};

struct canary {
    struct loop *loop;
    int fd, udp_fd;
    int port, udp_port;
    struct loop_io *io, *udp_io;
    struct caller *callers[MAX_CALLS];
    int connections;
    int heard; /* connections that said something, and packets */
    char first_words[4096];
};

struct trial {
    struct world *w;
    struct httpd *httpd; /* the attacker */
    int port;
    const char *html; /* what it serves at / */
    struct canary canary;
};

static struct trial trial;

/* ---- the canary -------------------------------------------------------------------------------- */

static void hear(struct canary *canary, const char *bytes, ssize_t n)
{
    size_t used = strlen(canary->first_words);

    canary->heard++;
    snprintf(canary->first_words + used, sizeof(canary->first_words) - used, "%.*s\n",
             (int)strcspn(bytes, "\r\n"), n > 0 ? bytes : "");
}

static void on_call(void *ctx, unsigned events)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n"
        "Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\nsung";
    struct caller *caller = ctx;
    char bytes[2048];
    ssize_t n = recv(caller->fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);

    (void)events;
    if (n > 0) {
        bytes[n] = '\0';
        hear(caller->canary, bytes, n);
        (void)!send(caller->fd, answer, strlen(answer), MSG_NOSIGNAL);
    }
    loop_io_free(&caller->io);
    close(caller->fd);
    caller->fd = -1;
}

static void on_connection(void *ctx, unsigned events)
{
    struct canary *canary = ctx;
    struct caller *caller;
    int fd = accept4(canary->fd, NULL, NULL, SOCK_CLOEXEC);

    (void)events;
    if (fd < 0)
        return;
    assert_true(canary->connections < MAX_CALLS);
    caller = mem_new(struct caller);
    *caller = (struct caller){.canary = canary, .fd = fd};
    canary->callers[canary->connections++] = caller;
    caller->io = loop_io_new(canary->loop, fd, on_call, caller);
    loop_io_want(caller->io, LOOP_READ);
}

static void on_packet(void *ctx, unsigned events)
{
    struct canary *canary = ctx;
    char bytes[2048];

    (void)events;
    if (recv(canary->udp_fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0)
        hear(canary, "a packet", 1);
}

static int bind_any(int type, int *port_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port_out = ntohs(address.sin_port);
    return fd;
}

static void canary_start(struct canary *canary, struct loop *loop)
{
    *canary = (struct canary){.loop = loop};
    canary->fd = bind_any(SOCK_STREAM, &canary->port);
    canary->udp_fd = bind_any(SOCK_DGRAM, &canary->udp_port);
    assert_int_equal(listen(canary->fd, MAX_CALLS), 0);
    canary->io = loop_io_new(loop, canary->fd, on_connection, canary);
    canary->udp_io = loop_io_new(loop, canary->udp_fd, on_packet, canary);
    loop_io_want(canary->io, LOOP_READ);
    loop_io_want(canary->udp_io, LOOP_READ);
}

static void canary_forget(struct canary *canary)
{
    for (int i = 0; i < canary->connections; i++) {
        if (canary->callers[i]->fd >= 0) {
            loop_io_free(&canary->callers[i]->io);
            close(canary->callers[i]->fd);
        }
        mem_free(canary->callers[i]);
    }
    canary->connections = canary->heard = 0;
    canary->first_words[0] = '\0';
}

static void canary_stop(struct canary *canary)
{
    canary_forget(canary);
    loop_io_free(&canary->io);
    loop_io_free(&canary->udp_io);
    close(canary->fd);
    close(canary->udp_fd);
}

static void assert_silent(const char *what)
{
    if (trial.canary.heard)
        fail_msg("%s reached the canary %d times:\n%s", what, trial.canary.heard,
                 trial.canary.first_words);
}

/* ---- the attacker ------------------------------------------------------------------------------ */

/* HTML with @ for the canary's "127.0.0.1:PORT" and # for its UDP port. */
static void fill_in(const char *html, struct buf *out)
{
    for (; *html; html++) {
        if (*html == '@')
            buf_addf(out, "127.0.0.1:%d", trial.canary.port);
        else if (*html == '#')
            buf_addf(out, "%d", trial.canary.udp_port);
        else
            buf_addc(out, *html);
    }
}

static void attack(struct httpd_req *req, void *ctx)
{
    static const struct httpd_header html = {"Content-Type", "text/html; charset=utf-8"};
    static const struct httpd_header script = {"Content-Type", "text/javascript"};
    struct buf body, where;

    (void)ctx;
    buf_init(&body, HTML_MAX_BYTES);
    buf_init(&where, 1000);
    if (str_starts(req->target, "/redirect")) {
        struct httpd_header to = {"Location", NULL};

        fill_in("http://@/redirected", &where);
        to.value = buf_str(&where);
        httpd_respond(req, 302, &to, 1, &body);
    } else if (str_eq(req->target, "/worker.js")) {
        fill_in("fetch('http://@/sw', {mode: 'no-cors'}).catch(() => 0);"
                "importScripts('http://@/sw-import')",
                &body);
        httpd_respond(req, 200, &script, 1, &body);
    } else {
        fill_in(trial.html, &body);
        httpd_respond(req, 200, &html, 1, &body);
    }
    buf_fini(&where);
}

static void attacker_start(struct world *w)
{
    struct httpd_options options = {
        .listen = "127.0.0.1:0",
        .max_connections = 64,
        .request_timeout_ms = LIMIT_MS,
        .body_max_bytes = 4096,
        .handler = attack,
        .refuse = on_refuse,
    };
    struct err err;

    trial.w = w;
    if (httpd_new(w->loop, &options, &trial.httpd, &err) < 0)
        fail_msg("%s", err.text);
    trial.port = httpd_port(trial.httpd);
    canary_start(&trial.canary, w->loop);
}

static int guard_setup(void **state)
{
    int rc = setup(state);

    attacker_start(*state);
    return rc;
}

static int guard_teardown(void **state)
{
    stop_pool(*state);
    httpd_free(&trial.httpd);
    canary_stop(&trial.canary);
    return teardown(state);
}

/* chrome-flags.conf, and the attacker a public server; the canary as well, where it is to sing. */
static void write_trial_flags(struct world *w, bool canary_is_public)
{
    struct buf text;
    char piece[4096];
    size_t n;
    FILE *from = fopen("chrome-flags.conf", "r");
    FILE *to;

    assert_non_null(from);
    buf_init(&text, BUF_MAX_DEFAULT);
    while ((n = fread(piece, 1, sizeof(piece), from)) > 0)
        buf_add(&text, piece, n);
    fclose(from);
    buf_addf(&text, "\n# Only for this test.\n--ip-address-space-overrides=127.0.0.1:%d=public",
             trial.port);
    if (canary_is_public)
        buf_addf(&text, ",127.0.0.1:%d=public", trial.canary.port);
    buf_addf(&text, "\n--host-resolver-rules=MAP *.example 127.0.0.1\n"
                    "--blink-settings=imagesEnabled=true\n");
    snprintf(w->flags_path, sizeof(w->flags_path), "%s.flags", w->run_dir);
    to = fopen(w->flags_path, "w");
    assert_non_null(to);
    fwrite(buf_str(&text), 1, text.len, to);
    fclose(to);
    buf_fini(&text);
}

#define make_guarded_pool(w, canary_is_public)                      \
    do {                                                            \
        char *flags_ = NULL;                                        \
        write_trial_flags(w, canary_is_public);                     \
        flags_ = mem_printf("chrome_flags=%s", (w)->flags_path);    \
        const char *const sets_[] = {"tabs_per_browser=1", flags_}; \
        bool made_ = make_pool_with(w, sets_, ARRAY_LEN(sets_));    \
        mem_free(flags_);                                           \
        if (!made_)                                                 \
            skip();                                                 \
        take(w, 0);                                                 \
    } while (0)

/* A page of the attacker's: `host` decides whether Chrome trusts it (localhost) or not (http). */
static enum err_code visit(struct world *w, const char *host, const char *path, const char *html)
{
    struct holder *h = &w->holders[0];
    struct tab_page page = {.timeout_ms = PAGE_MS};
    char *own = mem_printf("http://%s:%d", host, trial.port);
    char *url = mem_printf("%s%s", own, path);
    int ops = h->ops;

    if (!h->lease)
        fail_msg("the tab was lost: %s", h->lost_err.text);
    canary_forget(&trial.canary);
    trial.html = html;
    page.url = url;
    page.own_origin = own;
    tab_navigate(lease_tab(h->lease), &page, on_navigated, h);
    await_op(h, ops);
    mem_free(url);
    mem_free(own);
    return h->op_err.code;
}

static const char *const hosts[] = {"secure.localhost", "plain.example"};

/* ---- what a page loads ------------------------------------------------------------------------- */

static const char everything[] =
    "<!doctype html><link rel=stylesheet href=http://@/css><script src=http://@/script></script>"
    "<link rel=prefetch href=http://@/prefetch><link rel=preload as=script href=http://@/preload>"
    "<link rel=modulepreload href=http://@/modulepreload>"
    "<link rel=manifest href=http://@/manifest><link rel=icon href=http://@/icon>"
    "<object data=http://@/object></object><embed src=http://@/embed>"
    "<video src=http://@/video preload=auto></video>"
    "<iframe srcdoc=\"<script>fetch('http://@/srcdoc',{mode:'no-cors'})</script>\"></iframe>"
    "<iframe sandbox=allow-scripts src=\"data:text/html,<script>"
    "fetch('http://@/data',{mode:'no-cors'})</script>\"></iframe>"
    "<a id=a ping=http://@/ping href='javascript:0'>x</a><script>"
    "const T = 'http://@/', quiet = () => 0;"
    "new Image().src = T + 'img';"
    "fetch(T + 'fetch').catch(quiet); fetch(T + 'no-cors', {mode: 'no-cors'}).catch(quiet);"
    "fetch(T + 'post', {mode: 'no-cors', method: 'POST', body: 'x', keepalive: true}).catch(quiet);"
    "fetch('/redirect', {mode: 'no-cors'}).catch(quiet);"
    "fetch('http://name.example:' + T.split(/[:/]/)[4] + '/name', {mode: 'no-cors'}).catch(quiet);"
    "fetch('http://localhost:' + T.split(/[:/]/)[4] + '/lh', {mode: 'no-cors'}).catch(quiet);"
    "fetch('http://0.0.0.0:' + T.split(/[:/]/)[4] + '/zero', {mode: 'no-cors'}).catch(quiet);"
    "var x = new XMLHttpRequest(); x.open('GET', T + 'xhr'); x.send();"
    "navigator.sendBeacon(T + 'beacon', 'x'); import(T + 'import').catch(quiet);"
    "new EventSource(T + 'events'); new WebSocket('ws://@/ws');"
    "const job = s => URL.createObjectURL(new Blob([s]));"
    "new Worker(job(`importScripts('${T}worker-import')`));"
    "new Worker(job(`fetch('${T}worker', {mode: 'no-cors'}); new WebSocket('ws://@/worker-ws')`));"
    "try { new SharedWorker(job(`fetch('${T}shared', {mode: 'no-cors'})`)) } catch (e) {}"
    "navigator.serviceWorker && navigator.serviceWorker.register('/worker.js').catch(quiet);"
    "</script>";

static void nothing_that_a_public_page_loads_comes_from_a_private_network(void **state)
{
    struct world *w = *state;

    make_guarded_pool(w, false);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        assert_int_equal(visit(w, hosts[i], "/", everything), ERR_OK);
        turn(w, SETTLE_MS);
        assert_silent(hosts[i]);
    }
    pool_return(&w->holders[0].lease, true);
}

static void the_same_page_reaches_a_public_server(void **state)
{
    static const char *const wanted[] = {"/css ",     "/script ",     "/prefetch ", "/img ",
                                         "/no-cors ", "/post ",       "/xhr ",      "/beacon ",
                                         "/events ",  "/ws ",         "/worker ",   "/lh ",
                                         "/name ",    "/redirected ", "/srcdoc ",   "/data "};
    struct world *w = *state;

    make_guarded_pool(w, true);
    assert_int_equal(visit(w, hosts[0], "/", everything), ERR_OK);
    turn(w, SETTLE_MS);

    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        if (!strstr(trial.canary.first_words, wanted[i]))
            fail_msg("not asked for: %s; but:\n%s", wanted[i], trial.canary.first_words);
    pool_return(&w->holders[0].lease, true);
}

/* Chrome checks neither by itself (seen): switches do. */
static void no_packet_and_no_prefetch_leaves_for_a_private_network(void **state)
{
    static const char html[] =
        "<!doctype html><script type=speculationrules>{\"prefetch\": [{\"source\": \"list\", "
        "\"eagerness\": \"immediate\", \"urls\": [\"http://@/prefetched\"]}], \"prerender\": "
        "[{\"source\": \"list\", \"eagerness\": \"immediate\", \"urls\": "
        "[\"http://@/prerendered\", "
        "\"/redirect\"]}]}</script><script>"
        "const p = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.1:#'},"
        "{urls: 'turn:@?transport=tcp', username: 'a', credential: 'b'}]});"
        "p.createDataChannel('x'); p.createOffer().then(o => p.setLocalDescription(o));</script>";
    struct world *w = *state;

    make_guarded_pool(w, false);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        assert_int_equal(visit(w, hosts[i], "/", html), ERR_OK);
        turn(w, SETTLE_MS);
        assert_silent(hosts[i]);
    }
    pool_return(&w->holders[0].lease, true);
}

/* ---- where a page goes ------------------------------------------------------------------------- */

static const char *const departures[] = {
    "<script>location = 'http://@/'</script>",
    "<script>location.replace('http://@/')</script>",
    "<script>navigation.navigate('http://@/')</script>",
    "<script>location = '/redirect'</script>",
    "<meta http-equiv=refresh content='0;url=http://@/'>",
    "<a id=a href=http://@/>x</a><script>a.click()</script>",
    "<form id=f method=post action=http://@/><input name=a></form><script>f.submit()</script>",
    "<form action=http://@/><button id=b></form><script>b.click()</script>",
    "<iframe srcdoc=\"<script>top.location = 'http://@/'</script>\"></iframe>",
};

static void a_page_that_goes_to_a_private_network_ends_with_the_reason(void **state)
{
    struct world *w = *state;

    make_guarded_pool(w, false);
    for (size_t k = 0; k < ARRAY_LEN(departures); k++) {
        const char *host = hosts[k % ARRAY_LEN(hosts)];
        enum err_code code = visit(w, host, "/", departures[k]);

        if (code == ERR_OK)
            code = call(w, 0, "() => new Promise(() => 0)", NULL, PAGE_MS);
        if (code != ERR_NETWORK || !strstr(w->holders[0].op_err.text,
                                           "refused: 127.0.0.1 is a private address (loopback)"))
            fail_msg("%s: %s: %s", departures[k], err_reason(code), w->holders[0].op_err.text);
        assert_silent(departures[k]);
    }
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

/* These leave the page where it is. */
static void frames_windows_and_downloads_of_private_networks_stay_empty(void **state)
{
    static const char *const html[] = {
        "<iframe src=http://@/></iframe>",
        "<iframe src=/redirect></iframe>",
        "<iframe id=i></iframe><script>i.contentWindow.location = 'http://@/'</script>",
        "<frameset><frame src=http://@/></frameset>",
        "<iframe name=n></iframe><form id=f method=post target=n action=http://@/></form>"
        "<script>f.submit()</script>",
        "<iframe sandbox='allow-scripts' src=\"data:text/html,<script>location = "
        "'http://@/'</script>\">"
        "</iframe>",
        "<a id=a download href=http://@/>x</a><script>a.click()</script>",
        "<script>open('http://@/')</script>",
        "<a id=a target=_blank href=http://@/>x</a><script>a.click()</script>",
        "<form id=f target=_blank method=post action=http://@/></form><script>f.submit()</script>",
    };
    struct world *w = *state;

    make_guarded_pool(w, false);
    for (size_t k = 0; k < ARRAY_LEN(html); k++) {
        assert_int_equal(visit(w, hosts[k % ARRAY_LEN(hosts)], "/", html[k]), ERR_OK);
        turn(w, 300);
        assert_silent(html[k]);
    }
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

/* ---- where the engine is told to go ------------------------------------------------------------- */

static void assert_refused(struct world *w, const char *url, const char *why)
{
    struct holder *h = &w->holders[0];
    struct tab_page page = {.url = url, .timeout_ms = PAGE_MS};
    int ops = h->ops;

    tab_navigate(lease_tab(h->lease), &page, on_navigated, h);
    await_op(h, ops);
    if (h->op_err.code != ERR_NETWORK || !strstr(h->op_err.text, why))
        fail_msg("%s: %s: %s", url, err_reason(h->op_err.code), h->op_err.text);
    assert_silent(url);
}

static void private_addresses_are_refused_however_they_are_written(void **state)
{
    static const char *const others[] = {
        "127.1", "0x7f000001",         "0177.0.0.1", "2130706433", "0.0.0.0",
        "[::1]", "[::ffff:127.0.0.1]", "localhost",  "a.localhost"};
    struct world *w = *state;

    make_guarded_pool(w, false);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        char *url = mem_printf("http://%s:%d/", others[i], trial.canary.port);

        assert_refused(w, url, " private address (");
        mem_free(url);
    }
    assert_refused(w, "http://10.0.0.1/", "refused: 10.0.0.1 is a private address (private)");
    assert_refused(w, "http://169.254.169.254/latest/meta-data/", "private address (metadata)");
    assert_refused(w, "http://metadata.google.internal/", "net::ERR_NAME_NOT_RESOLVED");
    assert_tab_works(w, 0);
    pool_return(&w->holders[0].lease, true);
}

/* This machine's own name, where /etc/hosts or DNS knows it. */
static void names_that_lead_to_a_private_network_are_refused(void **state)
{
    struct world *w = *state;
    char name[256] = "", *url;
    struct addrinfo *found = NULL;
    struct netaddr address;
    bool is_private = false;

    gethostname(name, sizeof(name) - 1);
    if (strchr(name, '.') == NULL && getaddrinfo(name, NULL, NULL, &found) == 0) {
        is_private =
            netaddr_from_sockaddr(found->ai_addr, &address) && netaddr_private_kind(&address);
        freeaddrinfo(found);
    }
    if (!is_private)
        skip_because("this machine's name leads to no private address");
    make_guarded_pool(w, false);
    url = mem_printf("http://%s:%d/", name, trial.canary.port);

    assert_refused(w, url, " a private address (");
    assert_non_null(strstr(w->holders[0].op_err.text, " leads to "));
    mem_free(url);
    pool_return(&w->holders[0].lease, true);
}

static void a_redirect_into_a_private_network_is_refused(void **state)
{
    struct world *w = *state;

    make_guarded_pool(w, false);
    assert_int_equal(visit(w, hosts[0], "/redirect", ""), ERR_NETWORK);

    assert_non_null(
        strstr(w->holders[0].op_err.text, "redirected: refused: 127.0.0.1 is a private"));
    assert_silent("redirect");
    pool_return(&w->holders[0].lease, true);
}

static void the_own_origin_may_be_private_but_no_other(void **state)
{
    struct world *w = *state;
    struct holder *h = &w->holders[0];
    char *url = NULL, *own = NULL;
    struct tab_page page = {.timeout_ms = PAGE_MS};
    int ops;

    make_guarded_pool(w, false);
    url = mem_printf("http://127.0.0.1:%d/own", trial.canary.port);
    own = mem_printf("http://127.0.0.1:%d", trial.canary.port);
    page.url = url;
    page.own_origin = own;
    ops = h->ops;
    tab_navigate(lease_tab(h->lease), &page, on_navigated, h);
    await_op(h, ops);
    assert_int_equal(h->op_err.code, ERR_OK);
    assert_string_equal(trial.canary.first_words, "GET /own HTTP/1.1\n");
    canary_forget(&trial.canary);

    /* Another port, another scheme; and what was own is not after the next page. */
    assert_int_equal(visit(w, hosts[0], "/redirect", ""), ERR_NETWORK);
    assert_refused(w, url, "is a private address");
    mem_free(url);
    mem_free(own);
    pool_return(&w->holders[0].lease, true);
}

/* ---- DevTools ----------------------------------------------------------------------------------- */

/* The port of the browser that runs in run_dir, from the file that Chrome wrote there. */
static int devtools_port(const struct world *w)
{
    char *command = mem_printf("find %s -name DevToolsActivePort -exec head -n 1 {} +", w->run_dir);
    FILE *pipe = popen(command, "r");
    int port = 0;

    assert_non_null(pipe);
    if (fscanf(pipe, "%5d", &port) != 1)
        port = 0;
    pclose(pipe);
    mem_free(command);
    return port;
}

static void the_devtools_port_is_closed_to_pages(void **state)
{
    static const char form[] =
        "<title>0</title><script>const P = %d, say = () => document.title = 'open';"
        "Promise.allSettled([fetch('http://127.0.0.1:' + P + '/json/version', {mode: "
        "'no-cors'}).then(say),"
        "fetch('http://localhost:' + P + '/json/new?about:blank', {method: 'PUT'}).then(say),"
        "new Promise(r => { const s = new WebSocket(`ws://127.0.0.1:${P}/devtools/browser`);"
        "s.onopen = () => { say(); r() }; s.onerror = s.onclose = r })"
        "]).then(() => document.title += ' done');</script>";
    struct world *w = *state;
    char *html = NULL, *url = NULL;
    int port;

    make_guarded_pool(w, false);
    port = devtools_port(w);
    if (!port) {
        pool_return(&w->holders[0].lease, true);
        skip_because("the browser has no DevTools port");
    }
    html = mem_printf(form, port);
    url = mem_printf("http://127.0.0.1:%d/json/version", port);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        assert_int_equal(visit(w, hosts[i], "/", html), ERR_OK);
        call(w, 0,
             "async () => { while (!/done/.test(document.title)) await new Promise(r => "
             "setTimeout(r, 10)); return document.title }",
             NULL, PAGE_MS);
        assert_string_equal(w->holders[0].value, "0 done");
    }
    assert_refused(w, url, "is a private address");
    mem_free(html);
    mem_free(url);
    pool_return(&w->holders[0].lease, true);
}

#define GUARD_TEST(name) cmocka_unit_test_setup_teardown(name, guard_setup, guard_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARD_TEST(nothing_that_a_public_page_loads_comes_from_a_private_network),
        GUARD_TEST(the_same_page_reaches_a_public_server),
        GUARD_TEST(no_packet_and_no_prefetch_leaves_for_a_private_network),
        GUARD_TEST(a_page_that_goes_to_a_private_network_ends_with_the_reason),
        GUARD_TEST(frames_windows_and_downloads_of_private_networks_stay_empty),
        GUARD_TEST(private_addresses_are_refused_however_they_are_written),
        GUARD_TEST(names_that_lead_to_a_private_network_are_refused),
        GUARD_TEST(a_redirect_into_a_private_network_is_refused),
        GUARD_TEST(the_own_origin_may_be_private_but_no_other),
        GUARD_TEST(the_devtools_port_is_closed_to_pages),
    };

    return cmocka_run_group_tests(tests, warm_up, NULL);
}
