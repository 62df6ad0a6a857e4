/* SPDX-License-Identifier: MIT */
/* test_crawl_link.c - links without their wrappers, and the keys of products. */
#include "crawl/link.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* printf %s https://shop.example/p?id=77\&c=한 | base64 -w0 */
#define B64 "aHR0cHM6Ly9zaG9wLmV4YW1wbGUvcD9pZD03NyZjPe2VnA=="
#define B64_TARGET "https://shop.example/p?id=77&c=%ED%95%9C"

struct sample {
    const char *link, *expected; /* NULL: none */
};

static void expect_all(const struct sample *samples, size_t n, char *(*read)(const char *))
{
    for (size_t i = 0; i < n; i++) {
        char *got = read(samples[i].link);

        if (!str_eq(got, samples[i].expected))
            fail_msg("%s: got %s, expected %s", samples[i].link ? samples[i].link : "(NULL)",
                     got ? got : "(none)", samples[i].expected ? samples[i].expected : "(none)");
        mem_free(got);
    }
}
#define EXPECT_ALL(samples, read) expect_all(samples, ARRAY_LEN(samples), read)

static void takes_the_target_out_of_each_wrapper(void **state)
{
    static const struct sample samples[] = {
        {"https://s.board.example?idno=ab_1&target=" B64 "&encode=on", B64_TARGET},
        {"https://s.board.example/?target=aHR0cHM6Ly9zaG9wLmV4YW1wbGUvYT9ifj8-Pn4-",
         "https://shop.example/a?b~?%3E%3E~%3E"},
        {"https://s.board.example/?target=aHR0cHM6Ly9zaG9wLmV4YW1wbGUv",
         "https://shop.example/"}, /* no padding needed */
        {"https://s.board.example/?target=aHR0cHM6Ly9zaG9wLmV4YW1wbGUvcD9pZD03NyZjPe2VnA%3D%3D",
         B64_TARGET},
        {"https://s.board.example/?target=aHR0cHM6Ly9zaG9wLmV4YW1wbGUvPz8+",
         "https://shop.example/??%3E"},
        {"https://web.board.example/"
         "link.php?ol=https%3A%2F%2Fshop.example%2Fa%3Fb%3D1%26c%3D2&bbs=9",
         "https://shop.example/a?b=1&c=2"},
        {"https://web.board.example/link.php?ol=https%253A%252F%252Fshop.example%252Fa",
         "https://shop.example/a"},
        {"https://unsafelink.com/https://shop.example/a?b=1", "https://shop.example/a?b=1"},
        {"https://unsafelink.com/https%3A%2F%2Fshop.example%2Fa", "https://shop.example/a"},
        {"https://board.example/link?link=" B64, B64_TARGET},
        {"https://board.example/link?link=//shop.example/a", "https://shop.example/a"},
        {"javascript:goToLink('" B64 "')", B64_TARGET},
        {"javascript:goToLink(\"https://shop.example/1\");", "https://shop.example/1"},
        {"javascript:goToLink(%27https://shop.example/1%27)", "https://shop.example/1"},
        {"https://board.example/goto/?url=http://shop.example/x", "http://shop.example/x"},
        {"https://link.shop.example/re/go?lptag=A1&url=https%3A%2F%2Fwww.shop.example%2F5",
         "https://www.shop.example/5"},
    };

    (void)state;
    EXPECT_ALL(samples, link_resolve);
}

static void takes_off_wrappers_in_wrappers_but_not_without_end(void **state)
{
    static const struct sample samples[] = {
        {"https://unsafelink.com/https://s.board.example/?target=" B64, B64_TARGET},
        {"https://unsafelink.com/https://unsafelink.com/https://unsafelink.com/"
         "https://unsafelink.com/https://unsafelink.com/https://unsafelink.com/https://a.example/1",
         "https://unsafelink.com/https://a.example/1"},
    };

    (void)state;
    EXPECT_ALL(samples, link_resolve);
}

static void leaves_a_link_that_is_no_wrapper_as_it_is(void **state)
{
    static const struct sample samples[] = {
        {"https://shop.example/a?b=1#c", "https://shop.example/a?b=1#c"},
        /* an address in the query of an ordinary page */
        {"https://shop.example/login?url=https%3A%2F%2Fother.example%2F",
         "https://shop.example/login?url=https%3A%2F%2Fother.example%2F"},
        {"https://board.example/link.php?no=5", "https://board.example/link.php?no=5"},
        {"https://link.shop.example/a/dAbC1", "https://link.shop.example/a/dAbC1"},
        {"https://s.board.example/?target=not*base64",
         "https://s.board.example/?target=not*base64"},
        {"https://s.board.example/?target=%00", "https://s.board.example/?target=%00"},
    };

    (void)state;
    EXPECT_ALL(samples, link_resolve);
}

static void lets_nothing_out_of_a_wrapper_but_public_web_addresses(void **state)
{
    static const char *const targets[] = {"http://127.0.0.1/",
                                          "http://10.0.0.1/a",
                                          "http://[::1]/",
                                          "http://2130706433/",
                                          "http://169.254.169.254/x",
                                          "http://localhost/",
                                          "http://a.localhost:80/",
                                          "http://intranet/",
                                          "ftp://shop.example",
                                          "file:///etc/passwd",
                                          "javascript:alert(1)",
                                          "http://a:b@shop.example/",
                                          "https://",
                                          "https:///x",
                                          "http://shop.example/\x01",
                                          "http://shop.example/%zz\xff"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        char *link = mem_printf("https://unsafelink.com/%s", targets[i]);
        char *got = link_resolve(link);

        assert_string_equal(got, link);
        mem_free(got);
        mem_free(link);
    }
    assert_null(link_resolve("javascript:goToLink('http://10.0.0.1/')"));
}

static void answers_nothing_for_what_is_no_link(void **state)
{
    static const struct sample samples[] = {
        {NULL, NULL},
        {"", NULL},
        {"javascript:void(0)", NULL},
        {"javascript:open('", NULL},
        {"mailto:a@b.example", NULL},
        {"/link?link=" B64, NULL},
    };

    (void)state;
    EXPECT_ALL(samples, link_resolve);
}

static void knows_a_product_whoever_sent_the_visitor(void **state)
{
    static const struct sample samples[] = {
        {"https://www.11st.co.kr/products/1234567?trTypeCd=21", "11st:1234567"},
        {"https://m.11st.co.kr/products/m/1234567", "11st:1234567"},
        {"http://deal.11st.co.kr/product/SellerProductDetail.tmall?method=x&prdNo=1234567",
         "11st:1234567"},
        {"http://item.gmarket.co.kr/Item?goodscode=987654321&jaehuid=2000", "gmarket:987654321"},
        {"https://mitem.gmarket.co.kr/Item?goodsCode=987654321", "gmarket:987654321"},
        {"http://itempage3.auction.co.kr/DetailView.aspx?itemno=B123456789", "auction:B123456789"},
        {"https://www.coupang.com/vp/products/7654321?itemId=1&vendorItemId=2", "coupang:7654321"},
        {"https://m.coupang.com/vm/products/7654321", "coupang:7654321"},
        {"https://link.coupang.com/re/AFFSDP?lptag=AF1&pageKey=7654321&itemId=1",
         "coupang:7654321"},
        {"https://smartstore.naver.com/somebody/products/4455667788?NaPm=ct%3D1",
         "naver:4455667788"},
        {"https://brand.naver.com/somebody/products/4455667788", "naver:4455667788"},
        {"https://m.smartstore.naver.com/main/products/4455667788", "naver:4455667788"},
        {"https://www.ssg.com/item/itemView.ssg?itemId=1000123456789&siteNo=6004",
         "ssg:1000123456789"},
        {"https://emart.ssg.com/item/itemView.ssg?itemId=1000123456789", "ssg:1000123456789"},
        {"https://www.lotteon.com/p/product/LO1234567890?sitmNo=1", "lotteon:LO1234567890"},
        {"https://front.wemakeprice.com/product/2200112233", "wemakeprice:2200112233"},
        {"https://mw.wemakeprice.com/deal/611223344", "wemakeprice-deal:611223344"},
        {"https://www.tmon.co.kr/deal/1122334455", "tmon:1122334455"},
        {"https://ko.aliexpress.com/item/1005001234567890.html?spm=a2g0o&algo_pvid=1",
         "aliexpress:1005001234567890"},
        {"https://www.aliexpress.com/i/1005001234567890.html", "aliexpress:1005001234567890"},
        {"https://www.amazon.com/Some-Thing/dp/B0ABCDEFGH/ref=sr_1_1?tag=x-20",
         "amazon.com:B0ABCDEFGH"},
        {"https://www.amazon.co.jp/gp/product/B0ABCDEFGH", "amazon.co.jp:B0ABCDEFGH"},
        {"https://www.ebay.com/itm/some-title/123456789012?mkcid=1", "ebay:123456789012"},
        {"https://store.steampowered.com/app/1145360/Some_Game/", "steam-app:1145360"},
        {"https://www.shop.example/goods/5123/?utm_source=a&color=red&b=2&gclid=1&NaPm=x#top",
         "shop.example/goods/5123?b=2&color=red"},
        {"http://m.shop.example//goods/5123?b=2&color=red",
         "shop.example/goods/5123?b=2&color=red"},
        {"https://shop.example/%ec%83%81/view/12345.html",
         "shop.example/%EC%83%81/view/12345.html"},
        {"https://shop.example/p/some-long-slug", "shop.example/p/some-long-slug"},
        {"https://naver.me/xAbCdEfG", "naver.me/xAbCdEfG"},
    };

    (void)state;
    EXPECT_ALL(samples, link_shop_key);
}

static void has_no_key_for_many_products_or_none(void **state)
{
    static const struct sample samples[] = {
        {NULL, NULL},
        {"", NULL},
        {"/goods/5123", NULL},
        {"https://shop.example/", NULL},
        {"https://www.shop.example", NULL},
        {"https://shop.example/?utm_source=12345", NULL},
        {"https://shop.example/main", NULL},
        {"https://shop.example/search?q=12345", NULL},
        {"https://shop.example/list?keyword=12345", NULL},
        {"https://shop.example/event/20261122", NULL},
        {"https://shop.example/plan/view.html?no=12345", NULL},
        {"https://shop.example/category/1234/list", NULL},
        {"https://www.coupang.com/np/campaigns/1234", NULL},
        {"https://www.coupang.com/np/search?q=1234", NULL},
        {"https://smartstore.naver.com/somebody", NULL},
        {"https://www.gmarket.co.kr/", NULL},
        {"https://store.steampowered.com/", NULL},
        {"https://shop.example/sale", NULL},
        {"https://shop.example/%EC%83%81%ED%92%88", NULL}, /* digits of escapes name nothing */
    };

    (void)state;
    EXPECT_ALL(samples, link_shop_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_target_out_of_each_wrapper),
        cmocka_unit_test(takes_off_wrappers_in_wrappers_but_not_without_end),
        cmocka_unit_test(leaves_a_link_that_is_no_wrapper_as_it_is),
        cmocka_unit_test(lets_nothing_out_of_a_wrapper_but_public_web_addresses),
        cmocka_unit_test(answers_nothing_for_what_is_no_link),
        cmocka_unit_test(knows_a_product_whoever_sent_the_visitor),
        cmocka_unit_test(has_no_key_for_many_products_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
