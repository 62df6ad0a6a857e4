/* SPDX-License-Identifier: MIT */
/* secrets.c - see secrets.h. */
#include "api/secrets.h"
#include "base/list.h"
#include "base/str.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <string.h>

struct secrets {
    struct loop *loop;
    struct list asked;
};

/* One question; it belongs to the worker thread until its end. */
struct question {
    struct list link; /* of the secrets, while somebody waits */
    struct secrets *secrets;
    char *hash, *given;
    bool fits;
    secrets_fn *done;
    void *ctx;
};

/* crypt_data is 32 KB: not for the stack of a small thread. */
static bool crypt_into(const char *password, const char *setting, char out[SECRETS_HASH_BYTES])
{
    struct crypt_data *data = mem_new(struct crypt_data);
    const char *made = crypt_r(password, setting, data);
    bool ok = made && *made != '*' && strlen(made) < SECRETS_HASH_BYTES;

    memset(out, 0, SECRETS_HASH_BYTES);
    if (ok)
        memcpy(out, made, strlen(made));
    OPENSSL_cleanse(data, sizeof(*data));
    mem_free(data);
    return ok;
}

int secrets_hash(const char *password, char hash[SECRETS_HASH_BYTES], struct err *err)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    if (!*password || strlen(password) > SECRETS_MAX_BYTES)
        return err_set(err, ERR_USAGE, "a password has 1 to %d bytes", SECRETS_MAX_BYTES);
    if (!crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)) ||
        !crypt_into(password, setting, hash))
        return err_set(err, ERR_INTERNAL, "libcrypt has no yescrypt here");
    return 0;
}

int secrets_accept(const char *key, const char *hash, struct err *err)
{
    int verdict = *hash ? crypt_checksalt(hash) : CRYPT_SALT_OK;

    if (verdict == CRYPT_SALT_OK && (!*hash || *hash == '$'))
        return 0;
    return err_set(err, ERR_CONFIG, "%s: expected what catchdeal-api --hash-password prints%s", key,
                   verdict == CRYPT_SALT_METHOD_LEGACY || verdict == CRYPT_SALT_OK
                       ? "; this form is too weak"
                       : "");
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct secrets *secrets_new(struct loop *loop)
{
    struct secrets *secrets = mem_new(struct secrets);

    secrets->loop = loop;
    list_init(&secrets->asked);
    return secrets;
}

void secrets_free(struct secrets **secrets_ptr)
{
    struct secrets *secrets = *secrets_ptr;
    struct list *at, *next;

    if (!secrets)
        return;
    LIST_FOREACH (at, next, &secrets->asked) {
        list_remove(at);
        container_of(at, struct question, link)->secrets = NULL;
    }
    mem_free(secrets);
    *secrets_ptr = NULL;
}

/* On the worker thread. Both buffers are filled up with zeros, so that all of them is compared. */
static void work(void *ctx)
{
    struct question *q = ctx;
    char made[SECRETS_HASH_BYTES], wanted[SECRETS_HASH_BYTES] = "";
    size_t len = strlen(q->hash);

    if (len > 0 && len < sizeof(wanted)) {
        memcpy(wanted, q->hash, len);
        q->fits =
            crypt_into(q->given, q->hash, made) && CRYPTO_memcmp(made, wanted, sizeof(made)) == 0;
    }
    OPENSSL_cleanse(q->given, strlen(q->given));
}

static void on_worked(void *ctx)
{
    struct question *q = ctx;

    list_remove(&q->link);
    if (q->secrets)
        q->done(q->fits, q->ctx);
    mem_free(q->hash);
    mem_free(q->given);
    mem_free(q);
}

void secrets_ask(struct secrets *secrets, const char *hash, const char *given, secrets_fn *done,
                 void *ctx)
{
    struct question *q = mem_new(struct question);

    *q = (struct question){.secrets = secrets,
                           .hash = mem_strdup(hash),
                           .given = mem_strndup(given, SECRETS_MAX_BYTES + 1),
                           .done = done,
                           .ctx = ctx};
    list_init(&q->link);
    list_append(&secrets->asked, &q->link);
    loop_work(secrets->loop, work, on_worked, q);
}
