/* SPDX-License-Identifier: MIT */
/* site_rules.c - what others need of a site: the rules as JSON, the addresses, the line of a rule.
 */
#include "base/str.h"
#include "crawl/site_priv.h"

#include <string.h>

const char *site_type_name(enum site_type type)
{
    static const char *const names[SITE_TYPE_COUNT] = {
        [SITE_TEXT] = "text",   [SITE_INT] = "int",     [SITE_TIME] = "time", [SITE_URL] = "url",
        [SITE_IMAGE] = "image", [SITE_PRICE] = "price", [SITE_FLAG] = "flag"};

    check(type < SITE_TYPE_COUNT);
    return names[type];
}

/* For each page: buf_addf would take ten times as long. */
static void add_name(struct buf *out, const char *name)
{
    buf_adds(out, ",\"");
    buf_adds(out, name);
    buf_adds(out, "\":");
}

static void add_member(struct buf *out, const char *name, const char *text)
{
    add_name(out, name);
    buf_add_json(out, text);
}

static void add_texts(struct buf *out, const char *name, const struct site_texts *texts)
{
    add_name(out, name);
    buf_addc(out, '[');
    for (size_t i = 0; i < texts->n; i++) {
        buf_adds(out, i ? "," : "");
        buf_add_json(out, texts->items[i]);
    }
    buf_addc(out, ']');
}

static void add_css(struct buf *out, const struct site_field *field)
{
    buf_adds(out, ",\"css\":[");
    for (size_t i = 0; i < field->n_css; i++) {
        buf_adds(out, i ? ",[" : "[");
        buf_add_json(out, field->css[i].selector);
        buf_addc(out, ',');
        buf_add_json(out, field->css[i].attribute);
        buf_addc(out, ']');
    }
    buf_addc(out, ']');
}

static void add_flag(struct buf *out, const char *name, bool value)
{
    add_name(out, name);
    buf_adds(out, value ? "true" : "false");
}

static void add_field(struct buf *out, const struct site_field *field)
{
    buf_adds(out, "{\"name\":");
    buf_add_json(out, field->name);
    add_member(out, "type", site_type_name(field->type));
    add_css(out, field);
    add_member(out, "without", field->without);
    add_member(out, "json", field->json);
    add_member(out, "match", field->match);
    add_member(out, "placeholder", field->placeholder);
    if (field->has_query)
        add_texts(out, "query", &field->query);
    add_flag(out, "own", field->own_text);
    add_flag(out, "required", field->required);
    add_flag(out, "await", field->await);
    buf_addc(out, '}');
}

static void add_layout(struct buf *out, const struct site_layout *layout)
{
    buf_adds(out, "{\"name\":");
    buf_add_json(out, layout->name);
    add_member(out, "match", layout->match);
    add_member(out, "ready", layout->ready);
    add_member(out, "rows", layout->rows);
    add_texts(out, "skip", &layout->skip);
    add_texts(out, "skip_text", &layout->skip_text);
    add_texts(out, "skip_category", &layout->skip_category);
    buf_adds(out, ",\"fields\":[");
    for (size_t i = 0; i < layout->n_fields; i++) {
        buf_adds(out, i ? "," : "");
        add_field(out, &layout->fields[i]);
    }
    buf_adds(out, "]}");
}

static void add_statuses(struct buf *out, const struct site_statuses *statuses)
{
    buf_adds(out, ",\"gone_status\":[");
    for (size_t i = 0; i < statuses->n; i++)
        buf_addf(out, "%s%d", i ? "," : "", statuses->items[i]);
    buf_addc(out, ']');
}

const struct site_layout *site_layouts(const struct site *site, enum site_what what, size_t *n_out)
{
    *n_out = what == SITE_LIST ? site->n_layouts : site->post != NULL;
    return what == SITE_LIST ? site->layouts : site->post;
}

void site_rules_json(const struct site *site, enum site_what what, int64_t timeout_ms,
                     bool want_html, struct buf *out)
{
    size_t n;
    const struct site_layout *layouts = site_layouts(site, what, &n);

    buf_addf(out, "{\"timeout_ms\":%lld,\"settle_ms\":%lld,\"scroll_wait_ms\":%lld",
             (long long)timeout_ms, (long long)site->settle_ms, (long long)site->scroll_wait_ms);
    add_flag(out, "scroll", site->scroll && what == SITE_LIST);
    add_flag(out, "html", want_html);
    if (what == SITE_POST) {
        add_texts(out, "gone_text", &site->gone_text);
        add_texts(out, "gone_dialog", &site->gone_dialog);
        add_statuses(out, &site->gone_status);
    }
    buf_adds(out, ",\"layouts\":[");
    for (size_t i = 0; i < n; i++) {
        buf_adds(out, i ? "," : "");
        add_layout(out, &layouts[i]);
    }
    buf_adds(out, "]}");
}

/* Where the path of an absolute address begins. */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://") + strlen("://");

    return host + strcspn(host, "/?#");
}

void site_list_url(const struct site *site, int page, const char *origin, struct buf *out)
{
    const char *url =
        site->first_url && page == site->first_page ? site->first_url : site->list_url;
    const char *hole;

    if (origin) {
        size_t len = strlen(origin);

        buf_add(out, origin, len - (len > 0 && origin[len - 1] == '/'));
        url = path_of(url);
    }
    while ((hole = strstr(url, "{page}"))) {
        buf_add(out, url, (size_t)(hole - url));
        buf_addf(out, "%d", page);
        url = hole + strlen("{page}");
    }
    buf_adds(out, url);
}

int site_rule_line(const struct site *site, const char *rule, size_t n, const char **value_out)
{
    for (size_t i = 0; i < site->n_lines; i++) {
        const struct site_rule_line *line = &site->lines[i];

        if (line->n == n && str_eq(line->rule, rule)) {
            *value_out = line->value;
            return line->line;
        }
    }
    *value_out = NULL;
    return 0;
}
