/* SPDX-License-Identifier: MIT */
/* site.c - reads site.conf in two passes: layouts and fields are made first, then every key is set.
 *
 * Each problem is reported with file, line and key, and reading goes on, so that one run shows them
 * all. Not here: the keys themselves (site_keys.c), what is derived from a site (site_rules.c).
 */
#include "base/str.h"
#include "crawl/site_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_NAMES 32

enum { SETTLE_MS = 150, SCROLL_WAIT_MS = 1000, MIN_DELAY_MS = 2000, WIDTH = 1280, HEIGHT = 1696 };
static const int64_t RENDER_VERIFY_MS = (int64_t)6 * 3600 * 1000;
enum { POST_MAX = 20, GONE_MAX = 30, GONE_DISTANCE_MS = 6 * 3600 * 1000 };

/* The boards that the program was written for are Korean. */
static const char TIMEZONE[] = "Asia/Seoul";

/* ---- problems ---- */

static void report(struct site_parse *p, const char *message)
{
    if (p->problems++ == 0)
        err_set(p->err, ERR_SITE, "%s", message);
    if (p->on_error)
        p->on_error(message, p->ctx);
}

PRINTF_LIKE(4, 0)
static void report_parts(struct site_parse *p, int line, const char *rule, const char *fmt,
                         va_list args)
{
    struct buf text;

    buf_init(&text, BUF_MAX_DEFAULT);
    buf_adds(&text, p->site->path);
    if (line)
        buf_addf(&text, ":%d", line);
    buf_adds(&text, ": ");
    if (rule)
        buf_addf(&text, "%s: ", rule);
    buf_vaddf(&text, fmt, args);
    report(p, buf_str(&text));
    buf_fini(&text);
}

void site_problem(struct site_parse *p, const struct ini_entry *e, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    report_parts(p, e->line, site_rule_name(p, e), fmt, args);
    va_end(args);
}

void site_problem_at(struct site_parse *p, int line, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    report_parts(p, line, NULL, fmt, args);
    va_end(args);
}

/* The file's own broken lines come as whole messages. */
static void on_ini_problem(const char *message, void *ctx)
{
    report(ctx, message);
}

/* ---- names ---- */

/* The name in "[layout NAME]", or NULL. */
static const char *layout_name(const char *section)
{
    return str_starts(section, "layout ") ? section + strlen("layout ") : NULL;
}

const char *site_rule_name(struct site_parse *p, const struct ini_entry *e)
{
    const char *layout = layout_name(e->section);

    if (!e->key)
        return arena_printf(&p->site->arena, "[%s]", e->section);
    return arena_printf(&p->site->arena, "%s.%s", layout ? layout : e->section, e->key);
}

void site_note_rule(struct site_parse *p, const struct ini_entry *e, const char *value)
{
    struct site *site = p->site;
    struct site_rule_line *line;
    const char *rule = site_rule_name(p, e);
    size_t n = 0;

    for (size_t i = 0; i < site->n_lines; i++)
        n += str_eq(site->lines[i].rule, rule);
    site->lines = mem_realloc(site->lines, (site->n_lines + 1) * sizeof *site->lines);
    line = &site->lines[site->n_lines++];
    *line = (struct site_rule_line){rule, arena_strdup(&site->arena, value), n, e->line};
}

void site_texts_add(struct arena *arena, struct site_texts *texts, const char *text)
{
    const char **items = arena_array(arena, const char *, texts->n + 1);

    if (texts->n)
        memcpy(items, texts->items, texts->n * sizeof *items);
    items[texts->n++] = text;
    texts->items = items;
}

/* ---- first pass: layouts and fields ---- */

static struct site_layout *find_layout(const struct site *site, const char *name, size_t len)
{
    for (size_t i = 0; i < site->n_layouts; i++) {
        const char *have = site->layouts[i].name;

        if (strlen(have) == len && !memcmp(have, name, len))
            return &site->layouts[i];
    }
    return NULL;
}

static struct site_field *find_field(const struct site_layout *layout, const char *name)
{
    for (size_t i = 0; i < layout->n_fields; i++)
        if (str_eq(layout->fields[i].name, name))
            return &layout->fields[i];
    return NULL;
}

static bool is_layout_name(const char *name)
{
    return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

static void add_layout(struct site_parse *p, const struct ini_entry *e)
{
    struct site *site = p->site;
    const char *name = layout_name(e->section);
    struct site_layout *layout;

    if (!is_layout_name(name) || str_eq(name, "post")) {
        site_problem(p, e, "expected a name of a-z, 0-9, '-' and '_', and not \"post\"");
        return;
    }
    if ((layout = find_layout(site, name, strlen(name)))) {
        site_problem(p, e, "given twice, first on line %d", layout->line);
        return;
    }
    layout = arena_array(&site->arena, struct site_layout, site->n_layouts + 1);
    if (site->n_layouts)
        memcpy(layout, site->layouts, site->n_layouts * sizeof *layout);
    site->layouts = layout;
    layout += site->n_layouts++;
    layout->name = arena_strdup(&site->arena, name);
    layout->line = e->line;
}

static const struct site_field_kind *field_kind(const char *name)
{
    for (const struct site_field_kind *kind = site_field_kinds; kind->name; kind++)
        if (str_eq(kind->name, name))
            return kind;
    return NULL;
}

static void unknown_field(struct site_parse *p, const struct ini_entry *e, const char *name)
{
    const char *names[MAX_NAMES];
    const char *near;
    size_t n = 0;

    for (const struct site_field_kind *kind = site_field_kinds; kind->name; kind++)
        names[n++] = kind->name;
    near = str_nearest(name, names, n);
    site_problem(p, e, "unknown field \"%s\"%s%s%s", name, near ? "; did you mean \"" : "",
                 near ? near : "", near ? "\"?" : ": sites/README.md has the list");
}

/* [post] itself, or the first [post.FIELD]. */
static void add_post(struct site_parse *p, const struct ini_entry *e)
{
    struct site_layout *post = p->site->post;

    if (!post) {
        post = p->site->post = arena_new(&p->site->arena, struct site_layout);
        *post = (struct site_layout){.name = "post", .rows = ":root", .line = e->line};
        p->site->post_when = SITE_POST_MISSING;
    }
}

static struct site_layout *layout_of_field(const struct site_parse *p, const char *section,
                                           const char *dot)
{
    if (str_starts(section, "post."))
        return p->site->post;
    return find_layout(p->site, section, (size_t)(dot - section));
}

static void add_field(struct site_parse *p, const struct ini_entry *e)
{
    const char *dot = strchr(e->section, '.');
    struct site_layout *layout = layout_of_field(p, e->section, dot);
    const struct site_field_kind *kind = field_kind(dot + 1);
    struct site_field *field;

    if (!layout) {
        site_problem(p, e, "expected a section [layout %.*s]", (int)(dot - e->section), e->section);
        return;
    }
    if (!kind) {
        unknown_field(p, e, dot + 1);
        return;
    }
    if (layout == p->site->post && kind->only_in_lists) {
        site_problem(p, e, "expected only in a layout of the list");
        return;
    }
    if ((field = find_field(layout, kind->name))) {
        site_problem(p, e, "given twice, first on line %d", field->line);
        return;
    }
    field = arena_array(&p->site->arena, struct site_field, layout->n_fields + 1);
    if (layout->n_fields)
        memcpy(field, layout->fields, layout->n_fields * sizeof *field);
    layout->fields = field;
    field += layout->n_fields++;
    *field = (struct site_field){.name = kind->name,
                                 .type = kind->type,
                                 .required = kind->always_required && layout != p->site->post,
                                 .line = e->line};
}

/* Sections are made in the order of the file; fields after all layouts, wherever they stand. */
static void make_objects(struct site_parse *p, const struct ini *ini)
{
    for (size_t i = 0; i < ini->n; i++) {
        const struct ini_entry *e = &ini->entries[i];

        if (!e->key && layout_name(e->section))
            add_layout(p, e);
        else if (!e->key && (str_eq(e->section, "post") || str_starts(e->section, "post.")))
            add_post(p, e);
    }
    for (size_t i = 0; i < ini->n; i++) {
        const struct ini_entry *e = &ini->entries[i];

        if (!e->key && strchr(e->section, '.') && !layout_name(e->section))
            add_field(p, e);
    }
}

/* ---- second pass: keys ---- */

static const struct {
    const char *section;
    const struct site_key *keys;
} sections[] = {
    {"site", site_keys_site},         {"list", site_keys_list}, {"score", site_keys_score},
    {"schedule", site_keys_schedule}, {"pace", site_keys_pace}, {"block", site_keys_block},
    {"render", site_keys_render},     {"post", site_keys_post}, {"gone", site_keys_gone},
};

/* The keys that a section may have and the object they are set in; NULL for an unknown section
 * (reported with its [section] line) and for one that a first-pass problem left without an object.
 */
static const struct site_key *keys_of(struct site_parse *p, const char *section, void **object)
{
    const char *name = layout_name(section);
    const char *dot = strchr(section, '.');

    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (str_eq(sections[i].section, section)) {
            *object = p->site;
            return sections[i].keys;
        }
    }
    if (name) {
        *object = find_layout(p->site, name, strlen(name));
        return *object ? site_keys_layout : NULL;
    }
    if (dot) {
        struct site_layout *layout = layout_of_field(p, section, dot);

        *object = layout ? find_field(layout, dot + 1) : NULL;
        return *object ? site_keys_field : NULL;
    }
    return NULL;
}

static void unknown_section(struct site_parse *p, const struct ini_entry *e)
{
    const char *names[ARRAY_LEN(sections) + 1];
    const char *near;

    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        names[i] = sections[i].section;
    names[ARRAY_LEN(sections)] = "layout NAME";
    near = str_nearest(e->section, names, ARRAY_LEN(names));
    site_problem(p, e, "unknown section%s%s%s", near ? "; did you mean [" : "", near ? near : "",
                 near ? "]?"
                      : ": expected [site], [list], [layout NAME], [NAME.FIELD], [post], "
                        "[post.FIELD], [gone], [score], [schedule], [pace], [block] or [render]");
}

static void unknown_key(struct site_parse *p, const struct ini_entry *e,
                        const struct site_key *keys)
{
    const char *names[MAX_NAMES];
    struct buf all;
    const char *near;
    size_t n = 0;

    buf_init(&all, BUF_MAX_DEFAULT);
    for (const struct site_key *key = keys; key->name; key++) {
        if (!key->set)
            continue;
        buf_addf(&all, "%s%s", n ? ", " : "", key->name);
        names[n++] = key->name;
    }
    near = str_nearest(e->key, names, n);
    if (near)
        site_problem(p, e, "unknown key; did you mean \"%s\"?", near);
    else
        site_problem(p, e, "unknown key: expected one of %s", buf_str(&all));
    buf_fini(&all);
}

/* The same key of the same section further up, or NULL. */
static const struct ini_entry *earlier(const struct ini *ini, const struct ini_entry *e)
{
    for (const struct ini_entry *other = ini->entries; other < e; other++)
        if (other->key && str_eq(other->key, e->key) && str_eq(other->section, e->section))
            return other;
    return NULL;
}

static void set_key(struct site_parse *p, const struct ini *ini, const struct ini_entry *e)
{
    const struct ini_entry *before;
    void *object = NULL;
    const struct site_key *keys = keys_of(p, e->section, &object), *key;

    if (!keys) {
        if (e->section[0] == '\0')
            site_problem_at(p, e->line, "%s: expected a [section] before the first key", e->key);
        return;
    }
    for (key = keys; key->name && !str_eq(key->name, e->key);)
        key++;
    if (!key->name)
        unknown_key(p, e, keys);
    else if (!key->set)
        site_problem(p, e, "not implemented yet; leave it out");
    else if (!key->repeats && (before = earlier(ini, e)))
        site_problem(p, e, "given twice, first on line %d", before->line);
    else
        key->set(p, e, (char *)object + key->offset);
}

static void set_keys(struct site_parse *p, const struct ini *ini)
{
    void *object;

    for (size_t i = 0; i < ini->n; i++) {
        const struct ini_entry *e = &ini->entries[i];

        if (e->key)
            set_key(p, ini, e);
        else if (!keys_of(p, e->section, &object) && !layout_name(e->section) &&
                 !strchr(e->section, '.'))
            unknown_section(p, e);
    }
}

/* ---- what must be there ---- */

static void need(struct site_parse *p, int line, bool is_there, const char *rule,
                 const char *expected)
{
    if (!is_there)
        site_problem_at(p, line, "%s: missing: expected %s", rule, expected);
}

/* Without `fill`: what any board shows in nearly, or at least in half, of its rows. */
static void set_default_fill(struct site_field *field)
{
    if (field->has_fill)
        return;
    field->fill_max = 1;
    if (field->required)
        field->fill_min = 0.9;
    else if (str_eq(field->name, "posted_at") || str_eq(field->name, "view"))
        field->fill_min = 0.5;
}

static void check_field(struct site_parse *p, const struct site_layout *layout,
                        struct site_field *field)
{
    const char *attr = field->attr ? field->attr : "";

    for (size_t i = 0; i < field->n_css; i++)
        if (*field->css[i].attribute == '\0')
            field->css[i].attribute = attr;
    set_default_fill(field);
    if (field->n_css > 0)
        return;
    /* `attr = X` alone reads the row's own attribute. */
    if (*attr == '\0')
        site_problem_at(p, field->line, "%s.%s.css: missing: expected a CSS selector", layout->name,
                        field->name);
    field->css = arena_new(&p->site->arena, struct site_css);
    *field->css = (struct site_css){"", attr};
    field->n_css = 1;
}

static void check_layout(struct site_parse *p, struct site_layout *layout)
{
    struct arena *arena = &p->site->arena;

    need(p, layout->line, layout->rows, arena_printf(arena, "%s.rows", layout->name),
         "a CSS selector that finds the rows");
    if (!layout->match)
        layout->match = layout->rows;
    if (!layout->ready)
        layout->ready = layout->rows;
    for (const struct site_field_kind *kind = site_field_kinds; kind->name; kind++)
        if (kind->always_required)
            need(p, layout->line, find_field(layout, kind->name),
                 arena_printf(arena, "[%s.%s]", layout->name, kind->name),
                 "a section with `css = SELECTOR`");
    for (size_t i = 0; i < layout->n_fields; i++)
        check_field(p, layout, &layout->fields[i]);
}

static void check_range(struct site_parse *p, const char *key, const struct site_pages *pages)
{
    const char *url;
    int line = site_rule_line(p->site, "list.url", 0, &url);

    /* A bad address has no line here: it was reported already. */
    if (line && pages->from < pages->to && !strstr(url, "{page}"))
        site_problem_at(p, line, "list.url: \"%s\": expected {page} in it, as %s is %d-%d", url,
                        key, pages->from, pages->to);
}

static void check_pages(struct site_parse *p)
{
    const struct site_pages *refresh = &p->site->refresh_pages;

    check_range(p, "pages", &p->site->pages);
    check_range(p, "refresh_pages", refresh);
    if (p->site->refresh_text && refresh->from > refresh->to)
        site_problem_at(p, 0,
                        "list.refresh_pages: missing: expected the pages that "
                        "schedule.refresh reads, such as 3-7");
}

/* A key of [site] that the file does not give is read as if it were written there: with the same
 * checks. */
static void set_default(struct site_parse *p, const char *name, const char *value)
{
    const struct ini_entry entry = {.section = "site", .key = name, .value = value};
    const struct site_key *key = site_keys_site;

    while (!str_eq(key->name, name))
        key++;
    key->set(p, &entry, (char *)p->site + key->offset);
}

static void set_defaults(struct site_parse *p)
{
    struct site *site = p->site;

    if (!site->name)
        set_default(p, "name", site->id);
    if (!site->id_prefix)
        set_default(p, "id_prefix", site->id);
    if (!site->timezone)
        set_default(p, "timezone", TIMEZONE);
    if (!site->currency)
        set_default(p, "currency", "KRW");
}

static void check_whole(struct site_parse *p)
{
    struct site *site = p->site;

    set_defaults(p);
    need(p, 0, site->list_url, "list.url", "the address of the list, with {page}");
    need(p, 0, site->n_layouts > 0, "[layout NAME]", "at least one layout");
    check_pages(p);
    for (size_t i = 0; i < site->n_layouts; i++)
        check_layout(p, &site->layouts[i]);
    for (size_t i = 0; site->post && i < site->post->n_fields; i++)
        check_field(p, site->post, &site->post->fields[i]);
    site_check_post(p);
}

/* ---- life ---- */

static struct site *site_new(const char *path, const char *id)
{
    struct site *site = mem_new(struct site);

    arena_init(&site->arena);
    site->id = arena_strdup(&site->arena, id);
    site->path = arena_strdup(&site->arena, path);
    site->obey_robots = true;
    site->enabled = true;
    site->first_page = 1;
    site->pages = (struct site_pages){1, 1};
    site->refresh_pages = (struct site_pages){1, 0};
    site->post_max = POST_MAX;
    site->gone_status = (struct site_statuses){{404, 410}, 2};
    site->gone_distance_ms = GONE_DISTANCE_MS;
    site->gone_max = GONE_MAX;
    site->min_rows = 1;
    site->scroll_wait_ms = SCROLL_WAIT_MS;
    site->min_delay_ms = MIN_DELAY_MS;
    site->viewport_width = WIDTH;
    site->viewport_height = HEIGHT;
    site->settle_ms = SETTLE_MS;
    site->render_verify_ms = RENDER_VERIFY_MS;
    return site;
}

void site_free(struct site **site)
{
    if (!*site)
        return;
    clock_zone_free(&(*site)->zone);
    mem_free((*site)->lines);
    arena_fini(&(*site)->arena);
    mem_free(*site);
    *site = NULL;
}

static int finish(struct site_parse *p, struct ini *ini, int ini_result, const struct err *ini_err,
                  struct site **out)
{
    if (ini_result < 0 && p->problems == 0) /* not read at all */
        report(p, ini_err->text);
    if (ini->n > 0) {
        make_objects(p, ini);
        set_keys(p, ini);
    }
    if (ini_result == 0)
        check_whole(p);
    ini_fini(ini);
    if (p->problems > 0)
        site_free(&p->site);
    *out = p->site;
    return p->site ? 0 : -1;
}

int site_load(const char *path, const char *id, site_error_fn *on_error, void *ctx,
              struct site **out, struct err *err)
{
    struct site_parse p = {
        .site = site_new(path, id), .on_error = on_error, .ctx = ctx, .err = err};
    struct err ini_err;
    struct ini ini;
    int result = ini_read_file(&ini, path, on_ini_problem, &p, &ini_err);

    return finish(&p, &ini, result, &ini_err, out);
}

int site_load_text(const char *path, const char *id, const char *text, site_error_fn *on_error,
                   void *ctx, struct site **out, struct err *err)
{
    struct site_parse p = {
        .site = site_new(path, id), .on_error = on_error, .ctx = ctx, .err = err};
    struct err ini_err;
    struct ini ini;
    int result = ini_read_text(&ini, path, text, on_ini_problem, &p, &ini_err);

    return finish(&p, &ini, result, &ini_err, out);
}
