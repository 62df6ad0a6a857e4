/* SPDX-License-Identifier: MIT */
/* test_chrome_traps.c - pages and servers that would keep a tab for ever, with the real Chrome.
 *
 * Each is met by two steps, go there and call a function, both with a short deadline. They must end
 * with the right reason no later than a little after it, and the same pool must then show an
 * ordinary page. Of what Chrome leaves behind, test_chrome.h keeps account.
 */
#include "base/clock.h"
#include "test_chrome.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum {
    TICK_MS = 10,
    STEP_MS = 700,   /* deadline of a step that will not end by itself */
    GRACE_MS = 4500, /* 3 s to tell slow from hung, the rest is for a busy machine */
    MAX_CALLS = 1000,
    PIECE_BYTES = 64 << 10, /* of an attachment each tick: 6 MB a second */
    LINE_BYTES = 1 << 10,   /* of a page */
};

enum manner {
    MANNER_PAGE,    /* html, whole */
    MANNER_HEAD,    /* raw, whole */
    MANNER_SILENT,  /* nothing */
    MANNER_DRIP,    /* raw, a byte each tick */
    MANNER_ENDLESS, /* raw, then lines of text for ever */
    MANNER_RESET,   /* raw, then a reset */
};

struct place {
    const char *path;
    enum manner manner;
    const char *text;
};

#define HTML "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"

static const struct place places[] = {
    {"/plain", MANNER_PAGE, "<title>plain</title>"},
    {"/auth", MANNER_HEAD,
     "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Type: text/html\r\n"
     "Content-Length: 19\r\nConnection: close\r\n\r\n<title>401</title>\n"},
    {"/auth-inside", MANNER_PAGE,
     "<title>inside</title><iframe src=/auth></iframe><script>const x = new XMLHttpRequest();"
     "x.open('GET', '/auth', false); x.send(); document.title += ' ' + x.status</script>"},
    {"/attachment", MANNER_ENDLESS,
     "HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nContent-Disposition: attachment; "
     "filename=a.zip\r\nContent-Length: 2147483648\r\n\r\n"},
    {"/attachment-inside", MANNER_PAGE,
     "<title>a</title><a id=a href=/attachment download>x</a><iframe src=/attachment></iframe>"
     "<script>a.click(); location = '/attachment'</script>"},
    {"/endless", MANNER_ENDLESS, HTML "\r\n<title>endless</title>"},
    {"/drip", MANNER_DRIP,
     HTML "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {"/silent", MANNER_SILENT, ""},
    {"/round", MANNER_HEAD, "HTTP/1.1 302 Found\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n"},
    {"/reset", MANNER_RESET, HTML "Content-Length: 1000\r\n\r\n<title>half"},
    {"/events", MANNER_PAGE,
     "<title>events</title><script>new EventSource('/stream')</script><ul><li>row</ul>"},
    {"/stream", MANNER_ENDLESS, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"},
    {"/sync-xhr", MANNER_PAGE,
     "<title>sync</title><script>const x = new XMLHttpRequest(); x.open('GET', '/silent', false);"
     "x.send()</script>"},
    {"/hang", MANNER_PAGE, "<title>hang</title><script>for (;;);</script>"},
    {"/hang-timer", MANNER_PAGE,
     "<title>timer</title><script>setTimeout(() => { for (;;); }, 30)</script>"},
    {"/hang-microtasks", MANNER_PAGE,
     "<title>m</title><script>const f = () => Promise.resolve().then(f);"
     "setTimeout(f, 30)</script>"},
    {"/hang-again", MANNER_PAGE,
     "<title>again</title><script>setInterval(() => { for (;;); }, 30)</script>"},
    {"/hang-regexp", MANNER_PAGE,
     "<title>r</title><script>setTimeout(() => /^(a+)+$/.test('a'.repeat(60) + 'b'), 30)</script>"},
    {"/hang-frame", MANNER_PAGE,
     "<title>f</title><iframe srcdoc='<script>for (;;);</script>'></iframe>"},
    {"/getters", MANNER_PAGE,
     "<title>getters</title><li>row</li><script>const f = () => { for (;;); };"
     "Object.defineProperty(document, 'title', {get: f});"
     "for (const k of ['textContent', 'getAttribute', 'innerText', 'querySelectorAll', 'then'])"
     "  for (const o of [Node, Element, HTMLElement, Object, Array, Promise])"
     "    try { Object.defineProperty(o.prototype, k, {get: f}) } catch (e) {}</script>"},
    {"/reloads", MANNER_PAGE, "<title>r</title><script>location.reload()</script>"},
    {"/refreshes", MANNER_PAGE, "<title>r</title><meta http-equiv=refresh content='0'>"},
    {"/ping-pong", MANNER_PAGE,
     "<title>p</title><script>setTimeout(() => location = '/ping-pong?' + Math.random(), 20)"
     "</script>"},
    {"/alerts-slowly", MANNER_PAGE,
     "<title>a</title><script>setInterval(() => alert(1), 20)</script>"},
    {"/ten-alerts", MANNER_PAGE,
     "<title>t</title><script>for (let i = 0; i < 10; i++) alert(i);"
     "document.title = 'ten'</script>"},
    {"/leave", MANNER_PAGE,
     "<title>leave</title><script>onbeforeunload = e => { e.preventDefault(); return 'no' };"
     "onpagehide = onunload = () => { for (const end = Date.now() + 300; Date.now() < end;); }"
     "</script>"},
    {"/windows", MANNER_PAGE,
     "<title>w</title><script>for (let i = 0; i < 100; i++) open('/plain?' + i);"
     "document.title = 'opened'</script>"},
    {"/prints", MANNER_PAGE,
     "<title>p</title><script>for (let i = 0; i < 20; i++) print();"
     "document.title = 'printed'</script>"},
    {"/hijack", MANNER_PAGE,
     "<title>h</title><script>(async () => { try { await "
     "navigator.serviceWorker.register('/worker.js');"
     "await navigator.serviceWorker.ready; await new Promise(r => setTimeout(r, 100)) }"
     "catch (e) {} document.title = 'done' })()</script>"},
    {"/worker.js", MANNER_HEAD,
     "HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nConnection: close\r\n\r\n"
     "onactivate = e => e.waitUntil(clients.claim());"
     "onfetch = e => e.respondWith(new Promise(() => 0))"},
};

/* ---- the server -------------------------------------------------------------------------------- */

struct visitor {
    struct trap *trap;
    const struct place *place;
    int fd;
    struct loop_io *io;
    struct loop_timer *tick;
    size_t sent;
};

static struct trap {
    struct world *w;
    int fd;
    struct loop_io *io;
    struct visitor *visitors[MAX_CALLS];
    int n;
    long long attachment_bytes;
} trap;

static void visitor_end(struct visitor *visitor)
{
    loop_io_free(&visitor->io);
    loop_timer_free(&visitor->tick);
    if (visitor->fd >= 0)
        close(visitor->fd);
    visitor->fd = -1;
}

static const struct place *find_place(const char *request)
{
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        size_t len = strlen(places[i].path);

        if (str_starts(request, "GET ") && strncmp(request + 4, places[i].path, len) == 0 &&
            (request[4 + len] == ' ' || request[4 + len] == '?'))
            return &places[i];
    }
    return NULL;
}

static void send_whole(struct visitor *visitor, const char *head, const char *text)
{
    (void)!send(visitor->fd, head, strlen(head), MSG_NOSIGNAL);
    (void)!send(visitor->fd, text, strlen(text), MSG_NOSIGNAL);
}

static void send_endlessly(struct visitor *visitor)
{
    static char piece[PIECE_BYTES];
    bool is_attachment = str_eq(visitor->place->path, "/attachment");
    size_t len = is_attachment ? PIECE_BYTES : LINE_BYTES;
    ssize_t n;

    memset(piece, 'x', len);
    piece[len - 1] = '\n';
    n = send(visitor->fd, piece, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0 && is_attachment)
        visitor->trap->attachment_bytes += n;
}

static void on_tick(void *ctx)
{
    struct visitor *visitor = ctx;

    if (visitor->place->manner == MANNER_ENDLESS)
        send_endlessly(visitor);
    else if (visitor->place->text[visitor->sent])
        (void)!send(visitor->fd, visitor->place->text + visitor->sent++, 1, MSG_NOSIGNAL);
    loop_timer_start(visitor->tick, TICK_MS);
}

static void serve(struct visitor *visitor)
{
    static const struct linger at_once = {.l_onoff = 1};
    const struct place *place = visitor->place;

    switch (place->manner) {
    case MANNER_PAGE:
        send_whole(visitor, HTML "\r\n", place->text);
        visitor_end(visitor);
        return;
    case MANNER_HEAD:
        send_whole(visitor, "", place->text);
        visitor_end(visitor);
        return;
    case MANNER_RESET:
        send_whole(visitor, "", place->text);
        setsockopt(visitor->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        visitor_end(visitor);
        return;
    case MANNER_ENDLESS:
        send_whole(visitor, "", place->text);
        loop_timer_start(visitor->tick, TICK_MS);
        return;
    case MANNER_DRIP:
        loop_timer_start(visitor->tick, TICK_MS);
        return;
    case MANNER_SILENT:
        return;
    }
}

static void on_words(void *ctx, unsigned events)
{
    struct visitor *visitor = ctx;
    char request[8192];
    ssize_t n = recv(visitor->fd, request, sizeof(request) - 1, MSG_DONTWAIT);

    (void)events;
    if (n > 0) {
        request[n] = '\0';
        visitor->place = find_place(request);
        if (visitor->place) {
            serve(visitor);
            return;
        }
        send_whole(visitor,
                   "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "");
    }
    visitor_end(visitor);
}

static void on_visitor(void *ctx, unsigned events)
{
    struct trap *t = ctx;
    struct visitor *visitor;
    int fd = accept4(t->fd, NULL, NULL, SOCK_CLOEXEC);

    (void)events;
    if (fd < 0)
        return;
    assert_true(t->n < MAX_CALLS);
    visitor = mem_new(struct visitor);
    *visitor = (struct visitor){.trap = t, .fd = fd};
    visitor->tick = loop_timer_new(t->w->loop, on_tick, visitor);
    visitor->io = loop_io_new(t->w->loop, fd, on_words, visitor);
    loop_io_want(visitor->io, LOOP_READ);
    t->visitors[t->n++] = visitor;
}

/* Takes the place of the server that setup() started: go() asks this one. */
static int trap_setup(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    int rc = setup(state);

    trap = (struct trap){.w = *state};
    trap.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(trap.fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(trap.fd, 128), 0);
    assert_int_equal(getsockname(trap.fd, (struct sockaddr *)&address, &len), 0);
    trap.w->port = ntohs(address.sin_port);
    trap.io = loop_io_new(trap.w->loop, trap.fd, on_visitor, &trap);
    loop_io_want(trap.io, LOOP_READ);
    return rc;
}

static int trap_teardown(void **state)
{
    stop_pool(*state);
    for (int i = 0; i < trap.n; i++) {
        visitor_end(trap.visitors[i]);
        mem_free(trap.visitors[i]);
    }
    loop_io_free(&trap.io);
    close(trap.fd);
    return teardown(state);
}

/* ---- steps -------------------------------------------------------------------------------------- */

static const char wait_for_ever[] = "() => new Promise(() => 0)";

/* Where did it end, and did it in time? */
static void assert_ends(struct world *w, const char *path, enum err_code want_go,
                        const char *function, enum err_code want_call)
{
    int64_t began_ms = clock_mono_ms();
    enum err_code code = go_for(w, 0, path, STEP_MS);

    if (code != want_go)
        fail_msg("%s: going: %s, expected %s: %s", path, err_reason(code), err_reason(want_go),
                 w->holders[0].op_err.text);
    if (clock_mono_ms() - began_ms > STEP_MS + GRACE_MS)
        fail_msg("%s: going took %lld ms", path, (long long)(clock_mono_ms() - began_ms));
    if (!function)
        return;
    began_ms = clock_mono_ms();
    code = call(w, 0, function, NULL, STEP_MS);
    if (code != want_call)
        fail_msg("%s: calling: %s, expected %s: %s", path, err_reason(code), err_reason(want_call),
                 w->holders[0].op_err.text);
    if (clock_mono_ms() - began_ms > STEP_MS + GRACE_MS)
        fail_msg("%s: calling took %lld ms", path, (long long)(clock_mono_ms() - began_ms));
}

/* A tab that failed is given back as one that should not be used again, as a job does it, or, what
 * is harder, in good faith. */
static void assert_next_page_works(struct world *w, bool healthy)
{
    pool_return(&w->holders[0].lease, healthy);
    take(w, 0);
    assert_tab_works(w, 0);
}

struct case_ {
    const char *path;
    enum err_code want_go;
    const char *function;
    enum err_code want_call;
};

static void try_all(struct world *w, const struct case_ *cases, size_t n)
{
    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    for (size_t i = 0; i < n; i++) {
        assert_ends(w, cases[i].path, cases[i].want_go, cases[i].function, cases[i].want_call);
        assert_next_page_works(w, i % 3 != 2);
    }
    pool_return(&w->holders[0].lease, true);
}

static void scripts_that_do_not_yield_are_ended(void **state)
{
    static const struct case_ cases[] = {
        {"/hang", ERR_OK, wait_for_ever, ERR_HUNG},
        {"/hang-timer", ERR_OK, wait_for_ever, ERR_HUNG},
        {"/hang-microtasks", ERR_OK, wait_for_ever, ERR_HUNG},
        {"/hang-again", ERR_OK, wait_for_ever, ERR_HUNG},
        {"/hang-regexp", ERR_OK, wait_for_ever, ERR_HUNG},
        {"/hang-frame", ERR_OK, wait_for_ever, ERR_HUNG},
        {"/sync-xhr", ERR_OK, wait_for_ever, ERR_HUNG},
    };

    try_all(*state, cases, ARRAY_LEN(cases));
}

static void getters_of_the_page_are_not_met_in_our_world(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    assert_ends(w, "/getters", ERR_OK,
                "async () => { const e = document.querySelectorAll('li')[0]; await null;"
                "return [document.title, e.textContent, e.innerText, e.getAttribute('x')].join() }",
                ERR_OK);
    assert_string_equal(w->holders[0].value, "getters,row,row,");
    assert_next_page_works(w, true);
    pool_return(&w->holders[0].lease, true);
}

static void servers_that_never_end_are_left_at_the_deadline(void **state)
{
    static const struct case_ cases[] = {
        {"/silent", ERR_TIMEOUT, NULL, ERR_OK},
        {"/drip", ERR_TIMEOUT, NULL, ERR_OK},
        {"/endless", ERR_OK, wait_for_ever, ERR_TIMEOUT},
        {"/events", ERR_OK, wait_for_ever, ERR_TIMEOUT},
        {"/round", ERR_NETWORK, NULL, ERR_OK},
        {"/reset", ERR_OK, wait_for_ever, ERR_TIMEOUT}, /* what came is shown */
    };

    try_all(*state, cases, ARRAY_LEN(cases));
}

static void rows_of_a_page_that_never_loads_are_read(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    assert_ends(w, "/events", ERR_OK, "() => document.querySelector('li').textContent", ERR_OK);
    assert_string_equal(w->holders[0].value, "row");
    assert_ends(w, "/endless", ERR_OK, "() => document.title", ERR_OK);
    assert_string_equal(w->holders[0].value, "endless");
    assert_next_page_works(w, true);
    pool_return(&w->holders[0].lease, true);
}

static void pages_that_replace_themselves_for_ever_end_at_the_deadline(void **state)
{
    static const struct case_ cases[] = {
        {"/reloads", ERR_OK, wait_for_ever, ERR_TIMEOUT},
        {"/refreshes", ERR_OK, wait_for_ever, ERR_TIMEOUT},
        {"/ping-pong", ERR_OK, wait_for_ever, ERR_TIMEOUT},
    };

    try_all(*state, cases, ARRAY_LEN(cases));
}

static void the_tenth_dialog_is_answered_and_the_eleventh_ends_the_page(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    assert_ends(w, "/ten-alerts", ERR_OK, TITLE_WHEN_LOADED, ERR_OK);
    assert_string_equal(w->holders[0].value, "ten");
    assert_next_page_works(w, true);
    assert_ends(w, "/alerts-slowly", ERR_OK, wait_for_ever, ERR_HUNG);
    assert_non_null(strstr(w->holders[0].op_err.text, "more than 10 dialogs"));
    assert_next_page_works(w, true);
    pool_return(&w->holders[0].lease, true);
}

static void nobody_is_asked_for_a_password(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    assert_ends(w, "/auth", ERR_OK, "() => document.title", ERR_OK);
    assert_string_equal(w->holders[0].value, "401");
    assert_ends(w, "/auth-inside", ERR_OK, "() => document.title", ERR_OK);
    assert_string_equal(w->holders[0].value, "inside 401");
    assert_next_page_works(w, true);
    pool_return(&w->holders[0].lease, true);
}

static void large_attachments_are_not_taken(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    assert_ends(w, "/attachment", ERR_NETWORK, NULL, ERR_OK);
    assert_next_page_works(w, true);
    assert_ends(w, "/attachment-inside", ERR_OK, wait_for_ever, ERR_TIMEOUT);
    assert_next_page_works(w, true);
    turn(w, 300);

    /* What was on its way in sockets and pipes. */
    if (trap.attachment_bytes > 32 << 20)
        fail_msg("%lld bytes were taken", trap.attachment_bytes);
    pool_return(&w->holders[0].lease, true);
}

static void a_page_that_does_not_want_to_be_left_is_left(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    for (int i = 0; i < 3; i++) {
        assert_ends(w, "/leave", ERR_OK, "() => document.title", ERR_OK);
        assert_next_page_works(w, i > 0);
    }
    pool_return(&w->holders[0].lease, true);
}

static void a_hundred_windows_come_to_nothing(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    assert_ends(w, "/windows", ERR_OK, TITLE_WHEN_LOADED, ERR_OK);
    assert_string_equal(w->holders[0].value, "opened");
    assert_ends(w, "/prints", ERR_OK, TITLE_WHEN_LOADED, ERR_OK);
    assert_string_equal(w->holders[0].value, "printed");
    assert_next_page_works(w, true);
    pool_return(&w->holders[0].lease, true);
}

/* Without the switch that forbids windows. */
static void a_hundred_windows_are_closed(void **state)
{
    struct world *w = *state;
    char *flags;

    write_flags(
        w, "# as in the shipped file, but windows may be opened\n--disable-background-networking\n"
           "--disable-component-update\n");
    flags = mem_printf("chrome_flags=%s", w->flags_path);
    make_pool(w, "tabs_per_browser=1", flags);
    mem_free(flags);
    take(w, 0);
    go(w, 0, "/windows");
    call(w, 0, TITLE_WHEN_LOADED, NULL, PAGE_MS);
    assert_string_equal(w->holders[0].value, "opened");
    while (w->popups_closed < 1)
        turn(w, 50);
    turn(w, 1000);

    assert_next_page_works(w, true);
    pool_return(&w->holders[0].lease, true);
}

static void a_service_worker_does_not_keep_the_next_page(void **state)
{
    struct world *w = *state;

    make_pool(w, "tabs_per_browser=1");
    take(w, 0);
    assert_int_equal(go(w, 0, "/hijack"), ERR_OK);
    call(w, 0,
         "async () => { while (document.title !== 'done') await new Promise(r => setTimeout(r, "
         "10)) }",
         NULL, PAGE_MS);
    assert_int_equal(w->holders[0].op_err.code, ERR_OK);
    assert_next_page_works(w, true);
    pool_return(&w->holders[0].lease, true);
}

#define TRAP_TEST(name) cmocka_unit_test_setup_teardown(name, trap_setup, trap_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRAP_TEST(scripts_that_do_not_yield_are_ended),
        TRAP_TEST(getters_of_the_page_are_not_met_in_our_world),
        TRAP_TEST(servers_that_never_end_are_left_at_the_deadline),
        TRAP_TEST(rows_of_a_page_that_never_loads_are_read),
        TRAP_TEST(pages_that_replace_themselves_for_ever_end_at_the_deadline),
        TRAP_TEST(the_tenth_dialog_is_answered_and_the_eleventh_ends_the_page),
        TRAP_TEST(nobody_is_asked_for_a_password),
        TRAP_TEST(large_attachments_are_not_taken),
        TRAP_TEST(a_page_that_does_not_want_to_be_left_is_left),
        TRAP_TEST(a_hundred_windows_come_to_nothing),
        TRAP_TEST(a_hundred_windows_are_closed),
        TRAP_TEST(a_service_worker_does_not_keep_the_next_page),
    };

    if (getenv("TEST_ONLY"))
        cmocka_set_test_filter(getenv("TEST_ONLY"));
    return cmocka_run_group_tests(tests, warm_up, NULL);
}
