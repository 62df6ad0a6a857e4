/* SPDX-License-Identifier: MIT */
/* test_notify_signature.c - signatures against the example of the specification, keys and secrets. */
#include "notify/signature.h"
#include "base/secret.h"
#include "base/str.h"
#include "support/unit.h"

#include <stdlib.h>
#include <unistd.h>

/* The example of the Standard Webhooks libraries' own tests. */
static void signs_as_the_specification_does(void **state)
{
    struct signature_key key;
    char text[SIGNATURE_TEXT_BYTES];
    struct err err;

    (void)state;
    assert_int_equal(signature_key_from("k", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key, &err),
                     0);
    signature_make(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}", 20,
                   text);

    assert_string_equal(text, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void takes_keys_as_text_and_refuses_short_ones(void **state)
{
    static const char *const bad[] = {"", "short", "whsec_", "whsec_AAAA",
                                      "whsec_not base64 at all!"};
    struct signature_key key;
    struct err err;

    (void)state;
    assert_int_equal(signature_key_from("k", "0123456789abcdef", &key, &err), 0);
    assert_int_equal(key.len, 16);
    assert_int_equal(signature_key_from("k", "whsec_AAAAAAAAAAAAAAAAAAAAAA==", &key, &err), 0);
    assert_int_equal(key.len, 16);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(signature_key_from("push_key", bad[i], &key, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_true(str_starts(err.text, "push_key: expected"));
    }
}

static void a_secret_is_a_files_first_line_or_a_text_and_not_both(void **state)
{
    char path[] = "/tmp/catchdeal-secret-XXXXXX";
    int fd = mkstemp(path);
    char *secret;
    struct err err;

    (void)state;
    assert_int_equal(write(fd, "  pass word \nmore\n", 18), 18);
    close(fd);
    assert_int_equal(secret_load("smtp_password", "", path, &secret, &err), 0);
    assert_string_equal(secret, "pass word");
    secret_free(&secret);
    assert_null(secret);
    assert_int_equal(secret_load("smtp_password", "from env", NULL, &secret, &err), 0);
    assert_string_equal(secret, "from env");
    secret_free(&secret);
    assert_int_equal(secret_load("smtp_password", "", "", &secret, &err), 0);
    assert_null(secret);

    assert_int_equal(secret_load("smtp_password", "hidden", path, &secret, &err), -1);
    assert_null(strstr(err.text, "hidden"));
    assert_int_equal(secret_load("smtp_password", "two\nlines", "", &secret, &err), -1);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(secret_load("smtp_password", "", path, &secret, &err), -1);
    unlink(path);
    assert_int_equal(secret_load("smtp_password", "", path, &secret, &err), -1);
    assert_non_null(strstr(err.text, "smtp_password_file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_the_specification_does),
        cmocka_unit_test(takes_keys_as_text_and_refuses_short_ones),
        cmocka_unit_test(a_secret_is_a_files_first_line_or_a_text_and_not_both),
    };

    return cmocka_run_group_tests_name("notify_signature", tests, NULL, NULL);
}
