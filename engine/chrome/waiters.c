/* SPDX-License-Identifier: MIT */
/* waiters.c - a ring of sites, each with its queue; see waiters.h. A queue lives while somebody waits in it. */
#include "chrome/waiters.h"
#include "base/str.h"

struct waiter_queue {
    struct list link; /* of waiters.turns */
    char *site;
    struct list waiting;
};

void waiters_init(struct waiters *waiters)
{
    list_init(&waiters->turns);
    waiters->n = 0;
}

static struct waiter_queue *find_queue(const struct waiters *waiters, const char *site)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &waiters->turns) {
        struct waiter_queue *queue = container_of(at, struct waiter_queue, link);

        if (str_eq(queue->site, site))
            return queue;
    }
    return NULL;
}

static struct waiter_queue *make_queue(struct waiters *waiters, const char *site)
{
    struct waiter_queue *queue = mem_new(struct waiter_queue);

    queue->site = mem_strdup(site);
    list_init(&queue->waiting);
    list_init(&queue->link);
    list_append(&waiters->turns, &queue->link);
    return queue;
}

void waiters_add(struct waiters *waiters, const char *site, struct waiter *waiter)
{
    check(!waiter->queue);
    waiter->queue = find_queue(waiters, site);
    if (!waiter->queue)
        waiter->queue = make_queue(waiters, site);
    list_init(&waiter->link);
    list_append(&waiter->queue->waiting, &waiter->link);
    waiters->n++;
}

struct waiter *waiters_first(const struct waiters *waiters)
{
    struct list *turn = list_first(&waiters->turns);

    if (!turn)
        return NULL;
    return container_of(list_first(&container_of(turn, struct waiter_queue, link)->waiting),
                        struct waiter, link);
}

void waiters_serve(struct waiters *waiters, struct waiter *waiter)
{
    check(waiter->queue);
    list_move(&waiters->turns, &waiter->queue->link);
    waiters_remove(waiters, waiter);
}

void waiters_remove(struct waiters *waiters, struct waiter *waiter)
{
    struct waiter_queue *queue = waiter->queue;

    if (!queue)
        return;
    waiter->queue = NULL;
    list_remove(&waiter->link);
    waiters->n--;
    if (!list_is_empty(&queue->waiting))
        return;
    list_remove(&queue->link);
    mem_free(queue->site);
    mem_free(queue);
}
