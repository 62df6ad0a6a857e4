/* SPDX-License-Identifier: MIT */
/* pack.c - see pack.h. */
#include "api/pack.h"
#include "base/mem.h"

#include <libdeflate.h>

struct pack {
    struct libdeflate_compressor *compressor;
};

struct pack *pack_new(int level)
{
    struct pack *pack = mem_new(struct pack);

    pack->compressor = libdeflate_alloc_compressor(level);
    check(pack->compressor);
    return pack;
}

void pack_free(struct pack **pack)
{
    if (!*pack)
        return;
    libdeflate_free_compressor((*pack)->compressor);
    mem_free(*pack);
    *pack = NULL;
}

bool pack_gzip(struct pack *pack, const void *bytes, size_t len, struct buf *out)
{
    size_t room = libdeflate_gzip_compress_bound(pack->compressor, len);
    char *packed = mem_alloc(room);
    size_t packed_len = libdeflate_gzip_compress(pack->compressor, bytes, len, packed, room);
    bool is_less = packed_len > 0 && packed_len < len;

    if (is_less)
        buf_add(out, packed, packed_len);
    mem_free(packed);
    return is_less;
}
