/* SPDX-License-Identifier: MIT */
/* log.h - one event a line, logfmt: ts= level= comp= msg= and the event's own pairs.
 *
 *     log_info("pool", "retiring", "browser=%d reason=%s pss=%lldM", id, reason, pss_mib);
 *     ts=2026-11-22T13:05:00.123Z level=info comp=pool msg="retiring" browser=3 reason=memory
 *     pss=731M
 *
 *  error  someone must act          warn   handled, watch the rate     info  life cycle
 *  debug  transitions               trace  each DevTools message
 *
 * Levels are set per component: "info,cdp=trace". Values that may hold spaces or quotes are written
 * with log_quote(). Secrets and page bodies are never logged. Lines go to stderr, or to the sink
 * that a test sets.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

#include <stdbool.h>

enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* spec: LEVEL[,COMPONENT=LEVEL]... On an error nothing changes. */
MUST_CHECK int log_set_levels(const char *spec, struct err *err);
MUST_CHECK int log_check_levels(const char *spec, struct err *err); /* changes nothing */
bool log_enabled(enum log_level level, const char *comp);

/* Where lines go instead of stderr (without the newline); NULL restores stderr. */
typedef void log_sink_fn(enum log_level level, const char *line, void *ctx);
void log_set_sink(log_sink_fn *sink, void *ctx);

void log_write(enum log_level level, const char *comp, const char *msg, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* `s` in double quotes with quotes, backslashes and control bytes escaped; one of four static
 * buffers in turn, cut at 500 bytes. Only for arguments of the log calls. */
const char *log_quote(const char *s);

#define LOG_AT(level, comp, msg, ...) \
    (log_enabled(level, comp) ? log_write(level, comp, msg, __VA_ARGS__) : (void)0)
#define log_trace(comp, msg, ...) LOG_AT(LOG_TRACE, comp, msg, __VA_ARGS__)
#define log_debug(comp, msg, ...) LOG_AT(LOG_DEBUG, comp, msg, __VA_ARGS__)
#define log_info(comp, msg, ...) LOG_AT(LOG_INFO, comp, msg, __VA_ARGS__)
#define log_warn(comp, msg, ...) LOG_AT(LOG_WARN, comp, msg, __VA_ARGS__)
#define log_error(comp, msg, ...) LOG_AT(LOG_ERROR, comp, msg, __VA_ARGS__)

#endif
