/* SPDX-License-Identifier: MIT */
/* test_api_server.h - the whole API in this process: real sockets, a SQLite file, made-up deals; for test_api_server.c and
 * test_api_server_ends.c. */
#ifndef TEST_API_SERVER_H
#define TEST_API_SERVER_H

#include "api/server.h"
#include "base/jdoc.h"
#include "base/log.h"
#include "base/str.h"
#include "db/store.h"
#include "support/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { DEALS = 150, SITES = 3 };

/* 2023-11-22 21:00:00 in Seoul; deal i was posted i minutes before that. */
static const int64_t NOW_MS = 1700654400000;

static struct fixture {
    char dir[64];
    char database[128];
    struct loop *loop;
    struct config config;
    struct server *server;
    int n_complaints; /* log lines of level warn or error */
    int n_stopped;
} fx;

static inline void on_log(enum log_level level, const char *line, void *ctx)
{
    (void)ctx;
    (void)line;
    fx.n_complaints += level >= LOG_WARN;
}

static inline void on_config_error(const char *message, void *ctx)
{
    (void)ctx;
    fprintf(stderr, "%s\n", message);
}

static inline void start_server(const char *database)
{
    char *config_path = mem_printf("%s/catchdeal.conf", fx.dir);
    char *set_database = mem_printf("database=%s", database);
    const char *sets[] = {set_database, "api_listen=127.0.0.1:0", "api_admin_listen=127.0.0.1:0",
                          "database_timeout=1s"};
    FILE *f = fopen(config_path, "we");
    struct err err = {0};

    assert_non_null(f);
    fclose(f);
    if (config_load(&fx.config, config_path, sets, ARRAY_LEN(sets), on_config_error, NULL, &err) <
            0 ||
        server_new(fx.loop, &fx.config, &fx.server, &err) < 0)
        fail_msg("%s", err.text);
    mem_free(config_path);
    mem_free(set_database);
}

static inline int start_bare(void **state)
{
    (void)state;
    fx = (struct fixture){.dir = "/tmp/test_api_server.XXXXXX"};
    if (!mkdtemp(fx.dir))
        return -1;
    fx.loop = loop_new();
    snprintf(fx.database, sizeof(fx.database), "sqlite:%s/deals.db", fx.dir);
    clock_fake_set(NOW_MS);
    log_set_sink(on_log, NULL);
    return 0;
}

static inline int stop(void **state)
{
    char *command = mem_printf("rm -r '%s'", fx.dir);
    int rc;

    (void)state;
    server_free(&fx.server);
    loop_free(&fx.loop);
    config_fini(&fx.config);
    clock_fake_off();
    log_set_sink(NULL, NULL);
    rc = system(command);
    mem_free(command);
    return rc;
}

static inline void on_written(const struct store_counts *counts, const struct err *err, void *ctx)
{
    if (err)
        fprintf(stderr, "%s\n", err->text);
    *(int *)ctx = err ? -1 : counts->added;
    loop_stop(fx.loop);
}

static inline struct deal_row *make_rows(struct arena *arena)
{
    static const char *const sites[SITES] = {"clien", "ppomppu", "ruliweb"};
    static const char *const websites[SITES] = {"클리앙", "뽐뿌", "루리웹"};
    struct deal_row *rows = arena_array(arena, struct deal_row, DEALS);

    for (int i = 0; i < DEALS; i++)
        rows[i] = (struct deal_row){.site = sites[i / 2 % SITES],
                                    .website = websites[i / 2 % SITES],
                                    .key = arena_printf(arena, "%d", 1000 + i),
                                    .product_id = arena_printf(arena, "deal_%d", i),
                                    .title = arena_printf(arena, "핫딜 %d", i),
                                    .url = arena_printf(arena, "https://board.example/%d", i),
                                    .price_e2 = DEAL_UNKNOWN,
                                    /* Pairs share a moment, so that order needs the id as well. */
                                    .posted_at_ms = NOW_MS - i / 2 * 2 * 60000LL,
                                    .view = i,
                                    .comment = DEAL_UNKNOWN,
                                    .like = DEAL_UNKNOWN,
                                    .score = DEAL_UNKNOWN};
    return rows;
}

static inline void write_batch(const char *database, const struct store_batch *batch)
{
    struct store *store;
    struct err err;
    int added = -1;

    if (store_open(fx.loop, database, 5000, &store, &err) < 0)
        fail_msg("%s", err.text);
    store_write(store, batch, on_written, &added);
    loop_run(fx.loop);
    store_free(&store);
    assert_int_equal(added, batch->n);
}

static inline void fill(const char *database)
{
    struct store_batch batch = {.n = DEALS, .at_ms = NOW_MS};
    struct arena arena;

    arena_init(&arena);
    batch.rows = make_rows(&arena);
    write_batch(database, &batch);
    arena_fini(&arena);
}

static inline int start(void **state)
{
    if (start_bare(state) < 0)
        return -1;
    fill(fx.database);
    start_server(fx.database);
    return 0;
}

static inline char *ask(const char *method_and_target)
{
    return http_client_ask(fx.loop, server_port(fx.server), method_and_target);
}

static inline int status_of(const char *answer)
{
    return str_starts(answer, "HTTP/1.1 ") ? atoi(answer + 9) : -1;
}

static inline char *body_of(char *answer)
{
    char *end = strstr(answer, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

/* The document of a 200 answer; jdoc_free. */
static inline struct jdoc *ask_json(const char *target)
{
    char *request = mem_printf("GET %s", target);
    char *answer = ask(request);
    struct jdoc *doc = NULL;
    struct err err;

    if (status_of(answer) != 200)
        fail_msg("%s: %s", target, answer);
    assert_non_null(strstr(answer, "\r\nContent-Type: application/json; charset=utf-8\r\n"));
    assert_non_null(strstr(answer, "\r\nCache-Control: no-cache\r\n"));
    assert_non_null(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
    if (jdoc_parse(body_of(answer), strlen(body_of(answer)), &doc, &err) < 0)
        fail_msg("%s: %s", target, err.text);
    mem_free(request);
    mem_free(answer);
    return doc;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define TEST_BARE(name) cmocka_unit_test_setup_teardown(name, start_bare, stop)

#endif
