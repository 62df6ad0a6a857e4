/* SPDX-License-Identifier: MIT */
/* wire.h - a piece of network between a program and the test's PostgreSQL, which can go silent: bytes are
 * taken and lost, and neither end is told, as where a firewall forgets a connection.
 */
#ifndef TESTS_SUPPORT_WIRE_H
#define TESTS_SUPPORT_WIRE_H

struct wire;

/* url: of a server that listens on a unix socket (test_pg_url()). */
struct wire *wire_new(const char *url);
void wire_free(struct wire **wire); /* both ends of every connection are closed */

const char *wire_url(const struct wire *wire); /* of the same server, by the wire */

void wire_silence(struct wire *wire);    /* those that are open; new ones work */
int wire_connections(struct wire *wire); /* ever made */

#endif
