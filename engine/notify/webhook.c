/* SPDX-License-Identifier: MIT */
/* webhook.c - pushes to a service of the operator's own, in the form of Standard Webhooks:
 *
 *     {"type":"push.alarm","timestamp":"2026-11-22T13:05:00.000Z",
 *      "data":{"players":["..."],"headings":"...","contents":"..."}}
 *
 * with webhook-id, the same at each attempt, and signed where there is a key (signature.h). Any 2xx is "taken", whatever
 * its body.
 */
#include "base/clock.h"
#include "notify/push_way.h"

static bool takes(const char *player)
{
    (void)player;
    return true;
}

static void write_body(struct buf *body, const struct push_message *message)
{
    char at[CLOCK_RFC3339_BYTES];

    clock_format_utc_ms(message->created_at_ms, at);
    buf_addf(body,
             "{\"type\":\"push.%s\",\"timestamp\":\"%s\",\"data\":{\"players\":", message->kind,
             at);
    push_add_players(body, message);
    buf_adds(body, ",\"headings\":");
    buf_add_json(body, message->headings);
    buf_adds(body, ",\"contents\":");
    buf_add_json(body, message->contents);
    buf_adds(body, "}}");
}

static void post(const struct push_account *account, const struct push_message *message,
                 int64_t now_ms, struct arena *arena, struct push_post *out)
{
    char signature[SIGNATURE_TEXT_BYTES];
    int64_t at_s = now_ms / 1000;
    struct buf body;
    int n = 0;

    buf_init(&body, BUF_MAX_DEFAULT);
    write_body(&body, message);
    *out = (struct push_post){.body = arena_strndup(arena, buf_str(&body), body.len),
                              .body_len = body.len};
    buf_fini(&body);
    out->headers[n++] = "Content-Type: application/json";
    out->headers[n++] = arena_printf(arena, "webhook-id: %s", message->key);
    out->headers[n++] = arena_printf(arena, "webhook-timestamp: %lld", (long long)at_s);
    if (account->signature.len) {
        signature_make(&account->signature, message->key, at_s, out->body, out->body_len,
                       signature);
        out->headers[n++] = arena_printf(arena, "webhook-signature: %s", signature);
    }
}

static void read_body(long status, char *body, size_t len, struct arena *arena,
                      struct push_answer *out)
{
    (void)status, (void)body, (void)len, (void)arena, (void)out;
}

const struct push_way push_webhook = {
    .name = "webhook",
    .takes = takes,
    .post = post,
    .read = read_body,
};
