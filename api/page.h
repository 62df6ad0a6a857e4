/* SPDX-License-Identifier: MIT */
/* page.h - the web page and its parts, embedded from api/web. Nothing here needs the database. */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "api/route.h"

struct page;

/* Fails (ERR_CONFIG) where page_image_hosts is no list of hosts: it becomes part of a header. */
MUST_CHECK int page_new(const struct config *config, struct page **out, struct err *err);
/* After cache_free(), which may hold its headers. */
void page_free(struct page **page);

void page_index(struct call *call);
void page_file(struct call *call); /* /web/{file} */
void page_icon(struct call *call);

#endif
