/* SPDX-License-Identifier: MIT */
/* tell.c - see tell.h.
 *
 * Each way is IDLE, or TRYING (a request or a mail is under way), or PAUSING (its timer runs), or ENDED.
 * A message is over when no way is TRYING or PAUSING.
 */
#include "notify/tell.h"
#include "base/backoff.h"
#include "base/fetch.h"
#include "base/log.h"
#include "base/mail.h"
#include "base/retry_after.h"
#include "base/secret.h"
#include "base/str.h"
#include "notify/signature.h"

#include <string.h>
#include <unistd.h>

#define PAUSE_MAX_MS INT64_C(300000)
#define ONE_TRY_MS INT64_C(20000)
#define ANSWER_MAX ((size_t)64 << 10)

enum { WAYS_MAX = 12 };
enum way_state { WAY_IDLE, WAY_TRYING, WAY_PAUSING, WAY_ENDED };

struct way {
    struct teller *teller;
    char *address; /* of mail; NULL: the webhook */
    enum way_state state;
    struct fetch *fetch;
    struct mail *mail;
    struct loop_timer *pause;
    struct backoff backoff;
    int tries;
};

struct teller {
    struct loop *loop;
    struct fetch_client *web;
    struct mail_client *post;
    struct way ways[WAYS_MAX];
    int n_ways;
    int64_t max_tries, retry_ms;

    char *webhook;
    struct signature_key key;
    struct mail_server server;
    char *server_url, *user, *password, *ca_file, *from;

    struct arena arena; /* of the message */
    struct alert_message message;
    tell_fn *done; /* NULL: none is under way */
    void *ctx;
    int taken;
    struct err trouble;
    struct teller_figures figures;
};

static void try_way(void *ctx);

/* ---- state ----------------------------------------------------------------------------------- */

static void way_set_state(struct way *way, enum way_state state)
{
    static const bool allowed[][4] = {
        [WAY_IDLE] = {[WAY_PAUSING] = true},
        [WAY_PAUSING] = {[WAY_TRYING] = true},
        [WAY_TRYING] = {[WAY_PAUSING] = true, [WAY_ENDED] = true},
        [WAY_ENDED] = {[WAY_PAUSING] = true},
    };

    check(allowed[way->state][state]);
    way->state = state;
}

static const char *way_name(const struct way *way)
{
    return way->address ? "mail" : "webhook";
}

/* ---- the end --------------------------------------------------------------------------------- */

static void look_whether_over(struct teller *teller)
{
    tell_fn *done = teller->done;

    for (int i = 0; i < teller->n_ways; i++)
        if (teller->ways[i].state != WAY_ENDED)
            return;
    teller->done = NULL;
    arena_fini(&teller->arena);
    done(teller->taken, teller->taken == teller->n_ways ? NULL : &teller->trouble, teller->ctx);
}

static void way_took_it(struct way *way)
{
    struct teller *teller = way->teller;

    teller->taken++;
    teller->figures.taken++;
    log_info("alert", "told", "way=%s id=%s tries=%d", way_name(way), teller->message.id,
             way->tries);
    way_set_state(way, WAY_ENDED);
    look_whether_over(teller);
}

static void way_failed(struct way *way, const struct err *why, bool is_final, int64_t wait_ms)
{
    struct teller *teller = way->teller;
    int64_t pause_ms = backoff_next_ms(&way->backoff);

    teller->figures.tries_failed++;
    teller->trouble = *why;
    if (is_final || way->tries >= teller->max_tries) {
        teller->figures.given_up++;
        log_error("alert", "could not be told", "way=%s id=%s tries=%d reason=%s text=%s",
                  way_name(way), teller->message.id, way->tries, err_reason(why->code),
                  log_quote(why->text));
        way_set_state(way, WAY_ENDED);
        look_whether_over(teller);
        return;
    }
    if (wait_ms > pause_ms)
        pause_ms = wait_ms < PAUSE_MAX_MS ? wait_ms : PAUSE_MAX_MS;
    log_warn("alert", "will be tried again", "way=%s id=%s try=%d pause_ms=%lld text=%s",
             way_name(way), teller->message.id, way->tries, (long long)pause_ms,
             log_quote(why->text));
    way_set_state(way, WAY_PAUSING);
    loop_timer_start(way->pause, pause_ms);
}

/* ---- webhook --------------------------------------------------------------------------------- */

/* Refused for what it is, which no repetition changes. */
static bool is_final_status(long status)
{
    return status >= 300 && status < 500 && status != 408 && status != 425 && status != 429;
}

static void on_answer(const struct fetch_result *result, const struct err *err, void *ctx)
{
    struct way *way = ctx;
    struct err refused;

    way->fetch = NULL;
    if (err) {
        way_failed(way, err, false, 0);
    } else if (result->status >= 200 && result->status < 300) {
        way_took_it(way);
    } else {
        err_set(&refused, ERR_HTTP_STATUS, "the webhook answered %ld", result->status);
        way_failed(way, &refused, is_final_status(result->status),
                   result->retry_after_ms == RETRY_AFTER_NONE ? 0 : result->retry_after_ms);
    }
}

static void post(struct way *way)
{
    struct teller *teller = way->teller;
    const struct alert_message *message = &teller->message;
    int64_t at_s = clock_wall_ms() / 1000;
    char signature[SIGNATURE_TEXT_BYTES];
    char *lines[] = {mem_printf("webhook-id: %s", message->id),
                     mem_printf("webhook-timestamp: %lld", (long long)at_s), NULL};
    const char *headers[] = {"Content-Type: application/json", lines[0], lines[1], NULL, NULL};
    struct fetch_request request = {.url = teller->webhook,
                                    .timeout_ms = ONE_TRY_MS,
                                    .max_bytes = ANSWER_MAX,
                                    .allow_private = true,
                                    .hide_path = true,
                                    .method = "POST",
                                    .body = message->json,
                                    .body_len = strlen(message->json),
                                    .headers = headers};

    if (teller->key.len) {
        signature_make(&teller->key, message->id, at_s, message->json, request.body_len, signature);
        headers[3] = lines[2] = mem_printf("webhook-signature: %s", signature);
    }
    way->fetch = fetch_start(teller->web, &request, on_answer, way);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        mem_free(lines[i]);
}

/* ---- mail ------------------------------------------------------------------------------------ */

static void on_mailed(const struct err *err, bool is_final, void *ctx)
{
    struct way *way = ctx;

    way->mail = NULL;
    if (err)
        way_failed(way, err, is_final, 0);
    else
        way_took_it(way);
}

static void mail(struct way *way)
{
    struct teller *teller = way->teller;
    char *id = mem_printf("%s@%s", teller->message.id, strchr(teller->from, '@') + 1);
    struct mail_text text = {.from = teller->from,
                             .to = way->address,
                             .subject = teller->message.subject,
                             .body = teller->message.body,
                             .id = id,
                             .at_ms = clock_wall_ms()};

    way->mail = mail_send(teller->post, &teller->server, &text, on_mailed, way);
    mem_free(id);
}

static void try_way(void *ctx)
{
    struct way *way = ctx;

    way_set_state(way, WAY_TRYING);
    way->tries++;
    if (way->address)
        mail(way);
    else
        post(way);
}

void teller_tell(struct teller *teller, const struct alert_message *message, tell_fn *done,
                 void *ctx)
{
    check(!teller->done && teller->n_ways > 0);
    arena_init(&teller->arena);
    teller->message =
        (struct alert_message){.id = arena_strdup(&teller->arena, message->id),
                               .subject = arena_strdup(&teller->arena, message->subject),
                               .body = arena_strdup(&teller->arena, message->body),
                               .json = arena_strdup(&teller->arena, message->json)};
    teller->done = done;
    teller->ctx = ctx;
    teller->taken = 0;
    for (int i = 0; i < teller->n_ways; i++) {
        struct way *way = &teller->ways[i];

        way->tries = 0;
        backoff_init(&way->backoff, teller->retry_ms, PAUSE_MAX_MS);
        way_set_state(way, WAY_PAUSING);
        loop_timer_start(way->pause, 0);
    }
}

bool teller_is_busy(const struct teller *teller)
{
    return teller->done != NULL;
}

int teller_ways(const struct teller *teller)
{
    return teller->n_ways;
}

int64_t teller_longest_ms(const struct teller *teller)
{
    return teller->max_tries * (ONE_TRY_MS + PAUSE_MAX_MS);
}

void teller_figures(const struct teller *teller, struct teller_figures *out)
{
    *out = teller->figures;
}

/* ---- settings -------------------------------------------------------------------------------- */

static int add_way(struct teller *teller, const char *address, struct err *err)
{
    struct way *way = &teller->ways[teller->n_ways];

    if (teller->n_ways == WAYS_MAX)
        return err_set(err, ERR_CONFIG, "alert_mail_to: expected %d addresses at most",
                       WAYS_MAX - 1);
    if (address && !mail_is_address(address))
        return err_set(err, ERR_CONFIG,
                       "alert_mail_to: \"%s\": expected an address like ops@mail.example", address);
    way->teller = teller;
    way->address = mem_strdup(address);
    way->pause = loop_timer_new(teller->loop, try_way, way);
    teller->n_ways++;
    return 0;
}

static int take_webhook(struct teller *teller, const struct config *config, struct err *err)
{
    char *secret;
    int rc = 0;

    if (secret_load("alert_webhook_secret", config->alert_webhook_secret,
                    config->alert_webhook_secret_file, &secret, err) < 0)
        return -1;
    if (secret)
        rc = signature_key_from("alert_webhook_secret", secret, &teller->key, err);
    secret_free(&secret);
    if (rc < 0 || str_empty(config->alert_webhook))
        return rc;
    if (!str_starts(config->alert_webhook, "http://") &&
        !str_starts(config->alert_webhook, "https://"))
        return err_set(err, ERR_CONFIG,
                       "alert_webhook: expected an address with http:// or https://");
    teller->webhook = mem_strdup(config->alert_webhook);
    return add_way(teller, NULL, err);
}

static int take_tls(struct mail_server *server, const char *word, struct err *err)
{
    static const char *const words[] = {[MAIL_TLS_OFFERED] = "offered",
                                        [MAIL_TLS_REQUIRED] = "required",
                                        [MAIL_TLS_NEVER] = "never"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(word, words[i])) {
            server->tls = (enum mail_tls)i;
            return 0;
        }
    return err_set(err, ERR_CONFIG, "smtp_tls: \"%s\": expected offered, required or never", word);
}

static int take_server(struct teller *teller, const struct config *config, struct err *err)
{
    struct mail_server *server = &teller->server;

    if (mail_check_url(config->smtp_server, err) < 0)
        return err_prefix(err, "smtp_server");
    if (secret_load("smtp_password", config->smtp_password, config->smtp_password_file,
                    &teller->password, err) < 0)
        return -1;
    teller->server_url = mem_strdup(config->smtp_server);
    teller->user = str_empty(config->smtp_user) ? NULL : mem_strdup(config->smtp_user);
    teller->ca_file = str_empty(config->smtp_ca_file) ? NULL : mem_strdup(config->smtp_ca_file);
    *server = (struct mail_server){.url = teller->server_url,
                                   .user = teller->user,
                                   .password = teller->password,
                                   .ca_file = teller->ca_file,
                                   .timeout_ms = ONE_TRY_MS};
    return take_tls(server, config->smtp_tls, err);
}

static int take_from(struct teller *teller, const struct config *config, struct err *err)
{
    char host[256] = "";

    if (gethostname(host, sizeof host - 1) < 0 || !*host)
        strcpy(host, "localhost");
    teller->from = str_empty(config->alert_mail_from) ? mem_printf("catchdeal@%s", host)
                                                      : mem_strdup(config->alert_mail_from);
    if (mail_is_address(teller->from))
        return 0;
    return err_set(err, ERR_CONFIG,
                   "alert_mail_from: \"%s\": expected an address like engine@mail.example",
                   teller->from);
}

static int take_mail(struct teller *teller, const struct config *config, struct err *err)
{
    char *copy = mem_strdup(config->alert_mail_to);
    char *rest = copy, *address;
    int rc = 0;

    if (take_server(teller, config, err) < 0)
        rc = -1;
    while (rc == 0 && (address = str_next(&rest, ',')))
        if (*address)
            rc = add_way(teller, address, err);
    mem_free(copy);
    return rc < 0 ? -1 : take_from(teller, config, err);
}

int teller_new(struct loop *loop, const struct config *config, struct teller **out, struct err *err)
{
    struct teller *teller = *out = mem_new(struct teller);

    teller->loop = loop;
    teller->max_tries = config->alert_tries;
    teller->retry_ms = config->alert_retry;
    teller->web = fetch_client_new(loop);
    teller->post = mail_client_new(loop);
    if (take_webhook(teller, config, err) == 0 &&
        (str_empty(config->alert_mail_to) || take_mail(teller, config, err) == 0))
        return 0;
    teller_free(out);
    return -1;
}

void teller_free(struct teller **teller_ptr)
{
    struct teller *teller = *teller_ptr;

    *teller_ptr = NULL;
    if (!teller)
        return;
    fetch_client_free(&teller->web);
    mail_client_free(&teller->post);
    for (int i = 0; i < teller->n_ways; i++) {
        loop_timer_free(&teller->ways[i].pause);
        mem_free(teller->ways[i].address);
    }
    if (teller->done)
        arena_fini(&teller->arena);
    secret_free(&teller->password);
    mem_free(teller->webhook);
    mem_free(teller->server_url);
    mem_free(teller->user);
    mem_free(teller->ca_file);
    mem_free(teller->from);
    mem_free(teller);
}
