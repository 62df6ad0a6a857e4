/* SPDX-License-Identifier: MIT */
/* post.c - one post page being drawn, from the same record as its row in the list. */
#include "boards/post.h"

#include <stdio.h>
#include <string.h>

void post_set_link(struct post *post, const char *prefix, enum post_wrap wrap, const char *suffix)
{
    struct out link = {0};

    if (!post->deal.link[0])
        return;
    out_str(&link, prefix);
    if (wrap == POST_WRAP_URL)
        out_url_encoded(&link, post->deal.link);
    else if (wrap == POST_WRAP_BASE64)
        out_base64(&link, post->deal.link, strlen(post->deal.link));
    else
        out_str(&link, post->deal.link);
    out_str(&link, suffix);
    snprintf(post->href, sizeof(post->href), "%s", out_text(&link));
    out_fini(&link);
}

void post_set_image(struct page *p, struct post *post, const char *path)
{
    if (post->deal.has_image)
        snprintf(post->image, sizeof(post->image), "http://%s%s", p->request->host, path);
    post->shown.image = post->image[0] ? post->image : NULL;
}

void post_init(struct page *p, const struct deal *d, const char *target, struct post *post)
{
    char image[64];

    memset(post, 0, sizeof(*post));
    post->deal = *d;
    deal_title(d, post->title, sizeof(post->title));
    snprintf(post->path, sizeof(post->path), "%s%ld", target, d->id);
    post->shown = (struct truth_post){
        .key = d->id,
        .title = post->title,
        .path = post->path,
        .redirect_url = d->link[0] ? post->deal.link : NULL,
        .href = d->link[0] ? post->href : NULL,
        .posted_at = d->posted_at,
        .view = d->view,
        .comment = d->comment,
        .like = d->like,
        .dislike = -1,
        .sold_out = d->sold_out,
        .mall = d->mall[0] ? post->deal.mall : NULL,
        .category = p->rule.categories[d->kind],
    };
    post_set_link(post, "", POST_WRAP_RAW, "");
    snprintf(image, sizeof(image), "/data/post/%ld_1.jpg", d->id);
    post_set_image(p, post, image);
}

void post_draw_text(struct page *p, const struct post *post)
{
    page_raw(p, "<p>");
    page_text(p, post->deal.product);
    page_raw(p, " 싸게 올라왔습니다. 필요하신 분 참고하세요.</p>\n<p>");
    if (post->deal.price[0]) {
        page_text(p, post->deal.price);
        page_raw(p, "에 샀고 배송은 ");
    }
    page_printf(p,
                "이틀 걸렸습니다. 예전 글: <a href=\"http://%s/old/%ld.html\">지난번 행사</a></p>\n"
                "<p>문의는 cs.damoa-mall.example 로 하시면 됩니다.</p>\n",
                p->request->host, post->deal.id - 1);
}

void post_draw_plain(struct page *p, struct post *post)
{
    char at[32];

    page_time(post->deal.posted_at, "%Y-%m-%d %H:%M:%S", at, sizeof(at));
    page_printf(p, "<!doctype html>\n<html lang=\"ko\"><head><meta charset=\"%s\"><title>",
                p->board->cp949 ? "euc-kr" : "utf-8");
    page_text(p, post->title);
    page_printf(p, "</title></head>\n<body><article class=\"post%s\" data-id=\"%ld\">\n<h1>",
                post->deal.sold_out ? " sold-out" : "", post->deal.id);
    page_text(p, post->title);
    page_printf(p,
                "</h1>\n<p class=\"meta\"><span class=\"nick\">%s</span> | <span "
                "class=\"category\">%s</span> | <time class=\"posted\">%s</time> | 조회 <span "
                "class=\"views\">%ld</span> | 추천 <span class=\"likes\">%ld</span> | 댓글 <span "
                "class=\"comments\">%ld</span></p>\n",
                post->deal.nick, post->shown.category, at, post->deal.view, post->deal.like,
                post->deal.comment);
    if (post->href[0]) {
        page_raw(p, "<p class=\"shop\"><a class=\"shop-link\" href=\"");
        page_text(p, post->href);
        page_raw(p, "\">상품 보러 가기</a></p>\n");
    }
    page_raw(p, "<div class=\"body\">");
    if (post->image[0])
        page_printf(p, "<p><img src=\"%s\"></p>\n", post->image);
    post_draw_text(p, post);
    page_raw(p, "</div></article></body></html>\n");
    post->shown.mall = NULL;
}

void post_draw_gone(struct page *p, struct answer *a, int gone)
{
    a->status = 404;
    page_printf(p,
                "<!doctype html><html lang=\"ko\"><head><meta charset=\"%s\"><title>404</title>"
                "</head><body><p>%s</p></body></html>\n",
                p->board->cp949 ? "euc-kr" : "utf-8",
                gone == POST_BLIND ? "블라인드 처리된 게시물입니다." : "글이 없습니다.");
}

void post_draw_gone_alert(struct page *p, struct answer *a, int gone)
{
    (void)a;
    page_printf(p,
                "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=%s\">"
                "<script type=\"text/javascript\">\nalert(\"%s\");\nhistory.back();\n</script>"
                "</head><body></body></html>\n",
                p->board->cp949 ? "euc-kr" : "utf-8",
                gone == POST_BLIND ? "블라인드 처리된 글입니다." : "존재하지 않는 글입니다.");
}
