/* SPDX-License-Identifier: MIT */
/* tell.h - brings one message to the operator by every way that the configuration names: a webhook, and
 * mail to each address.
 *
 * Each way is tried by itself, alert_tries times with growing pauses (Retry-After is heeded, up to five
 * minutes), with the same id each time. What is refused for good is not tried again.
 */
#ifndef NOTIFY_TELL_H
#define NOTIFY_TELL_H

#include "base/config.h"
#include "base/loop.h"
#include "notify/alert_message.h"

struct teller;

/* Reads and checks the keys alert_* and smtp_*: ERR_CONFIG names the one that is wrong. Nothing is connected.
 * Config is read here and not kept. */
MUST_CHECK int teller_new(struct loop *loop, const struct config *config, struct teller **out,
                          struct err *err);
void teller_free(struct teller **teller); /* gives up what is under way: no callback */

int teller_ways(const struct teller *teller); /* 0: nobody is to be told */

/* Once, later. taken: how many ways took it; when not all did, err is the last trouble of one that did not. */
typedef void tell_fn(int taken, const struct err *err, void *ctx);
/* One message at a time. Copied. */
void teller_tell(struct teller *teller, const struct alert_message *message, tell_fn *done,
                 void *ctx);
bool teller_is_busy(const struct teller *teller);

/* How long one message takes at most, whatever servers do. */
int64_t teller_longest_ms(const struct teller *teller);

struct teller_figures {
    uint64_t taken, given_up, tries_failed; /* by way */
};
void teller_figures(const struct teller *teller, struct teller_figures *out);

#endif
