/* SPDX-License-Identifier: MIT */
/* launch_why.h - why a Chrome did not start or ended, in words that say what to do.
 *
 * From what it wrote to stderr and from the error of exec. A cause that is not known stays as it was told.
 */
#ifndef CHROME_LAUNCH_WHY_H
#define CHROME_LAUNCH_WHY_H

#include "base/err.h"

/* said: its last lines. Only causes that the system gives: ERR_PIDS, ERR_FDS, ERR_DISK; else ERR_OK. */
enum err_code launch_why_code(const char *said);

/* Put cause and remedy before err's text, and choose the code (ERR_LAUNCH, or as above). program: its path; run_dir:
 * where profiles are; said may be "". */
void launch_explain(const char *program, const char *run_dir, const char *said, struct err *err);

#endif
