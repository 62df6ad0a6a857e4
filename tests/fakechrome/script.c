/* SPDX-License-Identifier: MIT */
/* script.c - reads the script language; see script.h and README.md. */
#include "fakechrome/script.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { MAX_NUMBER = 1 << 30 };

/* What follows a word. */
enum form {
    FORM_NONE,
    FORM_NUMBER,
    FORM_BYTES,
    FORM_TEXT,
    FORM_EXPECT,
    FORM_EVENT,
    FORM_REPLY,
    FORM_STDERR
};

#define IN(kind) (1u << SECTION_##kind)
#define IN_STANDING (1u << 3)
#define IN_TALK (IN(CONNECTION) | IN_STANDING)
#define IN_ANY (IN(START) | IN(HANDSHAKE) | IN_TALK)

struct word {
    const char *name;
    enum act_kind kind;
    enum form form;
    unsigned where;
    bool of_command; /* needs a command that it answers */
};

static const struct word words[] = {
    {"expect", ACT_EXPECT, FORM_EXPECT, IN(CONNECTION), false},
    {"reply", ACT_REPLY, FORM_REPLY, IN_TALK, true},
    {"event", ACT_EVENT, FORM_EVENT, IN_TALK, false},
    {"message", ACT_MESSAGE, FORM_BYTES, IN_TALK, false},
    {"garbage", ACT_GARBAGE, FORM_BYTES, IN(HANDSHAKE) | IN_TALK, false},
    {"half", ACT_HALF, FORM_TEXT, IN_TALK, true},
    {"big", ACT_BIG, FORM_NUMBER, IN_TALK, true},
    {"fragments", ACT_FRAGMENTS, FORM_NUMBER, IN_TALK, false},
    {"ping-flood", ACT_PING_FLOOD, FORM_NUMBER, IN_TALK, false},
    {"delay", ACT_DELAY, FORM_NUMBER, IN_ANY, false},
    {"ignore", ACT_IGNORE, FORM_NONE, IN_STANDING, false},
    {"silence", ACT_SILENCE, FORM_NONE, IN_ANY, false},
    {"close", ACT_CLOSE, FORM_NONE, IN(HANDSHAKE) | IN_TALK, false},
    {"exit", ACT_EXIT, FORM_NUMBER, IN_ANY, false},
    {"stderr", ACT_STDERR, FORM_STDERR, IN_ANY, false},
    {"endpoint", ACT_ENDPOINT, FORM_BYTES, IN(START), false},
    {"accept", ACT_ACCEPT, FORM_NONE, IN(HANDSHAKE), false},
    {"refuse", ACT_REFUSE, FORM_NUMBER, IN(HANDSHAKE), false},
    {"loop", ACT_LOOP, FORM_NONE, IN(CONNECTION), false},
};

struct reader {
    struct fakescript *script;
    int line;
    int launch;
    bool open; /* the last of script->sections takes the lines */
};

static int refuse(const struct reader *r, struct err *err, const char *what, const char *why)
{
    return err_set(err, ERR_CONFIG, "script:%d: %s: %s", r->line, what, why);
}

/* ---- pieces of a line -------------------------------------------------------------------------- */

/* The next word, cut out in place; the rest is trimmed. "" at the end. */
static char *next_word(char **rest)
{
    char *word = str_trim(*rest);
    size_t len = strcspn(word, " \t");

    *rest = word + len;
    if (**rest)
        *(*rest)++ = '\0';
    *rest = str_trim(*rest);
    return word;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* \xHH is a byte; every other backslash stays, so that JSON's own escapes need no doubling. */
static void take_bytes(struct act *act, const char *text)
{
    struct buf bytes;

    buf_init(&bytes, BUF_MAX_DEFAULT);
    for (; *text; text++) {
        int high = text[0] == '\\' && text[1] == 'x' ? hex_digit(text[2]) : -1;
        int low = high >= 0 ? hex_digit(text[3]) : -1;

        buf_addc(&bytes, low >= 0 ? (char)(high << 4 | low) : *text);
        text += low >= 0 ? 3 : 0;
    }
    act->len = bytes.len;
    act->text = bytes.data ? buf_take(&bytes) : mem_strdup("");
}

static void take_text(struct act *act, const char *text)
{
    act->text = mem_strdup(text);
    act->len = strlen(text);
}

/* The length of the JSON value at the front, brackets and strings counted; all of it when it has no end. */
static size_t json_len(const char *text)
{
    int depth = 0;
    bool in_string = false;

    for (size_t i = 0; text[i]; i++) {
        if (in_string) {
            if (text[i] == '\\' && text[i + 1])
                i++;
            else
                in_string = text[i] != '"';
        } else if (text[i] == '"') {
            in_string = true;
        } else if (strchr("{[", text[i])) {
            depth++;
        } else if (strchr("}]", text[i]) && --depth == 0) {
            return i + 1;
        } else if (depth == 0 && strchr(" \t", text[i])) {
            return i;
        }
    }
    return strlen(text);
}

static bool is_placeholder(const char *name)
{
    static const char *const whole[] = {"id", "session", "target", "n"};
    struct err ignored;
    int64_t bytes;

    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        if (str_eq(name, whole[i]))
            return true;
    if (str_starts(name, "fill:"))
        return str_to_bytes(name + strlen("fill:"), &bytes, &ignored) == 0 && bytes >= 0 &&
               bytes <= MAX_NUMBER;
    return str_starts(name, "params.");
}

static int check_placeholders(const struct reader *r, const struct act *act, struct err *err)
{
    const char *at = act->kind == ACT_GARBAGE ? NULL : act->text;

    while (at && (at = strstr(at, "${"))) {
        size_t len = strcspn(at + 2, "}");
        char name[80];

        snprintf(name, sizeof(name), "%.*s", (int)len, at + 2);
        if (!is_placeholder(name))
            return refuse(
                r, err, at,
                "expected ${id}, ${session}, ${target}, ${n}, ${params.NAME} or ${fill:BYTES}");
        at += 2 + len;
    }
    return 0;
}

/* ---- the forms --------------------------------------------------------------------------------- */

static int take_number(const struct reader *r, struct act *act, const char *name, const char *text,
                       struct err *err)
{
    struct err ignored;

    if (str_to_bytes(text, &act->number, &ignored) < 0 || act->number < 0 ||
        act->number > MAX_NUMBER)
        return refuse(r, err, name, "expected a number (60M is 60 * 1024 * 1024) up to 1G");
    return 0;
}

static int take_expect(const struct reader *r, struct act *act, char *rest, struct err *err)
{
    act->method = mem_strdup(next_word(&rest));
    if (str_empty(act->method))
        return refuse(r, err, "expect", "expected a method, or *");
    while (*rest) {
        char *path = next_word(&rest);
        char *value = strchr(path, '=');

        if (!value)
            return refuse(r, err, path, "expected PARAM=VALUE");
        *value++ = '\0';
        act->params = mem_realloc(act->params, (act->n_params + 1) * sizeof(*act->params));
        act->params[act->n_params++] = (struct act_param){mem_strdup(path), mem_strdup(value)};
    }
    return 0;
}

static int take_event(const struct reader *r, struct act *act, char *rest, struct err *err)
{
    size_t len;

    act->method = mem_strdup(next_word(&rest));
    len = json_len(rest);
    if (*rest != '{' || rest[len - 1] != '}')
        return refuse(r, err, "event", "expected METHOD {params} [SESSION|browser]");
    act->text = mem_strndup(rest, len);
    act->len = len;
    rest += len;
    if (*str_trim(rest))
        act->session = mem_strdup(str_trim(rest));
    return 0;
}

static int take_reply(const struct reader *r, struct act *act, char *rest, struct err *err)
{
    if (str_eq(rest, "error") || str_starts(rest, "error ")) {
        act->kind = ACT_REPLY_ERROR;
        rest = str_trim(rest + strlen("error"));
        take_text(act, *rest ? rest : "refused by the script");
        return 0;
    }
    take_text(act, rest);
    return *rest ? 0 : refuse(r, err, "reply", "expected JSON, or error [TEXT]");
}

static int take_stderr(const struct reader *r, struct act *act, char *rest, struct err *err)
{
    if (str_starts(rest, "flood ")) {
        act->kind = ACT_STDERR_FLOOD;
        return take_number(r, act, "stderr flood", str_trim(rest + strlen("flood ")), err);
    }
    take_text(act, rest);
    return 0;
}

static int take_form(const struct reader *r, const struct word *word, struct act *act, char *rest,
                     struct err *err)
{
    switch (word->form) {
    case FORM_NUMBER:
        return take_number(r, act, word->name, rest, err);
    case FORM_BYTES:
        take_bytes(act, rest);
        return 0;
    case FORM_TEXT:
        take_text(act, rest);
        return 0;
    case FORM_EXPECT:
        return take_expect(r, act, rest, err);
    case FORM_EVENT:
        return take_event(r, act, rest, err);
    case FORM_REPLY:
        return take_reply(r, act, rest, err);
    case FORM_STDERR:
        return take_stderr(r, act, rest, err);
    case FORM_NONE:
        break;
    }
    return *rest ? refuse(r, err, word->name, "expected nothing behind it") : 0;
}

/* ---- lines ------------------------------------------------------------------------------------- */

static const struct word *find_word(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(words[i].name, name))
            return &words[i];
    return NULL;
}

static bool has(const struct acts *acts, enum act_kind kind)
{
    for (size_t i = 0; i < acts->n; i++)
        if (acts->each[i].kind == kind)
            return true;
    return false;
}

static int add_act(const struct reader *r, struct acts *acts, unsigned where, char *rest,
                   struct err *err)
{
    const char *name = next_word(&rest);
    const struct word *word = find_word(name);
    struct act *act;

    if (!word)
        return refuse(r, err, name, "unknown word");
    if (!(word->where & where))
        return refuse(r, err, name, "not in this section");
    if (word->of_command && where == IN(CONNECTION) && !has(acts, ACT_EXPECT))
        return refuse(r, err, name, "no expect before it");
    if (word->kind == ACT_LOOP && !has(acts, ACT_EXPECT) && !has(acts, ACT_DELAY))
        return refuse(r, err, name, "expected an expect or a delay before it: it would spin");
    acts->each = mem_realloc(acts->each, (acts->n + 1) * sizeof(*acts->each));
    act = &acts->each[acts->n++];
    *act = (struct act){.kind = word->kind, .line = r->line};
    if (take_form(r, word, act, rest, err) < 0)
        return -1;
    return check_placeholders(r, act, err);
}

static struct standing *find_standing(const struct fakescript *script, const char *method)
{
    for (size_t i = 0; i < script->n_standing; i++)
        if (str_eq(script->standing[i].method, method))
            return &script->standing[i];
    return NULL;
}

static int add_standing(const struct reader *r, char *rest, struct err *err)
{
    struct fakescript *script = r->script;
    char *method = next_word(&rest);
    struct standing *standing = find_standing(script, method);

    if (!standing) {
        script->standing =
            mem_realloc(script->standing, (script->n_standing + 1) * sizeof(*script->standing));
        standing = &script->standing[script->n_standing++];
        *standing = (struct standing){.method = mem_strdup(method)};
    }
    return add_act(r, &standing->acts, IN_STANDING, rest, err);
}

static int begin_section(struct reader *r, enum section_kind kind, const char *name,
                         const char *number, struct err *err)
{
    struct fakescript *script = r->script;
    struct act parsed = {.number = 0};

    if (*number && take_number(r, &parsed, name, number, err) < 0)
        return -1;
    for (size_t i = 0; i < script->n_sections; i++)
        if (script->sections[i].kind == kind && script->sections[i].launch == r->launch &&
            script->sections[i].number == parsed.number)
            return refuse(r, err, name, "there is such a section already");
    script->sections =
        mem_realloc(script->sections, (script->n_sections + 1) * sizeof(*script->sections));
    script->sections[script->n_sections++] =
        (struct section){.kind = kind, .launch = r->launch, .number = (int)parsed.number};
    r->open = true;
    return 0;
}

static int begin_launch(struct reader *r, const char *number, struct err *err)
{
    struct act parsed = {.number = 0};

    if (take_number(r, &parsed, "launch", number, err) < 0)
        return -1;
    r->launch = (int)parsed.number;
    r->open = false;
    return 0;
}

static int read_line(struct reader *r, char *line, struct err *err)
{
    char *copy = mem_strdup(line);
    char *rest = copy;
    const char *name = next_word(&rest);
    struct section *section;
    int rc = 0;

    if (str_eq(name, "launch"))
        rc = begin_launch(r, rest, err);
    else if (str_eq(name, "start"))
        rc = begin_section(r, SECTION_START, name, "", err);
    else if (str_eq(name, "handshake"))
        rc = begin_section(r, SECTION_HANDSHAKE, name, rest, err);
    else if (str_eq(name, "connection"))
        rc = begin_section(r, SECTION_CONNECTION, name, rest, err);
    else if (str_eq(name, "default"))
        rc = add_standing(r, rest, err);
    else if (*name && *name != '#') {
        if (!r->open)
            rc = begin_section(r, SECTION_CONNECTION, "connection", "", err);
        section = &r->script->sections[r->script->n_sections - 1];
        if (rc == 0)
            rc = add_act(r, &section->acts, 1u << section->kind, line, err);
    }
    mem_free(copy);
    return rc;
}

/* A line that ends with a backslash goes on in the next one. */
static int read_lines(struct reader *r, char *text, struct err *err)
{
    struct buf line;
    int rc = 0, n = 0;

    buf_init(&line, BUF_MAX_DEFAULT);
    while (text && rc == 0) {
        char *end = strchr(text, '\n');
        size_t len = end ? (size_t)(end - text) : strlen(text);
        bool goes_on = len > 0 && text[len - 1] == '\\';

        n++;
        if (line.len == 0)
            r->line = n;
        buf_add(&line, text, len - goes_on);
        text = end ? end + 1 : NULL;
        if (goes_on && text)
            continue;
        rc = line.len > 0 ? read_line(r, line.data, err) : 0;
        buf_clear(&line);
    }
    buf_fini(&line);
    return rc;
}

/* ---- the whole --------------------------------------------------------------------------------- */

int fakescript_parse(const char *text, struct fakescript **out, struct err *err)
{
    struct reader reader = {.script = mem_new(struct fakescript)};
    char *copy = mem_strdup(text);
    int rc = read_lines(&reader, copy, err);

    mem_free(copy);
    if (rc < 0)
        fakescript_free(&reader.script);
    *out = reader.script;
    return rc;
}

static void acts_free(struct acts *acts)
{
    for (size_t i = 0; i < acts->n; i++) {
        struct act *act = &acts->each[i];

        for (size_t k = 0; k < act->n_params; k++) {
            mem_free(act->params[k].path);
            mem_free(act->params[k].value);
        }
        mem_free(act->params);
        mem_free(act->method);
        mem_free(act->text);
        mem_free(act->session);
    }
    mem_free(acts->each);
}

void fakescript_free(struct fakescript **script_ptr)
{
    struct fakescript *script = *script_ptr;

    *script_ptr = NULL;
    if (!script)
        return;
    for (size_t i = 0; i < script->n_sections; i++)
        acts_free(&script->sections[i].acts);
    for (size_t i = 0; i < script->n_standing; i++) {
        mem_free(script->standing[i].method);
        acts_free(&script->standing[i].acts);
    }
    mem_free(script->sections);
    mem_free(script->standing);
    mem_free(script);
}

const struct acts *fakescript_section(const struct fakescript *script, enum section_kind kind,
                                      int launch, int number)
{
    const struct acts *best = NULL;
    int best_rank = -1;

    for (size_t i = 0; i < script->n_sections; i++) {
        const struct section *s = &script->sections[i];
        int rank = 2 * (s->launch != 0) + (s->number != 0);

        if (s->kind != kind || (s->launch && s->launch != launch) ||
            (s->number && s->number != number))
            continue;
        if (rank > best_rank) {
            best = &s->acts;
            best_rank = rank;
        }
    }
    return best;
}

const struct acts *fakescript_standing(const struct fakescript *script,
                                       const struct fakescript *built_in, const char *method)
{
    const struct standing *found = find_standing(script, method);

    if (!found)
        found = find_standing(built_in, method);
    if (!found)
        found = find_standing(script, "*");
    if (!found)
        found = find_standing(built_in, "*");
    check(found);
    return &found->acts;
}

const char fakescript_built_in[] =
    "default Browser.getVersion reply {\"protocolVersion\":\"1.3\",\"product\":\"FakeChrome/1.0\","
    "\"userAgent\":\"Mozilla/5.0 FakeChrome/1.0\",\"jsVersion\":\"1\"}\n"
    "default Browser.close reply {}\n"
    "default Browser.close exit 0\n"
    "default Target.createTarget reply {\"targetId\":\"T${n}\"}\n"
    "default Target.attachToTarget reply {\"sessionId\":\"S-${params.targetId}\"}\n"
    "default Target.closeTarget reply {\"success\":true}\n"
    "default Target.closeTarget event Target.detachedFromTarget "
    "{\"sessionId\":\"S-${params.targetId}\",\"targetId\":\"${params.targetId}\"} browser\n"
    "default Target.closeTarget event Target.targetDestroyed {\"targetId\":\"${params.targetId}\"} "
    "browser\n"
    "default Page.navigate reply {\"frameId\":\"${target}\",\"loaderId\":\"L${n}\"}\n"
    "default Page.createIsolatedWorld reply {\"executionContextId\":${n}}\n"
    "default Runtime.evaluate reply {\"result\":{\"type\":\"number\",\"value\":0}}\n"
    "default Runtime.callFunctionOn reply "
    "{\"result\":{\"type\":\"object\",\"value\":{\"status\":200,"
    "\"url\":\"http://fake.invalid/"
    "\",\"title\":\"fake\",\"layout\":null,\"text_head\":\"\",\"ready\":true,"
    "\"waited_ms\":0,\"html_length\":0,\"seen\":0,\"rows\":[],\"skipped\":{},\"fields\":{}}}}\n"
    "default * reply {}\n";
