/* SPDX-License-Identifier: MIT */
/* cage_rung.h - what the rungs of cage.c have in common. Only for cage*.c.
 *
 * Both versions of cgroups are directories with files, so that making, entering, emptying and
 * removing groups is written once (cage_group.c); a version only says where its hierarchies are,
 * and writes and reads its own files. v2 has one hierarchy, v1 one for each controller.
 */
#ifndef CHROME_CAGE_RUNG_H
#define CHROME_CAGE_RUNG_H

#include "base/buf.h"
#include "base/proc_tree.h"
#include "chrome/cage.h"

enum { CAGE_MAX_ROOTS = CAGE_MAX_FDS, CAGE_TEXT_BYTES = 384 };

/* The groups of one hierarchy that a yard works in. */
struct cage_root {
    char *parent; /* the engine's own group */
    char *dir;    /* parent/catchdeal-cages-XXXXXX */
    int lock_fd;  /* of dir; -1 */
};

struct cage_yard {
    const struct cage_ops *ops;
    struct cage_kernel kernel; /* every member set */
    struct cage_survey survey;
    struct cage_root
        roots[CAGE_MAX_ROOTS]; /* v1: memory, cpuacct, pids; v2: the one; none on sampled-pss */
    int n_roots;
    int cpu_root, pids_root; /* whose groups count that; -1: none */
    bool has_pids;           /* the controller */
    int next_id;
    int live; /* cages */
    int swept;
};

/* What is read again and again stays open: opening costs ten times as much as reading (seen). */
enum cage_file {
    FILE_CURRENT,
    FILE_PEAK,
    FILE_STAT,
    FILE_EVENTS,
    FILE_PRESSURE,
    FILE_PIDS,
    FILE_PIDS_EVENTS,
    FILE_CPU,
    CAGE_FILES
};

struct cage {
    struct cage_yard *yard;
    struct cage_caps caps;
    char *name;
    char *dirs[CAGE_MAX_ROOTS]; /* NULL: removed */
    int procs_fds[CAGE_MAX_ROOTS];
    int file_fds[CAGE_FILES]; /* -1: not read so far */
    int64_t peak_bytes;       /* the highest that was seen, for kernels that don't keep it */
    /* sampled-pss */
    struct proc_tree tree;
    bool has_tree;
    int64_t oom_kills;
};

struct cage_ops {
    enum cage_rung rung;
    /* Can it be had? The text says what it gives, or why not. Changes nothing. Fills yard->roots
     * (parents) and has_pids when it can. */
    bool (*look)(struct cage_yard *yard, char text[CAGE_TEXT_BYTES]);
    /* Make the parents fit to hold groups with caps. */
    int (*prepare)(struct cage_yard *yard, struct err *err);
    /* The same for the yard's own group, once it is made; may be NULL. */
    int (*equip)(const struct cage_yard *yard, const char *dir, struct err *err);
    int (*write_caps)(struct cage *cage, struct err *err);
    int (*sample)(struct cage *cage, struct cage_sample *out, struct err *err);
    int64_t (*cpu_us)(struct cage *cage); /* NULL: unknown */
    pid_t (*enforce)(struct cage *cage);  /* NULL: the kernel does it */
    void (*kill)(struct cage *cage);
};

extern const struct cage_ops cage_v2, cage_v1, cage_pss;

/* ---- files of groups ------------------------------------------------------------------------- */

/* Up to `size` - 1 bytes of dir/file, NUL added; false: can't be read. */
bool cage_read(const char *dir, const char *file, char *text, size_t size);
bool cage_has(const char *dir, const char *file); /* there and writable */
MUST_CHECK int cage_write(const char *dir, const char *file, const char *text, struct err *err);
MUST_CHECK int cage_write_number(const char *dir, const char *file, int64_t number,
                                 struct err *err);

/* The number of the line "key N" in a text; CAGE_UNKNOWN when there is none. */
int64_t cage_number_of(const char *text, const char *key);
int64_t cage_sum(int64_t a, int64_t b); /* of which either may be unknown */

/* Is `word` one of those in text, which are separated by blanks? */
bool cage_has_word(const char *text, const char *word);

/* The text of a file of the cage's group in a root (-1: false), or its number ("max" is INT64_MAX), by a descriptor that
 * stays open until the group is removed: `name` counts at the first look that found it. */
bool cage_look(struct cage *cage, enum cage_file file, int root, const char *name, char *text,
               size_t size);
int64_t cage_look_number(struct cage *cage, enum cage_file file, int root, const char *name);

/* ---- where groups are ------------------------------------------------------------------------ */

/* The directory of the group that we are in: `controller` NULL asks for v2, else for the v1
 * hierarchy of that controller. NULL, and why in text. The caller frees. */
char *cage_own_group(const struct cage_kernel *kernel, const char *controller,
                     char text[CAGE_TEXT_BYTES]);

/* ---- groups, for both versions --------------------------------------------------------------- */

int cage_group_open_yard(struct cage_yard *yard,
                         struct err *err); /* sweep, then make and lock roots[].dir */
void cage_group_close_yard(struct cage_yard *yard);

int cage_group_make(struct cage *cage, struct err *err);   /* dirs, procs_fds */
int cage_group_remove(struct cage *cage, struct err *err); /* may be called again */
void cage_close_files(struct cage *cage);

/* SIGKILL what is in the group until nothing new turns up. Forks are stopped first where pids.max
 * is there. */
void cage_group_kill(const struct cage_kernel *kernel, const char *dir);

#endif
