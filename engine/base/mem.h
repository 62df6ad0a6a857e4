/* SPDX-License-Identifier: MIT */
/* mem.h - allocation that never returns NULL, and assertions that are always compiled in.
 *
 * Out of memory is not handled by callers: the process aborts with the size asked for and the
 * supervisor restarts it (STYLE.md, Errors). What is allocated here is released with mem_free().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The structure that holds `member` at `ptr`. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* A condition that only a bug of ours can break: prints it with file and line, then aborts. */
#define check(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__, __func__))

__attribute__((noreturn)) void check_failed(const char *cond, const char *file, int line,
                                            const char *func);

void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *ptr, size_t size);
void *mem_array(size_t count, size_t size); /* zeroed; aborts on overflow of count * size */
char *mem_strdup(const char *s);            /* NULL gives NULL */
char *mem_strndup(const char *s, size_t n); /* at most n bytes, NUL added */
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
void mem_free(void *ptr);

/* From now on, blocks of 256 KiB and more are the system's again as soon as they are freed (glibc; else nothing
 * changes): for a program that has few of them, seldom. */
void mem_return_large(void);

/* A zeroed object of the type. */
#define mem_new(type) ((type *)mem_zalloc(sizeof(type)))

#endif
