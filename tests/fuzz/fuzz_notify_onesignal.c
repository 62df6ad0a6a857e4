/* SPDX-License-Identifier: MIT */
/* fuzz_notify_onesignal.c - what push services answer: the verdict fits the status, whatever the body says.
 *
 * Input: the status in two bytes, the body.
 */
#include "fuzz.h"
#include "base/str.h"
#include "notify/push_way.h"

#include <string.h>

static void check_texts(const struct push_answer *a)
{
    check(str_utf8_valid(a->text, strlen(a->text)) && strlen(a->text) < 400);
    check(a->n_gone >= 0 && a->n_gone <= PUSH_PLAYERS_MAX);
    for (int i = 0; i < a->n_gone; i++)
        check(a->gone[i] && str_utf8_valid(a->gone[i], strlen(a->gone[i])));
    check(!a->receipt || *a->receipt);
}

static void check_verdict(const struct push_way *way, long status, const struct push_answer *a)
{
    bool is_good = status >= 200 && status < 300;

    check(a->verdict != PUSH_TAKEN || (is_good && (way == &push_webhook || a->receipt)));
    check(a->verdict != PUSH_NOBODY || (is_good && way == &push_onesignal));
    check(a->verdict != PUSH_NEVER || (status >= 400 && status < 500));
    check(!a->is_trouble || a->verdict == PUSH_LATER);
    check(!a->is_refusal || a->is_trouble);
    /* What will be better by itself loses nothing. */
    if (status >= 500 || status == 429)
        check(a->verdict == PUSH_LATER && a->is_trouble);
    check((a->verdict == PUSH_TAKEN) == !*a->text || a->receipt);
}

static void read_by(const struct push_way *way, long status, const char *body, size_t len)
{
    struct push_account account = {.way = way};
    struct fetch_result result = {
        .status = status, .body = body, .body_len = len, .retry_after_ms = RETRY_AFTER_NONE};
    struct push_answer answer;
    struct arena arena;

    arena_init(&arena);
    push_answer_read(&account, &result, NULL, &arena, &answer);
    check_texts(&answer);
    check_verdict(way, status, &answer);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *body;

    if (size < 2)
        return 0;
    body = fuzz_bytes(data + 2, size - 2);
    for (int i = 0; i < 2; i++)
        read_by(i ? &push_onesignal : &push_webhook, 100 + (data[0] << 8 | data[1]) % 500, body,
                size - 2);
    mem_free(body);
    return 0;
}
