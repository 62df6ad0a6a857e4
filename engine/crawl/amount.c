/* SPDX-License-Identifier: MIT */
/* amount.c - a number is read together with the sign before it and the unit behind it. */
#include "crawl/amount.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* A bare number in a title's pair, "(1340/3000배송)", is a price from here on: "(1/2)" is not. */
#define BARE_PRICE_MIN 100

/* A number as written. */
struct number {
    const char *end;
    int64_t e2;      /* hundredths, without the unit */
    bool has_groups; /* "12,900": commas before each three digits */
    bool has_decimals;
};

static const char *skip_blanks(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

static bool is_digit(char c)
{
    return isdigit((unsigned char)c) != 0;
}

/* at stands on a comma: do exactly three digits follow it? */
static bool is_group(const char *at)
{
    return at[0] == ',' && is_digit(at[1]) && is_digit(at[2]) && is_digit(at[3]) &&
           !is_digit(at[4]);
}

static bool add_digit(int64_t *value, char digit)
{
    return !__builtin_mul_overflow(*value, 10, value) &&
           !__builtin_add_overflow(*value, digit - '0', value);
}

/* at stands on a digit. False when the number does not fit. */
static bool read_number(const char *at, struct number *out)
{
    int64_t value = 0;
    int decimals = 0;

    *out = (struct number){0};
    for (; is_digit(*at) || is_group(at); at++) {
        if (*at == ',')
            out->has_groups = true;
        else if (!add_digit(&value, *at))
            return false;
    }
    if (*at == '.' && is_digit(at[1])) {
        out->has_decimals = true;
        for (at++; is_digit(*at); at++)
            if (decimals < 2 && ++decimals && !add_digit(&value, *at))
                return false;
    }
    for (; decimals < 2; decimals++)
        if (__builtin_mul_overflow(value, 10, &value))
            return false;
    out->e2 = value;
    out->end = at;
    return true;
}

/* ---- counts ---- */

static bool is_ascii_letter(char c)
{
    return isalpha((unsigned char)c) != 0;
}

/* What the unit behind a count multiplies by: "16.7 k", "2.9k", "1.2만". */
static int64_t count_unit(const char *at)
{
    at = skip_blanks(at);
    if ((*at == 'k' || *at == 'K') && !is_ascii_letter(at[1]))
        return 1000;
    if ((*at == 'm' || *at == 'M') && !is_ascii_letter(at[1]))
        return 1000000;
    if (str_starts(at, "만"))
        return 10000;
    return str_starts(at, "천") ? 1000 : 1;
}

bool amount_count(const char *text, int64_t *out)
{
    struct number number;
    int64_t value;
    bool is_negative;

    if (!text)
        return false;
    text = skip_blanks(text);
    is_negative = *text == '-' && is_digit(text[1]);
    while (*text && !is_digit(*text))
        text++;
    if (!*text || !read_number(text, &number) ||
        __builtin_mul_overflow(number.e2, count_unit(number.end), &value))
        return false;
    *out = (is_negative ? -value : value) / 100;
    return true;
}

/* ---- prices ---- */

struct sign {
    const char *text;
    const char *currency;
};

static const struct sign signs_before[] = {
    {"₩", "KRW"}, {"￦", "KRW"}, {"US$", "USD"}, {"USD", "USD"}, {"$", "USD"},
    {"€", "EUR"}, {"£", "GBP"},  {"¥", "JPY"},   {"EUR", "EUR"}, {"GBP", "GBP"}};
static const struct sign units_behind[] = {
    {"원", "KRW"},   {"달러", "USD"}, {"불", "USD"}, {"$", "USD"},    {"USD", "USD"},
    {"유로", "EUR"}, {"€", "EUR"},    {"엔", "JPY"}, {"위안", "CNY"}, {"파운드", "GBP"},
    {"KRW", "KRW"},  {"EUR", "EUR"},  {"£", "GBP"},  {"GBP", "GBP"}};

static const char *unit_behind(const char *at, const char **currency)
{
    for (size_t i = 0; i < ARRAY_LEN(units_behind); i++) {
        if (str_starts(at, units_behind[i].text)) {
            *currency = units_behind[i].currency;
            return at + strlen(units_behind[i].text);
        }
    }
    return NULL;
}

/* The currency sign that ends right before `number`, blanks between allowed; NULL when there is
 * none. */
static const char *sign_before(const char *start, const char *number)
{
    while (number > start && isspace((unsigned char)number[-1]))
        number--;
    for (size_t i = 0; i < ARRAY_LEN(signs_before); i++) {
        size_t len = strlen(signs_before[i].text);

        if ((size_t)(number - start) >= len && !memcmp(number - len, signs_before[i].text, len))
            return signs_before[i].currency;
    }
    return NULL;
}

/* "145만" is a price only where nothing goes on: "1200만화소", "5만mAh" are none. */
static bool ends_amount(const char *at)
{
    at = skip_blanks(at);
    return *at == '\0' || strchr(")]/,.~+", *at) || str_starts(at, "대");
}

/* "만", "천" and the rest of "1만5천원". Advances number->end; false when it is no amount of money.
 */
static bool apply_korean_multiplier(struct number *number)
{
    struct number rest;
    bool is_ten_thousands = str_starts(number->end, "만");

    if (!is_ten_thousands && !str_starts(number->end, "천"))
        return true;
    number->end += strlen("만");
    if (__builtin_mul_overflow(number->e2, is_ten_thousands ? 10000 : 1000, &number->e2))
        return false;
    if (is_ten_thousands && is_digit(*number->end)) {
        /* Behind "1만" at most "5천": a further "만" is no amount, and would recurse as deep as a
         * page likes. */
        if (!read_number(number->end, &rest) || str_starts(rest.end, "만") ||
            !apply_korean_multiplier(&rest) ||
            __builtin_add_overflow(number->e2, rest.e2, &number->e2))
            return false;
        number->end = rest.end;
    }
    return str_starts(skip_blanks(number->end), "원") ||
           (is_ten_thousands && ends_amount(number->end)) || str_starts(number->end, "불") ||
           str_starts(number->end, "달러") || str_starts(number->end, "엔");
}

/* The server cut the title inside this number: "131,34...", "149...". */
static bool is_cut(const char *at)
{
    if (*at == ',')
        for (at++; is_digit(*at);)
            at++;
    return at[0] == '.' && at[1] == '.';
}

/* at stands on a separator of thousands as the euro's countries write it: do exactly three digits
 * follow? */
static bool is_euro_group(const char *at, char separator)
{
    return *at == separator && is_digit(at[1]) && is_digit(at[2]) && is_digit(at[3]) &&
           !is_digit(at[4]);
}

/* "12,99", "1.299", "1.299,00", "1299,-" and "1 299": numbers that mean something else without the
 * euro's sign, or are none. *end_out: behind it. The last is told apart from "Lot de 2 299€" by
 * nothing, so its value is not to be had: false in *is_clear. */
static bool read_euro_number(const char *at, int64_t *e2, const char **end_out, bool *is_clear)
{
    const char *start = at;
    int64_t value = 0;
    bool is_euro = false;

    *is_clear = true;
    for (; is_digit(*at) || is_euro_group(at, '.') || is_euro_group(at, ' '); at++) {
        is_euro |= !is_digit(*at);
        *is_clear &= *at != ' ';
        if (at - start > 12 || (is_digit(*at) && !add_digit(&value, *at)))
            return false;
    }
    value *= 100;
    if (*at == ',' && is_digit(at[1]) && is_digit(at[2]) && !is_digit(at[3]) && at[3] != ',') {
        value += (at[1] - '0') * 10 + (at[2] - '0');
        is_euro = true;
        at += 3;
    } else if (at[0] == ',' && at[1] == '-') {
        is_euro = true;
        at += 2;
    }
    *e2 = value;
    *end_out = at;
    return is_euro;
}

/* A number in the euro's own form, with its sign. False: something else stands there. */
static bool read_euros(const char *start, const char *at, struct amount_price *out,
                       const char **after, bool *is_clear)
{
    const char *currency = sign_before(start, at), *end, *unit_end;
    int64_t e2;

    if (!read_euro_number(at, &e2, &end, is_clear))
        return false;
    unit_end = unit_behind(skip_blanks(end), &currency);
    if (!currency || strcmp(currency, "EUR") != 0)
        return false;
    *after = unit_end ? unit_end : end;
    *out = (struct amount_price){e2, currency};
    return true;
}

/* A number that carries its currency, before or behind. *after: where to read on. */
static bool read_money(const char *start, const char *at, struct amount_price *out,
                       const char **after)
{
    struct number number;
    const char *digits_end, *currency, *end;
    bool is_clear;

    if (read_euros(start, at, out, after, &is_clear))
        return is_clear;
    if (!read_number(at, &number)) {
        while (is_digit(*at))
            at++;
        *after = at;
        return false;
    }
    *after = digits_end = number.end;
    if (!apply_korean_multiplier(&number))
        return false;
    currency = sign_before(start, at);
    end = unit_behind(skip_blanks(number.end), &currency);
    if (!currency && number.end != digits_end) /* "145만" */
        currency = "KRW";
    if (!currency || (!end && is_cut(number.end)))
        return false;
    *after = end ? end : number.end;
    *out = (struct amount_price){number.e2, currency};
    return true;
}

/* Not inside a word or a longer number: "DDR5", "16x2", "v1.2", "12,99$". */
static bool begins_number(const char *start, const char *at)
{
    return is_digit(*at) &&
           (at == start ||
            (!is_digit(at[-1]) && !is_ascii_letter(at[-1]) &&
             !((at[-1] == '.' || at[-1] == ',') && at - start > 1 && is_digit(at[-2]))));
}

static bool first_money(const char *start, const char *end, struct amount_price *out)
{
    struct amount_price found;
    const char *at = start;

    while (at < end) {
        if (!begins_number(start, at)) {
            at++;
        } else if (read_money(start, at, &found, &at)) {
            if (at <= end)
                *out = found;
            return at <= end;
        }
    }
    return false;
}

static bool is_free(const char *text)
{
    static const char *const words[] = {"무료", "free", "gratis", "gratuit", "kostenlos"};

    text = skip_blanks(text);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i]);

        if (!strncasecmp(text, words[i], len) && *skip_blanks(text + len) == '\0')
            return true;
    }
    return false;
}

bool amount_price(const char *text, struct amount_price *out)
{
    return amount_price_in(text, "KRW", out);
}

bool amount_price_in(const char *text, const char *currency, struct amount_price *out)
{
    struct number number;
    const char *at = text;

    if (!text)
        return false;
    if (is_free(text)) {
        *out = (struct amount_price){0, currency};
        return true;
    }
    if (first_money(text, text + strlen(text), out))
        return true;
    at = skip_blanks(text);
    if (!is_digit(*at) || !read_number(at, &number) || *skip_blanks(number.end) != '\0')
        return false;
    *out = (struct amount_price){number.e2, currency};
    return true;
}

/* ---- prices in titles ---- */

static const char *skip_leading_brackets(const char *title)
{
    const char *close;

    title = skip_blanks(title);
    while (*title == '[' && (close = strchr(title, ']')))
        title = skip_blanks(close + 1);
    return title;
}

/* "(2026/11/22)": a year, and behind the slash one or two digits and nothing else. "(50880/0)" is a
 * price. */
static bool is_date_like(const struct number *number, const char *at)
{
    if (number->has_groups || number->e2 < 190000 || number->e2 > 210000)
        return false;
    at = skip_blanks(at);
    if (!is_digit(*at++))
        return false;
    at += is_digit(*at);
    return *at == ')' || *at == '/' || *at == '\0';
}

/* A bare number before the slash: "(5,000/무료)", "(1340/3000배송)", "(19.99/29.99달러)". Its
 * currency is that of what stands behind the slash. */
static bool bare_price(const char *open, const char *slash, const char *close,
                       struct amount_price *out)
{
    struct amount_price second;
    struct number number;
    const char *at = skip_blanks(open);

    if (!is_digit(*at) || !read_number(at, &number) || skip_blanks(number.end) != slash ||
        is_date_like(&number, slash + 1))
        return false;
    if (!first_money(slash + 1, close, &second))
        second.currency = "KRW";
    if (number.e2 < BARE_PRICE_MIN * 100 && !strcmp(second.currency, "KRW"))
        return false;
    *out = (struct amount_price){number.e2, second.currency};
    return true;
}

/* One "( ... / ... )": the price is what stands before the first slash. */
static bool price_in_pair(const char *open, const char *close, struct amount_price *out)
{
    const char *slash = memchr(open, '/', (size_t)(close - open));

    if (!slash)
        return false;
    if (first_money(open, slash, out) || bare_price(open, slash, close, out))
        return true;
    if (!str_starts(skip_blanks(open), "무료") ||
        skip_blanks(skip_blanks(open) + strlen("무료")) != slash)
        return false;
    *out = (struct amount_price){0, "KRW"};
    return true;
}

/* The last pair wins: boards put "(price/shipping)" at the end. */
static bool price_in_last_pair(const char *title, struct amount_price *out)
{
    struct amount_price found;
    bool any = false;

    for (const char *open = strpbrk(title, "(["); open; open = strpbrk(open + 1, "([")) {
        const char *close = strchr(open, *open == '(' ? ')' : ']');

        if (price_in_pair(open + 1, close ? close : open + strlen(open), &found)) {
            *out = found;
            any = true;
        }
    }
    return any;
}

/* What may stand behind a number without a currency that is a price: "48,600", "(49,900)",
 * "(18,020, 배송비", "30,480 무배". */
static bool ends_grouped_price(const char *at)
{
    if (*at == ',')
        return !is_digit(at[1]);
    if (*at == ' ')
        return ends_amount(at) || str_starts(at + 1, "무배") || str_starts(at + 1, "무료");
    return *at == '\0' || *at == ')' || *at == ']' || *at == '/';
}

static bool first_grouped_number(const char *title, struct amount_price *out)
{
    struct number number;

    for (const char *at = title; *at; at++) {
        if (!begins_number(title, at))
            continue;
        if (!read_number(at, &number))
            return false;
        if (number.has_groups && ends_grouped_price(number.end)) {
            *out = (struct amount_price){number.e2, "KRW"};
            return true;
        }
        at = number.end - 1;
    }
    return false;
}

static bool may_be_bare_price(const struct number *number)
{
    return number->e2 >= BARE_PRICE_MIN * 100 && !number->has_decimals &&
           (number->e2 < 190000 || number->e2 > 210000); /* a year */
}

static bool is_shipping(const char *at)
{
    return str_starts(at, "무료") || str_starts(at, "무배") || str_starts(at, "유배");
}

/* A number without any sign is a price where the form says so: "... (5950)" at the end, and
 * "... 5950/무료". "RTX 5070 무료배송" is none. */
static bool bare_number(const char *title, struct amount_price *out)
{
    struct number number;

    for (const char *at = title; *at; at++) {
        const char *end;
        bool is_price;

        if (!begins_number(title, at))
            continue;
        if (!read_number(at, &number))
            return false;
        end = skip_blanks(number.end);
        is_price = *end == '/' && is_shipping(skip_blanks(end + 1));
        if (at > title && at[-1] == '(' && *end == ')')
            is_price = *skip_blanks(end + 1) == '\0';
        if (is_price && may_be_bare_price(&number)) {
            *out = (struct amount_price){number.e2, "KRW"};
            return true;
        }
        at = number.end - 1;
    }
    return false;
}

bool amount_price_in_title(const char *title, struct amount_price *out)
{
    if (!title)
        return false;
    title = skip_leading_brackets(title);
    return price_in_last_pair(title, out) || first_money(title, title + strlen(title), out) ||
           first_grouped_number(title, out) || bare_number(title, out);
}
