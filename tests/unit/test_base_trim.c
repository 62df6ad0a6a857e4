/* SPDX-License-Identifier: MIT */
/* test_base_trim.c - pages go, and what they held is still there. */
#include "base/trim.h"
#include "base/buf.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

static long rss_file_kib(void)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    long kib = -1;

    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, "RssFile: %ld kB", &kib) == 1)
            break;
    fclose(f);
    return kib;
}

static void pages_of_files_leave_and_the_program_goes_on(void **state)
{
    static const char constant[] = "what stands in the program's file";
    static char written[] = "what was written";
    long before = rss_file_kib(), after;
    struct buf buf;

    (void)state;
    strcpy(written, "something else");

    assert_true(trim_start_pages() > 0);
    after = rss_file_kib();

    print_message("RssFile %ld KiB before, %ld KiB after\n", before, after);
    assert_true(after < before);
    assert_string_equal(written, "something else");
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf, "%s %d", constant, 7);
    assert_string_equal(buf_str(&buf), "what stands in the program's file 7");
    buf_fini(&buf);
    assert_true(trim_start_pages() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_files_leave_and_the_program_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
