/* SPDX-License-Identifier: MIT */
/* profile.h - the directory of one browser: made, locked, deleted, swept after a dead engine.
 *
 * RUN_DIR/catchdeal-chrome-XXXXXX/ holds profile/, home/ and tmp/ (Chrome's user data, HOME and TMPDIR). Its
 * owner is the user that Chrome runs as; the engine holds a lock (flock) on the directory itself as long
 * as it lives, and nobody else does: a directory whose lock can be taken belongs to no living engine.
 */
#ifndef CHROME_PROFILE_H
#define CHROME_PROFILE_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct profile;

/* uid, gid: who shall own it; only root may name another than itself. ERR_DISK, ERR_FDS, ERR_LAUNCH. */
MUST_CHECK int profile_new(const char *run_dir, uid_t uid, gid_t gid, struct profile **out,
                           struct err *err);

const char *profile_dir(const struct profile *profile);       /* the whole */
const char *profile_user_data(const struct profile *profile); /* --user-data-dir */
const char *profile_home(const struct profile *profile);
const char *profile_tmp(const struct profile *profile);

/* Delete the directory with all that is in it, following no link. -1: something is left (err says what); it may be
 * tried again. */
MUST_CHECK int profile_delete(struct profile *profile, struct err *err);

/* Lets go of the lock; what is left on disk falls to the next sweep. */
void profile_free(struct profile **profile);

/* Delete the directories under run_dir that dead engines left: ours by name, owned by `uid` or by us, and not
 * locked. Returns how many were deleted. */
int profile_sweep(const char *run_dir, uid_t uid);

#endif
