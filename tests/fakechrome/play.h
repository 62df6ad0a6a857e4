/* SPDX-License-Identifier: MIT */
/* play.h - a fake Chrome that does what a script says (README.md).
 */
#ifndef FAKECHROME_PLAY_H
#define FAKECHROME_PLAY_H

#include "fakechrome/fakechrome.h"

struct fakeplay;

/* Each may be NULL. None may free the play. */
struct fakeplay_events {
    void (*on_started)(const char *endpoint,
                       void *ctx); /* the start section is over; what it calls itself, or NULL */
    void (*on_stderr)(const char *bytes, size_t len, void *ctx);
    void (*on_exit)(
        int code,
        void *ctx); /* what was sent before has been written; the connection is gone after this */
    void (*on_client_gone)(void *ctx);
};

/* launch: which of the script's `launch N` holds, from 1. ERR_CONFIG: the script's line and what is wrong.
 * The start section begins in this call, so it may call back from here. */
MUST_CHECK int fakeplay_new(struct loop *loop, enum fakechrome_link link, const char *script,
                            int launch, const struct fakeplay_events *events, void *ctx,
                            struct fakeplay **out, struct err *err);
void fakeplay_free(struct fakeplay **play);

struct fakechrome *fakeplay_server(struct fakeplay *play);

/* The connection's section was played to its end: every expect was met. */
bool fakeplay_is_done(const struct fakeplay *play);

/* How often this method was asked for, over all connections. */
int fakeplay_asked(const struct fakeplay *play, const char *method);

#endif
