/* SPDX-License-Identifier: MIT */
/* test_notify_webhook.c - signatures as Standard Webhooks has them, and the keys behind them. */
#include "base/secret.h"
#include "base/str.h"
#include "notify/webhook.h"
#include "support/unit.h"

#include <stdlib.h>
#include <unistd.h>

/* The example of the standard's own libraries. */
#define KEY  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID   "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define BODY "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void signs_as_the_standards_example(void **state)
{
    const char *headers[WEBHOOK_HEADERS];
    struct webhook_key key;
    struct arena arena;
    struct err err;

    (void)state;
    assert_int_equal(webhook_key_read(KEY, &key, &err), 0);
    assert_int_equal(key.len, 24);
    arena_init(&arena);
    webhook_headers(&key, ID, INT64_C(1614265330999), BODY, strlen(BODY), &arena, headers);

    assert_string_equal(headers[0], "Content-Type: application/json");
    assert_string_equal(headers[1], "webhook-id: " ID);
    assert_string_equal(headers[2], "webhook-timestamp: 1614265330");
    assert_string_equal(headers[3], "webhook-signature: " SIGNATURE);
    assert_null(headers[4]);

    webhook_headers(NULL, ID, 1000, BODY, strlen(BODY), &arena, headers);
    assert_string_equal(headers[2], "webhook-timestamp: 1");
    assert_null(headers[3]);
    arena_fini(&arena);
}

static void each_byte_of_what_is_signed_counts(void **state)
{
    char one[WEBHOOK_SIGNATURE_BYTES], other[WEBHOOK_SIGNATURE_BYTES];
    struct webhook_key key;
    struct err err;

    (void)state;
    assert_int_equal(webhook_key_read(KEY, &key, &err), 0);
    webhook_sign(&key, ID, 1614265330, BODY, strlen(BODY), one);
    assert_string_equal(one, SIGNATURE);
    webhook_sign(&key, ID, 1614265331, BODY, strlen(BODY), other);
    assert_string_not_equal(one, other);
    webhook_sign(&key, ID, 1614265330, BODY, strlen(BODY) - 1, other);
    assert_string_not_equal(one, other);
    webhook_sign(&key, ID "x", 1614265330, BODY, strlen(BODY), other);
    assert_string_not_equal(one, other);
    key.bytes[0] ^= 1;
    webhook_sign(&key, ID, 1614265330, BODY, strlen(BODY), other);
    assert_string_not_equal(one, other);
}

static void keys_are_base64_or_plain_and_of_a_sane_length(void **state)
{
    static const char *const bad[] = {
        "",
        "short",
        "whsec_",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",    /* cut */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==",   /* 22 bytes */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La!aSw",
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAA==",
        "0123456789012345678901234567890123456789012345678901234567890123x",
    };
    struct webhook_key key;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (webhook_key_read(bad[i], &key, &err) == 0)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(err.code, ERR_CONFIG);
        if (strlen(bad[i]) > 6 && strstr(err.text, bad[i] + 6))
            fail_msg("told: %s", err.text);
    }
    assert_int_equal(webhook_key_read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA==", &key, &err), 0);
    assert_int_equal(key.len, 25);
    assert_int_equal(webhook_key_read("012345678901234567890123", &key, &err), 0);
    assert_memory_equal(key.bytes, "012345678901234567890123", key.len);
    webhook_key_wipe(&key);
    assert_int_equal(key.len, 0);
}

/* ---- secrets --------------------------------------------------------------------------------- */

static void assert_secret(const char *file_text, size_t len, const char *value, const char *want)
{
    char path[] = "/tmp/catchdeal-secret-XXXXXX";
    int fd = mkstemp(path);
    char *secret;
    struct err err;
    int rc;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, file_text, len), len);
    close(fd);
    rc = secret_read("push_key_file", path, value, &secret, &err);
    if (want) {
        assert_int_equal(rc, 0);
        assert_string_equal(secret, want);
        secret_free(&secret);
    } else {
        assert_int_equal(rc, -1);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_true(str_starts(err.text, "push_key_file: "));
    }
    assert_null(secret);
    unlink(path);
}

static void a_secret_is_the_files_first_line_or_the_value(void **state)
{
    char large[SECRET_MAX_BYTES + 100];
    char *secret;
    struct err err;

    (void)state;
    memset(large, 'x', sizeof(large));
    assert_secret(" hidden \r\nmore\n", 15, "", "hidden");
    assert_secret("hidden", 6, NULL, "hidden");
    assert_secret("hidden", 6, "given", "given");
    assert_secret("\nsecond", 7, "", NULL);
    assert_secret("a\1b", 3, "", NULL);
    assert_secret(large, sizeof(large), "", NULL);
    assert_secret("", 0, "", NULL);

    assert_int_equal(secret_read("k", "", NULL, &secret, &err), 0);
    assert_null(secret);
    assert_int_equal(secret_read("k", "/nonexistent/file", NULL, &secret, &err), -1);
    assert_string_equal(err.text, "k: /nonexistent/file: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_the_standards_example),
        cmocka_unit_test(each_byte_of_what_is_signed_counts),
        cmocka_unit_test(keys_are_base64_or_plain_and_of_a_sane_length),
        cmocka_unit_test(a_secret_is_the_files_first_line_or_the_value),
    };

    return cmocka_run_group_tests_name("notify_webhook", tests, NULL, NULL);
}
