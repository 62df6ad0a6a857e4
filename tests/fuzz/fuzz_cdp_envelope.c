/* SPDX-License-Identifier: MIT */
/* fuzz_cdp_envelope.c - a message's outside: every sound object is read, and spans lie in the
 * message. */
#include "fuzz.h"
#include "base/buf.h"
#include "cdp/envelope.h"

#include <string.h>

static void check_inside(const struct span *span, const char *text, size_t size)
{
    if (!span->at) {
        check(span->len == 0);
        return;
    }
    check(span->at > text && span->len < size);
    check(span->at + span->len < text + size);
}

static bool is_quoted(const struct span *span)
{
    return span->at[-1] == '"' && span->at[span->len] == '"';
}

static void check_payload(const struct span *span)
{
    if (span->at && !is_quoted(span))
        check(fuzz_json_is_sound(span->at, span->len));
}

static void add_member(struct buf *out, const char *name, const struct span *span)
{
    const char *quote = span->at && is_quoted(span) ? "\"" : "";

    if (!span->at)
        return;
    buf_addf(out, "%s\"%s\":%s", out->len > 1 ? " , " : "", name, quote);
    buf_add(out, span->at, span->len);
    buf_adds(out, quote);
}

static bool same(const struct span *a, const struct span *b)
{
    return !a->at == !b->at && a->len == b->len && (!a->at || memcmp(a->at, b->at, a->len) == 0);
}

/* The same members in another order and with other blanks are the same envelope. */
static void check_rewritten(const struct envelope *envelope)
{
    struct envelope again;
    struct buf text;

    buf_init(&text, BUF_MAX_DEFAULT);
    buf_addc(&text, '{');
    if (envelope->has_id)
        buf_addf(&text, "\"id\":%lld", (long long)envelope->id);
    add_member(&text, "error", &envelope->error);
    add_member(&text, "result", &envelope->result);
    add_member(&text, "params", &envelope->params);
    add_member(&text, "sessionId", &envelope->session_id);
    add_member(&text, "method", &envelope->method);
    buf_adds(&text, "}\n");
    check(envelope_read(text.data, text.len, &again) == 0);
    check(again.has_id == envelope->has_id && (!again.has_id || again.id == envelope->id));
    check(same(&again.method, &envelope->method) && same(&again.session_id, &envelope->session_id));
    check(same(&again.params, &envelope->params) && same(&again.result, &envelope->result));
    check(same(&again.error, &envelope->error));
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_bytes(data, size);
    bool is_sound = size && text[0] == '{' && fuzz_json_is_sound(text, size);
    struct envelope envelope;
    int rc = envelope_read(text, size, &envelope);

    check(size == 0 || memcmp(text, data, size) == 0);
    check(rc == 0 || !is_sound);
    if (rc == 0) {
        check(!envelope.has_id || envelope.id >= 0);
        check_inside(&envelope.method, text, size);
        check_inside(&envelope.session_id, text, size);
        check_inside(&envelope.params, text, size);
        check_inside(&envelope.result, text, size);
        check_inside(&envelope.error, text, size);
        check_rewritten(&envelope);
    }
    if (is_sound) {
        check_payload(&envelope.params);
        check_payload(&envelope.result);
        check_payload(&envelope.error);
    }
    mem_free(text);
    return 0;
}
