/* SPDX-License-Identifier: MIT */
/* test_crawl_render.c - two readings of a page compared, and what follows for the next pages.
 *
 * The store and the rules' native reading are fakes: notes in memory, and a switch.
 */
#include "crawl/render.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crawl/native.h"
#include "crawl/render_state.h"
#include "support/unit.h"

enum { MAX_ROWS = 20 };

/* ---- pages ----------------------------------------------------------------------------------- */

struct page {
    struct row_set set;
    struct deal_row rows[MAX_ROWS];
    struct extract_field fields[3];
    char keys[MAX_ROWS][8];
};

/* Posts first, first - 1, ... as a board has them: the newest on top. */
static struct row_set *page_make(struct page *page, int first, int n)
{
    *page = (struct page){0};
    page->set = (struct row_set){
        .rows = page->rows,
        .n = n,
        .seen = n,
        .status = 200,
        .layout = "list",
        .ready = true,
        .fields = page->fields,
        .n_fields = 3,
    };
    page->fields[0] = (struct extract_field){"key", n, n, 0};
    page->fields[1] = (struct extract_field){"view", n, n, 0};
    page->fields[2] = (struct extract_field){"image", n, n / 2, 0};
    for (int i = 0; i < n; i++) {
        snprintf(page->keys[i], sizeof(page->keys[i]), "%d", first - i);
        page->rows[i] = (struct deal_row){
            .key = page->keys[i],
            .title = "a title",
            .url = "http://board/1",
            .image_url = "http://board/1.jpg",
            .mall = "shop",
            .price_e2 = 1200,
            .currency = "KRW",
            .posted_at_ms = 1000,
            .view = 100,
            .comment = 3,
            .like = DEAL_UNKNOWN,
        };
    }
    return &page->set;
}

/* ---- comparing ------------------------------------------------------------------------------- */

typedef void change_fn(struct page *earlier, struct page *later);

static void nothing(struct page *a, struct page *b)
{
    (void)a, (void)b;
}

#define CHANGE(name, statement)                          \
    static void name(struct page *earlier, struct page *later) \
    {                                                    \
        struct deal_row *row = &later->rows[2];          \
        (void)earlier, (void)row;                        \
        statement;                                       \
    }
CHANGE(views_grow, row->view += 40)
CHANGE(views_grow_much, row->view += 5000)
CHANGE(views_fall, row->view--)
CHANGE(views_go, row->view = DEAL_UNKNOWN)
CHANGE(comments_grow, row->comment++)
CHANGE(likes_appear, row->like = 0)
CHANGE(title, row->title = "another")
CHANGE(url, row->url = "http://board/2")
CHANGE(redirect, row->redirect_url = "http://shop/")
CHANGE(no_image, row->image_url = NULL)
CHANGE(mall, row->mall = NULL)
CHANGE(category, row->category = "food")
CHANGE(price, row->price_e2 = DEAL_UNKNOWN)
CHANGE(currency, row->currency = "USD")
CHANGE(time_moves, row->posted_at_ms += 60000)
CHANGE(sold_out, row->sold_out = true)
CHANGE(cut, row->title_is_cut = true)
CHANGE(layout, later->set.layout = "other")
CHANGE(no_layout, later->set.layout = NULL)
CHANGE(one_new_on_top, page_make(later, 101, 10))
CHANGE(three_new_on_top, page_make(later, 103, 10))
CHANGE(nearly_all_new, page_make(later, 107, 10))
CHANGE(old_ones_back, page_make(later, 99, 10))
CHANGE(one_gone, later->set.n--)
CHANGE(half_gone, later->set.n = 5)
CHANGE(all_gone, later->set.n = 0)
CHANGE(one_more, page_make(later, 100, 11))
CHANGE(six_more, page_make(later, 100, 16))

static void ago_moves(struct page *earlier, struct page *later)
{
    earlier->rows[2].posted_at_ms = later->rows[2].posted_at_ms = CLOCK_NONE;
    earlier->rows[2].posted_before_ms = 1000000;
    later->rows[2].posted_before_ms = 1060000;
}

static void ago_appears(struct page *earlier, struct page *later)
{
    earlier->rows[2].posted_at_ms = later->rows[2].posted_at_ms = CLOCK_NONE;
    later->rows[2].posted_before_ms = 1060000;
}

static void swapped(struct page *earlier, struct page *later)
{
    (void)earlier;
    later->rows[3].key = later->keys[4];
    later->rows[4].key = later->keys[3];
}

static void tells_the_boards_life_from_a_difference(void **state)
{
    static const struct {
        const char *name;
        change_fn *change;
        enum render_verdict verdict;
    } rows[] = {
        {"nothing", nothing, RENDER_EQUAL},
        {"views grow", views_grow, RENDER_EQUAL},
        {"comments grow", comments_grow, RENDER_EQUAL},
        {"ago moves", ago_moves, RENDER_EQUAL},
        {"one new", one_new_on_top, RENDER_EQUAL},
        {"three new", three_new_on_top, RENDER_EQUAL},
        {"one gone", one_gone, RENDER_UNCLEAR},
        {"one more", one_more, RENDER_UNCLEAR},
        {"swapped", swapped, RENDER_UNCLEAR},
        {"old ones back", old_ones_back, RENDER_UNCLEAR},
        {"views grow much", views_grow_much, RENDER_DIFFERENT},
        {"views fall", views_fall, RENDER_DIFFERENT},
        {"views go", views_go, RENDER_DIFFERENT},
        {"likes appear", likes_appear, RENDER_DIFFERENT},
        {"title", title, RENDER_DIFFERENT},
        {"url", url, RENDER_DIFFERENT},
        {"redirect", redirect, RENDER_DIFFERENT},
        {"image", no_image, RENDER_DIFFERENT},
        {"mall", mall, RENDER_DIFFERENT},
        {"category", category, RENDER_DIFFERENT},
        {"price", price, RENDER_DIFFERENT},
        {"currency", currency, RENDER_DIFFERENT},
        {"time", time_moves, RENDER_DIFFERENT},
        {"ago appears", ago_appears, RENDER_DIFFERENT},
        {"sold out", sold_out, RENDER_DIFFERENT},
        {"cut", cut, RENDER_DIFFERENT},
        {"layout", layout, RENDER_DIFFERENT},
        {"no layout", no_layout, RENDER_DIFFERENT},
        {"nearly all new", nearly_all_new, RENDER_DIFFERENT},
        {"half gone", half_gone, RENDER_DIFFERENT},
        {"all gone", all_gone, RENDER_DIFFERENT},
        {"six more", six_more, RENDER_DIFFERENT},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct page earlier, later;
        char why[RENDER_WHY_BYTES];
        enum render_verdict verdict;

        page_make(&earlier, 100, 10);
        page_make(&later, 100, 10);
        rows[i].change(&earlier, &later);
        verdict = render_compare(&earlier.set, &later.set, why);
        if (verdict != rows[i].verdict || (*why == '\0') != (verdict == RENDER_EQUAL))
            fail_msg("%s: verdict %d, \"%s\"", rows[i].name, (int)verdict, why);
    }
}

static void names_row_and_field_and_no_text_of_the_page(void **state)
{
    struct page earlier, later;
    char why[RENDER_WHY_BYTES];

    (void)state;
    page_make(&earlier, 100, 10);
    page_make(&later, 100, 10);
    later.rows[4].title = "a secret";
    render_compare(&earlier.set, &later.set, why);
    assert_string_equal(why, "row 96: title");
}

/* ---- the machine ----------------------------------------------------------------------------- */

static const char site_text[] = "[list]\nurl = http://a.localhost/list\n"
                                "[layout list]\nmatch = ul\nrows = li\n"
                                "[list.key]\ncss = a @href\n[list.title]\ncss = a\n"
                                "[list.url]\ncss = a\n[render]\nmode = %s\nverify = 1h\n";
enum { VERIFY_MS = 3600 * 1000, MINUTE_MS = 60000 };

static struct world {
    struct loop *loop;
    struct config config;
    struct site *site;
    struct render *render;
    struct store *store;
    char notes[2][RENDER_STATE_MAX_BYTES]; /* lists, posts */
    bool native_cannot;
    bool store_fails;
    struct page page;
} world;

int native_can(const struct site *site, const struct site_layout *layouts, size_t n,
               struct err *err)
{
    (void)site, (void)layouts, (void)n;
    return world.native_cannot ? err_set(err, ERR_SITE, "a.conf:9: list.title.css: \"a:hover\"")
                               : 0;
}

struct get {
    store_state_fn *done;
    void *ctx;
};

static void answer_get(void *ctx)
{
    struct get *get = ctx;
    struct err err;
    struct store_state states[2] = {
        {"a", RENDER_STATE_LIST, world.notes[0], 0},
        {"a", RENDER_STATE_POST, world.notes[1], 0},
    };

    err_set(&err, ERR_STORE, "told to fail");
    if (world.store_fails)
        get->done(NULL, 0, &err, get->ctx);
    else
        get->done(states, 2, NULL, get->ctx);
    mem_free(get);
}

void store_state_get(struct store *store, const char *site, store_state_fn *done, void *ctx)
{
    struct get *get = mem_new(struct get);

    (void)store;
    assert_string_equal(site, "a");
    *get = (struct get){done, ctx};
    loop_defer(world.loop, answer_get, get);
}

struct set {
    store_done_fn *done;
    void *ctx;
};

static void answer_set(void *ctx)
{
    struct set *set = ctx;

    set->done(NULL, set->ctx);
    mem_free(set);
}

void store_state_set(struct store *store, const char *site, const char *name, const char *value,
                     int64_t at_ms, store_done_fn *done, void *ctx)
{
    struct set *set = mem_new(struct set);
    char *note = world.notes[str_eq(name, RENDER_STATE_POST)];

    (void)store, (void)site, (void)at_ms;
    assert_true(strlen(value) < RENDER_STATE_MAX_BYTES);
    strcpy(note, value);
    *set = (struct set){done, ctx};
    loop_defer(world.loop, answer_set, set);
}

static void turn(void)
{
    loop_defer(world.loop, (loop_fn *)loop_stop, world.loop);
    loop_run(world.loop);
}

static void load_site(const char *mode)
{
    char *text = mem_printf(site_text, mode);
    struct err err;

    site_free(&world.site);
    if (site_load_text("a/site.conf", "a", text, NULL, NULL, &world.site, &err) < 0)
        fail_msg("%s", err.text);
    mem_free(text);
}

static void quiet(enum log_level level, const char *line, void *ctx)
{
    (void)level, (void)line, (void)ctx;
}

static int set_up(void **state)
{
    (void)state;
    world = (struct world){.loop = loop_new()};
    world.store = (struct store *)&world;
    world.config.render = (char *)(uintptr_t) "";
    clock_fake_set(1700000000000);
    log_set_sink(quiet, NULL);
    load_site("auto");
    world.render = render_new(world.loop, &world.config, world.store);
    page_make(&world.page, 100, 10);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    turn();
    render_free(&world.render);
    site_free(&world.site);
    loop_free(&world.loop);
    clock_fake_off();
    log_set_sink(NULL, NULL);
    return 0;
}

static enum render_plan plan_of(enum site_what what)
{
    enum render_plan plan;
    struct err err;

    if (render_plan(world.render, world.site, what, &plan, &err) < 0)
        fail_msg("%s", err.text);
    return plan;
}

static enum render_plan plan(void)
{
    return plan_of(SITE_LIST);
}

static void compared(enum render_verdict verdict)
{
    render_tell_compared(world.render, world.site, SITE_LIST, &world.page.set, verdict,
                         verdict == RENDER_EQUAL ? "" : "row 1: view");
}

static void failed(enum err_code code)
{
    struct err err;

    err_set(&err, code, "told to fail");
    render_tell_failed(world.render, world.site, SITE_LIST, &err);
}

static void prove(void)
{
    for (int i = 0; i < RENDER_PROOFS; i++) {
        assert_int_equal(plan(), RENDER_PLAN_COMPARE);
        compared(RENDER_EQUAL);
    }
    assert_int_equal(plan(), RENDER_PLAN_FETCH);
}

static void assert_described(const char *expected)
{
    struct buf out;

    buf_init(&out, 1000);
    render_describe(&world.config, world.site, SITE_LIST, world.notes[0], &out);
    if (!strstr(buf_str(&out), expected))
        fail_msg("expected \"%s\" in \"%s\"", expected, buf_str(&out));
    buf_fini(&out);
}

static void equal_pages_prove_a_site_and_lists_prove_no_posts(void **state)
{
    (void)state;
    prove();
    assert_int_equal(plan_of(SITE_POST), RENDER_PLAN_COMPARE);
    assert_described("fetch (proven 2023-11-14T22:13:20.000Z");
}

static void one_difference_sends_it_back_to_chrome_at_once(void **state)
{
    (void)state;
    compared(RENDER_EQUAL);
    compared(RENDER_DIFFERENT);
    assert_int_equal(plan(), RENDER_PLAN_CHROME);
    assert_described("chrome (differs since 2023-11-14T22:13:20.000Z: row 1: view)");

    clock_fake_advance(VERIFY_MS - 1);
    assert_int_equal(plan(), RENDER_PLAN_CHROME);
    clock_fake_advance(1);
    assert_int_equal(plan(), RENDER_PLAN_COMPARE);
    compared(RENDER_DIFFERENT);
    assert_int_equal(plan(), RENDER_PLAN_CHROME);
    clock_fake_advance(VERIFY_MS);
    prove();
}

static void what_is_proven_is_verified_on_schedule(void **state)
{
    (void)state;
    prove();
    clock_fake_advance(VERIFY_MS);
    assert_int_equal(plan(), RENDER_PLAN_COMPARE);
    compared(RENDER_EQUAL);
    assert_int_equal(plan(), RENDER_PLAN_FETCH);
    clock_fake_advance(VERIFY_MS);
    compared(RENDER_DIFFERENT);
    assert_int_equal(plan(), RENDER_PLAN_CHROME);
}

static void failures_are_evidence_of_nothing(void **state)
{
    static const enum err_code codes[] = {ERR_NETWORK, ERR_TIMEOUT, ERR_HTTP_STATUS, ERR_BLOCKED,
                                          ERR_RATE_LIMITED, ERR_ROBOTS};

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        tear_down(state);
        set_up(state);
        for (int k = 0; k < RENDER_PROOFS - 1; k++)
            compared(RENDER_EQUAL);
        for (int k = 0; k < 2 * RENDER_PROOFS; k++)
            failed(codes[i]);
        assert_int_equal(plan(), RENDER_PLAN_CHROME); /* not asked again at once */
        clock_fake_advance(VERIFY_MS);
        assert_int_equal(plan(), RENDER_PLAN_COMPARE);
        compared(RENDER_EQUAL);
        assert_int_equal(plan(), RENDER_PLAN_FETCH);
        failed(codes[i]);
        clock_fake_advance(10 * MINUTE_MS);
        assert_true(render_may_fetch(world.render, world.site, SITE_LIST)); /* still proven */
    }
}

static void a_block_while_fetching_gives_the_next_page_to_chrome(void **state)
{
    (void)state;
    prove();
    failed(ERR_NETWORK);
    assert_int_equal(plan(), RENDER_PLAN_FETCH);
    failed(ERR_BLOCKED);
    assert_int_equal(plan(), RENDER_PLAN_COMPARE);
    failed(ERR_BLOCKED); /* and the comparison is refused, too */
    assert_int_equal(plan(), RENDER_PLAN_FETCH);
    assert_true(render_may_fetch(world.render, world.site, SITE_LIST));
}

static void unclear_again_and_again_is_a_difference(void **state)
{
    (void)state;
    prove();
    compared(RENDER_UNCLEAR);
    compared(RENDER_UNCLEAR);
    compared(RENDER_EQUAL);
    compared(RENDER_UNCLEAR);
    compared(RENDER_UNCLEAR);
    assert_true(render_may_fetch(world.render, world.site, SITE_LIST));
    compared(RENDER_UNCLEAR);
    assert_int_equal(plan(), RENDER_PLAN_CHROME);
    assert_false(render_may_fetch(world.render, world.site, SITE_LIST));
}

static bool suspects(const struct row_set *set)
{
    char why[RENDER_WHY_BYTES];

    return render_suspects(world.render, world.site, SITE_LIST, set, why);
}

static void suspects_fewer_rows_and_values_than_the_equal_pages_had(void **state)
{
    struct page page;

    (void)state;
    prove(); /* with 10 rows, all of them with a view count, half of them with an image */
    assert_false(suspects(page_make(&page, 200, 10)));
    assert_false(suspects(page_make(&page, 200, 8)));
    assert_true(suspects(page_make(&page, 200, 7)));
    page_make(&page, 200, 10);
    page.fields[1].valued = 4;
    assert_true(suspects(&page.set));
    page_make(&page, 200, 10);
    page.fields[2].valued = 0;
    assert_false(suspects(&page.set));
    page_make(&page, 200, 0);
    page.set.not_modified = true;
    assert_false(suspects(&page.set));

    /* Chrome says that there are no more: from now on that is usual. */
    page_make(&world.page, 200, 7);
    compared(RENDER_EQUAL);
    assert_false(suspects(page_make(&page, 200, 7)));
}

static void open_again(void)
{
    render_free(&world.render);
    world.render = render_new(world.loop, &world.config, world.store);
    render_open(world.render, world.site, (render_open_fn *)loop_stop, world.loop);
    loop_run(world.loop);
}

static void what_was_proven_survives_a_restart_but_not_other_rules(void **state)
{
    struct page page;

    (void)state;
    prove();
    open_again();
    assert_int_equal(plan(), RENDER_PLAN_FETCH);
    assert_true(suspects(page_make(&page, 200, 7)));

    load_site("auto\nsettle = 333ms");
    open_again();
    assert_int_equal(plan(), RENDER_PLAN_COMPARE);
    assert_described("chrome (unproven: 0 of 5 pages equal)");
}

static void a_note_that_cannot_be_read_is_none(void **state)
{
    static const char *const texts[] = {"", "{", "[]", "{\"phase\":\"proven\"}",
                                        "{\"phase\":7,\"full\":\"x\"}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        strcpy(world.notes[0], texts[i]);
        open_again();
        assert_int_equal(plan(), RENDER_PLAN_COMPARE);
    }
    prove();
    world.store_fails = true;
    open_again();
    assert_int_equal(plan(), RENDER_PLAN_COMPARE);
}

static void a_set_mode_wins_and_the_configuration_over_it(void **state)
{
    enum render_plan out;
    struct err err;

    (void)state;
    prove();
    world.config.render = (char *)(uintptr_t) "chrome";
    assert_int_equal(plan(), RENDER_PLAN_CHROME);
    assert_described("chrome (set)");
    world.config.render = (char *)(uintptr_t) "";
    load_site("chrome");
    assert_int_equal(plan(), RENDER_PLAN_CHROME);
    load_site("fetch");
    open_again();
    assert_int_equal(plan(), RENDER_PLAN_FETCH);
    assert_false(render_may_ask_chrome(world.render, world.site));

    world.native_cannot = true;
    open_again();
    assert_int_equal(render_plan(world.render, world.site, SITE_LIST, &out, &err), -1);
    assert_int_equal(err.code, ERR_SITE);
    world.config.render = (char *)(uintptr_t) "auto";
    assert_int_equal(plan(), RENDER_PLAN_CHROME);
    assert_described("chrome (a.conf:9: list.title.css: \"a:hover\")");
}

static void without_a_store_auto_is_chrome(void **state)
{
    (void)state;
    world.store = NULL;
    open_again();
    assert_int_equal(plan(), RENDER_PLAN_CHROME);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_boards_life_from_a_difference),
        cmocka_unit_test(names_row_and_field_and_no_text_of_the_page),
        EACH(equal_pages_prove_a_site_and_lists_prove_no_posts),
        EACH(one_difference_sends_it_back_to_chrome_at_once),
        EACH(what_is_proven_is_verified_on_schedule),
        EACH(failures_are_evidence_of_nothing),
        EACH(a_block_while_fetching_gives_the_next_page_to_chrome),
        EACH(unclear_again_and_again_is_a_difference),
        EACH(suspects_fewer_rows_and_values_than_the_equal_pages_had),
        EACH(what_was_proven_survives_a_restart_but_not_other_rules),
        EACH(a_note_that_cannot_be_read_is_none),
        EACH(a_set_mode_wins_and_the_configuration_over_it),
        EACH(without_a_store_auto_is_chrome),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
