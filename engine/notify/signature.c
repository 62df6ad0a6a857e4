/* SPDX-License-Identifier: MIT */
/* signature.c - see signature.h. */
#include "notify/signature.h"
#include "base/buf.h"
#include "base/str.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum { KEY_MIN_BYTES = 16, HASH_BYTES = 32 };

static const char mark[] = "whsec_";

/* -1: no base64, or too long. */
static int decode(const char *text, unsigned char *out, size_t room)
{
    size_t len = strlen(text);
    int n;

    if (len == 0 || len % 4 || len / 4 * 3 > room)
        return -1;
    n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
    for (size_t i = len; n > 0 && i > len - 2 && text[i - 1] == '='; i--)
        n--;
    return n;
}

int signature_key_from(const char *key, const char *secret, struct signature_key *out,
                       struct err *err)
{
    int n;

    *out = (struct signature_key){.len = 0};
    if (str_starts(secret, mark)) {
        n = decode(secret + strlen(mark), out->bytes, sizeof out->bytes);
    } else {
        n = strlen(secret) <= sizeof out->bytes ? (int)strlen(secret) : -1;
        if (n > 0)
            memcpy(out->bytes, secret, (size_t)n);
    }
    if (n < KEY_MIN_BYTES)
        return err_set(err, ERR_CONFIG, "%s: expected whsec_BASE64 or a text, %d to %zu bytes", key,
                       KEY_MIN_BYTES, sizeof out->bytes);
    out->len = (size_t)n;
    return 0;
}

void signature_make(const struct signature_key *key, const char *id, int64_t at_s, const char *body,
                    size_t body_len, char out[SIGNATURE_TEXT_BYTES])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    struct buf text;

    buf_init(&text, BUF_MAX_DEFAULT);
    buf_addf(&text, "%s.%lld.", id, (long long)at_s);
    buf_add(&text, body, body_len);
    check(HMAC(EVP_sha256(), key->bytes, (int)key->len, (const unsigned char *)text.data, text.len,
               hash, &n) &&
          n == HASH_BYTES);
    buf_fini(&text);
    strcpy(out, "v1,");
    EVP_EncodeBlock((unsigned char *)out + 3, hash, HASH_BYTES);
}
