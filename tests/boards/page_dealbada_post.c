/* SPDX-License-Identifier: MIT */
/* page_dealbada_post.c - dealbada's posts, inferred from gnuboard5 and from what scrapers read:
 * nine spans of facts told apart by their text alone, the link in #bo_v_link.
 */
#include <stdio.h>

#include "boards/dealbada.h"

static void draw_facts(struct page *p, const struct post *post)
{
    const struct deal *d = &post->deal;
    char at[32];

    page_time(d->posted_at, "%y-%m-%d %H:%M", at, sizeof(at));
    page_printf(p,
                "<section id=\"bo_v_info\">\n<div><h2>페이지 정보</h2></div>\n<div>"
                "<span>작성자</span> <span class=\"sv_member\">%s</span> <span "
                "class=\"sound_only\">댓글</span> <span>%ld</span> <span "
                "class=\"sound_only\">조회</span> <span>%ld</span> <span "
                "class=\"sound_only\">작성일</span> <span>%s</span> <span>추천 %ld</span></div>\n"
                "</section>\n",
                d->nick, d->comment, d->view, at, d->like);
}

static void draw_link(struct page *p, const struct post *post)
{
    if (!post->href[0])
        return;
    page_raw(p, "<section id=\"bo_v_link\">\n<h2>관련링크</h2>\n<ul><li><span><a href=\"");
    page_text(p, post->href);
    page_raw(p, "\" target=\"_blank\"><strong>");
    page_text(p, post->href);
    page_raw(p, "</strong></a></span> <span class=\"bo_v_link_cnt\">12회 연결</span></li></ul>\n"
                "</section>\n");
}

void dealbada_draw_post(struct page *p, struct post *post)
{
    const struct deal *d = &post->deal;
    char path[96];

    snprintf(path, sizeof(path), "/data/editor/2603/post_%ld.png", d->id);
    post_set_image(p, post, path);
    post->shown.posted_at = d->posted_at / 60 * 60;
    post->shown.mall = NULL;
    page_raw(p, "<!doctype html>\n<html lang=\"ko\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    page_text(p, post->title);
    page_raw(p, " > 국내핫딜 | 데모</title>\n</head>\n<body>\n<article id=\"bo_v\">\n<header><h1 "
                "id=\"bo_v_title\">");
    page_printf(p, "<span class=\"bo_v_cate\">%s</span> ", post->shown.category);
    if (d->sold_out)
        page_raw(p, "<img src=\"/img/icon/end.png\" alt=\"종료\"> ");
    page_raw(p, "<span class=\"bo_v_tit\">");
    page_text(p, post->title);
    page_raw(p, "</span></h1></header>\n");
    draw_facts(p, post);
    draw_link(p, post);
    page_raw(p, "<section id=\"bo_v_atc\"><div id=\"bo_v_con\">\n");
    if (post->image[0])
        page_printf(p, "<p><img src=\"%s\" class=\"view_image\"></p>\n", post->image);
    post_draw_text(p, post);
    page_raw(p, "</div></section>\n</article>\n</body>\n</html>\n");
}

/* gnuboard says it by script, and for those without one as text. */
void dealbada_draw_gone(struct page *p, struct answer *a, int gone)
{
    const char *text = gone == POST_BLIND ? p->board->hidden_title
                                          : "글이 존재하지 않습니다. 글이 삭제되었거나 이동하였을 "
                                            "수 있습니다.";

    a->status = gone == POST_BLIND ? 200 : 404;
    page_printf(p,
                "<!doctype html>\n<html lang=\"ko\"><head><meta charset=\"utf-8\"><title>오류안내 "
                "페이지</title></head>\n<body><script>alert(\"%s\");history.back();</script>\n"
                "<noscript><div id=\"validation_check\"><p class=\"cbg\">%s</p></div></noscript>"
                "</body></html>\n",
                text, text);
}
