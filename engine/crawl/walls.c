/* SPDX-License-Identifier: MIT */
/* walls.c - the marks of pages in the way; see walls.h.
 *
 * Sentences count only on small pages: a redesigned board may have them in a corner. All marks are in
 * lower case and compared so (ASCII).
 */
#include "crawl/walls.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

enum { SMALL_HTML_BYTES = 48 * 1024, LINE_BYTES = 1200 };

struct mark {
    enum wall wall;
    const char *text;
};

/* Anywhere in the title. */
static const struct mark titles[] = {
    {WALL_CHALLENGE, "just a moment"},         /* Cloudflare */
    {WALL_CHALLENGE, "잠시만 기다리십시오"},   /* the same in Korean */
    {WALL_CHALLENGE, "attention required"},    /* Cloudflare, with a captcha */
    {WALL_CHALLENGE, "보안 시스템"},           /* fmkorea */
    {WALL_CHALLENGE, "checking your browser"}, /* Cloudflare's older page, and its imitations */
    {WALL_CHALLENGE, "ddos-guard"},
    {WALL_CHALLENGE, "are you a robot"},
    {WALL_BLOCK, "access denied"},
    {WALL_BLOCK, "request blocked"},
    {WALL_BLOCK, "접근이 차단"},
    {WALL_BLOCK, "접속이 차단"},
    {WALL_CONSENT, "before you continue"},
    {WALL_CONSENT, "cookie consent"},
};

/* The title begins so. */
static const struct mark title_heads[] = {
    {WALL_LOGIN, "로그인"},
    {WALL_LOGIN, "login"},
    {WALL_LOGIN, "log in"},
    {WALL_LOGIN, "sign in"},
};

/* In the beginning of a small page's text. */
static const struct mark sentences[] = {
    {WALL_CHALLENGE, "verify you are human"},
    {WALL_CHALLENGE, "enable javascript and cookies to continue"},
    {WALL_CHALLENGE, "checking if the site connection is secure"},
    {WALL_CHALLENGE, "사람인지 확인"},
    {WALL_LOGIN, "로그인이 필요"},
    {WALL_LOGIN, "로그인 후 이용"},
    {WALL_LOGIN, "회원만 이용"},
    {WALL_LOGIN, "please log in"},
    {WALL_LOGIN, "you must be logged in"},
    {WALL_BLOCK, "비정상적인 접근"},
    {WALL_BLOCK, "접속이 차단"},
    {WALL_BLOCK, "접근이 차단"},
    {WALL_BLOCK, "ip가 차단"},
    {WALL_BLOCK, "you have been blocked"},
    {WALL_CONSENT, "쿠키 사용에 동의"},
    {WALL_CONSENT, "before you continue"},
};

/* A part of the path to which the board has sent us. */
static const struct mark paths[] = {
    {WALL_CHALLENGE, "/cdn-cgi/challenge-platform/"},
    {WALL_LOGIN, "/login"},
    {WALL_LOGIN, "/signin"},
    {WALL_CONSENT, "/consent"},
};

static void lower(const char *text, char out[LINE_BYTES])
{
    size_t n = 0;

    for (; text && text[n] && n < LINE_BYTES - 1; n++)
        out[n] = (char)((unsigned char)text[n] < 0x80 ? tolower((unsigned char)text[n]) : text[n]);
    out[n] = '\0';
}

static enum wall found_in(const char *text, const struct mark *marks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(text, marks[i].text))
            return marks[i].wall;
    return WALL_NONE;
}

static enum wall by_title(const struct row_set *page)
{
    char title[LINE_BYTES];
    enum wall wall;

    lower(page->title, title);
    wall = found_in(title, titles, ARRAY_LEN(titles));
    for (size_t i = 0; !wall && i < ARRAY_LEN(title_heads); i++)
        if (str_starts(title, title_heads[i].text))
            wall = title_heads[i].wall;
    return wall;
}

static enum wall by_sentence(const struct row_set *page)
{
    char text[LINE_BYTES];

    if (page->html_bytes > SMALL_HTML_BYTES)
        return WALL_NONE;
    lower(page->text_head, text);
    return found_in(text, sentences, ARRAY_LEN(sentences));
}

static enum wall by_path(const struct row_set *page)
{
    char path[LINE_BYTES];
    const char *host = strstr(page->url ? page->url : "", "://");

    lower(host ? host + strcspn(host + 3, "/") + 3 : "", path);
    path[strcspn(path, "?#")] = '\0';
    return found_in(path, paths, ARRAY_LEN(paths));
}

enum wall wall_of(const struct row_set *page)
{
    enum wall wall = by_title(page);

    if (!wall)
        wall = by_sentence(page);
    return wall ? wall : by_path(page);
}

const char *wall_name(enum wall wall)
{
    static const char *const names[] = {
        [WALL_NONE] = "no page in the way", [WALL_CHALLENGE] = "a challenge page",
        [WALL_LOGIN] = "a login page",      [WALL_CONSENT] = "a consent page",
        [WALL_BLOCK] = "a block page",
    };

    return names[wall];
}
