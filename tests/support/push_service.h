/* SPDX-License-Identifier: MIT */
/* push_service.h - a push service on a thread of its own, for tests: speaks OneSignal's POST /api/v1/notifications,
 * honours idempotency_key, and fails as it is told to. Whatever comes is kept.
 */
#ifndef SUPPORT_PUSH_SERVICE_H
#define SUPPORT_PUSH_SERVICE_H

#include <pthread.h>
#include <stdbool.h>

enum push_service_trouble {
    SERVICE_FINE,
    SERVICE_STATUS, /* answers with .status, and Retry-After where .retry_after is set; takes nothing */
    SERVICE_HANGS,  /* says nothing until push_service_set() or the end, and takes it then */
    SERVICE_CLOSES, /* takes the message and breaks off in the middle of the answer */
};

struct push_request {
    char key[64];   /* idempotency_key, or webhook-id */
    char auth[200]; /* Authorization, or webhook-signature */
    char stamp[40]; /* webhook-timestamp */
    char *body;
    int n_players;
    bool was_taken; /* and not a repetition */
};

enum { PUSH_REQUESTS_MAX = 1000 };

struct push_service {
    struct MHD_Daemon *server;
    int port;
    char url[80];
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t released;
    enum push_service_trouble trouble;
    int status, retry_after; /* of SERVICE_STATUS; 0: no Retry-After */
    int left;                /* so many requests have the trouble; -1: all */
    bool ends;
    char unknown[64]; /* a player id that it says to be invalid; "": none */
    int n, n_taken, n_waiting;
    struct push_request requests[PUSH_REQUESTS_MAX];
};

struct push_service *push_service_start(void);
void push_service_stop(struct push_service **service);

/* For the next `times` requests; -1: for all. */
void push_service_set(struct push_service *service, enum push_service_trouble trouble, int status,
                      int retry_after, int times);
int push_service_requests(struct push_service *service); /* that came */
int push_service_taken(struct push_service *service);    /* with a key that was not taken before */
int push_service_waiting(struct push_service *service);  /* that hang */

#endif
