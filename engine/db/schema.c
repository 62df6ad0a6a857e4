/* SPDX-License-Identifier: MIT */
/* schema.c - the table of migrations, and the judgement about a database's version. */
#include "db/schema.h"

#include "gen/postgres_0001_deals_sql.h"
#include "gen/postgres_0002_life_sql.h"
#include "gen/postgres_0003_users_sql.h"
#include "gen/postgres_0004_search_sql.h"
#include "gen/postgres_0005_news_sql.h"
#include "gen/postgres_0006_counters_sql.h"
#include "gen/postgres_0007_leases_sql.h"
#include "gen/postgres_0008_alarms_sql.h"
#include "gen/postgres_0009_pushes_sql.h"
#include "gen/postgres_0010_reports_sql.h"
#include "gen/postgres_0011_changes_sql.h"
#include "gen/sqlite_0001_deals_sql.h"
#include "gen/sqlite_0002_life_sql.h"
#include "gen/sqlite_0003_users_sql.h"
#include "gen/sqlite_0004_search_sql.h"
#include "gen/sqlite_0005_news_sql.h"
#include "gen/sqlite_0006_counters_sql.h"
#include "gen/sqlite_0007_leases_sql.h"
#include "gen/sqlite_0008_alarms_sql.h"
#include "gen/sqlite_0009_pushes_sql.h"
#include "gen/sqlite_0010_reports_sql.h"
#include "gen/sqlite_0011_changes_sql.h"

static const struct schema_step steps[] = {
    {1, "deals", sqlite_0001_deals_sql, postgres_0001_deals_sql},
    {2, "life", sqlite_0002_life_sql, postgres_0002_life_sql},
    {3, "users", sqlite_0003_users_sql, postgres_0003_users_sql},
    {4, "search", sqlite_0004_search_sql, postgres_0004_search_sql},
    {5, "news", sqlite_0005_news_sql, postgres_0005_news_sql},
    {6, "counters", sqlite_0006_counters_sql, postgres_0006_counters_sql},
    {7, "leases", sqlite_0007_leases_sql, postgres_0007_leases_sql},
    {8, "alarms", sqlite_0008_alarms_sql, postgres_0008_alarms_sql},
    {9, "pushes", sqlite_0009_pushes_sql, postgres_0009_pushes_sql},
    {10, "reports", sqlite_0010_reports_sql, postgres_0010_reports_sql},
    {11, "changes", sqlite_0011_changes_sql, postgres_0011_changes_sql},
};

const struct schema_step *schema_step(int version)
{
    check(version > 0);
    return (size_t)version <= ARRAY_LEN(steps) ? &steps[version - 1] : NULL;
}

int schema_version(void)
{
    return (int)ARRAY_LEN(steps);
}

int schema_accept(int found, struct err *err)
{
    int wanted = schema_version();

    if (found == wanted)
        return 0;
    if (found > wanted)
        return err_set(err, ERR_STORE_AWAY,
                       "the schema is version %d, newer than this program, which was built for "
                       "version %d: install the newer program",
                       found, wanted);
    if (found == 0)
        return err_set(err, ERR_STORE_AWAY,
                       "the database has no schema yet: run: catchdeal-engine migrate");
    return err_set(err, ERR_STORE_AWAY,
                   "the schema is version %d and this program needs version %d: run: "
                   "catchdeal-engine migrate",
                   found, wanted);
}
