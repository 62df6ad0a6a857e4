/* SPDX-License-Identifier: MIT */
/* serve.h - the boards on 127.0.0.1, each under its own Host. */
#ifndef BOARDS_SERVE_H
#define BOARDS_SERVE_H

#include "boards/hub.h"

struct MHD_Daemon;

/* Listen on port (0: a free one) and answer until serve_stop. NULL where the port can't be had;
 * hub->port tells the port then in use. */
struct MHD_Daemon *serve_start(struct hub *, int port);

/* Answers under way are cut off; returns when no thread is left. */
void serve_stop(struct hub *, struct MHD_Daemon *);

#endif
