/* SPDX-License-Identifier: MIT */
/* test_api_stream.c - /v3/stream of the whole API on both databases. Many clients, slow ones and a database
 * that goes away: tests/integration/test_stream.py.
 */
#include "test_api.h"

enum { MAX_CLIENTS = 4 };

static struct http_client *clients[MAX_CLIENTS];
static int n_clients;

static struct http_client *listen_with(const char *query, const char *headers)
{
    struct http_client *client = http_client_open(api.b->loop, server_port(api.server));
    char *text = mem_printf("GET /v3/stream%s HTTP/1.1\r\nHost: t\r\n%s\r\n", query, headers);

    clients[n_clients++] = client;
    http_client_send(client, text);
    mem_free(text);
    return client;
}

static struct http_client *listen_to(const char *query)
{
    struct http_client *client = listen_with(query, "");

    http_client_wait(client, "\nid: ");
    return client;
}

static int set_up(void **state, int (*setup)(void **))
{
    int rc = setup(state);
    struct bench *b = *state;

    n_clients = 0;
    api.b = b;
    strcpy(api.dir, "/tmp/test_api_stream.XXXXXX");
    return rc < 0 || !mkdtemp(api.dir) ? -1 : 0;
}

static int start_sqlite(void **state)
{
    return set_up(state, setup_sqlite);
}

static int start_postgres(void **state)
{
    return set_up(state, setup_postgres);
}

static int end(void **state)
{
    char *command = mem_printf("rm -r '%s'", api.dir);

    for (int i = 0; i < n_clients; i++)
        http_client_free(&clients[i]);
    forget();
    api_stop();
    assert_int_equal(system(command), 0);
    mem_free(command);
    return teardown(state);
}

static struct bench *begin(void **state)
{
    static const char *const sets[] = {"api_streams=3", "api_stream_events=16", NULL};
    struct bench *b = bench(state);

    api_start(sets);
    return b;
}

static void add(struct bench *b, const char *site, const char *key, const char *title,
                int64_t score)
{
    struct deal_row row = row_of(site, key);

    row.title = title;
    row.score = score;
    row.sold_out = score == 13;
    write_row(b, &row);
}

static int count(struct http_client *client, const char *part)
{
    return http_client_count(buf_str(&client->in), part);
}

static void a_commit_reaches_every_stream_whose_filter_it_fits(void **state)
{
    struct bench *b = begin(state);
    struct http_client *all, *one_board, *words;
    const char *got;

    all = listen_to("");
    one_board = listen_to("?site=clien&min_score=10&sold_out=false");
    words = listen_to("?q=%EB%9D%BC%EB%A9%B4+40"); /* 라면 40 */
    add(b, "clien", "1", "Coffee", 9);
    add(b, "clien", "2", "Coffee", 13);
    add(b, "ppomppu", "3", "[11번가] 라면40개", 20);
    add(b, "clien", "4", "Tea", 10);
    got = http_client_wait(all, "\nid: 4\nevent: deal\ndata: {\"id\":4,\"kind\":\"created\",");
    http_client_wait(one_board, "\nid: 4\nevent: deal\n");
    http_client_wait(words, "\nid: 3\nevent: deal\n");

    assert_non_null(strstr(got, "\r\nContent-Type: text/event-stream; charset=utf-8\r\n"));
    assert_non_null(strstr(got, "\r\nAccess-Control-Allow-Origin: *\r\n"));
    assert_non_null(strstr(got, "retry: 3000\n\n"));
    assert_non_null(
        strstr(got, "\"new\":\"Tea\",\"deal\":{\"product_id\":\"clien_4\",\"site\":\"clien\","));
    assert_int_equal(count(all, "event: deal"), 4);
    assert_int_equal(count(one_board, "event: deal"), 1);
    assert_int_equal(count(words, "event: deal"), 1);
}

static void a_stream_goes_on_where_it_ended_or_says_that_it_can_not(void **state)
{
    static const struct {
        const char *query, *headers;
        int n_deals;
        bool is_reset;
    } rows[] = {{"?last_event_id=18", "", 2, false},
                {"?last_event_id=4", "", 16, false},
                {"?last_event_id=3", "", 0, true}, /* no longer kept */
                {"?last_event_id=20", "", 0, false},
                {"?last_event_id=21", "", 0, true}, /* of another database */
                {"?last_event_id=3", "Last-Event-ID: 19\r\n", 1, false},
                {"", "Last-Event-ID: what\r\n", 0, true},
                {"?last_event_id=18&site=none", "", 0, false}};
    struct bench *b = begin(state);
    char key[16];

    for (int i = 1; i <= 20; i++) {
        snprintf(key, sizeof(key), "%d", i);
        add(b, "clien", key, "deal", 1);
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_client *client = listen_with(rows[i].query, rows[i].headers);

        http_client_wait(client, "retry: ");
        if (rows[i].is_reset)
            http_client_wait(client, "\nid: 20\nevent: reset\ndata: {\"newest_id\":20}\n\n");
        if (rows[i].n_deals)
            http_client_wait(client, "\nid: 20\nevent: deal\n");
        http_client_turn(b->loop, 50);
        if (count(client, "event: deal") != rows[i].n_deals ||
            count(client, "event: reset") != rows[i].is_reset)
            fail_msg("%s %s: %s", rows[i].query, rows[i].headers, buf_str(&client->in));
        http_client_free(&client);
        n_clients--;
        http_client_turn(b->loop, 20);
    }
}

/* The other one has read further, as its watch was told first. */
static void an_id_of_another_process_is_looked_up(void **state)
{
    struct bench *b = begin(state);
    struct http_client *first, *second;

    first = listen_to("");
    add(b, "clien", "1", "one", 1);
    second = listen_with("?last_event_id=1", ""); /* perhaps before this process knows of it */
    http_client_wait(first, "\nid: 1\nevent: deal");
    add(b, "clien", "2", "two", 1);
    http_client_wait(second, "\nid: 2\nevent: deal");

    assert_int_equal(count(second, "event: reset"), 0);
    assert_int_equal(count(second, "event: deal"), 1);
}

static void what_is_wrong_is_said_and_streams_are_limited(void **state)
{
    static const char *const wrong[] = {"?site=A",           "?min_score=x",
                                        "?since=2020-01-01", "?last_event_id=-1",
                                        "?last_event_id=x",  "?q="};
    struct bench *b = begin(state);

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char *request = mem_printf("GET /v3/stream%s", wrong[i]);

        if (send_request(request, NULL, NULL) != 400)
            fail_msg("%s: %s", request, said.all);
        mem_free(request);
    }
    assert_int_equal(send_request("HEAD /v3/stream", NULL, NULL), 200);
    assert_non_null(strstr(said.all, "text/event-stream"));
    for (int i = 0; i < 3; i++)
        listen_to("");
    assert_int_equal(send_request("GET /v3/stream", NULL, NULL), 503);
    assert_non_null(strstr(said.all, "\r\nRetry-After: "));
    http_client_free(
        &clients[--n_clients]); /* an idle one that leaves gives its place to the next */
    http_client_turn(b->loop, 20);
    listen_to("");
}

#define TWICE(test)                                          \
    {"sqlite_" #test, test, start_sqlite, end, NULL},        \
    {                                                        \
        "postgresql_" #test, test, start_postgres, end, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TWICE(a_commit_reaches_every_stream_whose_filter_it_fits),
        TWICE(a_stream_goes_on_where_it_ended_or_says_that_it_can_not),
        TWICE(an_id_of_another_process_is_looked_up),
        TWICE(what_is_wrong_is_said_and_streams_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, stop_postgres);
}
