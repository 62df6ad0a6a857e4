/* SPDX-License-Identifier: MIT */
/* page_ruliweb_post.c - ruliweb's posts: "2026.08.04 (00:56:00)", the shop behind link.php?ol=,
 * a banner on deals that have ended.
 */
#include <stdio.h>

#include "boards/ruliweb.h"

static void draw_user(struct page *p, const struct deal *d)
{
    char at[40];

    page_time(d->posted_at, "%Y.%m.%d (%H:%M:%S)", at, sizeof(at));
    page_printf(p,
                "<div class=\"user_info\">\n<p><a class=\"nick\" href=\"javascript:;\">%s</a> "
                "<span class=\"member_srl\">(%ld)</span></p>\n"
                "<p>추천 <span class=\"like\">%ld</span> | 조회 %ld | 비추력 %ld</p>\n"
                "<p>작성일 <span class=\"regdate\" itemprop=\"datePublished\">%s</span></p>\n"
                "<p><span>IP : <span class=\"ip_hide\">(IP보기클릭)</span></span></p>\n</div>\n",
                d->nick, d->id % 100000, d->like, d->view, d->id % 400, at);
}

static void draw_source(struct page *p, const struct post *post)
{
    if (!post->href[0])
        return;
    page_raw(p, "<div class=\"source_url box_line_with_shadow\"><span class=\"text_bar\">출처 | "
                "</span> <a href=\"");
    page_text(p, post->href);
    page_raw(p, "\" target=\"_blank\" tabindex=\"-1\">");
    page_text(p, post->deal.link);
    page_raw(p, "</a></div>\n");
}

void ruliweb_draw_post(struct page *p, struct post *post)
{
    const struct deal *d = &post->deal;
    char text[200];

    snprintf(text, sizeof(text), "//web.%s/link.php?ol=", p->request->host);
    post_set_link(post, text, POST_WRAP_URL, "&bbs=1020");
    snprintf(text, sizeof(text), "/img/26/post/%ld.webp", d->id);
    post_set_image(p, post, text);
    post->shown.mall = NULL;
    post->shown.dislike = d->dislike;
    page_raw(p, "<!DOCTYPE html>\n<html lang=\"ko\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    page_text(p, post->title);
    page_raw(p, " | 핫딜예판 유저</title>\n</head>\n<body>\n<div class=\"board_main "
                "theme_default\">\n");
    if (d->sold_out)
        page_raw(p, "<div class=\"hotdeal_end_banner\">이 핫딜은 종료되었습니다</div>\n");
    page_printf(p,
                "<div class=\"subject_wrapper\"><h4 class=\"subject\"><span class=\"subject_text\" "
                "itemprop=\"headline\"><span class=\"category_text\" data-nosnippet>[%s]</span> "
                "<span class=\"subject_inner_text\">",
                post->shown.category);
    page_text(p, post->title);
    page_raw(p, "</span></span>");
    if (d->comment)
        page_printf(p, " <strong class=\"reply_count\">[%ld]</strong>", d->comment);
    page_raw(p, "</h4></div>\n");
    draw_user(p, d);
    page_raw(p, "<div class=\"view_content autolink\" itemprop=\"articleBody\">\n<article><div>\n");
    if (post->image[0])
        page_printf(p, "<p><a class=\"img_load\" href=\"%s\"><img src=\"%s\"></a></p>\n",
                    post->image, post->image);
    post_draw_text(p, post);
    page_raw(p, "</div></article>\n</div>\n<div class=\"view_bottom\">\n");
    draw_source(p, post);
    page_printf(p,
                "<div class=\"like_wrapper\"><button class=\"like\"><span "
                "class=\"like_value\">%ld</span></button> <button class=\"dislike\"><span "
                "class=\"dislike_value\">%ld</span></button></div>\n</div>\n</div>\n</body>\n"
                "</html>\n",
                d->like, d->dislike);
}

void ruliweb_draw_gone(struct page *p, struct answer *a, int gone)
{
    (void)gone;
    a->status = 404;
    page_raw(p, "<!DOCTYPE html>\n<html lang=\"ko\"><head><meta charset=\"utf-8\"><title>루리웹"
                "</title></head>\n<body><div class=\"error_page\"><p>게시물이 존재하지 않거나 "
                "삭제된 게시물입니다.</p></div></body></html>\n");
}
