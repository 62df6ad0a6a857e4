/* SPDX-License-Identifier: MIT */
/* auth.c - tokens; see auth.h. Not here: the keys and where they come from (auth_keys.c). */
#include "api/auth.h"
#include "api/auth_keys.h"
#include "base/str.h"

#include <jwt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_MAX_BYTES = 2048, REFRESH_BYTES = 32 };

struct auth {
    const struct config *config;
    struct auth_keys *keys;
};

int auth_new(const struct config *config, struct auth **out, struct err *err)
{
    struct auth *auth = mem_new(struct auth);
    const char *app_key = config->app_key_sha256;

    auth->config = config;
    *out = auth;
    if (*app_key && (strlen(app_key) != AUTH_HASH_CHARS ||
                     strspn(app_key, "0123456789abcdef") != AUTH_HASH_CHARS))
        err_set(err, ERR_CONFIG,
                "app_key_sha256: expected 64 hexadecimal digits (printf %%s KEY | sha256sum)");
    else if (auth_keys_new(config, &auth->keys, err) == 0)
        return 0;
    auth_free(out);
    return -1;
}

void auth_free(struct auth **auth_ptr)
{
    struct auth *auth = *auth_ptr;

    if (!auth)
        return;
    auth_keys_free(&auth->keys);
    mem_free(auth);
    *auth_ptr = NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *token_of(const char *header)
{
    static const char scheme[] = "Bearer";

    header += strspn(header, " \t");
    if (strncasecmp(header, scheme, strlen(scheme)) == 0 && strchr(" \t", header[strlen(scheme)]))
        header += strlen(scheme);
    return header + strspn(header, " \t");
}

/* The key that the token names, the i-th of all when it names none; NULL: no more. */
static const struct auth_key *key_of(struct auth *auth, const char *kid, size_t i)
{
    if (!kid)
        return auth_keys_at(auth->keys, i);
    return i == 0 ? auth_keys_find(auth->keys, kid) : NULL;
}

/* A token whose signature is good (jwt_free), or NULL. The header is read before anything is proved, and
 * says only which key to try: the library must not be led to another algorithm than ours. */
static jwt_t *decode(struct auth *auth, const char *token)
{
    jwt_t *unproved = NULL, *jwt = NULL;
    const struct auth_key *key;

    if (jwt_decode(&unproved, token, NULL, 0) != 0)
        return NULL;
    if (str_eq(jwt_get_header(unproved, "alg"), "HS256"))
        for (size_t i = 0; !jwt && (key = key_of(auth, jwt_get_header(unproved, "kid"), i)); i++)
            if (jwt_decode(&jwt, token, (const unsigned char *)key->secret, (int)key->len) != 0)
                jwt = NULL;
    jwt_free(unproved);
    if (jwt && jwt_get_alg(jwt) == JWT_ALG_HS256)
        return jwt;
    jwt_free(jwt);
    return NULL;
}

/* Absent: 0. No whole number from 0, as a string or a fraction: -1. (jwt_get_grant_int() takes a string for
 * 0 and -1 for absent.) */
static int64_t claim(jwt_t *jwt, const char *name)
{
    char *json = jwt_get_grants_json(jwt, name);
    int64_t value = 0;
    struct err err;

    if (json && str_to_int(json, 0, INT64_MAX, &value, &err) < 0)
        value = -1;
    free(json); /* the library allocates by malloc() */
    return value;
}

enum auth_verdict auth_read(struct auth *auth, const char *header, int64_t now_ms,
                            struct store_who *who)
{
    const char *token = header ? token_of(header) : "";
    enum auth_verdict verdict = AUTH_GOOD;
    struct store_who said;
    jwt_t *jwt;

    *who = (struct store_who){0};
    if (!*token)
        return AUTH_NONE;
    if (strlen(token) > TOKEN_MAX_BYTES)
        return AUTH_BAD;
    jwt = decode(auth, token);
    if (!jwt)
        return AUTH_BAD;
    said = (struct store_who){claim(jwt, "app_user_id"), claim(jwt, "ver"), claim(jwt, "sid")};
    if (said.user_id <= 0 || said.version < 0 || said.version > INT32_MAX || said.session_id < 0)
        verdict = AUTH_BAD;
    else if (claim(jwt, "exp") <= now_ms / 1000)
        verdict = AUTH_EXPIRED;
    else
        *who = said;
    jwt_free(jwt);
    return verdict;
}

/* ---- making ---------------------------------------------------------------------------------- */

static void add_claims(jwt_t *jwt, const struct store_who *who, int64_t expires_s)
{
    check(jwt_add_grant_int(jwt, "app_user_id", who->user_id) == 0);
    check(jwt_add_grant_int(jwt, "exp", expires_s) == 0);
    if (who->version)
        check(jwt_add_grant_int(jwt, "ver", who->version) == 0);
    if (who->session_id)
        check(jwt_add_grant_int(jwt, "sid", who->session_id) == 0);
}

const char *auth_token(struct auth *auth, struct arena *arena, const struct store_who *who,
                       int64_t now_ms, struct err *err)
{
    int64_t life_ms =
        who->session_id ? auth->config->access_token_life : auth->config->legacy_token_life;
    const struct auth_key *key = auth_keys_signing(auth->keys, err);
    const char *token;
    jwt_t *jwt;
    char *text;

    if (!key)
        return NULL;
    check(jwt_new(&jwt) == 0);
    add_claims(jwt, who, (now_ms + life_ms) / 1000);
    check(jwt_add_header(jwt, "kid", key->kid) == 0);
    check(jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)key->secret, (int)key->len) == 0);
    text = jwt_encode_str(jwt);
    check(text);
    token = arena_strdup(arena, text);
    free(text); /* the library allocates by malloc() */
    jwt_free(jwt);
    return token;
}

/* ---- refresh tokens, the app's key ----------------------------------------------------------- */

void auth_refresh_make(char token[AUTH_REFRESH_CHARS + 1])
{
    unsigned char bytes[REFRESH_BYTES];
    unsigned char base64[AUTH_REFRESH_CHARS + 2];

    check(RAND_bytes(bytes, sizeof(bytes)) == 1);
    check(EVP_EncodeBlock(base64, bytes, sizeof(bytes)) == AUTH_REFRESH_CHARS + 1);
    /* base64url (RFC 4648 section 5) without the '=' at the end */
    for (int i = 0; i < AUTH_REFRESH_CHARS; i++)
        token[i] = base64[i] == '+' ? '-' : base64[i] == '/' ? '_' : (char)base64[i];
    token[AUTH_REFRESH_CHARS] = '\0';
}

void auth_hash(const char *text, char hash[AUTH_HASH_CHARS + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    check(EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) == 1);
    check(len == AUTH_HASH_CHARS / 2);
    str_hex(digest, len, hash);
}

bool auth_app_key_fits(const struct auth *auth, const char *given)
{
    char hash[AUTH_HASH_CHARS + 1];

    if (!*auth->config->app_key_sha256)
        return true;
    auth_hash(given ? given : "", hash);
    return given && CRYPTO_memcmp(hash, auth->config->app_key_sha256, AUTH_HASH_CHARS) == 0;
}
