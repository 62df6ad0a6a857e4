/* SPDX-License-Identifier: MIT */
/* fuzz_api_params.c - a request's target, its parameters, filters and cursors; text folded and escaped. */
#include "fuzz.h"
#include "api/cursor.h"
#include "api/filters.h"
#include "api/params.h"
#include "api/xml.h"
#include "base/buf.h"
#include "base/str.h"
#include "db/fold.h"

#include <string.h>

/* Written out again, the parameters are the same. */
static void check_rewritten(const struct params *params, struct arena *arena)
{
    struct params again;
    struct buf target;
    struct err err;

    buf_init(&target, BUF_MAX_DEFAULT);
    buf_adds(&target, "/x");
    for (size_t i = 0; i < params->n; i++) {
        buf_adds(&target, i ? "&&" : "?");
        buf_add_urlenc(&target, params->items[i].name);
        buf_addc(&target, '=');
        buf_add_urlenc(&target, params->items[i].value);
    }
    check(params_parse(&again, arena, buf_str(&target), &err) == 0 && again.n == params->n);
    for (size_t i = 0; i < params->n; i++) {
        check(str_eq(again.items[i].name, params->items[i].name));
        check(str_eq(again.items[i].value, params->items[i].value));
    }
    buf_fini(&target);
}

static void check_typed(struct params *params)
{
    static const char *const known[] = {"limit", "since", "cursor"};
    int64_t limit = 20, since = 0;
    struct cursor cursor;
    struct err err;

    if (params_only(params, known, ARRAY_LEN(known), &err) == 0)
        check(params->n <= ARRAY_LEN(known));
    else
        check(*err.text && strlen(params->wrong) < sizeof(params->wrong));
    if (params_int(params, "limit", 1, 100, &limit, &err) < 0)
        check(str_eq(params->wrong, "limit") && limit == 20);
    check(limit >= 1 && limit <= 100);
    if (params_time(params, "since", NULL, &since, &err) < 0)
        check(str_eq(params->wrong, "since") && since == 0);
    check(since >= INT64_C(-62167305600000) &&
          since <= INT64_C(253402387200000)); /* years 0 to 9999 and a day */
    if (params_get(params, "cursor") && cursor_parse(params_get(params, "cursor"), &cursor)) {
        char text[CURSOR_CHARS + 1];

        cursor_format(&cursor, text);
        check(cursor.id >= 0 && str_eq(text, params_get(params, "cursor")));
    }
}

/* Filters that were accepted, written out as a feed's address and read again, choose the same deals. */
static void check_filters(struct params *params, struct arena *arena)
{
    struct filters filters, again;
    struct params rewritten;
    struct err err;

    if (filters_parse(&filters, params, arena, NULL, &err) < 0) {
        check(*params->wrong && *err.text);
        return;
    }
    check(params_parse(&rewritten, arena, arena_printf(arena, "/f%s", filters_query(&filters, arena)), &err) == 0);
    check(filters_parse(&again, &rewritten, arena, NULL, &err) == 0);
    check(str_eq(filters_key(&filters, arena), filters_key(&again, arena)));
}

/* Nothing of the text ends an element, an attribute or the document. */
static void check_xml(const char *text)
{
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    xml_add(&out, text);
    check(str_utf8_valid(buf_str(&out), out.len) && !strpbrk(buf_str(&out), "<>\"'\r\x01\x0b\x1f"));
    for (const char *at = buf_str(&out); (at = strchr(at, '&')); at++)
        check(str_starts(at, "&amp;") || str_starts(at, "&lt;") || str_starts(at, "&gt;") ||
              str_starts(at, "&quot;") || str_starts(at, "&#39;"));
    buf_fini(&out);
}

/* A folded text is folded: what was found once is found by what is stored. */
static void check_fold(const char *text, struct arena *arena)
{
    char *folded = fold_text(arena, text);

    check(str_utf8_valid(folded, strlen(folded)) && str_eq(fold_text(arena, folded), folded));
}

static void check_cursor(const uint8_t *data, size_t size)
{
    struct cursor cursor = {0}, again;
    char text[CURSOR_CHARS + 1];

    if (size < sizeof(cursor))
        return;
    memcpy(&cursor, data, sizeof(cursor));
    cursor_format(&cursor, text);
    check(strlen(text) == CURSOR_CHARS && cursor_parse(text, &again) == (cursor.id >= 0));
    check(cursor.id < 0 || (again.id == cursor.id && again.sort_at_ms == cursor.sort_at_ms));
    text[data[0] % CURSOR_CHARS] ^= 1;
    check(!cursor_parse(text, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *target = fuzz_text(data, size);
    struct arena arena;
    struct params params;
    struct err err;

    arena_init(&arena);
    if (params_parse(&params, &arena, target, &err) == 0) {
        check(params.n <= PARAMS_MAX && str_utf8_valid(params.path, strlen(params.path)));
        check_rewritten(&params, &arena);
        check_typed(&params);
        check_filters(&params, &arena);
    } else {
        check(err.code == ERR_USAGE && *err.text);
    }
    check_xml(target);
    if (str_utf8_valid(target, strlen(target)))
        check_fold(target, &arena);
    check_cursor(data, size);
    arena_fini(&arena);
    mem_free(target);
    return 0;
}
