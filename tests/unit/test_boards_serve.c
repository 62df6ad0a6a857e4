/* SPDX-License-Identifier: MIT */
/* The demo server over real sockets: its own paths, control, counters, and a clean end. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "boards/serve.h"

#define NOON 1795316700LL /* 2026-11-22T12:05:00+09:00 */

enum { ANSWER_MAX_BYTES = 1 << 20, ANSWER_TIMEOUT_S = 20 };

struct fixture {
    struct hub hub;
    struct MHD_Daemon *daemon;
};

static int start(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    hub_init(&f->hub, 7);
    f->hub.world.frozen = true;
    world_set_now(&f->hub.world, NOON);
    f->daemon = serve_start(&f->hub, 0);
    *state = f;
    return f->daemon ? 0 : -1;
}

static int stop(void **state)
{
    struct fixture *f = *state;

    if (f->daemon)
        serve_stop(&f->hub, f->daemon);
    hub_fini(&f->hub);
    free(f);
    return 0;
}

/* One request on its own connection; "" where the server closed without an answer. */
static char *ask(const struct fixture *f, const char *method, const char *host, const char *target)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)f->hub.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = ANSWER_TIMEOUT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char *answer = calloc(1, ANSWER_MAX_BYTES);
    size_t len = 0;
    ssize_t got;

    assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    dprintf(fd,
            "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: test/1\r\nContent-Length: 0\r\nConnection: "
            "close\r\n\r\n",
            method, target, host);
    while ((got = read(fd, answer + len, ANSWER_MAX_BYTES - 1 - len)) > 0)
        len += (size_t)got;
    close(fd);
    return answer;
}

static void expect(const struct fixture *f, const char *method, const char *host,
                   const char *target, const char *part)
{
    char *answer = ask(f, method, host, target);

    if (!strstr(answer, part))
        fail_msg("%s %s: no \"%s\" in: %.300s", method, target, part, answer);
    free(answer);
}

static void serves_each_board_under_its_own_host(void **state)
{
    const struct fixture *f = *state;

    expect(f, "GET", "clien.localhost:1", "/service/board/jirum", "data-board-sn=");
    expect(f, "GET", "ruliweb.localhost:1", "/market/board/1020?page=2", "table_body blocktarget");
    expect(f, "GET", "ruliweb.localhost:1", "/service/board/jirum", "HTTP/1.1 404");
    expect(f, "GET", "127.0.0.1:1", "/", "xhr-votes.localhost");
    expect(f, "GET", "clien.localhost:1", "/robots.txt", "Allow: /");
    expect(f, "GET", "lazy.localhost:1", "/thumb/5.jpg", "GIF89a");
    expect(f, "GET", "spa.localhost:1", "/app.js", "fetch('/api/deals");
}

static void serves_the_truth_of_lists_and_posts_only(void **state)
{
    const struct fixture *f = *state;

    expect(f, "GET", "ppomppu.localhost:1",
           "/_truth?path=%2Fnew%2Fbbs_list.php%3Fid%3Dppomppu%26page%3D2", "\"deals\": [");
    expect(f, "GET", "infinite.localhost:1", "/_truth?path=/deals",
           "http://infinite.localhost:1/deal/");
    expect(f, "GET", "clien.localhost:1", "/_truth?path=/service/board/jirum/1",
           "\"post\": null, \"gone\": \"deleted\"");
    expect(f, "GET", "ppomppu.localhost:1", "/_truth?path=/nothing", "HTTP/1.1 404");
    expect(f, "GET", "127.0.0.1:1", "/_truth?path=/deals", "HTTP/1.1 404");
    expect(f, "GET", "127.0.0.1:1", "/_boards", "\"path\": \"/zboard/zboard.php?id=ppomppu\"");
}

static void asking_for_the_truth_counts_as_no_view_of_the_page(void **state)
{
    const struct fixture *f = *state;

    expect(f, "GET", "infinite.localhost:1", "/_truth?path=/deals", "\"deals\"");
    expect(f, "GET", "infinite.localhost:1", "/more/3", "HTTP/1.1 200");
    expect(f, "GET", "127.0.0.1:1", "/_stats",
           "\"infinite\": {\"requests\": 1, \"list_requests\": 0");
}

static void control_gives_a_board_trouble_until_reset(void **state)
{
    const struct fixture *f = *state;
    const char *list = "/bbs/board.php?bo_table=deal_domestic";

    expect(f, "POST", "x", "/_control?board=dealbada&status=429&retry_after=5", "\"ok\": true");
    expect(f, "GET", "dealbada.localhost:1", list, "HTTP/1.1 429");
    expect(f, "GET", "dealbada.localhost:1", list, "Retry-After: 5");
    expect(f, "GET", "clien.localhost:1", "/service/board/jirum", "HTTP/1.1 200");
    expect(f, "GET", "dealbada.localhost:1", "/robots.txt", "HTTP/1.1 200");
    expect(f, "POST", "x", "/_control?board=dealbada&reset=1", "\"ok\": true");
    expect(f, "GET", "dealbada.localhost:1", list, "HTTP/1.1 200");
}

static void a_wall_stands_for_as_many_pages_as_told(void **state)
{
    const struct fixture *f = *state;
    const char *list = "/service/board/jirum";

    expect(f, "POST", "x", "/_control?board=clien&wall=challenge&pages=2", "\"ok\": true");
    expect(f, "GET", "clien.localhost:1", list, "HTTP/1.1 403");
    expect(f, "GET", "clien.localhost:1", "/_truth?path=/service/board/jirum", "\"key\"");
    expect(f, "GET", "clien.localhost:1", list, "Just a moment");
    expect(f, "GET", "clien.localhost:1", list, "data-board-sn=");
    expect(f, "POST", "x", "/_control?board=clien&wall=ladder", "\"error\"");
}

static void wrappers_lead_to_the_shop_and_are_counted(void **state)
{
    const struct fixture *f = *state;

    expect(f, "GET", "web.ruliweb.localhost:1", "/link.php?ol=https%3A%2F%2Fa.example%2F1&bbs=1020",
           "Location: https://a.example/1");
    expect(f, "GET", "s.ruliweb.localhost:1", "/?target=aHR0cHM6Ly9hLmV4YW1wbGUvMQ==&encode=on",
           "Location: https://a.example/1");
    expect(f, "GET", "127.0.0.1:1", "/_stats", "\"wrapper_requests\": 2");
}

static void a_page_is_not_sent_again_to_who_has_it(void **state)
{
    static struct validators seen;
    struct validator v, changed;

    (void)state;
    validators_of(&seen, "h", "/p", "", "one", 3, &v);
    assert_true(validator_matches(&v, v.etag, ""));
    assert_true(validator_matches(&v, "", v.last_modified));
    assert_false(validator_matches(&v, "\"other\"", v.last_modified));
    validators_of(&seen, "h", "/p", "", "two", 3, &changed);
    assert_false(validator_matches(&changed, v.etag, ""));
    assert_false(validator_matches(&changed, "", v.last_modified));
    assert_false(validator_matches(&changed, "", ""));
}

static void control_edits_a_deal_and_moves_the_clock(void **state)
{
    struct fixture *f = *state;
    const struct board *b = boards_find("spa");
    struct deal deal;
    char target[200];

    world_deals_from(&f->hub.world, &b->rule, NOON, deal_slot_at(&b->rule, NOON), 0, 1, &deal);
    snprintf(target, sizeof(target), "/_control?board=spa&key=%ld&title=%%5BA%%5D++b+%%26+c&sold=1",
             deal.id);
    expect(f, "POST", "x", target, "\"ok\": true");
    expect(f, "GET", "spa.localhost:1", "/api/deals?page=1", "\"mall\":\"A\",\"name\":\"b & c\"");
    expect(f, "POST", "x", "/_control?now=2027-01-01T00:03:00+09:00", "\"ok\": true");
    expect(f, "GET", "spa.localhost:1", "/_truth?path=/deals",
           "\"now\": \"2027-01-01T00:03:00+09:00\"");
}

static void control_refuses_what_it_does_not_know(void **state)
{
    const struct fixture *f = *state;

    expect(f, "POST", "x", "/_control?board=nope&status=503", "HTTP/1.1 404");
    expect(f, "POST", "x", "/_control?bord=clien", "HTTP/1.1 400");
    expect(f, "POST", "x", "/_control?board=clien&status=9", "HTTP/1.1 400");
    expect(f, "POST", "x", "/_control?board=clien&key=1&sold=1", "HTTP/1.1 404");
    expect(f, "POST", "x", "/_control?now=tomorrow", "HTTP/1.1 400");
    expect(f, "GET", "x", "/_control?board=clien&reset=1", "HTTP/1.1 405");
}

struct asking {
    const struct fixture *fixture;
    char *answer;
};

static void *ask_list(void *arg)
{
    struct asking *a = arg;

    a->answer = ask(a->fixture, "GET", "lazy.localhost:1", "/deals");
    return NULL;
}

/* Until so many list requests of the board are under way. */
static void await_active(struct fixture *f, int count)
{
    const struct counters *c = &f->hub.counters[hub_index(boards_find("lazy"))];
    int active = -1;

    while (active != count) {
        pthread_mutex_lock(&f->hub.lock);
        active = c->active_lists;
        pthread_mutex_unlock(&f->hub.lock);
        sched_yield();
    }
}

static void counts_concurrent_requests_and_lets_hung_ones_go_on_reset(void **state)
{
    struct fixture *f = *state;
    struct asking asking[2] = {{f, NULL}, {f, NULL}};
    pthread_t threads[2];
    int i;

    expect(f, "POST", "x", "/_control?board=lazy&hang=1", "\"ok\": true");
    for (i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_list, &asking[i]), 0);
    await_active(f, 2);
    expect(f, "POST", "x", "/_control?board=lazy&reset=1", "\"ok\": true");
    for (i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_non_null(strstr(asking[i].answer, "HTTP/1.1 200"));
        free(asking[i].answer);
    }
    expect(f, "GET", "x", "/_stats",
           "\"lazy\": {\"requests\": 2, \"list_requests\": 2, \"robots_requests\": 0");
    expect(f, "GET", "x", "/_stats", "\"max_concurrent_lists\": 2");
    expect(f, "GET", "x", "/_stats", "\"user_agent\": \"test/1\"");
}

static void stops_while_an_answer_hangs(void **state)
{
    struct fixture *f = *state;
    struct asking asking = {f, NULL};
    pthread_t thread;

    expect(f, "POST", "x", "/_control?board=lazy&hang=1", "\"ok\": true");
    assert_int_equal(pthread_create(&thread, NULL, ask_list, &asking), 0);
    await_active(f, 1);
    serve_stop(&f->hub, f->daemon);
    f->daemon = NULL;
    pthread_join(thread, NULL);
    assert_string_equal(asking.answer, "");
    free(asking.answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(serves_each_board_under_its_own_host, start, stop),
        cmocka_unit_test_setup_teardown(serves_the_truth_of_lists_and_posts_only, start, stop),
        cmocka_unit_test_setup_teardown(asking_for_the_truth_counts_as_no_view_of_the_page, start,
                                        stop),
        cmocka_unit_test_setup_teardown(control_gives_a_board_trouble_until_reset, start, stop),
        cmocka_unit_test_setup_teardown(a_wall_stands_for_as_many_pages_as_told, start, stop),
        cmocka_unit_test_setup_teardown(wrappers_lead_to_the_shop_and_are_counted, start, stop),
        cmocka_unit_test(a_page_is_not_sent_again_to_who_has_it),
        cmocka_unit_test_setup_teardown(control_edits_a_deal_and_moves_the_clock, start, stop),
        cmocka_unit_test_setup_teardown(control_refuses_what_it_does_not_know, start, stop),
        cmocka_unit_test_setup_teardown(counts_concurrent_requests_and_lets_hung_ones_go_on_reset,
                                        start, stop),
        cmocka_unit_test_setup_teardown(stops_while_an_answer_hangs, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
