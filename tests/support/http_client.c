/* SPDX-License-Identifier: MIT */
/* http_client.c - see http_client.h. */
#include "support/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

/* Reads all there is: after a reset the loop reports a descriptor only once. */
static void on_readable(void *ctx, unsigned events)
{
    struct http_client *client = ctx;
    char bytes[65536];
    ssize_t n;

    (void)events;
    while ((n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
        buf_add(&client->in, bytes, (size_t)n);
    if (n == 0 || errno != EAGAIN) {
        client->closed = true;
        loop_io_want(client->io, 0);
    }
    if (client->closed || (client->awaited && strstr(buf_str(&client->in), client->awaited)))
        loop_stop(client->loop);
}

static void on_deadline(void *ctx)
{
    struct http_client *client = ctx;

    client->timed_out = true;
    loop_stop(client->loop);
}

struct http_client *http_client_open(struct loop *loop, int port)
{
    struct http_client *client = mem_new(struct http_client);
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    client->loop = loop;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(connect(client->fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
    buf_init(&client->in, BUF_MAX_DEFAULT);
    client->deadline = loop_timer_new(loop, on_deadline, client);
    client->io = loop_io_new(loop, client->fd, on_readable, client);
    loop_io_want(client->io, LOOP_READ);
    return client;
}

void http_client_send(struct http_client *client, const char *bytes)
{
    size_t len = strlen(bytes);

    /* A server that has already refused may have reset the connection. */
    while (len) {
        ssize_t n = send(client->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN)
            http_client_turn(client->loop, 1);
        else if (n <= 0)
            return;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

static const char *wait_until(struct http_client *client, const char *text)
{
    client->awaited = text;
    loop_timer_start(client->deadline, WAIT_MS);
    while (!client->timed_out && !client->closed && !(text && strstr(buf_str(&client->in), text)))
        loop_run(client->loop);
    loop_timer_stop(client->deadline);
    client->awaited = NULL;
    if (client->timed_out)
        fprintf(stderr, "no \"%s\" in: %s\n", text ? text : "end of stream", buf_str(&client->in));
    check(!client->timed_out);
    return buf_str(&client->in);
}

const char *http_client_wait(struct http_client *client, const char *text)
{
    const char *got = wait_until(client, text);

    if (!strstr(got, text))
        fprintf(stderr, "closed before \"%s\": %s\n", text, got);
    check(strstr(got, text));
    return got;
}

const char *http_client_wait_closed(struct http_client *client)
{
    return wait_until(client, NULL);
}

void http_client_free(struct http_client **client)
{
    loop_io_free(&(*client)->io);
    loop_timer_free(&(*client)->deadline);
    close((*client)->fd);
    buf_fini(&(*client)->in);
    mem_free(*client);
    *client = NULL;
}

char *http_client_ask(struct loop *loop, int port, const char *method_and_target)
{
    struct http_client *client = http_client_open(loop, port);
    char *request =
        mem_printf("%s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", method_and_target);
    char *answer;

    http_client_send(client, request);
    answer = mem_strdup(http_client_wait_closed(client));
    mem_free(request);
    http_client_free(&client);
    return answer;
}

static void stop_turning(void *ctx)
{
    loop_stop(ctx);
}

void http_client_turn(struct loop *loop, int64_t ms)
{
    struct loop_timer *timer = loop_timer_new(loop, stop_turning, loop);

    loop_timer_start(timer, ms);
    while (loop_timer_is_armed(timer))
        loop_run(loop);
    loop_timer_free(&timer);
}

int http_client_count(const char *text, const char *part)
{
    int n = 0;

    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}
