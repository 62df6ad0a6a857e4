/* SPDX-License-Identifier: MIT */
/* control.c - POST /_control: edit deals, give boards troubles, move the clock. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boards/hub.h"
#include "boards/page.h"
#include "boards/walls.h"

static int refuse(struct out *message, int status, const char *why)
{
    out_str(message, "{\"error\": ");
    out_json(message, why);
    out_str(message, "}\n");
    return status;
}

static bool known_keys_only(const char *query)
{
    static const char *const known[] = {
        "board",       "reset",       "now",        "frozen",
        "reset_stats", /* all */
        "key",         "at",          "title",      "price",
        "link", /* one deal */
        "sold",        "delete",      "blind",      "pin",
        "image",       "view",        "like",       "comment", /* */
        "status",      "retry_after", "delay_ms",   "hang",
        "wall",                                     /* troubles */
        "pages",       "cut_bytes",   "retry_date", /* */
        "epoch",       "layout",      "thumb",      "client_rendered",
        "shift", /* looks */
        "truncate",
    };
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

/* A text of one line; NULL where the query has none. */
static const char *text_value(const char *query, const char *key, struct out *text)
{
    if (!query_value(query, key, text))
        return NULL;
    collapse_blanks(text);
    return out_text(text);
}

static bool is_bad_text(const char *text)
{
    return text && (!text[0] || strlen(text) > WORLD_TITLE_MAX_BYTES);
}

static int edit_deal(struct hub *h, const struct board *b, const char *query, struct out *message)
{
    long id = query_number(query, "key", 0);
    struct out title = {0}, price = {0}, link = {0}, at = {0};
    struct world_change c = {
        .title = text_value(query, "title", &title),
        .price = text_value(query, "price", &price),
        .link = text_value(query, "link", &link),
        .sold = (int)query_number(query, "sold", -1),
        .deleted = (int)query_number(query, "delete", -1),
        .hidden = (int)query_number(query, "blind", -1),
        .pinned = (int)query_number(query, "pin", -1),
        .image = (int)query_number(query, "image", -1),
        .view = query_number(query, "view", -1),
        .comment = query_number(query, "comment", -1),
        .like = query_number(query, "like", -1),
    };
    struct deal d;
    int status = 200;

    if (!deal_make(&b->rule, h->world.seed, deal_slot_of_id(&b->rule, id), world_now(&h->world),
                   &d))
        status = refuse(message, 404, "no deal has this key now");
    else if (is_bad_text(c.title) || is_bad_text(c.price) || (c.link && strlen(c.link) > 390))
        status = refuse(message, 400, "title, price, link: empty or too long");
    else if (query_value(query, "at", &at) && !world_parse_time(at.data, &c.at))
        status = refuse(message, 400, "at: expected RFC 3339");
    else if (c.hidden == 1 && !b->hidden_title)
        status = refuse(message, 400, "blind: this board has no such rows");
    else
        world_change_deal(&h->world, b->name, id, &c);
    out_fini(&title);
    out_fini(&price);
    out_fini(&link);
    out_fini(&at);
    return status;
}

static int set_wall(struct trouble *t, const char *query, struct out *message)
{
    struct out wall = {0};
    int status = 200;

    if (query_value(query, "wall", &wall)) {
        if (wall.len && !wall_known(wall.data))
            status = refuse(message, 400, "wall: expected challenge, login, consent or block");
        else
            snprintf(t->wall, sizeof(t->wall), "%s", out_text(&wall));
        t->wall_left = (int)query_number(query, "pages", 0);
    }
    out_fini(&wall);
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
    t->retry_date = query_number(query, "retry_date", t->retry_date) != 0;
    t->hang = query_number(query, "hang", t->hang) != 0;
    t->cut_bytes = (int)query_number(query, "cut_bytes", t->cut_bytes);
    return set_wall(t, query, message);
}

static int set_thumb(struct world_look *look, const char *query, struct out *message)
{
    static const char *const names[] = {"real", "none", "lazy", "broken"};
    struct out thumb = {0};
    size_t i = 0;

    if (query_value(query, "thumb", &thumb)) {
        while (i < 4 && strcmp(names[i], out_text(&thumb)) != 0)
            i++;
        if (i < 4)
            look->thumb = (enum world_thumb)i;
    }
    out_fini(&thumb);
    return i < 4 ? 200 : refuse(message, 400, "thumb: expected real, none, lazy or broken");
}

static int set_look(struct hub *h, const struct board *b, const char *query, struct out *message)
{
    struct world_look *look = world_look_of(&h->world, b->name);
    struct out layout = {0};

    look->epoch = (int)query_number(query, "epoch", look->epoch);
    look->shift = (int)query_number(query, "shift", look->shift);
    look->truncate = (int)query_number(query, "truncate", look->truncate);
    look->client_rendered = query_number(query, "client_rendered", look->client_rendered) != 0;
    if (query_value(query, "layout", &layout))
        snprintf(look->view, sizeof(look->view), "%s", out_text(&layout));
    out_fini(&layout);
    return set_thumb(look, query, message);
}

static int control_board(struct hub *h, const char *name, const char *query, struct out *message)
{
    const struct board *b = boards_find(name);

    if (!b)
        return refuse(message, 404, "no such board");
    if (query_number(query, "reset", 0) == 1) {
        h->trouble[hub_index(b)] = (struct trouble){0};
        *world_look_of(&h->world, b->name) = (struct world_look){0};
        world_look_of(&h->world, b->name);
        world_forget_edits(&h->world, b->name);
        return 200;
    }
    if (query_value(query, "key", NULL))
        return edit_deal(h, b, query, message);
    if (set_look(h, b, query, message) != 200)
        return 400;
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
