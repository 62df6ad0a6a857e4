/* SPDX-License-Identifier: MIT */
/* filters.c - see filters.h. */
#include "api/filters.h"
#include "base/buf.h"
#include "base/str.h"
#include "db/fold.h"

#include <stdio.h>
#include <string.h>

/* 0001-01-01 and 9999-12-31T23:59:59.999Z: what can be written again. */
#define TIME_MIN_MS INT64_C(-62135596800000)
#define TIME_MAX_MS INT64_C(253402300799999)

static bool is_site_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return len > 0 && len <= FILTERS_SITE_MAX && !name[len];
}

static int parse_texts(struct filters *filters, struct params *params, struct arena *arena, struct err *err)
{
    const char *site = params_get(params, "site");
    const char *website = params_get(params, "website");
    const char *word = params_get(params, "q");

    if (site && !is_site_name(site))
        return params_wrong(params, "site", "the name of a board like ppomppu", err);
    if (website && (!*website || strlen(website) > FILTERS_WEBSITE_MAX))
        return params_wrong(params, "website", "the shown name of a board", err);
    if (word && str_utf8_count(word) > STORE_WORD_MAX_CHARS)
        return params_wrong(params, "q", "at most 100 characters", err);
    word = word ? fold_text(arena, word) : NULL;
    if (word && (!*word || strlen(word) > FILTERS_WORD_MAX))
        return params_wrong(params, "q", "a word of a title", err);
    snprintf(filters->site, sizeof(filters->site), "%s", site ? site : "");
    snprintf(filters->website, sizeof(filters->website), "%s", website ? website : "");
    snprintf(filters->word, sizeof(filters->word), "%s", word ? word : "");
    return 0;
}

int filters_parse(struct filters *filters, struct params *params, struct arena *arena,
                  const struct clock_zone *zone, struct err *err)
{
    const char *sold_out = params_get(params, "sold_out");

    *filters = (struct filters){
        .min_score = DEAL_UNKNOWN, .sold_out = DEAL_UNKNOWN, .since_ms = CLOCK_NONE};
    if (parse_texts(filters, params, arena, err) < 0 ||
        params_int(params, "min_score", -1000000000, 1000000000, &filters->min_score, err) < 0 ||
        params_time(params, "since", zone, &filters->since_ms, err) < 0)
        return -1;
    if (filters->since_ms != CLOCK_NONE &&
        (filters->since_ms < TIME_MIN_MS || filters->since_ms > TIME_MAX_MS))
        return params_wrong(params, "since", "a time in the years 1 to 9999", err);
    if (sold_out && !str_eq(sold_out, "true") && !str_eq(sold_out, "false"))
        return params_wrong(params, "sold_out", "true or false", err);
    if (sold_out)
        filters->sold_out = str_eq(sold_out, "true");
    return 0;
}

const char *filters_key(const struct filters *filters, struct arena *arena)
{
    return arena_printf(arena, "%s\n%zu:%s\n%zu:%s\n%lld,%lld,%lld", filters->site,
                        strlen(filters->website), filters->website, strlen(filters->word), filters->word,
                        (long long)filters->min_score, (long long)filters->sold_out,
                        (long long)filters->since_ms);
}

static void add_param(struct buf *out, const char *name, const char *value)
{
    if (str_empty(value))
        return;
    buf_addf(out, "%c%s=", out->len ? '&' : '?', name);
    buf_add_urlenc(out, value);
}

const char *filters_query(const struct filters *filters, struct arena *arena)
{
    char since[CLOCK_RFC3339_BYTES] = "";
    const char *text;
    struct buf out;

    buf_init(&out, BUF_MAX_DEFAULT);
    if (filters->since_ms != CLOCK_NONE)
        clock_format_utc_ms(filters->since_ms, since);
    add_param(&out, "site", filters->site);
    add_param(&out, "website", filters->website);
    add_param(&out, "q", filters->word);
    if (filters->min_score != DEAL_UNKNOWN)
        add_param(&out, "min_score", arena_printf(arena, "%lld", (long long)filters->min_score));
    if (filters->sold_out != DEAL_UNKNOWN)
        add_param(&out, "sold_out", filters->sold_out ? "true" : "false");
    add_param(&out, "since", since);
    text = arena_strdup(arena, buf_str(&out));
    buf_fini(&out);
    return text;
}

struct store_find filters_find(const struct filters *filters, int limit)
{
    return (struct store_find){.limit = limit,
                               .before_sort_ms = CLOCK_NONE,
                               .since_ms = filters->since_ms,
                               .site = *filters->site ? filters->site : NULL,
                               .website = *filters->website ? filters->website : NULL,
                               .word = *filters->word ? filters->word : NULL,
                               .min_score = filters->min_score,
                               .sold_out = filters->sold_out};
}
