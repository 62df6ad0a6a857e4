/* SPDX-License-Identifier: MIT */
/* test_base_loop.c - order and life time of the loop's objects; libwebsockets joining and leaving.
 */
#include "base/loop.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/loop_glue.h"
#include "support/unit.h"

#include <libwebsockets.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
    struct loop *loop;
    struct buf seen;
    struct loop_timer *a, *b;
    struct loop_io *io;
    struct loop_signal *sig;
    int fds[2];
    pthread_t main_thread;
    int works;
};

static int world_make(void **state)
{
    struct world *w = mem_new(struct world);

    w->loop = loop_new();
    buf_init(&w->seen, 1000);
    w->main_thread = pthread_self();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, w->fds), 0);
    *state = w;
    return 0;
}

static int world_end(void **state)
{
    struct world *w = *state;

    loop_timer_free(&w->a);
    loop_timer_free(&w->b);
    loop_io_free(&w->io);
    loop_signal_free(&w->sig);
    loop_free(&w->loop);
    buf_fini(&w->seen);
    close(w->fds[0]);
    close(w->fds[1]);
    mem_free(w);
    return 0;
}

static void stop(void *ctx)
{
    struct world *w = ctx;

    loop_stop(w->loop);
}

static void say_a(void *ctx)
{
    struct world *w = ctx;

    buf_addc(&w->seen, 'a');
}

static void say_b(void *ctx)
{
    struct world *w = ctx;

    buf_addc(&w->seen, 'b');
}

/* ---- timers ---------------------------------------------------------------------------------- */

static void timers_fire_once_in_the_order_of_their_times(void **state)
{
    struct world *w = *state;
    struct loop_timer *end = loop_timer_new(w->loop, stop, w);

    w->a = loop_timer_new(w->loop, say_a, w);
    w->b = loop_timer_new(w->loop, say_b, w);
    loop_timer_start(w->a, 10);
    loop_timer_start(w->b, 1);
    loop_timer_start(end, 20);
    assert_true(loop_timer_is_armed(w->a));

    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), "ba");
    assert_false(loop_timer_is_armed(w->a));
    loop_timer_free(&end);
}

static void stopped_timer_does_not_fire_and_a_restarted_one_moves(void **state)
{
    struct world *w = *state;
    struct loop_timer *end = loop_timer_new(w->loop, stop, w);

    w->a = loop_timer_new(w->loop, say_a, w);
    w->b = loop_timer_new(w->loop, say_b, w);
    loop_timer_start(w->a, 1);
    loop_timer_stop(w->a);
    loop_timer_start(w->b, 1);
    loop_timer_start(w->b, 100000);
    loop_timer_start(end, 10);

    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), "");
    loop_timer_free(&end);
}

static void free_a_and_stop(void *ctx)
{
    struct world *w = ctx;

    loop_timer_free(&w->a);
    loop_timer_free(&w->b);
    loop_stop(w->loop);
}

static void timers_may_be_freed_in_a_callback_even_when_due(void **state)
{
    struct world *w = *state;

    w->a = loop_timer_new(w->loop, free_a_and_stop, w);
    w->b = loop_timer_new(w->loop, say_b, w);
    loop_timer_start(w->a, 0);
    loop_timer_start(w->b, 0);

    loop_run(w->loop);

    assert_null(w->a);
    assert_string_equal(buf_str(&w->seen), "");
}

static void loop_runs_again_after_a_stop(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 3; i++) {
        loop_defer(w->loop, say_a, w);
        loop_defer(w->loop, stop, w);
        loop_run(w->loop);
    }

    assert_string_equal(buf_str(&w->seen), "aaa");
}

/* ---- deferred calls -------------------------------------------------------------------------- */

static void defer_b_and_stop(void *ctx)
{
    struct world *w = ctx;

    buf_addc(&w->seen, '(');
    loop_defer(w->loop, say_b, w);
    loop_defer(w->loop, stop, w);
    buf_addc(&w->seen, ')');
}

static void deferred_calls_come_later_and_in_order(void **state)
{
    struct world *w = *state;

    loop_defer(w->loop, say_a, w);
    loop_defer(w->loop, defer_b_and_stop, w);
    loop_defer(w->loop, say_a, w);
    assert_string_equal(buf_str(&w->seen), "");

    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), "a()ab");
}

static void loop_free_still_makes_deferred_calls(void **state)
{
    struct world *w = *state;
    struct loop *loop = loop_new();

    loop_defer(loop, say_a, w);
    loop_free(&loop);

    assert_string_equal(buf_str(&w->seen), "a");
    assert_null(loop);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void on_readable(void *ctx, unsigned events)
{
    struct world *w = ctx;
    char c = '?';

    assert_int_equal(events, LOOP_READ);
    assert_int_equal(read(w->fds[0], &c, 1), 1);
    buf_addc(&w->seen, c);
    if (c == '.') {
        loop_io_free(&w->io);
        loop_stop(w->loop);
    }
}

static void descriptor_is_told_readable_and_may_be_freed_then(void **state)
{
    struct world *w = *state;

    w->io = loop_io_new(w->loop, w->fds[0], on_readable, w);
    loop_io_want(w->io, LOOP_READ);
    assert_int_equal(write(w->fds[1], "xy.", 3), 3);

    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), "xy.");
}

static void on_writable(void *ctx, unsigned events)
{
    struct world *w = ctx;

    assert_int_equal(events, LOOP_WRITE);
    buf_addc(&w->seen, 'w');
    loop_io_want(w->io, 0);
    loop_defer(w->loop, stop, w);
}

static void unwanted_events_are_not_told(void **state)
{
    struct world *w = *state;

    w->io = loop_io_new(w->loop, w->fds[0], on_writable, w);
    loop_io_want(w->io, LOOP_WRITE);

    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), "w");
}

static void on_hangup(void *ctx, unsigned events)
{
    struct world *w = ctx;

    assert_true(events & LOOP_READ);
    loop_io_free(&w->io);
    loop_stop(w->loop);
}

static void closed_peer_is_told_as_readable(void **state)
{
    struct world *w = *state;

    w->io = loop_io_new(w->loop, w->fds[0], on_hangup, w);
    loop_io_want(w->io, LOOP_READ);
    shutdown(w->fds[1], SHUT_RDWR);

    loop_run(w->loop);

    assert_null(w->io);
}

static void signal_is_told_on_the_loop(void **state)
{
    struct world *w = *state;

    w->sig = loop_signal_new(w->loop, SIGUSR1, stop, w);
    raise(SIGUSR1);
    raise(SIGUSR1);

    loop_run(w->loop);
}

/* ---- work ------------------------------------------------------------------------------------ */

struct piece {
    struct world *world;
    int number;
    int order;
    bool elsewhere;
};

static void do_piece(void *ctx)
{
    struct piece *piece = ctx;

    piece->elsewhere = !pthread_equal(pthread_self(), piece->world->main_thread);
    /* No lock: works must not overlap. */
    piece->order = piece->world->works++;
    if (piece->number == 0)
        usleep(2000);
}

static void piece_done(void *ctx)
{
    struct piece *piece = ctx;

    assert_true(pthread_equal(pthread_self(), piece->world->main_thread));
    buf_addf(&piece->world->seen, "%d", piece->number);
    if (piece->number == 9)
        loop_stop(piece->world->loop);
}

static void works_run_elsewhere_one_at_a_time_in_order(void **state)
{
    struct world *w = *state;
    struct piece pieces[10];

    for (int i = 0; i < 10; i++) {
        pieces[i] = (struct piece){.world = w, .number = i};
        loop_work(w->loop, do_piece, piece_done, &pieces[i]);
    }
    assert_string_equal(buf_str(&w->seen), "");

    loop_run(w->loop);

    assert_string_equal(buf_str(&w->seen), "0123456789");
    for (int i = 0; i < 10; i++) {
        assert_true(pieces[i].elsewhere);
        assert_int_equal(pieces[i].order, i);
    }
}

/* ---- libwebsockets --------------------------------------------------------------------------- */

struct ws {
    struct loop *loop;
    struct buf seen;
};

static int on_ws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                 size_t len)
{
    struct ws *ws = lws_get_protocol(wsi) ? lws_get_protocol(wsi)->user : NULL;
    unsigned char out[LWS_PRE + 16];

    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        lws_callback_on_writable(wsi);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        memcpy(out + LWS_PRE, "ping", 4);
        lws_write(wsi, out + LWS_PRE, 4, LWS_WRITE_TEXT);
        break;
    case LWS_CALLBACK_RECEIVE:
        memcpy(out + LWS_PRE, in, len);
        lws_write(wsi, out + LWS_PRE, len, LWS_WRITE_TEXT);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        buf_add(&ws->seen, in, len);
        loop_stop(ws->loop);
        break;
    case LWS_CALLBACK_CLIENT_CLOSED:
        buf_adds(&ws->seen, " closed");
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        buf_addf(&ws->seen, "error %s", in ? (const char *)in : "");
        loop_stop(ws->loop);
        break;
    default:
        break;
    }
    return 0;
}

static void websocket_talks_on_the_loop_and_leaves_while_open(void **state)
{
    struct world *w = *state;
    struct ws ws = {.loop = w->loop};
    const struct lws_protocols protocols[] = {{"test", on_ws, 0, 65536, 0, &ws, 0},
                                              {NULL, NULL, 0, 0, 0, NULL, 0}};
    struct lws_context_creation_info server = {
        .port = 0, .iface = "127.0.0.1", .protocols = protocols, .vhost_name = "server"};
    struct lws_client_connect_info client = {
        .address = "127.0.0.1", .host = "127.0.0.1", .path = "/", .local_protocol_name = "test"};
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct err err;

    buf_init(&ws.seen, 100);
    assert_int_equal(loop_lws_attach(w->loop, protocols, &context, &err), 0);
    vhost = lws_create_vhost(context, &server);
    assert_non_null(vhost);
    client.context = context;
    client.port = lws_get_vhost_listen_port(vhost);
    assert_non_null(lws_client_connect_via_info(&client));
    loop_run(w->loop);
    assert_string_equal(buf_str(&ws.seen), "ping");

    loop_lws_detach(w->loop, &context);

    assert_null(context);
    assert_string_equal(buf_str(&ws.seen), "ping closed");
    buf_fini(&ws.seen);
}

static void websocket_attaches_again_after_a_detach(void **state)
{
    const struct lws_protocols protocols[] = {{"test", on_ws, 0, 65536, 0, NULL, 0},
                                              {NULL, NULL, 0, 0, 0, NULL, 0}};
    struct world *w = *state;

    for (int i = 0; i < 2; i++) {
        struct lws_context *context;
        struct err err;

        assert_int_equal(loop_lws_attach(w->loop, protocols, &context, &err), 0);
        loop_lws_detach(w->loop, &context);
        loop_lws_detach(w->loop, &context);
    }
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(timers_fire_once_in_the_order_of_their_times),
        LOOP_TEST(stopped_timer_does_not_fire_and_a_restarted_one_moves),
        LOOP_TEST(timers_may_be_freed_in_a_callback_even_when_due),
        LOOP_TEST(loop_runs_again_after_a_stop),
        LOOP_TEST(deferred_calls_come_later_and_in_order),
        LOOP_TEST(loop_free_still_makes_deferred_calls),
        LOOP_TEST(descriptor_is_told_readable_and_may_be_freed_then),
        LOOP_TEST(unwanted_events_are_not_told),
        LOOP_TEST(closed_peer_is_told_as_readable),
        LOOP_TEST(signal_is_told_on_the_loop),
        LOOP_TEST(works_run_elsewhere_one_at_a_time_in_order),
        LOOP_TEST(websocket_talks_on_the_loop_and_leaves_while_open),
        LOOP_TEST(websocket_attaches_again_after_a_detach),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
