/* SPDX-License-Identifier: MIT */
/* frames.c - see frames.h. */
#include "fakechrome/frames.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

enum { MASKED = 0x80, MASK_BYTES = 4 };

void frame_add_head(struct buf *out, unsigned first, uint64_t len)
{
    unsigned char head[10] = {(unsigned char)first};
    size_t head_len = 2;

    if (len < 126) {
        head[1] = (unsigned char)len;
    } else {
        head[1] = len < 65536 ? 126 : 127;
        head_len = len < 65536 ? 4 : 10;
        for (size_t i = 2; i < head_len; i++)
            head[i] = (unsigned char)(len >> (8 * (head_len - 1 - i)));
    }
    buf_add(out, head, head_len);
}

void frame_add(struct buf *out, unsigned first, const void *bytes, size_t len)
{
    frame_add_head(out, first, len);
    buf_add(out, bytes, len);
}

bool frame_take(struct buf *in, struct frame *out)
{
    const unsigned char *at = (const unsigned char *)in->data;
    size_t head_len = 2, mask_len;
    uint64_t len;

    if (in->len < head_len)
        return false;
    mask_len = at[1] & MASKED ? MASK_BYTES : 0;
    len = at[1] & 0x7f;
    head_len += len == 126 ? 2 : len == 127 ? 8 : 0;
    if (in->len < head_len + mask_len)
        return false;
    if (head_len > 2)
        len = 0;
    for (size_t i = 2; i < head_len; i++)
        len = len << 8 | at[i];
    if (in->len - head_len - mask_len < len)
        return false;
    *out = (struct frame){
        .first = at[0], .masked = mask_len > 0, .payload = mem_alloc(len + 1), .len = len};
    for (size_t i = 0; i < len; i++)
        out->payload[i] =
            (char)(at[head_len + mask_len + i] ^ (mask_len ? at[head_len + i % MASK_BYTES] : 0));
    out->payload[len] = '\0';
    buf_consume(in, head_len + mask_len + len);
    return true;
}

void frame_add_handshake(struct buf *out, const char *key, size_t key_len)
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 section 1.3 */
    unsigned char digest[SHA_DIGEST_LENGTH], accept[64];
    char *both = mem_printf("%.*s%s", (int)key_len, key, magic);

    SHA1((const unsigned char *)both, strlen(both), digest);
    EVP_EncodeBlock(accept, digest, sizeof(digest));
    mem_free(both);
    buf_addf(out,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept);
}
