/* SPDX-License-Identifier: MIT */
/* page_ppomppu_foreign.c - ppomppu's board for shops abroad (id=ppomppu4): the pages of ppomppu, fewer
 * posts, another number in each address.
 */
#include <string.h>

#include "boards/ppomppu.h"

const char *ppomppu_id(const struct page *p)
{
    return p->board == &board_ppomppu_foreign ? "ppomppu4" : "ppomppu";
}

static long post_id(const char *path, const char *query)
{
    if (strcmp(path, "/zboard/view.php") != 0 || !query_holds(query, "id=ppomppu4"))
        return 0;
    return query_number(query, "no", 0);
}

static const struct board_list lists[] = {
    {"list", "/zboard/zboard.php", "id=ppomppu4", "page", 1, 3, 20, ppomppu_draw_desktop},
};

static const struct board_post posts[] = {
    {"post", "/zboard/view.php?id=ppomppu4&no=", ppomppu_draw_post_desktop},
};

const struct board board_ppomppu_foreign = {
    .name = "ppomppu-foreign",
    .title = "해외뽐뿌",
    .cp949 = true,
    .content_type = "text/html",
    .rule =
        {
            .board = "ppomppu-foreign",
            .slot_s = 3600,
            .first_id = 40000,
            .flags = DEALS_UHC,
            .categories = {"식품/건강", "디지털", "컴퓨터", "의류/잡화", "가전/가구", "기타"},
        },
    .knobs = {.sold_permille = 150, .notice = 2, .ads = 2, .blind = 1, .dup = 0, .hot = 1},
    .hidden_title = "해당글은 게시중단요청에 의해 블라인드 처리된 글입니다.",
    .hidden_kind = "blind",
    .outside_demo = true,
    .lists = lists,
    .list_count = 1,
    .posts = posts,
    .post_count = 1,
    .draw_gone = post_draw_gone_alert,
    .post_id = post_id,
};
