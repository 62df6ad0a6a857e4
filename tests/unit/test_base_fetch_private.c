/* SPDX-License-Identifier: MIT */
/* test_base_fetch_private.c - private addresses are refused, however a request gets to them. */
#include "unit/test_base_fetch.h"

static void assert_refused(struct world *w, const char *url, const char *own)
{
    struct fetch_request request = standard(url);

    buf_clear(&w->seen);
    w->err = (struct err){0};
    request.private_origin = own;
    fetch_start(w->client, &request, on_fetched, w);
    w->left = 1;
    loop_run(w->loop);

    assert_int_equal(w->canary_requests, 0);
    assert_string_equal(buf_str(&w->seen), "!network;");
    if (!strstr(w->err.text, "refused: ") ||
        !strstr(w->err.text, " is a private address (loopback)"))
        fail_msg("%s: %s", url, w->err.text);
}

static void private_addresses_are_refused_however_they_are_written(void **state)
{
    static const char *const hosts[] = {
        "127.0.0.1", "127.1", "0x7f000001", "localhost", "spa.localhost", "[::ffff:127.0.0.1]",
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        char *url = mem_printf("http://%s:%d/canary", hosts[i], w->port);

        assert_refused(w, url, NULL);
        mem_free(url);
    }
}

static void own_origin_is_scheme_host_and_port_exactly(void **state)
{
    static const char *const others[] = {"http://127.0.0.1", "http://127.0.0.2:%d",
                                         "https://127.0.0.1:%d", "http://localhost:%d", "nonsense"};
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        char port[16];
        struct buf own;

        snprintf(port, sizeof(port), "%d", w->port);
        buf_init(&own, 100);
        buf_adds(&own, others[i]);
        if (str_ends(others[i], "%d")) {
            own.len -= 2;
            buf_adds(&own, port);
        }
        assert_refused(w, w->canary, buf_str(&own));
        buf_fini(&own);
    }
    get(w, "/canary");
    assert_int_equal(w->canary_requests, 1);
}

/* The first server is at its own origin; where it sends us is not. */
static void redirect_from_the_own_origin_to_another_private_one_is_refused(void **state)
{
    struct world *w = *state;
    char *url = mem_printf("http://a.localhost:%d/to-canary", w->port);
    char *own = mem_printf("http://a.localhost:%d", w->port);

    assert_refused(w, url, own);
    mem_free(own);
    mem_free(url);
}

static void open_connection_to_a_private_address_is_not_borrowed(void **state)
{
    struct world *w = *state;
    char *url = mem_printf("http://a.localhost:%d/to-canary", w->port);
    char *own = mem_printf("http://a.localhost:%d", w->port);

    get(w, "/hello"); /* leaves a connection to 127.0.0.1 open */
    assert_refused(w, w->canary, NULL);
    assert_refused(w, url, own);
    mem_free(own);
    mem_free(url);
}

static void client_may_be_freed_with_a_fetch_under_way(void **state)
{
    struct world *w = *state;

    start(w, "127.0.0.1", "/hello");
    fetch_client_free(&w->client);

    assert_string_equal(buf_str(&w->seen), "");
}

#define FETCH_TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FETCH_TEST(client_may_be_freed_with_a_fetch_under_way),
        FETCH_TEST(private_addresses_are_refused_however_they_are_written),
        FETCH_TEST(own_origin_is_scheme_host_and_port_exactly),
        FETCH_TEST(redirect_from_the_own_origin_to_another_private_one_is_refused),
        FETCH_TEST(open_connection_to_a_private_address_is_not_borrowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
