/* SPDX-License-Identifier: MIT */
/* charset.c - which charset (WHATWG HTML 13.2.3.2, as far as boards need it), and iconv with the
 * standard's way with errors. */
#include "crawl/charset.h"

#include "base/str.h"
#include "base/utf8.h"
#include "crawl/html_scan.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <stdint.h>
#include <strings.h>

/* What a byte that begins nothing known becomes. */
enum gaps {
    GAPS_BAD,   /* U+FFFD */
    GAPS_C1,    /* the control character of its number (windows-1252) */
    GAPS_DOUBLE /* U+FFFD; takes the next byte with it unless that is ASCII (EUC-KR, Big5 ...) */
};

struct kind {
    struct charset charset;
    enum gaps gaps;
};

enum { UTF8, UTF16LE, UTF16BE, EUC_KR, WINDOWS_1252 };

static const struct kind kinds[] = {
    [UTF8] = {{"utf-8", NULL}, GAPS_BAD},
    [UTF16LE] = {{"utf-16le", "UTF-16LE"}, GAPS_DOUBLE},
    [UTF16BE] = {{"utf-16be", "UTF-16BE"}, GAPS_DOUBLE},
    [EUC_KR] = {{"euc-kr", "UHC"}, GAPS_DOUBLE},
    [WINDOWS_1252] = {{"windows-1252", "CP1252"}, GAPS_C1},
    {{"shift_jis", "CP932"}, GAPS_DOUBLE},
    {{"euc-jp", "EUC-JP-MS"}, GAPS_DOUBLE},
    {{"gbk", "GB18030"}, GAPS_DOUBLE},
    {{"big5", "BIG5-HKSCS"}, GAPS_DOUBLE},
    {{"iso-8859-2", "ISO-8859-2"}, GAPS_BAD},
    {{"iso-8859-15", "ISO-8859-15"}, GAPS_BAD},
    {{"windows-1250", "CP1250"}, GAPS_C1},
    {{"windows-1251", "CP1251"}, GAPS_C1},
    {{"windows-1253", "CP1253"}, GAPS_BAD},
    {{"windows-1254", "CP1254"}, GAPS_C1},
    {{"windows-1257", "CP1257"}, GAPS_BAD},
    {{"koi8-r", "KOI8-R"}, GAPS_BAD},
};

/* Label, and the charset it means. */
static const char *const labels[][2] = {
    {"utf-8", "utf-8"},
    {"utf8", "utf-8"},
    {"unicode-1-1-utf-8", "utf-8"},
    {"utf-16", "utf-16le"},
    {"utf-16le", "utf-16le"},
    {"utf-16be", "utf-16be"},
    {"euc-kr", "euc-kr"},
    {"cseuckr", "euc-kr"},
    {"csksc56011987", "euc-kr"},
    {"iso-ir-149", "euc-kr"},
    {"korean", "euc-kr"},
    {"ks_c_5601-1987", "euc-kr"},
    {"ks_c_5601-1989", "euc-kr"},
    {"ksc5601", "euc-kr"},
    {"ksc_5601", "euc-kr"},
    {"windows-949", "euc-kr"},
    {"cp949", "euc-kr"},
    {"ms949", "euc-kr"},
    {"uhc", "euc-kr"},
    {"windows-1252", "windows-1252"},
    {"cp1252", "windows-1252"},
    {"x-cp1252", "windows-1252"},
    {"iso-8859-1", "windows-1252"},
    {"iso8859-1", "windows-1252"},
    {"iso_8859-1", "windows-1252"},
    {"latin1", "windows-1252"},
    {"l1", "windows-1252"},
    {"us-ascii", "windows-1252"},
    {"ascii", "windows-1252"},
    {"shift_jis", "shift_jis"},
    {"shift-jis", "shift_jis"},
    {"sjis", "shift_jis"},
    {"x-sjis", "shift_jis"},
    {"windows-31j", "shift_jis"},
    {"ms_kanji", "shift_jis"},
    {"euc-jp", "euc-jp"},
    {"x-euc-jp", "euc-jp"},
    {"gbk", "gbk"},
    {"x-gbk", "gbk"},
    {"gb2312", "gbk"},
    {"gb_2312-80", "gbk"},
    {"chinese", "gbk"},
    {"gb18030", "gbk"},
    {"big5", "big5"},
    {"big5-hkscs", "big5"},
    {"iso-8859-2", "iso-8859-2"},
    {"latin2", "iso-8859-2"},
    {"iso-8859-15", "iso-8859-15"},
    {"windows-1250", "windows-1250"},
    {"windows-1251", "windows-1251"},
    {"windows-1253", "windows-1253"},
    {"windows-1254", "windows-1254"},
    {"iso-8859-9", "windows-1254"},
    {"latin5", "windows-1254"},
    {"windows-1257", "windows-1257"},
    {"koi8-r", "koi8-r"},
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static const struct charset *charset_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(kinds[i].charset.name, name))
            return &kinds[i].charset;
    return NULL;
}

const struct charset *charset_by_label(const char *label, size_t len)
{
    while (len > 0 && is_space(*label)) {
        label++;
        len--;
    }
    while (len > 0 && is_space(label[len - 1]))
        len--;
    for (size_t i = 0; i < ARRAY_LEN(labels); i++)
        if (strlen(labels[i][0]) == len && !strncasecmp(labels[i][0], label, len))
            return charset_named(labels[i][1]);
    return NULL;
}

/* ---- which ---- */

static const struct charset *by_mark(const char *bytes, size_t len)
{
    if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
        return &kinds[UTF8].charset;
    if (len >= 2 && !memcmp(bytes, "\xff\xfe", 2))
        return &kinds[UTF16LE].charset;
    if (len >= 2 && !memcmp(bytes, "\xfe\xff", 2))
        return &kinds[UTF16BE].charset;
    return NULL;
}

/* The value of "charset=" in a content type (HTML standard, "extracting a character encoding from a
 * meta element"; of a header too). Its length, or 0. */
static size_t charset_parameter(const char *text, size_t len, const char **value)
{
    static const char word[] = "charset";

    for (size_t i = 0; i + strlen(word) <= len; i++) {
        size_t end;

        if (strncasecmp(text + i, word, strlen(word)) != 0)
            continue;
        i += strlen(word);
        while (i < len && is_space(text[i]))
            i++;
        if (i >= len || text[i] != '=') {
            i--;
            continue;
        }
        for (i++; i < len && is_space(text[i]);)
            i++;
        if (i < len && (text[i] == '"' || text[i] == '\'')) {
            const char *close = memchr(text + i + 1, text[i], len - i - 1);

            *value = text + i + 1;
            return close ? (size_t)(close - *value) : 0;
        }
        for (end = i; end < len && !is_space(text[end]) && text[end] != ';';)
            end++;
        *value = text + i;
        return end - i;
    }
    return 0;
}

struct told {
    const char *label;
    size_t len;
};

/* What a meta element says; .len 0: nothing. */
static struct told told_by_meta(const struct html_scan *scan, const struct html_tag *tag)
{
    struct html_scan_attr attr;
    struct told direct = {0}, content = {0};
    bool is_type = false, has_charset = false;
    size_t at = 0;

    while (html_scan_attr(scan, tag, &at, &attr)) {
        if (attr.name_len == 7 && !strncasecmp(attr.name, "charset", 7) && !has_charset) {
            direct = (struct told){attr.value, attr.value_len};
            has_charset = true;
        } else if (attr.name_len == 7 && !strncasecmp(attr.name, "content", 7) && !content.label) {
            content.label = attr.value;
            content.len = attr.value_len;
        } else if (attr.name_len == 10 && !strncasecmp(attr.name, "http-equiv", 10)) {
            is_type |= attr.value_len == 12 && !strncasecmp(attr.value, "content-type", 12);
        }
    }
    if (direct.len > 0)
        return direct;
    if (is_type && content.label)
        content.len = charset_parameter(content.label, content.len, &content.label);
    else
        content.len = 0;
    return content;
}

static bool belongs_in_head(const struct html_scan *scan, const struct html_tag *tag)
{
    static const char *const names[] = {"script", "noscript", "style", "link", "meta",
                                        "object", "title",    "base",  "html", "head"};

    if (tag->is_end)
        return !html_scan_is(scan, tag, "head");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (html_scan_is(scan, tag, names[i]))
            return true;
    return false;
}

/* As Chrome looks: the first 1,024 bytes whatever is there, and on to the end of the head. */
static const struct charset *by_meta(const char *bytes, size_t len, struct err *err)
{
    enum { LOOKED_AT_ANYHOW = 1024 };
    struct html_scan scan;
    struct html_tag tag;
    bool in_head = true;

    html_scan_init(&scan, bytes, len);
    while (html_scan_next(&scan, &tag)) {
        struct told told = {0};
        const struct charset *charset;

        if (!tag.is_end && html_scan_is(&scan, &tag, "meta"))
            told = told_by_meta(&scan, &tag);
        charset = charset_by_label(told.label, told.len);
        if (told.len > 0 && !charset) {
            err_set(err, ERR_PROTOCOL, "charset \"%.*s\" is not known here",
                    (int)(told.len < 40 ? told.len : 40), told.label);
            return NULL;
        }
        if (charset)
            return str_starts(charset->name, "utf-16") ? &kinds[UTF8].charset : charset;
        in_head = in_head && belongs_in_head(&scan, &tag);
        if (!in_head && tag.end >= LOOKED_AT_ANYHOW)
            break;
    }
    return &kinds[UTF8].charset;
}

const struct charset *charset_of_page(const char *bytes, size_t len, const char *content_type,
                                      struct err *err)
{
    const struct charset *charset = by_mark(bytes, len);
    const char *label;
    size_t label_len;

    if (charset)
        return charset;
    label_len = content_type ? charset_parameter(content_type, strlen(content_type), &label) : 0;
    if (label_len > 0 && (charset = charset_by_label(label, label_len)))
        return charset;
    if (label_len > 0) {
        err_set(err, ERR_PROTOCOL, "charset \"%.*s\" is not known here",
                (int)(label_len < 40 ? label_len : 40), label);
        return NULL;
    }
    return by_meta(bytes, len, err);
}

/* ---- conversion ---- */

#define REPLACEMENT "\xef\xbf\xbd"

/* One error at `s`: what it becomes, and how many bytes it takes. */
static size_t decode_error(enum gaps gaps, const char *s, size_t len, struct buf *out)
{
    unsigned char c = (unsigned char)*s;

    if (gaps == GAPS_C1 && c >= 0x80 && c < 0xa0) {
        char c1[2] = {(char)0xc2, (char)c};

        buf_add(out, c1, 2);
        return 1;
    }
    buf_adds(out, REPLACEMENT);
    if (gaps != GAPS_DOUBLE || len < 2 || c == 0x80 || c == 0xff)
        return 1;
    return (unsigned char)s[1] >= 0x80 ? 2 : 1;
}

/* At 0xA2E8, which code page 949 leaves empty, glibc's iconv fails only behind both bytes. */
static bool is_late(const struct kind *kind, const char *from, const char *at)
{
    return kind == &kinds[EUC_KR] && at - from >= 2 && !memcmp(at - 2, "\xa2\xe8", 2);
}

static void decode_iconv(const struct kind *kind, const char *bytes, size_t len, struct buf *out)
{
    iconv_t cd = iconv_open("UTF-8", kind->charset.iconv);
    char *in = (char *)(uintptr_t)bytes;

    check(cd != (iconv_t)-1);
    while (len > 0) {
        char chunk[4096];
        char *to = chunk;
        const char *from = in;
        size_t room = sizeof(chunk);
        size_t result = iconv(cd, &in, &len, &to, &room);
        int why = result == (size_t)-1 ? errno : 0;

        buf_add(out, chunk, sizeof(chunk) - room);
        if (why == EILSEQ && is_late(kind, from, in)) {
            buf_adds(out, REPLACEMENT);
        } else if (why == EILSEQ || why == EINVAL) {
            size_t n = decode_error(kind->gaps, in, len, out);

            in += n;
            len -= n;
            iconv(cd, NULL, NULL, NULL, NULL);
        }
    }
    iconv_close(cd);
}

void charset_decode(const struct charset *charset, const char *bytes, size_t len, struct buf *out)
{
    const struct kind *kind = container_of(charset, struct kind, charset);
    size_t mark_len = kind == &kinds[UTF8] ? 3 : 2;

    if (by_mark(bytes, len) == charset) {
        bytes += mark_len;
        len -= mark_len;
    }
    if (kind == &kinds[UTF8])
        utf8_add_lossy(out, bytes, len);
    else
        decode_iconv(kind, bytes, len, out);
}

/* ---- the way back ---- */

struct charset_encoder {
    iconv_t cd;
};

struct charset_encoder *charset_encoder_new(const struct charset *charset)
{
    struct charset_encoder *encoder;

    if (str_starts(charset->name, "utf-"))
        return NULL;
    encoder = mem_new(struct charset_encoder);
    encoder->cd = iconv_open(charset->iconv, "UTF-8");
    check(encoder->cd != (iconv_t)-1);
    return encoder;
}

void charset_encoder_free(struct charset_encoder **encoder)
{
    if (!*encoder)
        return;
    iconv_close((*encoder)->cd);
    mem_free(*encoder);
    *encoder = NULL;
}

size_t charset_encode_char(struct charset_encoder *encoder, const char *utf8, size_t len,
                           char out[8])
{
    char *in = (char *)(uintptr_t)utf8;
    char *to = out;
    size_t room = 8;

    iconv(encoder->cd, NULL, NULL, NULL, NULL);
    if (iconv(encoder->cd, &in, &len, &to, &room) != 0 || len > 0)
        return 0;
    return 8 - room;
}
