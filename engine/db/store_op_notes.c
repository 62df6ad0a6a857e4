/* SPDX-License-Identifier: MIT */
/* store_op_notes.c - deep copies for the calls of store_notes.c, and joining what they answer. */
#include "base/buf.h"
#include "db/store_vtable.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 100, FIELDS_MAX = 100 };

const char *store_op_name(struct store_op *op, const char *what, const char *name)
{
    const char *copy = store_op_text(op, name);

    if (!copy || !*copy || strlen(copy) > NAME_MAX_BYTES)
        err_set(&op->err, ERR_STORE, "%s \"%.100s\": expected 1 to %d bytes", what,
                copy ? copy : "", NAME_MAX_BYTES);
    return copy;
}

void store_op_take_keys(struct store_op *op, const char *site, const char *const *keys, int n)
{
    check(n >= 0);
    op->site = store_op_text(op, site);
    op->keys = arena_array(&op->arena, const char *, (size_t)n + 1);
    op->n_keys = n;
    for (int i = 0; i < n; i++)
        op->keys[i] = store_op_text(op, keys[i]);
}

/* ---- twins ----------------------------------------------------------------------------------- */

static void add_shop(struct buf *json, const struct deal *deal)
{
    buf_addf(json, "%c{\"id\":%lld,\"sort_at\":%lld,\"site\":", json->len ? ',' : '[',
             (long long)deal->id, (long long)deal->sort_at_ms);
    buf_add_json(json, deal->row.site);
    buf_adds(json, ",\"shop\":");
    buf_add_json(json, deal->row.shop_key);
    buf_addc(json, '}');
}

const char *store_op_shops_json(struct store_op *op)
{
    const char *text = NULL;
    struct buf json;

    if (!op->query.with_also_on)
        return NULL;
    buf_init(&json, BUF_MAX_DEFAULT);
    for (int i = 0; i < op->n_deals; i++)
        if (op->deals[i].row.shop_key)
            add_shop(&json, &op->deals[i]);
    if (json.len) {
        buf_addc(&json, ']');
        text = arena_strdup(&op->arena, buf_str(&json));
    }
    buf_fini(&json);
    return text;
}

void store_op_add_twin(struct store_op *op, int64_t deal_id, const struct deal_twin *twin)
{
    for (int i = 0; i < op->n_deals; i++) {
        struct deal *deal = &op->deals[i];
        struct deal_twin *twins;

        if (deal->id != deal_id || deal->n_also_on == STORE_TWINS_MAX)
            continue;
        twins = (struct deal_twin *)deal->also_on;
        if (!twins)
            deal->also_on = twins = arena_array(&op->arena, struct deal_twin, STORE_TWINS_MAX);
        twins[deal->n_also_on++] = *twin;
        return;
    }
}

/* ---- events ---------------------------------------------------------------------------------- */

void store_op_events_init(struct store_op *op)
{
    op->answer.events = arena_array(&op->arena, struct store_news, (size_t)op->limit);
    op->deals = arena_array(&op->arena, struct deal, (size_t)op->limit);
}

struct store_news *store_op_next_event(struct store_op *op)
{
    check(op->n_answer < op->limit);
    return &op->answer.events[op->n_answer++];
}

/* A deal changes seldom, and then in one transaction: its events are neighbours. */
struct deal *store_op_event_deal(struct store_op *op, const struct deal *read)
{
    for (int i = op->n_deals - 1; i >= 0; i--)
        if (op->deals[i].id == read->id)
            return &op->deals[i];
    op->deals[op->n_deals] = *read;
    return &op->deals[op->n_deals++];
}

/* ---- alive ----------------------------------------------------------------------------------- */

/* As rows of a batch: by length, then bytes. */
static int by_key(const void *a_ptr, const void *b_ptr)
{
    const char *a = ((const struct store_alive_result *)a_ptr)->key;
    const char *b = ((const struct store_alive_result *)b_ptr)->key;
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);

    if (a_len != b_len)
        return a_len < b_len ? -1 : 1;
    return strcmp(a, b);
}

void store_op_take_alive(struct store_op *op, const struct store_alive_batch *batch)
{
    struct store_alive_result *results =
        arena_array(&op->arena, struct store_alive_result, (size_t)batch->n + 1);

    check(batch->n >= 0 && batch->min_distance_ms >= 0);
    for (int i = 0; i < batch->n; i++) {
        results[i] = batch->results[i];
        results[i].key = store_op_text(op, results[i].key);
    }
    qsort(results, (size_t)batch->n, sizeof(*results), by_key);
    op->alive = *batch;
    op->alive.site = store_op_text(op, batch->site);
    store_op_take_fence(op, &batch->fence);
    op->alive.results = results;
    for (int i = 1; i < batch->n; i++)
        if (by_key(&results[i - 1], &results[i]) == 0)
            err_set(&op->err, ERR_STORE, "deal %s/%s: twice in one batch", op->alive.site,
                    results[i].key);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void refuse_doubles(struct store_op *op, const struct store_field *fields, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(fields[i].name, fields[j].name) == 0)
                err_set(&op->err, ERR_STORE, "field %s: twice in one layout", fields[i].name);
}

void store_op_take_fields(struct store_op *op, const struct store_fields *fields)
{
    struct store_field *copies =
        arena_array(&op->arena, struct store_field, (size_t)fields->n_fields + 1);

    check(fields->run_id && fields->n_fields >= 0 && fields->n_fields <= FIELDS_MAX);
    op->fields = *fields;
    op->fields.site = store_op_name(op, "site", fields->site);
    op->fields.layout = store_op_name(op, "layout", fields->layout);
    op->fields.fields = copies;
    for (int i = 0; i < fields->n_fields; i++) {
        copies[i] = fields->fields[i];
        copies[i].name = store_op_name(op, "field", copies[i].name);
    }
    if (op->err.code == ERR_OK)
        refuse_doubles(op, copies, fields->n_fields);
}

/* Room for one more in an array that doubles. */
static void *grow(struct store_op *op, const void *items, int n, size_t size)
{
    void *bigger;

    if (n & (n - 1))
        return (void *)items; /* powers of two are full */
    bigger = arena_alloc(&op->arena, (n ? 2 * (size_t)n : 1) * size);
    if (n)
        memcpy(bigger, items, (size_t)n * size);
    return bigger;
}

static bool is_of_run(const struct store_fields *run, const struct store_field_line *line)
{
    return run->run_id == line->run_id && strcmp(run->layout, line->layout) == 0;
}

void store_op_add_field(struct store_op *op, const struct store_field_line *line)
{
    struct store_fields *runs = op->answer.fields;
    struct store_fields *run = op->n_answer ? &runs[op->n_answer - 1] : NULL;
    struct store_field *fields;

    if (!run || !is_of_run(run, line)) {
        runs = op->answer.fields = grow(op, runs, op->n_answer, sizeof(*runs));
        run = &runs[op->n_answer++];
        *run = (struct store_fields){.run_id = line->run_id,
                                     .site = op->site,
                                     .layout = line->layout,
                                     .at_ms = line->at_ms,
                                     .is_good = op->flag,
                                     .rows = line->rows};
    }
    if (!line->field.name)
        return;
    fields = grow(op, run->fields, run->n_fields, sizeof(*fields));
    fields[run->n_fields++] = line->field;
    run->fields = fields;
}
