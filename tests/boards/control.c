/* SPDX-License-Identifier: MIT */
/* control.c - POST /_control: edit deals, give boards troubles, move the clock. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "boards/hub.h"
#include "boards/page.h"

static int refuse(struct out *message, int status, const char *why)
{
    out_str(message, "{\"error\": ");
    out_json(message, why);
    out_str(message, "}\n");
    return status;
}

static bool known_keys_only(const char *query)
{
    static const char *const known[] = {"board",  "key",         "title",      "sold", "delete",
                                        "status", "retry_after", "delay_ms",   "hang", "reset",
                                        "now",    "frozen",      "reset_stats"};
    size_t i;

    while (*query) {
        size_t part = strcspn(query, "&"), len = strcspn(query, "=&");

        for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            if (strlen(known[i]) == len && strncmp(query, known[i], len) == 0)
                break;
        if (part && i == sizeof(known) / sizeof(known[0]))
            return false;
        query += part;
        query += *query == '&';
    }
    return true;
}

/* Titles are one line without surplus blanks, as boards store them. */
static void collapse_blanks(struct out *text)
{
    size_t i, len = 0;

    for (i = 0; i < text->len; i++) {
        bool blank = strchr(" \t\r\n", text->data[i]) != NULL;

        if (blank && (len == 0 || text->data[len - 1] == ' '))
            continue;
        text->data[len++] = blank ? ' ' : text->data[i];
    }
    while (len && text->data[len - 1] == ' ')
        len--;
    text->len = len;
    text->data[len] = '\0';
}

static int edit_deal(struct hub *h, const struct board *b, const char *query, struct out *message)
{
    long id = query_number(query, "key", 0), sold = query_number(query, "sold", -1);
    struct out title = {0};
    struct deal d;
    int status = 200;

    if (query_value(query, "title", &title))
        collapse_blanks(&title);
    if (!world_deal(&h->world, &b->rule, world_now(&h->world), deal_slot_of_id(&b->rule, id), &d))
        status = refuse(message, 404, "no deal has this key now");
    else if (title.len > WORLD_TITLE_MAX_BYTES || (title.data && !title.len))
        status = refuse(message, 400, "title: empty or too long");
    else
        world_edit_deal(&h->world, b->name, id, title.len ? title.data : NULL,
                        sold < 0 ? -1 : sold != 0, query_number(query, "delete", 0) == 1);
    out_fini(&title);
    return status;
}

static int set_trouble(struct hub *h, const struct board *b, const char *query, struct out *message)
{
    struct trouble *t = &h->trouble[hub_index(b)];
    long status = query_number(query, "status", t->status);
    long delay_ms = query_number(query, "delay_ms", t->delay_ms);
    long retry_after = query_number(query, "retry_after", t->retry_after);

    if (status && (status < 200 || status > 599))
        return refuse(message, 400, "status: expected 0 or 200 .. 599");
    if (delay_ms < 0 || delay_ms > 600000 || retry_after < 0 || retry_after > INT_MAX)
        return refuse(message, 400, "delay_ms, retry_after: out of range");
    t->status = (int)status;
    t->delay_ms = (int)delay_ms;
    t->retry_after = (int)retry_after;
    t->hang = query_number(query, "hang", t->hang) != 0;
    return 200;
}

static int control_board(struct hub *h, const char *name, const char *query, struct out *message)
{
    const struct board *b = boards_find(name);

    if (!b)
        return refuse(message, 404, "no such board");
    if (query_number(query, "reset", 0) == 1) {
        h->trouble[hub_index(b)] = (struct trouble){0};
        world_forget_edits(&h->world, b->name);
        return 200;
    }
    if (query_value(query, "key", NULL))
        return edit_deal(h, b, query, message);
    return set_trouble(h, b, query, message);
}

static int move_clock(struct hub *h, const char *query, struct out *message)
{
    struct out text = {0};
    int64_t now = world_now(&h->world);
    bool ok = !query_value(query, "now", &text) || world_parse_time(text.data, &now);

    out_fini(&text);
    if (!ok || now < DEALS_FIRST_S)
        return refuse(message, 400, "now: expected RFC 3339, 2015 or later");
    world_set_now(&h->world, now);
    h->world.frozen = query_number(query, "frozen", h->world.frozen) != 0;
    return 200;
}

int hub_control(struct hub *h, const char *query, struct out *message)
{
    struct out name = {0};
    int status = 200;

    if (!known_keys_only(query))
        return refuse(message, 400, "unknown key; see tests/boards/README.md");
    if (query_value(query, "now", NULL) || query_value(query, "frozen", NULL))
        status = move_clock(h, query, message);
    if (status == 200 && query_value(query, "board", &name))
        status = control_board(h, name.data, query, message);
    if (query_number(query, "reset_stats", 0) == 1)
        hub_reset_counters(h);
    out_fini(&name);
    pthread_cond_broadcast(&h->changed);
    if (status == 200)
        out_str(message, "{\"ok\": true}\n");
    return status;
}
