/* SPDX-License-Identifier: MIT */
/* test_db_find.c - words, filters, the week's best, one deal, boards: the same answers by both databases, by
 * the index and by a bounded number of statements.
 */
#include "test_db.h"
#include "db/fold.h"
#include "db/postgres_conn.h"
#include "db/sqlite_conn.h"
#include "db/store_find.h"
#include "db/store_sites.h"

static struct store_find all(int limit)
{
    return (struct store_find){.limit = limit,
                               .before_sort_ms = CLOCK_NONE,
                               .since_ms = CLOCK_NONE,
                               .min_score = DEAL_UNKNOWN,
                               .sold_out = DEAL_UNKNOWN};
}

static struct store_page page; /* its numbers; the deals are the bench's */

static void on_page(const struct store_page *found, const struct err *err, void *ctx)
{
    struct bench *b = ctx;

    assert_true(!found == !!err);
    page = found ? *found : (struct store_page){0};
    on_deals(page.deals, page.n, err, b);
}

/* The keys of what was found, "3 2 1"; with a "+" at the end when there is more. */
static const char *find(struct bench *b, const struct store_find *asked)
{
    bench_ask(b);
    store_find(b->store, asked, on_page, b);
    bench_wait(b);
    assert_ok(b);
    *told = '\0';
    for (int i = 0; i < b->n_deals; i++)
        tell("%s%s", i ? " " : "", b->deals[i].row.key);
    if (page.has_more)
        tell("+");
    return told;
}

static const char *find_word(struct bench *b, const char *word)
{
    struct store_find asked = all(100);

    asked.word = word;
    return find(b, &asked);
}

static struct deal_row titled(const char *key, const char *title)
{
    struct deal_row row = row_of("clien", key);

    row.title = title;
    return row;
}

/* ---- folding --------------------------------------------------------------------------------- */

static void folding_takes_case_space_and_composition_away(void **state)
{
    static const struct {
        const char *text, *folded;
    } rows[] = {
        {"", ""},
        {" \t\r\n", ""},
        {"[11번가] 라면 40개", "[11번가]라면40개"},
        {"LG 그램 ÉTÉ ΣΑΣ Ж", "lg그램étéσασж"},
        {"\xe1\x84\x85\xe1\x85\xa1\xe1\x84\x86\xe1\x85\xa7\xe1\x86\xab", "라면"}, /* letters */
        {"e\xcc\x81", "\xc3\xa9"},
        {"가\xc2\xa0나\xe3\x80\x80다\xe2\x80\x8b라\xef\xbb\xbf마", "가나다라마"},
        {"\xf0\x9f\x8d\x9c 50%_\\'\"", "\xf0\x9f\x8d\x9c"
                                         "50%_\\'\""},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(fold_text(&arena, rows[i].text), rows[i].folded);
    arena_fini(&arena);
}

static void folded_text_ends_at_its_maximum(void **state)
{
    struct arena arena;
    struct buf text;

    (void)state;
    arena_init(&arena);
    buf_init(&text, 100000);
    for (int i = 0; i < FOLD_MAX_CHARS + 5; i++)
        buf_adds(&text, "라 ");
    assert_int_equal(strlen(fold_text(&arena, buf_str(&text))), 3 * FOLD_MAX_CHARS);
    buf_fini(&text);
    arena_fini(&arena);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void write_titles(struct bench *b)
{
    const struct deal_row rows[] = {
        titled("1", "[11번가] 라면 40개 (무료)"), titled("2", "신라 면세점 적립"),
        titled("3", "LG 그램 Ultra 50%_할인"),     titled("4", "면라 볶음"),
        titled("5", "ÉTÉ Ж \\ ' \" 세트"),         titled("6", "\xf0\x9f\x8d\x9c\xf0\x9f\x8d\x9c 컵"),
        titled("7", "\xe1\x84\x85\xe1\x85\xa1\xe1\x84\x86\xe1\x85\xa7\xe1\x86\xab 한 박스"), /* 라면 */
        titled("8", "면"),                          titled("9", "배추 1kg"),
    };

    write_rows(b, rows, ARRAY_LEN(rows));
    assert_ok(b);
}

static void words_are_found_whatever_their_spaces_case_and_form(void **state)
{
    static const struct {
        const char *word, *keys;
    } rows[] = {
        {"라면", "7 2 1"}, /* spaces are ignored on both sides: 신라 면세점 as well */
        {"라 면", "7 2 1"},
        {"\xe1\x84\x85\xe1\x85\xa1\xe1\x84\x86\xe1\x85\xa7\xe1\x86\xab", "7 2 1"},
        {"라면40개", "1"},
        {"라 면 4 0 개(무", "1"},
        {"라면41개", ""},
        {"면라", "4"},
        {"lg그램", "3"},
        {"GRAM", ""},
        {"ultra", "3"},
        {"ULTRA", "3"},
        {"50%_", "3"},
        {"5_%", ""},
        {"%%", ""},
        {"été", "5"},
        {"ж\\'\"", "5"},
        {"\xf0\x9f\x8d\x9c\xf0\x9f\x8d\x9c", "6"},
        {"면", "8 7 4 2 1"},
        {"k", "9"},
        {"%", "3"},
        {"없음", ""},
        {" ", "9 8 7 6 5 4 3 2 1"},
        {NULL, "9 8 7 6 5 4 3 2 1"},
    };
    struct bench *b = bench(state);

    write_titles(b);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(find_word(b, rows[i].word), rows[i].keys) != 0)
            fail_msg("%s: expected %s, got %s", rows[i].word, rows[i].keys, told);
}

static void an_edited_title_is_found_by_its_new_words_alone(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = titled("1", "라면 40개");

    write_row(b, &row);
    row.title = "만두 40개";
    write_row(b, &row);

    assert_string_equal(find_word(b, "라면"), "");
    assert_string_equal(find_word(b, "만두"), "1");
    assert_string_equal(find_word(b, "40개"), "1");
}

static void a_removed_deal_leaves_nothing_in_the_index(void **state)
{
    struct bench *b = bench(state);

    write_titles(b);
    ask(b, b->is_postgres ? "DELETE FROM deals WHERE post_key <> '1' RETURNING 1"
                          : "DELETE FROM deals WHERE post_key <> '1'");

    assert_string_equal(find_word(b, "라면"), "1");
    if (!b->is_postgres)
        assert_string_equal(ask(b, "SELECT DISTINCT deal_id FROM deal_grams"), "1\n");
}

static void a_word_of_a_megabyte_is_cut(void **state)
{
    struct bench *b = bench(state);
    char *word = mem_alloc(1 << 20);

    memset(word, 'x', (1 << 20) - 1);
    word[(1 << 20) - 1] = '\0';
    write_titles(b);

    assert_string_equal(find_word(b, word), "");
    mem_free(word);
}

/* ---- filters --------------------------------------------------------------------------------- */

#define MINUTE INT64_C(60000)

static void write_mixed(struct bench *b)
{
    struct deal_row rows[30];
    static char keys[30][12];

    for (int i = 0; i < 30; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", i);
        rows[i] = row_of(i % 3 ? "clien" : "ppomppu", keys[i]);
        rows[i].website = i % 3 ? "클리앙" : "뽐뿌";
        rows[i].title = i % 2 ? "라면 특가" : "만두 특가";
        rows[i].score = i == 29 ? DEAL_UNKNOWN : i;
        rows[i].sold_out = i % 5 == 0;
        rows[i].posted_at_ms = AT - (30 - i) * MINUTE;
    }
    write_rows(b, rows, 30);
    assert_ok(b);
}

static void filters_hold_together_and_alone(void **state)
{
    struct bench *b = bench(state);
    struct store_find asked;

    write_mixed(b);

    asked = all(100), asked.site = "ppomppu";
    assert_string_equal(find(b, &asked), "27 24 21 18 15 12 9 6 3 0");
    asked = all(100), asked.website = "뽐뿌";
    assert_string_equal(find(b, &asked), "27 24 21 18 15 12 9 6 3 0");
    asked = all(100), asked.min_score = 26;
    assert_string_equal(find(b, &asked), "28 27 26"); /* not the one whose score nobody knows */
    asked = all(100), asked.sold_out = 1;
    assert_string_equal(find(b, &asked), "25 20 15 10 5 0");
    asked = all(3), asked.sold_out = 0;
    assert_string_equal(find(b, &asked), "29 28 27+");
    asked = all(100), asked.since_ms = AT - 2 * MINUTE;
    assert_string_equal(find(b, &asked), "29 28");
    asked = all(100), asked.site = "ppomppu", asked.word = "라면", asked.sold_out = 0, asked.min_score = 4;
    assert_string_equal(find(b, &asked), "27 21 9");
    asked = all(100), asked.site = "none";
    assert_string_equal(find(b, &asked), "");
}

static void pages_of_a_filter_meet_without_gap_or_overlap(void **state)
{
    struct bench *b = bench(state);
    struct store_find asked = all(4);
    char keys[200] = "";

    write_mixed(b);
    asked.word = "라 면";
    asked.sold_out = 0;
    do {
        const char *some = find(b, &asked);

        snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), "%s ", some);
        asked.before_sort_ms = page.next_sort_ms;
        asked.before_id = page.next_id;
    } while (page.has_more);

    assert_string_equal(keys, "29 27 23 21+ 19 17 13 11+ 9 7 3 1 ");
}

static void the_weeks_best_come_by_score(void **state)
{
    struct bench *b = bench(state);
    struct store_find asked = all(3);

    write_mixed(b);
    asked.by_score = true;
    asked.since_ms = AT - 20 * MINUTE;
    assert_string_equal(find(b, &asked), "28 27 26");
    asked.limit = 100;
    assert_true(str_ends(find(b, &asked), "11 10 29")); /* unknown comes last */
}

static void one_deal_comes_by_its_public_id(void **state)
{
    struct bench *b = bench(state);
    struct store_find asked = all(1);

    write_mixed(b);
    asked.product_id = "clien_7";
    assert_string_equal(find(b, &asked), "7");
    asked.product_id = "clien_6";
    assert_string_equal(find(b, &asked), "");
}

/* ---- boards and events ----------------------------------------------------------------------- */

static void on_sites(const struct store_site *sites, int n, const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%s %s newest %s, %lld since; %s %s %lld rows; fresh %lld\n", sites[i].site,
             sites[i].website ? sites[i].website : "-",
             sites[i].newest_product_id ? sites[i].newest_product_id : "-", (long long)sites[i].n_recent,
             sites[i].run_kind ? sites[i].run_kind : "-", sites[i].run_reason ? sites[i].run_reason : "-",
             sites[i].run_rows == DEAL_UNKNOWN ? -1 : (long long)sites[i].run_rows,
             sites[i].fresh_at_ms == CLOCK_NONE ? -1 : (long long)(sites[i].fresh_at_ms - AT));
    bench_answer(ctx, err);
}

static void run(struct bench *b, const char *site, const char *reason, int64_t ended_ms)
{
    struct store_run ran = {.site = site, .kind = "crawl", .due_at_ms = CLOCK_NONE, .started_at_ms = AT};

    bench_ask(b);
    store_run_begin(b->store, &ran, on_number, b);
    bench_wait(b);
    ran.id = b->number;
    ran.reason = reason;
    ran.ended_at_ms = ended_ms;
    ran.rows_seen = 20;
    bench_ask(b);
    store_run_end(b->store, &ran, on_done, b);
    bench_wait(b);
    assert_ok(b);
}

static void boards_tell_their_newest_deal_and_how_fresh_they_are(void **state)
{
    struct bench *b = bench(state);

    write_mixed(b);
    run(b, "clien", "ok", AT + 100);
    run(b, "clien", "timeout", AT + 200);
    run(b, "quiet", "blocked", AT + 300);
    *told = '\0';
    bench_ask(b);
    store_sites(b->store, AT - 10 * MINUTE, on_sites, b);
    bench_wait(b);
    assert_ok(b);

    assert_string_equal(told, "clien 클리앙 newest clien_29, 7 since; crawl timeout 20 rows; fresh 100\n"
                              "ppomppu 뽐뿌 newest ppomppu_27, 3 since; - - -1 rows; fresh -1\n"
                              "quiet - newest -, 0 since; crawl blocked 20 rows; fresh -1\n");
}

static void on_events(const struct store_event *list, int n, const struct err *err, void *ctx)
{
    for (int i = 0; i < n; i++)
        tell("%s %s %s %lld\n", list[i].kind, list[i].old_value ? list[i].old_value : "-",
             list[i].new_value ? list[i].new_value : "-", (long long)(list[i].at_ms - AT));
    bench_answer(ctx, err);
}

static void a_deals_events_come_newest_first(void **state)
{
    struct bench *b = bench(state);
    struct deal_row row = titled("1", "라면");

    write_row(b, &row);
    row.title = "만두";
    row.sold_out = true;
    write_batch(b, &(struct store_batch){.rows = &row, .n = 1, .at_ms = AT + 5});
    list_all(b);
    *told = '\0';
    bench_ask(b);
    store_deal_events(b->store, b->deals[0].id, 100, on_events, b);
    bench_wait(b);
    assert_ok(b);

    assert_string_equal(told, "sold_out - - 5\ntitle 라면 만두 5\ncreated - 라면 0\n");
}

/* ---- cost ------------------------------------------------------------------------------------ */

/* n deals more, one a minute into the past; every fiftieth is a rare one. */
static void add_many(struct bench *b, int n)
{
    char *sql = b->is_postgres
                    ? mem_printf("INSERT INTO deals (site, website, post_key, product_id, title, url, "
                                 "is_sold_out, sort_at, created_at, updated_at, last_change) SELECT 'many', 'Many', "
                                 "i, 'many_' || i, CASE WHEN i %% 50 = 0 THEN '청소기 ' ELSE '라면 ' END || i, "
                                 "'https://many.example/' || i, false, to_timestamp(1763000000 - 60 * i), now(), "
                                 "now(), 1 FROM generate_series(1, %d) i",
                                 n)
                    : mem_printf("INSERT INTO deals (site, website, post_key, product_id, title, title_fold, url, "
                                 "is_sold_out, sort_at, created_at, updated_at) SELECT 'many', 'Many', value, 'many_' "
                                 "|| value, t, replace(t, ' ', ''), 'https://many.example/' || value, 0, 1000 * "
                                 "(1763000000 - 60 * value), 0, 0 FROM (SELECT value, CASE WHEN value %% 50 = 0 THEN "
                                 "'청소기 ' ELSE '라면 ' END || value AS t FROM (WITH RECURSIVE s (value) AS (SELECT 1 "
                                 "UNION ALL SELECT value + 1 FROM s WHERE value < %d) SELECT value FROM s))",
                                 n);

    ask(b, sql);
    if (b->is_postgres)
        ask(b, "ANALYZE deals");
    mem_free(sql);
}

static void finding_takes_the_same_number_of_statements_at_10_and_10000_deals(void **state)
{
    struct bench *b = bench(state);
    struct store_find asks[] = {all(20), all(20), all(20), all(20), all(20), all(20), all(20)};
    uint64_t sent[2][ARRAY_LEN(asks)];

    asks[1].word = "청소기";
    asks[2].word = "라면";
    asks[3].word = "면";
    asks[4].site = "many", asks[4].sold_out = 0;
    asks[5].by_score = true;
    asks[6].product_id = "many_3";
    for (int round = 0; round < 2; round++) {
        if (round)
            ask(b, b->is_postgres ? "DELETE FROM deals RETURNING 1" : "DELETE FROM deals");
        add_many(b, round ? 10000 : 10);
        find(b, &asks[0]); /* whatever the first of a connection costs */
        for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
            uint64_t before = store_statements();

            find(b, &asks[i]);
            sent[round][i] = store_statements() - before;
        }
    }

    for (size_t i = 0; i < ARRAY_LEN(asks); i++)
        if (sent[1][i] > sent[0][i] || sent[1][i] > 4)
            fail_msg("question %zu: %d statements at 10 deals, %d at 10,000", i, (int)sent[0][i],
                     (int)sent[1][i]);
}

static void a_filter_that_fits_nothing_stops_looking_and_goes_on(void **state)
{
    struct bench *b = bench(state);
    struct store_find asked = all(20);
    int pages = 0;

    add_many(b, 2 * STORE_FIND_LOOKS + 500);
    asked.min_score = 1;
    do {
        find(b, &asked);
        assert_int_equal(b->n_deals, 0);
        asked.before_sort_ms = page.next_sort_ms;
        asked.before_id = page.next_id;
        pages++;
    } while (page.has_more);

    assert_int_equal(pages, 3);
}

static void assert_plan(const char *what, const char *plan, const char *part, const char *never)
{
    if (!strstr(plan, part) || (never && strstr(plan, never)))
        fail_msg("%s: expected %s, and no %s:\n%s", what, part, never ? never : "", plan);
}

/* With what a real page asks for, on PostgreSQL as planned with these values. */
static const char *postgres_plan(struct bench *b, const char *sql, const char *site, const char *word)
{
    char *text = mem_printf("PREPARE q AS %s; SET plan_cache_mode = force_custom_plan; SET jit = off; "
                            "EXPLAIN EXECUTE q ('1763000000000', '1', '0', %s, '20000', NULL, %s, NULL, NULL, '21')",
                            sql, site, word);
    const char *plan = ask(b, text);

    mem_free(text);
    return plan;
}

static void searching_reads_the_index_and_no_table(void **state)
{
    struct bench *b = bench(state);

    add_many(b, 10000);
    if (b->is_postgres) {
        const char *const words[] = {"'청소기'", "'라면'", "'없는낱말'"};

        for (size_t i = 0; i < ARRAY_LEN(words); i++)
            assert_plan(words[i], postgres_plan(b, postgres_find_grams_sql, "NULL", words[i]),
                        "Bitmap Index Scan on deals_grams", "Seq Scan");
        assert_plan("walk", postgres_plan(b, postgres_find_walk_sql, "NULL", "'라면'"),
                    "Index Scan using deals_newest", "Seq Scan");
        assert_plan("board", postgres_plan(b, postgres_find_walk_sql, "'few'", "NULL"),
                    "Index Scan using deals_site_newest", "Seq Scan");
    } else {
        static const char *const texts[] = {
#define SQL(name, text) "EXPLAIN QUERY PLAN " text,
#include "db/sqlite_sql.def"
#undef SQL
        };

        assert_plan("gram", ask(b, texts[SQL_FIND_GRAM]), "SEARCH g USING PRIMARY KEY (gram=? AND sort_at>?", "TEMP B-TREE");
        assert_plan("rarest", ask(b, texts[SQL_RAREST_GRAM]), "SEARCH g USING PRIMARY KEY (gram=?)", NULL);
        assert_plan("walk", ask(b, texts[SQL_FIND]), "USING INDEX deals_newest", "TEMP B-TREE");
        assert_plan("board", ask(b, texts[SQL_FIND_SITE]), "USING INDEX deals_site_newest", "TEMP B-TREE");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_takes_case_space_and_composition_away),
        cmocka_unit_test(folded_text_ends_at_its_maximum),
        BOTH(words_are_found_whatever_their_spaces_case_and_form),
        BOTH(an_edited_title_is_found_by_its_new_words_alone),
        BOTH(a_removed_deal_leaves_nothing_in_the_index),
        BOTH(a_word_of_a_megabyte_is_cut),
        BOTH(filters_hold_together_and_alone),
        BOTH(pages_of_a_filter_meet_without_gap_or_overlap),
        BOTH(the_weeks_best_come_by_score),
        BOTH(one_deal_comes_by_its_public_id),
        BOTH(boards_tell_their_newest_deal_and_how_fresh_they_are),
        BOTH(a_deals_events_come_newest_first),
        BOTH(finding_takes_the_same_number_of_statements_at_10_and_10000_deals),
        BOTH(a_filter_that_fits_nothing_stops_looking_and_goes_on),
        BOTH(searching_reads_the_index_and_no_table),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
