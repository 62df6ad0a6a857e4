/* SPDX-License-Identifier: MIT */
/* fuzz_notify_keywords.c - keywords and a title, as users and boards write them; and hours of the day.
 *
 * Input: lines. The first is the title, the others are keywords, the n-th of user n % USERS; the last one is also read
 * as hours.
 */
#include "fuzz.h"
#include "base/str.h"
#include "db/fold.h"
#include "notify/hours.h"
#include "notify/keywords.h"

#include <string.h>

enum { USERS = 5, LINES_MAX = 200 };

/* Both ends are inside, what is a minute before the first is not, unless all are. */
static void check_hours(const char *text)
{
    const int64_t minute = 60000, day = 24 * 60 * minute;
    struct hours hours;
    struct err err;
    int n = 0;

    if (hours_parse(text, &hours, &err) < 0) {
        check(err.code == ERR_CONFIG && *err.text);
        return;
    }
    for (int64_t at = 0; at < day; at += minute)
        n += hours_contain(&hours, NULL, at);
    check(hours_contain(&hours, NULL, hours.from_minute * minute));
    check(hours_contain(&hours, NULL, hours.to_minute * minute + minute - 1));
    check(n == (hours.to_minute - hours.from_minute + 24 * 60) % (24 * 60) + 1);
}

/* The lowest keyword of each user, searched one by one. */
static void search(char *const *lines, int n, int64_t first_of[USERS])
{
    struct arena arena;
    const char *title;

    arena_init(&arena);
    title = fold_text(&arena, lines[0]);
    for (int i = n - 1; i > 0; i--) {
        const char *word = fold_text(&arena, lines[i]);

        if (*word && strstr(title, word))
            first_of[i % USERS] = i;
    }
    arena_fini(&arena);
}

static void check_match(char *const *lines, int n)
{
    struct keywords *keywords = keywords_new();
    struct keyword_hits hits = {0};
    int64_t first_of[USERS] = {0};
    size_t at = 0;

    for (int i = n - 1; i > 0; i--)
        keywords_add(keywords, i, i % USERS, lines[i]);
    keywords_build(keywords);
    keywords_match(keywords, lines[0], &hits);
    search(lines, n, first_of);
    for (int user = 0; user < USERS; user++) {
        if (!first_of[user])
            continue;
        check(at < hits.n && hits.items[at].user_id == user &&
              hits.items[at].word_id == first_of[user]);
        at++;
    }
    check(at == hits.n);
    keyword_hits_fini(&hits);
    keywords_free(&keywords);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *lines[LINES_MAX] = {text}, *end;
    bool is_utf8 = str_utf8_valid(text, strlen(text)); /* the store gives nothing else */
    int n = 1;

    for (; n < LINES_MAX && (end = strchr(lines[n - 1], '\n')); n++) {
        *end = '\0';
        lines[n] = end + 1;
    }
    check_hours(lines[n - 1]);
    if (is_utf8)
        check_match(lines, n);
    mem_free(text);
    return 0;
}
