/* SPDX-License-Identifier: MIT */
/* ops.h - the operator's listener of the API: /live, /ready, /metrics.
 *
 * /ready asks the database each time: 200 when it answers and has the schema that this program was
 * built for, else 503 with the reason; 503 as well while the program ends.
 */
#ifndef API_OPS_H
#define API_OPS_H

#include "api/route.h"

struct ops;

/* listen as for admin_http_new(). httpd: the public listener, borrowed. */
MUST_CHECK int ops_new(struct loop *loop, const char *listen, struct api *api,
                       const struct httpd *httpd, struct ops **out, struct err *err);
int ops_port(const struct ops *ops);
int ops_listen_fd(const struct ops *ops);
void ops_set_ending(struct ops *ops); /* from now on it is not ready */
void ops_hand_over(struct ops *ops);  /* another process has the socket: accept no more */
void ops_free(struct ops **ops);      /* after store_free() */

#endif
