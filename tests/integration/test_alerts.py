# SPDX-License-Identifier: MIT
"""The operator is told what is wrong and that it is over, by mail and webhook; selfcheck."""
import json
import re
import sqlite3

from support.operator import MailServer, Webhook
from support.processes import wait_until
from support.registry import expect, expect_equal, test


def _hear(bench):
    """(mail server, webhook, the settings that make an engine tell them)"""
    mail, hook = MailServer(bench.folder), Webhook()
    bench.closes(mail)
    bench.closes(hook)
    quick = {"alert_after": "1s", "alert_retry": "100ms", "alert_again": "0", "purge_schedule": "", "schedule_jitter": "0"}
    return mail, hook, {**mail.settings(bench.folder / "password"), **hook.settings(), **quick}


def _selfchecks(bench):
    with sqlite3.connect(bench.folder / "deals.db", timeout=20) as database:
        return database.execute("SELECT reason, rows_seen, gb_ms > 0 FROM runs WHERE kind = 'selfcheck' ORDER BY id").fetchall()


@test(seconds=120)
def a_chrome_that_does_not_start_is_told_of_and_that_it_does_again(bench):
    demo = bench.start_boards()
    mail, hook, told = _hear(bench)

    checked = bench.engine("selfcheck")
    expect_equal(checked.code, 0, f"selfcheck: {checked}")
    expect("3 rows" in checked.out, f"selfcheck says: {checked.out}")
    flags = bench.folder / "flags.conf"
    flags.write_text((bench.repository / "chrome-flags.conf").read_text() + "# no script runs\n--blink-settings=scriptEnabled=false\n")
    blind = bench.engine("selfcheck", chrome_flags=flags, page_timeout="3s")
    expect(blind.code != 0 and "built-in page" in blind.err, f"a selfcheck in which no script runs: {blind}")
    sent = bench.engine("alert", "--test", **told)
    expect_equal((sent.code, sent.out), (0, "2 of 2 ways took the message\n"), f"alert --test: {sent}")
    expect_equal((hook.posts[0]["type"], mail.mails[0].to), ("alert.test", "ops@catchdeal.example"), "test messages")

    board = {**demo.settings("clien"), "render": "chrome", "selfcheck_schedule": "@every 1s", "origin_min_delay": "0"}
    broken = bench.start_engine("run", chrome="/bin/false", schedule_override="@every 1s", launch_failures="2",
                                launch_backoff="50ms", launch_backoff_max="100ms", budget_month="0.000001", spool_dir="/proc/spool", **board, **told)
    broken.allow_errors("Chrome", "launch-failed")
    for kind in ("chrome", "selfcheck", "budget", "disk"):
        hook.wait_for(kind, "opened")
    wait_until(lambda: any("chrome" in mail.text for mail in mail.mails[1:]), 20, "a mail of it")
    status = bench.engine("status", **demo.settings("clien"))
    for kind in ("chrome", "selfcheck", "budget", "disk"):
        expect(re.search(rf"  !( engine \S+:)? {kind} for ", status.out), f"status shows {kind}: {status}")
    general = {report["kind"] for report in json.loads(bench.engine("status", "--json", **demo.settings("clien")).out)["engine"]["reports"]}
    expect({"chrome", "selfcheck", "budget", "disk"} <= general, f"status --json: {general}")
    broken.stop(30)
    expect("starts in a row failed: Chrome did not start" in hook.report("chrome")["text"], f"why: {hook.report('chrome')}")
    expect("budget_month is 0.00" in hook.report("budget")["text"], f"what: {hook.report('budget')}")

    expect("0 MiB free at /proc/spool (spool_dir)" in hook.report("disk")["text"], f"where: {hook.report('disk')}")

    mended = bench.start_engine("run", schedule_override="@every 1h", **board, **told)
    for kind in ("chrome", "selfcheck", "budget", "disk"):
        hook.wait_for(kind, "over")
        expect_equal(hook.news(kind), ["opened", "over"], f"each once, {kind}")
    wait_until(lambda: any("over" in mail.subject for mail in mail.mails), 20, "a mail that it is over")
    mended.stop(30)

    expect_equal((hook.unsigned, mail.refused), (0, 0), "requests without signature or login")
    expect(all(mail.over_tls for mail in mail.mails), "all mail over TLS")
    ends = _selfchecks(bench)
    expect_equal((ends[0], ends[-1]), (("ok", 3, 1), ("ok", 3, 1)), f"selfchecks in the ledger: {ends}")
    expect("launch-failed" in [reason for reason, _, _ in ends], f"those in between failed: {ends}")
    for program in (broken, mended):
        for secret in ("correct horse", "secret-path", hook.key.decode()):
            expect(secret not in program.err, f"a secret is in the log of {program.name}")


@test(seconds=120)
def a_database_that_is_away_and_boards_that_fail_are_told_of(bench):
    demo = bench.start_boards()
    server = bench.start_postgres()
    _, hook, told = _hear(bench)
    spool = bench.folder / "spool"
    engine = bench.start_engine("run", schedule_override="@every 1s", render="fetch", origin_min_delay="0", alert_failures="2",
                                host_backoff="10ms", host_backoff_max="20ms", host_failures="3", selfcheck_schedule="",
                                database_timeout="2s", page_retries="0", keep_dir=bench.folder / "kept", spool_dir=spool, **demo.settings("clien"), **told)
    engine.allow_errors("the board has changed", "the board blocks us", "store", "database", "ledger", "the server", "could not")
    wait_until(lambda: server.query("SELECT 1 FROM runs WHERE reason = 'ok' LIMIT 1"), 30, "a run")
    expect_equal(hook.posts, [], "nothing is wrong yet")

    spool.mkdir(exist_ok=True)
    (spool / "1.spool.bad").write_text("what the database refused")
    hook.wait_for("spool-bad", "opened")
    (spool / "1.spool.bad").unlink()
    demo.control("clien", status=503)
    hook.wait_for("failing", "opened")
    hook.wait_for("hosts", "opened")
    expect_equal(hook.report("failing")["site"], "clien", "whose runs fail")
    # A page that is none of the board's, then a refusal: what the crawl itself reports.
    demo.control("clien", status=200)
    hook.wait_for("drift", "opened")
    demo.control("clien", status=403)
    hook.wait_for("blocked", "opened")
    demo.control("clien", status=0)
    hook.wait_for("failing", "over")
    for kind in ("hosts", "drift", "blocked"):
        hook.wait_for(kind, "over")

    expect_equal(hook.news("spool-bad"), ["opened", "over"], "it was taken away")

    server.stop()
    hook.wait_for("database", "opened")
    server.start()
    hook.wait_for("database", "over")
    expect_equal(hook.news("database"), ["opened", "over"], "each once")
    engine.stop(30)


@test(seconds=30)
def a_wrong_way_of_telling_is_refused_before_anything_is_started(bench):
    for setting, part in (({"alert_mail_to": "nobody"}, "alert_mail_to"), ({"alert_webhook": "ftp://x"}, "alert_webhook"),
                          ({"budget_month": "much", "alert_webhook": "http://127.0.0.1:1/"}, "budget_month")):
        command = ("run",) if "budget_month" in setting else ("alert", "--test")
        result = bench.engine(*command, **setting)
        expect_equal((result.code, part in result.err), (3, True), f"{setting}: {result}")
    result = bench.engine("alert", "--test")
    expect_equal((result.code, "nobody is told" in result.err), (3, True), f"without a way: {result}")
    expect_equal(bench.engine("alert").code, 2, "alert alone")
