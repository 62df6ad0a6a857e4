/* SPDX-License-Identifier: MIT */
/* link_key.c - what product an address leads to.
 *
 * Shops that deals often lead to have a line in a table: where the product's number stands. All
 * others keep host, path and query, less what only tells who sent the visitor; and what looks
 * like many products, or like none, has no key: two deals with a false key in common would be
 * shown as one.
 */
#include "crawl/link.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_PARAMS = 40, MAX_ID_BYTES = 64, MIN_SLUG_BYTES = 8, MIN_DIGITS = 3 };

struct piece {
    const char *at;
    size_t len;
};

struct param {
    struct piece name, value;
};

static bool piece_is(struct piece piece, const char *word)
{
    return strlen(word) == piece.len && !strncasecmp(piece.at, word, piece.len);
}

static bool piece_is_one_of(struct piece piece, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (piece_is(piece, words[i]))
            return true;
    return false;
}

/* The next segment of a path, or false at its end. Empty ones are passed over. */
static bool next_segment(const char **at, struct piece *out)
{
    while (**at == '/')
        (*at)++;
    out->at = *at;
    out->len = strcspn(*at, "/?#;");
    *at += out->len;
    return out->len > 0;
}

static size_t read_params(const char *path, struct param params[MAX_PARAMS])
{
    const char *at = path + strcspn(path, "?#");
    size_t n = 0;

    if (*at != '?')
        return 0;
    for (at++; *at && *at != '#' && n < MAX_PARAMS;) {
        size_t len = strcspn(at, "&#"), name_len = strcspn(at, "=&#");

        if (name_len > 0 && name_len + 1 < len)
            params[n++] = (struct param){{at, name_len}, {at + name_len + 1, len - name_len - 1}};
        at += len + (at[len] == '&');
    }
    return n;
}

/* ---- shops whose addresses are known --------------------------------------------------------- */

enum id_form { ID_NUMBER, ID_WORD, ID_ASIN };

struct shop {
    const char *host; /* it, or what stands below it */
    const char *name;
    const char *segment; /* the id stands behind it; NULL: only in `param` */
    const char *param;
    enum id_form form;
};

static const struct shop shops[] = {
    {"11st.co.kr", "11st", "products", "prdNo", ID_NUMBER},
    {"11st.co.kr", "11st", "pa", NULL, ID_NUMBER},
    {"gmarket.co.kr", "gmarket", NULL, "goodscode", ID_NUMBER},
    {"auction.co.kr", "auction", NULL, "itemno", ID_WORD},
    {"coupang.com", "coupang", "products", "pageKey", ID_NUMBER},
    {"smartstore.naver.com", "naver", "products", NULL, ID_NUMBER},
    {"brand.naver.com", "naver", "products", NULL, ID_NUMBER},
    {"shopping.naver.com", "naver", "products", NULL, ID_NUMBER},
    {"shopping.naver.com", "naver-catalog", "catalog", NULL, ID_NUMBER},
    {"ssg.com", "ssg", NULL, "itemId", ID_NUMBER},
    {"lotteon.com", "lotteon", "product", NULL, ID_WORD},
    {"lotteimall.com", "lotteimall", NULL, "goods_no", ID_NUMBER},
    {"wemakeprice.com", "wemakeprice", "product", NULL, ID_NUMBER},
    {"wemakeprice.com", "wemakeprice-deal", "deal", NULL, ID_NUMBER},
    {"tmon.co.kr", "tmon", "deal", "dealNo", ID_NUMBER},
    {"tmon.co.kr", "tmon", "deals", NULL, ID_NUMBER},
    {"interpark.com", "interpark", "product", "prdNo", ID_NUMBER},
    {"aliexpress.com", "aliexpress", "item", "productIds", ID_NUMBER},
    {"aliexpress.com", "aliexpress", "i", NULL, ID_NUMBER},
    {"aliexpress.us", "aliexpress", "item", NULL, ID_NUMBER},
    {"ebay.com", "ebay", "itm", NULL, ID_NUMBER},
    {"store.steampowered.com", "steam-app", "app", NULL, ID_NUMBER},
    {"store.steampowered.com", "steam-sub", "sub", NULL, ID_NUMBER},
    {"store.steampowered.com", "steam-bundle", "bundle", NULL, ID_NUMBER},
    {"store.epicgames.com", "epic", "p", NULL, ID_WORD},
    {"gift.kakao.com", "kakao-gift", "product", NULL, ID_NUMBER},
    {"store.kakao.com", "kakao", "products", NULL, ID_NUMBER},
    {"ohou.se", "ohou", "productions", NULL, ID_NUMBER},
    {"oliveyoung.co.kr", "oliveyoung", NULL, "goodsNo", ID_WORD},
    {"e-himart.co.kr", "himart", NULL, "goodsNo", ID_NUMBER},
    {"cjonstyle.com", "cjonstyle", "item", NULL, ID_NUMBER},
    {"gsshop.com", "gsshop", NULL, "prdid", ID_NUMBER},
    {"hmall.com", "hmall", NULL, "slitmCd", ID_NUMBER},
    {"homeplus.co.kr", "homeplus", NULL, "itemNo", ID_NUMBER},
    {"danawa.com", "danawa", NULL, "pcode", ID_NUMBER},
    {"play.google.com", "google-play", NULL, "id", ID_WORD},
    {"walmart.com", "walmart", "ip", NULL, ID_NUMBER},
    {"iherb.com", "iherb", "pr", NULL, ID_NUMBER},
};

static bool is_host_of(const char *host, const char *shop)
{
    size_t len = strlen(host), shop_len = strlen(shop);

    return str_eq(host, shop) ||
           (len > shop_len && host[len - shop_len - 1] == '.' && str_ends(host, shop));
}

/* "1005001.html" -> "1005001" */
static struct piece without_extension(struct piece piece)
{
    for (size_t i = 1; i < piece.len; i++)
        if (piece.at[i] == '.')
            piece.len = i;
    return piece;
}

static bool is_id(struct piece piece, enum id_form form)
{
    size_t digits = 0;

    if (piece.len < MIN_DIGITS || piece.len > MAX_ID_BYTES)
        return false;
    for (size_t i = 0; i < piece.len; i++) {
        unsigned char c = (unsigned char)piece.at[i];

        digits += isdigit(c) != 0;
        if (!isalnum(c) && !(form == ID_WORD && strchr("-_.", c)))
            return false;
    }
    if (form == ID_ASIN)
        return piece.len == 10;
    return form == ID_WORD || digits == piece.len;
}

/* The first id behind the segment `marker`: some shops put a word in between ("/products/m/123",
 * "/itm/a-title/123"). */
static bool id_in_path(const char *path, const char *marker, enum id_form form, struct piece *out)
{
    struct piece segment;
    bool is_behind = false;

    while (next_segment(&path, &segment)) {
        *out = without_extension(segment);
        if (is_behind && is_id(form == ID_WORD ? segment : *out, form)) {
            *out = form == ID_WORD ? segment : *out;
            return true;
        }
        is_behind = is_behind || piece_is(segment, marker);
    }
    return false;
}

static bool id_in_params(const struct param *params, size_t n, const char *name, enum id_form form,
                         struct piece *out)
{
    for (size_t i = 0; i < n; i++) {
        if (piece_is(params[i].name, name) && is_id(params[i].value, form)) {
            *out = params[i].value;
            return true;
        }
    }
    return false;
}

/* "amazon.co.jp" -> its marker is one of several, and each country's shop has deals of its own. */
static char *amazon_key(const char *host, const char *path)
{
    static const char *const markers[] = {"dp", "product", "d", "ASIN"};
    const char *shop = strstr(host, "amazon.");
    struct piece id;

    if (!shop || (shop != host && shop[-1] != '.'))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(markers); i++)
        if (id_in_path(path, markers[i], ID_ASIN, &id))
            return mem_printf("%s:%.*s", shop, (int)id.len, id.at);
    return NULL;
}

static char *known_key(const char *host, const char *path, const struct param *params, size_t n)
{
    struct piece id;

    for (size_t i = 0; i < ARRAY_LEN(shops); i++) {
        const struct shop *shop = &shops[i];

        if (!is_host_of(host, shop->host))
            continue;
        if ((shop->segment && id_in_path(path, shop->segment, shop->form, &id)) ||
            (shop->param && id_in_params(params, n, shop->param, shop->form, &id)))
            return mem_printf("%s:%.*s", shop->name, (int)id.len, id.at);
    }
    return amazon_key(host, path);
}

/* ---- all others ------------------------------------------------------------------------------ */

static bool only_tells_who_sent(struct piece name)
{
    static const char *const names[] = {
        "gclid",        "gclsrc",       "dclid",      "wbraid",      "gbraid",
        "fbclid",       "msclkid",      "yclid",      "ttclid",      "igsh",
        "igshid",       "srsltid",      "napm",       "lptag",       "lpid",
        "lpinfo",       "affid",        "aff",        "aff_id",      "affiliate",
        "affiliate_id", "tag",          "ascsubtag",  "linkcode",    "linkid",
        "creative",     "creativeasin", "camp",       "psc",         "th",
        "ref",          "ref_",         "referer",    "referrer",    "spm",
        "scm",          "pvid",         "sk",         "terminal_id", "afsmartredirect",
        "gatewayadapt", "mkcid",        "mkevt",      "mkrid",       "campid",
        "toolid",       "customid",     "siteid",     "tr",          "trackid",
        "trackingid",   "tracking",     "trcid",      "traceid",     "src",
        "source",       "from",         "subid",      "sub_id",      "subparam",
        "wpcid",        "wref",         "wtime",      "redirect",    "_branch_match_id",
        "mc_cid",       "mc_eid",       "_ga",        "_gl",         "cjevent",
        "cjdata",       "clickid",      "click_id",   "irclickid",   "irgwc",
        "partner",      "partnerid",    "partner_id", "jaehuid",     "cm_mmc",
        "ranmid",       "raneaid",      "ransiteid",  "service_id",  "inflow",
        "ckwhere",      "campaign",     "campaignid", "medium",      "channel",
        "share",        "share_id",     "shareid",    "sns",         "si",
        "timestamp",    "_t",           "ver"};
    static const char *const beginnings[] = {"utm_",   "n_",     "aff_", "algo_", "nl-", "nl_",
                                             "pd_rd_", "pf_rd_", "hsa_", "at_",   "pk_", "mtm_"};

    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        size_t len = strlen(beginnings[i]);

        if (name.len > len && !strncasecmp(name.at, beginnings[i], len))
            return true;
    }
    return piece_is_one_of(name, names, ARRAY_LEN(names));
}

/* Segments of addresses that lead to many products, or to none. */
static bool is_general_segment(struct piece segment)
{
    static const char *const words[] = {
        "search",    "event",      "events",     "evt",           "promotion",  "promotions",
        "promo",     "plan",       "planshop",   "special",       "exhibition", "exhibitions",
        "category",  "categories", "collection", "collections",   "c",          "brand",
        "brands",    "coupon",     "coupons",    "benefit",       "benefits",   "campaign",
        "campaigns", "best",       "ranking",    "login",         "signin",     "cart",
        "mypage",    "notice",     "notices",    "campaigndetail"};

    return piece_is_one_of(without_extension(segment), words, ARRAY_LEN(words));
}

static bool is_search_param(struct piece name)
{
    static const char *const words[] = {
        "q", "query", "keyword", "search", "searchkeyword", "search_keyword", "kwd", "k"};

    return piece_is_one_of(name, words, ARRAY_LEN(words));
}

static size_t count_digits(struct piece piece)
{
    size_t digits = 0;

    for (size_t i = 0; i < piece.len; i++) {
        if (piece.at[i] == '%' && i + 2 < piece.len)
            i += 2; /* an escape is no number */
        else
            digits += isdigit((unsigned char)piece.at[i]) != 0;
    }
    return digits;
}

/* A number, a slug ("hades-2"), or the code of a shortened link. */
static bool may_name_product(struct piece piece)
{
    bool has_joint = memchr(piece.at, '-', piece.len) || memchr(piece.at, '_', piece.len);

    return count_digits(piece) >= MIN_DIGITS || (has_joint && piece.len >= MIN_SLUG_BYTES);
}

static bool is_shortener(const char *host)
{
    static const char *const hosts[] = {"bit.ly",
                                        "naver.me",
                                        "me2.kr",
                                        "link.coupang.com",
                                        "a.co",
                                        "amzn.to",
                                        "amzn.asia",
                                        "a.aliexpress.com",
                                        "s.click.aliexpress.com",
                                        "ebay.us",
                                        "abr.ge",
                                        "vo.la",
                                        "han.gl",
                                        "url.kr",
                                        "buly.kr",
                                        "ozip.me",
                                        "toss.me",
                                        "app.ac",
                                        "lotteon.me",
                                        "ssg.me",
                                        "tinyurl.com",
                                        "t.co",
                                        "kko.to",
                                        "deg.kr"};

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        if (str_eq(host, hosts[i]))
            return true;
    return false;
}

static bool leads_to_a_product(const char *host, const char *path, const struct param *params,
                               size_t n)
{
    struct piece segment;
    bool named = false;

    while (next_segment(&path, &segment)) {
        if (is_general_segment(segment))
            return false;
        named = named || may_name_product(segment) || is_shortener(host);
    }
    for (size_t i = 0; i < n; i++) {
        if (is_search_param(params[i].name))
            return false;
        named = named || count_digits(params[i].value) >= MIN_DIGITS;
    }
    return named;
}

static int compare_params(const void *a, const void *b)
{
    const struct param *one = a, *other = b;
    size_t len = one->name.len < other->name.len ? one->name.len : other->name.len;
    int order = strncasecmp(one->name.at, other->name.at, len);

    if (order == 0)
        order = (one->name.len > other->name.len) - (one->name.len < other->name.len);
    return order ? order : (one->value.at > other->value.at) - (one->value.at < other->value.at);
}

static size_t drop_senders(struct param *params, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!only_tells_who_sent(params[i].name))
            params[kept++] = params[i];
    qsort(params, kept, sizeof(*params), compare_params);
    return kept;
}

/* Escapes in capitals, everything else as it is. */
static void add_piece(struct buf *out, struct piece piece)
{
    for (size_t i = 0; i < piece.len; i++) {
        bool in_escape = (i >= 1 && piece.at[i - 1] == '%') || (i >= 2 && piece.at[i - 2] == '%');

        buf_addc(out, in_escape ? (char)toupper((unsigned char)piece.at[i]) : piece.at[i]);
    }
}

static char *general_key(const char *host, const char *path, struct param *params, size_t n)
{
    struct piece segment;
    struct buf key;

    n = drop_senders(params, n);
    if (!leads_to_a_product(host, path, params, n))
        return NULL;
    buf_init(&key, LINK_KEY_MAX_BYTES);
    buf_adds(&key, host);
    while (next_segment(&path, &segment)) {
        buf_addc(&key, '/');
        add_piece(&key, segment);
    }
    for (size_t i = 0; i < n; i++) {
        buf_addc(&key, i ? '&' : '?');
        for (size_t k = 0; k < params[i].name.len; k++)
            buf_addc(&key, (char)tolower((unsigned char)params[i].name.at[k]));
        buf_addc(&key, '=');
        add_piece(&key, params[i].value);
    }
    if (buf_overflowed(&key)) {
        buf_fini(&key);
        return NULL;
    }
    return buf_take(&key);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* "www.m.shop.example" -> "shop.example" */
static const char *bare_host(const char *host)
{
    static const char *const labels[] = {"www.", "m.", "mobile.", "mw.", "front."};

    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        const char *rest = host + strlen(labels[i]);

        if (str_starts(host, labels[i]) && strchr(rest, '.'))
            return bare_host(rest);
    }
    return host;
}

char *link_shop_key(const char *url)
{
    struct param params[MAX_PARAMS];
    struct url_parts parts;
    struct err ignored;
    const char *host;
    char *key;
    size_t n;

    if (!url || strlen(url) > LINK_MAX_BYTES || url_split(url, &parts, &ignored) < 0)
        return NULL;
    host = bare_host(parts.host);
    n = read_params(parts.path, params);
    key = known_key(host, parts.path, params, n);
    if (!key)
        key = general_key(host, parts.path, params, n);
    url_parts_fini(&parts);
    if (key && strlen(key) > LINK_KEY_MAX_BYTES) {
        mem_free(key);
        key = NULL;
    }
    return key;
}
