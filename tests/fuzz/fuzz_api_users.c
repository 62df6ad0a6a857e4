/* SPDX-License-Identifier: MIT */
/* fuzz_api_users.c - what users send: the JSON of a body, and the Authorization header. */
#include "fuzz.h"
#include "api/auth.h"
#include "api/body.h"
#include "base/clock.h"
#include "base/str.h"

#include <string.h>

static const int64_t NOW_MS = INT64_C(1700654400000);

static struct auth *the_auth(void)
{
    static struct config config = {.database = (char *)"sqlite:/nonexistent/x/deals.db",
                                   .jwt_secret = (char *)"k:0123456789abcdef0123456789abcdef",
                                   .jwt_secret_file = (char *)"",
                                   .app_key_sha256 = (char *)"",
                                   .legacy_token_life = 1000000,
                                   .access_token_life = 1000};
    static struct auth *auth;
    struct err err;

    if (!auth)
        check(auth_new(&config, &auth, &err) == 0);
    return auth;
}

static void check_field(const struct body_field *field)
{
    if (!field->is_there || field->kind == BODY_INT)
        return;
    if (field->kind == BODY_FLAG) {
        check(field->number == 0 || field->number == 1);
        return;
    }
    check(*field->text && strlen(field->text) <= field->max_bytes);
    check(str_utf8_valid(field->text, strlen(field->text)));
    for (const char *p = field->text; *p; p++)
        check((unsigned char)*p >= 0x20 || strchr("\n\r\t", *p));
}

/* What was read, written again under the same names, reads the same. */
static void check_rewritten(struct arena *arena, const struct body_field *text)
{
    struct body_field again = {.name = "t", .kind = BODY_TEXT, .max_bytes = text->max_bytes};
    struct buf json;
    struct err err;

    buf_init(&json, BUF_MAX_DEFAULT);
    buf_adds(&json, "{\"o\":{\"t\":");
    buf_add_json(&json, text->text);
    buf_adds(&json, "}}");
    check(body_read(arena, buf_str(&json), json.len, "o", &again, 1, &err) == 0);
    check(str_eq(again.text, text->text));
    buf_fini(&json);
}

static void check_body(struct arena *arena, const char *bytes, size_t len, const char *outer)
{
    struct body_field fields[] = {{.name = "t", .kind = BODY_TEXT, .max_bytes = 40},
                                  {.name = "f", .kind = BODY_FLAG, .is_optional = true},
                                  {.name = "n", .kind = BODY_INT, .is_optional = true}};
    struct err err;

    if (body_read(arena, bytes, len, outer, fields, ARRAY_LEN(fields), &err) < 0) {
        check(err.code == ERR_USAGE && *err.text);
        return;
    }
    check(str_utf8_valid(bytes, len) && fields[0].is_there);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        check_field(&fields[i]);
    check_rewritten(arena, &fields[0]);
}

/* Nobody who does not know the key gets in; what we made is read, and no longer once it is changed. */
static void check_header(struct arena *arena, const char *text, size_t size)
{
    struct auth *auth = the_auth();
    struct store_who who, made = {.user_id = 1 + (int64_t)size};
    struct err err;
    char *token;

    check(auth_read(auth, text, NOW_MS, &who) != AUTH_GOOD && who.user_id == 0);
    token = arena_strdup(arena, auth_token(auth, arena, &made, NOW_MS, &err));
    check(auth_read(auth, token, NOW_MS, &who) == AUTH_GOOD && who.user_id == made.user_id);
    if (size) {
        char *dot = strchr(token, '.'), *at = dot + 1 + (unsigned char)text[0] % 10;

        *at = *at == 'A' ? 'B' : 'A';
        check(auth_read(auth, token, NOW_MS, &who) == AUTH_BAD && who.user_id == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct arena arena;

    arena_init(&arena);
    check_body(&arena, text, size, "o");
    check_body(&arena, text, size, NULL);
    check_header(&arena, text, size);
    arena_fini(&arena);
    mem_free(text);
    return 0;
}
