/* SPDX-License-Identifier: MIT */
/* bookmarks.h - a user's bookmarks. */
#ifndef API_BOOKMARKS_H
#define API_BOOKMARKS_H

#include "api/route.h"

/* The body of all but the list: {"product":{"id":"clien_..."}}. */
void bookmarks_list(struct call *call);
void bookmarks_add(struct call *call);
void bookmarks_remove(struct call *call);
void bookmarks_toggle(struct call *call);

/* The answer's end where the list was cut: what it has at most, and that there is more. */
void bookmarks_add_limit(struct buf *body, bool has_more);

#endif
