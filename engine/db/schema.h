/* SPDX-License-Identifier: MIT */
/* schema.h - the numbered migrations (scripts/schema) as they were when the program was built. */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include "base/err.h"

/* Both databases are always at the same version: each migration has a file for either. */
struct schema_step {
    int version; /* 1, 2, ... without gaps */
    const char *name;
    const char *sqlite_sql;
    const char *postgres_sql;
};

const struct schema_step *schema_step(int version); /* NULL past the last */
int schema_version(void);                           /* what this program was built for */

/* found: the database's version, 0 when it has no schema. 0, or ERR_STORE_AWAY with what to do. */
MUST_CHECK int schema_accept(int found, struct err *err);

#endif
