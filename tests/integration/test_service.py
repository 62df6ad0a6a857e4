# SPDX-License-Identifier: MIT
"""What runs when, and the operator's hand on it: by the console, and by signals."""
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import time

from support.processes import wait_until
from support.registry import Skip, expect, expect_equal, test

# A crawl of this board asks for its list and 30 posts.
LONG_MS = 5000


def _socket(bench):
    return bench.folder / "engine.sock"


def _serve(bench, demo, *names, ready=True, settings=None, **more):
    """An engine that fetches these boards; its console answers."""
    chosen = {**demo.settings(*names), "render": "fetch", "origin_min_delay": "0", "schedule_jitter": "0",
              "host_backoff": "10ms", "purge_schedule": "", **(settings or {}), **more}
    engine = bench.start_engine("run", **chosen)
    if ready:
        wait_until(_socket(bench).exists, 30, "the console is there")
    engine.chosen = chosen
    return engine


def _console(bench, *words, code=0):
    """What `catchdeal-engine console` says."""
    result = bench.start("catchdeal-engine", "--set", f"admin_socket={_socket(bench)}", "console", *words).wait(30)
    expect_equal(result.code, code, f"console {' '.join(words)}: {result}")
    return result.out if code == 0 else result.err


def _lines(bench):
    """{(site or "-", kind): line} of `schedule`."""
    return {(line["site"] or "-", line["kind"]): line for line in json.loads(_console(bench, "schedule", "--json"))["lines"]}


def _ledger(bench, where="1", *values):
    """Rows of the ledger, in the order of their beginning; times in seconds."""
    rows = sqlite3.connect(f"file:{bench.folder}/deals.db?mode=ro", uri=True, timeout=10).execute(
        "SELECT site, kind, due_at, started_at, ended_at, reason FROM runs WHERE " + where + " ORDER BY started_at, id", values)
    names = ("site", "kind", "due_at", "started_at", "ended_at", "reason")
    return [dict(zip(names, row)) for row in rows]


def _ended(bench, site, kind="crawl"):
    return _ledger(bench, "site = ? AND kind = ? AND ended_at IS NOT NULL", site, kind)


@test(seconds=90)
def a_long_run_delays_no_other_and_is_not_doubled_when_it_is_due_again(bench):
    demo = bench.start_boards()
    demo.control("clien", delay_ms=LONG_MS // 25)
    engine = _serve(bench, demo, "clien", "ruliweb", schedule_override="@every 2s", purge_schedule="@every 2s",
                    page_timeout="20s")
    wait_until(lambda: _ended(bench, "clien"), 60, "the long run has ended")
    overlaps = _lines(bench)["clien", "crawl"]["overlaps"]
    engine.stop(30)

    long_one = _ended(bench, "clien")[0]
    expect(long_one["ended_at"] - long_one["started_at"] > LONG_MS, f"the long run was short: {long_one}")
    for site, kind in (("ruliweb", "crawl"), ("-", "purge")):
        beside = [run for run in _ended(bench, site, kind)
                  if long_one["started_at"] < run["started_at"] and run["ended_at"] < long_one["ended_at"]]
        expect(len(beside) >= 2, f"{kind} of {site} beside the long run: {_ledger(bench)}")
    expect(overlaps >= 2, f"due times while it was going: {overlaps}")
    runs = _ledger(bench, "site = 'clien' AND kind = 'crawl'")
    for before, after in zip(runs, runs[1:]):
        expect(before["ended_at"] is not None and before["ended_at"] <= after["started_at"], f"doubled: {before} {after}")


@test(seconds=60)
def what_was_due_while_the_engine_was_down_is_made_up_for_once(bench):
    period_s = 2
    demo = bench.start_boards()
    engine = _serve(bench, demo, "clien", schedule_override=f"@every {period_s}s")
    wait_until(lambda: _ended(bench, "clien"), 30, "a run")
    engine.stop(30)
    last_due = _ledger(bench)[-1]["due_at"]
    wait_until(lambda: time.time() > last_due / 1000 + 3 * period_s + 1, 30, "three due times pass")

    started_ms = time.time() * 1000
    engine = _serve(bench, demo, "clien", schedule_override=f"@every {period_s}s")
    wait_until(lambda: len(_ledger(bench, "ended_at IS NOT NULL AND due_at > ?", last_due)) >= 2, 30, "two runs more")
    engine.stop(30)

    after = _ledger(bench, "due_at > ?", last_due)
    missed = [run for run in after if run["due_at"] <= started_ms]
    expect_equal(len(missed), 1, f"runs for what was due meanwhile: {after}")
    expect(missed[0]["due_at"] >= last_due + 3 * period_s * 1000, f"not the latest of them: {missed[0]}")
    dues = [run["due_at"] for run in _ledger(bench, "kind = 'crawl'")]
    expect_equal(len(dues), len(set(dues)), f"runs of one due time: {dues}")


@test(seconds=90)
def the_operator_runs_pauses_and_resumes(bench):
    demo = bench.start_boards()
    engine = _serve(bench, demo, "clien", "ruliweb", schedule_override="@every 1s")

    expect("clien crawl: paused" in _console(bench, "pause", "clien"), "pause one")
    wait_until(lambda: _lines(bench)["clien", "crawl"]["state"] == "idle", 20, "what was going has ended")
    held = len(_ledger(bench, "site = 'clien'"))
    seen = len(_ended(bench, "ruliweb"))
    wait_until(lambda: len(_ended(bench, "ruliweb")) >= seen + 2, 20, "the other board goes on")
    expect_equal(len(_ledger(bench, "site = 'clien'")), held, "runs of the paused one")
    expect(_lines(bench)["clien", "crawl"]["missed"], "it missed one")

    expect_equal(_console(bench, "run", "clien"), "clien crawl: begun\n", "a run by hand, although it is paused")
    wait_until(lambda: len(_ended(bench, "clien")) == held + 1, 20, "that run")

    # What is paused stays so when the engine ends, however it ends.
    engine.kill()
    engine = _serve(bench, demo, "clien", "ruliweb", ready=False, schedule_override="@every 1s")
    wait_until(lambda: "console" in engine.err and "open" in engine.err, 30, "the console is there again")
    expect(_lines(bench)["clien", "crawl"]["paused"], "paused after a restart")
    expect_equal(len(_ledger(bench, "site = 'clien'")), held + 1, "runs of the paused one after a restart")
    _console(bench, "resume")
    wait_until(lambda: len(_ended(bench, "clien")) > held + 2, 20, "it is crawled again")

    engine.signal(signal.SIGUSR1)
    wait_until(lambda: all(line["paused"] and line["state"] == "idle" for line in _lines(bench).values()), 20, "all is paused")
    quiet = len(_ledger(bench))
    time.sleep(1.5)
    expect_equal(len(_ledger(bench)), quiet, "runs while all is paused")
    engine.signal(signal.SIGUSR1)
    wait_until(lambda: len(_ledger(bench)) > quiet + 1, 20, "all goes on")

    demo.control("clien", hang=1)
    wait_until(lambda: _lines(bench)["clien", "crawl"]["state"] == "running", 20, "a run that hangs")
    expect("overlap" in _console(bench, "run", "clien", code=2), "a run is not doubled by hand")
    expect("did you mean clien" in _console(bench, "run", "cliem", code=2), "a slip of the finger")
    expect("a kind that clien has" in _console(bench, "pause", "clien", "purge", code=2), "a kind that it does not have")
    demo.control("clien", hang=0)
    _console(bench, "stop")
    expect_equal(engine.wait(30).code, 0, "exit code after `console stop`")
    expect(not _socket(bench).exists(), "the socket is gone")


@test(seconds=60)
def a_paused_line_is_run_by_hand_where_engines_share_a_database(bench):
    bench.start_postgres()
    demo = bench.start_boards()
    engine = _serve(bench, demo, "clien", schedule_override="@every 1s")
    wait_until(lambda: _lines(bench)["clien", "crawl"]["runs"] > 0, 30, "a run by plan")
    _console(bench, "pause")
    wait_until(lambda: all(line["state"] == "idle" for line in _lines(bench).values()), 20, "all is idle")
    before = _lines(bench)["clien", "crawl"]["runs"]
    time.sleep(1.5)
    expect_equal(_lines(bench)["clien", "crawl"]["runs"], before, "runs while it is paused")

    _console(bench, "run", "clien")
    wait_until(lambda: _lines(bench)["clien", "crawl"] | {"state": "idle"} == _lines(bench)["clien", "crawl"] and
               _lines(bench)["clien", "crawl"]["runs"] == before + 1, 20, "the run by hand")
    _console(bench, "resume")
    wait_until(lambda: _lines(bench)["clien", "crawl"]["runs"] > before + 2, 20, "it goes by the plan again")
    engine.stop(30)


def _own_site(bench, demo, name, more=""):
    rules = pathlib.Path("sites", name, "site.conf").read_text().replace("when = missing", "when = never")
    folder = bench.folder / "sites" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.conf").write_text(rules + more)


@test(seconds=90)
def a_reload_under_load_changes_the_plan_and_loses_no_run(bench):
    demo = bench.start_boards()
    conf = bench.folder / "catchdeal.conf"
    keys = {"sites_dir": bench.folder / "sites", "schedule_override": "@every 1s", "render": "fetch", "page_timeout": "20s",
            "origin_min_delay": "0", "schedule_jitter": "0", "purge_schedule": ""}
    origins = {name: demo.origin(name) for name in ("clien", "ruliweb", "zod")}

    def write(**more):
        lines = [f"{key} = {value}" for key, value in {**keys, **more}.items()]
        conf.write_text("\n".join(lines + ["[origins]"] + [f"{name} = {url}" for name, url in origins.items()]) + "\n")

    def reload(code=0):
        answer = _console(bench, "reload", code=code)
        return answer

    for name in ("clien", "ruliweb"):
        _own_site(bench, demo, name)
    write()
    demo.control("clien", delay_ms=4000)
    engine = bench.start_engine("run", "--config", conf)
    wait_until(_socket(bench).exists, 30, "the console is there")
    wait_until(lambda: _lines(bench)["clien", "crawl"]["state"] == "running", 20, "a long run")

    # Broken: a site, a key, a cron line. Told with file and line; the old goes on.
    site = bench.folder / "sites" / "ruliweb" / "site.conf"
    good = site.read_text()
    site.write_text(good + "\n[pace]\nmin_delai = 3s\n")
    answer = reload(code=3)
    expect(f"{site}:" in answer and "min_delai" in answer and "nothing has changed" in answer, f"a broken site: {answer}")
    site.write_text(good)
    write(page_timeout="soon")
    expect(f"{conf}:4: page_timeout" in reload(code=3), "a broken key")
    asked = bench.start("catchdeal-engine", "--config", conf, "--set", f"admin_socket={_socket(bench)}", "console", "schedule").wait(30)
    expect(asked.code == 0 and "clien" in asked.out and f"{conf}:4: page_timeout" in asked.err, f"asked while the file is broken: {asked}")
    write(schedule_override="* * *")
    expect("schedule_override" in reload(code=3), "a broken cron line")
    write(alarm_hours="from nine")
    expect("alarm_hours" in reload(code=3), "hours that are none")
    write(push_service="onesignal")
    expect("push_app_id" in reload(code=3), "a push service without its key, which a restart would refuse")
    write(alert_webhook="box1")
    expect("alert_webhook" in reload(code=3), "an address that is none, which a restart would refuse")
    write(sites="cliem")
    expect("did you mean clien" in reload(code=3), "an unknown site")
    engine.allow_errors("reload refused")
    seen = len(_ended(bench, "ruliweb"))
    wait_until(lambda: len(_ended(bench, "ruliweb")) > seen, 20, "the old goes on")

    # Right: clien goes while it runs, zod comes; a key is taken, another waits.
    _own_site(bench, demo, "zod", "\n[block]\nhosts = ads.example\n")
    (bench.folder / "sites" / "clien" / "site.conf").unlink()
    write(page_timeout="21s", browsers="2")
    wait_until(lambda: _lines(bench)["clien", "crawl"]["state"] == "running", 20, "a long run again")
    answer = reload()
    for words in ("generation 2, 2 sites", "changed: page_timeout", "waiting for a restart: browsers",
                  "[block] hosts: changed"):
        expect(words in answer, f"{words}: {answer}")
    going = [run for run in _ledger(bench, "site = 'clien'") if run["ended_at"] is None]
    expect_equal(len(going), 1, "the run of the site that is gone goes on")
    wait_until(lambda: ("clien", "crawl") not in _lines(bench), 30, "its line goes when it has ended")
    wait_until(lambda: _ended(bench, "zod"), 20, "the new site is crawled")
    expect_equal({run["reason"] for run in _ended(bench, "clien")}, {"ok"}, "how the runs of the gone site ended")

    # By signal, many at once, while everything runs.
    _own_site(bench, demo, "clien")
    for _ in range(20):
        engine.signal(signal.SIGHUP)
        time.sleep(0.05)
    wait_until(lambda: ("clien", "crawl") in _lines(bench), 20, "the site is back")
    counted = _lines(bench)
    engine.stop(30)
    runs = _ledger(bench, "site = 'ruliweb' AND kind = 'crawl'")
    expect_equal([run for run in runs if run["reason"] != "ok"], [], "runs of the board that stayed")
    dues = [run["due_at"] for run in runs]
    expect_equal(len(dues), len(set(dues)), f"runs of one due time: {dues}")
    expect(counted["ruliweb", "crawl"]["runs"] >= 3, f"the line that stayed kept its count: {counted['ruliweb', 'crawl']}")


COMMANDS = {"status", "schedule", "run", "pause", "resume", "reload", "log", "pool", "stop", "help"}


class _Wire:
    """The console's socket, spoken by hand."""

    def __init__(self, bench):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(_socket(bench)))
        self.file = self.socket.makefile("rb")

    def answer(self):
        try:
            head = self.file.readline().split()
        except ConnectionError: # what we sent was not read to its end
            return None
        if len(head) != 2:
            return None
        return int(head[0]), self.file.read(int(head[1])).decode()

    def ask(self, line):
        self.socket.sendall(line)
        return self.answer()

    def close(self):
        self.file.close()
        self.socket.close()


AS_NOBODY = """
import os, socket, sys
os.setgid(65534), os.setuid(65534)
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
    s.sendall(b"stop\\n")
    print("closed" if not s.recv(100) else "answered")
except ConnectionError:
    print("closed")
except PermissionError:
    print("no permission")
"""


@test
def the_console_is_for_the_engines_own_user(bench):
    if os.geteuid() != 0:
        raise Skip("only root can become another user")
    engine = _serve(bench, bench.start_boards(), "clien", schedule_override="@every 1h")

    def as_nobody():
        return subprocess.run([sys.executable, "-c", AS_NOBODY, str(_socket(bench))], capture_output=True, text=True, timeout=20,
                              check=True).stdout.strip()

    expect_equal(as_nobody(), "no permission", "by the socket's mode")
    _socket(bench).chmod(0o666)
    expect_equal(as_nobody(), "closed", "by who the peer is")
    expect("of another user" in engine.err, "it is told")
    expect("serving since" in _console(bench, "status"), "root goes on")
    engine.stop(20)


@test(seconds=60)
def the_console_answers_whatever_is_sent_and_serves_the_others(bench):
    demo = bench.start_boards()
    engine = _serve(bench, demo, "clien", schedule_override="@every 1h")
    expect_equal(_socket(bench).stat().st_mode & 0o777, 0o600, "mode of the socket")

    wire = _Wire(bench)
    for line, words in ((b"\xff\xfe\n", "UTF-8"), (b"pause \x01\n", "control character"), (b"pause 'clien\n", "closing '"),
                        (b"pool 1\n", "nothing is expected"), (b"run\n", "expected SITE"), (b"log loud\n", "expected"),
                        (b"frobnicate\n", "expected a command"), (b"console\n", "this is one"),
                        (b"a " * 100 + b"\n", "at most")):
        code, text = wire.ask(line)
        expect(code == 2 and words in text, f"{line!r}: {code} {text!r}")
    expect_equal(wire.ask(b"\n"), (0, ""), "an empty line")
    # Several lines in one piece, one line in several.
    wire.socket.sendall(b"pool\nsched")
    expect("slots" in wire.answer()[1], "the first of two")
    expect("clien" in wire.ask(b"ule\r\n")[1], "the second")
    expect("serving since" in wire.ask(b"status\n")[1], "a command that is a process, behind a line of the engine's own")
    code, text = wire.ask(b"status --json\n")
    expect_equal((code, json.loads(text)["sites"][0]["site"]), (0, "clien"), "the process's document")
    code, text = wire.ask(b"x" * 70000 + b"\n")
    expect(code == 2 and "at most" in text, f"a line that is too long: {text!r}")
    expect(wire.answer() is None, "it ends the connection")
    wire.close()

    words = {line.split()[0] for line in _console(bench, "help").splitlines() if line and not line.startswith(" ")}
    readme = (bench.repository / "engine" / "README.md").read_text()
    expect_equal([word for word in sorted(words & COMMANDS) if f"`{word}" not in readme], [], "commands that the README lacks")
    expect_equal(COMMANDS - words, set(), "commands that help lacks")

    # Who sends and never reads, who leaves in the middle, and more than there is room for: others are served.
    deaf = _Wire(bench)
    deaf.socket.settimeout(0.5)
    try:
        for _ in range(2000):
            deaf.socket.sendall(b"help\n" * 100)
    except socket.timeout:
        pass
    leaver = _Wire(bench)
    leaver.socket.sendall(b"doctor\n")
    leaver.close()
    crowd = [_Wire(bench) for _ in range(40)]
    expect(crowd[-1].ask(b"pool\n")[0] == 0, "the last of many")
    for one in crowd + [deaf]:
        one.close()
    expect("serving since" in _console(bench, "status"), "the console after all that")

    # A second engine does not take the place of the first.
    second = bench.start_engine("run", **{**engine.chosen, "database": f"sqlite:{bench.folder}/other.db"})
    wait_until(lambda: "another process serves there" in second.err, 30, "the second says so")
    expect("serving since" in _console(bench, "status"), "the first has its console")
    second.stop(30)
    expect("serving since" in _console(bench, "status"), "also when the second has ended")
    engine.stop(30)
    expect("no engine answers" in _console(bench, "pool", code=3), "when it has ended, too")
