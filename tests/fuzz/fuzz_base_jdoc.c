/* SPDX-License-Identifier: MIT */
/* fuzz_base_jdoc.c - JSON from Chrome: what is sound must be read, what is read must be whole. */
#include "fuzz.h"
#include "base/buf.h"
#include "base/jdoc.h"
#include "base/str.h"

#include <string.h>

static void check_sanitiser(const uint8_t *data, size_t size)
{
    char *once = fuzz_bytes(data, size);
    char *twice;

    jdoc_sanitise(once, size);
    check(size == 0 || !memchr(once, '\0', size));
    twice = fuzz_bytes((const uint8_t *)once, size);
    jdoc_sanitise(twice, size);
    check(memcmp(once, twice, size) == 0);
    mem_free(once);
    mem_free(twice);
}

/* What was written as JSON is read back the same. */
static void check_text(const char *text)
{
    struct jdoc *doc;
    struct buf json;
    struct err err;

    check(str_utf8_valid(text, strlen(text)));
    buf_init(&json, BUF_MAX_DEFAULT);
    buf_add_json(&json, text);
    check(fuzz_json_is_sound(json.data, json.len));
    check(jdoc_parse(json.data, json.len, &doc, &err) == 0);
    check(str_eq(jval_str(jdoc_root(doc), NULL), text));
    jdoc_free(&doc);
    buf_fini(&json);
}

static void walk(const struct jval *v, int depth)
{
    size_t n = 0;

    check(depth <= 64);
    if (jval_is_string(v))
        check_text(jval_str(v, ""));
    check(jval_num(v, 0) <= 0x1p63 || jval_int(v, 0) == INT64_MAX);
    for (const struct jval *child = jval_first(v); child; child = jval_next(child), n++) {
        check(!jval_is_object(v) || jval_get(v, jval_name(child)));
        walk(child, depth + 1);
    }
    check(jval_count(v) == n);
}

/* In an accepted text each \u has its four digits: cJSON takes "\uZZ" for a NUL and cuts the
 * string. */
static void check_escapes(const char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] != '\\')
            continue;
        if (text[++i] == 'u')
            check(len - i > 4 && strspn(text + i + 1, "0123456789abcdefABCDEF") >= 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_sound = fuzz_json_is_sound((const char *)data, size);
    char *text = fuzz_text(data, size);
    struct jdoc *doc;
    struct err err;
    int rc = jdoc_parse(text, size, &doc, &err);

    check_sanitiser(data, size);
    check(rc == 0 || !is_sound);
    check((rc == 0) == (doc != NULL));
    check(rc == 0 || (err.code == ERR_PROTOCOL && *err.text));
    if (rc == 0) {
        check_escapes(text, size);
        walk(jdoc_root(doc), 0);
    }
    jdoc_free(&doc);
    mem_free(text);
    return 0;
}
