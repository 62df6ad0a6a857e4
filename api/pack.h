/* SPDX-License-Identifier: MIT */
/* pack.h - bodies compressed by gzip (libdeflate). */
#ifndef API_PACK_H
#define API_PACK_H

#include "base/buf.h"

#include <stdbool.h>

struct pack;

/* level 1 (quick, for what is sent once) to 12; 6 is zlib's usual. */
struct pack *pack_new(int level);
void pack_free(struct pack **pack);

/* out: an initialised buffer, which takes the compressed bytes. false: they are no fewer, and out is empty. */
bool pack_gzip(struct pack *pack, const void *bytes, size_t len, struct buf *out);

#endif
