/* SPDX-License-Identifier: MIT */
/* cage_where.c - finds the directory of our own group: /proc/self/cgroup says its path in each
 * hierarchy, /proc/self/mountinfo where the hierarchy, or a part of it, is mounted (cgroups(7),
 * proc(5)).
 */
#include "base/str.h"
#include "chrome/cage_rung.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mount {
    char *root;  /* the part of the hierarchy that is mounted */
    char *point; /* where */
};

static void mount_fini(struct mount *mount)
{
    mem_free(mount->root);
    mem_free(mount->point);
    *mount = (struct mount){0};
}

static FILE *open_self(const struct cage_kernel *kernel, const char *name)
{
    char *path = mem_printf("%s/self/%s", kernel->proc_dir, name);
    FILE *file = fopen(path, "re");

    mem_free(path);
    return file;
}

static bool list_has(char *list, const char *wanted)
{
    for (char *word; (word = str_next(&list, ','));)
        if (str_eq(word, wanted))
            return true;
    return false;
}

/* The path of our group in the hierarchy: lines are ID:CONTROLLERS:PATH, and 0::PATH for version 2.
 */
static char *path_in_hierarchy(FILE *file, const char *controller)
{
    char *line = NULL, *found = NULL;
    size_t cap = 0;

    while (!found && getline(&line, &cap, file) > 0) {
        char *rest = line;
        const char *id = str_next(&rest, ':');
        char *controllers = rest ? str_next(&rest, ':') : NULL;

        if (!controllers || !rest)
            continue;
        if (controller ? list_has(controllers, controller) : str_eq(id, "0") && !*controllers)
            found = mem_strdup(str_trim(rest));
    }
    free(line); /* getline's own */
    return found;
}

/* Blanks and the like are written as \040. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s; s++)
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
            *to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
            s += 3;
        } else {
            *to++ = *s;
        }
    *to = '\0';
}

/* One line: ID PARENT DEV ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPER_OPTIONS */
static bool parse_mount(char *line, const char *controller, struct mount *out)
{
    char *after = strstr(line, " - ");
    char *root = NULL, *point = NULL, *super = NULL;
    const char *type;

    if (!after)
        return false;
    *after = '\0';
    for (int i = 0; i < 5 && line; i++)
        *(i == 3 ? &root : &point) = str_next(&line, ' ');
    after += 3;
    type = str_next(&after, ' ');
    if (after)
        str_next(&after, ' ');
    super = after ? str_trim(after) : NULL;
    if (!root || !point || !super || !str_eq(type, controller ? "cgroup" : "cgroup2"))
        return false;
    if (controller && !list_has(super, controller))
        return false;
    unescape(root);
    unescape(point);
    *out = (struct mount){.root = mem_strdup(root), .point = mem_strdup(point)};
    return true;
}

static bool find_mount(FILE *file, const char *controller, struct mount *out)
{
    char *line = NULL;
    size_t cap = 0;
    bool found = false;

    while (!found && getline(&line, &cap, file) > 0)
        found = parse_mount(line, controller, out);
    free(line); /* getline's own */
    return found;
}

/* `path` is below the part that is mounted: a container may see only its own group, as the root. */
static char *join(const struct mount *mount, const char *path)
{
    size_t len = strlen(mount->root);

    if (str_eq(mount->root, "/"))
        len = 0;
    if (strncmp(path, mount->root, len) != 0 || (path[len] && path[len] != '/'))
        return NULL;
    path += len;
    return mem_printf("%s%s", mount->point, str_eq(path, "/") ? "" : path);
}

char *cage_own_group(const struct cage_kernel *kernel, const char *controller,
                     char text[CAGE_TEXT_BYTES])
{
    FILE *groups = open_self(kernel, "cgroup");
    FILE *mounts = open_self(kernel, "mountinfo");
    char *path = groups ? path_in_hierarchy(groups, controller) : NULL;
    struct mount mount = {0};
    char *dir = NULL;

    if (!path)
        snprintf(text, CAGE_TEXT_BYTES,
                 controller ? "the kernel has no cgroup v1 hierarchy with %s" : "no cgroup v2%s",
                 controller ? controller : " in this kernel");
    else if (!mounts || !find_mount(mounts, controller, &mount))
        snprintf(text, CAGE_TEXT_BYTES, "cgroup %s%s is not mounted", controller ? "v1 " : "v2",
                 controller ? controller : "");
    else if (!(dir = join(&mount, path)))
        snprintf(text, CAGE_TEXT_BYTES,
                 "our own group %.100s lies outside of what is mounted at %.100s", path,
                 mount.point);
    mount_fini(&mount);
    mem_free(path);
    if (groups)
        fclose(groups);
    if (mounts)
        fclose(mounts);
    return dir;
}
