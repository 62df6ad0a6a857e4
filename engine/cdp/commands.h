/* SPDX-License-Identifier: MIT */
/* commands.h - looks methods up in commands.def. */
#ifndef CDP_COMMANDS_H
#define CDP_COMMANDS_H

#include <stdbool.h>

bool cdp_command_is_known(const char *method);
bool cdp_event_is_known(const char *method);

#endif
