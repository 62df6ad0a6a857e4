/* SPDX-License-Identifier: MIT */
/* list.c - what of list.h is not worth inlining. */
#include "base/list.h"

size_t list_count(const struct list *head)
{
    size_t count = 0;

    for (const struct list *at = head->next; at != head; at = at->next)
        count++;
    return count;
}
