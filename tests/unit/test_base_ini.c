/* SPDX-License-Identifier: MIT */
/* test_base_ini.c - every line is read as written, every broken one is named. */
#include "base/ini.h"
#include "base/buf.h"
#include "base/str.h"
#include "support/unit.h"

#include <stdlib.h>
#include <unistd.h>

struct read {
    struct ini ini;
    struct buf errors; /* each with '\n' */
    struct err err;
    int rc;
};

static void on_error(const char *message, void *ctx)
{
    struct read *r = ctx;

    buf_addf(&r->errors, "%s\n", message);
}

static void read_text(struct read *r, const char *text)
{
    buf_init(&r->errors, BUF_MAX_DEFAULT);
    err_clear(&r->err);
    r->rc = ini_read_text(&r->ini, "x.conf", text, on_error, r, &r->err);
}

static void read_end(struct read *r)
{
    ini_fini(&r->ini);
    buf_fini(&r->errors);
}

static void assert_entry(const struct read *r, size_t i, const char *section, const char *key,
                         const char *value, int line)
{
    const struct ini_entry *e = &r->ini.entries[i];

    assert_true(i < r->ini.n);
    assert_string_equal(e->section, section);
    assert_true(str_eq(e->key, key));
    assert_true(str_eq(e->value, value));
    assert_int_equal(e->line, line);
}

static void reads_sections_keys_and_lines_in_order(void **state)
{
    struct read r;

    (void)state;
    read_text(&r, "top = 1\n\n# comment\n ; comment\n[a]\nk=v\n[b c]\n  k  =  v w  \n[a]\nk = 2");

    assert_int_equal(r.rc, 0);
    assert_int_equal(r.ini.n, 7);
    assert_entry(&r, 0, "", "top", "1", 1);
    assert_entry(&r, 1, "a", NULL, NULL, 5);
    assert_entry(&r, 2, "a", "k", "v", 6);
    assert_entry(&r, 3, "b c", NULL, NULL, 7);
    assert_entry(&r, 4, "b c", "k", "v w", 8);
    assert_entry(&r, 5, "a", NULL, NULL, 9);
    assert_entry(&r, 6, "a", "k", "2", 10);
    read_end(&r);
}

static void values_keep_everything_after_the_first_equals_sign(void **state)
{
    struct read r;

    (void)state;
    read_text(&r, "a = x = y # no comment ; neither\nb =\nc = [css=\"1\"]\n한글 = 값\n");

    assert_int_equal(r.rc, 0);
    assert_entry(&r, 0, "", "a", "x = y # no comment ; neither", 1);
    assert_entry(&r, 1, "", "b", "", 2);
    assert_entry(&r, 2, "", "c", "[css=\"1\"]", 3);
    assert_entry(&r, 3, "", "한글", "값", 4);
    read_end(&r);
}

static void quotes_keep_blanks_at_the_ends(void **state)
{
    struct read r;

    (void)state;
    read_text(&r, "a = \"  x \"\nb = \"\"\nc = \"say \"hi\"\"\n");

    assert_entry(&r, 0, "", "a", "  x ", 1);
    assert_entry(&r, 1, "", "b", "", 2);
    assert_entry(&r, 2, "", "c", "say \"hi\"", 3);
    read_end(&r);
}

static void long_values_are_whole(void **state)
{
    char *text = mem_zalloc(100001 + 5);
    struct read r;

    (void)state;
    memcpy(text, "a = ", 4);
    memset(text + 4, 'x', 100000);
    read_text(&r, text);

    assert_int_equal(strlen(r.ini.entries[0].value), 100000);
    read_end(&r);
    mem_free(text);
}

static void bom_and_carriage_returns_are_skipped(void **state)
{
    struct read r;

    (void)state;
    read_text(&r, "\xef\xbb\xbf[s]\r\na = b\r\n");

    assert_int_equal(r.rc, 0);
    assert_entry(&r, 1, "s", "a", "b", 2);
    read_end(&r);
}

static void every_broken_line_is_reported_in_order(void **state)
{
    struct read r;

    (void)state;
    read_text(&r, "no sign\n= v\n[open\n[s] x\n[]\na = \"x\nb = \xff\nfine = 1\n");

    assert_int_equal(r.rc, -1);
    assert_string_equal(buf_str(&r.errors),
                        "x.conf:1: \"no sign\": expected key = value\n"
                        "x.conf:2: expected a key before \"=\"\n"
                        "x.conf:3: \"[open\": expected [section] and nothing after it\n"
                        "x.conf:4: \"[s] x\": expected [section] and nothing after it\n"
                        "x.conf:5: []: expected a section's name\n"
                        "x.conf:6: a: expected a double quote at the end, as there is one at the "
                        "start\n"
                        "x.conf:7: expected UTF-8 text\n");
    assert_int_equal(r.err.code, ERR_CONFIG);
    assert_string_equal(r.err.text, "x.conf:1: \"no sign\": expected key = value");
    read_end(&r);
}

static void empty_text_has_no_entries(void **state)
{
    struct read r;

    (void)state;
    read_text(&r, "");
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.ini.n, 0);
    read_end(&r);
}

static void missing_file_and_directory_are_named(void **state)
{
    struct ini ini;
    struct err err;

    (void)state;
    assert_int_equal(ini_read_file(&ini, "/nonexistent.conf", NULL, NULL, &err), -1);
    assert_string_equal(err.text, "/nonexistent.conf: No such file or directory");
    ini_fini(&ini);
    assert_int_equal(ini_read_file(&ini, "/tmp", NULL, NULL, &err), -1);
    assert_string_equal(err.text, "/tmp: Is a directory");
    ini_fini(&ini);
}

static void write_file(char *path, const void *bytes, size_t len)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static void file_is_read_up_to_its_limit(void **state)
{
    char path[] = "/tmp/cd-ini-XXXXXX";
    char *bytes = mem_alloc((1 << 20) + 1);
    struct ini ini;
    struct err err;

    (void)state;
    memset(bytes, '\n', (1 << 20) + 1);
    memcpy(bytes, "k = v", 5);
    write_file(path, bytes, 1 << 20);
    assert_int_equal(ini_read_file(&ini, path, NULL, NULL, &err), 0);
    assert_int_equal(ini.n, 1);
    ini_fini(&ini);
    unlink(path);

    memcpy(path + 12, "XXXXXX", 6);
    write_file(path, bytes, (1 << 20) + 1);
    assert_int_equal(ini_read_file(&ini, path, NULL, NULL, &err), -1);
    assert_true(str_ends(err.text, ": larger than 1048576 bytes"));
    ini_fini(&ini);
    unlink(path);
    mem_free(bytes);
}

static void file_with_a_nul_byte_is_refused(void **state)
{
    char path[] = "/tmp/cd-ini-XXXXXX";
    struct ini ini;
    struct err err;

    (void)state;
    write_file(path, "a = b\0c\n", 8);
    assert_int_equal(ini_read_file(&ini, path, NULL, NULL, &err), -1);
    assert_true(str_ends(err.text, ": expected a text file, found a NUL byte"));
    ini_fini(&ini);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_sections_keys_and_lines_in_order),
        cmocka_unit_test(values_keep_everything_after_the_first_equals_sign),
        cmocka_unit_test(quotes_keep_blanks_at_the_ends),
        cmocka_unit_test(long_values_are_whole),
        cmocka_unit_test(bom_and_carriage_returns_are_skipped),
        cmocka_unit_test(every_broken_line_is_reported_in_order),
        cmocka_unit_test(empty_text_has_no_entries),
        cmocka_unit_test(missing_file_and_directory_are_named),
        cmocka_unit_test(file_is_read_up_to_its_limit),
        cmocka_unit_test(file_with_a_nul_byte_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
