/* SPDX-License-Identifier: MIT */
/* quarantine.c - crashes by address, the latest first; see quarantine.h. */
#include "crawl/quarantine.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"

struct suspect {
    struct list link; /* of quarantine.suspects, the latest first */
    char *url;
    int crashes;           /* in a row */
    int64_t crashed_at_ms; /* monotonic, the last one */
    int64_t held_until_ms; /* monotonic, 0: not yet */
    struct err why;
};

struct quarantine {
    int64_t hold_ms;
    struct map by_url;
    struct list suspects;
};

struct quarantine *quarantine_new(int64_t hold_ms)
{
    struct quarantine *quarantine = mem_new(struct quarantine);

    quarantine->hold_ms = hold_ms;
    map_init(&quarantine->by_url);
    list_init(&quarantine->suspects);
    return quarantine;
}

static void forget(struct quarantine *quarantine, struct suspect *suspect)
{
    map_del(&quarantine->by_url, suspect->url);
    list_remove(&suspect->link);
    mem_free(suspect->url);
    mem_free(suspect);
}

void quarantine_free(struct quarantine **quarantine)
{
    struct list *first;

    if (!*quarantine)
        return;
    while ((first = list_first(&(*quarantine)->suspects)))
        forget(*quarantine, container_of(first, struct suspect, link));
    map_fini(&(*quarantine)->by_url);
    mem_free(*quarantine);
    *quarantine = NULL;
}

static bool is_crash(enum err_code code)
{
    return code == ERR_OOM || code == ERR_JS_HEAP || code == ERR_MEMORY_THRASH ||
           code == ERR_CRASHED;
}

static struct suspect *find_or_add(struct quarantine *quarantine, const char *url)
{
    struct suspect *suspect = map_get(&quarantine->by_url, url);

    if (suspect) {
        list_remove(&suspect->link);
        list_prepend(&quarantine->suspects, &suspect->link);
        return suspect;
    }
    if (map_count(&quarantine->by_url) == QUARANTINE_MAX_URLS)
        forget(quarantine, container_of(quarantine->suspects.prev, struct suspect, link));
    suspect = mem_new(struct suspect);
    suspect->url = mem_strdup(url);
    list_init(&suspect->link);
    list_prepend(&quarantine->suspects, &suspect->link);
    map_put(&quarantine->by_url, url, suspect);
    return suspect;
}

void quarantine_note(struct quarantine *quarantine, const char *url, const struct err *why)
{
    int64_t now_ms = clock_mono_ms();
    struct suspect *suspect;

    if (!quarantine || !quarantine->hold_ms || !is_crash(why->code))
        return;
    suspect = find_or_add(quarantine, url);
    /* Two crashes in different weeks are no series; a crash right after the hold continues one. */
    if (suspect->crashes && now_ms - suspect->crashed_at_ms > 2 * quarantine->hold_ms)
        suspect->crashes = 0;
    suspect->crashes++;
    suspect->crashed_at_ms = now_ms;
    suspect->why = *why;
    if (suspect->crashes < QUARANTINE_CRASHES)
        return;
    suspect->held_until_ms = now_ms + quarantine->hold_ms;
    log_warn("quarantine", "address is held", "url=%s crashes=%d hold_s=%lld reason=%s",
             log_quote(url), suspect->crashes, (long long)quarantine->hold_ms / 1000,
             err_reason(why->code));
}

void quarantine_clear(struct quarantine *quarantine, const char *url)
{
    struct suspect *suspect = quarantine ? map_get(&quarantine->by_url, url) : NULL;

    if (suspect)
        forget(quarantine, suspect);
}

bool quarantine_holds(const struct quarantine *quarantine, const char *url, struct err *err)
{
    const struct suspect *suspect = quarantine ? map_get(&quarantine->by_url, url) : NULL;
    int64_t left_ms = suspect ? suspect->held_until_ms - clock_mono_ms() : 0;

    if (!suspect || !suspect->held_until_ms || left_ms <= 0)
        return false;
    *err = suspect->why;
    err_prefix(err, "quarantined for %lld more minutes after %d crashes, the last",
               (long long)(left_ms + 59999) / 60000, suspect->crashes);
    return true;
}
