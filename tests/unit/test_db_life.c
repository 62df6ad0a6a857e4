/* SPDX-License-Identifier: MIT */
/* test_db_life.c - plays the stories of db_life_stories.def on SQLite and on PostgreSQL.
 */
#include "test_db.h"

enum { STEPS_MAX = 12, ROWS_MAX = 4, DISTANCE_MINUTES = 360 };

enum step_kind {
    STEP_END,
    STEP_LIST,
    STEP_REFRESH,
    STEP_POST,
    STEP_ALIVE,
    STEP_LATE,
    STEP_LATE_POST,
    STEP_LATE_ALIVE,
    STEP_DEALS,
    STEP_EVENTS
};

struct step {
    enum step_kind kind;
    int minute;
    const char *text;
    const char *counts;
};

struct story {
    const char *name;
    struct step steps[STEPS_MAX];
};

/* clang-format off */
#define STORY(name, steps) {name, {steps}},
#define LIST(minute, rows, counts) {STEP_LIST, minute, rows, counts},
#define REFRESH(minute, rows, counts) {STEP_REFRESH, minute, rows, counts},
#define POST(minute, rows, counts) {STEP_POST, minute, rows, counts},
#define ALIVE(minute, verdicts, counts) {STEP_ALIVE, minute, verdicts, counts},
#define LATE(minute, rows, counts) {STEP_LATE, minute, rows, counts},
#define LATE_POST(minute, rows, counts) {STEP_LATE_POST, minute, rows, counts},
#define LATE_ALIVE(minute, verdicts, counts) {STEP_LATE_ALIVE, minute, verdicts, counts},
#define DEALS(deals) {STEP_DEALS, 0, deals, NULL},
#define EVENTS(events) {STEP_EVENTS, 0, events, NULL},
static const struct story stories[] = {
#include "db_life_stories.def"
};
/* clang-format on */

static int64_t minute_ms(int minute)
{
    return AT + INT64_C(60000) * minute;
}

/* ---- reading a story ------------------------------------------------------------------------- */

static int64_t read_posted(const char *text)
{
    int minute, second;

    if (sscanf(text, "%d:%d", &minute, &second) != 2)
        fail_msg("posted=%s: expected MINUTE:SECOND", text);
    return minute_ms(minute) + 1000 * second;
}

static void read_price(struct deal_row *row, char *text)
{
    row->price_e2 = strtoll(text, &text, 10);
    row->currency = *text == ' ' ? text + 1 : NULL;
}

static void set_flag(struct deal_row *row, const char *name)
{
    if (str_eq(name, "cut"))
        row->title_is_cut = true;
    else if (str_eq(name, "sold"))
        row->sold_out = true;
    else if (str_eq(name, "sold?"))
        row->sold_out_unknown = true;
    else if (str_eq(name, "gone"))
        row->gone = true;
    else
        fail_msg("a row has no flag \"%s\"", name);
}

static void set_field(struct deal_row *row, const char *name, char *value)
{
    const struct {
        const char *name;
        const char **text;
        int64_t *number;
    } fields[] = {
        {"title", &row->title, NULL},
        {"url", &row->url, NULL},
        {"redirect", &row->redirect_url, NULL},
        {"image", &row->image_url, NULL},
        {"mall", &row->mall, NULL},
        {"category", &row->category, NULL},
        {"shop", &row->shop_key, NULL},
        {"website", &row->website, NULL},
        {"view", NULL, &row->view},
        {"comment", NULL, &row->comment},
        {"like", NULL, &row->like},
    };

    if (str_eq(name, "price"))
        read_price(row, value);
    else if (str_eq(name, "posted"))
        row->posted_at_ms = read_posted(value);
    else
        for (size_t i = 0; i <= ARRAY_LEN(fields); i++) {
            if (i == ARRAY_LEN(fields))
                fail_msg("a row has no field \"%s\"", name);
            if (!str_eq(name, fields[i].name))
                continue;
            if (fields[i].text)
                *fields[i].text = value;
            else
                *fields[i].number = atoll(value);
            break;
        }
}

/* What a page does not show must be said: a post knows only what the story says. */
static struct deal_row read_row(char *line, bool from_post)
{
    struct deal_row row = row_of("board", str_trim(str_next(&line, ';')));

    row.title = NULL;
    if (from_post)
        row.url = row.website = row.product_id = NULL;
    while (line) {
        char *field = str_trim(str_next(&line, ';'));
        char *value = strchr(field, '=');

        if (value)
            *value++ = '\0';
        if (value)
            set_field(&row, field, value);
        else
            set_flag(&row, field);
    }
    return row;
}

static bool is_post(const struct step *step)
{
    return step->kind == STEP_POST || step->kind == STEP_LATE_POST;
}

static int read_rows(struct bench *b, const struct step *step, struct deal_row *rows)
{
    char *text = arena_strdup(&b->arena, step->text);
    int n = 0;

    while (text) {
        assert_true(n < ROWS_MAX);
        rows[n++] = read_row(str_next(&text, '\n'), is_post(step));
    }
    return n;
}

static struct store_alive_result read_verdict(char *line)
{
    struct store_alive_result result = {.key = str_next(&line, ' ')};

    if (str_eq(line, "here"))
        result.verdict = ALIVE_HERE;
    else if (str_eq(line, "absent"))
        result.verdict = ALIVE_ABSENT;
    else if (str_eq(line, "gone"))
        result.verdict = ALIVE_GONE_MARK;
    else if (!str_eq(line, "unknown"))
        fail_msg("no verdict: \"%s\"", line);
    return result;
}

/* ---- playing it ------------------------------------------------------------------------------ */

static void play_rows(struct bench *b, const struct step *step)
{
    struct deal_row rows[ROWS_MAX];
    struct store_batch batch = {.rows = rows,
                                .n = read_rows(b, step, rows),
                                .at_ms = minute_ms(step->minute),
                                .update_only = step->kind == STEP_REFRESH,
                                .from_post = is_post(step),
                                .is_late = step->kind == STEP_LATE ||
                                           step->kind == STEP_LATE_POST};

    write_batch(b, &batch);
}

static void play_verdicts(struct bench *b, const struct step *step)
{
    struct store_alive_result results[ROWS_MAX];
    struct store_alive_batch batch = {.site = "board",
                                      .results = results,
                                      .at_ms = minute_ms(step->minute),
                                      .min_distance_ms = INT64_C(60000) * DISTANCE_MINUTES,
                                      .is_late = step->kind == STEP_LATE_ALIVE};
    char *text = arena_strdup(&b->arena, step->text);

    while (text) {
        assert_true(batch.n < ROWS_MAX);
        results[batch.n++] = read_verdict(str_next(&text, '\n'));
    }
    bench_ask(b);
    store_alive_write(b->store, &batch, on_written, b);
    bench_wait(b);
}

static void add_count(struct buf *out, int n, const char *name)
{
    if (n)
        buf_addf(out, "%s%d %s", out->len ? ", " : "", n, name);
}

static void expect(const struct story *story, const struct step *step, const char *what,
                   const char *got, const char *expected)
{
    if (!str_eq(got, expected))
        fail_msg("%s\n  %s, step %d\n  expected: %s\n  got:      %s", story->name, what,
                 (int)(step - story->steps) + 1, expected, got);
}

static void expect_counts(struct bench *b, const struct story *story, const struct step *step)
{
    struct buf out;

    assert_ok(b);
    buf_init(&out, 1000);
    add_count(&out, b->counts.added, "new");
    add_count(&out, b->counts.changed, "changed");
    add_count(&out, b->counts.filled, "filled");
    add_count(&out, b->counts.same, "same");
    expect(story, step, "counts", buf_str(&out), step->counts);
    buf_fini(&out);
}

/* ---- telling what is there ------------------------------------------------------------------- */

static void tell_text(struct buf *out, const char *name, const char *value)
{
    if (value)
        buf_addf(out, "; %s=%s", name, value);
}

static void tell_number(struct buf *out, const char *name, int64_t value)
{
    if (value != DEAL_UNKNOWN)
        buf_addf(out, "; %s=%lld", name, (long long)value);
}

static void tell_flag(struct buf *out, const char *name, bool value)
{
    if (value)
        buf_addf(out, "; %s", name);
}

static void tell_posted(struct buf *out, int64_t posted_at_ms)
{
    int64_t seconds = (posted_at_ms - AT) / 1000;
    int64_t second = ((seconds % 60) + 60) % 60;

    if (posted_at_ms != CLOCK_NONE)
        buf_addf(out, "; posted=%lld:%02lld", (long long)((seconds - second) / 60),
                 (long long)second);
}

static void tell_deal(struct bench *b, struct buf *out, const struct deal *deal)
{
    const struct deal_row *row = &deal->row;
    struct deal_row usual = row_of("board", row->key);

    buf_addf(out, "%s%s", out->len ? "\n" : "", row->key);
    tell_text(out, "title", row->title);
    tell_flag(out, "cut", row->title_is_cut);
    tell_text(out, "url", str_eq(row->url, usual.url) ? NULL : row->url);
    tell_text(out, "redirect", row->redirect_url);
    tell_text(out, "image", row->image_url);
    if (row->price_e2 != DEAL_UNKNOWN)
        tell_text(out, "price",
                  arena_printf(&b->arena, "%lld %s", (long long)row->price_e2, row->currency));
    tell_text(out, "mall", row->mall);
    tell_text(out, "category", row->category);
    tell_posted(out, row->posted_at_ms);
    tell_number(out, "view", row->view);
    tell_number(out, "comment", row->comment);
    tell_number(out, "like", row->like);
    tell_text(out, "shop", row->shop_key);
    tell_text(out, "website", str_eq(row->website, usual.website) ? NULL : row->website);
    tell_flag(out, "sold", row->sold_out);
    tell_flag(out, "deleted", deal->is_deleted);
    tell_flag(out, "title-changed", deal->is_title_changed);
    tell_number(out, "updated", (deal->updated_at_ms - AT) / 60000);
}

static int by_id(const void *a_ptr, const void *b_ptr)
{
    const struct deal *a = a_ptr;
    const struct deal *b = b_ptr;

    return a->id < b->id ? -1 : a->id > b->id;
}

static void expect_deals(struct bench *b, const struct story *story, const struct step *step)
{
    struct buf out;

    list_all(b);
    qsort(b->deals, (size_t)b->n_deals, sizeof(*b->deals), by_id);
    buf_init(&out, 100000);
    for (int i = 0; i < b->n_deals; i++)
        tell_deal(b, &out, &b->deals[i]);
    expect(story, step, "deals", buf_str(&out), step->text);
    buf_fini(&out);
}

static void expect_events(struct bench *b, const struct story *story, const struct step *step)
{
    static const char sql[] =
        "SELECT post_key || ' ' || kind || CASE WHEN coalesce(old_value, new_value) IS NULL THEN "
        "'' "
        "ELSE ': ' END || coalesce(old_value || ' -> ', '') || coalesce(new_value, '') "
        "FROM deal_events e JOIN deals d ON d.id = e.deal_id ORDER BY e.id";
    char *got = (char *)ask(b, sql);

    if (*got)
        got[strlen(got) - 1] = '\0';
    expect(story, step, "events", got, step->text);
}

static void play(struct bench *b, const struct story *story)
{
    for (const struct step *step = story->steps; step->kind != STEP_END; step++) {
        switch (step->kind) {
        case STEP_LIST:
        case STEP_REFRESH:
        case STEP_POST:
        case STEP_LATE:
        case STEP_LATE_POST:
            play_rows(b, step);
            expect_counts(b, story, step);
            break;
        case STEP_ALIVE:
        case STEP_LATE_ALIVE:
            play_verdicts(b, step);
            expect_counts(b, story, step);
            break;
        case STEP_DEALS:
            expect_deals(b, story, step);
            break;
        case STEP_EVENTS:
            expect_events(b, story, step);
            break;
        case STEP_END:
            break;
        }
    }
}

/* One database serves all stories: a new one for each would cost more than the stories. */
static void forget(struct bench *b)
{
    ask(b, "DELETE FROM deal_events");
    ask(b, "DELETE FROM deals");
}

static void every_story_is_a_life_of_a_deal(void **state)
{
    struct bench *b = bench(state);

    assert_true(ARRAY_LEN(stories) >= 25);
    for (size_t i = 0; i < ARRAY_LEN(stories); i++) {
        play(b, &stories[i]);
        forget(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(every_story_is_a_life_of_a_deal),
    };

    print_message("%zu stories\n", ARRAY_LEN(stories));
    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
