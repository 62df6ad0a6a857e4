/* SPDX-License-Identifier: MIT */
/* fakechrome.c - RFC 6455 from the server's side, as far as tests need it; see fakechrome.h. */
#include "fakechrome/fakechrome.h"
#include "base/buf.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OP_MORE = 0, OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10, FIN = 0x80, MASKED = 0x80 };

struct fakechrome {
    struct loop *loop;
    fake_command_fn *on_command;
    void *ctx;
    int listen_fd;
    struct loop_io *listen_io;
    int fd; /* -1: nobody is connected */
    struct loop_io *io;
    bool shook_hands, refuse, silent, hang_up;
    bool offered_extensions;
    struct buf in, out;
    char url[80];
    int commands, pongs, bad_frames;
};

static void drop_client(struct fakechrome *fake)
{
    if (fake->fd < 0)
        return;
    loop_io_free(&fake->io);
    close(fake->fd);
    fake->fd = -1;
    fake->shook_hands = false;
    buf_clear(&fake->in);
    buf_clear(&fake->out);
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void want(struct fakechrome *fake)
{
    loop_io_want(fake->io, fake->out.len > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void flush(struct fakechrome *fake)
{
    ssize_t n = 0;
    size_t sent = 0;

    while (sent < fake->out.len && n >= 0) {
        n = send(fake->fd, fake->out.data + sent, fake->out.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
    }
    buf_consume(&fake->out, sent);
    if ((n < 0 && errno != EAGAIN) || (fake->hang_up && fake->out.len == 0))
        drop_client(fake);
    else
        want(fake);
}

void fakechrome_send_raw(struct fakechrome *fake, const void *bytes, size_t len)
{
    check(fake->fd >= 0);
    buf_add(&fake->out, bytes, len);
    want(fake);
}

static void send_frame(struct fakechrome *fake, unsigned first, const char *bytes, size_t len)
{
    unsigned char head[10] = {(unsigned char)first};
    size_t head_len = 2;

    if (len < 126) {
        head[1] = (unsigned char)len;
    } else {
        head[1] = len < 65536 ? 126 : 127;
        head_len = len < 65536 ? 4 : 10;
        for (size_t i = 2; i < head_len; i++)
            head[i] = (unsigned char)((uint64_t)len >> (8 * (head_len - 1 - i)));
    }
    fakechrome_send_raw(fake, head, head_len);
    fakechrome_send_raw(fake, bytes, len);
}

void fakechrome_send(struct fakechrome *fake, const char *text)
{
    send_frame(fake, FIN | OP_TEXT, text, strlen(text));
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

void fakechrome_send_pieces(struct fakechrome *fake, const char *bytes, size_t len, size_t piece_bytes)
{
    for (size_t at = 0; at < len; at += piece_bytes) {
        size_t n = len - at < piece_bytes ? len - at : piece_bytes;

        send_frame(fake, (at + n == len ? FIN : 0u) | (at == 0 ? OP_TEXT : OP_MORE), bytes + at, n);
    }
}

void fakechrome_ping(struct fakechrome *fake)
{
    send_frame(fake, FIN | OP_PING, "?", 1);
}

void fakechrome_hang_up(struct fakechrome *fake)
{
    fake->hang_up = true;
    if (fake->fd >= 0)
        loop_io_want(fake->io, LOOP_READ | LOOP_WRITE);
}

/* ---- receiving --------------------------------------------------------------------------------- */

static void take_command(struct fakechrome *fake, const char *text, size_t len)
{
    char *copy = mem_strndup(text, len);
    char *kept = mem_strndup(text, len);
    struct jdoc *doc = NULL;
    struct err err;
    const struct jval *root;

    fake->commands++;
    if (jdoc_parse(copy, len, &doc, &err) < 0) {
        fake->bad_frames++;
    } else if (fake->on_command) {
        root = jdoc_root(doc);
        fake->on_command(fake,
                         &(struct fake_command){
                             .id = jval_get_int(root, "id", -1),
                             .method = jval_get_str(root, "method", ""),
                             .session_id = jval_get_str(root, "sessionId", ""),
                             .params = jval_get(root, "params"),
                             .text = kept,
                             .len = len,
                         },
                         fake->ctx);
    }
    jdoc_free(&doc);
    mem_free(copy);
    mem_free(kept);
}

static void take_frame(struct fakechrome *fake, unsigned first, char *bytes, size_t len)
{
    switch (first & 0x0f) {
    case OP_TEXT:
        if (!(first & FIN))
            fake->bad_frames++;
        take_command(fake, bytes, len);
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

/* false: more bytes are needed. */
static bool read_frame(struct fakechrome *fake)
{
    const unsigned char *in = (const unsigned char *)fake->in.data;
    size_t head_len = 2;
    uint64_t len;
    char *payload;
    unsigned first;

    if (fake->in.len < head_len)
        return false;
    len = in[1] & 0x7f;
    head_len += len == 126 ? 2 : len == 127 ? 8 : 0;
    if (fake->in.len < head_len + 4)
        return false;
    if (head_len > 2)
        len = 0;
    for (size_t i = 2; i < head_len; i++)
        len = len << 8 | in[i];
    if (fake->in.len < head_len + 4 + len)
        return false;
    first = in[0];
    if (!(in[1] & MASKED))
        fake->bad_frames++;
    payload = mem_alloc(len + 1);
    for (size_t i = 0; i < len; i++)
        payload[i] = (char)(in[head_len + 4 + i] ^ in[head_len + i % 4]);
    payload[len] = '\0';
    buf_consume(&fake->in, head_len + 4 + len);
    take_frame(fake, first, payload, len);
    mem_free(payload);
    return fake->fd >= 0;
}

static void answer_handshake(struct fakechrome *fake, const char *key, size_t key_len)
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 section 1.3 */
    unsigned char digest[SHA_DIGEST_LENGTH], accept[64];
    char *both = mem_printf("%.*s%s", (int)key_len, key, magic);

    SHA1((const unsigned char *)both, strlen(both), digest);
    EVP_EncodeBlock(accept, digest, sizeof(digest));
    mem_free(both);
    buf_addf(&fake->out,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept);
    want(fake);
    fake->shook_hands = true;
}

static void read_handshake(struct fakechrome *fake)
{
    static const char header[] = "Sec-WebSocket-Key: ";
    char *end = strstr(fake->in.data, "\r\n\r\n");
    char *key = strcasestr(fake->in.data, header);

    if (!end || fake->silent)
        return;
    fake->offered_extensions = strcasestr(fake->in.data, "Sec-WebSocket-Extensions") != NULL;
    if (fake->refuse || !key) {
        buf_adds(&fake->out, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        fakechrome_hang_up(fake);
        return;
    }
    key += strlen(header);
    answer_handshake(fake, key, strcspn(key, "\r"));
    buf_consume(&fake->in, (size_t)(end + 4 - fake->in.data));
}

static void on_client(void *ctx, unsigned events)
{
    struct fakechrome *fake = ctx;
    char piece[65536];
    ssize_t n;

    if (events & LOOP_WRITE)
        flush(fake);
    if (fake->fd < 0 || !(events & LOOP_READ))
        return;
    n = recv(fake->fd, piece, sizeof(piece), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        drop_client(fake);
        return;
    }
    buf_add(&fake->in, piece, n > 0 ? (size_t)n : 0);
    if (!fake->shook_hands)
        read_handshake(fake);
    while (fake->shook_hands && read_frame(fake))
        ;
}

static void on_connect(void *ctx, unsigned events)
{
    struct fakechrome *fake = ctx;
    int fd = accept4(fake->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd < 0)
        return;
    drop_client(fake);
    fake->fd = fd;
    fake->hang_up = false;
    fake->io = loop_io_new(fake->loop, fd, on_client, fake);
    loop_io_want(fake->io, LOOP_READ);
}

/* ---- the object -------------------------------------------------------------------------------- */

struct fakechrome *fakechrome_new(struct loop *loop, fake_command_fn *on_command, void *ctx)
{
    struct fakechrome *fake = mem_new(struct fakechrome);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t addr_len = sizeof(addr);

    fake->loop = loop;
    fake->on_command = on_command;
    fake->ctx = ctx;
    fake->fd = -1;
    buf_init(&fake->in, BUF_MAX_DEFAULT);
    buf_init(&fake->out, 2 * BUF_MAX_DEFAULT);
    fake->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    check(fake->listen_fd >= 0);
    check(bind(fake->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
    check(listen(fake->listen_fd, 8) == 0);
    check(getsockname(fake->listen_fd, (struct sockaddr *)&addr, &addr_len) == 0);
    snprintf(fake->url, sizeof(fake->url), "ws://127.0.0.1:%d/devtools/browser/fake", ntohs(addr.sin_port));
    fake->listen_io = loop_io_new(loop, fake->listen_fd, on_connect, fake);
    loop_io_want(fake->listen_io, LOOP_READ);
    return fake;
}

void fakechrome_free(struct fakechrome **fake_ptr)
{
    struct fakechrome *fake = *fake_ptr;

    *fake_ptr = NULL;
    if (!fake)
        return;
    drop_client(fake);
    loop_io_free(&fake->listen_io);
    close(fake->listen_fd);
    buf_fini(&fake->in);
    buf_fini(&fake->out);
    mem_free(fake);
}

const char *fakechrome_url(const struct fakechrome *fake)
{
    return fake->url;
}

void fakechrome_refuse_handshake(struct fakechrome *fake)
{
    fake->refuse = true;
}

void fakechrome_stay_silent(struct fakechrome *fake)
{
    fake->silent = true;
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
    return fake->fd >= 0;
}
