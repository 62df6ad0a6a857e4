/* SPDX-License-Identifier: MIT */
/* buf.h - a growing byte buffer that is born with a maximum.
 *
 * Past `max_bytes` nothing more is stored and buf_overflowed() tells; appends never fail otherwise.
 * `data` is always NUL-terminated (the NUL is not counted), or NULL while nothing was appended:
 * buf_str() gives "" then.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max_bytes;
    bool overflowed;
};

#define BUF_MAX_DEFAULT ((size_t)64 << 20)

void buf_init(struct buf *buf, size_t max_bytes);
void buf_fini(struct buf *buf);  /* frees; the buffer may be initialised again */
void buf_clear(struct buf *buf); /* empties, keeps the memory */

void buf_want(struct buf *buf, size_t extra); /* room for about as many bytes more, at once */
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_adds(struct buf *buf, const char *s);
void buf_addc(struct buf *buf, char c);
void buf_add_int(struct buf *buf, int64_t n); /* as %lld does, for what is printed often */
void buf_addf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vaddf(struct buf *buf, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/* Append `s` as a JSON string with its quotes (RFC 8259 section 7); NULL gives null.
 * Bytes that are not UTF-8 become U+FFFD; '<' is escaped as well, so that the result may stand in a
 * <script> element. */
void buf_add_json(struct buf *buf, const char *s);
void buf_add_json_n(struct buf *buf, const char *s, size_t len);

/* Append `s` percent-encoded for a URL query (RFC 3986 unreserved characters stay). */
void buf_add_urlenc(struct buf *buf, const char *s);

/* Drop the first n bytes. */
void buf_consume(struct buf *buf, size_t n);

const char *buf_str(const struct buf *buf);
char *buf_take(
    struct buf *buf); /* the bytes, owned by the caller (mem_free); the buffer is empty */

static inline bool buf_overflowed(const struct buf *buf)
{
    return buf->overflowed;
}

#endif
