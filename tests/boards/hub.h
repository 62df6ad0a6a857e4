/* SPDX-License-Identifier: MIT */
/* hub.h - the state behind the server: the world, and per board its troubles and its counters.
 *
 * One lock guards all of it; it is never held while a client is being waited for.
 */
#ifndef BOARDS_HUB_H
#define BOARDS_HUB_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "boards/board.h"
#include "boards/validators.h"

#define HUB_BOARDS_MAX 64

/* What a board suffers from until reset; all zero: nothing. */
struct trouble {
    int status;      /* answer this instead of the page */
    int retry_after; /* seconds; 0: no such header */
    bool retry_date; /* that header as a date */
    char wall[16];   /* a page that stands before all others (walls.h); empty: none */
    int wall_left;   /* for so many pages; 0: until reset */
    int cut_bytes;   /* the connection breaks behind so much of the body; 0: never */
    int delay_ms;    /* before any answer */
    bool hang;       /* no answer until reset */
};

/* What a board was asked for. Lists are pages of board_list; requests are all but images,
 * robots.txt and the server's own /_ paths. */
struct counters {
    long requests, list_requests, robots_requests;
    int active, active_lists;         /* right now */
    int max_active, max_active_lists; /* at any one time */
    int64_t last_list_ms;             /* monotonic; 0: none yet */
    int64_t min_list_gap_ms; /* between the starts of two list requests; -1: fewer than two */
    long not_modified, wrapper_requests; /* answers of 304; visits to link wrappers (s.BOARD) */
    char user_agent[200];                /* of the last request */
};

struct hub {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* troubles or stopping */
    bool stopping;
    int port;
    struct world world;
    struct trouble trouble[HUB_BOARDS_MAX]; /* by index of boards_at */
    struct counters counters[HUB_BOARDS_MAX];
    struct validators validators;
};

void hub_init(struct hub *, uint64_t seed);
void hub_fini(struct hub *);

/* Wake whoever is delayed or hung, so that the server can stop. */
void hub_stop(struct hub *);

/* The index of a board in the arrays above. */
size_t hub_index(const struct board *);

void hub_reset_counters(struct hub *);

/* A request starts and ends; list as in struct counters. Lock held. */
void hub_begin(struct hub *, size_t index, bool list, const char *user_agent);
void hub_end(struct hub *, size_t index, bool list);

/* Wait out delay and hang of a board and the page's own delay. False: the server is stopping.
 * Lock held on entry and return, released meanwhile. */
bool hub_wait(struct hub *, size_t index, int own_delay_ms);

/* POST /_control. Returns the status; message is JSON. Lock held.
 * Known keys: README.md, "Control". */
int hub_control(struct hub *, const char *query, struct out *message);

/* GET /_stats and GET /_boards. Lock held. */
void hub_write_stats(struct hub *, struct out *json);
void hub_write_boards(struct hub *, struct out *json);

#endif
