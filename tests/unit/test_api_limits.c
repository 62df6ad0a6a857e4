/* SPDX-License-Identifier: MIT */
/* test_api_limits.c - who asks, behind proxies or not, and how often one may. */
#include "api/client.h"
#include "api/limits.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

static struct netaddr address(const char *text)
{
    struct netaddr out;

    assert_true(netaddr_from_text(text, &out));
    return out;
}

/* ---- the bucket ------------------------------------------------------------------------------ */

static int take(struct limits *limits, const char *client, int64_t now_ms)
{
    struct netaddr from = address(client);

    return limits_take(limits, &from, now_ms);
}

static void a_burst_passes_and_then_as_many_as_the_rate_allows(void **state)
{
    struct limits *limits = limits_new(2, 5);
    int passed = 0;

    (void)state;
    for (int i = 0; i < 20; i++)
        passed += take(limits, "192.0.2.1", 1000) == 0;
    assert_int_equal(passed, 5);
    assert_int_equal(take(limits, "192.0.2.1", 1499), 1);
    assert_int_equal(take(limits, "192.0.2.1", 1500), 0);
    assert_int_equal(take(limits, "192.0.2.1", 1500), 1);
    /* What was not used fills the bucket again, and not more than that. */
    passed = 0;
    for (int i = 0; i < 20; i++)
        passed += take(limits, "192.0.2.1", 1000000) == 0;
    assert_int_equal(passed, 5);
    limits_free(&limits);
}

static void the_wait_is_told_in_whole_seconds(void **state)
{
    struct limits *limits = limits_new(0.1, 1);

    (void)state;
    assert_int_equal(take(limits, "192.0.2.1", 0), 0);
    assert_int_equal(take(limits, "192.0.2.1", 0), 10);
    assert_int_equal(take(limits, "192.0.2.1", 8999), 2);
    assert_int_equal(take(limits, "192.0.2.1", 9001), 1);
    assert_int_equal(take(limits, "192.0.2.1", 10000), 0);
    limits_free(&limits);
}

static void clients_are_ipv4_addresses_and_ipv6_networks(void **state)
{
    struct limits *limits = limits_new(1, 1);

    (void)state;
    assert_int_equal(take(limits, "192.0.2.1", 0), 0);
    assert_int_equal(take(limits, "192.0.2.2", 0), 0);
    assert_int_equal(take(limits, "::ffff:192.0.2.1", 0), 1);
    assert_int_equal(take(limits, "2001:db8:0:1::1", 0), 0);
    assert_int_equal(take(limits, "2001:db8:0:1:ffff::2", 0), 1);
    assert_int_equal(take(limits, "2001:db8:0:2::1", 0), 0);
    assert_int_equal(limits_clients(limits, 0), 4);
    assert_int_equal(limits_clients(limits, 1000), 0);
    limits_free(&limits);
}

/* Two million networks come; who has used up everything just now does not get a full bucket by that. */
static void a_flood_of_addresses_frees_nobody_who_came_just_now(void **state)
{
    struct limits *limits = limits_new(1, 100);
    struct netaddr flood = address("2001:db8::1");
    int forgotten = 0;

    (void)state;
    for (int i = 0; i < 2000000; i++) {
        flood.bytes[5] = (unsigned char)(i >> 16);
        flood.bytes[6] = (unsigned char)(i >> 8);
        flood.bytes[7] = (unsigned char)i;
        if (i == 1000000)
            for (int j = 0; j < 100; j++)
                assert_int_equal(take(limits, "192.0.2.1", i / 1000), 0);
        (void)limits_take(limits, &flood, i / 1000);
        if (i > 1000000 && i % 100000 == 0)
            forgotten += take(limits, "192.0.2.1", 1000) == 0;
    }
    assert_int_equal(forgotten, 0);
    assert_true(limits_clients(limits, 2000) <= 65536);
    limits_free(&limits);
}

/* ---- who asks -------------------------------------------------------------------------------- */

static void assert_client(const char *trusted, const char *peer, const char *header,
                          const char *expected)
{
    struct client_trust trust;
    struct netaddr from = address(peer);
    char got[NETADDR_TEXT_BYTES];
    struct netaddr client;
    struct err err;

    if (client_trust_parse(trusted, &trust, &err) < 0)
        fail_msg("%s", err.text);
    client = client_of(&trust, &from, header);
    netaddr_text(&client, got);
    if (strcmp(got, expected) != 0)
        fail_msg("%s says %s: %s, expected %s", peer, header, got, expected);
}

static void only_trusted_proxies_are_believed(void **state)
{
    (void)state;
    assert_client("127.0.0.1", "203.0.113.9", "198.51.100.1", "203.0.113.9");
    assert_client("", "127.0.0.1", "198.51.100.1", "127.0.0.1");
    assert_client("127.0.0.1", "127.0.0.1", "198.51.100.1", "198.51.100.1");
    assert_client("127.0.0.1", "127.0.0.1", NULL, "127.0.0.1");
}

static void the_header_is_read_from_right_to_left(void **state)
{
    const char *trusted = "127.0.0.1, 10.0.0.0/8, fd00::/8";

    (void)state;
    assert_client(trusted, "127.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.3", "198.51.100.1");
    assert_client(trusted, "fd00::2", "1.1.1.1,198.51.100.1", "198.51.100.1");
    assert_client(trusted, "127.0.0.1", "10.0.0.4, 10.0.0.3", "10.0.0.4");
    assert_client(trusted, "127.0.0.1", "1.1.1.1, unknown", "127.0.0.1");
    assert_client(trusted, "127.0.0.1", "1.1.1.1, _secret, 10.0.0.3", "10.0.0.3");
    assert_client(trusted, "127.0.0.1", "", "127.0.0.1");
    assert_client(trusted, "127.0.0.1", ",,,", "127.0.0.1");
}

static void addresses_may_carry_ports_and_brackets(void **state)
{
    (void)state;
    assert_client("::1", "::1", "198.51.100.1:4711", "198.51.100.1");
    assert_client("::1", "::1", " [2001:db8::7]:4711\t", "2001:db8::7");
    assert_client("::1", "::1", "[2001:db8::7]", "2001:db8::7");
    assert_client("::1", "::1", "2001:db8::7", "2001:db8::7");
    assert_client("::1", "::1", "[2001:db8::7", "::1");
    assert_client("::1", "::1", "0x7f.1", "::1");
    assert_client("::1", "::1", "198.51.100.1.1", "::1");
}

static void bad_ranges_are_refused_by_name(void **state)
{
    static const char *const bad[] = {"10.0.0.1/8",  "10.0.0.0/33", "::/129",     "10.0.0.0/",
                                      "10.0.0.0/08", "example.org", "10.0.0.0/-1", "fd00::/8/8"};
    struct client_trust trust;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(client_trust_parse(bad[i], &trust, &err), -1);
        assert_non_null(strstr(err.text, bad[i]));
    }
    assert_int_equal(client_trust_parse("0.0.0.0/0, ::/0, 10.0.0.0/8,", &trust, &err), 0);
    assert_int_equal(trust.n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_and_then_as_many_as_the_rate_allows),
        cmocka_unit_test(the_wait_is_told_in_whole_seconds),
        cmocka_unit_test(clients_are_ipv4_addresses_and_ipv6_networks),
        cmocka_unit_test(a_flood_of_addresses_frees_nobody_who_came_just_now),
        cmocka_unit_test(only_trusted_proxies_are_believed),
        cmocka_unit_test(the_header_is_read_from_right_to_left),
        cmocka_unit_test(addresses_may_carry_ports_and_brackets),
        cmocka_unit_test(bad_ranges_are_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
