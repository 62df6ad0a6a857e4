/* SPDX-License-Identifier: MIT */
/* native_rules.c - compiles a site's selectors and regular expressions; names the line of the first
 * that only Chrome can do. */
#include "crawl/native_priv.h"

#include "base/buf.h"
#include "base/str.h"

#include <string.h>

struct compiling {
    struct native_rules *rules;
    const char *layout;
    const char *field; /* NULL: of the layout itself */
    struct err *err;
    bool has_failed;
};

static void refuse(struct compiling *c, const char *key, size_t n, const char *text,
                   const char *why)
{
    const struct site *site = c->rules->site;
    const char *rule = c->field
                           ? arena_printf(&c->rules->arena, "%s.%s.%s", c->layout, c->field, key)
                           : arena_printf(&c->rules->arena, "%s.%s", c->layout, key);
    const char *value;
    int line = site_rule_line(site, rule, n, &value);

    if (!c->has_failed)
        err_set(c->err, ERR_SITE, "%s:%d: %s: \"%s\": %s", site->path, line, rule, text, why);
    c->has_failed = true;
}

static const struct css *css_of(struct compiling *c, const char *key, size_t n, const char *text)
{
    const char *why = NULL;
    const struct css *css = css_compile(&c->rules->arena, text, &c->rules->n_has, &why);

    if (!css)
        refuse(c, key, n, text, why);
    return css;
}

static struct regex *regex_of(struct compiling *c, const char *key, size_t n, const char *text)
{
    struct native_rules *rules = c->rules;
    const char *why = NULL;
    struct regex *regex;

    if (!text || !*text)
        return NULL;
    regex = regex_compile(&rules->arena, text, &why);
    if (!regex) {
        refuse(c, key, n, text, why);
        return NULL;
    }
    if (rules->n_regexes == rules->cap_regexes) {
        rules->cap_regexes = rules->cap_regexes ? 2 * rules->cap_regexes : 16;
        rules->regexes = mem_realloc(rules->regexes, rules->cap_regexes * sizeof(*rules->regexes));
    }
    return rules->regexes[rules->n_regexes++] = regex;
}

static struct native_regexes regexes_of(struct compiling *c, const char *key,
                                        const struct site_texts *texts)
{
    struct native_regexes out = {arena_array(&c->rules->arena, struct regex *, texts->n), texts->n};

    for (size_t i = 0; i < texts->n; i++)
        out.items[i] = regex_of(c, key, i, texts->items[i]);
    return out;
}

/* getAttribute() takes names in any case. */
static const char *lowered(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);

    for (char *at = copy; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at | 0x20);
    return copy;
}

static void field_of(struct compiling *c, const struct site_field *rule, struct native_field *out)
{
    struct arena *arena = &c->rules->arena;

    c->field = rule->name;
    out->rule = rule;
    out->css = arena_array(arena, struct native_css, rule->n_css);
    for (size_t i = 0; i < rule->n_css; i++) {
        const char *selector = rule->css[i].selector;

        out->css[i].css = *selector ? css_of(c, "css", i, selector) : NULL;
        out->css[i].attribute = lowered(arena, rule->css[i].attribute);
    }
    if (!str_empty(rule->without))
        out->without = css_of(c, "without", 0, rule->without);
    out->match = regex_of(c, "match", 0, rule->match);
    out->placeholder = regex_of(c, "placeholder", 0, rule->placeholder);
    c->field = NULL;
}

static void layout_of(struct compiling *c, const struct site_layout *rule,
                      struct native_layout *out)
{
    struct arena *arena = &c->rules->arena;

    c->layout = rule->name;
    out->rule = rule;
    out->rows = css_of(c, "rows", 0, rule->rows);
    out->match = css_of(c, "match", 0, rule->match);
    out->ready = css_of(c, "ready", 0, rule->ready);
    out->skip = arena_array(arena, const struct css *, rule->skip.n);
    for (size_t i = 0; i < rule->skip.n; i++)
        out->skip[i] = css_of(c, "skip", i, rule->skip.items[i]);
    out->skip_text = regexes_of(c, "skip_text", &rule->skip_text);
    out->skip_category = regexes_of(c, "skip_category", &rule->skip_category);
    out->fields = arena_array(arena, struct native_field, rule->n_fields);
    for (size_t i = 0; i < rule->n_fields; i++)
        field_of(c, &rule->fields[i], &out->fields[i]);
}

int native_rules_init(struct native_rules *rules, const struct site *site,
                      const struct site_layout *layouts, size_t n_layouts, struct err *err)
{
    struct compiling c = {.rules = rules, .err = err};

    *rules = (struct native_rules){.site = site, .n_layouts = n_layouts};
    arena_init(&rules->arena);
    if (site->scroll && layouts == site->layouts)
        return err_set(err, ERR_SITE, "%s: list.scroll: only Chrome can scroll", site->path);
    rules->is_post = layouts == site->post;
    c.layout = "gone";
    if (rules->is_post) {
        rules->gone_text = regexes_of(&c, "text", &site->gone_text);
        rules->gone_dialog = regexes_of(&c, "dialog", &site->gone_dialog);
    }
    rules->layouts = arena_array(&rules->arena, struct native_layout, n_layouts);
    for (size_t i = 0; i < n_layouts && !c.has_failed; i++)
        layout_of(&c, &layouts[i], &rules->layouts[i]);
    return c.has_failed ? -1 : 0;
}

void native_rules_fini(struct native_rules *rules)
{
    for (size_t i = 0; i < rules->n_regexes; i++)
        regex_free(&rules->regexes[i]);
    mem_free(rules->regexes);
    arena_fini(&rules->arena);
}

int native_can(const struct site *site, const struct site_layout *layouts, size_t n_layouts,
               struct err *err)
{
    struct native_rules rules;
    int result = native_rules_init(&rules, site, layouts, n_layouts, err);

    native_rules_fini(&rules);
    return result;
}
