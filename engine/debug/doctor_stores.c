/* SPDX-License-Identifier: MIT */
/* doctor_stores.c - what the engine reads and keeps: site files, database. */
#include "base/str.h"
#include "crawl/sites.h"
#include "db/schema.h"
#include "db/store.h"
#include "db/store_lease.h"
#include "db/store_sessions.h"
#include "debug/doctor_checks.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- site files ------------------------------------------------------------------------------ */

struct first_problem {
    char text[400];
    int n;
};

static void on_problem(const char *message, void *ctx)
{
    struct first_problem *problem = ctx;

    if (!problem->n++)
        snprintf(problem->text, sizeof(problem->text), "%s", message);
}

static void check_contact(struct doctor_report *report, const struct config *config)
{
    struct doctor_verdict verdict;

    if (str_empty(config->user_agent_contact))
        doctor_say_warn(&verdict, "set user_agent_contact in catchdeal.conf: an address or a page of yours",
                        "none: a board's operator cannot tell whose requests these are");
    else
        doctor_say_ok(&verdict, "%.200s", config->user_agent_contact);
    doctor_report_add(report, "contact", &verdict);
}

void doctor_check_sites(struct doctor_report *report, const struct config *config)
{
    struct first_problem problem = {.n = 0};
    struct doctor_verdict verdict;
    struct sites sites;
    struct err err;

    if (sites_load(config, on_problem, &problem, &sites, &err) < 0)
        doctor_say_fail(&verdict, err.code, "look at sites_dir and sites in catchdeal.conf",
                        "%.400s", problem.n ? problem.text : err.text);
    else if (problem.n)
        doctor_say_fail(&verdict, ERR_SITE,
                        "mend the file (sites/README.md), or set enabled = no in it",
                        "%zu to run, %d broken: %s", sites.n, sites.broken, problem.text);
    else
        doctor_say_ok(&verdict, "%zu to run", sites.n);
    sites_free(&sites);
    doctor_report_add(report, "sites", &verdict);
    check_contact(report, config);
}

/* ---- the database ---------------------------------------------------------------------------- */

struct doctor_database {
    struct loop *loop;
    const struct config *config;
    struct doctor_report *report;
    struct store *store, *other; /* other: a second connection to a server */
    struct store_sessions *sessions;
    struct loop_timer *later;
    loop_fn *done;
    void *ctx;
};

/* SQLite's path, NULL for a server. */
static const char *file_of(const struct config *config)
{
    return str_starts(config->database, "sqlite:") ? config->database + strlen("sqlite:") : NULL;
}

/* Is there a pooler in between that mixes sessions? */
static void on_sessions(bool keeps, const struct err *err, void *ctx)
{
    struct doctor_database *database = ctx;
    struct doctor_verdict verdict;

    if (keeps || err) /* of the second connection: a server may allow but one */
        doctor_say_ok(&verdict, "%s answers, schema version %d", store_kind(database->store),
                      schema_version());
    else
        doctor_say_warn(&verdict, "pool_mode = session for this database in pgbouncer.ini",
                        "postgresql answers, schema version %d, behind a pooler in transaction mode: the api hears of "
                        "changes late, and prepared statements and time limits are lost",
                        schema_version());
    doctor_report_add(database->report, "database", &verdict);
    database->done(database->ctx);
}

static bool probes_sessions(struct doctor_database *database)
{
    struct err err;

    if (!store_is_shared(database->store) ||
        store_open(database->loop, database->config->database, database->config->database_timeout,
                   &database->other, &err) < 0)
        return false;
    store_set_reader(database->other);
    database->sessions = store_sessions_probe(database->loop, database->store, database->other,
                                              on_sessions, database);
    return true;
}

static void on_checked(const struct err *err, void *ctx)
{
    struct doctor_database *database = ctx;
    struct doctor_verdict verdict;
    const char *file = file_of(database->config);

    if (!err && probes_sessions(database))
        return;
    if (!err)
        doctor_say_ok(&verdict, "%s answers, schema version %d", store_kind(database->store),
                      schema_version());
    else if (file)
        doctor_say_fail(
            &verdict, err->code,
            "the engine's user must be able to read and write the file and its folder; an "
            "older schema: catchdeal-engine migrate",
            "%.500s", err->text);
    else
        doctor_say_fail(
            &verdict, err->code,
            "is the server up, and do the name, the password and pg_hba.conf fit? no or an "
            "older schema: catchdeal-engine migrate",
            "%.500s", err->text);
    doctor_report_add(database->report, "database", &verdict);
    database->done(database->ctx);
}

/* The nearest folder above the file that exists, cut out of `path`. */
static void cut_to_folder(char *path)
{
    char *slash;

    do {
        slash = strrchr(path, '/');
        if (!slash)
            strcpy(path, ".");
        else
            slash[slash == path] = '\0';
    } while (access(path, F_OK) < 0 && slash && slash != path);
}

/* There is none yet: the first crawl makes it, and the doctor only looks whether it could. */
static void judge_new_file(const char *file, struct doctor_verdict *out)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof(folder), "%s", file);
    cut_to_folder(folder);
    if (access(folder, W_OK | X_OK) < 0)
        doctor_say_fail(
            out, ERR_STORE,
            "make the folder writable for the engine's user, or set database to another place",
            "sqlite, %.200s can't be made in %.200s: %s", file, folder, strerror(errno));
    else
        doctor_say_ok(out, "sqlite, none yet: %.400s is made by the first crawl", file);
}

/* Answers without the loop come one turn later. */
static void on_later(void *ctx)
{
    struct doctor_database *database = ctx;

    database->done(database->ctx);
}

static void answer_later(struct doctor_database *database, const struct doctor_verdict *verdict)
{
    doctor_report_add(database->report, "database", verdict);
    loop_timer_start(database->later, 0);
}

struct doctor_database *doctor_database_start(struct loop *loop, const struct config *config,
                                              struct doctor_report *report, loop_fn *done,
                                              void *ctx)
{
    struct doctor_database *database = mem_new(struct doctor_database);
    const char *file = file_of(config);
    struct doctor_verdict verdict;
    struct err err;

    *database = (struct doctor_database){
        .loop = loop, .config = config, .report = report, .done = done, .ctx = ctx};
    database->later = loop_timer_new(loop, on_later, database);
    if (file && access(file, F_OK) < 0) {
        judge_new_file(file, &verdict);
        answer_later(database, &verdict);
    } else if (store_open(loop, config->database, config->database_timeout, &database->store,
                          &err) < 0) {
        doctor_say_fail(&verdict, err.code, "set database in catchdeal.conf", "%.500s", err.text);
        answer_later(database, &verdict);
    } else {
        store_set_reader(database->store);
        store_check(database->store, on_checked, database);
    }
    return database;
}

void doctor_database_free(struct doctor_database **database_ptr)
{
    struct doctor_database *database = *database_ptr;

    *database_ptr = NULL;
    if (!database)
        return;
    store_free(&database->store);
    store_free(&database->other);
    store_sessions_free(&database->sessions);
    loop_timer_free(&database->later);
    mem_free(database);
}
