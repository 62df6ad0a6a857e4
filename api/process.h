/* SPDX-License-Identifier: MIT */
/* process.h - this process among others: its descriptors, its user, and what systemd hears of it. */
#ifndef API_PROCESS_H
#define API_PROCESS_H

#include "base/config.h"

#include <stddef.h>

/* Raise the limit of descriptors to what config->api_connections needs, or lower that to what the
 * hard limit leaves, with a warning. */
void process_make_room(struct config *config);

/* Nothing here needs root: a warning. */
void process_warn_of_root(void);

/* Where a socket listens: "127.0.0.1:8080", "[::1]:8080", or the path of a unix socket. */
void process_address(int fd, char *out, size_t size);

/* One message of sd_notify(3) ("READY=1"), when $NOTIFY_SOCKET is there. */
void process_notify(const char *state);

#endif
