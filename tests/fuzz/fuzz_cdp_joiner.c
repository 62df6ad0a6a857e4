/* SPDX-License-Identifier: MIT */
/* fuzz_cdp_joiner.c - WebSocket fragments: what comes out is what a plain concatenation gives, up
 * to the cap.
 *
 * Input: pieces, each a byte (top bit: the message ends here; the rest: length) and its bytes.
 */
#include "fuzz.h"
#include "cdp/joiner.h"

#include <string.h>

enum { CAP_BYTES = 300, END_BIT = 0x80 };

struct model {
    char bytes[CAP_BYTES + END_BIT];
    size_t len;
};

/* The receiver may change the message, and keep it from coming back. */
static void take(struct joiner *joiner, struct model *model)
{
    struct buf message = joiner_take(joiner);

    check(message.len == model->len && memcmp(message.data, model->bytes, model->len) == 0);
    check(message.data[message.len] == '\0' && joiner->incoming.len == 0);
    memset(message.data, 'x', message.len);
    if (model->len % 2)
        joiner_give_back(joiner, &message);
    buf_fini(&message);
    model->len = 0;
}

/* False when the joiner gave up, as it must past the cap and only there. */
static bool add(struct joiner *joiner, struct model *model, const uint8_t *data, size_t size,
                bool is_end)
{
    enum joiner_result result = joiner_add(joiner, data, size, is_end);

    memcpy(model->bytes + model->len, data, size);
    model->len += size;
    check((result == JOINER_TOO_LONG) == (model->len > CAP_BYTES));
    if (result == JOINER_TOO_LONG)
        return false;
    check((result == JOINER_WHOLE) == (is_end && model->len > 0));
    if (result == JOINER_WHOLE)
        take(joiner, model);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model model = {.len = 0};
    struct joiner joiner;
    bool goes_on = true;

    joiner_init(&joiner, CAP_BYTES);
    while (size > 0 && goes_on) {
        bool is_end = data[0] & END_BIT;
        size_t len = data[0] & (END_BIT - 1);

        data++;
        size--;
        len = len < size ? len : size;
        goes_on = add(&joiner, &model, data, len, is_end);
        data += len;
        size -= len;
    }
    joiner_fini(&joiner);
    return 0;
}
