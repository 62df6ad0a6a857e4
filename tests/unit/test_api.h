/* SPDX-License-Identifier: MIT */
/* test_api.h - the whole API in this process on an empty database of either kind: requests with tokens
 * and bodies, answers as JSON. The database's side is test_db.h's bench.
 *
 * Time stands still at API_NOW; passwords, keys and limits are given as settings.
 */
#ifndef TEST_API_H
#define TEST_API_H

#include "test_db.h"

#include "api/server.h"
#include "base/jdoc.h"
#include "base/log.h"
#include "db/store_users.h"
#include "support/http_client.h"

/* 2023-11-22 21:00:00 in Seoul */
#define API_NOW INT64_C(1700654400000)

enum { API_SETS_MAX = 16 };

static struct {
    struct bench *b;
    struct config config;
    struct server *server;
    char dir[64];
    int n_warnings;
} api;

/* The last answer. */
static struct {
    char *all;
    const char *body;
    int status;
    struct jdoc *doc; /* NULL: no JSON */
} said;

static void on_api_log(enum log_level level, const char *line, void *ctx)
{
    (void)line;
    (void)ctx;
    api.n_warnings += level >= LOG_WARN;
}

static void on_api_config_error(const char *message, void *ctx)
{
    (void)ctx;
    fprintf(stderr, "%s\n", message);
}

UNUSED_OK static void api_stop(void)
{
    server_free(&api.server);
    config_fini(&api.config);
}

/* more: settings of the test's own, NULL at the end. */
UNUSED_OK static int api_try(const char *const *more, struct err *err)
{
    const char *sets[API_SETS_MAX] = {"api_listen=127.0.0.1:0",
                                      "api_admin_listen=", "database_timeout=5s"};
    char *database = mem_printf("database=%s", api.b->url);
    char *path = mem_printf("%s/catchdeal.conf", api.dir);
    FILE *f = fopen(path, "we");
    size_t n = 3;
    int rc;

    assert_non_null(f);
    fclose(f);
    sets[n++] = database;
    for (; *more; more++)
        sets[n++] = *more;
    assert_true(n <= API_SETS_MAX);
    rc = config_load(&api.config, path, sets, n, on_api_config_error, NULL, err);
    if (rc == 0)
        rc = server_new(api.b->loop, &api.config, &api.server, err);
    mem_free(database);
    mem_free(path);
    return rc;
}

UNUSED_OK static void api_start(const char *const *more)
{
    struct err err = {0};

    if (api_try(more, &err) < 0)
        fail_msg("%s", err.text);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void forget(void)
{
    jdoc_free(&said.doc);
    mem_free(said.all);
    said.all = NULL;
}

/* One answer, which is freed when the next one comes. */
static void hear(char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    char *copy;
    struct err err;

    forget();
    assert_non_null(end);
    said.all = answer;
    said.body = end + 4;
    said.status = atoi(answer + strlen("HTTP/1.1 "));
    copy = mem_strdup(said.body);
    if (jdoc_parse(copy, strlen(copy), &said.doc, &err) < 0)
        said.doc = NULL;
    mem_free(copy);
}

static const char *request_text(const char *request, const char *token, const char *more,
                                const char *body)
{
    struct arena *arena = &api.b->arena;
    const char *authorization = token ? arena_printf(arena, "Authorization: %s\r\n", token) : "";
    const char *length = body ? arena_printf(arena, "Content-Length: %zu\r\n", strlen(body)) : "";

    return arena_printf(arena, "%s HTTP/1.1\r\nHost: t\r\n%s%s%s\r\n%s", request, authorization,
                        more ? more : "", length, body ? body : "");
}

/* request "GET /bookmarks"; token and body may be NULL; more: header lines. Returns the status. */
UNUSED_OK static int send_more(const char *request, const char *token, const char *more,
                               const char *body)
{
    struct http_client *client = http_client_open(api.b->loop, server_port(api.server));
    const char *lines = arena_printf(&api.b->arena, "Connection: close\r\n%s", more ? more : "");

    http_client_send(client, request_text(request, token, lines, body));
    hear(mem_strdup(http_client_wait_closed(client)));
    http_client_free(&client);
    return said.status;
}

UNUSED_OK static int send_request(const char *request, const char *token, const char *body)
{
    return send_more(request, token, NULL, body);
}

/* ---- answers --------------------------------------------------------------------------------- */

UNUSED_OK static const struct jval *said_value(const char *path)
{
    return jval_path(jdoc_root(said.doc), path);
}

UNUSED_OK static const char *said_text(const char *path)
{
    return jval_str(said_value(path), "(none)");
}

/* Member of each item of a list, with blanks between; NULL, false and true as such. */
UNUSED_OK static const char *said_column(const char *list, const char *member)
{
    const struct jval *items = *list ? said_value(list) : jdoc_root(said.doc);
    struct buf out;
    const char *text;

    buf_init(&out, BUF_MAX_DEFAULT);
    for (const struct jval *item = jval_first(items); item; item = jval_next(item)) {
        const struct jval *value = jval_get(item, member);

        buf_adds(&out, out.len ? " " : "");
        if (jval_is_string(value))
            buf_adds(&out, jval_str(value, ""));
        else if (jval_is_null(value))
            buf_adds(&out, "null");
        else if (jval_bool(value, true) == jval_bool(value, false))
            buf_adds(&out, jval_bool(value, true) ? "true" : "false");
        else
            buf_addf(&out, "%lld", (long long)jval_int(value, -1));
    }
    text = arena_strdup(&api.b->arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

/* The names of an object's members, in order. */
UNUSED_OK static const char *members_of(const struct jval *object)
{
    const char *text = "";

    for (const struct jval *item = jval_first(object); item; item = jval_next(item))
        text = arena_printf(&api.b->arena, "%s%s%s", text, *text ? " " : "", jval_name(item));
    return text;
}

UNUSED_OK static void expect_status(int status)
{
    if (said.status != status)
        fail_msg("expected %d: %s", status, said.all);
}

/* A token of the app for this player. */
UNUSED_OK static const char *token_of(const char *player)
{
    const char *body = arena_printf(&api.b->arena, "{\"auth\":{\"appPlayerId\":\"%s\"}}", player);

    send_request("POST /auth-user", NULL, body);
    expect_status(200);
    return arena_strdup(&api.b->arena, said_text("token"));
}

/* ---- set up and tear down -------------------------------------------------------------------- */

static int api_setup(void **state, int (*setup)(void **))
{
    if (setup(state) < 0)
        return -1;
    memset(&api, 0, sizeof(api));
    api.b = *state;
    strcpy(api.dir, "/tmp/catchdeal-api-XXXXXX");
    assert_non_null(mkdtemp(api.dir));
    clock_fake_set(API_NOW);
    log_set_sink(on_api_log, NULL);
    return 0;
}

UNUSED_OK static int api_setup_sqlite(void **state)
{
    return api_setup(state, setup_sqlite);
}

UNUSED_OK static int api_setup_postgres(void **state)
{
    return api_setup(state, setup_postgres);
}

UNUSED_OK static int api_teardown(void **state)
{
    char *command = mem_printf("rm -rf '%s'", api.dir);

    forget();
    if (api.server)
        api_stop();
    assert_int_equal(system(command), 0);
    mem_free(command);
    clock_fake_off();
    log_set_sink(NULL, NULL);
    return teardown(state);
}

/* One scenario on both databases. */
#define API_BOTH(test)                                                    \
    {"sqlite_" #test, test, api_setup_sqlite, api_teardown, NULL},        \
    {                                                                     \
        "postgresql_" #test, test, api_setup_postgres, api_teardown, NULL \
    }
#define API_LITE(test)                                    \
    {                                                     \
#test, test, api_setup_sqlite, api_teardown, NULL \
    }

#endif
