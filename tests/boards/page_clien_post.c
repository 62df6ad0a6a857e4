/* SPDX-License-Identifier: MIT */
/* page_clien_post.c - clien's posts: a whole second document inside the text, views as "9,701", a
 * time of the last change beside that of the post, the shop's link only where one was attached.
 */
#include <stdio.h>

#include "boards/clien.h"

static void draw_title(struct page *p, const struct post *post)
{
    const struct deal *d = &post->deal;

    page_raw(p, "<div class=\"post_title symph_row\">\n<h3 class=\"post_subject\" "
                "data-role=\"cut-string\">");
    if (d->sold_out)
        page_raw(p, "<span class=\"post_soldout\">품절</span> ");
    page_printf(p, "<span class=\"post_category\">%s</span>\n<span>", post->shown.category);
    page_text(p, post->title);
    page_raw(p, "</span>\n");
    if (d->comment)
        page_printf(p,
                    "<a class=\"post_reply\" href=\"#comment-head\" title=\"댓글 %ld개\"><span>%ld"
                    "</span><span class=\"fa fa-angle-down\"></span></a>\n",
                    d->comment, d->comment);
    page_raw(p, "</h3>\n");
    if (d->like)
        page_printf(p,
                    "<a href=\"#comment-head\" class=\"post_symph view_symph\" title=\"공감 "
                    "%ld명\"><span>%ld</span></a>\n",
                    d->like, d->like);
    page_raw(p, "</div>\n");
}

static void draw_author(struct page *p, const struct deal *d)
{
    char at[32], edited[32];

    page_time(d->posted_at, "%Y-%m-%d %H:%M:%S", at, sizeof(at));
    page_time(d->posted_at + 4000, "%Y-%m-%d %H:%M:%S", edited, sizeof(edited));
    page_raw(p, "<div class=\"post_author\">\n<span class=\"view_count\"><span class=\"fa "
                "fa-eye\"></span> <strong>");
    out_grouped(p->html, d->view);
    page_printf(p,
                "</strong></span>\n<span class=\"view_count date\"><span class=\"fa "
                "fa-clock-o\"></span> %s",
                at);
    if (d->id % 4 == 0)
        page_printf(p, " <span class=\"lastdate\">수정일 : %s</span>", edited);
    page_raw(p, "</span>\n<span class=\"view_count ip\"><span class=\"fa fa-map-marker\"></span> "
                "192.♡.2.17</span>\n</div>\n");
}

/* The text came from an editor that saved a document of its own. */
static void draw_article(struct page *p, const struct post *post)
{
    page_raw(p, "<div class=\"post_content\">\n<article>\n<div class=\"post_article\" >\n");
    if (post->image[0])
        page_printf(p,
                    "<p><img class=\"TOP fr-dib fr-fil\" src=\"%s\" alt=\"1.jpg\" "
                    "data-role=\"attach-image\"/></p>\n",
                    post->image);
    page_raw(p, "<html>\n <head></head>\n <body>\n");
    post_draw_text(p, post);
    page_raw(p, " </body>\n</html>\n</div>\n</article>\n</div>\n");
}

static void draw_link(struct page *p, const struct post *post, bool old)
{
    if (!post->href[0])
        return;
    page_raw(p, old ? "<div class=\"outlink\"><a class=\"url\" href=\""
                    : "<div class=\"attached_link\"><span class=\"badge\">구매링크</span> <a "
                      "class=\"url\" href=\"");
    page_text(p, post->href);
    page_raw(p, "\" target=\"_blank\">");
    page_text(p, post->href);
    page_raw(p, "</a></div>\n");
}

void clien_draw_post(struct page *p, struct post *post)
{
    bool old = page_epoch(p, 2020);
    char path[96];

    snprintf(path, sizeof(path), "/F01/2026/4/%ld/post.webp?scale=width:740", post->deal.id);
    post_set_image(p, post, path);
    post->shown.mall = NULL;
    page_raw(p, "<!DOCTYPE html>\n<html lang=\"ko\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    page_text(p, post->title);
    page_raw(p, " : 클리앙</title>\n</head>\n<body>\n<div class=\"content_view\">\n"
                "<div class=\"board_name\"><h2><a href=\"/service/board/jirum\">알뜰구매</a></h2>"
                "</div>\n");
    draw_title(p, post);
    if (!old)
        draw_author(p, &post->deal);
    page_printf(p,
                "<div class=\"post_info\"><div class=\"post_contact\"><span "
                "class=\"contact_name\"><span class=\"nickname\"><span "
                "title=\"%s\">%s</span></span></span></div></div>\n<div class=\"post_view\">\n",
                post->deal.nick, post->deal.nick);
    if (old)
        draw_author(p, &post->deal);
    draw_article(p, post);
    draw_link(p, post, old);
    page_raw(p,
             "</div>\n<div id=\"writerList_div\"><!-- XHR --></div>\n"
             "<div class=\"post_comment\" id=\"comment-head\"></div>\n</div>\n</body>\n</html>\n");
}

void clien_draw_gone(struct page *p, struct answer *a, int gone)
{
    a->status = gone == POST_BLIND ? 200 : 404;
    page_printf(p,
                "<!DOCTYPE html>\n<html lang=\"ko\"><head><meta charset=\"utf-8\"><title>클리앙"
                "</title></head>\n<body><div class=\"content_view\"><div "
                "class=\"error_message\"><p>%s</p></div></div></body></html>\n",
                gone == POST_BLIND ? p->board->hidden_title : "삭제되었거나 없는 게시물입니다.");
}
