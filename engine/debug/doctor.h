/* SPDX-License-Identifier: MIT */
/* doctor.h - `catchdeal-engine doctor`: is this machine fit for the engine as it is configured?
 *
 * Looks at the machine, tries a browser of the engine's own with the engine's own launch code, and
 * asks the database. One line a check on stdout, with what to do below each that is not ok; with
 * json one document instead. Nothing is left behind: what it makes (a profile, a browser) it
 * removes, and it makes no database.
 */
#ifndef DEBUG_DOCTOR_H
#define DEBUG_DOCTOR_H

#include "base/config.h"

#include <stdbool.h>

/* Runs a loop of its own until all is known (launch_timeout + database_timeout at most, and the
 * browser's end) or until SIGINT or SIGTERM. Returns the exit code: 0 fit, warnings included; 10
 * interrupted; otherwise that of the worst failure (doctor_report.h). */
int doctor_run(const struct config *config, bool json);

#endif
