/* SPDX-License-Identifier: MIT */
/* fuzz_chrome_flags.c - chrome-flags.conf: an accepted file's switches all reach Chrome, and no
 * others. */
#include "fuzz.h"
#include "base/str.h"
#include "chrome/flags.h"

#include <string.h>

static const char *const forbidden[] = {"--no-sandbox",    "--remote-debugging-port",
                                        "--user-data-dir", "--single-process",
                                        "--headless",      "--no-zygote"};

static bool same_name(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");

    return n == strcspn(b, "=") && memcmp(a, b, n) == 0;
}

static void check_form(const char *flag)
{
    size_t name =
        strspn(flag + 2, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") + 2;

    check(str_starts(flag, "--") && name > 2 && (flag[name] == '\0' || flag[name] == '='));
    for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
        check(!same_name(flag, forbidden[i]));
}

/* The text is the first flag of its name, or a part of it. */
static void check_kept(const struct flags *flags, const char *text)
{
    for (size_t i = 0; i < flags_count(flags); i++) {
        const char *flag = flags_at(flags, i);

        if (!same_name(flag, text))
            continue;
        check(!strchr(text, '=') || strstr(strchr(flag, '='), strchr(text, '=') + 1));
        return;
    }
    check(!"a switch of the file is missing");
}

static size_t check_lines(const struct flags *flags, const uint8_t *data, size_t size)
{
    size_t n = 0;

    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t len = end ? (size_t)(end - data) - at : size - at;
        char *line = fuzz_text(data + at, len);
        char *text = str_trim(line);

        if (*text && *text != '#') {
            check_kept(flags, text);
            n++;
        }
        mem_free(line);
        at += len + 1;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const hosts[] = {"*.ads.example", "track.example"};
    struct flags *flags = NULL;
    struct err err;
    size_t n;

    if (flags_load(fuzz_file(data, size), &flags, &err) < 0) {
        check(!flags && err.code == ERR_CONFIG && *err.text);
        return 0;
    }
    n = flags_count(flags);
    for (size_t i = 0; i < n; i++) {
        check_form(flags_at(flags, i));
        for (size_t k = 0; k < i; k++)
            check(!same_name(flags_at(flags, i), flags_at(flags, k)));
    }
    check(check_lines(flags, data, size) >= n);
    flags_block_hosts(flags, hosts, ARRAY_LEN(hosts));
    check(flags_count(flags) - n <= 1);
    check_kept(flags, "--host-resolver-rules");
    flags_free(&flags);
    return 0;
}
