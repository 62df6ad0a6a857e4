# SPDX-License-Identifier: MIT
"""Two engines on one PostgreSQL: due runs are divided, a frozen engine loses its lease and writes nothing when it wakes."""
import json
import re
import signal

from support.boards import STATIC
from support.pgbouncer import PgBouncer
from support.processes import wait_until
from support.registry import expect, expect_equal, test
from test_stream import Stream

SITES = STATIC[:8]
SLOW = SITES[0]
PERIOD_S, LEASE_S, DELAY_MS = 4, 2, 40


def _add_user(postgres):
    """One who wants each deal with a price in won pushed at once, whatever the hour."""
    postgres.query("INSERT INTO app_users (app_player, max_push_count, last_token_at, created_at, updated_at, "
                   "alarm_way) VALUES ('player', 100000, now(), now(), now(), 'at-once'); "
                   "INSERT INTO keyword_alarms (app_user_id, title, created_at) SELECT id, '원', now() FROM app_users")


def _start(bench, demo, name):
    folder = bench.folder / name
    folder.mkdir()
    return bench.start_engine(
        "run", log="info", engine_name=name, admin_socket=f"{folder}/engine.sock", keep_dir=folder, lease=f"{LEASE_S}s",
        schedule_override=f"@every {PERIOD_S}s", schedule_jitter="0", purge_schedule="", alarm_schedule="0 0 29 2 *", alarm_max_age="0", alarm_hours="",
        selfcheck_schedule="", render="fetch", origin_min_delay=f"{DELAY_MS}ms", **demo.settings(*SITES))


def _rows(postgres, sql):
    return [line.split("|") for line in postgres.query(sql).splitlines()]


def _one(postgres, sql):
    return int(postgres.query(sql))


def _holder(postgres):
    """(engine, number, due) of the slow board's run that is under way."""
    rows = _rows(postgres, f"SELECT l.holder, l.number, l.due_at FROM run_leases l JOIN runs r ON r.lease = l.number AND "
                           f"r.site = l.site AND r.kind = l.kind WHERE l.site = '{SLOW}' AND l.kind = 'crawl' AND "
                           "l.holder IS NOT NULL AND r.reason = 'running'")
    return rows[0] if rows else None


@test(seconds=180)
def engines_divide_the_due_runs_and_a_frozen_one_writes_nothing_when_it_wakes(bench):
    postgres = bench.start_postgres()
    demo = bench.start_boards()
    _add_user(postgres)
    for board in SITES:  # long enough to be met by whoever is impolite
        demo.control(board, delay_ms=80)
    engines = {name: _start(bench, demo, name) for name in ("one", "two")}

    rounds = len(bench.rounds(2, 75))  # --full: five minutes
    wait_until(lambda: _one(postgres, "SELECT count(*) FROM runs") > 0, 30, "the first run")
    command = bench.start_engine("crawl", *SITES, "--list-only", render="fetch", origin_min_delay=f"{DELAY_MS}ms",
                                 keep_dir=bench.folder, **demo.settings(*SITES))
    wait_until(lambda: _one(postgres, "SELECT count(*) FROM runs WHERE reason = 'ok' AND lease > 0") >= rounds * len(SITES),
               60 + rounds * PERIOD_S, f"each site crawled about {rounds} times")
    expect_equal(command.wait(30).code, 0, "a command beside the engines")
    polite = {name: (demo.stats(name)["max_concurrent"], demo.stats(name)["min_list_gap_ms"] >= DELAY_MS) for name in SITES}
    expect_equal(polite, {name: (1, True) for name in SITES}, "requests of a board at a time, and whether min_delay was kept")
    doubles = _rows(postgres, "SELECT site, kind, due_at, count(*) FROM runs WHERE lease > 0 GROUP BY 1, 2, 3 HAVING count(*) > 1")
    expect_equal(doubles, [], "runs done twice for one due time")
    shares = dict(_rows(postgres, "SELECT engine, count(*) FROM runs WHERE lease > 0 GROUP BY 1"))
    expect(set(shares) == {"one", "two"} and min(map(int, shares.values())) >= 3, f"the work is not divided: {shares}")
    expect_equal(_one(postgres, "SELECT count(DISTINCT site) FROM runs"), len(SITES), "sites that were crawled")

    key = postgres.query(f"SELECT post_key FROM deals WHERE site = '{SLOW}' AND NOT is_deleted ORDER BY id DESC LIMIT 1")
    for board in SITES:
        demo.control(board, delay_ms=2000 if board == SLOW else 0)
    name, number, due = wait_until(lambda: _holder(postgres), 40, "a run of the slow board")
    frozen, other = engines[name], next(engines[n] for n in engines if n != name)
    frozen.signal(signal.SIGSTOP)
    try:
        demo.control(SLOW, key=key, title="깨어난 뒤의 제목")
        demo.control(SLOW, delay_ms=0)
        done = f"SELECT engine FROM runs WHERE site = '{SLOW}' AND due_at >= '{due}' AND lease > {number} AND reason = 'ok'"
        taker = wait_until(lambda: postgres.query(done), 40, "the other engine takes the lease and does the run")
        expect(name not in taker.split(), f"done by the frozen engine: {taker}")
        expect(f"former={name}" in other.err, f"no take-over in its log:\n{other.err[-1500:]}")
    finally:
        frozen.signal(signal.SIGCONT)
    lost = f"SELECT reason FROM runs WHERE site = '{SLOW}' AND lease = {number} AND engine = '{name}'"
    wait_until(lambda: postgres.query(lost) == "lease-lost", 20, "the frozen engine's run is lease-lost in the ledger")

    for engine in engines.values():
        engine.stop(30)
    expect(re.search(rf"ended.*site={SLOW}.*reason=lease-lost", frozen.err), f"no lease-lost in its log:\n{frozen.err[-2500:]}")
    doubles = _rows(postgres, "SELECT site, kind, due_at, count(*) FROM runs WHERE reason = 'ok' AND lease > 0 GROUP BY 1, 2, 3 HAVING count(*) > 1")
    expect_equal(doubles, [], "runs done twice for one due time")
    expect_equal(_one(postgres, "SELECT count(*) FROM runs WHERE reason = 'running'"), 0, "runs without an end")
    expect_equal(_one(postgres, "SELECT count(*) FROM run_leases WHERE holder IS NOT NULL"), 0, "leases not given back")
    expect_equal(_one(postgres, "SELECT count(*) FROM host_turns WHERE holder IS NOT NULL AND until > now()"), 0,
                 "turns not given back")
    expect_equal(_one(postgres, "SELECT (SELECT count(*) FROM deal_events WHERE kind = 'created') - (SELECT count(*) FROM deals)"),
                 0, "deals that were created more or less than once")
    found = _one(postgres, "SELECT count(*) FROM keyword_pushalarm_lists")
    expect_equal(found, _one(postgres, "SELECT count(*) FROM deals WHERE replace(title, ' ', '') LIKE '%원%'"), "deals in the push list")
    told = [int(n) for n in re.findall(r"(\d+)개 올라왔습니다", postgres.query("SELECT contents FROM push_outbox"))]
    print(f"measured: shares {shares}; {found} deals in the push list, told in {len(told)} pushes")
    waiting = _one(postgres, "SELECT count(*) FROM keyword_pushalarm_lists WHERE is_waiting")
    expect_equal(sum(told) + waiting, found, "deals that pushes tell of, or that wait to be told")
    expect_equal(_rows(postgres, "SELECT count(*), min(new_value) FROM deal_events e JOIN deals d ON d.id = e.deal_id WHERE "
                                 f"e.kind = 'title' AND d.site = '{SLOW}' AND d.post_key = '{key}'"),
                 [["1", "깨어난 뒤의 제목"]], "the edit, told once")


@test(seconds=180)
def engine_and_api_work_behind_pgbouncer_in_session_mode_and_doctor_tells_of_transaction_mode(bench):
    postgres = bench.start_postgres()
    pooler = PgBouncer(postgres, "session")
    bench.closes(pooler)
    bench.database = pooler.url
    demo = bench.start_boards()
    api = bench.start_api()
    stream = Stream(api)
    stream.wait(lambda: b"id: 0" in stream.raw, "the stream begins")
    engine = _start(bench, demo, "pooled")
    stream.wait(lambda: b"event: " in stream.raw, "a deal comes to the stream, told by NOTIFY through the pooler", 30)
    wait_until(lambda: _one(postgres, "SELECT count(*) FROM runs WHERE reason = 'ok'") >= len(SITES), 60, "runs behind the pooler")
    stream.close()
    for _ in range(3):  # kept statements are prepared once and used again
        expect_equal(len(api.json("/v3/deals?limit=20")["data"]), 20, "deals of a page")
    engine.stop(30)
    expect_equal(_rows(postgres, "SELECT DISTINCT reason FROM runs"), [["ok"]], "how runs ended")

    def database_line():
        checks = json.loads(bench.engine("doctor", "--json").out)["checks"]
        return next(check for check in checks if check["name"] == "database")

    expect_equal(database_line()["level"], "ok", "doctor's verdict in session mode")
    pooler = PgBouncer(postgres, "transaction")
    bench.closes(pooler)
    bench.database = pooler.url
    found = database_line()
    expect(found["level"] == "warn" and "transaction mode" in found["found"], f"doctor in transaction mode: {found}")
