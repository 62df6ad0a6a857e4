/* SPDX-License-Identifier: MIT */
/* play.c - lets a script answer; see play.h and README.md.
 *
 * A strand is a list of acts and how far it has come. The main strand plays the section of start, handshake or
 * connection; a standing answer is a short strand of its own, so that its delays hold up nobody else.
 *
 * A command that an `expect` still ahead would take waits in `held` for it; every other gets its standing answer.
 */
#include "fakechrome/play.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"
#include "fakechrome/script.h"

#include <stdio.h>
#include <string.h>

enum { FLOOD_STEP_MS = 10, MESSAGE_MAX_BYTES = 256 << 20 };

struct command {
    struct list link;
    int64_t id;
    char *method, *session;
    struct jdoc *doc; /* the whole message */
};

struct strand {
    struct list link;
    struct fakeplay *play;
    const struct acts *acts;
    size_t at;
    struct command *command; /* that is being answered; NULL: none yet */
    struct loop_timer *timer;
};

struct fakeplay {
    struct loop *loop;
    enum fakechrome_link link;
    const struct fakeplay_events *events;
    void *ctx;
    struct fakechrome *fake;
    struct fakescript *script, *built_in;
    int launch, connections;
    enum section_kind phase;
    struct strand *main; /* NULL: played to its end */
    bool expecting;      /* main stands at an expect */
    struct list strands; /* main and the others */
    struct list held;
    bool mute;   /* sends nothing any more */
    bool silent; /* and does not even play */
    size_t piece_bytes;
    int64_t next_n;
    char *endpoint;
    struct loop_timer *flood;
    int64_t flood_bytes_per_s;
    struct map asked; /* method > a count + 1, as a pointer's number */
};

static void strand_run(struct strand *strand);
static void phase_is_over(struct fakeplay *play);

/* ---- commands ---------------------------------------------------------------------------------- */

static struct command *command_new(const struct fake_command *from)
{
    struct command *command = mem_new(struct command);
    char *copy = mem_strndup(from->text, from->len);
    struct err ignored;

    command->id = from->id;
    command->method = mem_strdup(from->method);
    command->session = mem_strdup(from->session_id);
    check(jdoc_parse(copy, from->len, &command->doc, &ignored) == 0);
    list_init(&command->link);
    mem_free(copy);
    return command;
}

static void command_free(struct command *command)
{
    if (!command)
        return;
    list_remove(&command->link);
    jdoc_free(&command->doc);
    mem_free(command->method);
    mem_free(command->session);
    mem_free(command);
}

/* Strings as they are, numbers and booleans as JSON writes them. */
static void add_value(struct buf *out, const struct jval *value)
{
    if (jval_is_string(value))
        buf_adds(out, jval_str(value, ""));
    else if (jval_int(value, 0) != jval_int(value, 1))
        buf_adds(out, jval_bool(value, false) != jval_bool(value, true) ? ""
                      : jval_bool(value, false)                         ? "true"
                                                                        : "false");
    else
        buf_addf(out, "%lld", (long long)jval_int(value, 0));
}

static bool takes(const struct act *expect, const struct command *command)
{
    const struct jval *params = jval_get(jdoc_root(command->doc), "params");
    struct buf value;
    bool same = str_eq(expect->method, "*") || str_eq(expect->method, command->method);

    for (size_t i = 0; i < expect->n_params && same; i++) {
        buf_init(&value, BUF_MAX_DEFAULT);
        add_value(&value, jval_path(params, expect->params[i].path));
        same = str_eq(buf_str(&value), expect->params[i].value);
        buf_fini(&value);
    }
    return same;
}

/* ---- strands ----------------------------------------------------------------------------------- */

static void strand_free(struct strand *strand)
{
    if (strand == strand->play->main) {
        strand->play->main = NULL;
        strand->play->expecting = false;
    }
    list_remove(&strand->link);
    command_free(strand->command);
    loop_timer_free(&strand->timer);
    mem_free(strand);
}

static void drop_strands(struct fakeplay *play)
{
    while (!list_is_empty(&play->strands))
        strand_free(container_of(list_first(&play->strands), struct strand, link));
    while (!list_is_empty(&play->held))
        command_free(container_of(list_first(&play->held), struct command, link));
}

static void on_delay_over(void *ctx)
{
    strand_run(ctx);
}

static struct strand *strand_new(struct fakeplay *play, const struct acts *acts,
                                 struct command *command)
{
    struct strand *strand = mem_new(struct strand);

    strand->play = play;
    strand->acts = acts;
    strand->command = command;
    strand->timer = loop_timer_new(play->loop, on_delay_over, strand);
    list_init(&strand->link);
    list_append(&play->strands, &strand->link);
    return strand;
}

/* ---- texts ------------------------------------------------------------------------------------- */

static void add_fill(struct buf *out, size_t bytes)
{
    char *fill = mem_alloc(bytes + 1);

    memset(fill, 'x', bytes);
    buf_add(out, fill, bytes);
    mem_free(fill);
}

static void add_fill_text(struct buf *out, const char *number)
{
    int64_t bytes = 0;
    struct err err;

    check(str_to_bytes(number, &bytes, &err) == 0);
    add_fill(out, (size_t)bytes);
}

static void add_placeholder(struct strand *strand, struct buf *out, const char *name)
{
    static const char session_prefix[] =
        "S-"; /* as the built-in answer to Target.attachToTarget gives them */
    const struct command *command = strand->command;
    const char *session = command ? command->session : "";

    if (str_eq(name, "n"))
        buf_addf(out, "%lld", (long long)++strand->play->next_n);
    else if (str_starts(name, "fill:"))
        add_fill_text(out, name + strlen("fill:"));
    else if (str_eq(name, "session"))
        buf_adds(out, session);
    else if (str_eq(name, "target"))
        buf_adds(out,
                 str_starts(session, session_prefix) ? session + strlen(session_prefix) : session);
    else if (command && str_eq(name, "id"))
        buf_addf(out, "%lld", (long long)command->id);
    else if (command && str_starts(name, "params."))
        add_value(out, jval_path(jdoc_root(command->doc), name));
}

static void add_expanded(struct strand *strand, struct buf *out, const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        const char *dollar = memmem(text, (size_t)(end - text), "${", 2);
        const char *close = dollar ? memchr(dollar, '}', (size_t)(end - dollar)) : NULL;
        char name[80];

        if (!close) {
            buf_add(out, text, (size_t)(end - text));
            return;
        }
        buf_add(out, text, (size_t)(dollar - text));
        snprintf(name, sizeof(name), "%.*s", (int)(close - dollar - 2), dollar + 2);
        add_placeholder(strand, out, name);
        text = close + 1;
    }
}

static void add_session(struct buf *out, const char *session)
{
    if (!str_empty(session)) {
        buf_adds(out, ",\"sessionId\":");
        buf_add_json(out, session);
    }
    buf_addc(out, '}');
}

/* The message that the act sends. */
static void build(struct strand *strand, const struct act *act, struct buf *out)
{
    const struct command *command = strand->command;
    const char *session = command ? command->session : "";

    switch (act->kind) {
    case ACT_REPLY:
    case ACT_HALF:
        buf_addf(out, "{\"id\":%lld,\"result\":", (long long)command->id);
        add_expanded(strand, out, act->text, act->len);
        add_session(out, session);
        return;
    case ACT_REPLY_ERROR:
        buf_addf(out, "{\"error\":{\"code\":-32000,\"message\":");
        buf_add_json(out, act->text);
        buf_addf(out, "},\"id\":%lld", (long long)command->id);
        add_session(out, session);
        return;
    case ACT_BIG:
        buf_addf(out, "{\"id\":%lld,\"result\":{\"value\":\"", (long long)command->id);
        add_fill(out, (size_t)act->number);
        buf_adds(out, "\"}");
        add_session(out, session);
        return;
    case ACT_EVENT:
        buf_addf(out, "{\"method\":\"%s\",\"params\":", act->method);
        add_expanded(strand, out, act->text, act->len);
        add_session(out, str_eq(act->session, "browser") ? ""
                         : act->session                  ? act->session
                                                         : session);
        return;
    default:
        add_expanded(strand, out, act->text, act->len);
        return;
    }
}

static void send_message(struct strand *strand, const struct act *act)
{
    struct fakeplay *play = strand->play;
    struct buf out;

    if (play->mute)
        return;
    buf_init(&out, MESSAGE_MAX_BYTES);
    build(strand, act, &out);
    check(!buf_overflowed(&out));
    if (act->kind == ACT_HALF) {
        fakechrome_send_part(play->fake, buf_str(&out), out.len, out.len / 2);
        play->mute = true;
    } else {
        fakechrome_send_pieces(play->fake, buf_str(&out), out.len, play->piece_bytes);
    }
    buf_fini(&out);
}

/* ---- stderr ------------------------------------------------------------------------------------ */

static void tell_stderr(struct fakeplay *play, const char *bytes, size_t len)
{
    if (play->events->on_stderr)
        play->events->on_stderr(bytes, len, play->ctx);
}

static void on_flood(void *ctx)
{
    struct fakeplay *play = ctx;
    char line[101];

    memset(line, 'f', sizeof(line));
    line[99] = '\n';
    for (int64_t left = play->flood_bytes_per_s * FLOOD_STEP_MS / 1000; left > 0; left -= 100)
        tell_stderr(play, line, 100);
    loop_timer_start(play->flood, FLOOD_STEP_MS);
}

static void say(struct fakeplay *play, const struct act *act)
{
    char *line = mem_printf("%s\n", act->text);

    tell_stderr(play, line, strlen(line));
    mem_free(line);
}

/* ---- acts -------------------------------------------------------------------------------------- */

enum step { STEP_ON, STEP_WAIT, STEP_END };

static enum step meet_expect(struct strand *strand, const struct act *act)
{
    struct fakeplay *play = strand->play;
    struct list *at, *next;

    LIST_FOREACH (at, next, &play->held) {
        struct command *command = container_of(at, struct command, link);

        if (!takes(act, command))
            continue;
        command_free(strand->command);
        strand->command = command;
        list_remove(at);
        play->expecting = false;
        return STEP_ON;
    }
    play->expecting = true;
    return STEP_WAIT;
}

static enum step fall_silent(struct fakeplay *play)
{
    play->silent = play->mute = true;
    return STEP_END;
}

static enum step end_process(struct fakeplay *play, const struct act *act)
{
    play->silent = play->mute = true;
    fakechrome_flush(play->fake);
    fakechrome_hang_up(play->fake);
    if (play->events->on_exit)
        play->events->on_exit((int)act->number, play->ctx);
    return STEP_END;
}

static void flood_pings(struct fakeplay *play, int64_t n)
{
    for (int64_t i = 0; i < n && !play->mute; i++)
        fakechrome_ping(play->fake);
}

/* Acts that are done at once. */
static void act_out(struct strand *strand, const struct act *act)
{
    struct fakeplay *play = strand->play;

    switch (act->kind) {
    case ACT_FRAGMENTS:
        play->piece_bytes = (size_t)act->number;
        return;
    case ACT_PING_FLOOD:
        flood_pings(play, act->number);
        return;
    case ACT_GARBAGE:
        if (!play->mute)
            fakechrome_send_raw(play->fake, act->text, act->len);
        return;
    case ACT_STDERR:
        say(play, act);
        return;
    case ACT_STDERR_FLOOD:
        play->flood_bytes_per_s = act->number;
        loop_timer_start(play->flood, 0);
        return;
    case ACT_ENDPOINT:
        mem_free(play->endpoint);
        play->endpoint = mem_strdup(act->text);
        return;
    case ACT_IGNORE:
        return;
    default:
        send_message(strand, act);
        return;
    }
}

static enum step strand_step(struct strand *strand)
{
    const struct act *act = &strand->acts->each[strand->at];
    struct fakeplay *play = strand->play;

    if (act->kind == ACT_EXPECT && meet_expect(strand, act) == STEP_WAIT)
        return STEP_WAIT;
    strand->at++;
    switch (act->kind) {
    case ACT_EXPECT:
        return STEP_ON;
    case ACT_DELAY:
        loop_timer_start(strand->timer, act->number);
        return STEP_WAIT;
    case ACT_SILENCE:
        return fall_silent(play);
    case ACT_CLOSE:
        play->mute = true;
        fakechrome_hang_up(play->fake);
        return STEP_END;
    case ACT_EXIT:
        return end_process(play, act);
    case ACT_ACCEPT:
        fakechrome_accept(play->fake); /* on_open has replaced this strand */
        return STEP_END;
    case ACT_REFUSE:
        play->silent = true;
        fakechrome_refuse(play->fake, (int)act->number);
        return STEP_END;
    case ACT_LOOP:
        strand->at = 0;
        return STEP_ON;
    default:
        act_out(strand, act);
        return STEP_ON;
    }
}

static void strand_run(struct strand *strand)
{
    struct fakeplay *play = strand->play;
    bool is_main = strand == play->main;
    enum section_kind phase = play->phase;
    enum step step = STEP_ON;

    while (step == STEP_ON && strand->at < strand->acts->n)
        step = strand_step(strand);
    if (step == STEP_WAIT)
        return;
    if (is_main && play->phase != phase)
        return; /* the next phase has begun meanwhile, and freed this strand */
    strand_free(strand);
    if (play->silent)
        drop_strands(play);
    else if (is_main && step == STEP_ON)
        phase_is_over(play);
}

/* ---- phases ------------------------------------------------------------------------------------ */

static void begin_phase(struct fakeplay *play, enum section_kind phase)
{
    static const struct acts none = {NULL, 0};
    const struct acts *acts =
        fakescript_section(play->script, phase, play->launch, play->connections);

    drop_strands(play);
    play->phase = phase;
    play->main = strand_new(play, acts ? acts : &none, NULL);
    strand_run(play->main);
}

static void phase_is_over(struct fakeplay *play)
{
    switch (play->phase) {
    case SECTION_START:
        if (play->events->on_started)
            play->events->on_started(play->endpoint, play->ctx);
        return;
    case SECTION_HANDSHAKE:
        if (!play->mute)
            fakechrome_accept(play->fake);
        return;
    case SECTION_CONNECTION:
        /* Commands that waited for an expect that does not come any more. */
        while (!list_is_empty(&play->held)) {
            struct command *command = container_of(list_first(&play->held), struct command, link);

            list_remove(&command->link);
            strand_run(strand_new(
                play, fakescript_standing(play->script, play->built_in, command->method), command));
        }
        return;
    }
}

static void begin_connection(struct fakeplay *play)
{
    play->connections++;
    play->mute = play->silent = false;
    play->piece_bytes = 0;
}

static void on_handshake(struct fakechrome *fake, void *ctx)
{
    struct fakeplay *play = ctx;

    (void)fake;
    begin_connection(play);
    begin_phase(play, SECTION_HANDSHAKE);
}

static void on_open(struct fakechrome *fake, void *ctx)
{
    struct fakeplay *play = ctx;

    (void)fake;
    if (play->link == FAKECHROME_PIPE)
        begin_connection(play);
    begin_phase(play, SECTION_CONNECTION);
}

static void on_gone(struct fakechrome *fake, void *ctx)
{
    struct fakeplay *play = ctx;

    (void)fake;
    drop_strands(play);
    if (play->events->on_client_gone)
        play->events->on_client_gone(play->ctx);
}

/* ---- what comes -------------------------------------------------------------------------------- */

/* With `loop`, the whole section is still ahead. */
static bool is_awaited(const struct strand *main, const struct command *command)
{
    bool loops = main->acts->n > 0 && main->acts->each[main->acts->n - 1].kind == ACT_LOOP;

    for (size_t i = loops ? 0 : main->at; i < main->acts->n; i++)
        if (main->acts->each[i].kind == ACT_EXPECT && takes(&main->acts->each[i], command))
            return true;
    return false;
}

static void count(struct fakeplay *play, const char *method)
{
    uintptr_t before = (uintptr_t)map_get(&play->asked, method);

    map_put(&play->asked, method, (void *)(before + 1)); /* NOLINT: a number in a pointer's place */
}

static void on_command(struct fakechrome *fake, const struct fake_command *from, void *ctx)
{
    struct fakeplay *play = ctx;
    struct command *command;

    (void)fake;
    count(play, from->method);
    if (play->silent)
        return;
    command = command_new(from);
    if (play->main && is_awaited(play->main, command)) {
        list_append(&play->held, &command->link);
        if (play->expecting)
            strand_run(play->main);
        return;
    }
    strand_run(strand_new(play, fakescript_standing(play->script, play->built_in, command->method),
                          command));
}

/* ---- the object -------------------------------------------------------------------------------- */

int fakeplay_new(struct loop *loop, enum fakechrome_link link, const char *script, int launch,
                 const struct fakeplay_events *events, void *ctx, struct fakeplay **out,
                 struct err *err)
{
    static const struct fakechrome_events from_server = {on_handshake, on_open, on_command,
                                                         on_gone};
    static const struct fakeplay_events none = {0};
    struct fakeplay *play = mem_new(struct fakeplay);

    if (fakescript_parse(script, &play->script, err) < 0) {
        mem_free(play);
        return -1;
    }
    check(fakescript_parse(fakescript_built_in, &play->built_in, err) == 0);
    play->loop = loop;
    play->link = link;
    play->launch = launch;
    play->events = events ? events : &none;
    play->ctx = ctx;
    list_init(&play->strands);
    list_init(&play->held);
    map_init(&play->asked);
    play->flood = loop_timer_new(loop, on_flood, play);
    play->fake = fakechrome_new(loop, link, &from_server, play);
    *out = play;
    begin_phase(play, SECTION_START);
    return 0;
}

void fakeplay_free(struct fakeplay **play_ptr)
{
    struct fakeplay *play = *play_ptr;

    *play_ptr = NULL;
    if (!play)
        return;
    fakechrome_free(&play->fake);
    drop_strands(play);
    loop_timer_free(&play->flood);
    fakescript_free(&play->script);
    fakescript_free(&play->built_in);
    map_fini(&play->asked);
    mem_free(play->endpoint);
    mem_free(play);
}

struct fakechrome *fakeplay_server(struct fakeplay *play)
{
    return play->fake;
}

bool fakeplay_is_done(const struct fakeplay *play)
{
    return play->phase == SECTION_CONNECTION && !play->main;
}

int fakeplay_asked(const struct fakeplay *play, const char *method)
{
    return (int)(uintptr_t)map_get(&play->asked, method);
}
