/* SPDX-License-Identifier: MIT */
/* alerts.h - what is wrong, from whoever notices it to the operator's mail and webhook.
 *
 * A condition is a (site, kind): "clien drift", "@box1 chrome". Whoever watches it says alerts_set() as long
 * and as often as it holds and alerts_clear() when it does not. It becomes a report in the database
 * (store_report_open), where status shows it. From there, each alert_after old, reports are told of, whoever
 * opened them: once when they open, as a reminder each alert_again, and once when they are over. What was over
 * before it was told of is never told of. What is due together is one message. Of several engines one tells.
 *
 * While the database is away conditions are kept in memory and told of from there, that of the
 * database ("@NAME database") first of all; they become reports when it is back.
 */
#ifndef NOTIFY_ALERTS_H
#define NOTIFY_ALERTS_H

#include "base/buf.h"
#include "base/config.h"
#include "base/loop.h"
#include "db/store.h"

struct alerts;

/* What belongs to no board and to all engines. */
#define ALERTS_ALL "-"

/* config, store: borrowed. engine: this one's name, for its own conditions. ERR_CONFIG names the key that is
 * wrong. Conditions are looked at from alerts_start() on. */
MUST_CHECK int alerts_new(struct loop *loop, const struct config *config, struct store *store,
                          const char *engine, struct alerts **out, struct err *err);
void alerts_free(
    struct alerts **alerts); /* at any time but in its own callbacks, of which there are none */
void alerts_start(struct alerts *alerts);

/* The site of this engine's own conditions: "@NAME". */
const char *alerts_self(const struct alerts *alerts);

/* text: one line, for the operator; only the first of a condition counts. detail: more, or NULL.
 * Conditions of this engine may be set and cleared at every look: only changes reach the database. Those of
 * boards and of all belong to whichever engine looked last: each call is one statement. */
void alerts_set(struct alerts *alerts, const char *site, const char *kind, const char *text,
                const char *detail);
void alerts_clear(struct alerts *alerts, const char *site, const char *kind);

bool alerts_database_is_away(const struct alerts *alerts);

/* Prometheus text. */
void alerts_metrics(const struct alerts *alerts, struct buf *out);

#endif
