/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_spool.c - a file of the spool: frames, damage, payloads.
 *
 * Input: the file. Looking for frames always ends and stays inside; a whole frame is the same when it is
 * written again; a payload that is read reads the same when written again, and holds only what the store
 * takes without a failed check(): keys, moments in range, whole rows.
 */
#include "fuzz.h"
#include "base/str.h"
#include "crawl/spool_record.h"

#include <string.h>

static void write_record(struct buf *out, const struct spool_record *record)
{
    if (record->kind == SPOOL_DEALS)
        spool_write_deals(out, &record->u.deals);
    else if (record->kind == SPOOL_ALIVE)
        spool_write_alive(out, &record->u.alive);
    else
        spool_write_run(out, &record->u.run);
}

static void check_rows(const struct store_batch *batch)
{
    check(batch->n > 0 && batch->is_late && batch->at_ms != CLOCK_NONE);
    for (int i = 0; i < batch->n; i++) {
        const struct deal_row *row = &batch->rows[i];

        check(row->site && row->key);
        check(batch->from_post || row->gone ||
              (row->website && row->product_id && row->title && row->url));
    }
}

static void check_payload(const char *payload, size_t len)
{
    struct buf first, second;
    struct arena arena;
    struct spool_record record, again;
    char *text = fuzz_text((const uint8_t *)payload, len);
    struct err err;

    arena_init(&arena);
    buf_init(&first, BUF_MAX_DEFAULT);
    buf_init(&second, BUF_MAX_DEFAULT);
    if (spool_read(text, len, &arena, &record, &err) == 0) {
        if (record.kind == SPOOL_DEALS)
            check_rows(&record.u.deals);
        write_record(&first, &record);
        check(!memchr(first.data, '\n', first.len));
        buf_adds(&second, buf_str(&first));
        check(spool_read(second.data, second.len, &arena, &again, &err) == 0);
        buf_clear(&second);
        write_record(&second, &again);
        check(str_eq(buf_str(&first), buf_str(&second)));
    }
    buf_fini(&first);
    buf_fini(&second);
    arena_fini(&arena);
    mem_free(text);
}

static void check_frame(const char *bytes, const struct spool_frame *frame)
{
    struct spool_frame again;
    struct buf out;

    buf_init(&out, SPOOL_FRAME_MAX);
    spool_frame_write(&out, frame->site, frame->payload, frame->payload_len);
    check(out.len == frame->size);
    check(memcmp(out.data + SPOOL_STATE_AT + 1, bytes + SPOOL_STATE_AT + 1,
                 out.len - SPOOL_STATE_AT - 1) == 0);
    check(spool_frame_read(out.data, out.len - 1, &again) == SPOOL_TORN);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_bytes(data, size);
    struct spool_frame frame;

    /* A mutation rarely keeps the check: what follows a line's end is also a payload by itself. */
    for (size_t at = 0; at < size;) {
        const char *newline = memchr(bytes + at, '\n', size - at);
        size_t end = newline ? (size_t)(newline - bytes) : size;

        if (spool_frame_read(bytes + at, size - at, &frame) == SPOOL_WHOLE) {
            check(frame.size <= size - at && !memchr(frame.payload, '\n', frame.payload_len));
            check_frame(bytes + at, &frame);
        }
        if (end > at && bytes[at] == '{')
            check_payload(bytes + at, end - at);
        check(spool_frame_find(bytes, size, at) >= at);
        at = end + 1;
    }
    mem_free(bytes);
    return 0;
}
