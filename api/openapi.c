/* SPDX-License-Identifier: MIT */
/* openapi.c - see openapi.h. Through the cache, for the sake of its ETag and compression. */
#include "api/openapi.h"
#include "api/cache.h"

#include "gen/openapi_json.h"

enum { DOCUMENT_MAX_BYTES = 1 << 20 };

static void fill_document(struct api *api, const void *arg, struct cache_fill *fill)
{
    struct buf body;

    (void)api;
    (void)arg;
    buf_init(&body, DOCUMENT_MAX_BYTES);
    buf_adds(&body, openapi_json);
    cache_fill_done(fill, &body);
}

void openapi_document(struct call *call)
{
    const struct cache_source source = {
        .subject = CACHE_OF_PROGRAM, .life = CACHE_GENERATION, .content_type = RESPOND_JSON, .fill = fill_document};

    cache_respond(call, "openapi.json", &source);
}
