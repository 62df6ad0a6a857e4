/* SPDX-License-Identifier: MIT */
/* weburl_priv.h - what weburl.c and weburl_host.c share. */
#ifndef BASE_WEBURL_PRIV_H
#define BASE_WEBURL_PRIV_H

#include "base/weburl.h"

/* The host parser of the URL Standard (3.5) for special schemes, and its serializer. NULL: no host. */
const char *weburl_host_parse(struct arena *arena, const char *text, size_t len);

/* Percent-decode into the arena; *len_out bytes, a NUL behind. */
char *weburl_percent_decode(struct arena *arena, const char *text, size_t len, size_t *len_out);

#endif
