/* SPDX-License-Identifier: MIT */
/* list.h - an intrusive doubly linked ring: an object is on as many lists as it has links.
 *
 * A link is either initialised (list_init: it is on no list) or on one list. A head is a link, too.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/mem.h"

#include <stdbool.h>

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_insert_between(struct list *link, struct list *prev, struct list *next)
{
    link->prev = prev;
    link->next = next;
    prev->next = link;
    next->prev = link;
}

/* Last in the list of `head`; the link must be on no list. */
static inline void list_append(struct list *head, struct list *link)
{
    check(list_is_empty(link));
    list_insert_between(link, head->prev, head);
}

static inline void list_prepend(struct list *head, struct list *link)
{
    check(list_is_empty(link));
    list_insert_between(link, head, head->next);
}

/* Take the link off its list; a no-op when it is on none. */
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

static inline void list_move(struct list *head, struct list *link)
{
    list_remove(link);
    list_append(head, link);
}

static inline struct list *list_first(const struct list *head)
{
    return list_is_empty(head) ? NULL : head->next;
}

size_t list_count(const struct list *head);

/* Walk with removal of the current entry allowed:
 *     struct list *at, *next;
 *     LIST_FOREACH (at, next, &pool->idle) { struct tab *tab = container_of(at, struct tab, link);
 *     ... }
 */
#define LIST_FOREACH(at, following, head)                               \
    for ((at) = (head)->next, (following) = (at)->next; (at) != (head); \
         (at) = (following), (following) = (at)->next)

#endif
