/* SPDX-License-Identifier: MIT */
/* session.h - one attached target over a shared connection (flat protocol).
 *
 * A session knows its target id and session id, sends commands to it and hears its events. When Chrome says
 * that the target crashed or detached (Inspector.targetCrashed, Target.targetCrashed,
 * Target.detachedFromTarget, Target.targetDestroyed: any of them, in any order, more than once), it becomes
 * LOST: pending calls fail once with ERR_CRASHED, then on_lost comes once. The text holds Chrome's status and
 * errorCode where Chrome told them (only with Target.setDiscoverTargets): a V8 heap end and a plain crash are
 * both "crashed 5", a kill by the kernel for memory and any other kill are both "killed 9" (seen), so a closer
 * reason needs other evidence (chrome/tab.c).
 *
 * CDP: Target.createTarget, Target.attachToTarget, Target.closeTarget, Target.createBrowserContext,
 * Target.disposeBrowserContext, Inspector.targetCrashed.
 */
#ifndef CDP_SESSION_H
#define CDP_SESSION_H

#include "cdp/conn.h"

struct cdp_session;

/* Create a target showing about:blank and attach to it. The session is the caller's at once (free it before the
 * connection), and usable when `done` came without err. After an err only cdp_session_free is allowed; a target
 * that was made already is closed. */
typedef void cdp_session_fn(struct cdp_session *session, const struct err *err, void *ctx);
struct cdp_session *cdp_session_create(struct cdp_conn *conn, int64_t timeout_ms,
                                       cdp_session_fn *done, void *ctx);

/* The same in a browser context of its own, which shares no cookies, cache and storage with other targets.
 * cdp_session_close ends the context with all that is in it. */
struct cdp_session *cdp_session_create_apart(struct cdp_conn *conn, int64_t timeout_ms,
                                             cdp_session_fn *done, void *ctx);

void cdp_session_on_lost(struct cdp_session *session, void (*fn)(const struct err *why, void *ctx),
                         void *ctx);
bool cdp_session_is_lost(const struct cdp_session *session);
const char *cdp_session_id(const struct cdp_session *session);
const char *cdp_session_target_id(const struct cdp_session *session);
const char *cdp_session_context_id(const struct cdp_session *session); /* NULL: not apart */

struct cdp_call *cdp_session_call(struct cdp_session *session, const char *method,
                                  const char *params, int64_t timeout_ms, cdp_result_fn *done,
                                  void *ctx);
struct cdp_subscription *cdp_session_subscribe(struct cdp_session *session, const char *method,
                                               cdp_event_fn *fn, void *ctx);

/* Target.closeTarget or disposeBrowserContext; done once, also when it is not acknowledged in time (ERR_TIMEOUT). done may be NULL. */
void cdp_session_close(struct cdp_session *session, int64_t timeout_ms, cdp_result_fn *done,
                       void *ctx);
void cdp_session_free(struct cdp_session **session); /* local only: no callback after this */

#endif
