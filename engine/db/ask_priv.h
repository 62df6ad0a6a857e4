/* SPDX-License-Identifier: MIT */
/* ask_priv.h - what ask.c shares with the two databases. */
#ifndef DB_ASK_PRIV_H
#define DB_ASK_PRIV_H

#include "db/ask.h"
#include "db/store_vtable.h"

struct ask {
    const char *name;
    bool writes;
    const char *sqlite_text, *postgres_text;
};

extern const struct ask ask_table[ASK_COUNT];

/* As in postgres_conn.h, which only PostgreSQL's files may include. */
#define ASK_PG_TIME(ms) "('epoch'::timestamptz + (" ms ")::bigint * interval '1 millisecond')"
#define ASK_PG_MS(time) "(date_part('epoch', " time ") * 1000)::bigint"

#endif
