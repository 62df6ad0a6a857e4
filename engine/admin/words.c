/* SPDX-License-Identifier: MIT */
/* words.c - see words.h. */
#include "admin/words.h"
#include "base/str.h"

#include <string.h>

struct splitter {
    const char *at, *end;
    char *out;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static int check_text(const char *line, size_t len, struct err *err)
{
    if (len > WORDS_LINE_MAX)
        return err_set(err, ERR_USAGE, "expected a line of at most %d bytes", WORDS_LINE_MAX);
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return err_set(err, ERR_USAGE, "expected text: byte %zu is a control character", i + 1);
    if (!str_utf8_valid(line, len))
        return err_set(err, ERR_USAGE, "expected text in UTF-8");
    return 0;
}

/* Behind the opening quote. */
static int take_quoted(struct splitter *s, char quote, struct err *err)
{
    for (; s->at < s->end; s->at++) {
        if (*s->at == quote) {
            s->at++;
            return 0;
        }
        if (quote == '"' && *s->at == '\\' && s->at + 1 < s->end && strchr("\"\\n", s->at[1])) {
            s->at++;
            *s->out++ = *s->at == 'n' ? '\n' : *s->at;
        } else {
            *s->out++ = *s->at;
        }
    }
    return err_set(err, ERR_USAGE, "expected a closing %c", quote);
}

static int take_word(struct splitter *s, struct err *err)
{
    while (s->at < s->end && !is_space(*s->at)) {
        char c = *s->at++;

        if (c == '"' || c == '\'') {
            if (take_quoted(s, c, err) < 0)
                return -1;
            continue;
        }
        if (c == '\\' && s->at < s->end)
            c = *s->at++;
        *s->out++ = c;
    }
    *s->out++ = '\0';
    return 0;
}

int words_split(struct words *words, const char *line, size_t len, struct err *err)
{
    struct splitter s = {.at = line, .end = line + len};

    *words = (struct words){0};
    if (check_text(line, len, err) < 0)
        return -1;
    /* Each word is at most as long as it was written, and one byte more for its end. */
    s.out = words->text = mem_alloc(len + WORDS_MAX + 1);
    for (;;) {
        while (s.at < s.end && is_space(*s.at))
            s.at++;
        if (s.at == s.end)
            return 0;
        if (words->n == WORDS_MAX)
            return err_set(err, ERR_USAGE, "expected at most %d words", WORDS_MAX);
        words->items[words->n++] = s.out;
        if (take_word(&s, err) < 0)
            return -1;
    }
}

void words_fini(struct words *words)
{
    mem_free(words->text);
    *words = (struct words){0};
}

void words_quote(struct buf *out, const char *word)
{
    if (*word && !strpbrk(word, " \t\n\"'\\")) {
        buf_adds(out, word);
        return;
    }
    buf_addc(out, '"');
    for (; *word; word++) {
        if (strchr("\"\\\n", *word))
            buf_addc(out, '\\');
        buf_addc(out, *word == '\n' ? 'n' : *word);
    }
    buf_addc(out, '"');
}
