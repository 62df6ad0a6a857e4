/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_render.c - a Retry-After header, and what is kept of reading a site without Chrome.
 *
 * Input: the header's value, a newline, the note. A note that was read is written the same each time,
 * within its bounds, and never suspects a page like those that it was learned from.
 */
#include "fuzz.h"
#include "base/retry_after.h"
#include "crawl/render_state.h"

#include <string.h>

static void check_retry_after(const char *value)
{
    static const int64_t now_ms = 1798761600000;
    int64_t wait_ms = retry_after_ms(value, now_ms);

    check(wait_ms >= RETRY_AFTER_NONE && wait_ms <= RETRY_AFTER_MAX_MS);
    check(retry_after_ms(value, now_ms + 1000) <= (wait_ms < 0 ? RETRY_AFTER_NONE : wait_ms) ||
          wait_ms == RETRY_AFTER_MAX_MS);
}

static void check_page(const struct render_state *state)
{
    struct extract_field fields[RENDER_FULL_MAX];
    struct row_set usual = {.n = state->rows > 0 ? state->rows : 0, .fields = fields};
    char why[RENDER_WHY_BYTES];

    for (int i = 0; i < state->n_full; i++)
        fields[usual.n_fields++] =
            (struct extract_field){.name = state->full[i], .matched = usual.n, .valued = usual.n};
    check(!render_state_suspects(state, &usual, why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *input = fuzz_text(data, size);
    char *note = strchr(input, '\n');
    struct render_state state, again;
    struct buf first, second, told;

    if (note)
        *note++ = '\0';
    check_retry_after(input);
    render_state_read(note ? note : input, "r", &state);
    check(state.phase < RENDER_PHASES && state.n_full <= RENDER_FULL_MAX);
    buf_init(&first, RENDER_STATE_MAX_BYTES);
    buf_init(&second, RENDER_STATE_MAX_BYTES);
    buf_init(&told, RENDER_STATE_MAX_BYTES);
    render_state_write(&state, "r", &first);
    check(!buf_overflowed(&first));
    render_state_read(buf_str(&first), "r", &again);
    render_state_write(&again, "r", &second);
    check(strcmp(buf_str(&first), buf_str(&second)) == 0);
    if (state.rows >= 0 && state.rows < 100000)
        check_page(&state);
    render_state_describe(&state, &told);
    buf_fini(&first);
    buf_fini(&second);
    buf_fini(&told);
    mem_free(input);
    return 0;
}
