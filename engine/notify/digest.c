/* SPDX-License-Identifier: MIT */
/* digest.c - see digest.h. */
#include "notify/digest.h"
#include "base/str.h"

#define HEADINGS "키워드 알림"

static void add_push(struct digest *digest, const struct store_alarm_waiting *user,
                     const char *contents)
{
    digest->pushes[digest->n++] = (struct store_alarm_push){
        .user_id = user->user_id, .headings = HEADINGS, .contents = contents};
}

/* One push for groups from..n_groups - 1, which names the first. */
static void say(struct digest *digest, const struct store_alarm_waiting *user, int from, int to,
                struct arena *arena)
{
    const char *keyword = user->groups[from].keyword;
    long long deals = 0;

    for (int i = from; i < to; i++)
        deals += user->groups[i].deals;
    if (to - from == 1)
        add_push(
            digest, user,
            arena_printf(arena, "'%s' 키워드에 맞는 핫딜이 %lld개 올라왔습니다.", keyword, deals));
    else
        add_push(digest, user,
                 arena_printf(arena, "'%s' 외 %d개 키워드에 맞는 핫딜이 %lld개 올라왔습니다.",
                              keyword, to - from - 1, deals));
}

/* How many pushes may go out now. */
static int64_t room(const struct store_alarm_waiting *user)
{
    if (!str_eq(user->way, STORE_ALARM_AT_ONCE))
        return user->max_push_count;
    return user->max_push_count > user->pushes ? user->max_push_count - user->pushes : 0;
}

void digest_make(const struct store_alarm_waiting *user, const struct hours *hours,
                 const struct clock_zone *zone, int64_t now_ms, struct arena *arena,
                 struct digest *out)
{
    int64_t most = room(user);
    int n = most < user->n_groups ? (int)most : user->n_groups;

    *out = (struct digest){0};
    if (!user->alarm_status || user->max_push_count <= 0)
        return;
    if (n == 0 || !hours_contain(hours, zone, now_ms)) {
        out->waits = true;
        return;
    }
    out->pushes = arena_array(arena, struct store_alarm_push, (size_t)n);
    for (int i = 0; i < n - 1; i++)
        say(out, user, i, i + 1, arena);
    say(out, user, n - 1, user->n_groups, arena);
}
