/* SPDX-License-Identifier: MIT */
/* client.c - see client.h. Blocking: it has nothing else to do. */
#include "admin/client.h"
#include "admin/console.h"
#include "admin/words.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct session {
    int fd;
    FILE *in; /* of fd */
    int code; /* of the last answer */
};

static int connect_to(const char *path, struct session *s, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        return err_set(err, ERR_CONFIG, "%s: expected a path of at most %zu bytes", path,
                       sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return err_sys(err, ERR_INTERNAL, "socket");
    if (connect(s->fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        (s->in = fdopen(s->fd, "r")))
        return 0;
    err_sys(err, ERR_CONFIG, "%s: no engine answers there", path);
    close(s->fd);
    return -1;
}

static int send_all(int fd, const char *bytes, size_t len, struct err *err)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, ERR_INTERNAL, "the engine does not listen any more");
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static int read_answer(struct session *s, struct err *err)
{
    char head[64], *text;
    size_t len;

    if (!fgets(head, sizeof(head), s->in) || sscanf(head, "%d %zu", &s->code, &len) != 2 ||
        len > (size_t)2 * CONSOLE_ANSWER_MAX)
        return err_set(err, ERR_INTERNAL, "the engine ended the connection");
    text = mem_alloc(len + 1);
    if (fread(text, 1, len, s->in) != len) {
        mem_free(text);
        return err_set(err, ERR_INTERNAL, "the engine ended the connection within its answer");
    }
    fwrite(text, 1, len, s->code == 0 ? stdout : stderr);
    fflush(stdout);
    mem_free(text);
    return 0;
}

static int ask(struct session *s, const char *line, size_t len, struct err *err)
{
    return send_all(s->fd, line, len, err) < 0 || send_all(s->fd, "\n", 1, err) < 0
               ? -1
               : read_answer(s, err);
}

static int ask_words(struct session *s, const char *const *words, size_t n, struct err *err)
{
    struct buf line;
    int rc;

    buf_init(&line, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_addc(&line, ' ');
        words_quote(&line, words[i]);
    }
    rc = ask(s, buf_str(&line), line.len, err);
    buf_fini(&line);
    return rc;
}

static void prompt(void)
{
    if (!isatty(STDIN_FILENO))
        return;
    fputs("catchdeal> ", stdout);
    fflush(stdout);
}

static int ask_lines(struct session *s, struct err *err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int rc = 0;

    prompt();
    while (rc == 0 && (len = getline(&line, &room, stdin)) >= 0) {
        if (len && line[len - 1] == '\n')
            line[--len] = '\0';
        if (str_eq(line, "quit") || str_eq(line, "exit"))
            break;
        rc = ask(s, line, (size_t)len, err);
        if (rc == 0)
            prompt();
    }
    free(line); /* getline's own */
    return rc;
}

int client_run(const char *path, const char *const *words, size_t n)
{
    struct session s = {.fd = -1};
    struct err err;
    int rc = connect_to(path, &s, &err);

    if (rc == 0) {
        rc = n ? ask_words(&s, words, n, &err) : ask_lines(&s, &err);
        fclose(s.in);
    }
    if (rc == 0)
        return s.code;
    fprintf(stderr, "catchdeal-engine: %s\n", err.text);
    return err_exit_code(err.code);
}
