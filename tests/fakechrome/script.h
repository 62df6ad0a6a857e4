/* SPDX-License-Identifier: MIT */
/* script.h - what a fake Chrome is told to do, as read from a text. README.md is the language's manual.
 */
#ifndef FAKECHROME_SCRIPT_H
#define FAKECHROME_SCRIPT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum act_kind {
    ACT_EXPECT,
    ACT_REPLY,
    ACT_REPLY_ERROR,
    ACT_EVENT,
    ACT_MESSAGE,
    ACT_GARBAGE,
    ACT_HALF,
    ACT_BIG,
    ACT_FRAGMENTS,
    ACT_PING_FLOOD,
    ACT_DELAY,
    ACT_IGNORE,
    ACT_SILENCE,
    ACT_CLOSE,
    ACT_EXIT,
    ACT_STDERR,
    ACT_STDERR_FLOOD,
    ACT_ENDPOINT,
    ACT_ACCEPT,
    ACT_REFUSE,
    ACT_LOOP,
};

struct act_param {
    char *path; /* "url", "arguments.0" is not meant: members only */
    char *value;
};

/* One line. What a member means depends on the kind; those that are not used are NULL or 0. */
struct act {
    enum act_kind kind;
    int line;
    char *method;   /* expect, event */
    char *text;     /* reply, event, message, garbage, half, stderr, endpoint */
    size_t len;     /* of text, which may hold any byte */
    char *session;  /* event: NULL the command's, "browser" none, else this */
    int64_t number; /* big, fragments, ping-flood, delay, exit, stderr flood, refuse */
    struct act_param *params;
    size_t n_params;
};

struct acts {
    struct act *each;
    size_t n;
};

enum section_kind { SECTION_START, SECTION_HANDSHAKE, SECTION_CONNECTION };

struct section {
    enum section_kind kind;
    int launch; /* the N of `launch N`; 0: every one */
    int number; /* of the connection; 0: every one */
    struct acts acts;
};

struct standing {
    char *method; /* "*": whatever has no answer of its own */
    struct acts acts;
};

struct fakescript {
    struct section *sections;
    size_t n_sections;
    struct standing *standing;
    size_t n_standing;
};

/* ERR_CONFIG: "script:LINE: ...". */
MUST_CHECK int fakescript_parse(const char *text, struct fakescript **out, struct err *err);
void fakescript_free(struct fakescript **script);

/* The section for the N-th connection of this launch: the one that names most of it; NULL: none. */
const struct acts *fakescript_section(const struct fakescript *script, enum section_kind kind,
                                      int launch, int number);

/* The standing answer to the method: the script's own, then the built-in ones; never NULL. */
const struct acts *fakescript_standing(const struct fakescript *script,
                                       const struct fakescript *built_in, const char *method);

/* The built-in standing answers, in the same language. */
extern const char fakescript_built_in[];

#endif
