/* SPDX-License-Identifier: MIT */
/* transport_pipe.c - the pipe transport (--remote-debugging-pipe): messages end with a NUL byte.
 *
 * Chrome reads its fd 3 and writes its fd 4; here are the other ends. There is no handshake: the connection counts as
 * open in the next turn of the loop. Whether a Chrome is really there shows when the first command is answered, or not.
 *
 * The writing end is a socket, so that a Chrome which has gone costs an error and not a SIGPIPE.
 *
 * Not here: what the messages mean (envelope.c, conn.c), who made the descriptors (chrome/launch.c).
 */
#include "cdp/transport.h"
#include "base/list.h"
#include "cdp/joiner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 << 10 }; /* what one turn reads, so that others have theirs */

struct outgoing {
    struct list link;
    size_t len; /* the NUL included */
    char bytes[];
};

enum pipe_state { PIPE_STARTING, PIPE_OPEN, PIPE_ENDED };

struct transport_pipe {
    struct transport base;
    struct loop *loop;
    const struct transport_events *events;
    void *ctx;
    enum pipe_state state;
    bool freed; /* by the owner; the memory goes at the end of the turn */
    int read_fd, write_fd;
    struct loop_io *read_io, *write_io;
    struct loop_timer *timer; /* tells the opening, then the end */
    struct list outgoing;
    size_t outgoing_bytes;
    size_t first_sent; /* bytes of the first outgoing message that went already */
    struct joiner incoming;
    struct err why;
};

/* ---- the end ----------------------------------------------------------------------------------- */

/* Chrome sees the end of its input at once, and takes that as the order to exit. */
static void hang_up(struct transport_pipe *pipe)
{
    loop_io_free(&pipe->read_io);
    loop_io_free(&pipe->write_io);
    if (pipe->read_fd >= 0)
        close(pipe->read_fd);
    if (pipe->write_fd >= 0)
        close(pipe->write_fd);
    pipe->read_fd = pipe->write_fd = -1;
}

/* Told from the timer, so that on_closed comes from no other call. The first reason is the one that counts. */
static void end_later(struct transport_pipe *pipe, enum err_code code, const char *why)
{
    if (pipe->state == PIPE_ENDED)
        return;
    pipe->state = PIPE_ENDED;
    err_set(&pipe->why, code, "%s", why);
    hang_up(pipe);
    loop_timer_start(pipe->timer, 0);
}

static void drop_first(struct transport_pipe *pipe)
{
    struct outgoing *first = container_of(list_first(&pipe->outgoing), struct outgoing, link);

    pipe->outgoing_bytes -= first->len;
    pipe->first_sent = 0;
    list_remove(&first->link);
    mem_free(first);
}

static void pipe_close(struct transport *base)
{
    end_later(container_of(base, struct transport_pipe, base), ERR_CANCELLED, "closed by us");
}

static void pipe_release(void *ctx)
{
    mem_free(ctx);
}

/* May be called while the messages of one piece are being handed over, hence the memory goes later. */
static void pipe_free(struct transport *base)
{
    struct transport_pipe *pipe = container_of(base, struct transport_pipe, base);

    hang_up(pipe);
    while (!list_is_empty(&pipe->outgoing))
        drop_first(pipe);
    loop_timer_free(&pipe->timer);
    joiner_fini(&pipe->incoming);
    pipe->freed = true;
    loop_defer(pipe->loop, pipe_release, pipe);
}

/* ---- sending ----------------------------------------------------------------------------------- */

/* As much as the socket takes; the rest waits until it is writable. */
static void flush(struct transport_pipe *pipe)
{
    while (!list_is_empty(&pipe->outgoing)) {
        struct outgoing *first = container_of(list_first(&pipe->outgoing), struct outgoing, link);
        ssize_t n = send(pipe->write_fd, first->bytes + pipe->first_sent,
                         first->len - pipe->first_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN) {
            end_later(pipe, ERR_NETWORK, "sending failed");
            return;
        }
        if (n < 0)
            break;
        pipe->first_sent += (size_t)n;
        if (pipe->first_sent == first->len)
            drop_first(pipe);
    }
    loop_io_want(pipe->write_io, list_is_empty(&pipe->outgoing) ? 0 : LOOP_WRITE);
}

static void pipe_send(struct transport *base, const char *bytes, size_t len)
{
    struct transport_pipe *pipe = container_of(base, struct transport_pipe, base);
    struct outgoing *message;

    if (pipe->state == PIPE_ENDED)
        return;
    if (len >= TRANSPORT_MAX_MESSAGE_BYTES - pipe->outgoing_bytes) {
        end_later(pipe, ERR_PROTOCOL, "more than 64 MiB of commands wait to be sent");
        return;
    }
    message = mem_alloc(sizeof(*message) + len + 1);
    message->len = len + 1;
    memcpy(message->bytes, bytes, len);
    message->bytes[len] = '\0';
    list_init(&message->link);
    list_append(&pipe->outgoing, &message->link);
    pipe->outgoing_bytes += message->len;
    if (pipe->state == PIPE_OPEN)
        flush(pipe);
}

static void on_writable(void *ctx, unsigned events)
{
    (void)events; /* an error shows when it is sent */
    flush(ctx);
}

/* ---- receiving --------------------------------------------------------------------------------- */

/* The message is handed over out of its buffer: the receiver may free the transport. */
static void deliver(struct transport_pipe *pipe)
{
    struct buf message = joiner_take(&pipe->incoming);

    pipe->events->on_message(message.data, message.len, pipe->ctx);
    if (pipe->freed)
        buf_fini(&message);
    else
        joiner_give_back(&pipe->incoming, &message);
}

/* A piece may hold the end of one message, whole ones, and the beginning of another. */
static void take_piece(struct transport_pipe *pipe, const char *at, size_t left)
{
    while (left > 0 && !pipe->freed && pipe->state == PIPE_OPEN) {
        const char *nul = memchr(at, '\0', left);
        size_t len = nul ? (size_t)(nul - at) : left;

        switch (joiner_add(&pipe->incoming, at, len, nul != NULL)) {
        case JOINER_TOO_LONG:
            end_later(pipe, ERR_PROTOCOL, "a message of more than 64 MiB came");
            return;
        case JOINER_WHOLE:
            deliver(pipe);
            break;
        case JOINER_MORE:
            break;
        }
        len += nul != NULL;
        at += len;
        left -= len;
    }
}

static void on_readable(void *ctx, unsigned events)
{
    struct transport_pipe *pipe = ctx;
    char piece[PIECE_BYTES];
    ssize_t n = read(pipe->read_fd, piece, sizeof(piece));

    if (n > 0)
        take_piece(pipe, piece, (size_t)n);
    else if (n == 0)
        end_later(pipe, ERR_NETWORK, "the connection was closed by the other side");
    else if ((errno != EAGAIN && errno != EINTR) || (events & LOOP_ERROR))
        end_later(pipe, ERR_NETWORK, "receiving failed");
    if (!pipe->freed && pipe->state == PIPE_OPEN)
        loop_io_want(pipe->read_io,
                     LOOP_READ); /* an error had ended the watch, and there may be more to read */
}

/* ---- the object -------------------------------------------------------------------------------- */

static void on_timer(void *ctx)
{
    struct transport_pipe *pipe = ctx;

    if (pipe->state == PIPE_ENDED) {
        pipe->events->on_closed(&pipe->why, pipe->ctx);
        return;
    }
    pipe->state = PIPE_OPEN;
    loop_io_want(pipe->read_io, LOOP_READ);
    flush(pipe);
    if (pipe->state == PIPE_OPEN)
        pipe->events->on_open(pipe->ctx);
}

static bool is_socket(int fd)
{
    int type;
    socklen_t len = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
}

static const struct transport_ops pipe_ops = {
    .send = pipe_send, .close = pipe_close, .free = pipe_free};

struct transport *transport_pipe_new(struct loop *loop, int read_fd, int write_fd,
                                     const struct transport_events *events, void *ctx)
{
    struct transport_pipe *pipe = mem_new(struct transport_pipe);

    check(read_fd != write_fd && is_socket(write_fd));
    check(fcntl(read_fd, F_SETFL, fcntl(read_fd, F_GETFL) | O_NONBLOCK) == 0);
    pipe->base.ops = &pipe_ops;
    pipe->loop = loop;
    pipe->events = events;
    pipe->ctx = ctx;
    pipe->read_fd = read_fd;
    pipe->write_fd = write_fd;
    list_init(&pipe->outgoing);
    joiner_init(&pipe->incoming, TRANSPORT_MAX_MESSAGE_BYTES);
    pipe->read_io = loop_io_new(loop, read_fd, on_readable, pipe);
    pipe->write_io = loop_io_new(loop, write_fd, on_writable, pipe);
    pipe->timer = loop_timer_new(loop, on_timer, pipe);
    loop_timer_start(pipe->timer, 0);
    return &pipe->base;
}
