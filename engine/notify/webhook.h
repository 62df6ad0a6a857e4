/* SPDX-License-Identifier: MIT */
/* webhook.h - what a webhook's receiver checks: the signature of Standard Webhooks (standardwebhooks.com).
 *
 *     webhook-id: ID                    the same at each attempt: by it a repetition is told
 *     webhook-timestamp: SECONDS        of the attempt; a receiver refuses old ones
 *     webhook-signature: v1,BASE64      HMAC-SHA256 of "ID.SECONDS.BODY"
 */
#ifndef NOTIFY_WEBHOOK_H
#define NOTIFY_WEBHOOK_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    WEBHOOK_KEY_MIN_BYTES = 24, /* as the standard asks for */
    WEBHOOK_KEY_MAX_BYTES = 64,
    WEBHOOK_SIGNATURE_BYTES = 48, /* with the NUL */
};

struct webhook_key {
    unsigned char bytes[WEBHOOK_KEY_MAX_BYTES];
    size_t len;
};

/* text: "whsec_" and the key's bytes as base64, or the key itself. ERR_CONFIG: of another length than
 * WEBHOOK_KEY_MIN_BYTES to WEBHOOK_KEY_MAX_BYTES, or no base64. The text of the error does not hold it. */
MUST_CHECK int webhook_key_read(const char *text, struct webhook_key *out, struct err *err);
void webhook_key_wipe(struct webhook_key *key);

void webhook_sign(const struct webhook_key *key, const char *id, int64_t at_s, const char *body,
                  size_t body_len, char out[WEBHOOK_SIGNATURE_BYTES]);

/* The headers of a signed JSON body, for base/fetch.h: NULL ends them. key NULL: not signed. at_ms: now. */
enum { WEBHOOK_HEADERS = 5 };
void webhook_headers(const struct webhook_key *key, const char *id, int64_t at_ms, const char *body,
                     size_t body_len, struct arena *arena, const char *out[WEBHOOK_HEADERS]);

#endif
