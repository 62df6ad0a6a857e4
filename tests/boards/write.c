/* SPDX-License-Identifier: MIT */
/* write.c - the pages as files: the generator without the server. */
#include "boards/write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "boards/board.h"

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

static int write_page(struct world *w, const struct board *b, const struct board_list *list,
                      int number, const char *dir, const char *host)
{
    struct out target = {0}, path = {0}, truth = {0};
    struct answer a = {0};
    int ret;
    char *mark;

    board_list_target(list, number, &target);
    out_printf(&path, "%s/%s/%s-%d.html", dir, b->name, list->name, number);
    mark = strchr(target.data, '?');
    if (mark)
        *mark = '\0';
    board_answer(
        w, b,
        &(struct request){
            .host = host, .path = target.data, .query = mark ? mark + 1 : "", .cookie = ""},
        &a);
    if (mark)
        *mark = '?';
    truth_write(&a.truth, b->name, target.data, world_now(w), &truth);
    ret = write_file(out_text(&path), &a.body);
    path.len -= strlen("html");
    out_str(&path, "truth.json");
    if (ret == 0)
        ret = write_file(out_text(&path), &truth);
    out_fini(&target);
    out_fini(&path);
    out_fini(&truth);
    answer_fini(&a);
    return ret;
}

static int write_board(struct world *w, const struct board *b, const char *dir, int port)
{
    char host[96], path[4096];
    size_t i;
    int number, pages = 0;

    snprintf(host, sizeof(host), port ? "%s.localhost:%d" : "%s.localhost", b->name, port);
    snprintf(path, sizeof(path), "%s/%s", dir, b->name);
    if (make_dir(path))
        return -1;
    for (i = 0; i < b->list_count; i++) {
        const struct board_list *list = &b->lists[i];

        for (number = list->first; number < list->first + list->pages; number++, pages++)
            if (write_page(w, b, list, number, dir, host))
                return -1;
    }
    return pages;
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
