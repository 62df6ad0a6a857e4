/* SPDX-License-Identifier: MIT */
/* guard.c - judges each document request of a tab; see guard.h.
 *
 * A paused request is answered in the turn in which it came, or when its name was looked up, which
 * ends by itself. A request of a guard that goes is answered by nobody: its tab goes, too.
 */
#include "chrome/guard.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/resolve.h"
#include "base/retry_after.h"
#include "base/str.h"
#include "base/url.h"

#include <stdio.h>
#include <string.h>

enum {
    LOOK_UP_MS = 5000,
    ANSWER_MS = 30000, /* Chrome's word that it took our answer; nobody waits for it */
    PARAMS_MAX_BYTES = 64 << 10,
    FIRST_ERROR_STATUS = 400,
    MAX_ERRORS = 3, /* documents with an error status in a row; gates let pass after one or two */
};

struct guard {
    struct cdp_session *session;
    struct resolver *resolver;
    struct cdp_subscription *paused;
    struct list waiting; /* requests whose name is being looked up */
    char *own_origin;
    char refusal[512];
    int64_t retry_after_ms;
    int status;
    int errors; /* answers with an error status in a row, of the main frame */
};

struct request {
    struct list link;
    struct guard *guard;
    char *id;
    char *url;
    char *host;
    bool is_main_frame;
    struct resolve_query *query;
};

static void on_looked_up(const struct resolve_answer *answer, void *ctx);

/* ---- answers to Chrome ------------------------------------------------------------------------- */

static void answer(struct guard *guard, const char *method, const char *request_id,
                   const char *reason)
{
    struct buf params;

    buf_init(&params, PARAMS_MAX_BYTES);
    buf_adds(&params, "{\"requestId\":");
    buf_add_json(&params, request_id);
    if (reason)
        buf_addf(&params, ",\"errorReason\":\"%s\"", reason);
    buf_addc(&params, '}');
    cdp_session_call(guard->session, method, buf_str(&params), ANSWER_MS, NULL, NULL);
    buf_fini(&params);
}

static void let_go(struct guard *guard, const char *request_id)
{
    answer(guard, "Fetch.continueRequest", request_id, NULL);
}

static void refuse(struct request *request, const char *reason, const char *why)
{
    struct guard *guard = request->guard;

    log_info("guard", "refused", "url=%s main_frame=%s why=%s", log_quote(request->url),
             request->is_main_frame ? "yes" : "no", log_quote(why));
    if (request->is_main_frame)
        snprintf(guard->refusal, sizeof(guard->refusal), "%.200s: refused: %s", request->url, why);
    answer(guard, "Fetch.failRequest", request->id, reason);
}

static void refuse_address(struct request *request, const char *address, const char *kind)
{
    char why[128];

    snprintf(why, sizeof(why), "%s is a private address (%s)", address, kind);
    refuse(request, "AddressUnreachable", why);
}

static void refuse_name(struct request *request, const char *address, const char *kind)
{
    char why[256];

    snprintf(why, sizeof(why), "%.120s leads to %s, a private address (%s)", request->host, address,
             kind);
    refuse(request, "AddressUnreachable", why);
}

/* ---- judging ----------------------------------------------------------------------------------- */

static void request_fini(struct request *request)
{
    if (request->query)
        resolve_cancel(request->query);
    list_remove(&request->link);
    mem_free(request->id);
    mem_free(request->url);
    mem_free(request->host);
}

static void look_up(const struct request *request)
{
    struct request *waiting = mem_new(struct request);

    *waiting = *request;
    waiting->id = mem_strdup(request->id);
    waiting->url = mem_strdup(request->url);
    waiting->host = mem_strdup(request->host);
    list_init(&waiting->link);
    list_append(&request->guard->waiting, &waiting->link);
    waiting->query =
        resolve_start(request->guard->resolver, waiting->host, LOOK_UP_MS, on_looked_up, waiting);
}

static void on_looked_up(const struct resolve_answer *found, void *ctx)
{
    struct request *request = ctx;

    request->query = NULL;
    if (!found->found) /* as Chrome would have said, in its words */
        answer(request->guard, "Fetch.failRequest", request->id, "NameNotResolved");
    else if (found->private_kind)
        refuse_name(request, found->address, found->private_kind);
    else
        let_go(request->guard, request->id);
    request_fini(request);
    mem_free(request);
}

static void judge_host(struct request *request)
{
    struct netaddr address;
    char text[NETADDR_TEXT_BYTES];

    if (netaddr_name_is_loopback(request->host)) {
        refuse_name(request, "127.0.0.1", "loopback");
        return;
    }
    switch (netaddr_from_host(request->host, &address)) {
    case NETADDR_NAME:
        look_up(request);
        return;
    case NETADDR_INVALID:
        refuse(request, "AddressUnreachable", "neither an address nor a name");
        return;
    case NETADDR_ADDRESS:
        netaddr_text(&address, text);
        if (netaddr_private_kind(&address))
            refuse_address(request, text, netaddr_private_kind(&address));
        else
            let_go(request->guard, request->id);
        return;
    }
}

/* Pages that Chrome makes itself, without a network. */
static bool is_local_document(const char *url)
{
    static const char *const schemes[] = {"about:", "data:", "blob:", "chrome:", "chrome-error:"};

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (str_starts(url, schemes[i]))
            return true;
    return false;
}

static void judge(struct request *request)
{
    struct guard *guard = request->guard;
    struct url_parts parts;
    struct err err;

    if (is_local_document(request->url)) {
        let_go(guard, request->id);
        return;
    }
    if (url_split(request->url, &parts, &err) < 0) {
        refuse(request, "AddressUnreachable", "only http and https addresses are followed");
    } else if (guard->own_origin && str_eq(parts.origin, guard->own_origin)) {
        let_go(guard, request->id);
    } else {
        request->host = parts.host;
        judge_host(request);
    }
    url_parts_fini(&parts);
}

/* An answer's head has come, or word that none will: go on in either case. */
static void note_answer(struct guard *guard, const struct request *request, int64_t status,
                        const struct jval *headers)
{
    if (request->is_main_frame) {
        guard->retry_after_ms = RETRY_AFTER_NONE;
        guard->status = (int)status;
        guard->errors = status >= FIRST_ERROR_STATUS ? guard->errors + 1 : 0;
    }
    for (const struct jval *one = jval_first(headers); one && request->is_main_frame;
         one = jval_next(one))
        if (strcasecmp(jval_get_str(one, "name", ""), "Retry-After") == 0)
            guard->retry_after_ms =
                retry_after_ms(jval_get_str(one, "value", NULL), clock_wall_ms());
    let_go(guard, request->id);
}

/* A page that the server refuses asks for itself again and again (a challenge that is not passed): the
 * document stays that is there. */
static void end_reloads(const struct request *request)
{
    log_info("guard", "no more reloads", "url=%s errors=%d", log_quote(request->url),
             request->guard->errors);
    answer(request->guard, "Fetch.failRequest", request->id, "Aborted");
}

/* The main frame has its target's id (Target.TargetInfo). */
static void on_paused(const struct jval *params, const char *session_id, void *ctx)
{
    struct guard *guard = ctx;
    struct request request = {
        .guard = guard,
        .id = (char *)(uintptr_t)jval_get_str(params, "requestId", ""),
        .url = (char *)(uintptr_t)jval_str(jval_path(params, "request.url"), ""),
        .is_main_frame =
            str_eq(jval_get_str(params, "frameId", NULL), cdp_session_target_id(guard->session)),
    };

    (void)session_id;
    if (jval_get(params, "responseStatusCode") || jval_get(params, "responseErrorReason"))
        note_answer(guard, &request, jval_get_int(params, "responseStatusCode", 0),
                    jval_get(params, "responseHeaders"));
    else if (request.is_main_frame && guard->errors >= MAX_ERRORS)
        end_reloads(&request);
    else
        judge(&request);
}

/* ---- the object -------------------------------------------------------------------------------- */

struct guard *guard_new(struct cdp_session *session, struct loop *loop)
{
    struct guard *guard = mem_new(struct guard);

    guard->session = session;
    guard->resolver = resolver_new(loop);
    list_init(&guard->waiting);
    guard->paused = cdp_session_subscribe(session, "Fetch.requestPaused", on_paused, guard);
    return guard;
}

void guard_free(struct guard **guard_ptr)
{
    struct guard *guard = *guard_ptr;
    struct list *at, *next;

    *guard_ptr = NULL;
    if (!guard)
        return;
    cdp_unsubscribe(&guard->paused);
    LIST_FOREACH (at, next, &guard->waiting) {
        struct request *request = container_of(at, struct request, link);

        request_fini(request);
        mem_free(request);
    }
    resolver_free(&guard->resolver);
    mem_free(guard->own_origin);
    mem_free(guard);
}

void guard_begin(struct guard *guard, const char *own_origin)
{
    struct url_parts parts = {0};
    struct err err;

    mem_free(guard->own_origin);
    guard->own_origin = NULL;
    guard->refusal[0] = '\0';
    guard->retry_after_ms = RETRY_AFTER_NONE;
    guard->errors = guard->status = 0;
    if (own_origin && url_split(own_origin, &parts, &err) == 0)
        guard->own_origin = mem_strdup(parts.origin);
    url_parts_fini(&parts);
}

int guard_status(const struct guard *guard)
{
    return guard->status;
}

int64_t guard_retry_after_ms(const struct guard *guard)
{
    return guard->retry_after_ms;
}

const char *guard_refusal(const struct guard *guard)
{
    return *guard->refusal ? guard->refusal : NULL;
}

/* ---- switches ---------------------------------------------------------------------------------- */

/* Not found, by whatever way they are asked for. */
static const char *const metadata_hosts[] = {
    "169.254.169.254",          "100.100.100.200", "168.63.129.16",  "fd00:ec2::254", "metadata",
    "metadata.google.internal", "metadata.goog",   "*.ec2.internal", "instance-data",
};

/* Chromium's own names for a queue of prefetches; with no place in it none is ever started. */
#define NO_PREFETCH                                         \
    "PrefetchSchedulerTesting:"                             \
    "kPrefetchSchedulerTestingActiveSetSizeLimitForBase/0/" \
    "kPrefetchSchedulerTestingActiveSetSizeLimitForBurst/0"

void guard_add_switches(struct flags *flags)
{
    flags_block_hosts(flags, metadata_hosts, ARRAY_LEN(metadata_hosts));
    flags_join(flags, "--enable-features", "LocalNetworkAccessChecksWebRTC");
    flags_join(flags, "--enable-features", "LocalNetworkAccessForNavigations");
    flags_join(flags, "--enable-features", NO_PREFETCH);
}
