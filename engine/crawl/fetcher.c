/* SPDX-License-Identifier: MIT */
/* fetcher.c - clients by site, validators by address; see fetcher.h. */
#include "crawl/fetcher.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"

#include <string.h>

enum { VALIDATOR_MAX_BYTES = 512 }; /* longer ones are none */

struct known {
    struct list link; /* of fetcher->recent, the latest used last */
    char *url, *etag, *last_modified;
    struct fetcher_page page;
};

struct fetcher {
    struct loop *loop;
    char *user_agent;
    struct map clients; /* site -> struct fetch_client */
    struct map pages;   /* url -> struct known */
    struct list recent;
};

struct fetcher *fetcher_new(struct loop *loop, const char *user_agent)
{
    struct fetcher *fetcher = mem_new(struct fetcher);

    fetcher->loop = loop;
    fetcher->user_agent = mem_strdup(user_agent);
    map_init(&fetcher->clients);
    map_init(&fetcher->pages);
    list_init(&fetcher->recent);
    return fetcher;
}

const char *fetcher_user_agent(const struct fetcher *fetcher)
{
    return fetcher->user_agent;
}

struct fetch_client *fetcher_client(struct fetcher *fetcher, const struct site *site)
{
    struct fetch_client *client = map_get(&fetcher->clients, site->id);

    if (client)
        return client;
    client = fetch_client_new(fetcher->loop);
    map_put(&fetcher->clients, site->id, client);
    return client;
}

static void forget(struct fetcher *fetcher, struct known *known)
{
    map_del(&fetcher->pages, known->url);
    list_remove(&known->link);
    mem_free(known->url);
    mem_free(known->etag);
    mem_free(known->last_modified);
    mem_free(known);
}

void fetcher_free(struct fetcher **fetcher_ptr)
{
    struct fetcher *fetcher = *fetcher_ptr;
    struct map_entry *e;

    if (!fetcher)
        return;
    *fetcher_ptr = NULL;
    while (!list_is_empty(&fetcher->recent))
        forget(fetcher, container_of(list_first(&fetcher->recent), struct known, link));
    map_fini(&fetcher->pages);
    for (size_t at = 0; (e = map_next(&fetcher->clients, &at));) {
        struct fetch_client *client = e->value;

        fetch_client_free(&client);
    }
    map_fini(&fetcher->clients);
    mem_free(fetcher->user_agent);
    mem_free(fetcher);
}

/* ---- validators ------------------------------------------------------------------------------ */

const struct fetcher_page *fetcher_known(struct fetcher *fetcher, const char *url)
{
    struct known *known = map_get(&fetcher->pages, url);

    if (!known)
        return NULL;
    list_move(&fetcher->recent, &known->link);
    return &known->page;
}

void fetcher_forget(struct fetcher *fetcher, const char *url)
{
    struct known *known = map_get(&fetcher->pages, url);

    if (known)
        forget(fetcher, known);
}

static char *usable(const char *validator)
{
    return str_empty(validator) || strlen(validator) > VALIDATOR_MAX_BYTES ? NULL
                                                                           : mem_strdup(validator);
}

void fetcher_keep(struct fetcher *fetcher, const char *url, const struct fetcher_page *page)
{
    struct known *known = mem_new(struct known);

    known->url = mem_strdup(url);
    known->etag = usable(page->etag);
    known->last_modified = usable(page->last_modified);
    known->page = *page;
    known->page.etag = known->etag;
    known->page.last_modified = known->last_modified;
    list_init(&known->link);
    fetcher_forget(fetcher, url);
    map_put(&fetcher->pages, known->url, known);
    list_append(&fetcher->recent, &known->link);
    if ((!known->etag && !known->last_modified) || map_count(&fetcher->pages) > FETCHER_MAX_URLS)
        forget(fetcher, known->etag || known->last_modified
                            ? container_of(list_first(&fetcher->recent), struct known, link)
                            : known);
}
