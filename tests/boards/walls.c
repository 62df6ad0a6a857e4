/* SPDX-License-Identifier: MIT */
/* walls.c - pages that stand before a board's own, in the shapes that such pages have. */
#include "boards/walls.h"

#include <string.h>

enum { PIECE_BYTES = 24 };

static void block(const struct board *b, struct answer *a)
{
    a->status = 403;
    out_printf(&a->body,
               "<!doctype html><html lang=\"ko\"><head><meta charset=\"utf-8\"><title>Access "
               "Denied</title></head>\n<body><h1>Access Denied</h1>\n<p>You don't have permission "
               "to access \"http&#58;&#47;&#47;%s&#47;\" on this server.</p>\n"
               "<p>비정상적인 접근이 감지되어 접속이 차단되었습니다. Reference "
               "&#35;18&#46;4d2f1002&#46;1795&#46;9b1</p></body></html>\n",
               b->name);
}

static void login(const struct board *b, struct answer *a)
{
    out_printf(&a->body,
               "<!doctype html><html lang=\"ko\"><head><meta charset=\"utf-8\"><title>로그인 - "
               "%s</title></head>\n<body><div id=\"login\"><p>로그인이 필요한 서비스입니다. 로그인 "
               "후 이용해 주세요.</p>\n"
               "<form id=\"loginForm\" method=\"post\" action=\"/login\"><input type=\"text\" "
               "name=\"user_id\" placeholder=\"아이디\"><input type=\"password\" "
               "name=\"password\"><button type=\"submit\">로그인</button></form></div>\n"
               "</body></html>\n",
               b->title);
}

static void consent(const struct board *b, struct answer *a)
{
    out_printf(&a->body,
               "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Before you "
               "continue to %s</title></head>\n<body><div class=\"consent-wall\" role=\"dialog\" "
               "aria-modal=\"true\"><h1>Before you continue</h1>\n<p>We use cookies and data. 계속 "
               "이용하려면 쿠키 사용에 동의해 주세요.</p>\n"
               "<form method=\"post\" action=\"/consent/save\"><button name=\"set\" "
               "value=\"reject\">Reject all</button> <button name=\"set\" value=\"accept\">Accept "
               "all</button></form></div></body></html>\n",
               b->name);
}

void wall_challenge_403(struct answer *a)
{
    a->status = 403;
    out_str(&a->body,
            "<!DOCTYPE html><html lang=\"en-US\"><head><title>Just a moment...</title><meta "
            "http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\"><meta "
            "name=\"robots\" content=\"noindex,nofollow\"><meta http-equiv=\"refresh\" "
            "content=\"5\"></head>\n<body><div class=\"main-wrapper\" role=\"main\"><div "
            "class=\"main-content\"><noscript><span id=\"challenge-error-text\">Enable JavaScript "
            "and cookies to continue</span></noscript></div></div>\n"
            "<script>(function(){window._cf_chl_opt={cvId:'3',cType:'managed',cRay:'8f0d',cH:'x'};"
            "var d=document;d.cookie='cf_seen=1; path=/';})();</script></body></html>\n");
}

/* What the obfuscated script writes: it tells that a security system asks for patience. */
static const char hidden_page[] =
    "<html><head><title>%EB%B3%B4%EC%95%88%20%EC%8B%9C%EC%8A%A4%ED%85%9C</title></head><body>"
    "<p>checking</p><script>document.cookie='lite_year=1; path=/'</script></body></html>";

/* Pieces of base64 with three letters of noise at both ends; characters are moved by three. */
void wall_challenge_430(struct answer *a)
{
    char moved[sizeof(hidden_page)];
    size_t i, len = strlen(hidden_page);

    a->status = 430;
    for (i = 0; i < len; i++)
        moved[i] = (char)(hidden_page[i] + 3);
    out_str(&a->body, "<html><head><meta name=\"robots\" content=\"noindex\"></head><body>"
                      "<script>var _0x4f=[");
    for (i = 0; i < len; i += PIECE_BYTES) {
        out_str(&a->body, i ? ",'qZx" : "'qZx");
        out_base64(&a->body, moved + i, len - i < PIECE_BYTES ? len - i : PIECE_BYTES);
        out_str(&a->body, "Kw7'");
    }
    out_str(&a->body, "];var s='';_0x4f.forEach(function(p){var t=atob(p.slice(3,-3));for(var "
                      "i=0;i<t.length;i++)s+=String.fromCharCode(t.charCodeAt(i)-3);});"
                      "document.write(decodeURIComponent(s));</script></body></html>\n");
}

bool wall_known(const char *kind)
{
    return strcmp(kind, "challenge") == 0 || strcmp(kind, "login") == 0 ||
           strcmp(kind, "consent") == 0 || strcmp(kind, "block") == 0;
}

void wall_answer(const char *kind, const struct board *b, struct answer *a)
{
    out_fini(&a->body);
    a->status = 200;
    a->content_type = "text/html; charset=utf-8";
    if (strcmp(kind, "challenge") == 0)
        wall_challenge_403(a);
    else if (strcmp(kind, "login") == 0)
        login(b, a);
    else if (strcmp(kind, "consent") == 0)
        consent(b, a);
    else
        block(b, a);
}
