/* SPDX-License-Identifier: MIT */
/* unit.h - cmocka with the headers that it needs, and what every unit test uses.
 */
#ifndef TESTS_SUPPORT_UNIT_H
#define TESTS_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Skip the test; scripts/lib/run-unit shows the reason. */
#define skip_because(reason)                      \
    do {                                          \
        fprintf(stderr, "skipped: %s\n", reason); \
        skip();                                   \
    } while (0)

#endif
