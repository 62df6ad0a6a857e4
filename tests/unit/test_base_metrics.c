/* SPDX-License-Identifier: MIT */
/* test_base_metrics.c - the Prometheus text format. */
#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
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

static void a_histogram_adds_up_to_its_bounds(void **state)
{
    struct metrics_histogram histogram = {0};
    struct buf out;

    (void)state;
    buf_init(&out, 8192);
    metrics_observe(&histogram, 0);
    metrics_observe(&histogram, 1000);
    metrics_observe(&histogram, 1001);
    metrics_observe(&histogram, 60000000);
    metrics_histogram(&out, "t", "route", "/x", &histogram);

    assert_non_null(strstr(buf_str(&out), "catchdeal_t_bucket{route=\"/x\",le=\"0.001\"} 2\n"
                                          "catchdeal_t_bucket{route=\"/x\",le=\"0.0025\"} 3\n"));
    assert_non_null(strstr(buf_str(&out), "catchdeal_t_bucket{route=\"/x\",le=\"10\"} 3\n"
                                          "catchdeal_t_bucket{route=\"/x\",le=\"+Inf\"} 4\n"
                                          "catchdeal_t_sum{route=\"/x\"} 60.002001\n"
                                          "catchdeal_t_count{route=\"/x\"} 4\n"));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_help_type_and_values),
        cmocka_unit_test(a_histogram_adds_up_to_its_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
