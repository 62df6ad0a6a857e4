/* SPDX-License-Identifier: MIT */
/* robots.h - may this address be fetched?
 *
 * RFC 9309: the group of the most specific matching user agent (else "*"), the longest matching
 * rule wins, Allow wins a tie, '*' matches any run of characters and a final '$' the end. Matching
 * is on path and query with percent-encodings compared as written.
 */
#ifndef CRAWL_ROBOTS_H
#define CRAWL_ROBOTS_H

#include <stdbool.h>
#include <stddef.h>

struct robots;

/* Keep the rules for `agent` (the product token, "catchdeal"; compared without case). Any text is
 * accepted; what is no rule is skipped. At most the first 500 KiB count (RFC 9309 section 2.5). */
struct robots *robots_parse(const char *text, size_t len, const char *agent);
void robots_free(struct robots **robots);

/* `path` is an URL's path and query, beginning with '/'. `rule` (if not NULL) gets the rule that
 * decided, or NULL. */
bool robots_allow(const struct robots *robots, const char *path, const char **rule);

#endif
