/* SPDX-License-Identifier: MIT */
/* doctor_facts.c - readers of the kernel's texts; see doctor_facts.h. The verdicts are in
 * doctor_judge.c. */
#include "debug/doctor_facts.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOUNT_LINE_BYTES = 4096 };

/* The next line of *text into `line`, cut at its size; false at the end. */
static bool next_line(const char **text, char *line, size_t size)
{
    size_t len = strcspn(*text, "\n");

    if (**text == '\0')
        return false;
    snprintf(line, size, "%.*s", (int)(len < size ? len : size - 1), *text);
    *text += len + ((*text)[len] == '\n');
    return true;
}

/* ---- mounts ---------------------------------------------------------------------------------- */

/* Blanks, tabs, newlines and backslashes stand as \040 and so on. */
static void copy_unescaped(char *out, size_t size, const char *word)
{
    size_t n = 0;

    while (*word && n + 1 < size) {
        if (word[0] == '\\' && word[1] >= '0' && word[1] <= '3' && word[2] >= '0' &&
            word[2] <= '7' && word[3] >= '0' && word[3] <= '7') {
            out[n++] = (char)((word[1] - '0') * 64 + (word[2] - '0') * 8 + (word[3] - '0'));
            word += 4;
        } else {
            out[n++] = *word++;
        }
    }
    out[n] = '\0';
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"; the line is cut
 * up. */
static bool parse_mount(char *line, struct doctor_mount *out)
{
    char *tail = strstr(line, " - ");
    char *words[5] = {NULL}, *more[3] = {NULL};
    char *save;

    if (!tail)
        return false;
    *tail = '\0';
    words[0] = strtok_r(line, " ", &save);
    for (size_t i = 1; i < ARRAY_LEN(words) && words[i - 1]; i++)
        words[i] = strtok_r(NULL, " ", &save);
    more[0] = strtok_r(tail + 3, " ", &save);
    for (size_t i = 1; i < ARRAY_LEN(more) && more[i - 1]; i++)
        more[i] = strtok_r(NULL, " ", &save);
    if (!words[4] || !more[1])
        return false;
    copy_unescaped(out->root, sizeof(out->root), words[3]);
    copy_unescaped(out->point, sizeof(out->point), words[4]);
    copy_unescaped(out->fstype, sizeof(out->fstype), more[0]);
    copy_unescaped(out->source, sizeof(out->source), more[1]);
    copy_unescaped(out->options, sizeof(out->options), more[2] ? more[2] : "");
    return true;
}

/* What of `path` lies below `prefix` ("" or "/..."), or NULL when it is not below it. */
static const char *below(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);

    check(path);
    if (str_eq(prefix, "/"))
        return path;
    if (strncmp(path, prefix, len) != 0 || (path[len] != '\0' && path[len] != '/'))
        return NULL;
    return path + len;
}

bool doctor_mount_of(const char *mountinfo, const char *path, struct doctor_mount *out)
{
    char line[MOUNT_LINE_BYTES];
    struct doctor_mount mount;
    size_t deepest = 0;
    bool found = false;

    while (next_line(&mountinfo, line, sizeof(line))) {
        if (!parse_mount(line, &mount) || !below(path, mount.point) ||
            strlen(mount.point) < deepest)
            continue;
        deepest = strlen(mount.point);
        *out = mount;
        found = true;
    }
    return found;
}

static bool has_word(const char *list, const char *word, const char *separators)
{
    size_t len = strlen(word);

    while (*list) {
        size_t n = strcspn(list, separators);

        if (n == len && strncmp(list, word, n) == 0)
            return true;
        list += n;
        list += strspn(list, separators);
    }
    return false;
}

bool doctor_mount_of_type(const char *mountinfo, const char *fstype, const char *option,
                          struct doctor_mount *out)
{
    char line[MOUNT_LINE_BYTES];

    while (next_line(&mountinfo, line, sizeof(line)))
        if (parse_mount(line, out) && str_eq(out->fstype, fstype) &&
            (!option || has_word(out->options, option, ",")))
            return true;
    return false;
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* "8:pids:/user.slice" is v1, "0::/user.slice" is v2. */
bool doctor_own_group(const char *cgroup, const char *controller, char *out, size_t size)
{
    char line[MOUNT_LINE_BYTES];

    while (next_line(&cgroup, line, sizeof(line))) {
        char *names = strchr(line, ':');
        char *path = names ? strchr(names + 1, ':') : NULL;

        if (!path)
            continue;
        *names++ = '\0';
        *path++ = '\0';
        if (controller ? !has_word(names, controller, ",") : *names != '\0')
            continue;
        return snprintf(out, size, "%s", path) < (int)size;
    }
    return false;
}

bool doctor_group_dir(const struct doctor_mount *mount, const char *group, char *out, size_t size)
{
    const char *rest = below(group, mount->root);

    if (!rest)
        return false;
    return snprintf(out, size, "%s%s", mount->point, str_eq(rest, "/") ? "" : rest) < (int)size;
}

bool doctor_is_card(const char *device)
{
    return strstr(device, "/mmcblk") != NULL || strstr(device, "/mmc_host/") != NULL;
}

/* ---- single numbers -------------------------------------------------------------------------- */

int64_t doctor_meminfo_bytes(const char *meminfo, const char *key)
{
    char line[256];
    size_t len = strlen(key);
    long long kib;

    while (next_line(&meminfo, line, sizeof(line)))
        if (str_starts(line, key) && line[len] == ':' && sscanf(line + len + 1, "%lld", &kib) == 1)
            return (int64_t)kib * 1024;
    return DOCTOR_UNKNOWN;
}

int64_t doctor_limit(const char *text)
{
    long long number;

    if (str_starts(text, "max"))
        return INT64_MAX;
    return sscanf(text, "%lld", &number) == 1 && number >= 0 ? (int64_t)number : DOCTOR_UNKNOWN;
}

int doctor_chrome_major(const char *user_agent)
{
    static const char name[] = "Chrome/"; /* HeadlessChrome as well */
    const char *at = strstr(user_agent, name);
    int major;

    return at && sscanf(at + strlen(name), "%6d.", &major) == 1 && major > 0 ? major
                                                                             : DOCTOR_UNKNOWN;
}

bool doctor_is_confined(const char *status)
{
    char line[256];
    int mode;

    while (next_line(&status, line, sizeof(line)))
        if (sscanf(line, "Seccomp: %d", &mode) == 1)
            return mode == 2;
    return false;
}

bool doctor_font_has_hangul(const char *file)
{
    static const char *const starts[] = {
        "NotoSansCJK", "NotoSerifCJK",      "NotoSansMonoCJK", "NotoSansKR",
        "NotoSerifKR", "SourceHanSans",     "SourceHanSerif",  "Nanum",
        "UnDotum",     "UnBatang",          "Pretendard",      "malgun",
        "baekmuk",     "batang.",           "dotum.",          "gulim.",
        "hline.",      "DroidSansFallback", "SpoqaHanSans",    "D2Coding",
    };

    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (strncasecmp(file, starts[i], strlen(starts[i])) == 0)
            return str_ends(file, ".ttf") || str_ends(file, ".ttc") || str_ends(file, ".otf") ||
                   str_ends(file, ".otc");
    return false;
}
