/* SPDX-License-Identifier: MIT */
/* alarm.c - see alarm.h. A pass, in order:
 *
 *     read titles > (keywords changed: read them all, read titles again) > match > decide > read titles ...
 *     no event is left > read who waits > decide > next users ... > ended
 *
 * A decision that is refused was made by another engine: what is left is read again from the same place.
 * Not here: what is decided of a user (digest.c), what a decision is in the database (db/store_alarm.h).
 */
#include "notify/alarm.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/str.h"
#include "db/store_alarm.h"
#include "notify/digest.h"
#include "notify/keywords.h"

enum { NEVER = -1 };

struct alarm {
    struct loop *loop;
    const struct config *config;
    struct store *store;
    struct keywords *keywords;
    int64_t edits; /* that the keywords were read at; NEVER: not yet */
    struct keyword_hits hits;
    struct list passes; /* the first is under way */
    struct map zones;   /* by name; those that are none have the default's */
    struct clock_zone *zone;
    char *zone_name; /* of the default */
    struct alarm_counts total;
};

struct alarm_pass {
    struct list link;
    struct alarm *alarm;
    enum alarm_what what;
    struct loop_timer *begin;
    bool cancelled;
    struct keywords *loading; /* while keywords are read */
    int64_t loading_edits;
    int64_t told_user_id; /* those up to here have been looked at */
    int64_t next_user_id; /* when the decision under way is accepted */
    int n_users, n_waits; /* of the read that it stands on */
    int n_titles;         /* of the decision under way */
    struct alarm_counts counts;
    alarm_fn *done;
    void *ctx;
};

static void read_titles(struct alarm_pass *pass);
static void read_words(struct alarm_pass *pass, int64_t after_id);
static void read_waiting(struct alarm_pass *pass);

/* ---- zones and hours ------------------------------------------------------------------------- */

int alarm_check_config(const struct config *config, struct err *err)
{
    struct clock_zone *zone;
    struct hours hours;

    if (!str_eq(config->alarm_way, STORE_ALARM_DIGEST) &&
        !str_eq(config->alarm_way, STORE_ALARM_AT_ONCE))
        return err_set(err, ERR_CONFIG, "alarm_way: \"%s\": expected digest or at-once",
                       config->alarm_way);
    if (hours_parse(config->alarm_hours, &hours, err) < 0)
        return err_prefix(err, "alarm_hours");
    if (clock_zone_new(config->timezone, &zone, err) < 0)
        return err_prefix(err, "timezone");
    clock_zone_free(&zone);
    return 0;
}

static void forget_zones(struct alarm *alarm)
{
    struct map_entry *entry;

    for (size_t at = 0; (entry = map_next(&alarm->zones, &at));) {
        struct clock_zone *zone = entry->value;

        if (zone != alarm->zone)
            clock_zone_free(&zone);
    }
    map_fini(&alarm->zones);
    map_init(&alarm->zones);
    clock_zone_free(&alarm->zone);
    mem_free(alarm->zone_name);
    alarm->zone_name = NULL;
}

static void take_default_zone(struct alarm *alarm)
{
    struct err err;

    if (alarm->zone_name && str_eq(alarm->zone_name, alarm->config->timezone))
        return;
    forget_zones(alarm);
    alarm->zone_name = mem_strdup(alarm->config->timezone);
    check(clock_zone_new(alarm->zone_name, &alarm->zone, &err) == 0);
}

static const struct clock_zone *zone_of(struct alarm *alarm, const char *name)
{
    struct clock_zone *zone;
    struct err err;

    if (str_empty(name))
        return alarm->zone;
    zone = map_get(&alarm->zones, name);
    if (zone)
        return zone;
    if (clock_zone_new(name, &zone, &err) < 0) {
        log_warn("alarm", "a user's zone is none: the configuration's is taken", "text=%s",
                 log_quote(err.text));
        zone = alarm->zone;
    }
    map_put(&alarm->zones, name, zone);
    return zone;
}

static struct hours hours_of(const struct alarm *alarm, const char *text)
{
    struct hours hours;
    struct err err;

    if (!text || hours_parse(text, &hours, &err) < 0)
        check(hours_parse(alarm->config->alarm_hours, &hours, &err) == 0);
    return hours;
}

/* ---- construction ---------------------------------------------------------------------------- */

struct alarm *alarm_new(struct loop *loop, const struct config *config, struct store *store)
{
    struct alarm *alarm = mem_new(struct alarm);

    alarm->loop = loop;
    alarm->config = config;
    alarm->store = store;
    alarm->keywords = keywords_new();
    alarm->edits = NEVER;
    list_init(&alarm->passes);
    map_init(&alarm->zones);
    return alarm;
}

void alarm_free(struct alarm **alarm_ptr)
{
    struct alarm *alarm = *alarm_ptr;

    if (!alarm)
        return;
    *alarm_ptr = NULL;
    check(list_is_empty(&alarm->passes));
    keywords_free(&alarm->keywords);
    keyword_hits_fini(&alarm->hits);
    forget_zones(alarm);
    map_fini(&alarm->zones);
    mem_free(alarm);
}

void alarm_set_config(struct alarm *alarm, const struct config *config)
{
    alarm->config = config;
}

/* ---- a pass ---------------------------------------------------------------------------------- */

static void on_begin(void *ctx)
{
    struct alarm_pass *pass = ctx;

    take_default_zone(pass->alarm);
    read_titles(pass);
}

static void start_first(struct alarm *alarm)
{
    if (!list_is_empty(&alarm->passes))
        loop_timer_start(container_of(alarm->passes.next, struct alarm_pass, link)->begin, 0);
}

struct alarm_pass *alarm_pass(struct alarm *alarm, enum alarm_what what, alarm_fn *done, void *ctx)
{
    struct alarm_pass *pass = mem_new(struct alarm_pass);
    bool is_first = list_is_empty(&alarm->passes);

    pass->alarm = alarm;
    pass->what = what;
    pass->done = done;
    pass->ctx = ctx;
    pass->begin = loop_timer_new(alarm->loop, on_begin, pass);
    list_init(&pass->link);
    list_append(&alarm->passes, &pass->link);
    if (is_first)
        start_first(alarm);
    return pass;
}

void alarm_cancel(struct alarm_pass *pass)
{
    pass->cancelled = true;
}

static void add_to_total(struct alarm *alarm, const struct alarm_counts *counts)
{
    alarm->total.titles += counts->titles;
    alarm->total.found += counts->found;
    alarm->total.pushes += counts->pushes;
    alarm->total.refused += counts->refused;
    alarm->total.waits = counts->waits;
}

static void end(struct alarm_pass *pass, const struct err *err)
{
    struct alarm *alarm = pass->alarm;
    const struct alarm_counts *counts = &pass->counts;
    bool is_news = err || counts->found || counts->pushes || pass->what == ALARM_DIGEST;

    LOG_AT(err       ? LOG_WARN
           : is_news ? LOG_INFO
                     : LOG_DEBUG,
           "alarm", "pass",
           "what=%s titles=%lld found=%lld pushes=%lld waits=%lld refused=%lld%s%s",
           pass->what == ALARM_DIGEST ? "digest" : "arrived", (long long)counts->titles,
           (long long)counts->found, (long long)counts->pushes, (long long)counts->waits,
           (long long)counts->refused, err ? " text=" : "", err ? log_quote(err->text) : "");
    list_remove(&pass->link);
    keywords_free(&pass->loading);
    loop_timer_free(&pass->begin);
    add_to_total(alarm, counts);
    start_first(alarm);
    pass->done(counts, err, pass->ctx);
    mem_free(pass);
}

/* True: the pass has ended, for that reason or because it was cancelled. */
static bool ends(struct alarm_pass *pass, const struct err *err)
{
    struct err cancelled;

    if (!err && pass->cancelled) {
        err_set(&cancelled, ERR_CANCELLED, "cancelled");
        err = &cancelled;
    }
    if (err)
        end(pass, err);
    return err;
}

/* ---- keywords -------------------------------------------------------------------------------- */

static void on_words(const struct store_alarm_word *words, int n, int64_t edits,
                     const struct err *err, void *ctx)
{
    struct alarm_pass *pass = ctx;
    struct alarm *alarm = pass->alarm;

    if (ends(pass, err))
        return;
    if (pass->loading_edits == NEVER)
        pass->loading_edits = edits;
    for (int i = 0; i < n; i++)
        keywords_add(pass->loading, words[i].id, words[i].user_id, words[i].title);
    if (n == ALARM_WORDS) {
        read_words(pass, words[n - 1].id);
        return;
    }
    keywords_build(pass->loading);
    keywords_free(&alarm->keywords);
    alarm->keywords = pass->loading;
    alarm->edits = pass->loading_edits;
    pass->loading = NULL;
    log_debug("alarm", "keywords", "n=%zu states=%zu bytes=%zu", keywords_count(alarm->keywords),
              keywords_states(alarm->keywords), keywords_bytes(alarm->keywords));
    read_titles(pass);
}

static void read_words(struct alarm_pass *pass, int64_t after_id)
{
    store_alarm_words(pass->alarm->store, after_id, ALARM_WORDS, on_words, pass);
}

static void load_keywords(struct alarm_pass *pass)
{
    pass->loading = keywords_new();
    pass->loading_edits = NEVER;
    read_words(pass, 0);
}

/* ---- titles ---------------------------------------------------------------------------------- */

static void on_found(bool accepted, int64_t n, const struct err *err, void *ctx)
{
    struct alarm_pass *pass = ctx;

    pass->counts.titles += accepted ? pass->n_titles : 0;
    pass->counts.found += n;
    pass->counts.refused += !err && !accepted;
    if (!ends(pass, err))
        read_titles(pass);
}

struct hits {
    struct store_alarm_hit *items;
    size_t n, room;
};

static void add_hits(struct hits *hits, int64_t deal_id, const struct keyword_hits *found)
{
    if (hits->n + found->n > hits->room) {
        hits->room = 2 * (hits->n + found->n);
        hits->items = mem_realloc(hits->items, hits->room * sizeof(*hits->items));
    }
    for (size_t i = 0; i < found->n; i++)
        hits->items[hits->n++] = (struct store_alarm_hit){deal_id, found->items[i].word_id};
}

static void match(struct alarm_pass *pass, const struct store_alarm_titles *titles)
{
    struct alarm *alarm = pass->alarm;
    struct store_alarm_found found = {
        .step = titles->step, .event_id = titles->last_event_id, .now_ms = clock_wall_ms()};
    struct hits hits = {0};

    pass->n_titles = 0;
    for (int i = 0; i < titles->n; i++) {
        if (hits.n >= ALARM_HITS) {
            found.event_id = titles->titles[i - 1].event_id;
            break;
        }
        keywords_match(alarm->keywords, titles->titles[i].title, &alarm->hits);
        add_hits(&hits, titles->titles[i].deal_id, &alarm->hits);
        pass->n_titles++;
    }
    found.hits = hits.items;
    found.n = hits.n;
    store_alarm_found(alarm->store, &found, on_found, pass);
    mem_free(hits.items);
}

static void on_titles(const struct store_alarm_titles *titles, const struct err *err, void *ctx)
{
    struct alarm_pass *pass = ctx;

    if (ends(pass, err))
        return;
    if (titles->n_events && titles->edits != pass->alarm->edits)
        load_keywords(pass);
    else if (titles->n_events)
        match(pass, titles);
    else if (pass->what == ALARM_DIGEST || pass->counts.found)
        read_waiting(pass);
    else
        end(pass, NULL);
}

static void read_titles(struct alarm_pass *pass)
{
    int64_t max_age_ms = pass->alarm->config->alarm_max_age;
    int64_t since_ms = max_age_ms ? clock_wall_ms() - max_age_ms : 0;

    store_alarm_titles(pass->alarm->store, ALARM_EVENTS, since_ms, on_titles, pass);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void next_users(struct alarm_pass *pass)
{
    pass->counts.waits += pass->n_waits;
    pass->told_user_id = pass->next_user_id;
    if (pass->n_users == ALARM_USERS)
        read_waiting(pass);
    else
        end(pass, NULL);
}

static void on_told(bool accepted, int64_t n, const struct err *err, void *ctx)
{
    struct alarm_pass *pass = ctx;

    pass->counts.pushes += n;
    pass->counts.refused += !err && !accepted;
    if (ends(pass, err))
        return;
    if (accepted)
        next_users(pass);
    else
        read_waiting(pass);
}

/* What is said to these users; returns false when nothing is, and nothing is forgotten. */
static bool tell(struct alarm_pass *pass, const struct store_alarm_waiting *users, int n,
                 int64_t step)
{
    struct alarm *alarm = pass->alarm;
    struct store_alarm_told told = {.step = step, .now_ms = clock_wall_ms()};
    struct arena arena;
    struct store_alarm_push *pushes;
    int64_t *ids;
    size_t most = 0;

    arena_init(&arena);
    for (int i = 0; i < n; i++)
        most += (size_t)users[i].n_groups;
    pushes = arena_array(&arena, struct store_alarm_push, most + 1);
    ids = arena_array(&arena, int64_t, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        struct hours hours = hours_of(alarm, users[i].hours);
        struct digest digest;

        digest_make(&users[i], &hours, zone_of(alarm, users[i].zone), told.now_ms, &arena, &digest);
        pass->n_waits += digest.waits;
        if (!digest.waits)
            ids[told.n_users++] = users[i].user_id;
        for (int k = 0; k < digest.n; k++)
            pushes[told.n_pushes++] = digest.pushes[k];
    }
    told.user_ids = ids;
    told.pushes = pushes;
    if (told.n_users)
        store_alarm_told(alarm->store, &told, on_told, pass);
    arena_fini(&arena);
    return told.n_users;
}

static void on_waiting(const struct store_alarm_waiting *users, int n, int64_t step,
                       const struct err *err, void *ctx)
{
    struct alarm_pass *pass = ctx;

    if (ends(pass, err))
        return;
    pass->n_users = n;
    pass->n_waits = 0;
    pass->next_user_id = n ? users[n - 1].user_id : pass->told_user_id;
    if (!tell(pass, users, n, step))
        next_users(pass);
}

static void read_waiting(struct alarm_pass *pass)
{
    struct store_alarm_who who = {
        .after_user_id = pass->told_user_id,
        .limit = ALARM_USERS,
        .default_way = pass->alarm->config->alarm_way,
        .only_way = pass->what == ALARM_ARRIVED ? STORE_ALARM_AT_ONCE : NULL,
        .pushes_since_ms = clock_wall_ms() - DIGEST_AT_ONCE_MS,
    };

    store_alarm_waiting(pass->alarm->store, &who, on_waiting, pass);
}

/* ---- metrics --------------------------------------------------------------------------------- */

void alarm_metrics(const struct alarm *alarm, struct buf *out)
{
    metrics_one(out, "alarm_titles_total", "counter", "Titles matched against all keywords.",
                (double)alarm->total.titles);
    metrics_one(out, "alarm_found_total", "counter", "Deals put into users' push lists.",
                (double)alarm->total.found);
    metrics_one(out, "alarm_pushes_total", "counter", "Pushes queued for users.",
                (double)alarm->total.pushes);
    metrics_one(out, "alarm_refused_total", "counter",
                "Decisions that another engine was faster with.", (double)alarm->total.refused);
    metrics_one(out, "alarm_waits", "gauge",
                "Users for whom deals waited at the end of the last pass.",
                (double)alarm->total.waits);
    metrics_one(out, "alarm_keywords", "gauge", "Keywords in memory.",
                (double)keywords_count(alarm->keywords));
    metrics_one(out, "alarm_keyword_bytes", "gauge", "Memory that they take.",
                (double)keywords_bytes(alarm->keywords));
}
