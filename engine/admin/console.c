/* SPDX-License-Identifier: MIT */
/* console.c - clients, their lines and their answers.
 *
 * A client reads a line only when it has no command under way and nothing left to send, so what it may
 * make us keep is one line and one answer. A call outlives its client: who answers it never needs to
 * know whether anybody still listens.
 */
#include "admin/console.h"
#include "admin/console_priv.h"
#include "admin/words.h"
#include "base/list.h"
#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    struct list link; /* of console->clients, the one that was idle longest first */
    struct console *console;
    int fd;
    struct loop_io *io;
    struct loop_timer *patience; /* with its reading */
    struct buf in, out;
    struct console_call *call; /* under way; NULL: none */
    bool at_end;               /* nothing more comes from it */
    bool closing;              /* once `out` is sent */
    bool turning;              /* in client_turn() */
};

struct console_call {
    struct list link; /* of console->calls */
    struct console *console;
    struct client *client; /* NULL: gone */
    struct words words;
    void *data;
    bool is_told; /* on_gone */
};

struct console {
    struct loop *loop;
    struct console_settings settings;
    char *path;
    int fd;
    struct loop_io *io;
    struct list clients, calls;
    bool stopped;
};

static void client_turn(struct client *client);

/* ---- clients --------------------------------------------------------------------------------- */

static void tell_gone(struct console_call *call)
{
    if (call->is_told)
        return;
    call->is_told = true;
    if (call->console->settings.on_gone)
        call->console->settings.on_gone(call, call->console->settings.ctx);
}

static void client_free(struct client *client)
{
    if (client->call) {
        client->call->client = NULL;
        tell_gone(client->call);
    }
    list_remove(&client->link);
    loop_io_free(&client->io);
    loop_timer_free(&client->patience);
    close(client->fd);
    buf_fini(&client->in);
    buf_fini(&client->out);
    mem_free(client);
}

static void on_impatient(void *ctx)
{
    log_info("console", "a client does not read its answer: cut off", "waited_ms=%d",
             CONSOLE_READ_MS);
    client_free(ctx);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void put_answer(struct client *client, int code, const char *text, size_t len)
{
    bool add_end = len && text[len - 1] != '\n';

    buf_addf(&client->out, "%d %zu\n", code, len + add_end);
    buf_add(&client->out, text, len);
    if (add_end)
        buf_addc(&client->out, '\n');
}

static void put_err(struct client *client, const struct err *err)
{
    put_answer(client, err_exit_code(err->code), err->text, strlen(err->text));
}

void console_answer(struct console_call *call, int code, const char *text, size_t len)
{
    struct client *client = call->client;

    if (client) {
        client->call = NULL;
        put_answer(client, code, text, len < CONSOLE_ANSWER_MAX ? len : CONSOLE_ANSWER_MAX);
        if (!client->turning)
            client_turn(client);
    }
    list_remove(&call->link);
    words_fini(&call->words);
    mem_free(call);
}

void console_answer_buf(struct console_call *call, int code, struct buf *text)
{
    console_answer(call, code, buf_str(text), text->len);
    buf_fini(text);
}

void console_answer_err(struct console_call *call, const struct err *err)
{
    console_answer(call, err_exit_code(err->code), err->text, strlen(err->text));
}

void *console_call_data(const struct console_call *call)
{
    return call->data;
}

void console_call_set_data(struct console_call *call, void *data)
{
    call->data = data;
}

/* ---- commands -------------------------------------------------------------------------------- */

static void answer_help(const struct console *console, struct client *client)
{
    struct buf text;

    buf_init(&text, CONSOLE_ANSWER_MAX);
    for (size_t i = 0; i < console->settings.n_commands; i++)
        buf_addf(&text, "%-28s %s\n", console->settings.commands[i].usage,
                 console->settings.commands[i].prose);
    buf_addf(&text, "%-28s %s\n", "help", "this text");
    buf_adds(&text, console->settings.other_help ? console->settings.other_help : "");
    put_answer(client, 0, buf_str(&text), text.len);
    buf_fini(&text);
}

static const struct console_command *find_command(const struct console *console, const char *word)
{
    for (size_t i = 0; i < console->settings.n_commands; i++)
        if (str_eq(console->settings.commands[i].name, word))
            return &console->settings.commands[i];
    return NULL;
}

static void begin_call(struct client *client, struct words *words)
{
    struct console *console = client->console;
    const struct console_command *command = find_command(console, words->items[0]);
    struct console_call *call;
    struct err err;

    if (command && words->n - 1 > command->most_words) {
        err_set(&err, ERR_USAGE, "\"%s\": nothing is expected here: %s",
                words->items[command->most_words + 1], command->usage);
        put_err(client, &err);
        words_fini(words);
        return;
    }
    call = mem_new(struct console_call);
    call->console = console;
    call->client = client;
    call->words = *words;
    list_init(&call->link);
    list_append(&console->calls, &call->link);
    client->call = call;
    log_info("console", "command", "words=%s", log_quote(call->words.items[0]));
    (command ? command->fn : console->settings.other)(call, call->words.items, call->words.n,
                                                      console->settings.ctx);
}

static void take_line(struct client *client, const char *line, size_t len)
{
    struct words words;
    struct err err;

    if (len && line[len - 1] == '\r')
        len--;
    if (words_split(&words, line, len, &err) < 0) {
        put_err(client, &err);
        client->closing = client->closing || len > WORDS_LINE_MAX;
    } else if (!words.n) {
        put_answer(client, 0, "", 0);
    } else if (str_eq(words.items[0], "help")) {
        answer_help(client->console, client);
    } else {
        begin_call(client, &words);
        return;
    }
    words_fini(&words);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* False: the client is gone. */
static bool send_some(struct client *client)
{
    while (client->out.len) {
        ssize_t n = send(client->fd, client->out.data, client->out.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!loop_timer_is_armed(client->patience))
                loop_timer_start(client->patience, CONSOLE_READ_MS);
            return true;
        }
        if (n < 0) {
            client_free(client);
            return false;
        }
        buf_consume(&client->out, (size_t)n);
        loop_timer_stop(client->patience);
    }
    return true;
}

static bool is_free(const struct client *client)
{
    return !client->call && !client->out.len && !client->closing;
}

/* One line of what has come, if there is a whole one. */
static bool next_line(struct client *client)
{
    const char *end = client->in.len ? memchr(client->in.data, '\n', client->in.len) : NULL;
    char *line;
    size_t len;

    if (!end && client->in.len <= WORDS_LINE_MAX)
        return false;
    len = end ? (size_t)(end - client->in.data) : client->in.len;
    line = mem_strndup(client->in.data, len);
    buf_consume(&client->in, end ? len + 1 : len);
    take_line(client, line, len);
    mem_free(line);
    return true;
}

static void want(struct client *client)
{
    unsigned events = client->out.len ? LOOP_WRITE : 0;

    /* While a command is under way only its end is of interest; there is room for a line more. */
    if (!client->at_end && !client->closing && client->in.len <= WORDS_LINE_MAX)
        events |= LOOP_READ;
    loop_io_want(client->io, events);
}

static void client_turn(struct client *client)
{
    /* A command may answer at once: this loop then sees it. */
    client->turning = true;
    do {
        if (!send_some(client))
            return;
    } while (is_free(client) && next_line(client));
    client->turning = false;
    if ((client->closing || client->at_end) && !client->call && !client->out.len) {
        client_free(client);
        return;
    }
    want(client);
}

/* Closed, and not only its sending side: nobody waits for an answer. */
static bool has_left(const struct client *client)
{
    struct pollfd state = {.fd = client->fd};

    return poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLERR));
}

static void read_some(struct client *client)
{
    char bytes[4096];
    ssize_t n = recv(client->fd, bytes, sizeof(bytes), 0);

    if (n > 0)
        buf_add(&client->in, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        client->at_end = true;
}

static void on_client(void *ctx, unsigned events)
{
    struct client *client = ctx;

    if (events & LOOP_READ)
        read_some(client);
    if ((events & LOOP_ERROR) || (client->at_end && has_left(client))) {
        client_free(client);
        return;
    }
    list_move(&client->console->clients, &client->link);
    client_turn(client);
}

/* ---- listening ------------------------------------------------------------------------------- */

static void make_room(struct console *console)
{
    struct list *at, *next;

    if (list_count(&console->clients) < CONSOLE_CLIENTS)
        return;
    LIST_FOREACH (at, next, &console->clients) {
        struct client *client = container_of(at, struct client, link);

        if (!client->call) {
            client_free(client);
            return;
        }
    }
    client_free(container_of(list_first(&console->clients), struct client, link));
}

static void add_client(struct console *console, int fd)
{
    struct client *client = mem_new(struct client);

    make_room(console);
    client->console = console;
    client->fd = fd;
    buf_init(&client->in, (size_t)2 * WORDS_LINE_MAX);
    buf_init(&client->out, (size_t)2 * CONSOLE_ANSWER_MAX);
    client->patience = loop_timer_new(console->loop, on_impatient, client);
    client->io = loop_io_new(console->loop, fd, on_client, client);
    list_init(&client->link);
    list_append(&console->clients, &client->link);
    want(client);
}

static void on_connect(void *ctx, unsigned events)
{
    struct console *console = ctx;
    int fd = accept4(console->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd < 0)
        return;
    if (console_may_talk(fd)) {
        add_client(console, fd);
        return;
    }
    log_warn("console", "refused: of another user", "path=%s", log_quote(console->path));
    close(fd);
}

int console_new(struct loop *loop, const struct console_settings *settings, struct console **out,
                struct err *err)
{
    struct console *console;
    int fd = console_listen(settings->path, err);

    *out = NULL;
    if (fd < 0)
        return -1;
    console = mem_new(struct console);
    console->loop = loop;
    console->settings = *settings;
    console->path = mem_strdup(settings->path);
    console->fd = fd;
    list_init(&console->clients);
    list_init(&console->calls);
    console->io = loop_io_new(loop, fd, on_connect, console);
    loop_io_want(console->io, LOOP_READ);
    *out = console;
    return 0;
}

const char *console_path(const struct console *console)
{
    return console->path;
}

void console_stop(struct console *console)
{
    struct list *at, *next;

    if (console->stopped)
        return;
    console->stopped = true;
    loop_io_free(&console->io);
    close(console->fd);
    unlink(console->path);
    LIST_FOREACH (at, next, &console->calls)
        tell_gone(container_of(at, struct console_call, link));
}

void console_free(struct console **console_ptr)
{
    struct console *console = *console_ptr;
    struct list *at, *next;

    if (!console)
        return;
    *console_ptr = NULL;
    console_stop(console);
    check(list_is_empty(&console->calls));
    LIST_FOREACH (at, next, &console->clients)
        client_free(container_of(at, struct client, link));
    mem_free(console->path);
    mem_free(console);
}
