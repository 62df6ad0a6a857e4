/* SPDX-License-Identifier: MIT */
/* resolve.c - see resolve.h.
 *
 * The thread owns its struct errand and one end of a socket pair; all that it shares with us is the
 * answer that it writes there. Who is not interested any more closes the other end.
 */
#include "base/resolve.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    KEEP_MS = 30000,
    KEEP_MAX = 256,   /* then all are forgotten */
    MAX_THREADS = 32, /* of the process; a look-up beyond finds nothing */
    STACK_BYTES = 256 * 1024,
};

struct kept {
    struct resolve_answer answer;
    int64_t until_ms;
};

struct resolver {
    struct loop *loop;
    struct list queries;
    struct map kept; /* name -> struct kept */
};

struct resolve_query {
    struct list link;
    struct resolver *resolver;
    char *name;
    int fd; /* -1: no thread runs for it */
    struct loop_io *io;
    struct loop_timer *timer;
    struct resolve_answer answer;
    resolve_fn *done;
    void *ctx;
};

struct errand {
    char *name;
    int fd;
};

/* Threads outlive the resolver that wanted them. */
static atomic_int threads;

/* ---- the thread -------------------------------------------------------------------------------- */

static void judge(const struct addrinfo *all, struct resolve_answer *out)
{
    struct netaddr address;

    for (const struct addrinfo *at = all; at && !out->private_kind; at = at->ai_next) {
        if (!netaddr_from_sockaddr(at->ai_addr, &address))
            continue;
        out->private_kind = netaddr_private_kind(&address);
        if (!out->found || out->private_kind)
            netaddr_text(&address, out->address);
        out->found = true;
    }
}

static void *run_errand(void *arg)
{
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct errand *errand = arg;
    struct resolve_answer answer = {.found = false};
    struct addrinfo *all = NULL;

    if (getaddrinfo(errand->name, NULL, &hints, &all) == 0) {
        judge(all, &answer);
        freeaddrinfo(all);
    }
    /* Fails when nobody waits any more. */
    (void)!send(errand->fd, &answer, sizeof(answer), MSG_NOSIGNAL);
    close(errand->fd);
    mem_free(errand->name);
    mem_free(errand);
    atomic_fetch_sub(&threads, 1);
    return NULL;
}

static bool start_thread(struct errand *errand)
{
    pthread_attr_t attr;
    sigset_t all, before;
    pthread_t thread;
    int rc;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread, &attr, run_errand, errand);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc == 0;
}

/* Our end of the socket pair, or -1. */
static int send_errand(const char *name)
{
    struct errand *errand;
    int fds[2];

    if (atomic_fetch_add(&threads, 1) < MAX_THREADS &&
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0) {
        errand = mem_new(struct errand);
        *errand = (struct errand){.name = mem_strdup(name), .fd = fds[1]};
        if (start_thread(errand))
            return fds[0];
        mem_free(errand->name);
        mem_free(errand);
        close(fds[0]);
        close(fds[1]);
    }
    atomic_fetch_sub(&threads, 1);
    log_warn("resolve", "no thread for a look-up", "name=%s threads=%d", log_quote(name),
             atomic_load(&threads));
    return -1;
}

/* ---- queries ----------------------------------------------------------------------------------- */

static void query_free(struct resolve_query *query)
{
    list_remove(&query->link);
    loop_io_free(&query->io);
    loop_timer_free(&query->timer);
    if (query->fd >= 0)
        close(query->fd);
    mem_free(query->name);
    mem_free(query);
}

static void query_answer(struct resolve_query *query)
{
    struct resolve_answer answer = query->answer;
    resolve_fn *done = query->done;
    void *ctx = query->ctx;

    query_free(query);
    done(&answer, ctx);
}

static void forget_all(struct resolver *resolver)
{
    struct map_entry *e;

    for (size_t at = 0; (e = map_next(&resolver->kept, &at));)
        mem_free(e->value);
    map_fini(&resolver->kept);
    map_init(&resolver->kept);
}

static void keep(struct resolver *resolver, const char *name, const struct resolve_answer *answer)
{
    struct kept *kept = mem_new(struct kept);

    if (map_count(&resolver->kept) >= KEEP_MAX)
        forget_all(resolver);
    *kept = (struct kept){.answer = *answer, .until_ms = clock_mono_ms() + KEEP_MS};
    mem_free(map_put(&resolver->kept, name, kept));
}

static void on_readable(void *ctx, unsigned events)
{
    struct resolve_query *query = ctx;
    struct resolve_answer answer;

    (void)events;
    if (recv(query->fd, &answer, sizeof(answer), MSG_DONTWAIT) == (ssize_t)sizeof(answer)) {
        query->answer = answer;
        keep(query->resolver, query->name, &answer);
    }
    query_answer(query);
}

/* The answer is known already, or none came in time. */
static void on_timer(void *ctx)
{
    query_answer(ctx);
}

struct resolve_query *resolve_start(struct resolver *resolver, const char *name, int64_t timeout_ms,
                                    resolve_fn *done, void *ctx)
{
    struct resolve_query *query = mem_new(struct resolve_query);
    const struct kept *kept = map_get(&resolver->kept, name);

    query->resolver = resolver;
    query->name = mem_strdup(name);
    query->fd = -1;
    query->done = done;
    query->ctx = ctx;
    query->timer = loop_timer_new(resolver->loop, on_timer, query);
    list_init(&query->link);
    list_append(&resolver->queries, &query->link);
    if (kept && clock_mono_ms() < kept->until_ms)
        query->answer = kept->answer;
    else
        query->fd = send_errand(name);
    if (query->fd >= 0) {
        query->io = loop_io_new(resolver->loop, query->fd, on_readable, query);
        loop_io_want(query->io, LOOP_READ);
    }
    loop_timer_start(query->timer, query->fd >= 0 ? timeout_ms : 0);
    return query;
}

void resolve_cancel(struct resolve_query *query)
{
    query_free(query);
}

struct resolver *resolver_new(struct loop *loop)
{
    struct resolver *resolver = mem_new(struct resolver);

    resolver->loop = loop;
    list_init(&resolver->queries);
    map_init(&resolver->kept);
    return resolver;
}

void resolver_free(struct resolver **resolver_ptr)
{
    struct resolver *resolver = *resolver_ptr;
    struct list *at, *next;

    *resolver_ptr = NULL;
    if (!resolver)
        return;
    LIST_FOREACH (at, next, &resolver->queries)
        query_free(container_of(at, struct resolve_query, link));
    forget_all(resolver);
    map_fini(&resolver->kept);
    mem_free(resolver);
}
