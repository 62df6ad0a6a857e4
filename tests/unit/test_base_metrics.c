/* SPDX-License-Identifier: MIT */
/* test_base_metrics.c - the Prometheus text format. */
#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void writes_help_type_and_values(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    metrics_one(&out, "a_total", "counter", "What it counts.", 12345678901.0);
    metrics_head(&out, "b", "gauge", "By kind.");
    metrics_value(&out, "b", "kind", "quote \" back \\ line\n", 0.25);

    assert_string_equal(buf_str(&out), "# HELP catchdeal_a_total What it counts.\n"
                                       "# TYPE catchdeal_a_total counter\n"
                                       "catchdeal_a_total 12345678901\n"
                                       "# HELP catchdeal_b By kind.\n"
                                       "# TYPE catchdeal_b gauge\n"
                                       "catchdeal_b{kind=\"quote \\\" back \\\\ line\\n\"} 0.25\n");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_help_type_and_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
