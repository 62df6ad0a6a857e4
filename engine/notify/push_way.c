/* SPDX-License-Identifier: MIT */
/* push_way.c - see push_way.h: the account, and what a status means whatever the service. */
#include "notify/push_way.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/url.h"

#include <openssl/evp.h>
#include <string.h>

#define ONESIGNAL_URL "https://onesignal.com/api/v1/notifications"

/* ---- account --------------------------------------------------------------------------------- */

static int check_url(const struct push_account *account, struct err *err)
{
    struct url_parts parts;
    int rc = url_split(account->url, &parts, err);

    url_parts_fini(&parts);
    if (rc == 0)
        return 0;
    /* The path may be a secret: nothing of it is told. */
    return err_set(err, ERR_CONFIG, "push_url: expected an http or https address");
}

static int fill(struct push_account *account, const struct config *config, struct err *err)
{
    bool is_onesignal = account->way == &push_onesignal;
    int rc = 0;

    if (str_empty(config->push_url) && is_onesignal)
        account->url = mem_strdup(ONESIGNAL_URL);
    else
        account->url = mem_strdup(config->push_url);
    account->app_id = mem_strdup(config->push_app_id);
    if (check_url(account, err) < 0 ||
        secret_load("push_key", config->push_key, config->push_key_file, &account->key, err) < 0)
        return -1;
    if (is_onesignal && (str_empty(account->app_id) || !account->key))
        return err_set(err, ERR_CONFIG,
                       "push_service: onesignal needs push_app_id, and push_key_file or push_key");
    if (!is_onesignal && account->key) {
        rc = signature_key_from("push_key", account->key, &account->signature, err);
        secret_free(&account->key);
    }
    return rc;
}

int push_account_new(const struct config *config, struct push_account **out, struct err *err)
{
    static const struct push_way *const ways[] = {&push_onesignal, &push_webhook};
    const char *name = config->push_service;

    *out = NULL;
    if (str_empty(name) || str_eq(name, "none"))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        if (!str_eq(name, ways[i]->name))
            continue;
        *out = mem_new(struct push_account);
        (*out)->way = ways[i];
        if (fill(*out, config, err) == 0)
            return 0;
        push_account_free(out);
        return -1;
    }
    return err_set(err, ERR_CONFIG, "push_service: \"%s\": expected none, onesignal or webhook",
                   name);
}

void push_account_free(struct push_account **account_ptr)
{
    struct push_account *account = *account_ptr;

    if (!account)
        return;
    *account_ptr = NULL;
    secret_free(&account->key);
    mem_free(account->url);
    mem_free(account->app_id);
    mem_free(account);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* What HTTP itself says. 409: the same key is being worked on just now. */
static void judge_status(long status, struct push_answer *out)
{
    switch (status) {
    case 401: /* not with this key, */
    case 402:
    case 403:
    case 404: /* or not at this address */
    case 405:
    case 410:
        *out = (struct push_answer){.verdict = PUSH_LATER, .is_trouble = true, .is_refusal = true};
        break;
    case 408:
    case 425:
    case 429:
        *out = (struct push_answer){.verdict = PUSH_LATER, .is_trouble = true};
        break;
    case 409:
        *out = (struct push_answer){.verdict = PUSH_LATER};
        break;
    default:
        if (status >= 200 && status < 300)
            *out = (struct push_answer){.verdict = PUSH_TAKEN};
        else if (status >= 400 && status < 500)
            *out = (struct push_answer){.verdict = PUSH_NEVER};
        else /* redirections are not followed: the address is wrong */
            *out = (struct push_answer){.verdict = PUSH_LATER,
                                        .is_trouble = true,
                                        .is_refusal = status >= 300 && status < 400};
    }
}

void push_answer_read(const struct push_account *account, const struct fetch_result *result,
                      const struct err *err, struct arena *arena, struct push_answer *out)
{
    char *body;

    if (!result) {
        *out = (struct push_answer){.verdict = PUSH_LATER,
                                    .is_trouble = true,
                                    .retry_after_ms = RETRY_AFTER_NONE,
                                    .text = arena_strdup(arena, err->text)};
        return;
    }
    judge_status(result->status, out);
    out->text = out->verdict == PUSH_TAKEN ? "" : arena_printf(arena, "status %ld", result->status);
    /* It may hold NUL, and is modified by whoever reads it. */
    body = arena_alloc(arena, result->body_len + 1);
    memcpy(body, result->body, result->body_len);
    if (result->status < 500)
        account->way->read(result->status, body, result->body_len, arena, out);
    out->retry_after_ms = result->retry_after_ms;
}

/* ---- keys and lists -------------------------------------------------------------------------- */

void push_batch_key(const char *key, int64_t batch_to, char out[PUSH_KEY_BYTES])
{
    unsigned char d[EVP_MAX_MD_SIZE];
    char text[100];

    snprintf(text, sizeof(text), "%.60s:%lld", key, (long long)batch_to);
    check(EVP_Digest(text, strlen(text), d, NULL, EVP_sha256(), NULL) == 1);
    d[6] = (unsigned char)((d[6] & 0x0f) |
                           0x80); /* RFC 9562: version 8, made by a rule of one's own */
    d[8] = (unsigned char)((d[8] & 0x3f) | 0x80);
    snprintf(out, PUSH_KEY_BYTES,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1],
             d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14],
             d[15]);
}

void push_add_players(struct buf *body, const struct push_message *message)
{
    buf_addc(body, '[');
    for (int i = 0; i < message->n_players; i++) {
        if (i)
            buf_addc(body, ',');
        buf_add_json(body, message->players[i]);
    }
    buf_addc(body, ']');
}
