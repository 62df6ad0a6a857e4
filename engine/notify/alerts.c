/* SPDX-License-Identifier: MIT */
/* alerts.c - see alerts.h.
 *
 * One statement at a time: next_step() looks what is to be done first (marks of what was told, conditions that
 * differ from their reports, reports to be told of) and begins it; its answer calls next_step() again. An error
 * ends the round until the next look. Telling goes on beside it.
 */
#include "notify/alerts.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/str.h"
#include "notify/tell.h"

#define HOUR_MS INT64_C(3600000)
#define BEGIN_ANEW_MS INT64_C(900000) /* after a message that nobody took */
#define LOST_MS \
    (24 * HOUR_MS) /* an engine that kept its reports up no longer than this is no more */

enum {
    LOOK_MAX_MS = 15000,
    LOOK_MIN_MS = 50,
    LOOKS_IN_GRACE = 4,
    CLAIM_LIMIT = 200,
    NAME_BYTES = 90
};

/* What the database has, as far as we know. */
enum stored { STORED_UNKNOWN, STORED_OPEN, STORED_CLOSED };

struct condition {
    struct list link;
    char *site, *kind, *text, *detail;
    bool on;
    int64_t since_ms, over_ms;
    int64_t told_ms;    /* from memory, and not yet marked in the database; 0: not */
    int64_t kept_up_ms; /* when its report was last opened again */
    enum stored stored;
};

struct alerts {
    struct loop *loop;
    const struct config *config;
    struct store *store;
    char *name, *self;
    struct clock_zone *zone;
    struct teller *teller;
    struct loop_timer *look;
    struct list conditions;

    bool asking;    /* a statement is under way */
    bool claim_due; /* in this round */
    struct condition
        *asked; /* the condition that it is about; conditions are never freed before the end */
    int64_t asked_ms, lost_looked_ms;

    struct condition *database; /* of this engine */

    /* under way or told and not yet marked: ids of reports, or conditions of memory (n_told 0) */
    int64_t *told_open, *told_over;
    int n_told_open, n_told_over;
    bool marks_wait;
    int64_t quiet_until_ms; /* monotonic: no message before */
    bool tells_memory;
    uint64_t messages, failures;
};

static void next_step(struct alerts *alerts);

static bool is_own(const struct condition *c)
{
    return c->site[0] == ALERT_ENGINE_MARK;
}

/* ---- conditions ------------------------------------------------------------------------------ */

static struct condition *find(struct alerts *alerts, const char *site, const char *kind)
{
    struct list *at, *next;
    struct condition *c;

    LIST_FOREACH (at, next, &alerts->conditions) {
        c = container_of(at, struct condition, link);
        if (str_eq(c->site, site) && str_eq(c->kind, kind))
            return c;
    }
    c = mem_new(struct condition);
    c->site = mem_strdup(site);
    c->kind = mem_strdup(kind);
    c->text = mem_strdup("");
    list_init(&c->link);
    list_append(&alerts->conditions, &c->link);
    return c;
}

static void turn_on(struct condition *c, const char *text, const char *detail)
{
    mem_free(c->text);
    mem_free(c->detail);
    c->text = mem_strdup(text);
    c->detail = mem_strdup(detail);
    c->on = true;
    c->since_ms = clock_wall_ms();
    log_warn("alert", "opened", "site=%s kind=%s text=%s", c->site, c->kind, log_quote(text));
}

static void turn_off(struct condition *c)
{
    c->on = false;
    c->over_ms = clock_wall_ms();
    log_info("alert", "over", "site=%s kind=%s", c->site, c->kind);
}

void alerts_set(struct alerts *alerts, const char *site, const char *kind, const char *text,
                const char *detail)
{
    struct condition *c = find(alerts, site, kind);

    if (!c->on)
        turn_on(c, text, detail);
    if (!is_own(c))
        c->stored = STORED_UNKNOWN; /* another engine may have closed it */
}

void alerts_clear(struct alerts *alerts, const char *site, const char *kind)
{
    struct condition *c = find(alerts, site, kind);

    if (c->on)
        turn_off(c);
    if (!is_own(c))
        c->stored = STORED_UNKNOWN;
}

/* ---- the database itself --------------------------------------------------------------------- */

static void database_failed(struct alerts *alerts, const struct err *err)
{
    if (!alerts->database->on)
        turn_on(alerts->database, err->text, NULL);
}

/* True: it answered, be it that it refused what it was given: that is not asked again. */
static bool answered(struct alerts *alerts, const struct err *err)
{
    alerts->asking = false;
    if (err && err->code != ERR_STORE) {
        database_failed(alerts, err);
        return false;
    }
    if (err)
        log_error("alert", "the database refused a report", "text=%s", log_quote(err->text));
    if (alerts->database->on)
        turn_off(alerts->database);
    return true;
}

bool alerts_database_is_away(const struct alerts *alerts)
{
    return alerts->database->on;
}

/* ---- conditions to reports ------------------------------------------------------------------- */

/* Of what is told of just now, or was. */
static bool has_marks(const struct alerts *alerts)
{
    return alerts->n_told_open || alerts->n_told_over;
}

static bool wants_opening(const struct condition *c, int64_t now_ms)
{
    if (c->on)
        return c->stored != STORED_OPEN || (is_own(c) && now_ms - c->kept_up_ms >= HOUR_MS);
    return c->told_ms && c->stored != STORED_OPEN; /* it was told of: the database shall know */
}

static void on_opened(int64_t id, bool is_new, const struct err *err, void *ctx)
{
    struct alerts *alerts = ctx;
    struct condition *c = alerts->asked;

    (void)is_new;
    if (!answered(alerts, err))
        return;
    c->stored = STORED_OPEN;
    c->kept_up_ms = alerts->asked_ms;
    if (c->told_ms && !err) {
        check(!has_marks(alerts));
        alerts->told_open = mem_array(1, sizeof *alerts->told_open);
        alerts->told_open[alerts->n_told_open++] = id;
        alerts->marks_wait = true;
    }
    c->told_ms = 0;
    next_step(alerts);
}

static void on_closed(bool was_open, const struct err *err, void *ctx)
{
    struct alerts *alerts = ctx;

    (void)was_open;
    if (!answered(alerts, err))
        return;
    /* Set again meanwhile: next_step() opens it anew. */
    alerts->asked->stored = STORED_CLOSED;
    next_step(alerts);
}

static void open_report(struct alerts *alerts, struct condition *c, int64_t now_ms)
{
    bool is_first = c->stored != STORED_OPEN;

    alerts->asking = true;
    alerts->asked = c;
    alerts->asked_ms = now_ms;
    store_report_open(alerts->store, c->site, c->kind, c->text, c->detail,
                      is_first ? c->since_ms : now_ms, on_opened, alerts);
}

static void close_report(struct alerts *alerts, struct condition *c)
{
    alerts->asking = true;
    alerts->asked = c;
    store_report_close(alerts->store, c->site, c->kind, c->over_ms ? c->over_ms : clock_wall_ms(),
                       on_closed, alerts);
}

/* False: all conditions are as the database has them. */
static bool sync_one(struct alerts *alerts)
{
    int64_t now_ms = clock_wall_ms();
    struct list *at, *next;

    LIST_FOREACH (at, next, &alerts->conditions) {
        struct condition *c = container_of(at, struct condition, link);
        bool may_open = !c->told_ms || !has_marks(alerts);

        if (wants_opening(c, now_ms) && may_open) {
            open_report(alerts, c, now_ms);
            return true;
        }
        if (!c->on && !c->told_ms && c->stored != STORED_CLOSED) {
            close_report(alerts, c);
            return true;
        }
    }
    return false;
}

/* ---- marks ----------------------------------------------------------------------------------- */

static void forget_marks(struct alerts *alerts)
{
    mem_free(alerts->told_open);
    mem_free(alerts->told_over);
    alerts->told_open = alerts->told_over = NULL;
    alerts->n_told_open = alerts->n_told_over = 0;
    alerts->marks_wait = false;
}

static void on_marked_over(const struct err *err, void *ctx)
{
    struct alerts *alerts = ctx;

    if (!answered(alerts, err))
        return;
    forget_marks(alerts);
    next_step(alerts);
}

static void on_marked_open(const struct err *err, void *ctx)
{
    struct alerts *alerts = ctx;

    if (!answered(alerts, err))
        return;
    alerts->asking = true;
    store_told_mark(alerts->store, alerts->told_over, alerts->n_told_over, true, clock_wall_ms(),
                    on_marked_over, alerts);
}

static void mark(struct alerts *alerts)
{
    alerts->asking = true;
    store_told_mark(alerts->store, alerts->told_open, alerts->n_told_open, false, clock_wall_ms(),
                    on_marked_open, alerts);
}

/* ---- telling --------------------------------------------------------------------------------- */

static void count_message(struct alerts *alerts, int taken)
{
    if (taken) {
        alerts->messages++;
    } else {
        alerts->failures++;
        alerts->quiet_until_ms = clock_mono_ms() + BEGIN_ANEW_MS;
    }
}

static void tell(struct alerts *alerts, const struct store_news_report *reports, int n,
                 tell_fn *done)
{
    struct alert_message message;
    struct arena arena;

    alerts->quiet_until_ms = clock_mono_ms() + alerts->config->alert_after;
    arena_init(&arena);
    alert_message_make(reports, n, alerts->name, alerts->zone, clock_wall_ms(), &arena, &message);
    teller_tell(alerts->teller, &message, done, alerts);
    arena_fini(&arena);
}

/* Nobody took it: it is claimed and begun anew later. One way that took it is enough. */
static void on_told(int taken, const struct err *err, void *ctx)
{
    struct alerts *alerts = ctx;

    (void)err; /* tell.c has logged it */
    count_message(alerts, taken);
    if (taken)
        alerts->marks_wait = true;
    else
        forget_marks(alerts);
    if (!alerts->asking)
        next_step(alerts);
}

static void on_claimed(const struct store_news_report *reports, int n, const struct err *err,
                       void *ctx)
{
    struct alerts *alerts = ctx;

    if (!answered(alerts, err))
        return;
    if (n && teller_is_busy(alerts->teller))
        n = 0; /* memory is being told of since: they are claimed again afterwards */
    if (n) {
        alerts->told_open = mem_array((size_t)n, sizeof *alerts->told_open);
        alerts->told_over = mem_array((size_t)n, sizeof *alerts->told_over);
        for (int i = 0; i < n; i++)
            if (reports[i].news == REPORT_OVER)
                alerts->told_over[alerts->n_told_over++] = reports[i].report.id;
            else
                alerts->told_open[alerts->n_told_open++] = reports[i].report.id;
        tell(alerts, reports, n, on_told);
    }
    next_step(alerts);
}

static void claim(struct alerts *alerts)
{
    struct store_told_claim wanted = {.teller = alerts->name,
                                      .now_ms = clock_wall_ms(),
                                      .after_ms = alerts->config->alert_after,
                                      .again_ms = alerts->config->alert_again,
                                      .claim_ms = teller_longest_ms(alerts->teller),
                                      .limit = CLAIM_LIMIT};

    alerts->asking = true;
    alerts->claim_due = false;
    store_told_claim(alerts->store, &wanted, on_claimed, alerts);
}

/* A flood becomes few messages. */
static bool may_tell(const struct alerts *alerts)
{
    if (!teller_ways(alerts->teller) || teller_is_busy(alerts->teller))
        return false;
    return clock_mono_ms() >= alerts->quiet_until_ms;
}

static bool may_claim(const struct alerts *alerts)
{
    return alerts->claim_due && may_tell(alerts) && !has_marks(alerts);
}

/* ---- telling from memory --------------------------------------------------------------------- */

/* Only while the database is away: then nobody else may tell what this engine knows. */
static bool is_to_be_told(const struct alerts *alerts, const struct condition *c, int64_t now_ms)
{
    if (!c->on || now_ms - c->since_ms < alerts->config->alert_after)
        return false;
    /* What the database has as open was told of, or will be when it is back. */
    if (!c->told_ms)
        return c->stored != STORED_OPEN;
    return alerts->config->alert_again && now_ms - c->told_ms >= alerts->config->alert_again;
}

static struct store_news_report news_of(const struct condition *c)
{
    return (struct store_news_report){
        .report = {.site = c->site,
                   .kind = c->kind,
                   .text = c->text,
                   .detail = c->detail,
                   .opened_at_ms = c->since_ms,
                   .last_at_ms = c->since_ms,
                   .closed_at_ms = CLOCK_NONE,
                   .times = 1},
        .news = c->told_ms ? REPORT_AGAIN : REPORT_OPENED,
    };
}

static void on_memory_told(int taken, const struct err *err, void *ctx)
{
    struct alerts *alerts = ctx;

    (void)err; /* tell.c has logged it */
    count_message(alerts, taken);
    alerts->tells_memory = false;
    if (!taken) {
        struct list *at, *next;

        LIST_FOREACH (at, next, &alerts->conditions)
            container_of(at, struct condition, link)->told_ms = 0;
    }
    if (!alerts->asking)
        next_step(alerts);
}

static void tell_memory(struct alerts *alerts)
{
    struct store_news_report reports[CLAIM_LIMIT];
    int64_t now_ms = clock_wall_ms();
    struct list *at, *next;
    int n = 0;

    if (!alerts->database->on ||
        now_ms - alerts->database->since_ms < alerts->config->alert_after || !may_tell(alerts))
        return;
    LIST_FOREACH (at, next, &alerts->conditions) {
        struct condition *c = container_of(at, struct condition, link);

        if (n == CLAIM_LIMIT || !is_to_be_told(alerts, c, now_ms))
            continue;
        reports[n++] = news_of(c);
        c->told_ms = now_ms;
    }
    if (!n)
        return;
    alerts->tells_memory = true;
    tell(alerts, reports, n, on_memory_told);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void on_lost_closed(const struct err *err, void *ctx)
{
    struct alerts *alerts = ctx;

    if (answered(alerts, err))
        next_step(alerts);
}

static bool forget_lost(struct alerts *alerts)
{
    int64_t now_ms = clock_wall_ms();

    if (now_ms - alerts->lost_looked_ms < HOUR_MS)
        return false;
    alerts->lost_looked_ms = now_ms;
    alerts->asking = true;
    store_told_forget_lost(alerts->store, now_ms - LOST_MS, now_ms, on_lost_closed, alerts);
    return true;
}

static void next_step(struct alerts *alerts)
{
    if (alerts->asking)
        return;
    if (alerts->marks_wait) {
        mark(alerts);
        return;
    }
    /* What memory tells of just now is not yet known to be told. */
    if (!alerts->tells_memory && sync_one(alerts))
        return;
    if (forget_lost(alerts))
        return;
    if (may_claim(alerts))
        claim(alerts);
}

static int64_t look_ms(const struct alerts *alerts)
{
    int64_t ms = alerts->config->alert_after / LOOKS_IN_GRACE;

    return ms < LOOK_MIN_MS ? LOOK_MIN_MS : ms > LOOK_MAX_MS ? LOOK_MAX_MS : ms;
}

static void on_look(void *ctx)
{
    struct alerts *alerts = ctx;

    loop_timer_start(alerts->look, look_ms(alerts));
    alerts->claim_due = true;
    next_step(alerts);
    tell_memory(alerts);
}

void alerts_start(struct alerts *alerts)
{
    loop_timer_start(alerts->look, 0);
}

/* ---- building -------------------------------------------------------------------------------- */

int alerts_new(struct loop *loop, const struct config *config, struct store *store,
               const char *engine, struct alerts **out, struct err *err)
{
    struct alerts *alerts = *out = mem_new(struct alerts);

    alerts->loop = loop;
    alerts->config = config;
    alerts->store = store;
    alerts->name = mem_strdup(engine);
    alerts->self = mem_printf("%c%.*s", ALERT_ENGINE_MARK, NAME_BYTES, engine);
    list_init(&alerts->conditions);
    alerts->database = find(alerts, alerts->self, "database");
    alerts->look = loop_timer_new(loop, on_look, alerts);
    if (clock_zone_new(config->timezone, &alerts->zone, err) == 0 &&
        teller_new(loop, config, &alerts->teller, err) == 0)
        return 0;
    alerts_free(out);
    return -1;
}

static void free_condition(struct condition *c)
{
    list_remove(&c->link);
    mem_free(c->site);
    mem_free(c->kind);
    mem_free(c->text);
    mem_free(c->detail);
    mem_free(c);
}

void alerts_free(struct alerts **alerts_ptr)
{
    struct alerts *alerts = *alerts_ptr;
    struct list *at, *next;

    *alerts_ptr = NULL;
    if (!alerts)
        return;
    LIST_FOREACH (at, next, &alerts->conditions)
        free_condition(container_of(at, struct condition, link));
    teller_free(&alerts->teller);
    loop_timer_free(&alerts->look);
    clock_zone_free(&alerts->zone);
    forget_marks(alerts);
    mem_free(alerts->name);
    mem_free(alerts->self);
    mem_free(alerts);
}

const char *alerts_self(const struct alerts *alerts)
{
    return alerts->self;
}

void alerts_metrics(const struct alerts *alerts, struct buf *out)
{
    struct teller_figures figures;
    struct list *at, *next;
    int n_on = 0;

    LIST_FOREACH (at, next, &alerts->conditions)
        n_on += container_of(at, struct condition, link)->on;
    teller_figures(alerts->teller, &figures);
    metrics_one(out, "alert_conditions", "gauge",
                "Conditions that this engine sees and that are not over.", n_on);
    metrics_one(out, "alert_database_away", "gauge", "1 while the database does not answer.",
                alerts->database->on);
    metrics_head(out, "alert_messages_total", "counter", "Messages to the operator, by outcome.");
    metrics_value(out, "alert_messages_total", "outcome", "taken", (double)alerts->messages);
    metrics_value(out, "alert_messages_total", "outcome", "failed", (double)alerts->failures);
    metrics_one(out, "alert_tries_failed_total", "counter", "Tries of single ways that failed.",
                (double)figures.tries_failed);
}
