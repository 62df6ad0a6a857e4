/* SPDX-License-Identifier: MIT */
/* doctor_chrome.c - what a browser needs before it can be started, one thing at a time.
 *
 * The engine's own launch plan is asked, so that the doctor can't be of another opinion. A plan
 * stops at its first problem; therefore it is asked for one part while harmless values stand in for
 * the others.
 */
#include "base/str.h"
#include "chrome/flags.h"
#include "chrome/launch.h"
#include "debug/doctor_checks.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A configuration in which nothing can be wrong: any program, no switches, our own user, a
 * directory that all reach. */
static struct config harmless(const struct config *config)
{
    struct config copy = *config;

    copy.chrome = (char *)"/proc/self/exe";
    copy.chrome_flags = (char *)"/dev/null";
    copy.chrome_user = (char *)"";
    copy.chrome_sandbox = false;
    copy.run_dir = (char *)"/";
    return copy;
}

/* ---- the program ----------------------------------------------------------------------------- */

/* Somebody who has Chrome in PATH wonders why it is not found. */
static bool find_in_path(char found[PATH_MAX])
{
    static const char *const names[] = {"chromium-headless-shell", "chromium", "chromium-browser",
                                        "google-chrome"};
    static const char *const folders[] = {"/usr/bin", "/usr/local/bin", "/snap/bin"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        for (size_t j = 0; j < ARRAY_LEN(folders); j++) {
            snprintf(found, PATH_MAX, "%s/%s", folders[j], names[i]);
            if (access(found, X_OK) == 0)
                return true;
        }
    return false;
}

static void judge_no_program(const struct config *config, const struct err *err,
                             struct doctor_verdict *out)
{
    static const char advice[] =
        "apt-get install chromium-headless-shell, or chrome = PATH in catchdeal.conf";
    char found[PATH_MAX];

    if (str_empty(config->chrome) && find_in_path(found))
        doctor_say_fail(
            out, err->code,
            "name the program itself, which the script starts: chrome = PATH in "
            "catchdeal.conf (Debian: /usr/lib/chromium/chromium-headless-shell)",
            "only %.256s, which may be a wrapper script: Chrome would outlive the engine behind it",
            found);
    else
        doctor_say_fail(out, err->code, advice, "%.500s", err->text);
}

static bool check_program(struct doctor_report *report, const struct config *config)
{
    struct config probe = harmless(config);
    struct doctor_verdict verdict;
    struct launch_plan *plan;
    struct err err;

    probe.chrome = config->chrome;
    if (launch_plan_new(&probe, NULL, 0, &plan, &err) < 0) {
        judge_no_program(config, &err, &verdict);
    } else {
        if (strstr(launch_program(plan), "headless"))
            doctor_say_ok(&verdict, "%.400s, no wrapper script", launch_program(plan));
        else
            doctor_say_warn(
                &verdict, "apt-get install chromium-headless-shell, where there is one",
                "%.400s, the full browser: it takes twice the memory of the headless shell",
                launch_program(plan));
        launch_plan_free(&plan);
    }
    doctor_report_add(report, "chrome", &verdict);
    return verdict.level != DOCTOR_FAIL;
}

static bool check_flags(struct doctor_report *report, const struct config *config)
{
    struct doctor_verdict verdict;
    struct flags *flags;
    struct err err;

    if (flags_load(config->chrome_flags, &flags, &err) < 0) {
        doctor_say_fail(
            &verdict, err.code,
            "mend that line; a fresh file: git checkout chrome-flags.conf, or chrome_flags "
            "= FILE in catchdeal.conf",
            "%.500s", err.text);
    } else {
        doctor_say_ok(&verdict, "%zu switches in %.256s", flags_count(flags), config->chrome_flags);
        flags_free(&flags);
    }
    doctor_report_add(report, "chrome switches", &verdict);
    return verdict.level != DOCTOR_FAIL;
}

/* ---- the user and its directory -------------------------------------------------------------- */

static const char *user_name(uid_t uid)
{
    const struct passwd *pw = getpwuid(uid);

    return pw ? pw->pw_name : "?";
}

static void judge_user(const struct config *config, const struct launch_plan *plan,
                       struct doctor_verdict *out)
{
    uid_t uid = launch_uid(plan);

    if (uid == 0)
        doctor_say_warn(
            out, "set chrome_user to an unprivileged user, and chrome_sandbox = yes",
            "root, without a sandbox: a page that breaks out of Chrome owns the machine");
    else if (geteuid() == 0)
        doctor_say_ok(out, "%s (uid %u), as chrome_user says", config->chrome_user, (unsigned)uid);
    else
        doctor_say_ok(out, "the engine's own, %s (uid %u)", user_name(uid), (unsigned)uid);
}

static bool check_user(struct doctor_report *report, const struct config *config)
{
    struct config probe = harmless(config);
    struct doctor_verdict verdict;
    struct launch_plan *plan;
    char advice[256];
    struct err err;

    probe.chrome_user = config->chrome_user;
    probe.chrome_sandbox = config->chrome_sandbox;
    if (launch_plan_new(&probe, NULL, 0, &plan, &err) < 0) {
        snprintf(
            advice, sizeof(advice),
            "useradd --system --no-create-home %.100s, or another chrome_user in catchdeal.conf",
            str_empty(config->chrome_user) ? "catchdeal-chrome" : config->chrome_user);
        doctor_say_fail(&verdict, err.code, advice, "%.500s", err.text);
    } else {
        judge_user(config, plan, &verdict);
        launch_plan_free(&plan);
    }
    doctor_report_add(report, "chrome user", &verdict);
    return verdict.level != DOCTOR_FAIL;
}

/* A profile is made and deleted, for only that shows that it works. */
static int try_profile(const struct launch_plan *plan, struct err *err)
{
    struct profile *profile;
    int rc;

    if (launch_make_profile(plan, &profile, err) < 0)
        return -1;
    rc = profile_delete(profile, err);
    profile_free(&profile);
    return rc;
}

static bool check_run_dir(struct doctor_report *report, const struct config *config, bool has_user)
{
    struct config probe = harmless(config);
    struct doctor_verdict verdict;
    struct launch_plan *plan;
    struct err err;

    probe.run_dir = config->run_dir;
    if (has_user) {
        probe.chrome_user = config->chrome_user;
        probe.chrome_sandbox = config->chrome_sandbox;
    }
    if (launch_plan_new(&probe, NULL, 0, &plan, &err) == 0) {
        if (try_profile(plan, &err) == 0)
            doctor_say_ok(&verdict, "%.400s, Chrome's user reaches it", launch_run_dir(plan));
        else
            doctor_say_fail(&verdict, err.code,
                            "set run_dir to a directory that the engine can write to", "%.500s",
                            err.text);
        launch_plan_free(&plan);
    } else {
        doctor_say_fail(&verdict, err.code,
                        "set run_dir to a directory that Chrome's user can enter, such as /tmp or "
                        "/var/tmp (not below a "
                        "home that is closed to others)",
                        "%.500s", err.text);
    }
    doctor_report_add(report, "run_dir", &verdict);
    return verdict.level != DOCTOR_FAIL;
}

bool doctor_check_chrome(struct doctor_report *report, const struct config *config)
{
    bool has_program = check_program(report, config);
    bool has_flags = check_flags(report, config);
    bool has_user = check_user(report, config);
    bool has_run_dir = check_run_dir(report, config, has_user);

    return has_program && has_flags && has_user && has_run_dir;
}
