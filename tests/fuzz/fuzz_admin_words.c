/* SPDX-License-Identifier: MIT */
/* fuzz_admin_words.c - lines of the console: what is accepted reads back the same when it is written
 * again, and its words hold no more than the line did.
 */
#include "fuzz.h"
#include "admin/words.h"
#include "base/str.h"

#include <string.h>

static void check_again(const struct words *words)
{
    struct words again;
    struct buf line;
    struct err err;

    buf_init(&line, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < words->n; i++) {
        if (i)
            buf_addc(&line, ' ');
        words_quote(&line, words->items[i]);
    }
    if (line.len <= WORDS_LINE_MAX) {
        check(words_split(&again, buf_str(&line), line.len, &err) == 0);
        check(again.n == words->n);
        for (size_t i = 0; i < again.n; i++)
            check(str_eq(again.items[i], words->items[i]));
        words_fini(&again);
    }
    buf_fini(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = fuzz_text(data, size);
    struct words words;
    struct err err;
    size_t len = 0;

    if (words_split(&words, line, size, &err) == 0) {
        check(words.n <= WORDS_MAX && !words.items[words.n]);
        for (size_t i = 0; i < words.n; i++)
            len += strlen(words.items[i]);
        check(len <= size);
        check_again(&words);
    } else {
        check(err.code == ERR_USAGE && *err.text);
    }
    words_fini(&words);
    mem_free(line);
    return 0;
}
