/* SPDX-License-Identifier: MIT */
/* fuzz.h - what the fuzz targets share. A property that does not hold is a failed check()
 * (base/mem.h). */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What each target defines; called by libFuzzer (make fuzz) or replay.c (make check-fuzz). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A heap copy of just these bytes: AddressSanitizer sees one byte too far. mem_free() it. */
char *fuzz_bytes(const uint8_t *data, size_t size);
char *fuzz_text(const uint8_t *data, size_t size); /* the same with a NUL behind */

/* A file in memory that holds just these bytes; the path is good until the next call. */
const char *fuzz_file(const void *data, size_t size);

/* Is this one JSON value as RFC 8259 has it, nested at most 64 deep, numbers of at most 60 bytes
 * (cJSON reads 63)? Inside strings any byte passes but an unescaped control byte other than NUL.
 * Written apart from the engine's readers, to judge them. */
bool fuzz_json_is_sound(const char *text, size_t len);

#endif
