/* SPDX-License-Identifier: MIT */
/* page_ppomppu_post.c - ppomppu's posts, desktop and mobile: times to the minute, the shop behind
 * a wrapper that has the address in base64, pictures with a placeholder, comments by XHR only.
 */
#include <stdio.h>
#include <string.h>

#include "boards/ppomppu.h"

/* The wrapper stands at a host of its own: s.ppomppu.localhost. */
static void wrap_link(struct page *p, struct post *post)
{
    char prefix[200];

    snprintf(prefix, sizeof(prefix), "http://s.%s/?idno=%s_%ld&target=", p->request->host,
             ppomppu_id(p), post->deal.id);
    post_set_link(post, prefix, POST_WRAP_BASE64, "&encode=on");
}

static void draw_head(struct page *p, const struct post *post)
{
    page_raw(p, "<html lang=\"ko\">\n<head>\n<meta http-equiv=\"Content-Type\" "
                "content=\"text/html; charset=euc-kr\" />\n<title>");
    ppomppu_text(p, post->title);
    page_raw(p, " - 뽐뿌:뽐뿌게시판</title>\n<script type=\"text/javascript\" "
                "src=\"/js/common.js?v=1\"></script>\n</head>\n");
}

/* The first picture is an editor's icon, as in many real posts. */
static void draw_body(struct page *p, const struct post *post)
{
    page_raw(p, "<p><img src=\"/images/emoticon/hi.gif\" width=\"20\" height=\"20\"></p>\n");
    if (post->image[0])
        page_printf(p,
                    "<p><img src=\"/images/lazyloading.jpg\" class=\"lazy\" "
                    "data-original=\"%s\" width=\"600\"></p>\n",
                    post->image);
    post_draw_text(p, post);
}

/* To the minute, as both views show it. */
static void set_shown(struct page *p, struct post *post)
{
    char path[120];

    wrap_link(p, post);
    snprintf(path, sizeof(path), "/zboard/data3/2026/m_%ld.jpeg", post->deal.id);
    post_set_image(p, post, path);
    post->shown.posted_at = post->deal.posted_at / 60 * 60;
    post->shown.mall = NULL;
    post->shown.category = NULL;
}

static void draw_desktop_title(struct page *p, const struct post *post, const char *at)
{
    const struct deal *d = &post->deal;

    page_printf(p,
                "<div id=\"header_box\"><div class=\"bbs_title\"><h1><span "
                "class=\"bname\"><a href=\"zboard.php?id=ppomppu\">뽐뿌게시판</a></span></h1></div>"
                "%s</div>\n<div id=\"topTitle\">\n    <h1>%s",
                d->sold_out ? "<div class=\"ended\">이 글은 종료된 게시물입니다.</div>" : "",
                d->hot ? "<img src=\"/images/menu/hot_icon2.jpg\"> " : "");
    ppomppu_text(p, post->title);
    if (d->comment)
        page_printf(p, "<span id=\"comment\">%ld</span>", d->comment);
    page_printf(p,
                "</h1>\n    <div class=\"topTitle-box\">\n        <ul class=\"topTitle-mainbox\">\n"
                "            <li class=\"topTitle-name\"><strong class=\"none\"><a "
                "class='baseList-name' href=# onClick=\"return false\"><i class=\"nlevel "
                "lv7\"></i>%s</a></strong></li>\n"
                "            <li>등록일 %s</li>\n            <li>조회수 %ld</li>\n",
                d->nick, at, d->view);
    if (post->href[0]) {
        page_printf(p, "            <li class=\"topTitle-link%s\"><a href=\"",
                    d->id % 3 ? " partner" : "");
        page_text(p, post->href);
        page_raw(p, "\" target=_blank>");
        page_text(p, d->link);
        page_raw(p, "</a></li>\n");
    }
    page_raw(p, "        </ul>\n    </div>\n</div>\n");
}

void ppomppu_draw_post_desktop(struct page *p, struct post *post)
{
    const struct deal *d = &post->deal;
    char at[32];

    set_shown(p, post);
    post->shown.dislike = d->dislike;
    page_time(d->posted_at, "%Y-%m-%d %H:%M", at, sizeof(at));
    draw_head(p, post);
    page_raw(p, "<body topmargin=0 leftmargin=0>\n");
    draw_desktop_title(p, post, at);
    page_raw(p, "<table border=0 cellspacing=0 cellpadding=0 width=900 class=\"pic_bg\">\n<tr>\n"
                "<td class='board-contents' align=\"left\" valign=top class=han>\n");
    draw_body(p, post);
    page_printf(p,
                "</td></tr></table>\n<div class=\"vote\"><span class=\"up-numb\"><span "
                "id=\"vote_list_btn_txt\">%ld</span></span> <span class=\"down-numb\"><span "
                "id=\"vote_anti_list_btn_txt\">%ld</span></span></div>\n"
                "<div id=\"quote\"><!-- 댓글 --></div>\n</body>\n</html>\n",
                d->like, d->dislike);
}

void ppomppu_draw_post_mobile(struct page *p, struct post *post)
{
    const struct deal *d = &post->deal;
    char at[32];

    set_shown(p, post);
    post->shown.like = d->like;
    page_time(d->posted_at, "%Y-%m-%d %H:%M", at, sizeof(at));
    draw_head(p, post);
    page_raw(p, "<body>\n<div class=\"wrap\"><div class=\"ct\"><div class=\"bbs view\">\n<h4>");
    ppomppu_text(p, post->title);
    page_printf(
        p,
        "<span class=\"re\">[%ld]</span>%s</h4>\n<div class=\"info\"><span "
        "class=\"ct\">%s</span> <span class=\"hi\">%s | 조회 : %ld | 추천 : %ld</span></div>\n",
        d->comment, d->sold_out ? " <img src=\"/images/end_icon.png\" alt=\"종료\">" : "", d->nick,
        at, d->view, d->like);
    if (post->href[0]) {
        page_raw(p, "<div class=\"link-box\"><a class=\"noeffect scrap_bx_href\" href=\"");
        page_text(p, post->href);
        page_raw(p, "\">상품 링크</a></div>\n");
    }
    page_raw(p, "<div class=\"cont\" id=\"KH_Content\">\n");
    draw_body(p, post);
    page_printf(p,
                "</div>\n<div id=\"cmt_list\" data-no=\"%ld\"></div>\n</div></div></div>\n"
                "</body>\n</html>\n",
                d->id);
}

/* The comments of a post, which its page asks for: UTF-8 under a page in cp949. */
bool ppomppu_comments(struct page *p, struct answer *a)
{
    long id = query_number(p->request->query, "no", 0);
    struct deal d;
    long i;

    if (strcmp(p->request->path, "/new/bbs_view/ajax_bbs_comment.php") != 0 ||
        !world_deal(p->world, &p->rule, p->now, deal_slot_of_id(&p->rule, id), &d))
        return false;
    a->content_type = "application/json; charset=utf-8";
    out_str(&a->body, "{\"total_page\": 1, \"list\": [");
    for (i = 0; i < d.comment && i < 20; i++)
        out_printf(
            &a->body,
            "%s{\"no\": %ld, \"name\": \"%s\", \"memo\": \"저도 샀습니다 %ld\", \"sub_cmt\": "
            "[]}",
            i ? ",\n" : "", id * 100 + i, words_pick(&words_nick_tails, (unsigned)i), i + 1);
    out_str(&a->body, "]}\n");
    return true;
}
