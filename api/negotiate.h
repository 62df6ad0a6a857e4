/* SPDX-License-Identifier: MIT */
/* negotiate.h - what a request says about the form of its answer, and the tag by which it is known again. */
#ifndef API_NEGOTIATE_H
#define API_NEGOTIATE_H

#include "base/httpd.h"

/* May the answer be compressed with gzip? */
bool negotiate_gzip(struct httpd_req *req);

enum { NEGOTIATE_ETAG_BYTES = 32 };

/* A strong tag of these bytes, without its quotes; with "-gz" at its end it is that of the same bytes compressed. */
void negotiate_etag(const void *bytes, size_t len, char etag[NEGOTIATE_ETAG_BYTES]);

/* Does the client have the answer with this ETag (without its quotes)? */
bool negotiate_matches(struct httpd_req *req, const char *etag);

/* The same of the header's value, NULL: it is not there. */
bool negotiate_takes_gzip(const char *accept_encoding);
bool negotiate_names(const char *if_none_match, const char *etag);

#endif
