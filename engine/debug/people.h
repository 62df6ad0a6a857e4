/* SPDX-License-Identifier: MIT */
/* people.h - the commands user, keyword and notice: the operator's hand on the app's users and notices.
 *
 * Each is words as on the command line, without its own name: {"edit", "7", "zone=Asia/Seoul"}. What was
 * asked goes to stdout, as a table or (json) one document; the answer is the exit code. A user is named by
 * his id or by his player id.
 */
#ifndef DEBUG_PEOPLE_H
#define DEBUG_PEOPLE_H

#include "base/config.h"

int user_cmd_run(const struct config *config, const char *const *words, size_t n, bool json);
int keyword_cmd_run(const struct config *config, const char *const *words, size_t n, bool json);
int notice_cmd_run(const struct config *config, const char *const *words, size_t n, bool json);

#endif
