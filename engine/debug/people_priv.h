/* SPDX-License-Identifier: MIT */
/* people_priv.h - what user_cmd.c, keyword_cmd.c and notice_cmd.c share. */
#ifndef DEBUG_PEOPLE_PRIV_H
#define DEBUG_PEOPLE_PRIV_H

#include "db/store_operator.h"
#include "debug/ask.h"

/* One command's desk: the database, and what is written. */
struct desk {
    struct ask ask;
    struct buf out;
    struct clock_zone *zone; /* that times are shown in */
    bool json;
    int64_t id; /* of the last answer that is one */
};

/* A verb of a command; words are those behind it. -1: err. */
typedef int desk_fn(struct desk *desk, const char *const *words, size_t n, struct err *err);
struct desk_verb {
    const char *name;
    const char *usage; /* behind "user " ... */
    size_t least, most;
    desk_fn *fn;
};

/* Find the verb, run it, print; the exit code. */
int desk_run(const struct config *config, const char *command, const struct desk_verb *verbs,
             size_t n_verbs, const char *const *words, size_t n, bool json);

/* Wait for the call that was just made. -1: err. */
MUST_CHECK int desk_wait(struct desk *desk, struct err *err);
void desk_on_id(int64_t id, const struct err *err, void *desk); /* a store_id_fn: into desk->id */
/* Of a callback: note err and go on behind desk_wait(). */
void desk_answered(struct desk *desk, const struct err *err);

/* The user that the word names. ERR_USAGE: there is none. */
MUST_CHECK int desk_find_user(struct desk *desk, const char *word, struct store_account *out,
                              struct err *err);
/* 1 and up. */
MUST_CHECK int desk_id_of(const char *word, int64_t *out, struct err *err);
/* "key=value" split; -1: no '=', or a key that is none of them (NULL behind the last). */
MUST_CHECK int desk_pair(const char *word, const char *const *keys, int *which, const char **value,
                         struct err *err);
MUST_CHECK int desk_check_text(const char *what, const char *text, size_t most_bytes,
                               struct err *err);

void desk_add_time(struct desk *desk, int64_t at_ms); /* as people read it, or "-" */
void desk_json_text(struct buf *out, const char *name, const char *text);
void desk_json_time(struct buf *out, const char *name, int64_t at_ms);

#endif
