/* SPDX-License-Identifier: MIT */
/* signature.h - webhooks signed as Standard Webhooks do (standardwebhooks.com): HMAC-SHA256 over
 * "ID.TIMESTAMP.BODY", in the header webhook-signature beside webhook-id and webhook-timestamp.
 */
#ifndef NOTIFY_SIGNATURE_H
#define NOTIFY_SIGNATURE_H

#include "base/err.h"

#include <stdint.h>

struct signature_key {
    unsigned char bytes[128];
    size_t len; /* 0: none */
};

/* "whsec_" and base64, or any text: 16 to 128 bytes. key: of the configuration, for the message (ERR_CONFIG). */
MUST_CHECK int signature_key_from(const char *key, const char *secret, struct signature_key *out,
                                  struct err *err);

/* "v1," and base64. at_s: seconds since 1970, as in webhook-timestamp. */
enum { SIGNATURE_TEXT_BYTES = 48 };
void signature_make(const struct signature_key *key, const char *id, int64_t at_s, const char *body,
                    size_t body_len, char out[SIGNATURE_TEXT_BYTES]);

#endif
