/* SPDX-License-Identifier: MIT */
/* alert_message.c - see alert_message.h. */
#include "notify/alert_message.h"
#include "base/buf.h"
#include "base/str.h"

#include <openssl/evp.h>
#include <string.h>

enum { WHOLE_REPORTS = 20, SUBJECT_NAMES = 3, DETAIL_BYTES = 1500, ID_BYTES = 12 };

/* ---- names ----------------------------------------------------------------------------------- */

/* What to do about each kind; the site's name follows where `names_site` says so. */
static const struct {
    const char *kind, *advice;
    bool names_site;
} advices[] = {
    {"drift", "what changed, and which selectors would fit: catchdeal-engine diff", true},
    {"silence", "is the board itself quiet? look at it, and at: catchdeal-engine status", true},
    {"blocked", "the board refuses us: leave it alone for a while, or crawl it less often", false},
    {"failing", "see how it fails: catchdeal-engine crawl", true},
    {"failing-refresh", "see how it fails: catchdeal-engine crawl --kind refresh", true},
    {"failing-alive", "see how it fails: catchdeal-engine crawl --kind alive", true},
    {"hosts", "they are left alone and tried again by themselves", false},
    {"chrome", "what Chrome lacks: catchdeal-engine doctor", false},
    {"disk", "make room, or move the directory; what is in the way: catchdeal-engine doctor",
     false},
    {"database", "what is read meanwhile is kept in the spool; is the server up?", false},
    {"spool", "is the database up, and fast enough? When the spool is full, pages are lost", false},
    {"spool-bad", "the log says why, when each was set aside; look into them, then delete them",
     false},
    {"memory", "what takes it: catchdeal-engine doctor; fewer browsers, or a smaller worker_memory",
     false},
    {"budget", "which board costs what: catchdeal-engine cost --by job", false},
    {"selfcheck", "what this machine lacks: catchdeal-engine doctor", false},
};

static void add_site(struct buf *out, const char *site)
{
    if (site[0] == ALERT_ENGINE_MARK)
        buf_addf(out, "engine %s", site + 1);
    else
        buf_adds(out, site);
}

static bool has_site(const struct store_report *report)
{
    return !str_eq(report->site, "-");
}

static void add_name(struct buf *out, const struct store_report *report)
{
    buf_adds(out, report->kind);
    if (!has_site(report))
        return;
    buf_addc(out, ' ');
    add_site(out, report->site);
}

static void add_advice(struct buf *out, const struct store_report *report)
{
    for (size_t i = 0; i < ARRAY_LEN(advices); i++)
        if (str_eq(advices[i].kind, report->kind))
            buf_addf(out, "    %s%s%s\n", advices[i].advice, advices[i].names_site ? " " : "",
                     advices[i].names_site ? report->site : "");
}

/* ---- for people ------------------------------------------------------------------------------ */

/* "2 opened, 1 over" */
static void add_counts(struct buf *out, const struct store_news_report *reports, int n)
{
    bool is_first = true;

    for (int news = REPORT_OPENED; news <= REPORT_OVER; news++) {
        int count = 0;

        for (int i = 0; i < n; i++)
            count += reports[i].news == (enum report_news)news;
        if (!count)
            continue;
        buf_addf(out, "%s%d %s", is_first ? "" : ", ", count,
                 news == REPORT_AGAIN ? "still open" : report_news_name((enum report_news)news));
        is_first = false;
    }
}

static void add_subject(struct buf *out, const struct store_news_report *reports, int n,
                        const char *engine)
{
    buf_addf(out, "[CatchDeal %s] ", engine);
    add_counts(out, reports, n);
    buf_adds(out, ": ");
    for (int i = 0; i < n && i < SUBJECT_NAMES; i++) {
        buf_adds(out, i ? ", " : "");
        add_name(out, &reports[i].report);
    }
    if (n > SUBJECT_NAMES)
        buf_adds(out, " ...");
}

static void add_time(struct buf *out, const char *word, const struct clock_zone *zone,
                     int64_t at_ms)
{
    char text[CLOCK_RFC3339_BYTES];

    clock_format_local(zone, at_ms, text);
    buf_addf(out, "%s %s", word, text);
}

static void add_headline(struct buf *out, const struct store_news_report *news)
{
    static const char *const words[] = {
        [REPORT_OPENED] = "OPENED", [REPORT_AGAIN] = "STILL OPEN", [REPORT_OVER] = "OVER"};

    buf_addf(out, "%s  ", words[news->news]);
    add_name(out, &news->report);
    buf_addc(out, '\n');
}

/* Text of more than one line stays indented. */
static void add_indented(struct buf *out, const char *text)
{
    size_t left = str_cut_utf8(text, DETAIL_BYTES);

    while (left) {
        const char *end = memchr(text, '\n', left);
        size_t n = end ? (size_t)(end - text) : left;

        buf_adds(out, "    ");
        buf_add(out, text, n);
        buf_addc(out, '\n');
        n += end ? 1 : 0;
        text += n;
        left -= n;
    }
}

static void add_report(struct buf *out, const struct store_news_report *news,
                       const struct clock_zone *zone)
{
    const struct store_report *report = &news->report;

    add_headline(out, news);
    add_indented(out, report->text);
    add_time(out, "    since", zone, report->opened_at_ms);
    if (news->news == REPORT_OVER)
        add_time(out, " until", zone, report->closed_at_ms);
    buf_addc(out, '\n');
    if (news->news == REPORT_OPENED && report->detail)
        add_indented(out, report->detail);
    if (news->news != REPORT_OVER)
        add_advice(out, report);
    buf_addc(out, '\n');
}

static void add_body(struct buf *out, const struct store_news_report *reports, int n,
                     const struct clock_zone *zone)
{
    for (int i = 0; i < n && i < WHOLE_REPORTS; i++)
        add_report(out, &reports[i], zone);
    for (int i = WHOLE_REPORTS; i < n; i++)
        add_headline(out, &reports[i]);
    if (n > WHOLE_REPORTS)
        buf_addc(out, '\n');
    buf_adds(out, "All that is open: catchdeal-engine status\n");
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void add_json_text(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, ",\"%s\":", name);
    buf_add_json(out, value);
}

static void add_json_time(struct buf *out, const char *name, int64_t at_ms)
{
    char text[CLOCK_RFC3339_BYTES];

    if (at_ms != CLOCK_NONE)
        clock_format_utc_ms(at_ms, text);
    add_json_text(out, name, at_ms == CLOCK_NONE ? NULL : text);
}

static void add_json_report(struct buf *out, const struct store_news_report *news)
{
    const struct store_report *report = &news->report;
    bool is_engine = report->site[0] == ALERT_ENGINE_MARK;

    buf_addf(out, "{\"news\":\"%s\"", report_news_name(news->news));
    add_json_text(out, "kind", report->kind);
    add_json_text(out, "site", is_engine || !has_site(report) ? NULL : report->site);
    add_json_text(out, "engine", is_engine ? report->site + 1 : NULL);
    add_json_text(out, "text", report->text);
    add_json_text(out, "detail", report->detail);
    add_json_time(out, "opened_at", report->opened_at_ms);
    add_json_time(out, "closed_at", report->closed_at_ms);
    buf_addf(out, ",\"times\":%d}", report->times);
}

/* "text" stands where chat services look for it. */
static void add_json_head(struct buf *out, const char *type, const struct alert_message *message,
                          const char *engine, int64_t now_ms)
{
    buf_addf(out, "{\"type\":\"%s\"", type);
    add_json_time(out, "timestamp", now_ms);
    add_json_text(out, "text", message->subject);
    buf_adds(out, ",\"data\":{\"engine\":");
    buf_add_json(out, engine);
    buf_adds(out, ",\"reports\":[");
}

/* ---- together -------------------------------------------------------------------------------- */

static const char *take(struct buf *buf, struct arena *arena)
{
    const char *text = arena_strdup(arena, buf_str(buf));

    buf_clear(buf);
    return text;
}

/* By what is told, not by when. A reminder is another message each day. */
static const char *id_of(const struct store_news_report *reports, int n, int64_t now_ms,
                         struct arena *arena)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    unsigned char hash[EVP_MAX_MD_SIZE];
    char hex[2 * ID_BYTES + 1];
    struct buf seed;

    buf_init(&seed, BUF_MAX_DEFAULT);
    for (int i = 0; i < n; i++)
        buf_addf(&seed, "%s %s %lld %d %lld\n", reports[i].report.site, reports[i].report.kind,
                 (long long)reports[i].report.opened_at_ms, (int)reports[i].news,
                 reports[i].news == REPORT_AGAIN ? (long long)(now_ms / DAY_MS) : 0);
    check(EVP_Digest(seed.data, seed.len, hash, NULL, EVP_sha256(), NULL) == 1);
    buf_fini(&seed);
    str_hex(hash, ID_BYTES, hex);
    return arena_printf(arena, "alert_%s", hex);
}

void alert_message_make(const struct store_news_report *reports, int n, const char *engine,
                        const struct clock_zone *zone, int64_t now_ms, struct arena *arena,
                        struct alert_message *out)
{
    struct buf text;

    check(n > 0);
    buf_init(&text, BUF_MAX_DEFAULT);
    out->id = id_of(reports, n, now_ms, arena);
    add_subject(&text, reports, n, engine);
    out->subject = take(&text, arena);
    add_body(&text, reports, n, zone);
    out->body = take(&text, arena);
    add_json_head(&text, "alert", out, engine, now_ms);
    for (int i = 0; i < n; i++) {
        buf_adds(&text, i ? "," : "");
        add_json_report(&text, &reports[i]);
    }
    buf_adds(&text, "]}}");
    out->json = take(&text, arena);
    buf_fini(&text);
}

void alert_message_test(const char *engine, int64_t now_ms, struct arena *arena,
                        struct alert_message *out)
{
    struct buf text;

    buf_init(&text, BUF_MAX_DEFAULT);
    out->id = arena_printf(arena, "test_%lld", (long long)now_ms);
    out->subject = arena_printf(arena, "[CatchDeal %s] test: alerts come through", engine);
    out->body = "This is what catchdeal-engine alert --test sends. Nothing is wrong.\n";
    add_json_head(&text, "alert.test", out, engine, now_ms);
    buf_adds(&text, "]}}");
    out->json = take(&text, arena);
    buf_fini(&text);
}
