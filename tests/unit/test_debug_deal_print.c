/* SPDX-License-Identifier: MIT */
/* test_debug_deal_print.c - deals on the command line. */
#include "debug/deal_print.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct deal_row full = {
    .site = "ppomppu",
    .website = "뽐뿌",
    .key = "704602",
    .product_id = "ppom_0123456789ab",
    .title =
        "[몰] \"아주\" 긴 제목의 물건을 아주 싸게 파는 곳이 여기에 있습니다 여러분 (12,900원/무료)",
    .url = "http://a/1",
    .redirect_url = NULL,
    .image_url = "http://a/1.jpg",
    .mall = "몰",
    .category = NULL,
    .currency = "KRW",
    .price_e2 = 1290000,
    .posted_at_ms = 1795320300000,
    .view = 10,
    .comment = 0,
    .like = DEAL_UNKNOWN,
    .score = 3,
    .sold_out = true,
};

static void writes_a_deal_as_one_json_line(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 65536);
    deal_print_json(&full, NULL, &out);

    assert_non_null(
        strstr(buf_str(&out),
               "{\"site\":\"ppomppu\",\"key\":\"704602\",\"product_id\":\"ppom_0123456789ab\""));
    assert_non_null(strstr(buf_str(&out), "\"title\":\"[몰] \\\"아주\\\""));
    assert_non_null(strstr(buf_str(&out), "\"redirect_url\":null"));
    assert_non_null(strstr(buf_str(&out), "\"posted_at\":\"2026-11-22T04:05:00+00:00\""));
    assert_non_null(
        strstr(buf_str(&out), "\"like\":null,\"score\":3,\"price\":12900,\"currency\":\"KRW\""));
    assert_non_null(strstr(buf_str(&out), "\"sold_out\":true}\n"));
    assert_ptr_equal(strchr(buf_str(&out), '\n'), buf_str(&out) + out.len - 1);
    buf_fini(&out);
}

static void writes_prices_without_needless_digits(void **state)
{
    static const struct {
        int64_t e2;
        const char *text;
    } rows[] = {{0, "0"}, {1290000, "12900"}, {1999, "19.99"}, {1990, "19.9"}, {5, "0.05"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;

        buf_init(&out, 64);
        deal_print_price(rows[i].e2, &out);
        assert_string_equal(buf_str(&out), rows[i].text);
        buf_fini(&out);
    }
}

static void table_cells_line_up_with_wide_characters(void **state)
{
    struct deal_row narrow = full;
    struct buf wide_line, narrow_line, header;

    (void)state;
    narrow.title = "short";
    buf_init(&header, 4096);
    buf_init(&wide_line, 4096);
    buf_init(&narrow_line, 4096);
    deal_print_header(120, &header);
    deal_print_line(&full, NULL, 120, &wide_line);
    deal_print_line(&narrow, NULL, 120, &narrow_line);

    assert_int_equal(str_columns(buf_str(&wide_line)), str_columns(buf_str(&narrow_line)));
    assert_true(str_columns(buf_str(&wide_line)) <= 121);
    assert_non_null(strstr(buf_str(&wide_line), "…"));
    assert_null(strstr(buf_str(&narrow_line), "…"));
    buf_fini(&header);
    buf_fini(&wide_line);
    buf_fini(&narrow_line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_deal_as_one_json_line),
        cmocka_unit_test(writes_prices_without_needless_digits),
        cmocka_unit_test(table_cells_line_up_with_wide_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
