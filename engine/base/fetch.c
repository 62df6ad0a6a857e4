/* SPDX-License-Identifier: MIT */
/* fetch.c - HTTP requests by libcurl; see fetch.h.
 *
 * A fetch is on client->fetches from its start until its callback returned or it was cancelled.
 */
#include "base/fetch.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/loop_glue.h"
#include "base/netaddr.h"
#include "base/str.h"
#include "base/url.h"
#include "gen/version.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct fetch_client {
    struct loop_curl *glue;
    CURLSH *share; /* cookies; connections and DNS are shared by the multi handle */
    struct list fetches;
};

struct fetch {
    struct list link;
    struct fetch_client *client;
    CURL *easy;
    struct curl_slist *resolve;
    struct curl_slist *headers;
    struct buf body;
    fetch_fn *done;
    void *ctx;
    char *private_origin;
    char *shown;       /* what errors call the address; NULL: as it is */
    char refused[128]; /* "" or why a connection was not made */
    char error[CURL_ERROR_SIZE];
    bool allow_private;
    bool busy; /* its callback runs */
};

/* ---- body and names -------------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct fetch *fetch = ctx;

    buf_add(&fetch->body, bytes, size * n);
    /* A short count stops the transfer. */
    return buf_overflowed(&fetch->body) ? 0 : size * n;
}

static void must(CURLcode code)
{
    check(code == CURLE_OK);
}

/* Loopback for *.localhost without asking anybody, also where libcurl does not do so by itself
 * (before 7.78). Redirects to other names under localhost are left to libcurl. */
static struct curl_slist *resolve_localhost(const char *url)
{
    struct curl_slist *list = NULL;
    CURLU *parsed = curl_url();
    char *host = NULL;
    char *port = NULL;

    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        str_ends(host, ".localhost")) {
        char *entry = mem_printf("%s:%s:127.0.0.1,[::1]", host, port);

        list = curl_slist_append(NULL, entry);
        mem_free(entry);
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parsed);
    return list;
}

/* ---- private networks ------------------------------------------------------------------------ */

static bool is_at_own_origin(const struct fetch *fetch)
{
    struct url_parts now;
    char *url = NULL;
    struct err err;
    bool is_own;

    if (!fetch->private_origin)
        return false;
    curl_easy_getinfo(fetch->easy, CURLINFO_EFFECTIVE_URL, &url);
    is_own = url && url_split(url, &now, &err) == 0 && str_eq(now.origin, fetch->private_origin);
    if (url)
        url_parts_fini(&now);
    return is_own;
}

static bool may_talk_to(struct fetch *fetch, const struct netaddr *address)
{
    const char *kind = netaddr_private_kind(address);
    char text[NETADDR_TEXT_BYTES];

    if (!kind || fetch->allow_private || is_at_own_origin(fetch))
        return true;
    netaddr_text(address, text);
    snprintf(fetch->refused, sizeof(fetch->refused), "refused: %s is a private address (%s)", text,
             kind);
    return false;
}

/* A name may have several addresses: those that are public remain. */
static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *peer)
{
    struct netaddr address;

    if (purpose != CURLSOCKTYPE_IPCXN || !netaddr_from_sockaddr(&peer->addr, &address) ||
        !may_talk_to(ctx, &address))
        return CURL_SOCKET_BAD;
    return socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
}

/* The connection may be one that another request was allowed to open. */
static int on_before_request(void *ctx, char *peer_ip, char *local_ip, int peer_port,
                             int local_port)
{
    struct netaddr address;

    (void)local_ip, (void)peer_port, (void)local_port;
    if (netaddr_from_host(peer_ip, &address) != NETADDR_ADDRESS || !may_talk_to(ctx, &address))
        return CURL_PREREQFUNC_ABORT;
    return CURL_PREREQFUNC_OK;
}

static void set_private_origin(struct fetch *fetch, const char *origin)
{
    struct url_parts parts;
    struct err err;

    if (!origin)
        return;
    if (url_split(origin, &parts, &err) == 0)
        fetch->private_origin = mem_strdup(parts.origin);
    url_parts_fini(&parts);
}

/* "https://host" of an address that must not be seen whole. */
static char *origin_of(const char *url)
{
    struct url_parts parts;
    struct err ignored;
    char *origin = mem_strdup(
        url_split(url, &parts, &ignored) == 0 ? parts.origin : "an address that is not valid");

    url_parts_fini(&parts);
    return origin;
}

/* ---- headers --------------------------------------------------------------------------------- */

/* Values may be a server's words given back: one that could end the line is left out. */
static void add_header(struct fetch *fetch, const char *name, const char *value)
{
    char *line;

    if (!value || strpbrk(value, "\r\n"))
        return;
    line = mem_printf("%s: %s", name, value);
    fetch->headers = curl_slist_append(fetch->headers, line);
    check(fetch->headers);
    mem_free(line);
}

static void add_headers(struct fetch *fetch, const struct fetch_request *request)
{
    for (const char *const *at = request->headers; at && *at; at++) {
        check(!strpbrk(*at, "\r\n"));
        fetch->headers = curl_slist_append(fetch->headers, *at);
        check(fetch->headers);
    }
    /* Not to be asked first whether the body is welcome: it is small, and the asking costs a second
     * where nobody answers. */
    if (request->body)
        add_header(fetch, "Expect", "");
    add_header(fetch, "Accept-Language", request->accept_language);
    add_header(fetch, "If-None-Match", request->etag);
    add_header(fetch, "If-Modified-Since", request->last_modified);
}

/* Of the last answer; libcurl's, until it goes. */
static const char *header(const struct fetch *fetch, const char *name)
{
    struct curl_header *found;

    if (curl_easy_header(fetch->easy, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK)
        return NULL;
    return found->value;
}

/* ---- options --------------------------------------------------------------------------------- */

static void set_options(struct fetch *fetch, const struct fetch_request *request)
{
    CURL *easy = fetch->easy;
    const char *agent = request->user_agent ? request->user_agent : "catchdeal/" CATCHDEAL_VERSION;

    must(curl_easy_setopt(easy, CURLOPT_URL, request->url));
    must(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https"));
    must(curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https"));
    must(curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request->max_redirects > 0 ? 1L : 0L));
    must(curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)request->max_redirects));
    must(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms));
    must(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
    /* libcurl looks names up on a thread of its own and would wait for it at timeout and cancel. */
    must(curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
    must(curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ""));
    must(curl_easy_setopt(easy, CURLOPT_USERAGENT, agent));
    must(curl_easy_setopt(easy, CURLOPT_COOKIEFILE, ""));
    must(curl_easy_setopt(easy, CURLOPT_SHARE, fetch->client->share));
    /* The environment's proxies are not part of our configuration. */
    must(curl_easy_setopt(easy, CURLOPT_PROXY, ""));
    must(curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED));
    must(curl_easy_setopt(easy, CURLOPT_RESOLVE, fetch->resolve));
    must(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fetch->headers));
    must(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket));
    must(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetch));
    must(curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request));
    must(curl_easy_setopt(easy, CURLOPT_PREREQDATA, fetch));
    must(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->error));
    must(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
    must(curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch));
    must(curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch));
}

static void set_body(struct fetch *fetch, const struct fetch_request *request)
{
    if (request->body) {
        must(curl_easy_setopt(fetch->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                              (curl_off_t)request->body_len));
        must(curl_easy_setopt(fetch->easy, CURLOPT_COPYPOSTFIELDS, request->body));
    }
    if (request->method)
        must(curl_easy_setopt(fetch->easy, CURLOPT_CUSTOMREQUEST, request->method));
}

/* ---- results --------------------------------------------------------------------------------- */

static void error_of(const struct fetch *fetch, CURLcode code, const char *now_at, struct err *err)
{
    const char *text = *fetch->error ? fetch->error : curl_easy_strerror(code);
    const char *url = fetch->shown ? fetch->shown : now_at;

    if (*fetch->refused && (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK))
        err_set(err, ERR_NETWORK, "%s: %s", url, fetch->refused);
    else if (buf_overflowed(&fetch->body))
        err_set(err, ERR_PROTOCOL, "%s: larger than %zu bytes", url, fetch->body.max_bytes);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        err_set(err, ERR_TIMEOUT, "%s: %s", url, text);
    else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
             code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_BAD_CONTENT_ENCODING)
        err_set(err, ERR_PROTOCOL, "%s: %s", url, text);
    else
        err_set(err, ERR_NETWORK, "%s: %s", url, text);
}

static void fetch_destroy(struct fetch *fetch)
{
    list_remove(&fetch->link);
    curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->resolve);
    curl_slist_free_all(fetch->headers);
    buf_fini(&fetch->body);
    mem_free(fetch->private_origin);
    mem_free(fetch->shown);
    mem_free(fetch);
}

static void give_result(struct fetch *fetch, CURLcode code)
{
    struct fetch_result result = {.body = buf_str(&fetch->body), .body_len = fetch->body.len};
    const char *type = NULL;
    char *url = NULL;
    struct err err;

    curl_easy_getinfo(fetch->easy, CURLINFO_EFFECTIVE_URL, &url);
    if (code != CURLE_OK) {
        error_of(fetch, code, url ? url : "", &err);
        fetch->done(NULL, &err, fetch->ctx);
        return;
    }
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &result.status);
    curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_TYPE, &type);
    result.url = url ? url : "";
    result.content_type = type ? type : "";
    result.etag = header(fetch, "ETag");
    result.last_modified = header(fetch, "Last-Modified");
    result.retry_after_ms = retry_after_ms(header(fetch, "Retry-After"), clock_wall_ms());
    fetch->done(&result, NULL, fetch->ctx);
}

static void on_transfer_done(void *easy, int code, void *ctx)
{
    struct fetch_client *client = ctx;
    struct fetch *fetch = NULL;

    must(curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&fetch));
    curl_multi_remove_handle(loop_curl_multi(client->glue), easy);
    /* From here on neither cancel nor the client's end touches it. */
    list_remove(&fetch->link);
    must(curl_easy_setopt(easy, CURLOPT_SHARE, NULL));
    fetch->busy = true;
    give_result(fetch, (CURLcode)code);
    fetch_destroy(fetch);
}

/* ---- face ------------------------------------------------------------------------------------ */

struct fetch_client *fetch_client_new(struct loop *loop)
{
    struct fetch_client *client = mem_new(struct fetch_client);

    client->glue = loop_curl_new(loop, on_transfer_done, client);
    client->share = curl_share_init();
    check(client->share);
    curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    list_init(&client->fetches);
    return client;
}

static void abort_fetch(struct fetch *fetch)
{
    curl_multi_remove_handle(loop_curl_multi(fetch->client->glue), fetch->easy);
    fetch_destroy(fetch);
}

void fetch_client_free(struct fetch_client **client_ptr)
{
    struct fetch_client *client = *client_ptr;
    struct list *at, *next;

    *client_ptr = NULL;
    if (!client)
        return;
    LIST_FOREACH (at, next, &client->fetches)
        abort_fetch(container_of(at, struct fetch, link));
    loop_curl_free(&client->glue);
    curl_share_cleanup(client->share);
    mem_free(client);
}

struct fetch *fetch_start(struct fetch_client *client, const struct fetch_request *request,
                          fetch_fn *done, void *ctx)
{
    struct fetch *fetch = mem_new(struct fetch);

    check(request->timeout_ms > 0 && request->max_bytes > 0);
    check(request->max_redirects == 0 || (!request->body && !request->headers));
    fetch->client = client;
    fetch->done = done;
    fetch->ctx = ctx;
    buf_init(&fetch->body, request->max_bytes);
    list_init(&fetch->link);
    list_append(&client->fetches, &fetch->link);
    fetch->resolve = resolve_localhost(request->url);
    set_private_origin(fetch, request->private_origin);
    fetch->allow_private = request->allow_private;
    if (request->hide_path)
        fetch->shown = origin_of(request->url);
    fetch->easy = curl_easy_init();
    check(fetch->easy);
    add_headers(fetch, request);
    set_options(fetch, request);
    set_body(fetch, request);
    check(curl_multi_add_handle(loop_curl_multi(client->glue), fetch->easy) == CURLM_OK);
    return fetch;
}

void fetch_cancel(struct fetch **fetch_ptr)
{
    struct fetch *fetch = *fetch_ptr;

    *fetch_ptr = NULL;
    /* In its own callback it is on its way out already. */
    if (fetch && !fetch->busy)
        abort_fetch(fetch);
}
