/* SPDX-License-Identifier: MIT */
/* drift_posts.h - the posts of a layout as they were read last, as text that outlives the program.
 */
#ifndef CRAWL_DRIFT_POSTS_H
#define CRAWL_DRIFT_POSTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "db/store.h"

/* So many are kept, the newest reading of each, those of the last page first. */
enum { DRIFT_POSTS = 200 };

struct drift_posts {
    struct arena arena;
    struct deal_row *rows; /* key, url, title, ... as far as drift_value() knows them */
    int n;
};

void drift_posts_init(struct drift_posts *posts);
void drift_posts_fini(struct drift_posts *posts);

/* What does not read as such text gives no posts. */
void drift_posts_read(struct drift_posts *posts, const char *text);
void drift_posts_write(const struct drift_posts *posts, struct buf *out);

/* These rows were read now: they come first and replace their former readings. */
void drift_posts_add(struct drift_posts *posts, const struct deal_row *rows, int n);

#endif
