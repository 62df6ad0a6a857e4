/* SPDX-License-Identifier: MIT */
/* keywords.h - which users' keywords stand in a title, all of them in one walk over it.
 *
 * Titles and keywords are folded alike (db/fold.h: NFC, lower case, no white space), so that "아이폰15"
 * finds "[11번가] 아이폰 15 프로". The walk is an Aho-Corasick automaton over the folded bytes: its time
 * does not hang on how many keywords there are, but on the title's length and on what is found.
 */
#ifndef NOTIFY_KEYWORDS_H
#define NOTIFY_KEYWORDS_H

#include <stddef.h>
#include <stdint.h>

struct keywords;

/* Empty: finds nothing until keywords_build(). */
struct keywords *keywords_new(void);
void keywords_free(struct keywords **keywords);

/* Before keywords_build(). The same title may come from many users; what is nothing but white space
 * never matches. title: UTF-8, copied. */
void keywords_add(struct keywords *keywords, int64_t word_id, int64_t user_id, const char *title);
void keywords_build(struct keywords *keywords); /* once */

size_t keywords_count(const struct keywords *keywords);  /* added */
size_t keywords_states(const struct keywords *keywords); /* of the automaton */
size_t keywords_bytes(const struct keywords *keywords);  /* that it holds, when built */

struct keyword_hit {
    int64_t user_id, word_id;
};

/* A growing array; zeroed is empty. */
struct keyword_hits {
    struct keyword_hit *items;
    size_t n, room;
};
void keyword_hits_fini(struct keyword_hits *hits);

/* One hit per user, by user: where several of a user's keywords stand in the title, the one with the lowest
 * id. The array is emptied first. */
void keywords_match(struct keywords *keywords, const char *title, struct keyword_hits *hits);

#endif
