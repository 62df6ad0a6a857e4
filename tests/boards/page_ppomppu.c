/* SPDX-License-Identifier: MIT */
/* page_ppomppu.c - the board ppomppu: its two views, its post numbers, what the views share.
 *
 * Bytes are cp949 under a meta element that says euc-kr, and the header names no charset.
 */
#include <string.h>

#include "boards/ppomppu.h"

enum {
    PINNED_BEHIND_SLOTS = 70, /* far enough not to stand on page 1 by itself */
    PINNED_STAYS_SLOTS = 24,
    PINNED_OF = 16,
};

void ppomppu_text(struct page *p, const char *text)
{
    out_html(p->html, text, true);
}

/* The most watched of a few older posts; which few changes with the hours. */
bool ppomppu_pinned(const struct page *p, int k, struct deal *out)
{
    struct deal older[PINNED_OF];
    long slot = deal_slot_at(&p->rule, p->now) / PINNED_STAYS_SLOTS * PINNED_STAYS_SLOTS;
    size_t i, count;
    bool found = false;
    int by_hand = 0;

    while (world_pinned(p->world, &p->rule, p->now, by_hand, out))
        if (by_hand++ == k)
            return true;
    k -= by_hand;
    if (k >= p->knobs.hot)
        return false;
    slot -= PINNED_BEHIND_SLOTS + k * PINNED_OF * 2;
    count = world_deals_from(p->world, &p->rule, p->now, slot, 0, PINNED_OF, older);
    for (i = 0; i < count; i++)
        if (!older[i].hidden && (!found || older[i].view > out->view)) {
            *out = older[i];
            found = true;
        }
    return found;
}

long ppomppu_widget_id(const struct page *p, const char *board, int k)
{
    long base = strcmp(board, "pmarket") == 0 ? 300000 : 48000;

    return base + (long)((p->now - DEALS_FIRST_S) / 3600 % 9000) - k;
}

static long ppomppu_post_id(const char *path, const char *query)
{
    if (strcmp(path, "/new/bbs_view.php") != 0 && strcmp(path, "/zboard/view.php") != 0)
        return 0;
    return query_holds(query, "id=ppomppu") ? query_number(query, "no", 0) : 0;
}

static const struct board_list ppomppu_lists[] = {
    {"list-mobile", "/new/bbs_list.php", "id=ppomppu", "page", 1, 10, 15, ppomppu_draw_mobile},
    {"list-desktop", "/zboard/zboard.php", "id=ppomppu", "page", 1, 10, 20, ppomppu_draw_desktop},
};

static const struct board_post ppomppu_posts[] = {
    {"post-desktop", "/zboard/view.php?id=ppomppu&no=", ppomppu_draw_post_desktop},
    {"post-mobile", "/new/bbs_view.php?id=ppomppu&no=", ppomppu_draw_post_mobile},
};

const struct board board_ppomppu = {
    .name = "ppomppu",
    .title = "뽐뿌게시판",
    .cp949 = true,
    .content_type = "text/html",
    .rule =
        {
            .board = "ppomppu",
            .slot_s = 600,
            .first_id = 90000,
            .flags = DEALS_UHC,
            .categories = {"식품/건강", "디지털", "컴퓨터", "의류/잡화", "가전/가구", "기타"},
        },
    .knobs = {.sold_permille = 100, .notice = 2, .ads = 4, .blind = 0, .dup = 0, .hot = 1},
    .hidden_title = "해당글은 게시중단요청에 의해 블라인드 처리된 글입니다.",
    .hidden_kind = "blind",
    .looks = "epoch=2020 epoch=2023",
    .lists = ppomppu_lists,
    .list_count = 2,
    .posts = ppomppu_posts,
    .post_count = 2,
    .draw_gone = post_draw_gone_alert,
    .post_id = ppomppu_post_id,
    .extra = ppomppu_comments,
};
