/* SPDX-License-Identifier: MIT */
/* test_ask_chrome.h - what the installed Chrome makes of pages of our own, to be compared with what is
 * read without it.
 */
#ifndef TEST_ASK_CHROME_H
#define TEST_ASK_CHROME_H

#include "test_chrome.h"

enum { MAX_PAGES = 64 };

struct served {
    char path[64];
    const char *type;
    const char *bytes;
    size_t len;
};

static struct served served[MAX_PAGES];
static size_t n_served;

static inline void on_served(struct httpd_req *req, void *ctx)
{
    struct buf body;

    (void)ctx;
    buf_init(&body, 16 << 20);
    for (size_t i = 0; i < n_served; i++) {
        struct httpd_header type = {"Content-Type", served[i].type};
        size_t len = strlen(served[i].path);

        if (!str_starts(req->target, served[i].path) || !strchr("?", req->target[len]))
            continue;
        buf_add(&body, served[i].bytes, served[i].len);
        httpd_respond(req, 200, &type, 1, &body);
        return;
    }
    httpd_respond(req, 404, NULL, 0, &body);
}

static inline const struct served *serve(const char *type, const char *bytes, size_t len)
{
    struct served *page = &served[n_served++];

    assert_true(n_served < MAX_PAGES);
    *page = (struct served){.type = type, .bytes = bytes, .len = len};
    snprintf(page->path, sizeof(page->path), "/served/%zu", n_served);
    return page;
}

/* ---- what Chrome says ---------------------------------------------------------------------------- */

struct answer {
    struct world *world;
    struct buf text;
    bool is_there;
    struct err err;
};

/* On pages with scripts of their own: they change the document, though not what is read. */
static bool without_length;

/* One line for each leaf: "rows.0.title = ...". */
static inline void flatten(const struct jval *v, const char *path, struct buf *out)
{
    size_t n = 0;

    if (jval_is_object(v) || jval_is_array(v)) {
        for (const struct jval *one = jval_first(v); one; one = jval_next(one), n++) {
            char *name = jval_is_array(v) ? mem_printf("%s.%zu", path, n)
                                          : mem_printf("%s.%s", path, jval_name(one));

            flatten(one, name, out);
            mem_free(name);
        }
        if (n == 0)
            buf_addf(out, "%s is empty\n", path);
    } else if (jval_is_string(v)) {
        buf_addf(out, "%s = \"%s\"\n", path, jval_str(v, ""));
    } else if (jval_is_null(v)) {
        buf_addf(out, "%s = null\n", path);
    } else if (!str_eq(path, ".waited_ms") && !str_eq(path, ".unfinished") &&
               !(without_length && str_eq(path, ".html_length"))) {
        buf_addf(out, "%s = %s %g\n", path, jval_bool(v, false) ? "true" : "", jval_num(v, 0));
    }
}

static inline void on_answer(const struct jval *value, const struct err *err, void *ctx)
{
    struct answer *answer = ctx;

    answer->is_there = true;
    if (err)
        answer->err = *err;
    else if (jval_is_string(value))
        buf_adds(&answer->text, jval_str(value, ""));
    else
        flatten(value, "", &answer->text);
    loop_stop(answer->world->loop);
}

/* The function's answer on a page; mem_free() it. */
static inline char *ask_chrome(struct world *w, const struct served *page, const char *query,
                               const char *function, const char *args)
{
    struct answer answer = {.world = w};
    char *path = mem_printf("%s%s", page->path, query);

    if (go(w, 0, path) != ERR_OK)
        fail_msg("%s: %s", path, w->holders[0].op_err.text);
    buf_init(&answer.text, BUF_MAX_DEFAULT);
    tab_call(lease_tab(w->holders[0].lease), function, args, PAGE_MS, on_answer, &answer);
    while (!answer.is_there)
        loop_run(w->loop);
    if (*answer.err.text)
        fail_msg("%s: %s", path, answer.err.text);
    mem_free(path);
    return answer.text.len ? buf_take(&answer.text) : mem_strdup("");
}

static int n_different;

/* Tells each line that differs, a few of a page; the test fails at its end. */
static inline void expect_same(const char *what, const char *chrome, const char *native)
{
    enum { MAX_TOLD = 6 };
    int told = 0;

    while ((*chrome || *native) && told < MAX_TOLD) {
        size_t n = strcspn(chrome, "\n"), m = strcspn(native, "\n");

        if (n != m || memcmp(chrome, native, n) != 0) {
            fprintf(stderr, "%.80s differs:\n  Chrome: %.*s\n  native: %.*s\n", what, (int)n,
                    chrome, (int)m, native);
            told++;
        }
        chrome += n + (chrome[n] == '\n');
        native += m + (native[m] == '\n');
    }
    n_different += told > 0;
}

/* In the place of test_chrome.h's own server. */
static inline void start_pages(struct world *w)
{
    struct httpd_options options = {.listen = "127.0.0.1:0",
                                    .max_connections = 64,
                                    .request_timeout_ms = LIMIT_MS,
                                    .body_max_bytes = 4096,
                                    .handler = on_served,
                                    .refuse = on_refuse,
                                    .ctx = w};
    struct err err;

    httpd_free(&w->httpd);
    if (httpd_new(w->loop, &options, &w->httpd, &err) < 0)
        fail_msg("%s", err.text);
    w->port = httpd_port(w->httpd);
}

/* ---- all with one browser ------------------------------------------------------------------------------ */

static inline void compare(struct world *w, void (*what)(struct world *))
{
    make_pool(w);
    start_pages(w);
    take(w, 0);
    n_different = 0;
    what(w);
    pool_return(&w->holders[0].lease, true);
    assert_int_equal(n_different, 0);
}

#endif
