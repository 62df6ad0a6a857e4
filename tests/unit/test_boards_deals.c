/* SPDX-License-Identifier: MIT */
/* The generator of the demo boards: what must hold of deals at any time, and the writers of text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boards/board.h"
#include "boards/deals.h"
#include "boards/out.h"
#include "boards/world.h"

#define NOON 1795316700LL /* 2026-11-22T12:05:00+09:00 */

enum { SEED = 7, SLOTS = 400, HOUR_S = 3600 };

static const struct deal_rule rule = {
    .board = "test",
    .slot_s = 600,
    .first_id = 1000,
    .sold_permille = 100,
    .categories = {"a", "b", "c", "d", "e", "f"},
};

static void gives_the_same_deal_for_the_same_seed_board_and_slot(void **state)
{
    struct deal first, again, other;
    long slot = deal_slot_at(&rule, NOON) - 5;
    int differ = 0, i;

    (void)state;
    for (i = 0; i < SLOTS; i++) {
        bool is = deal_make(&rule, SEED, slot - i, NOON, &first);

        assert_int_equal(deal_make(&rule, SEED, slot - i, NOON, &again), is);
        if (!is)
            continue;
        assert_memory_equal(&first, &again, sizeof(first));
        differ += deal_make(&rule, SEED + 1, slot - i, NOON, &other) &&
                  strcmp(first.name, other.name) != 0;
    }
    assert_in_range(differ, SLOTS / 2, SLOTS);
}

static void counters_and_sold_out_only_grow_with_age(void **state)
{
    struct deal before, after;
    long slot = deal_slot_at(&rule, NOON) - 5;
    long views_before = 0, views_after = 0;
    int i, sold = 0;

    (void)state;
    for (i = 0; i < SLOTS; i++) {
        if (!deal_make(&rule, SEED, slot - i, NOON, &before))
            continue;
        assert_true(deal_make(&rule, SEED, slot - i, NOON + HOUR_S, &after));
        assert_true(after.view >= before.view);
        views_before += before.view;
        views_after += after.view;
        assert_true(after.comment >= before.comment);
        assert_true(after.like >= before.like);
        assert_true(after.sold_out >= before.sold_out);
        assert_string_equal(after.name, before.name);
        sold += after.sold_out;
    }
    assert_true(views_after > views_before);
    assert_in_range(sold, SLOTS / 20, SLOTS / 8);
}

static void a_deal_does_not_exist_before_it_is_posted(void **state)
{
    struct deal deal, early;
    long slot = deal_slot_at(&rule, NOON) - 5;

    (void)state;
    while (!deal_make(&rule, SEED, slot, NOON, &deal))
        slot--;

    assert_false(deal_make(&rule, SEED, slot, deal.posted_at - 1, &early));
    assert_true(deal_make(&rule, SEED, slot, deal.posted_at, &early));
    assert_int_equal(deal_slot_of_id(&rule, deal.id), slot);
}

static void a_few_deals_an_hour_are_posted(void **state)
{
    static struct deal deals[200];
    struct world w;
    size_t count, recent = 0, i;

    (void)state;
    world_init(&w, SEED);
    count = world_deals_from(&w, &rule, NOON, deal_slot_at(&rule, NOON), 0, 200, deals);
    for (i = 0; i < count; i++)
        recent += deals[i].posted_at > NOON - 10 * HOUR_S;
    world_fini(&w);

    assert_int_equal(count, 200);
    assert_in_range(recent, 30, 60);
}

static void an_edited_title_is_split_at_its_mall(void **state)
{
    struct deal deal = {.mall = "옛몰", .mall_tagged = true};
    char title[256];

    (void)state;
    deal_set_title(&deal, "[새몰] 새 이름 (1원/무료)");
    assert_string_equal(deal.mall, "새몰");
    deal_title(&deal, title, sizeof(title));
    assert_string_equal(title, "[새몰] 새 이름 (1원/무료)");
    deal_set_title(&deal, "[새몰]붙은 이름");
    deal_title(&deal, title, sizeof(title));
    assert_string_equal(title, "[새몰]붙은 이름");
    deal_set_title(&deal, "몰 없는 이름");
    deal_title(&deal, title, sizeof(title));
    assert_string_equal(title, "몰 없는 이름");
}

static void cp949_carries_all_syllables_and_refers_to_the_rest(void **state)
{
    static const char text[] = "뷁펲 \xf0\x9f\x94\xa5!";
    struct out bytes = {0};

    (void)state;
    out_cp949(&bytes, text, strlen(text));
    assert_string_equal(bytes.data, "\x94\xee\xbc\x84 &#128293;!");
    out_fini(&bytes);
}

static void cp949_goes_on_behind_its_own_buffer(void **state)
{
    struct out text = {0}, bytes = {0};
    int i;

    (void)state;
    for (i = 0; i < 2000; i++)
        out_str(&text, "가");
    out_cp949(&bytes, text.data, text.len);
    assert_int_equal(bytes.len, 4000);
    out_fini(&text);
    out_fini(&bytes);
}

static void escapes_html_and_json(void **state)
{
    struct out o = {0};

    (void)state;
    out_html(&o, "a & <b> \"c\" d&e", false);
    assert_string_equal(o.data, "a &amp; &lt;b&gt; &quot;c&quot; d&amp;e");
    o.len = 0;
    out_html(&o, "a & d&e", true);
    assert_string_equal(o.data, "a & d&amp;e");
    o.len = 0;
    out_json(&o, "\"\\\n</script>");
    assert_string_equal(o.data, "\"\\\"\\\\\\u000a<\\/script>\"");
    out_fini(&o);
}

static void decodes_a_query_and_keeps_what_is_broken(void **state)
{
    static const char text[] = "%EB%B7%81+a%zz%4";
    struct out o = {0};

    (void)state;
    out_url_decoded(&o, text, strlen(text));
    assert_string_equal(o.data, "뷁 a%zz%4");
    out_fini(&o);
}

static void reads_times_with_an_offset_only(void **state)
{
    int64_t at;

    (void)state;
    assert_true(world_parse_time("2026-11-22T12:05:00+09:00", &at));
    assert_int_equal(at, NOON);
    assert_true(world_parse_time("2026-11-22T03:05:00Z", &at));
    assert_int_equal(at, NOON);
    assert_true(world_parse_time("2026-11-21T22:05:00-05:00", &at));
    assert_int_equal(at, NOON);
    assert_false(world_parse_time("2026-11-22T12:05:00", &at));
    assert_false(world_parse_time("2026-11-22T12:05:00+09:00x", &at));
    assert_false(world_parse_time("yesterday", &at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_same_deal_for_the_same_seed_board_and_slot),
        cmocka_unit_test(counters_and_sold_out_only_grow_with_age),
        cmocka_unit_test(a_deal_does_not_exist_before_it_is_posted),
        cmocka_unit_test(a_few_deals_an_hour_are_posted),
        cmocka_unit_test(an_edited_title_is_split_at_its_mall),
        cmocka_unit_test(cp949_carries_all_syllables_and_refers_to_the_rest),
        cmocka_unit_test(cp949_goes_on_behind_its_own_buffer),
        cmocka_unit_test(escapes_html_and_json),
        cmocka_unit_test(decodes_a_query_and_keeps_what_is_broken),
        cmocka_unit_test(reads_times_with_an_offset_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
