/* SPDX-License-Identifier: MIT */
/* loop.h - the one event loop: timers, descriptors, signals, work on another thread.
 *
 * A thin face of libuv; only loop*.c include uv.h. One thread runs the loop and owns every object
 * of the program; the functions given to loop_work() are the only code that runs elsewhere.
 *
 * Contract: callbacks come from loop_run(), never from inside the call that arranged them, and
 * never after the object was stopped or freed. Objects may be freed in their own callbacks. Times
 * are milliseconds of the monotonic clock.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_io;
struct loop_signal;
struct loop_work;

typedef void loop_fn(void *ctx);
typedef void loop_io_fn(void *ctx, unsigned events);

struct loop *loop_new(void);

/* All timers, descriptors, signals and work must be freed or done before; what is still closing is
 * waited for. */
void loop_free(struct loop **loop);

void loop_run(struct loop *loop);  /* until loop_stop() */
void loop_stop(struct loop *loop); /* loop_run() returns after this turn */

/* Call fn once in the next turn. Cannot be cancelled: for "free later" and "answer later". */
void loop_defer(struct loop *loop, loop_fn *fn, void *ctx);

/* A timer is made stopped. It fires once per loop_timer_start; starting again moves it. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_fn *fn, void *ctx);
void loop_timer_start(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_is_armed(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer **timer);

#define LOOP_READ 1u
#define LOOP_WRITE 2u
#define LOOP_ERROR 4u /* only reported, with what was wanted; nothing is watched after it */

/* Watch a descriptor that stays owned by the caller and open until loop_io_free. */
struct loop_io *loop_io_new(struct loop *loop, int fd, loop_io_fn *fn, void *ctx);
void loop_io_want(struct loop_io *io, unsigned events); /* LOOP_READ | LOOP_WRITE, or 0 */
void loop_io_free(struct loop_io **io);

struct loop_signal *loop_signal_new(struct loop *loop, int signum, loop_fn *fn, void *ctx);
void loop_signal_free(struct loop_signal **sig);

/* Run `work` on the loop's worker thread, then `done` on the loop. `work` must not touch anything
 * that the loop thread touches meanwhile. Works run in the order they were given, one at a time. */
void loop_work(struct loop *loop, loop_fn *work, loop_fn *done, void *ctx);

/* For the glue files loop_*.c only: the uv_loop_t. */
void *loop_uv(struct loop *loop);

#endif
