/* SPDX-License-Identifier: MIT */
/* commands.c - commands.def as two lists of names. */
#include "cdp/commands.h"
#include "base/mem.h"
#include "base/str.h"

static const char *const commands[] = {
#define CDP_COMMAND(method, params, results) method,
#include "cdp/commands.def"
};

static const char *const events[] = {
#define CDP_EVENT(method, params) method,
#include "cdp/commands.def"
};

static bool is_among(const char *method, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], method))
            return true;
    return false;
}

bool cdp_command_is_known(const char *method)
{
    return is_among(method, commands, ARRAY_LEN(commands));
}

bool cdp_event_is_known(const char *method)
{
    return is_among(method, events, ARRAY_LEN(events));
}
