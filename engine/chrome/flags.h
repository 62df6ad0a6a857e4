/* SPDX-License-Identifier: MIT */
/* flags.h - chrome-flags.conf: Chrome's switches, each with its reason.
 *
 *     # Why these are set. Without a comment above it a switch is refused.
 *     --some-switch=value
 *     --another-switch
 *
 * A comment holds for the switches that follow it without an empty line between. A line is one switch, passed as it
 * stands: no quotes, no comment behind it. Switches that the engine owns are refused with what to use instead.
 * --disable-features, --enable-features, --host-resolver-rules, --blink-settings and --js-flags may stand on
 * several lines, which are joined (Chrome itself only honours the last); any other switch may stand once.
 */
#ifndef CHROME_FLAGS_H
#define CHROME_FLAGS_H

#include "base/err.h"

struct flags;

/* Errors: ERR_CONFIG, "FILE:LINE: SWITCH: what is wrong and what to do". */
MUST_CHECK int flags_load(const char *path, struct flags **out, struct err *err);
void flags_free(struct flags **flags);

/* No page may load from these hosts ("*.doubleclick.net"): added to --host-resolver-rules. */
void flags_block_hosts(struct flags *flags, const char *const *hosts, size_t n);

/* Add to a switch whose values are joined (see above). */
void flags_join(struct flags *flags, const char *name, const char *value);

size_t flags_count(const struct flags *flags);
const char *flags_at(const struct flags *flags, size_t i); /* "--name" or "--name=value" */

#endif
