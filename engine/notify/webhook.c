/* SPDX-License-Identifier: MIT */
/* webhook.c - see webhook.h; HMAC and base64 are OpenSSL's. */
#include "notify/webhook.h"
#include "base/buf.h"
#include "base/str.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define PREFIX "whsec_"

/* ---- keys ------------------------------------------------------------------------------------ */

static int bad_key(struct err *err, const char *why)
{
    return err_set(err, ERR_CONFIG, "a webhook's key: %s (openssl rand -base64 32 makes one, to be "
                                    "written behind " PREFIX ")", why);
}

/* OpenSSL answers whole groups of three: what '=' stood for is cut off. */
static int read_base64(const char *text, struct webhook_key *out, struct err *err)
{
    unsigned char bytes[WEBHOOK_KEY_MAX_BYTES + 6];
    size_t len = strlen(text);
    int n;

    if (len == 0 || len % 4 || len / 4 * 3 > sizeof(bytes))
        return bad_key(err, "expected base64 of 24 to 64 bytes");
    n = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len);
    for (size_t i = len; n > 0 && i > len - 2 && text[i - 1] == '='; i--)
        n--;
    if (n < WEBHOOK_KEY_MIN_BYTES || n > WEBHOOK_KEY_MAX_BYTES)
        return bad_key(err, n < 0 ? "no base64" : "expected base64 of 24 to 64 bytes");
    out->len = (size_t)n;
    memcpy(out->bytes, bytes, out->len);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return 0;
}

int webhook_key_read(const char *text, struct webhook_key *out, struct err *err)
{
    size_t len = strlen(text);

    memset(out, 0, sizeof(*out));
    if (str_starts(text, PREFIX))
        return read_base64(text + strlen(PREFIX), out, err);
    if (len < WEBHOOK_KEY_MIN_BYTES || len > WEBHOOK_KEY_MAX_BYTES)
        return bad_key(err, "expected 24 to 64 bytes");
    out->len = len;
    memcpy(out->bytes, text, len);
    return 0;
}

void webhook_key_wipe(struct webhook_key *key)
{
    OPENSSL_cleanse(key, sizeof(*key));
}

/* ---- signing --------------------------------------------------------------------------------- */

void webhook_sign(const struct webhook_key *key, const char *id, int64_t at_s, const char *body,
                  size_t body_len, char out[WEBHOOK_SIGNATURE_BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    struct buf whole;

    buf_init(&whole, BUF_MAX_DEFAULT);
    buf_addf(&whole, "%s.%lld.", id, (long long)at_s);
    buf_add(&whole, body, body_len);
    check(HMAC(EVP_sha256(), key->bytes, (int)key->len, (const unsigned char *)buf_str(&whole),
               whole.len, digest, &digest_len));
    buf_fini(&whole);
    memcpy(out, "v1,", 3);
    check(3 + EVP_EncodeBlock((unsigned char *)out + 3, digest, (int)digest_len) <
          WEBHOOK_SIGNATURE_BYTES);
}

void webhook_headers(const struct webhook_key *key, const char *id, int64_t at_ms, const char *body,
                     size_t body_len, struct arena *arena, const char *out[WEBHOOK_HEADERS])
{
    char signature[WEBHOOK_SIGNATURE_BYTES];
    int64_t at_s = at_ms / 1000;
    int n = 0;

    out[n++] = "Content-Type: application/json";
    out[n++] = arena_printf(arena, "webhook-id: %s", id);
    out[n++] = arena_printf(arena, "webhook-timestamp: %lld", (long long)at_s);
    if (key) {
        webhook_sign(key, id, at_s, body, body_len, signature);
        out[n++] = arena_printf(arena, "webhook-signature: %s", signature);
    }
    out[n] = NULL;
}
