/* SPDX-License-Identifier: MIT */
/* negotiate.h - what a request says about the form of its answer. */
#ifndef API_NEGOTIATE_H
#define API_NEGOTIATE_H

#include "base/httpd.h"

/* May the answer be compressed with gzip? */
bool negotiate_gzip(struct httpd_req *req);

/* Does the client have the answer with this ETag (without its quotes)? */
bool negotiate_matches(struct httpd_req *req, const char *etag);

#endif
