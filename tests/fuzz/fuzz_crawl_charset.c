/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_charset.c - a content type (first line) and a page's bytes: what comes out is UTF-8 that the
 * tree can be made of, UTF-8 stays as it is, and what the charset has comes back from it. */
#include "fuzz.h"
#include "base/str.h"
#include "base/utf8.h"
#include "crawl/charset.h"

#include <string.h>

static void check_way_back(const struct charset *charset, const struct buf *text)
{
    struct charset_encoder *encoder = charset_encoder_new(charset);

    for (size_t i = 0, n; encoder && i < text->len; i += n) {
        struct buf again;
        char bytes[8];
        size_t len;

        utf8_char(text->data + i, text->len - i, &n);
        len = charset_encode_char(encoder, text->data + i, n, bytes);
        check(len <= sizeof(bytes));
        buf_init(&again, 64);
        charset_decode(charset, bytes, len, &again);
        /* Tables of the far east have several codes for a few characters. */
        check(len == 0 || str_eq(buf_str(&again), "\xef\xbf\xbd") || again.len <= 4);
        check(len == 0 || !str_eq(charset->name, "euc-kr") || again.len == 0 ||
              (again.len == n && !memcmp(again.data, text->data + i, n)) ||
              str_eq(buf_str(&again), "\xef\xbf\xbd"));
        buf_fini(&again);
    }
    charset_encoder_free(&encoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = fuzz_text(data, size);
    size_t type_len = strcspn(copy, "\n");
    size_t skip = type_len < size ? type_len + 1 : size;
    char *bytes = fuzz_bytes(data + skip, size - skip);
    const struct charset *charset;
    struct err err = {0};
    struct buf text;

    copy[type_len] = '\0';
    charset = charset_of_page(bytes, size - skip, copy, &err);
    check(!charset == (*err.text != '\0'));
    buf_init(&text, BUF_MAX_DEFAULT);
    if (charset) {
        charset_decode(charset, bytes, size - skip, &text);
        check(str_utf8_valid(buf_str(&text), text.len));
        check(text.len <= 4 * (size - skip) + 4);
        if (str_eq(charset->name, "utf-8") && str_utf8_valid(bytes, size - skip) &&
            memcmp(bytes, "\xef\xbb\xbf", size - skip < 3 ? size - skip : 3) != 0)
            check(text.len == size - skip && !memcmp(text.data, bytes, text.len));
        check_way_back(charset, &text);
    }
    buf_fini(&text);
    mem_free(bytes);
    mem_free(copy);
    return 0;
}
