# SPDX-License-Identifier: MIT
"""Row 14, the engine's part: it is killed or stopped in mid-batch, its database sessions end."""
import os
import random
import signal
import time

from provoke.ledger import Ledger
from provoke.pages import late_rows
from provoke.scene import SETTINGS, Scene, yards_of
from support.processes import wait_until
from support.registry import expect, expect_equal, test

# The issue wants 50 rounds; as many are played as fit into this.
NORMAL_S, NORMAL_ROUNDS = 240, 50
LONG_S, LONG_ROUNDS = 900, 200
BOARDS = ("spa", "lazy", "clien")
PAGES = {"spa": "/deals?page=1", "lazy": "/deals?page=1"}


def _leftover_directories(bench):
    return {path for path in bench.temporary.iterdir()}


def _expect_no_chrome(bench, within_s=2):
    started = time.monotonic()
    wait_until(lambda: not bench.chrome_processes(), within_s, "no Chrome survives its engine")
    return time.monotonic() - started


@test(seconds=1500)
def row14_engine_is_killed_at_random_moments(bench):
    seconds, rounds = (LONG_S, LONG_ROUNDS) if bench.is_full else (NORMAL_S, NORMAL_ROUNDS)
    demo = bench.start_boards()
    settings = {**SETTINGS, **demo.settings(*BOARDS), "tabs_per_browser": 2}
    ledger = Ledger(path=bench.folder / "deals.db")
    seed = random.randrange(1 << 30)
    moment = random.Random(seed)
    bench.notes.append(f"seed {seed}")
    end = time.monotonic() + seconds
    played, slowest_s, left, yards, kept = 0, 0, set(), set(), set()

    while played < rounds and time.monotonic() < end:
        engine = bench.start_engine("run", **settings)
        wait_until(lambda e=engine: "serving" in e.err or not e.is_running(), 30, "the engine serves")
        swept = left & _leftover_directories(bench)
        expect(not swept, f"round {played}: the restart did not sweep {swept}")
        still = [path for path in yards if os.path.isdir(path)]
        expect(not still, f"round {played}: the restart did not sweep the groups {still}")
        time.sleep(moment.uniform(0, 2.2))
        yards = yards_of(engine.pid)
        engine.kill()
        slowest_s = max(slowest_s, _expect_no_chrome(bench))
        left = _leftover_directories(bench)
        expect_equal(ledger.doubled(), [], f"round {played}: deals that were created not exactly once")
        now = set(ledger.deals())
        expect(kept <= now, f"round {played}: deals were lost: {kept - now}")
        kept = now
        played += 1
    expect_equal(played, rounds, f"kills within {seconds} s")
    bench.notes.append(f"{played} kills, Chrome gone within {slowest_s:.1f} s")

    last = max((run.id for run in ledger.runs()), default=0)
    engine = bench.start_engine("run", **settings)
    wait_until(lambda: {run.site for run in ledger.runs() if run.id > last and run.reason == "ok"} == set(BOARDS), 120,
               "the last restart reads every board")
    result = engine.stop()
    expect_equal(result.code, 0, f"exit code of the last engine: {result}")
    result = bench.crawl(*BOARDS, "--dry-run", seconds=120, **{**settings, "log": "error"})
    expect_equal(result.code, 0, f"exit code of a crawl for comparison: {result}")
    expect_equal(ledger.doubled(), [], "deals that were created not exactly once")
    expect(not _leftover_directories(bench), "directories are left")
    deals = ledger.deals()
    expect_equal({(row["site"], row["key"]) for row in result.rows}, set(deals), "deals in the store and on the boards")
    for name, target in PAGES.items():
        wanted = {deal["key"]: " ".join(deal["title"].split()) for deal in demo.truth(name, target)["deals"]}
        got = {key: " ".join(title.split()) for (site, key), (title, _) in deals.items() if site == name and key in wanted}
        expect_equal(got, wanted, f"deals of {name}")
    running = ledger.ask("SELECT COUNT(*) FROM runs WHERE reason = 'running' OR ended_at IS NULL")
    expect_equal(running, [(0,)], "runs that still say running")
    lost = ledger.ask("SELECT COUNT(*) FROM runs WHERE reason = 'engine-lost'")
    expect(lost[0][0] > 0, "no run was closed as engine-lost")
    bench.reason = "engine-lost"
    bench.checked = True


MOMENTS = {
    "navigating": lambda request: request.hold(),
    "extracting": late_rows(30000),
    "launching": None,
}


@test(each=list(MOMENTS))
def row14_engine_is_killed_while(bench, what):
    scene = Scene(bench)
    if what == "launching":
        scene.start(wait_for_rows=False)
        wait_until(scene.profiles, 30, "a browser is started")
        scene.wants_rows = set()
    else:
        scene.start()
        scene.pages.spoil("probe", MOMENTS[what])
        scene.wait_asked("/mark" if what == "extracting" else "/list")
    scene.mark()
    yards = yards_of(scene.engine.pid)
    left = scene.profiles()

    scene.engine.kill()

    _expect_no_chrome(bench)
    scene.pages.heal()
    scene.wants_rows = {"probe"}
    scene.start()
    expect(not set(left) & set(scene.profiles()), "the restart did not sweep the dead engine's directories")
    expect(not [path for path in yards if os.path.isdir(path)], "the restart did not sweep the dead engine's groups")
    scene.expect_recovery()
    scene.end(exact_store=False)
    found = {reason for reason, in scene.ledger.ask("SELECT reason FROM runs WHERE reason NOT IN ('ok', 'cancelled')")}
    expect_equal(found, {"engine-lost"}, "reasons of the runs that are not ok")
    bench.reason = "engine-lost"


@test(each=["drains", "a-second-one-hurries", "the-deadline-passes"])
def row14_engine_gets_sigterm_with_a_job_in_flight_and(bench, how):
    scene = Scene(bench, stop_timeout="3s" if how == "the-deadline-passes" else "20s", page_timeout="60s")
    scene.start()
    scene.wait_idle()
    scene.mark()
    scene.pages.spoil("probe", late_rows(2500 if how == "drains" else 60000))
    scene.wait_asked("/mark")

    started = time.monotonic()
    scene.engine.signal(signal.SIGTERM)
    if how == "a-second-one-hurries":
        time.sleep(0.5)
        scene.engine.signal(signal.SIGTERM)
    result = scene.engine.wait(30)

    took_s = time.monotonic() - started
    expect_equal(result.code, 0, f"exit code of {result}")
    expect(took_s < (15 if how == "drains" else 8), f"stopping took {took_s:.1f} s")
    reasons = {run.reason for run in scene.runs_since()}
    expect_equal(reasons, {"ok"} if how == "drains" else {"cancelled"}, "reasons of the run in flight")
    bench.reason = reasons.pop()
    scene.pages.heal()
    scene.start()
    scene.expect_recovery()
    bench.notes.append(f"stopped in {took_s:.1f} s")
    scene.end()


@test(each=["between-runs", "mid-page"], seconds=180)
def row14_postgresql_sessions_end(bench, when):
    scene = Scene(bench, database_timeout="5s")
    server = scene.use_postgres()
    scene.start()
    scene.engine.allow_errors("store-away", "database", "terminating connection", "ledger")
    scene.wait_idle()
    scene.mark()
    if when == "mid-page":
        scene.pages.spoil("probe", late_rows(2000))
        scene.wait_asked("/mark")
    for _ in range(3):
        server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                     "AND datname = 'catchdeal'")
        time.sleep(0.4)

    scene.expect_recovery()
    failed = {run.reason for run in scene.runs_since() if run.reason != "ok"}
    expect(failed <= {"store-away"}, f"reasons {failed}")
    bench.reason = ", ".join(failed) or "ok"
    scene.end(exact_store=False)


@test(seconds=180)
def row14_postgresql_is_away_for_a_while(bench):
    scene = Scene(bench, database_timeout="3s")
    server = scene.use_postgres()
    scene.start()
    scene.engine.allow_errors("store-away", "database", "ledger", "connection", "terminating")
    scene.wait_idle()
    scene.mark()

    server.stop()
    time.sleep(5)
    expect(scene.engine.is_running(), f"the engine ended: {scene.engine.err[-2000:]}")
    server.start()

    scene.expect_recovery()
    failed = {run.reason for run in scene.runs_since() if run.reason != "ok"}
    expect(failed <= {"store-away"}, f"reasons {failed}")
    expect("the database is away" in scene.engine.err, "nobody was told that the database was away")
    bench.reason = ", ".join(failed) or "ok"
    scene.end(exact_store=False)
