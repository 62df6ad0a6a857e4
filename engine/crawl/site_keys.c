/* SPDX-License-Identifier: MIT */
/* site_keys.c - the keys of site.conf: how the value of each is read and what is expected of it.
 *
 * One table per section at the end; a key without a setter is one that DESIGN names and no code
 * serves yet: it is refused rather than ignored.
 */
#include "base/str.h"
#include "crawl/selector.h"
#include "crawl/site_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PAGE 10000
#define MAX_ROWS 1000
#define MAX_VIEWPORT 8192
#define MIN_VIEWPORT 100
#define MAX_SETTLE_MS 10000
#define MAX_DELAY_MS ((int64_t)3600 * 1000)
#define MAX_VERIFY_MS ((int64_t)30 * 24 * 3600 * 1000)

const struct site_field_kind site_field_kinds[] = {
    {"key", SITE_TEXT, true, true},        {"title", SITE_TEXT, true, false},
    {"url", SITE_URL, true, true},         {"redirect_url", SITE_URL, false, false},
    {"image", SITE_IMAGE, false, false},   {"posted_at", SITE_TIME, false, false},
    {"view", SITE_INT, false, false},      {"comment", SITE_INT, false, false},
    {"like", SITE_INT, false, false},      {"price", SITE_PRICE, false, false},
    {"mall", SITE_TEXT, false, false},     {"category", SITE_TEXT, false, false},
    {"sold_out", SITE_FLAG, false, false}, {"title_cut", SITE_FLAG, false, true},
    {"gone", SITE_FLAG, false, false},     {NULL, SITE_TEXT, false, false},
};

/* ---- plain values ---- */

static void set_text(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    if (*e->value == '\0')
        site_problem(p, e, "expected a text, found nothing");
    *(const char **)slot = arena_strdup(&p->site->arena, e->value);
}

static void set_bool(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    struct err err;

    if (str_to_bool(e->value, slot, &err) < 0)
        site_problem(p, e, "%s", err.text);
}

void site_set_int(struct site_parse *p, const struct ini_entry *e, void *slot, int64_t min,
                  int64_t max)
{
    int64_t number;
    struct err err;

    if (str_to_int(e->value, min, max, &number, &err) < 0)
        site_problem(p, e, "%s", err.text);
    else
        *(int *)slot = (int)number;
}

static void set_page(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    site_set_int(p, e, slot, 0, MAX_PAGE);
}

static void set_rows(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    site_set_int(p, e, slot, 0, MAX_ROWS);
}

void site_set_duration(struct site_parse *p, const struct ini_entry *e, void *slot, int64_t max_ms)
{
    int64_t duration_ms;
    struct err err;

    if (str_to_duration_ms(e->value, &duration_ms, &err) < 0)
        site_problem(p, e, "%s", err.text);
    else if (duration_ms > max_ms)
        site_problem(p, e, "\"%s\": expected at most %llds", e->value, (long long)max_ms / 1000);
    else
        *(int64_t *)slot = duration_ms;
}

static void set_delay(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    site_set_duration(p, e, slot, MAX_DELAY_MS);
}

static void set_settle(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    site_set_duration(p, e, slot, MAX_SETTLE_MS);
}

static void set_weight(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    char *end;
    double weight = strtod(e->value, &end);

    if (end == e->value || *end != '\0' || !(weight >= -1e6 && weight <= 1e6))
        site_problem(p, e, "\"%s\": expected a number such as 0.01 or 10", e->value);
    else
        *(double *)slot = weight;
}

static void set_prefix(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    size_t len = strspn(e->value, "abcdefghijklmnopqrstuvwxyz0123456789-");

    if (len == 0 || len > 16 || e->value[len] != '\0')
        site_problem(p, e, "\"%s\": expected 1 to 16 of a-z, 0-9 and '-'", e->value);
    set_text(p, e, slot);
}

static void set_url(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    const char *host = str_starts(e->value, "https://")  ? e->value + 8
                       : str_starts(e->value, "http://") ? e->value + 7
                                                         : "";

    if (!isalnum((unsigned char)*host) || strpbrk(e->value, " \t"))
        site_problem(p, e, "\"%s\": expected an address that begins with http:// or https://",
                     e->value);
    else
        site_note_rule(p, e, e->value);
    *(const char **)slot = arena_strdup(&p->site->arena, e->value);
}

static void set_zone(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    struct err err;

    *(const char **)slot = arena_strdup(&p->site->arena, e->value);
    if (p->site->zone)
        clock_zone_free(&p->site->zone);
    if (clock_zone_new(e->value, &p->site->zone, &err) < 0)
        site_problem(p, e, "%s", err.text);
}

/* The currencies that amount.h can tell by a sign, and those of boards that show the dollar's. */
static void set_currency(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    static const char *const known[] = {"KRW", "USD", "EUR", "GBP", "JPY", "CNY", "AUD", "CAD"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eq(e->value, known[i]))
            *(const char **)slot = known[i];
    if (!*(const char **)slot)
        site_problem(p, e, "\"%s\": expected KRW, USD, EUR, GBP, JPY, CNY, AUD or CAD", e->value);
}

static void set_robots(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    if (!str_eq(e->value, "obey") && !str_eq(e->value, "ignore"))
        site_problem(p, e, "\"%s\": expected obey or ignore", e->value);
    *(bool *)slot = !str_eq(e->value, "ignore");
}

static const char *const render_names[] = {
    [SITE_RENDER_AUTO] = "auto",
    [SITE_RENDER_CHROME] = "chrome",
    [SITE_RENDER_FETCH] = "fetch",
};

bool site_render_from(const char *name, enum site_render *out)
{
    for (size_t i = 0; i < ARRAY_LEN(render_names); i++) {
        if (!str_eq(name, render_names[i]))
            continue;
        *out = (enum site_render)i;
        return true;
    }
    return false;
}

const char *site_render_name(enum site_render mode)
{
    return render_names[mode];
}

static void set_render(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    if (!site_render_from(e->value, slot))
        site_problem(p, e, "\"%s\": expected auto, chrome or fetch", e->value);
}

static void set_verify(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    site_set_duration(p, e, slot, MAX_VERIFY_MS);
}

/* "1-3" or "1" */
void site_set_pages(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    struct site_pages *pages = slot;
    char *end;
    long from = strtol(e->value, &end, 10), to = from;

    if (isdigit((unsigned char)*e->value) && *end == '-' && isdigit((unsigned char)end[1]))
        to = strtol(end + 1, &end, 10);
    if (!isdigit((unsigned char)*e->value) || *end != '\0' || from > to || to > MAX_PAGE) {
        site_problem(p, e, "\"%s\": expected a range of pages such as 1-3", e->value);
        return;
    }
    *pages = (struct site_pages){(int)from, (int)to};
}

static bool in_viewport_range(long n)
{
    return n >= MIN_VIEWPORT && n <= MAX_VIEWPORT;
}

/* "1280x1696"; the slot is the width, the height follows it. */
static void set_viewport(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    int *size = slot;
    char *end;
    long width = strtol(e->value, &end, 10), height = 0;

    if (*end == 'x' && isdigit((unsigned char)end[1]))
        height = strtol(end + 1, &end, 10);
    if (*end != '\0' || !in_viewport_range(width) || !in_viewport_range(height)) {
        site_problem(p, e, "\"%s\": expected WIDTHxHEIGHT, each %d to %d", e->value, MIN_VIEWPORT,
                     MAX_VIEWPORT);
        return;
    }
    size[0] = (int)width;
    size[1] = (int)height;
}

static void set_words(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    char *rest = arena_strdup(&p->site->arena, e->value);
    char *word;

    while ((word = str_next(&rest, ','))) {
        if (*word == '\0')
            site_problem(p, e, "expected something between the commas");
        else
            site_texts_add(&p->site->arena, slot, word);
    }
}

/* A name with a dot inside, after an optional "*.": what a resolver rule of Chrome can say without
 * hitting more than was meant. */
static bool is_host_pattern(const char *s)
{
    const char *name = str_starts(s, "*.") ? s + 2 : s;
    const char *dot = strchr(name, '.');

    return dot && dot != name && dot[1] &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(name);
}

static void add_hosts(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    struct site_texts *texts = slot;
    size_t before = texts->n;

    set_words(p, e, slot);
    for (size_t i = before; i < texts->n; i++)
        if (!is_host_pattern(texts->items[i]))
            site_problem(p, e, "\"%s\": expected a host such as ads.example or *.ads.example",
                         texts->items[i]);
}

static void set_schedule(struct site_parse *p, const struct ini_entry *e, void *slot,
                         struct cron *cron)
{
    struct err err;

    if (cron_parse(cron, e->value, &err) < 0)
        site_problem(p, e, "%s", err.text);
    *(const char **)slot = arena_strdup(&p->site->arena, e->value);
}

static void set_crawl(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    set_schedule(p, e, slot, &p->site->crawl);
}

static void set_refresh(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    set_schedule(p, e, slot, &p->site->refresh);
}

static void set_alive(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    set_schedule(p, e, slot, &p->site->alive);
}

/* ---- rules ---- */

static const char *checked_selector(struct site_parse *p, const struct ini_entry *e,
                                    const char *selector)
{
    const char *problem = selector_problem(selector);

    if (problem)
        site_problem(p, e, "\"%s\": %s", selector, problem);
    site_note_rule(p, e, selector);
    return arena_strdup(&p->site->arena, selector);
}

static const char *checked_regex(struct site_parse *p, const struct ini_entry *e)
{
    const char *problem = regex_problem(e->value, str_eq(e->key, "match") ? 1 : 9);

    if (problem)
        site_problem(p, e, "\"%s\": %s", e->value, problem);
    site_note_rule(p, e, e->value);
    return arena_strdup(&p->site->arena, e->value);
}

void site_set_selector(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    *(const char **)slot = checked_selector(p, e, e->value);
}

static void add_selector(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    site_texts_add(&p->site->arena, slot, checked_selector(p, e, e->value));
}

static void set_regex(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    *(const char **)slot = checked_regex(p, e);
}

void site_add_regex(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    site_texts_add(&p->site->arena, slot, checked_regex(p, e));
}

static bool is_attribute_name(const char *name)
{
    return *name != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_:.")] == '\0';
}

/* "td[title] @title": the attribute's name stands behind the last '@' that no selector can hold. */
static void add_css(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    struct site_field *field = container_of(slot, struct site_field, css);
    struct arena *arena = &p->site->arena;
    struct site_css *all = arena_array(arena, struct site_css, field->n_css + 1);
    char *selector = arena_strdup(arena, e->value);
    char *at = strrchr(selector, '@');
    const char *attribute = "";

    if (at && !strpbrk(at, "]\")'")) {
        attribute = str_trim(at + 1);
        *at = '\0';
        selector = str_trim(selector);
        if (!is_attribute_name(attribute))
            site_problem(p, e, "\"%s\": expected the name of an attribute after '@'", e->value);
    }
    if (field->n_css)
        memcpy(all, field->css, field->n_css * sizeof *all);
    /* The row itself is no selector, but has a place in the count of alternatives. */
    if (*selector == '\0')
        site_note_rule(p, e, selector);
    all[field->n_css++] =
        (struct site_css){*selector ? checked_selector(p, e, selector) : selector, attribute};
    field->css = all;
}

static void set_attr(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    if (!is_attribute_name(e->value))
        site_problem(p, e, "\"%s\": expected the name of an attribute, in small letters", e->value);
    *(const char **)slot = arena_strdup(&p->site->arena, e->value);
}

static void set_own(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    if (!str_eq(e->value, "all") && !str_eq(e->value, "own"))
        site_problem(p, e, "\"%s\": expected all or own", e->value);
    *(bool *)slot = str_eq(e->value, "own");
}

/* The name of a field decides its type; writing it down documents it. */
static void check_type(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    enum site_type type = *(enum site_type *)slot;

    if (!str_eq(e->value, site_type_name(type)))
        site_problem(p, e, "\"%s\": expected %s for this field", e->value, site_type_name(type));
}

static void set_query(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    struct site_field *field = container_of(slot, struct site_field, query);

    field->has_query = true;
    if (field->type != SITE_URL && field->type != SITE_IMAGE)
        site_problem(p, e, "expected only in a field of type url or image");
    if (!str_eq(e->value, "none"))
        set_words(p, e, slot);
}

static void set_placeholder(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    struct site_field *field = container_of(slot, struct site_field, placeholder);

    if (field->type != SITE_IMAGE)
        site_problem(p, e, "expected only in a field of type image");
    set_regex(p, e, slot);
}

/* "props.thread.price", "items.0.name" */
static void set_json(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    const char *at = e->value;

    while (isalnum((unsigned char)*at) || (*at && strchr("_-$", *at)) ||
           (*at == '.' && at > e->value && at[-1] != '.' && at[1]))
        at++;
    if (*at || at == e->value)
        site_problem(p, e, "\"%s\": expected names of JSON members with dots between: a.b.0",
                     e->value);
    *(const char **)slot = arena_strdup(&p->site->arena, e->value);
}

static void set_required(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    bool was_required = *(bool *)slot;

    set_bool(p, e, slot);
    if (was_required && !*(bool *)slot)
        site_problem(p, e, "expected yes: key, title and url are always required");
}

/* "60" with an optional "%", as a share. */
static bool take_percent(const char **text, double *share)
{
    char *end;
    double percent = isdigit((unsigned char)**text) ? strtod(*text, &end) : -1;

    if (!(percent >= 0 && percent <= 100))
        return false;
    *share = percent / 100;
    *text = end + (*end == '%');
    return true;
}

/* "90%", or "0-60%": the slot is fill_min. */
static void set_fill(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    struct site_field *field = container_of(slot, struct site_field, fill_min);
    const char *rest = e->value;
    double min, max = 1;
    bool valid = take_percent(&rest, &min);

    if (valid && *rest == '-') {
        rest++;
        valid = take_percent(&rest, &max);
    }
    if (!valid || *rest != '\0' || rest[-1] != '%' || min > max) {
        site_problem(p, e, "\"%s\": expected a share of the rows such as 90%% or 0-60%%", e->value);
        return;
    }
    field->has_fill = true;
    field->fill_min = min;
    field->fill_max = max;
}

static void set_at_most(struct site_parse *p, const struct ini_entry *e, void *slot)
{
    site_set_int(p, e, slot, 1, MAX_ROWS);
}

/* ---- the tables ---- */

#define IN(type, member) offsetof(struct type, member)

const struct site_key site_keys_site[] = {
    {"name", set_text, IN(site, name), false},
    {"id_prefix", set_prefix, IN(site, id_prefix), false},
    {"home", set_url, IN(site, home), false},
    {"timezone", set_zone, IN(site, timezone), false},
    {"currency", set_currency, IN(site, currency), false},
    {"robots", set_robots, IN(site, obey_robots), false},
    {"enabled", set_bool, IN(site, enabled), false},
    {NULL, NULL, 0, false},
};

const struct site_key site_keys_list[] = {
    {"url", set_url, IN(site, list_url), false},
    {"first_url", set_url, IN(site, first_url), false},
    {"first_page", set_page, IN(site, first_page), false},
    {"pages", site_set_pages, IN(site, pages), false},
    {"min_rows", set_rows, IN(site, min_rows), false},
    {"scroll", set_bool, IN(site, scroll), false},
    {"scroll_wait", set_settle, IN(site, scroll_wait_ms), false},
    {"refresh_pages", site_set_pages, IN(site, refresh_pages), false},
    {NULL, NULL, 0, false},
};

const struct site_key site_keys_score[] = {
    {"view", set_weight, IN(site, score_view), false},
    {"like", set_weight, IN(site, score_like), false},
    {"comment", set_weight, IN(site, score_comment), false},
    {NULL, NULL, 0, false},
};

const struct site_key site_keys_schedule[] = {
    {"crawl", set_crawl, IN(site, crawl_text), false},
    {"refresh", set_refresh, IN(site, refresh_text), false},
    {"alive", set_alive, IN(site, alive_text), false},
    {NULL, NULL, 0, false},
};

const struct site_key site_keys_pace[] = {
    {"min_delay", set_delay, IN(site, min_delay_ms), false},
    {"concurrency", NULL, 0, false},
    {NULL, NULL, 0, false},
};

const struct site_key site_keys_block[] = {
    {"hosts", add_hosts, IN(site, block_hosts), true},
    {NULL, NULL, 0, false},
};

const struct site_key site_keys_render[] = {
    {"viewport", set_viewport, IN(site, viewport_width), false},
    {"settle", set_settle, IN(site, settle_ms), false},
    {"mode", set_render, IN(site, render_mode), false},
    {"verify", set_verify, IN(site, render_verify_ms), false},
    {NULL, NULL, 0, false},
};

const struct site_key site_keys_layout[] = {
    {"match", site_set_selector, IN(site_layout, match), false},
    {"ready", site_set_selector, IN(site_layout, ready), false},
    {"rows", site_set_selector, IN(site_layout, rows), false},
    {"skip", add_selector, IN(site_layout, skip), true},
    {"skip_text", site_add_regex, IN(site_layout, skip_text), true},
    {"skip_category", site_add_regex, IN(site_layout, skip_category), true},
    {NULL, NULL, 0, false},
};

const struct site_key site_keys_field[] = {
    {"css", add_css, IN(site_field, css), true},
    {"attr", set_attr, IN(site_field, attr), false},
    {"type", check_type, IN(site_field, type), false},
    {"text", set_own, IN(site_field, own_text), false},
    {"without", site_set_selector, IN(site_field, without), false},
    {"json", set_json, IN(site_field, json), false},
    {"match", set_regex, IN(site_field, match), false},
    {"placeholder", set_placeholder, IN(site_field, placeholder), false},
    {"query", set_query, IN(site_field, query), false},
    {"required", set_required, IN(site_field, required), false},
    {"await", set_bool, IN(site_field, await), false},
    {"fill", set_fill, IN(site_field, fill_min), false},
    {"at_most", set_at_most, IN(site_field, at_most), false},
    {NULL, NULL, 0, false},
};
