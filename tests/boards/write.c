/* SPDX-License-Identifier: MIT */
/* write.c - the pages as files: the generator without the server. */
#include "boards/write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "boards/board.h"

enum { POSTS_WRITTEN = 5 };

static int write_file(const char *path, const struct out *text)
{
    FILE *f = fopen(path, "wb");
    size_t wrote = f ? fwrite(out_text(text), 1, text->len, f) : 0;

    if (f && fclose(f) == 0 && wrote == text->len)
        return 0;
    fprintf(stderr, "catchdeal-boards: %s: %s\n", path, strerror(errno));
    return -1;
}

static int make_dir(const char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return 0;
    fprintf(stderr, "catchdeal-boards: %s: %s\n", path, strerror(errno));
    return -1;
}

/* Ask for a target, and write its answer and the truth as dir/board/stem.html and .truth.json. */
static int write_target(struct world *w, const struct board *b, const char *dir, const char *host,
                        const char *stem, const char *target)
{
    size_t len = strcspn(target, "?");
    struct out path = {0}, truth = {0}, file = {0};
    struct answer a = {0};
    int ret;

    out_mem(&path, target, len);
    board_answer(w, b,
                 &(struct request){.host = host,
                                   .path = path.data,
                                   .query = target[len] ? target + len + 1 : "",
                                   .cookie = ""},
                 &a);
    if (a.is_list)
        truth_write(&a.truth, b->name, target, world_now(w), &truth);
    else
        truth_write_post(&a.truth, b->name, target, world_now(w), &truth);
    out_printf(&file, "%s/%s/%s.html", dir, b->name, stem);
    ret = write_file(out_text(&file), &a.body);
    file.len -= strlen("html");
    out_str(&file, "truth.json");
    if (ret == 0)
        ret = write_file(out_text(&file), &truth);
    out_fini(&path);
    out_fini(&truth);
    out_fini(&file);
    answer_fini(&a);
    return ret;
}

static int write_list(struct world *w, const struct board *b, const struct board_list *list,
                      int number, const char *dir, const char *host)
{
    struct out target = {0}, stem = {0};
    int ret;

    board_list_target(list, number, &target);
    out_printf(&stem, "%s-%d", list->name, number);
    ret = write_target(w, b, dir, host, out_text(&stem), out_text(&target));
    out_fini(&target);
    out_fini(&stem);
    return ret;
}

/* The first page once more in each other look that the board has: LIST-N-epoch-2020. Returns how
 * many, -1 on error. */
static int write_looks(struct world *w, const struct board *b, const struct board_list *list,
                       const char *dir, const char *host)
{
    const char *at = b->looks ? b->looks : "";
    int pages = 0;

    while (*at) {
        struct out target = {0}, stem = {0};
        size_t len = strcspn(at, " "), name = strcspn(at, "=");
        int ret;

        board_list_target(list, list->first, &target);
        out_printf(&target, "%c%.*s", strchr(target.data, '?') ? '&' : '?', (int)len, at);
        out_printf(&stem, "%s-%d-%.*s-%.*s", list->name, list->first, (int)name, at,
                   (int)(len - name - 1), at + name + 1);
        ret = write_target(w, b, dir, host, out_text(&stem), out_text(&target));
        out_fini(&target);
        out_fini(&stem);
        if (ret)
            return -1;
        pages++;
        at += len;
        at += strspn(at, " ");
    }
    return pages;
}

/* The newest posts, in each view: post-NUMBER. Returns how many, -1 on error. */
static int write_posts(struct world *w, const struct board *b, const char *dir, const char *host)
{
    static const struct board_post plain = {"post", "/deal/", NULL};
    const struct board_post *views = b->posts ? b->posts : &plain;
    struct deal deals[POSTS_WRITTEN];
    size_t i, k, views_count = b->posts ? b->post_count : 1;
    size_t count = world_deals_from(w, &b->rule, world_now(w), deal_slot_at(&b->rule, world_now(w)),
                                    0, POSTS_WRITTEN, deals);
    int pages = 0;

    for (i = 0; i < count; i++)
        for (k = 0; k < views_count; k++) {
            char target[200], stem[64];

            snprintf(target, sizeof(target), "%s%ld", views[k].target, deals[i].id);
            snprintf(stem, sizeof(stem), "%s-%ld", views[k].name, deals[i].id);
            if (write_target(w, b, dir, host, stem, target))
                return -1;
            pages++;
        }
    return pages;
}

static int write_board(struct world *w, const struct board *b, const char *dir, int port)
{
    char host[96], path[4096];
    size_t i;
    int number, more, pages = 0;

    snprintf(host, sizeof(host), port ? "%s.localhost:%d" : "%s.localhost", b->name, port);
    snprintf(path, sizeof(path), "%s/%s", dir, b->name);
    if (make_dir(path))
        return -1;
    for (i = 0; i < b->list_count; i++) {
        const struct board_list *list = &b->lists[i];

        for (number = list->first; number < list->first + list->pages; number++, pages++)
            if (write_list(w, b, list, number, dir, host))
                return -1;
        more = write_looks(w, b, list, dir, host);
        if (more < 0)
            return -1;
        pages += more;
    }
    more = b->hostile ? 0 : write_posts(w, b, dir, host);
    return more < 0 ? -1 : pages + more;
}

int write_pages(struct world *w, const char *dir, int port)
{
    size_t i;
    int total = 0;

    if (make_dir(dir))
        return -1;
    for (i = 0; i < boards_count(); i++) {
        int pages = write_board(w, boards_at(i), dir, port);

        if (pages < 0)
            return -1;
        total += pages;
    }
    return total;
}
