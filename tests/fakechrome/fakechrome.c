/* SPDX-License-Identifier: MIT */
/* fakechrome.c - one client at a time, over a WebSocket or a pair of descriptors; see fakechrome.h.
 *
 * What is sent waits in `out` until the loop finds the descriptor writable, so a client that went away is only
 * noticed from the loop, never inside a call of the owner.
 */
#include "fakechrome/fakechrome.h"
#include "base/buf.h"
#include "base/str.h"
#include "fakechrome/frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OUT_MAX_BYTES = 512 << 20, LISTEN_BACKLOG = 8 };

struct fakechrome {
    struct loop *loop;
    enum fakechrome_link link;
    const struct fakechrome_events *events;
    void *ctx;
    int listen_fd;
    struct loop_io *listen_io;
    int read_fd, write_fd; /* -1: nobody is connected; a WebSocket has its one descriptor in both */
    struct loop_io *read_io, *write_io; /* a WebSocket has only read_io */
    bool request_came, shook_hands, hang_up;
    bool offered_extensions;
    struct buf in, out;
    size_t out_sent;
    size_t piece_bytes; /* at most that much goes into a pipe at once; 0: as it comes */
    char key[64];
    int port;
    char url[128];
    int commands, pongs, bad_frames;
};

/* ---- the connection's end ---------------------------------------------------------------------- */

static void drop_client(struct fakechrome *fake)
{
    if (fake->read_fd < 0)
        return;
    loop_io_free(&fake->read_io);
    loop_io_free(&fake->write_io);
    close(fake->read_fd);
    if (fake->write_fd != fake->read_fd)
        close(fake->write_fd);
    fake->read_fd = fake->write_fd = -1;
    fake->request_came = fake->shook_hands = fake->hang_up = false;
    fake->out_sent = fake->piece_bytes = 0;
    buf_fini(&fake->in);
    buf_fini(&fake->out);
    if (fake->events->on_gone)
        fake->events->on_gone(fake, fake->ctx);
}

static void want(struct fakechrome *fake)
{
    unsigned writing = fake->out.len > fake->out_sent || fake->hang_up ? LOOP_WRITE : 0;

    if (fake->write_io) {
        loop_io_want(fake->read_io, LOOP_READ);
        loop_io_want(fake->write_io, writing);
    } else {
        loop_io_want(fake->read_io, LOOP_READ | writing);
    }
}

/* ---- sending ----------------------------------------------------------------------------------- */

/* Only Chrome's end of a pipe may be no socket; the program ignores SIGPIPE. */
static ssize_t put(const struct fakechrome *fake, const void *bytes, size_t len)
{
    ssize_t n;

    if (fake->piece_bytes && len > fake->piece_bytes)
        len = fake->piece_bytes;
    n = send(fake->write_fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 && errno == ENOTSOCK ? write(fake->write_fd, bytes, len) : n;
}

/* false: the client is gone. */
static bool put_all(struct fakechrome *fake)
{
    ssize_t n = 0;

    while (fake->out_sent < fake->out.len && n >= 0) {
        n = put(fake, fake->out.data + fake->out_sent, fake->out.len - fake->out_sent);
        fake->out_sent += n > 0 ? (size_t)n : 0;
    }
    if (fake->out_sent == fake->out.len) {
        buf_fini(&fake->out);
        fake->out_sent = fake->piece_bytes = 0;
    }
    return n >= 0 || errno == EAGAIN;
}

static void on_writable(struct fakechrome *fake)
{
    if (!put_all(fake) || (fake->hang_up && fake->out.len == 0))
        drop_client(fake);
    else
        want(fake);
}

void fakechrome_flush(struct fakechrome *fake)
{
    if (fake->write_fd >= 0)
        (void)put_all(fake);
}

void fakechrome_send_raw(struct fakechrome *fake, const void *bytes, size_t len)
{
    check(fake->read_fd >= 0);
    buf_add(&fake->out, bytes, len);
    check(!buf_overflowed(&fake->out));
    want(fake);
}

static void send_frames(struct fakechrome *fake, const char *bytes, size_t len, size_t piece_bytes)
{
    size_t at = 0, n;

    do {
        n = len - at < piece_bytes ? len - at : piece_bytes;
        frame_add(&fake->out, (at + n == len ? FRAME_FIN : 0u) | (at == 0 ? OP_TEXT : OP_MORE),
                  bytes + at, n);
        at += n;
    } while (at < len);
}

void fakechrome_send_pieces(struct fakechrome *fake, const char *bytes, size_t len,
                            size_t piece_bytes)
{
    check(fake->read_fd >= 0);
    if (fake->link == FAKECHROME_WS) {
        send_frames(fake, bytes, len, piece_bytes ? piece_bytes : len);
    } else {
        buf_add(&fake->out, bytes, len);
        buf_addc(&fake->out, '\0');
        fake->piece_bytes = piece_bytes;
    }
    check(!buf_overflowed(&fake->out));
    want(fake);
}

void fakechrome_send_part(struct fakechrome *fake, const char *bytes, size_t len, size_t part)
{
    check(fake->read_fd >= 0 && part <= len);
    if (fake->link == FAKECHROME_WS)
        frame_add_head(&fake->out, FRAME_FIN | OP_TEXT, len);
    fakechrome_send_raw(fake, bytes, part);
}

void fakechrome_send(struct fakechrome *fake, const char *text)
{
    fakechrome_send_pieces(fake, text, strlen(text), 0);
}

void fakechrome_sendf(struct fakechrome *fake, const char *fmt, ...)
{
    struct buf text;
    va_list args;

    buf_init(&text, BUF_MAX_DEFAULT);
    va_start(args, fmt);
    buf_vaddf(&text, fmt, args);
    va_end(args);
    fakechrome_send(fake, buf_str(&text));
    buf_fini(&text);
}

void fakechrome_ping(struct fakechrome *fake)
{
    if (fake->link == FAKECHROME_WS)
        frame_add(&fake->out, FRAME_FIN | OP_PING, "?", 1);
    else
        buf_addc(&fake->out, '\0');
    want(fake);
}

void fakechrome_hang_up(struct fakechrome *fake)
{
    if (fake->read_fd < 0)
        return;
    fake->hang_up = true;
    want(fake);
}

/* ---- receiving --------------------------------------------------------------------------------- */

static void take_command(struct fakechrome *fake, const char *text, size_t len)
{
    char *copy = mem_strndup(text, len);
    struct jdoc *doc = NULL;
    struct err err;
    const struct jval *root;

    fake->commands++;
    if (jdoc_parse(copy, len, &doc, &err) < 0) {
        fake->bad_frames++;
    } else if (fake->events->on_command) {
        root = jdoc_root(doc);
        fake->events->on_command(fake,
                                 &(struct fake_command){
                                     .id = jval_get_int(root, "id", -1),
                                     .method = jval_get_str(root, "method", ""),
                                     .session_id = jval_get_str(root, "sessionId", ""),
                                     .params = jval_get(root, "params"),
                                     .text = text,
                                     .len = len,
                                 },
                                 fake->ctx);
    }
    jdoc_free(&doc);
    mem_free(copy);
}

static void take_frame(struct fakechrome *fake, const struct frame *frame)
{
    fake->bad_frames += !frame->masked;
    switch (frame->first & 0x0f) {
    case OP_TEXT:
        fake->bad_frames += !(frame->first & FRAME_FIN);
        take_command(fake, frame->payload, frame->len);
        return;
    case OP_PONG:
        fake->pongs++;
        return;
    case OP_CLOSE:
        drop_client(fake);
        return;
    default:
        fake->bad_frames++;
        return;
    }
}

static void read_frames(struct fakechrome *fake)
{
    struct frame frame;

    while (fake->shook_hands && frame_take(&fake->in, &frame)) {
        take_frame(fake, &frame);
        mem_free(frame.payload);
    }
}

static void read_pipe_messages(struct fakechrome *fake)
{
    char *nul;

    while (fake->in.len > 0 && (nul = memchr(fake->in.data, '\0', fake->in.len))) {
        size_t len = (size_t)(nul - fake->in.data);
        char *text = mem_strndup(fake->in.data, len);

        buf_consume(&fake->in, len + 1);
        take_command(fake, text, len);
        mem_free(text);
    }
}

/* ---- the handshake ------------------------------------------------------------------------------ */

static void read_request(struct fakechrome *fake)
{
    static const char header[] = "Sec-WebSocket-Key: ";
    char *end = strstr(buf_str(&fake->in), "\r\n\r\n");
    char *key = strcasestr(buf_str(&fake->in), header);

    if (!end || fake->request_came)
        return;
    fake->request_came = true;
    fake->offered_extensions = strcasestr(fake->in.data, "Sec-WebSocket-Extensions") != NULL;
    if (!key) {
        fakechrome_refuse(fake, 400);
        return;
    }
    key += strlen(header);
    snprintf(fake->key, sizeof(fake->key), "%.*s", (int)strcspn(key, "\r"), key);
    buf_consume(&fake->in, (size_t)(end + 4 - fake->in.data));
    if (fake->events->on_handshake)
        fake->events->on_handshake(fake, fake->ctx);
    else
        fakechrome_accept(fake);
}

void fakechrome_accept(struct fakechrome *fake)
{
    check(fake->request_came && !fake->shook_hands);
    frame_add_handshake(&fake->out, fake->key, strlen(fake->key));
    fake->shook_hands = true;
    want(fake);
    if (fake->events->on_open)
        fake->events->on_open(fake, fake->ctx);
}

void fakechrome_refuse(struct fakechrome *fake, int http_status)
{
    check(fake->request_came && !fake->shook_hands);
    buf_addf(&fake->out, "HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
             http_status);
    fakechrome_hang_up(fake);
}

static void on_client(void *ctx, unsigned events)
{
    struct fakechrome *fake = ctx;
    char piece[65536];
    ssize_t n;

    if (events & LOOP_WRITE)
        on_writable(fake);
    if (fake->read_fd < 0 || !(events & LOOP_READ))
        return;
    n = read(fake->read_fd, piece, sizeof(piece));
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        drop_client(fake);
        return;
    }
    buf_add(&fake->in, piece, n > 0 ? (size_t)n : 0);
    if (fake->link == FAKECHROME_PIPE)
        read_pipe_messages(fake);
    else if (!fake->shook_hands)
        read_request(fake);
    read_frames(fake);
    if (fake->read_fd >= 0)
        want(fake); /* an error had ended the watch */
}

static void on_connect(void *ctx, unsigned events)
{
    struct fakechrome *fake = ctx;
    int fd = accept4(fake->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd < 0)
        return;
    drop_client(fake);
    fake->read_fd = fake->write_fd = fd;
    fake->read_io = loop_io_new(fake->loop, fd, on_client, fake);
    want(fake);
}

/* ---- pipes ------------------------------------------------------------------------------------- */

static void stop_blocking(int fd)
{
    check(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
}

void fakechrome_attach_pipe(struct fakechrome *fake, int read_fd, int write_fd)
{
    check(fake->link == FAKECHROME_PIPE);
    drop_client(fake);
    stop_blocking(read_fd);
    stop_blocking(write_fd);
    fake->read_fd = read_fd;
    fake->write_fd = write_fd;
    fake->read_io = loop_io_new(fake->loop, read_fd, on_client, fake);
    fake->write_io = loop_io_new(fake->loop, write_fd, on_client, fake);
    want(fake);
    if (fake->events->on_open)
        fake->events->on_open(fake, fake->ctx);
}

void fakechrome_open_pipe(struct fakechrome *fake, int *client_read_fd, int *client_write_fd)
{
    int down[2], up[2]; /* [0] is the client's end */

    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, down) == 0);
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, up) == 0);
    *client_read_fd = down[0];
    *client_write_fd = up[0];
    fakechrome_attach_pipe(fake, up[1], down[1]);
}

/* ---- the object -------------------------------------------------------------------------------- */

static void start_listening(struct fakechrome *fake)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t addr_len = sizeof(addr);

    fake->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    check(fake->listen_fd >= 0);
    check(bind(fake->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
    check(listen(fake->listen_fd, LISTEN_BACKLOG) == 0);
    check(getsockname(fake->listen_fd, (struct sockaddr *)&addr, &addr_len) == 0);
    fake->port = ntohs(addr.sin_port);
    snprintf(fake->url, sizeof(fake->url), "ws://127.0.0.1:%d" FAKECHROME_PATH, fake->port);
    fake->listen_io = loop_io_new(fake->loop, fake->listen_fd, on_connect, fake);
    loop_io_want(fake->listen_io, LOOP_READ);
}

struct fakechrome *fakechrome_new(struct loop *loop, enum fakechrome_link link,
                                  const struct fakechrome_events *events, void *ctx)
{
    struct fakechrome *fake = mem_new(struct fakechrome);

    fake->loop = loop;
    fake->link = link;
    fake->events = events;
    fake->ctx = ctx;
    fake->listen_fd = fake->read_fd = fake->write_fd = -1;
    buf_init(&fake->in, BUF_MAX_DEFAULT);
    buf_init(&fake->out, OUT_MAX_BYTES);
    if (link == FAKECHROME_WS)
        start_listening(fake);
    return fake;
}

void fakechrome_free(struct fakechrome **fake_ptr)
{
    static const struct fakechrome_events none = {0};
    struct fakechrome *fake = *fake_ptr;

    *fake_ptr = NULL;
    if (!fake)
        return;
    fake->events = &none;
    drop_client(fake);
    loop_io_free(&fake->listen_io);
    if (fake->listen_fd >= 0)
        close(fake->listen_fd);
    buf_fini(&fake->in);
    buf_fini(&fake->out);
    mem_free(fake);
}

const char *fakechrome_url(const struct fakechrome *fake)
{
    return fake->url;
}

int fakechrome_port(const struct fakechrome *fake)
{
    return fake->port;
}

int fakechrome_commands(const struct fakechrome *fake)
{
    return fake->commands;
}

int fakechrome_pongs(const struct fakechrome *fake)
{
    return fake->pongs;
}

int fakechrome_bad_frames(const struct fakechrome *fake)
{
    return fake->bad_frames;
}

bool fakechrome_was_offered_extensions(const struct fakechrome *fake)
{
    return fake->offered_extensions;
}

bool fakechrome_is_connected(const struct fakechrome *fake)
{
    return fake->read_fd >= 0;
}
