/* SPDX-License-Identifier: MIT */
/* test_base_map.c - maps by string and by number; lists and arenas beside them. */
#include "base/map.h"
#include "base/arena.h"
#include "base/list.h"
#include "support/unit.h"

enum { MANY = 5000 };

static int values[MANY];

static void keeps_many_strings_through_growth_and_deletion(void **state)
{
    struct map map;
    char key[32];

    (void)state;
    map_init(&map);
    assert_null(map_get(&map, "k1"));
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_null(map_put(&map, key, &values[i]));
    }
    for (int i = 0; i < MANY; i += 2) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_ptr_equal(map_del(&map, key), &values[i]);
        assert_null(map_del(&map, key));
    }
    assert_int_equal(map_count(&map), MANY / 2);
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_ptr_equal(map_get(&map, key), i % 2 ? &values[i] : NULL);
    }
    map_fini(&map);
}

static void put_gives_back_what_it_replaced(void **state)
{
    struct map map;

    (void)state;
    map_init(&map);
    assert_null(map_put(&map, "a", &values[0]));
    assert_ptr_equal(map_put(&map, "a", &values[1]), &values[0]);
    assert_ptr_equal(map_get(&map, "a"), &values[1]);
    assert_int_equal(map_count(&map), 1);
    map_fini(&map);
}

static void numbers_are_keys_zero_included(void **state)
{
    struct map map;

    (void)state;
    map_init(&map);
    for (uint64_t i = 0; i < MANY; i++)
        map_put_n(&map, i << 32, &values[i]);
    for (uint64_t i = 0; i < MANY; i++)
        assert_ptr_equal(map_get_n(&map, i << 32), &values[i]);
    assert_null(map_get_n(&map, 1));
    map_fini(&map);
}

static void coming_and_going_does_not_grow_it(void **state)
{
    struct map map;

    (void)state;
    map_init(&map);
    for (uint64_t i = 0; i < 100000; i++) {
        map_put_n(&map, i, &values[0]);
        if (i >= 10)
            assert_non_null(map_del_n(&map, i - 10));
    }
    assert_int_equal(map_count(&map), 10);
    assert_true(map.cap <= 64);
    map_fini(&map);
}

static void walk_sees_each_once_and_allows_deletion(void **state)
{
    struct map map;
    struct map_entry *e;
    int seen = 0;

    (void)state;
    map_init(&map);
    for (uint64_t i = 0; i < 100; i++)
        map_put_n(&map, i, &values[i]);
    for (size_t at = 0; (e = map_next(&map, &at));) {
        *(int *)e->value += 1;
        seen++;
        map_del_n(&map, e->number);
    }
    assert_int_equal(seen, 100);
    assert_int_equal(map_count(&map), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(values[i], 1);
    map_fini(&map);
}

/* ---- list ------------------------------------------------------------------------------------ */

struct thing {
    struct list link;
    char name;
};

static void list_keeps_order_and_allows_removal_while_walking(void **state)
{
    struct thing things[4];
    struct list head, *at, *next;
    char seen[5] = "";

    (void)state;
    list_init(&head);
    assert_true(list_is_empty(&head) && !list_first(&head));
    for (int i = 0; i < 4; i++) {
        things[i].name = (char)('a' + i);
        list_init(&things[i].link);
        if (i == 3)
            list_prepend(&head, &things[i].link);
        else
            list_append(&head, &things[i].link);
    }
    list_move(&head, &things[0].link);
    assert_int_equal(list_count(&head), 4);
    LIST_FOREACH (at, next, &head) {
        struct thing *thing = container_of(at, struct thing, link);

        seen[strlen(seen)] = thing->name;
        list_remove(at);
        list_remove(at);
    }

    assert_string_equal(seen, "dbca");
    assert_true(list_is_empty(&head));
}

/* ---- arena ----------------------------------------------------------------------------------- */

static void arena_gives_zeroed_aligned_memory_of_any_size(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t size = 0; size < 10000; size += 37) {
        char *p = arena_alloc(&arena, size);

        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, size);
    }
    assert_true(arena.total_bytes > 1000000);
    arena_fini(&arena);
    assert_int_equal(arena.total_bytes, 0);
}

static void arena_copies_text(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_null(arena_strdup(&arena, NULL));
    assert_string_equal(arena_strdup(&arena, "x"), "x");
    assert_string_equal(arena_strndup(&arena, "abc", 2), "ab");
    assert_string_equal(arena_strndup(&arena, "abc", 9), "abc");
    assert_string_equal(arena_printf(&arena, "%d-%s", 7, "y"), "7-y");
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_many_strings_through_growth_and_deletion),
        cmocka_unit_test(put_gives_back_what_it_replaced),
        cmocka_unit_test(numbers_are_keys_zero_included),
        cmocka_unit_test(coming_and_going_does_not_grow_it),
        cmocka_unit_test(walk_sees_each_once_and_allows_deletion),
        cmocka_unit_test(list_keeps_order_and_allows_removal_while_walking),
        cmocka_unit_test(arena_gives_zeroed_aligned_memory_of_any_size),
        cmocka_unit_test(arena_copies_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
