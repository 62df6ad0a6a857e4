/* SPDX-License-Identifier: MIT */
/* fuzz_api_answers.c - what chooses the form of an answer, Accept-Encoding and If-None-Match, and answers as Redis
 * gives them.
 */
#include "fuzz.h"
#include "api/cache_shared.h"
#include "api/negotiate.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define TAG "0123456789abcdef01234567"

/* The first element that is gzip, by letters alone; 1 taken, 0 refused, -1 there is none. */
static int gzip_slowly(const char *text)
{
    char *copy = mem_strdup(text), *rest = copy, *item;
    int found = -1;

    while (found < 0 && (item = strsep(&rest, ","))) {
        char *weight;

        item += strspn(item, " \t");
        weight = item + strcspn(item, "; \t");
        if (weight - item != 4 || strncasecmp(item, "gzip", 4) != 0)
            continue;
        weight += strspn(weight, "; \t");
        found = 1;
        if (tolower(weight[0]) == 'q' && weight[1] == '=' && weight[2] == '0') {
            weight += 3 + strspn(weight + 3, ".0");
            found = *weight && !strchr("; \t", *weight);
        }
    }
    mem_free(copy);
    return found;
}

static void check_headers(const char *text)
{
    char *more = mem_printf("%s, \"" TAG "\"", text);
    bool is_named = negotiate_names(text, TAG);

    check(negotiate_takes_gzip(text) == (gzip_slowly(text) == 1));
    check(!is_named || str_eq(text, "*") || strstr(text, TAG));
    check(negotiate_names(more, TAG) && !negotiate_names(NULL, TAG));
    mem_free(more);
}

/* What is accepted is whole, and reads the same when written again. */
static void check_shared(const char *value, size_t len)
{
    struct cache_shared_answer first, second;
    struct buf again;

    if (!cache_shared_read(value, len, &first))
        return;
    check(first.body > value && first.body + first.len == value + len);
    buf_init(&again, BUF_MAX_DEFAULT);
    buf_addf(&again, "2 %lld %zu %s\n", (long long)first.made_ms, first.len, first.etag);
    buf_add(&again, first.body, first.len);
    check(cache_shared_read(buf_str(&again), again.len, &second));
    check(second.len == first.len && second.made_ms == first.made_ms &&
          str_eq(second.etag, first.etag));
    check(!cache_shared_read(buf_str(&again), again.len - 1, &second));
    buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    check_headers(text);
    check_shared(text, size);
    mem_free(text);
    return 0;
}
