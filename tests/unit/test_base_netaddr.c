/* SPDX-License-Identifier: MIT */
/* test_base_netaddr.c - which addresses are public, in every way in which they can be written. */
#include "base/mem.h"
#include "base/netaddr.h"
#include "support/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const char *kind_of(const char *host)
{
    struct netaddr address;

    if (netaddr_from_host(host, &address) != NETADDR_ADDRESS)
        fail_msg("%s: expected an address", host);
    return netaddr_private_kind(&address);
}

static void assert_kind(const char *host, const char *kind)
{
    const char *got = kind_of(host);

    if ((got == NULL) != (kind == NULL) || (got && strcmp(got, kind) != 0))
        fail_msg("%s: %s, expected %s", host, got ? got : "public", kind ? kind : "public");
}

static void assert_text(const char *host, const char *text)
{
    struct netaddr address;
    char got[NETADDR_TEXT_BYTES];

    assert_int_equal(netaddr_from_host(host, &address), NETADDR_ADDRESS);
    netaddr_text(&address, got);
    assert_string_equal(got, text);
}

/* ---- ranges: first, last, and their neighbours ----------------------------------------------- */

struct range {
    const char *first, *last, *kind;
    const char *before, *after; /* public; NULL: another range is there */
};

static const struct range ranges[] = {
    {"0.0.0.0", "0.255.255.255", "unspecified", NULL, "1.0.0.0"},
    {"10.0.0.0", "10.255.255.255", "private", "9.255.255.255", "11.0.0.0"},
    {"100.64.0.0", "100.127.255.255", "shared", "100.63.255.255", "100.128.0.0"},
    {"127.0.0.0", "127.255.255.255", "loopback", "126.255.255.255", "128.0.0.0"},
    {"169.254.0.0", "169.254.255.255", "link-local", "169.253.255.255", "169.255.0.0"},
    {"172.16.0.0", "172.31.255.255", "private", "172.15.255.255", "172.32.0.0"},
    {"192.0.0.0", "192.0.0.255", "reserved", "191.255.255.255", "192.0.1.0"},
    {"192.0.2.0", "192.0.2.255", "documentation", "192.0.1.255", "192.0.3.0"},
    {"192.88.99.0", "192.88.99.255", "reserved", "192.88.98.255", "192.88.100.0"},
    {"192.168.0.0", "192.168.255.255", "private", "192.167.255.255", "192.169.0.0"},
    {"198.18.0.0", "198.19.255.255", "benchmarking", "198.17.255.255", "198.20.0.0"},
    {"198.51.100.0", "198.51.100.255", "documentation", "198.51.99.255", "198.51.101.0"},
    {"203.0.113.0", "203.0.113.255", "documentation", "203.0.112.255", "203.0.114.0"},
    {"224.0.0.0", "239.255.255.255", "multicast", "223.255.255.255", NULL},
    {"240.0.0.0", "255.255.255.255", "reserved", NULL, NULL},
    {"169.254.169.254", "169.254.169.254", "metadata", NULL, NULL},
    {"100.100.100.200", "100.100.100.200", "metadata", NULL, NULL},
    {"168.63.129.16", "168.63.129.16", "metadata", "168.63.129.15", "168.63.129.17"},

    {"::", "::", "unspecified", NULL, NULL},
    {"::1", "::1", "loopback", NULL, NULL},
    {"100::", "1fff:ffff::", "reserved", NULL, "2000::"},
    {"2001::", "2001:1ff:ffff::", "reserved", "2000:ffff::", "2001:200::"},
    {"2001:db8::", "2001:db8:ffff::1", "documentation", "2001:db7:ffff::", "2001:db9::"},
    {"3fff::", "3fff:fff:ffff::", "documentation", "3ffe:ffff::", "3fff:1000::"},
    {"4000::", "fbff:ffff::", "reserved", "3fff:ffff::", NULL},
    {"fc00::", "fdff:ffff::", "unique-local", NULL, NULL},
    {"fe80::", "febf:ffff::", "link-local", NULL, NULL},
    {"fec0::", "feff:ffff::", "site-local", NULL, NULL},
    {"ff00::", "ffff:ffff::", "multicast", NULL, NULL},
    {"fd00:ec2::254", "fd00:ec2::254", "metadata", NULL, NULL},
    {"64:ff9b:1::", "64:ff9b:1:ffff::", "reserved", NULL, NULL},
};

static void ranges_begin_and_end_where_the_registry_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        assert_kind(ranges[i].first, ranges[i].kind);
        assert_kind(ranges[i].last, ranges[i].kind);
        if (ranges[i].before)
            assert_kind(ranges[i].before, NULL);
        if (ranges[i].after)
            assert_kind(ranges[i].after, NULL);
    }
}

static void the_internet_is_public(void **state)
{
    static const char *const hosts[] = {
        "1.1.1.1",      "8.8.8.8",     "110.45.151.1",         "223.130.200.104",
        "192.0.1.1",    "100.128.0.1", "2606:4700:4700::1111", "[2001:4860:4860::8888]",
        "2400:cb00::1", "3ffe::1",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        assert_kind(hosts[i], NULL);
}

/* Every first octet pair, judged a second time in the plainest way. */
static void every_block_of_16_bits_is_judged_as_by_hand(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            bool all = a == 0 || a == 10 || a == 127 || a >= 224 || (a == 100 && (b & 192) == 64) ||
                       (a == 169 && b == 254) || (a == 172 && (b & 240) == 16) ||
                       (a == 192 && b == 168) || (a == 198 && (b & 254) == 18);
            char host[32];

            snprintf(host, sizeof(host), "%d.%d.77.77", a, b);
            if ((kind_of(host) != NULL) != all)
                fail_msg("%s: %s", host, all ? "public" : "private");
        }
    }
}

static void an_ipv4_address_inside_an_ipv6_one_counts(void **state)
{
    static const char *const before[] = {
        "::ffff:", "::ffff:0:", "::", "64:ff9b::", "2606:4700::5efe:", "2606:4700::200:5efe:"};
    static const struct {
        const char *v4, *kind;
    } inner[] = {
        {"127.0.0.1", "loopback"},  {"10.1.2.3", "private"},
        {"192.168.1.1", "private"}, {"169.254.169.254", "metadata"},
        {"100.64.0.1", "shared"},   {"224.0.0.1", "multicast"},
        {"8.8.8.8", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
        for (size_t k = 0; k < ARRAY_LEN(inner); k++) {
            char host[80];

            snprintf(host, sizeof(host), "%s%s", before[i], inner[k].v4);
            assert_kind(host, inner[k].kind);
        }
    assert_kind("::ffff:7f00:1", "loopback");
    assert_kind("2002:7f00:1::", "loopback");
    assert_kind("2002:c0a8:101::1", "private");
    assert_kind("2002:808:808::1", NULL);
    assert_kind("2001:0:7f00:1::", "reserved"); /* Teredo */
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void every_spelling_of_a_url_host_is_the_same_address(void **state)
{
    static const char *const spellings[] = {
        "127.0.0.1",      "127.0.0.1.",
        "127.1",          "127.0.1",
        "2130706433",     "0x7f000001",
        "0X7F000001",     "017700000001",
        "0177.0.0.1",     "0x7f.0.0.1",
        "0x7f.1",         "127.0x1",
        "00177.00.00.01", "0x0000000000007f.0.0.1",
        "127.0.0.0x1",    "[::ffff:127.0.0.1]",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++)
        assert_text(spellings[i], "127.0.0.1");
    assert_text("0", "0.0.0.0");
    assert_text("0x", "0.0.0.0");
    assert_text("4294967295", "255.255.255.255");
    assert_text("1.16777215", "1.255.255.255");
    assert_text("1.2.65535", "1.2.255.255");
    assert_text("[FD00::0001]", "fd00::1");
    assert_text("fe80::1", "fe80::1");
}

static void what_a_url_parser_refuses_is_invalid(void **state)
{
    static const char *const hosts[] = {
        "",
        "256.0.0.1",
        "1.2.3.256",
        "1.2.3.4.5",
        "4294967296",
        "1.16777216",
        "1.2.65536",
        "99999999999999999999999",
        "0x100000000",
        "1..1",
        ".1",
        "foo.1",
        "a.0x",
        "08",
        "1.2.3.09",
        "[",
        "[]",
        "[::1",
        "[1.2.3.4]",
        "::g",
        "[::1%lo]",
        "1:2",
        "example.0xff",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]",
    };
    struct netaddr address;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        if (netaddr_from_host(hosts[i], &address) != NETADDR_INVALID)
            fail_msg("\"%s\": expected invalid", hosts[i]);
}

static void other_hosts_are_names(void **state)
{
    static const char *const hosts[] = {
        "localhost", "example.org",  "example.org.",
        "1.example", "0x7f.example", "127.0.0.1.nip.io",
        "deadbeef",  "0xg",          "1-2-3-4",
        "한글",      "a.b0x1",       "metadata.google.internal",
    };
    struct netaddr address;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        if (netaddr_from_host(hosts[i], &address) != NETADDR_NAME)
            fail_msg("\"%s\": expected a name", hosts[i]);
}

static void names_under_localhost_are_loopback(void **state)
{
    (void)state;
    assert_true(netaddr_name_is_loopback("localhost"));
    assert_true(netaddr_name_is_loopback("LocalHost."));
    assert_true(netaddr_name_is_loopback("spa.localhost"));
    assert_true(netaddr_name_is_loopback("a.b.localhost."));
    assert_false(netaddr_name_is_loopback("mylocalhost"));
    assert_false(netaddr_name_is_loopback("localhost.example"));
    assert_false(netaddr_name_is_loopback("local"));
    assert_false(netaddr_name_is_loopback(""));
    assert_false(netaddr_name_is_loopback("."));
}

static void takes_socket_addresses(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr other = {.sa_family = AF_UNIX};
    struct netaddr address;
    char text[NETADDR_TEXT_BYTES];

    (void)state;
    in.sin_addr.s_addr = htonl(0xc0a80102);
    assert_true(netaddr_from_sockaddr((struct sockaddr *)&in, &address));
    netaddr_text(&address, text);
    assert_string_equal(text, "192.168.1.2");
    assert_string_equal(netaddr_private_kind(&address), "private");
    assert_true(netaddr_from_sockaddr((struct sockaddr *)&in6, &address));
    assert_string_equal(netaddr_private_kind(&address), "loopback");
    assert_false(netaddr_from_sockaddr(&other, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_begin_and_end_where_the_registry_says),
        cmocka_unit_test(the_internet_is_public),
        cmocka_unit_test(every_block_of_16_bits_is_judged_as_by_hand),
        cmocka_unit_test(an_ipv4_address_inside_an_ipv6_one_counts),
        cmocka_unit_test(every_spelling_of_a_url_host_is_the_same_address),
        cmocka_unit_test(what_a_url_parser_refuses_is_invalid),
        cmocka_unit_test(other_hosts_are_names),
        cmocka_unit_test(names_under_localhost_are_loopback),
        cmocka_unit_test(takes_socket_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
