/* SPDX-License-Identifier: MIT */
/* resolve.c - see resolve.h.
 *
 * The thread owns its struct errand and one end of a socket pair; all that it shares with us is the
 * answer that it writes there, and that it closes its end. A thread whose query has gone stays its
 * resolver's struct lookup until then: what an asker gives up still counts against it.
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
    KEEP_MAX = 256,    /* then all are forgotten */
    MAX_THREADS = 32,  /* of the process */
    MAX_PER_ASKER = 4, /* of these; what is asked beyond waits */
    AGAIN_MS = 100,    /* threads whose resolver has gone end without a word */
    STACK_BYTES = 256 * 1024,
};

struct kept {
    struct resolve_answer answer;
    int64_t until_ms;
};

struct resolver {
    struct loop *loop;
    struct list link;     /* of hungry, while it has waiting queries; else by itself */
    struct list waiting;  /* queries without a thread */
    struct list answered; /* those that know their answer */
    struct list lookups;
    size_t n_lookups;
    struct loop_timer *again;
    struct map kept; /* name -> struct kept */
};

struct resolve_query {
    struct list link; /* of waiting or answered; else by itself */
    struct resolver *resolver;
    struct lookup *lookup; /* NULL: no thread runs for it */
    char *name;
    struct loop_timer *timer;
    struct resolve_answer answer;
    resolve_fn *done;
    void *ctx;
};

/* A thread that runs. */
struct lookup {
    struct list link;
    struct resolver *resolver;
    struct resolve_query *query; /* NULL: nobody waits any more */
    char *name;
    int fd;
    struct loop_io *io;
};

struct errand {
    char *name;
    int fd;
};

/* Threads outlive the resolver that wanted them. */
static atomic_int threads;

/* Resolvers with waiting queries, served in turn. All of a process live on one loop. */
static struct list hungry = {&hungry, &hungry};

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
    /* First, so that whoever reads the answer finds the place free for the next. */
    atomic_fetch_sub(&threads, 1);
    /* Fails when nobody waits any more. */
    (void)!send(errand->fd, &answer, sizeof(answer), MSG_NOSIGNAL);
    close(errand->fd);
    mem_free(errand->name);
    mem_free(errand);
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

    atomic_fetch_add(&threads, 1);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0) {
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

/* ---- look-ups ---------------------------------------------------------------------------------- */

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

static void query_free(struct resolve_query *query)
{
    if (query->lookup)
        query->lookup->query = NULL;
    list_remove(&query->link);
    loop_timer_free(&query->timer);
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

static void lookup_free(struct lookup *lookup)
{
    if (lookup->query)
        lookup->query->lookup = NULL;
    lookup->resolver->n_lookups--;
    list_remove(&lookup->link);
    loop_io_free(&lookup->io);
    close(lookup->fd);
    mem_free(lookup->name);
    mem_free(lookup);
}

static void serve_all(void);

/* The thread has answered, or has gone without. */
static void on_readable(void *ctx, unsigned events)
{
    struct lookup *lookup = ctx;
    struct resolve_query *query = lookup->query;
    struct resolve_answer answer;

    (void)events;
    if (recv(lookup->fd, &answer, sizeof(answer), MSG_DONTWAIT) == (ssize_t)sizeof(answer)) {
        keep(lookup->resolver, lookup->name, &answer);
        if (query)
            query->answer = answer;
    }
    lookup_free(lookup);
    serve_all();
    if (query)
        query_answer(query);
}

/* -1: no thread could be had. */
static int lookup_start(struct resolve_query *query)
{
    struct lookup *lookup;
    int fd = send_errand(query->name);

    if (fd < 0)
        return -1;
    lookup = mem_new(struct lookup);
    *lookup = (struct lookup){.resolver = query->resolver, .query = query, .fd = fd};
    lookup->name = mem_strdup(query->name);
    list_init(&lookup->link);
    list_append(&query->resolver->lookups, &lookup->link);
    query->resolver->n_lookups++;
    query->lookup = lookup;
    lookup->io = loop_io_new(query->resolver->loop, fd, on_readable, lookup);
    loop_io_want(lookup->io, LOOP_READ);
    return 0;
}

/* ---- whose turn it is -------------------------------------------------------------------------- */

static void answer_soon(struct resolve_query *query)
{
    list_append(&query->resolver->answered, &query->link);
    loop_timer_start(query->timer, 0);
}

static bool take_kept(struct resolve_query *query)
{
    const struct kept *kept = map_get(&query->resolver->kept, query->name);

    if (!kept || clock_mono_ms() >= kept->until_ms)
        return false;
    query->answer = kept->answer;
    return true;
}

/* What it asked before may be known by now. */
static void serve_first(struct resolver *resolver)
{
    struct resolve_query *query =
        container_of(list_first(&resolver->waiting), struct resolve_query, link);

    list_remove(&query->link);
    if (take_kept(query) || lookup_start(query) < 0)
        answer_soon(query);
}

static bool may_start(const struct resolver *resolver)
{
    return resolver->n_lookups < MAX_PER_ASKER && atomic_load(&threads) < MAX_THREADS;
}

/* One query of the first that may have one, who is the last to be asked next; false: none is left. */
static bool serve_one(void)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, &hungry) {
        struct resolver *resolver = container_of(at, struct resolver, link);

        if (list_is_empty(&resolver->waiting) || !may_start(resolver))
            continue;
        list_remove(&resolver->link);
        list_append(&hungry, &resolver->link);
        serve_first(resolver);
        return true;
    }
    return false;
}

static void serve_all(void)
{
    struct list *at, *next;

    while (serve_one())
        ;
    LIST_FOREACH (at, next, &hungry) {
        struct resolver *resolver = container_of(at, struct resolver, link);

        if (list_is_empty(&resolver->waiting))
            list_remove(&resolver->link);
        else if (resolver->n_lookups == 0)
            loop_timer_start(resolver->again, AGAIN_MS);
    }
}

static void on_again(void *ctx)
{
    (void)ctx;
    serve_all();
}

/* ---- queries ----------------------------------------------------------------------------------- */

/* The answer is known already, or none came in time. */
static void on_timer(void *ctx)
{
    query_answer(ctx);
}

struct resolve_query *resolve_start(struct resolver *resolver, const char *name, int64_t timeout_ms,
                                    resolve_fn *done, void *ctx)
{
    struct resolve_query *query = mem_new(struct resolve_query);

    query->resolver = resolver;
    query->name = mem_strdup(name);
    query->done = done;
    query->ctx = ctx;
    query->timer = loop_timer_new(resolver->loop, on_timer, query);
    list_init(&query->link);
    if (take_kept(query)) {
        answer_soon(query);
        return query;
    }
    loop_timer_start(query->timer, timeout_ms);
    list_append(&resolver->waiting, &query->link);
    if (list_is_empty(&resolver->link))
        list_append(&hungry, &resolver->link);
    serve_all();
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
    list_init(&resolver->link);
    list_init(&resolver->waiting);
    list_init(&resolver->answered);
    list_init(&resolver->lookups);
    resolver->again = loop_timer_new(loop, on_again, NULL);
    map_init(&resolver->kept);
    return resolver;
}

static void free_queries(struct list *queries)
{
    struct list *at, *next;

    LIST_FOREACH (at, next, queries)
        query_free(container_of(at, struct resolve_query, link));
}

void resolver_free(struct resolver **resolver_ptr)
{
    struct resolver *resolver = *resolver_ptr;
    struct list *at, *next;

    *resolver_ptr = NULL;
    if (!resolver)
        return;
    list_remove(&resolver->link);
    free_queries(&resolver->waiting);
    free_queries(&resolver->answered);
    LIST_FOREACH (at, next, &resolver->lookups) {
        struct lookup *lookup = container_of(at, struct lookup, link);

        if (lookup->query)
            query_free(lookup->query);
        lookup_free(lookup);
    }
    loop_timer_free(&resolver->again);
    forget_all(resolver);
    map_fini(&resolver->kept);
    mem_free(resolver);
}
