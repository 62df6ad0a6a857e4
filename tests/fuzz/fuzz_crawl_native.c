/* SPDX-License-Identifier: MIT */
/* fuzz_crawl_native.c - any bytes as a page: the answer is sound JSON that extract_read() takes, and the
 * same at each reading. */
#include "fuzz.h"
#include "base/str.h"
#include "crawl/extract.h"
#include "crawl/native.h"

#include <string.h>

static const char conf[] =
    "[site]\nname = Test\n[list]\nurl = https://x.example/\n"
    "[layout one]\nmatch = ul, table\nrows = li:has(a), tr:not(:first-child)\n"
    "skip = .ad\nskip = :scope:nth-child(3n+2) > b:only-child\nskip_text = ^공지\nskip_category = "
    "\\s$\n"
    "[one.key]\ncss = @id\ncss = a @href\nmatch = ([\\w-]+)$\n[one.title]\ncss = a.t\ncss = a\n"
    "without = b, i ~ u\n[one.url]\ncss = a\n[one.redirect_url]\ncss = a + a\nquery = no, 가\n"
    "[one.image]\ncss = img\ncss = :is(p, div)[style*=url]\nplaceholder = blank\n"
    "[one.posted_at]\ncss = time:last-of-type\nawait = yes\n[one.view]\ncss = .v:not(:empty)\n"
    "[one.price]\ncss = script\njson = a.0.b\n[one.category]\ncss = em\ntext = own\n";

static struct site *the_site(void)
{
    static struct site *site;
    struct err err;

    if (!site)
        check(site_load_text("x/site.conf", "x", conf, NULL, NULL, &site, &err) == 0);
    return site;
}

static char *answer_of(const char *bytes, size_t len, const char *content_type, struct err *err)
{
    struct site *site = the_site();
    struct native_page page = {.bytes = bytes,
                               .len = len,
                               .content_type = content_type,
                               .url = "http://x.example:8080/a/b?c#d",
                               .status = 200};
    struct buf json;

    buf_init(&json, 1 << 24);
    if (native_extract(site, site->layouts, site->n_layouts, &page, &json, err) == 0)
        return buf_take(&json);
    check(err->code == ERR_PROTOCOL && *err->text);
    buf_fini(&json);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {"text/html", "text/html; charset=euc-kr",
                                        "text/html; charset=utf-8", "text/html; charset=utf-16le"};
    char *bytes = fuzz_bytes(data + (size > 0), size - (size > 0));
    const char *type = types[size > 0 ? data[0] % ARRAY_LEN(types) : 0];
    struct row_set *set = NULL;
    struct jdoc *doc = NULL;
    struct err err;
    char *answer = answer_of(bytes, size - (size > 0), type, &err);

    if (answer) {
        char *again = answer_of(bytes, size - (size > 0), type, &err);

        check(str_eq(answer, again));
        check(fuzz_json_is_sound(answer, strlen(answer)));
        check(jdoc_parse(answer, strlen(answer), &doc, &err) == 0);
        check(extract_read(the_site(), jdoc_root(doc), 1795320300000, &set, &err) == 0);
        mem_free(again);
    }
    row_set_free(&set);
    jdoc_free(&doc);
    mem_free(answer);
    mem_free(bytes);
    return 0;
}
