/* SPDX-License-Identifier: MIT */
/* httpd_answer.c - what is sent: bytes of one request, answers that many requests share, streams.
 *
 * A stream belongs to its request's response object and is freed with it. Its connection is
 * suspended whenever nothing waits to be sent; the library does not look at such a connection, so
 * a client that left is seen at the next send.
 */
#include "base/httpd_priv.h"
#include "base/loop_glue.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { STREAM_BLOCK_BYTES = 2048 };

/* ---- one request's answer -------------------------------------------------------------------- */

static void add_headers(struct MHD_Response *response, const struct httpd_header *headers,
                        size_t n_headers)
{
    for (size_t i = 0; i < n_headers; i++)
        check(MHD_add_response_header(response, headers[i].name, headers[i].value) == MHD_YES);
}

static void wake(struct request *request)
{
    if (!request->suspended)
        return;
    request->suspended = false;
    httpd_conn_touch(request->conn);
    MHD_resume_connection(request->conn->mhd);
    loop_mhd_kick(request->httpd->glue);
}

static void answer(struct request *request, int status, struct MHD_Response *response)
{
    if (request->extra_name && !request->shared)
        check(MHD_add_response_header(response, request->extra_name, request->extra_value) ==
              MHD_YES);
    request->response = response;
    request->status = status;
    if (status == MHD_HTTP_NOT_MODIFIED)
        request->answer_bytes = 0; /* the library tells the length, but sends no body */
    request->answered = true;
    wake(request);
}

/* Does anybody still wait for this answer? Otherwise the request is done with. */
static bool request_settle(struct request *request)
{
    if (request->refusing)
        return true;
    check(request->owed);
    request->owed = false;
    if (!request->conn) {
        httpd_request_free(request);
        return false;
    }
    return !request->answered;
}

void httpd_respond(struct httpd_req *req, int status, const struct httpd_header *headers,
                   size_t n_headers, struct buf *body)
{
    struct request *request = container_of(req, struct request, pub);
    struct MHD_Response *response;
    size_t len = body->len;

    check(!buf_overflowed(body));
    if (!request_settle(request)) {
        buf_fini(body);
        return;
    }
    response = MHD_create_response_from_buffer_with_free_callback(len, buf_take(body), mem_free);
    add_headers(response, headers, n_headers);
    request->answer_bytes = len;
    answer(request, status, response);
}

static struct MHD_Response *response_of(const void *bytes, size_t len)
{
    /* The library's parameter lacks the const; the bytes are only read (MHD_RESPMEM_PERSISTENT). */
    return MHD_create_response_from_buffer(len, (void *)(uintptr_t)bytes, MHD_RESPMEM_PERSISTENT);
}

void httpd_respond_static(struct httpd_req *req, int status, const struct httpd_header *headers,
                          size_t n_headers, const void *bytes, size_t len)
{
    struct request *request = container_of(req, struct request, pub);
    struct MHD_Response *response;

    if (!request_settle(request))
        return;
    response = response_of(bytes, len);
    add_headers(response, headers, n_headers);
    request->answer_bytes = len;
    answer(request, status, response);
}

/* ---- shared answers -------------------------------------------------------------------------- */

struct httpd_answer {
    int n_refs;
    int status;
    struct httpd_header *headers;
    size_t n_headers;
    char *bytes;
    size_t len;
    struct MHD_Response *response; /* lives as long as we do; the library counts who sends it */
};

static void answer_free(struct httpd_answer *shared)
{
    for (size_t i = 0; i < shared->n_headers; i++) {
        mem_free((char *)(uintptr_t)shared->headers[i].name);
        mem_free((char *)(uintptr_t)shared->headers[i].value);
    }
    mem_free(shared->headers);
    mem_free(shared->bytes);
    mem_free(shared);
}

/* One reference less. When only the response object's own is left, that object goes, and with its
 * last use the rest. */
static void answer_drop(void *ctx)
{
    struct httpd_answer *shared = ctx;
    struct MHD_Response *response = shared->response;

    shared->n_refs--;
    if (shared->n_refs == 1 && response) {
        shared->response = NULL;
        MHD_destroy_response(response);
    } else if (shared->n_refs == 0) {
        answer_free(shared);
    }
}

/* The response object holds a reference of its own, which ends with its last use. */
static struct MHD_Response *make_response(struct httpd_answer *shared)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        shared->len, shared->bytes, answer_drop, shared);

    check(response);
    shared->n_refs++;
    add_headers(response, shared->headers, shared->n_headers);
    return response;
}

struct httpd_answer *httpd_answer_new(int status, const struct httpd_header *headers,
                                      size_t n_headers, struct buf *body)
{
    struct httpd_answer *shared = mem_new(struct httpd_answer);

    check(!buf_overflowed(body));
    shared->n_refs = 1;
    shared->status = status;
    shared->headers = mem_array(n_headers ? n_headers : 1, sizeof(*headers));
    shared->n_headers = n_headers;
    for (size_t i = 0; i < n_headers; i++) {
        shared->headers[i].name = mem_strdup(headers[i].name);
        shared->headers[i].value = mem_strdup(headers[i].value);
    }
    shared->len = body->len;
    shared->bytes = buf_take(body);
    shared->response = make_response(shared);
    return shared;
}

const char *httpd_answer_bytes(const struct httpd_answer *shared, size_t *len)
{
    *len = shared->len;
    return shared->bytes ? shared->bytes : "";
}

struct httpd_answer *httpd_answer_ref(struct httpd_answer *shared)
{
    shared->n_refs++;
    return shared;
}

void httpd_answer_unref(struct httpd_answer **shared)
{
    if (*shared)
        answer_drop(*shared);
    *shared = NULL;
}

static void respond_shared(struct httpd_req *req, int status, struct httpd_answer *shared)
{
    struct request *request = container_of(req, struct request, pub);

    if (!request_settle(request))
        return;
    request->answer_bytes = shared->len;
    /* The end of the connection is announced in a header: a response of this request's own then. */
    if (!request->httpd->stopping)
        request->shared = httpd_answer_ref(shared);
    answer(request, status, request->shared ? shared->response : make_response(shared));
}

void httpd_respond_answer(struct httpd_req *req, struct httpd_answer *shared)
{
    respond_shared(req, shared->status, shared);
}

void httpd_respond_not_modified(struct httpd_req *req, struct httpd_answer *shared)
{
    respond_shared(req, MHD_HTTP_NOT_MODIFIED, shared);
}

/* ---- handing over ---------------------------------------------------------------------------- */

enum MHD_Result httpd_hand_over(struct request *request, struct MHD_Connection *mhd)
{
    struct MHD_Response *response = request->response;
    enum MHD_Result rc;

    request->response = NULL;
    if (request->httpd->stopping && !request->shared)
        check(MHD_add_response_header(response, "Connection", "close") == MHD_YES);
    rc = MHD_queue_response(mhd, (unsigned)request->status, response);
    if (request->shared)
        httpd_answer_unref(&request->shared);
    else
        MHD_destroy_response(response);
    return rc;
}

/* ---- streams --------------------------------------------------------------------------------- */

struct httpd_bytes {
    int n_refs;
    size_t len;
    char data[];
};

struct httpd_bytes *httpd_bytes_new(const void *data, size_t len)
{
    struct httpd_bytes *bytes = mem_alloc(sizeof(*bytes) + len);

    bytes->n_refs = 1;
    bytes->len = len;
    memcpy(bytes->data, data, len);
    return bytes;
}

struct httpd_bytes *httpd_bytes_ref(struct httpd_bytes *bytes)
{
    bytes->n_refs++;
    return bytes;
}

void httpd_bytes_unref(struct httpd_bytes **bytes)
{
    if (*bytes && --(*bytes)->n_refs == 0)
        mem_free(*bytes);
    *bytes = NULL;
}

struct piece {
    struct list link;
    struct httpd_bytes *bytes;
};

struct httpd_stream {
    struct request *request; /* NULL: its connection has let go */
    struct list pieces;
    size_t sent_of_first;
    size_t pending_bytes, max_pending_bytes;
    bool ended;
    httpd_stream_closed_fn *closed;
    httpd_stream_drained_fn *drained; /* or NULL */
    void *ctx;
};

static void drop_first_piece(struct httpd_stream *stream)
{
    struct piece *piece = container_of(list_first(&stream->pieces), struct piece, link);

    list_remove(&piece->link);
    httpd_bytes_unref(&piece->bytes);
    mem_free(piece);
    stream->sent_of_first = 0;
}

static size_t take_bytes(struct httpd_stream *stream, char *out, size_t max)
{
    size_t n = 0;

    while (n < max && !list_is_empty(&stream->pieces)) {
        struct piece *piece = container_of(list_first(&stream->pieces), struct piece, link);
        size_t left = piece->bytes->len - stream->sent_of_first;
        size_t take = left < max - n ? left : max - n;

        memcpy(out + n, piece->bytes->data + stream->sent_of_first, take);
        n += take;
        stream->sent_of_first += take;
        if (take == left)
            drop_first_piece(stream);
    }
    stream->pending_bytes -= n;
    return n;
}

static ssize_t on_want_bytes(void *ctx, uint64_t pos, char *out, size_t max)
{
    struct httpd_stream *stream = ctx;
    struct request *request = stream->request;
    size_t n;

    (void)pos;
    if (!request)
        return MHD_CONTENT_READER_END_OF_STREAM;
    loop_mhd_progress(request->httpd->glue);
    n = take_bytes(stream, out, max);
    if (n == 0 && !stream->ended && stream->drained) {
        stream->drained(stream->ctx);
        n = take_bytes(stream, out, max);
    }
    request->answer_bytes += n;
    if (n > 0) {
        httpd_conn_touch(request->conn);
        return (ssize_t)n;
    }
    if (stream->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    request->suspended = true;
    httpd_conn_silent(request->conn);
    MHD_suspend_connection(request->conn->mhd);
    return 0;
}

static void on_response_freed(void *ctx)
{
    struct httpd_stream *stream = ctx;

    check(!stream->request);
    while (!list_is_empty(&stream->pieces))
        drop_first_piece(stream);
    mem_free(stream);
}

struct httpd_stream *httpd_respond_stream(struct httpd_req *req, int status,
                                          const struct httpd_header *headers, size_t n_headers,
                                          size_t max_pending_bytes, httpd_stream_closed_fn *closed,
                                          void *ctx)
{
    struct request *request = container_of(req, struct request, pub);
    struct httpd_stream *stream;
    struct MHD_Response *response;

    if (!request_settle(request))
        return NULL;
    stream = mem_new(struct httpd_stream);
    *stream = (struct httpd_stream){.request = request,
                                    .max_pending_bytes = max_pending_bytes,
                                    .closed = closed,
                                    .ctx = ctx,
                                    .ended = request->httpd->drained};
    list_init(&stream->pieces);
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES,
                                                 on_want_bytes, stream, on_response_freed);
    check(response);
    add_headers(response, headers, n_headers);
    request->stream = stream;
    request->httpd->n_streams++;
    answer(request, status, response);
    return stream;
}

void httpd_stream_on_drained(struct httpd_stream *stream, httpd_stream_drained_fn *drained)
{
    stream->drained = drained;
}

bool httpd_stream_send(struct httpd_stream *stream, struct httpd_bytes *bytes)
{
    struct piece *piece;

    if (stream->pending_bytes + bytes->len > stream->max_pending_bytes)
        return false;
    if (bytes->len == 0)
        return true;
    piece = mem_new(struct piece);
    piece->bytes = httpd_bytes_ref(bytes);
    list_init(&piece->link);
    list_append(&stream->pieces, &piece->link);
    stream->pending_bytes += bytes->len;
    wake(stream->request);
    return true;
}

bool httpd_stream_is_left(const struct httpd_stream *stream)
{
    char byte;
    ssize_t n = recv(stream->request->conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

size_t httpd_stream_pending(const struct httpd_stream *stream)
{
    return stream->pending_bytes;
}

void httpd_stream_end(struct httpd_stream *stream)
{
    stream->ended = true;
    wake(stream->request);
}

void httpd_stream_closed(struct httpd_stream *stream)
{
    stream->request->httpd->n_streams--;
    stream->request = NULL;
    stream->closed(stream->ctx);
}

int httpd_streams(const struct httpd *httpd)
{
    return httpd->n_streams;
}
