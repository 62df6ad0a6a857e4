/* SPDX-License-Identifier: MIT */
/* mall.c - see mall.h. */
#include "crawl/mall.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { MAX_BYTES = 40 };

/* The first of each line is the mall's own name. Only names that nobody else goes by. */
static const char *const malls[][6] = {
    {"G마켓", "지마켓", "쥐마켓", "Gmarket", "G마", "지마"},
    {"11번가", "11st", "십일번가"},
    {"옥션", "auction"},
    {"쿠팡", "coupang"},
    {"위메프", "wemakeprice", "위메프오"},
    {"티몬", "tmon"},
    {"롯데온", "롯데ON", "lotteon"},
    {"SSG닷컴", "SSG", "쓱닷컴", "SSG.COM", "신세계몰"},
    {"네이버", "네이버쇼핑", "naver"},
    {"스마트스토어", "네이버스마트스토어", "네이버 스토어"},
    {"인터파크", "interpark"},
    {"알리익스프레스", "알리", "aliexpress"},
    {"아마존", "amazon"},
    {"이베이", "ebay"},
    {"큐텐", "qoo10"},
    {"스팀", "steam"},
    {"에픽게임즈", "epic", "에픽", "epicgames"},
    {"카카오", "카카오쇼핑"},
    {"하이마트", "롯데하이마트"},
    {"오늘의집", "ohouse"},
    {"홈플러스", "homeplus"},
    {"이마트", "emart"},
    {"코스트코", "costco"},
    {"CJ온스타일", "씨제이온스타일", "CJ몰"},
    {"GS샵", "GSSHOP", "지에스샵", "GS숍"},
    {"현대Hmall", "H몰", "Hmall", "현대몰"},
    {"NS홈쇼핑", "NS몰", "nsmall"},
};

/* The same letters, blanks left out, case of ASCII aside? */
static bool is_name(const char *text, size_t len, const char *name)
{
    const char *end = text + len;

    for (;;) {
        while (text < end && isspace((unsigned char)*text))
            text++;
        while (isspace((unsigned char)*name))
            name++;
        if (text == end || *name == '\0')
            return text == end && *name == '\0';
        if (tolower((unsigned char)*text++) != tolower((unsigned char)*name++))
            return false;
    }
}

static const char *known(const char *text, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(malls); i++)
        for (size_t k = 0; k < ARRAY_LEN(malls[i]) && malls[i][k]; k++)
            if (is_name(text, len, malls[i][k]))
                return malls[i][0];
    return NULL;
}

const char *mall_known(const char *text)
{
    return text ? known(text, strlen(text)) : NULL;
}

char *mall_in_title(const char *title, bool keep_names)
{
    const char *close, *open = title, *name;
    size_t len;
    bool is_square;

    while (open && isspace((unsigned char)*open))
        open++;
    if (!open || (*open != '[' && *open != '('))
        return NULL;
    is_square = *open == '[';
    close = strchr(open, is_square ? ']' : ')');
    if (!close)
        return NULL;
    for (open++; isspace((unsigned char)*open);)
        open++;
    for (len = close > open ? (size_t)(close - open) : 0; len > 0 && open[len - 1] == ' ';)
        len--;
    if (len == 0 || len > MAX_BYTES)
        return NULL;
    name = keep_names ? NULL : known(open, len);
    if (name)
        return mem_strdup(name);
    return is_square ? mem_strndup(open, len) : NULL;
}
