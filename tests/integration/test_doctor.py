# SPDX-License-Identifier: MIT
"""`catchdeal-engine doctor`: a fit machine is told fit; each thing that is missing gets its line, advice and code."""
import json
import os
import signal

from support.processes import wait_until
from support.registry import Skip, expect, expect_equal, test


def _doctor(bench, **settings):
    """(result, checks by name) of doctor --json."""
    result = bench.engine("doctor", "--json", **settings)
    try:
        document = json.loads(result.out)
    except json.JSONDecodeError as error:
        raise AssertionError(f"no JSON ({error}): {result}") from None
    expect_equal(document["exit_code"], result.code, "exit_code of the document against the program's")
    expect_equal(document["fit"], result.code == 0, "fit")
    checks = {check["name"]: check for check in document["checks"]}
    for check in checks.values():
        expect_equal(check["advice"] is None, check["level"] == "ok", f"advice exactly where something is wrong: {check}")
    return result, checks


def _expect_only_failure(bench, code, name, found, advice, **settings):
    result, checks = _doctor(bench, **settings)

    expect_equal([check["name"] for check in checks.values() if check["level"] == "fail"], [name], "failed checks")
    expect(found in checks[name]["found"], f"{found!r} is not told: {checks[name]}")
    expect(advice in checks[name]["advice"], f"{advice!r} is not advised: {checks[name]}")
    expect_equal(result.code, code, f"exit code of {result}")
    return checks


@test
def fit_machine_is_told_fit(bench):
    result, checks = _doctor(bench)

    expect_equal(result.code, 0, f"exit code of {result}")
    for name in ("memory cap", "memory", "memory budget", "swap", "memory pressure", "/dev/shm", "processes", "open files", "fonts", "clock",
                 "time zones", "profiles' room", "profiles' medium", "data's room", "data's medium", "spool", "chrome",
                 "chrome switches", "chrome user", "run_dir", "chrome starts", "sandbox", "chrome version", "DevTools",
                 "sites", "pushes", "database", "redis", "clock jumps"):
        expect(name in checks, f"no check is called {name}: {sorted(checks)}")
    expect_equal(checks["sandbox"]["level"], "ok", f"sandbox: {checks['sandbox']}")
    expect("156" in checks["chrome version"]["found"] or checks["chrome version"]["level"] == "warn",
           f"version: {checks['chrome version']}")
    expect(not (bench.folder / "deals.db").exists(), "the doctor made a database")


@test
def text_has_a_line_each_and_a_verdict_last(bench):
    result = bench.engine("doctor")

    expect_equal(result.code, 0, f"exit code of {result}")
    lines = result.out.splitlines()
    for line in lines[:-2]:
        expect(line[:6] in ("ok    ", "warn  ", "      "), f"unexpected line {line!r}")
    expect(lines[-1].startswith("fit: 0 failures"), f"last line {lines[-1]!r}")


@test
def missing_chrome(bench):
    checks = _expect_only_failure(bench, 6, "chrome", "/nowhere/chrome", "apt-get install", chrome="/nowhere/chrome")

    expect("chrome starts" not in checks, "a browser was tried")


@test
def wrapper_script_instead_of_chrome(bench):
    path = bench.folder / "chrome"
    path.write_text("#!/bin/sh\nexec chromium \"$@\"\n")
    path.chmod(0o755)

    _expect_only_failure(bench, 6, "chrome", "wrapper script", "chrome = PATH", chrome=path)


@test
def chrome_that_does_not_start(bench):
    checks = _expect_only_failure(bench, 6, "chrome starts", "did not start", "by hand", chrome="/bin/false")

    expect("DevTools" not in checks, "a transport of nothing is told")


@test
def unknown_chrome_user(bench):
    if os.geteuid() != 0:
        raise Skip("only root runs Chrome as another user")

    _expect_only_failure(bench, 6, "chrome user", "no-such-user", "useradd", chrome_user="no-such-user")


@test
def run_dir_that_chrome_cannot_reach(bench):
    if os.geteuid() != 0:
        raise Skip("only root runs Chrome as another user")
    closed = bench.folder / "closed"
    closed.mkdir(mode=0o700)

    _expect_only_failure(bench, 6, "run_dir", "cannot enter", "set run_dir", run_dir=closed)


@test
def run_dir_that_cannot_be_written(bench):
    _expect_only_failure(bench, 6, "run_dir", "no directory can be made", "set run_dir", run_dir="/proc")


@test
def broken_switch(bench):
    path = bench.folder / "chrome-flags.conf"
    path.write_text("# why\n--no-sandbox\n")

    _expect_only_failure(bench, 3, "chrome switches", "chrome-flags.conf:2", "mend that line", chrome_flags=path)


@test
def unreachable_database(bench):
    _expect_only_failure(bench, 5, "database", "refused", "server up", database="postgresql://nobody@127.0.0.1:1/none")


@test
def redis_that_is_away_is_a_warning_and_a_wrong_address_a_failure(bench):
    result, checks = _doctor(bench, redis="redis://:secret@127.0.0.1:1")
    expect_equal((result.code, checks["redis"]["level"]), (0, "warn"), f"away: {checks['redis']}")
    expect("goes on without it" in checks["redis"]["advice"] and "secret" not in str(checks), f"advice: {checks['redis']}")

    _expect_only_failure(bench, 3, "pushes", "push_service: onesignal needs push_app_id", "push_ keys", push_service="onesignal")
    _expect_only_failure(bench, 3, "redis", "expected redis://", "set redis", redis="http://127.0.0.1")


@test
def database_without_schema(bench):
    server = bench.start_postgres()
    result, checks = _doctor(bench)
    expect_equal(result.code, 0, f"exit code of {result}")
    expect("schema version" in checks["database"]["found"], f"database: {checks['database']}")

    server.query("DROP TABLE schema_version")

    _expect_only_failure(bench, 5, "database", "migrate", "migrate")


@test
def broken_site_file(bench):
    folder = bench.folder / "sites" / "spa"
    folder.mkdir(parents=True)
    (folder / "site.conf").write_text("[site]\nnme = x\n")

    _expect_only_failure(bench, 4, "sites", "site.conf", "", sites_dir=folder.parent)


@test
def unknown_zone(bench):
    _expect_only_failure(bench, 3, "time zones", "Asia/Soul", "tzdata", timezone="Asia/Soul")


@test
def sandbox_that_is_switched_off_is_warned_about(bench):
    result, checks = _doctor(bench, chrome_sandbox="no")

    expect_equal(result.code, 0, f"exit code of {result}")
    expect_equal(checks["sandbox"]["level"], "warn", f"sandbox: {checks['sandbox']}")


@test
def the_worst_failure_decides_the_code(bench):
    result, checks = _doctor(bench, database="postgresql://nobody@127.0.0.1:1/none", chrome="/nowhere/chrome",
                             timezone="Asia/Soul")

    expect_equal(sorted(name for name, check in checks.items() if check["level"] == "fail"),
                 ["chrome", "database", "time zones"], "failed checks")
    expect_equal(result.code, 3, f"exit code of {result}")


@test
def interrupted_doctor_leaves_no_browser(bench):
    program = bench.start_engine("doctor", launch_timeout="60s")
    (browser, *_) = wait_until(bench.chrome_processes, 20, "a browser runs")
    os.kill(browser.pid, signal.SIGSTOP)  # so that it is never ready

    program.signal(signal.SIGTERM)

    expect_equal(program.wait(20).code, 10, f"exit code; {program.err[-1500:]}")


@test
def options_of_other_commands_are_refused(bench):
    expect_equal(bench.engine("doctor", "--all").code, 2, "exit code of doctor --all")
    expect_equal(bench.engine("schedule", "--json").code, 2, "exit code of schedule --json")
