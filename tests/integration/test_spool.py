# SPDX-License-Identifier: MIT
"""PostgreSQL is stopped in mid-crawl, and the engine is killed while it is away: what was read comes back from disk,
nothing twice, each alarm once."""
import json
import random
import re
import sqlite3
import time
import uuid

from support import onesignal, web
from support.processes import wait_until
from support.registry import expect, expect_equal, test
from support.rows import text_of

BOARD, BESIDE = "dealbada", "clien"
PAGES = 3
WORD = "알림라면"
KEY = "key-of-the-test"


def _site_folder(bench):
    """dealbada with three pages to a run, and a few posts."""
    folder = bench.folder / "sites" / BOARD
    folder.mkdir(parents=True)
    rules = (bench.repository / "sites" / BOARD / "site.conf").read_text()
    rules = re.sub(r"^pages = .*$", "", rules, flags=re.M)
    rules = rules.replace("[list]\n", f"[list]\npages = 1-{PAGES}\n")
    other = bench.folder / "sites" / BESIDE
    other.mkdir()
    for path, text in ((folder, rules), (other, (bench.repository / "sites" / BESIDE / "site.conf").read_text())):
        text = re.sub(r"^max = .*$", "", text, flags=re.M)
        (path / "site.conf").write_text(text.replace("[post]\n", "[post]\nmax = 2\n"))
    return folder.parent


def _truth(demo, board, pages):
    """{key: (title, sold out)} of a board's first pages."""
    view = next(iter(demo.lists(board)))
    rows = [row for page in range(pages) for row in demo.truth(board, demo.target(board, view, page))["deals"]]
    return {row["key"]: (text_of(row["title"]), row["sold_out"]) for row in rows}


def _stored(server, board):
    text = server.query("SELECT json_agg(json_build_array(post_key, title, is_sold_out)) FROM deals "
                        f"WHERE site = '{board}'")
    return {key: (text_of(title), sold) for key, title, sold in json.loads(text or "[]") or []}


def _is_as_the_truth(demo, server):
    return all(_stored(server, board) == _truth(demo, board, pages) for board, pages in ((BOARD, PAGES), (BESIDE, 1)))


def _spooled(folder):
    """The records on disk: the JSON lines of its files."""
    lines = [line for path in sorted(folder.glob("*.spool")) for line in path.read_bytes().splitlines()]
    return [json.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}")]


def _user_who_wants(api, word):
    player = str(uuid.uuid4())

    def ask(path, body, token=None):
        headers = {"Content-Type": "application/json", **({"Authorization": token} if token else {})}
        answer = web.request(api.url(path), method="POST", headers=headers, body=json.dumps(body).encode())
        expect(answer.status == 200, f"POST {path}: {answer.status} {answer.text}")
        return answer.json()

    token = ask("/auth-user", {"auth": {"appPlayerId": player}})["token"]
    ask("/keyword-pushalarms", {"alarm": {"keywordTitle": word}}, token)
    return player


def _told(service, player):
    return sum(int(re.search(r"핫딜이 (\d+)개", message["contents"]["ko"])[1])
               for message in service.of(player).values() if "핫딜이" in message["contents"]["ko"])


@test(seconds=110)
def postgresql_stopped_in_mid_crawl_and_the_engine_killed_lose_nothing_and_repeat_nothing(bench):
    seed = random.randrange(1 << 30)
    print(f"     seed {seed}", flush=True)
    chance = random.Random(seed)
    server = bench.start_postgres()
    demo = bench.start_boards()
    service = onesignal.OneSignal("app-of-the-test", KEY)
    bench.closes(service)
    key_file = bench.folder / "push-key"
    key_file.write_text(KEY + "\n")
    spool = bench.folder / "spool"
    settings = {**demo.settings(BOARD, BESIDE), **service.settings(key_file), "sites_dir": _site_folder(bench),
                "render": "fetch", "origin_min_delay": "0", "schedule_override": "@every 1s", "schedule_jitter": "0",
                "purge_schedule": "", "host_backoff": "10ms", "database_timeout": "2s", "lease": "3s", "alarm_schedule": "@every 1s",
                "alarm_hours": "", "alarm_max_age": "0", "push_poll": "200ms", "log": "info"}
    engine = bench.start_engine("run", **settings)
    engine.allow_errors("away", "database", "connection", "postgresql", "terminating")
    api = bench.start_api(jwt_secret="one:" + "s" * 40)
    player = _user_who_wants(api, WORD)
    server.query("UPDATE app_users SET alarm_way = 'at-once', max_push_count = 1000")
    wait_until(lambda: _is_as_the_truth(demo, server), 40, "the boards are read")

    # A run is at its first page: the others are still to come when the database is gone.
    demo.control(BOARD, delay_ms=900)
    asked = demo.stats(BOARD)["list_requests"]
    wait_until(lambda: demo.stats(BOARD)["list_requests"] > asked, 30, "a run asks for a page")
    away_s = len(bench.rounds(3, 30))
    server.stop()
    stopped = time.monotonic()
    before = _truth(demo, BOARD, PAGES)
    later = [key for key in before if key not in _truth(demo, BOARD, 1)]
    edited = chance.sample([key for key in later if not before[key][1]], 6)
    for key in edited:
        demo.control(BOARD, key=key, title=f"[11번가] {WORD} {key}번 묶음", sold=1)
    wait_until(lambda: "kept on disk" in engine.err, 30, f"what is read goes to disk: {engine.err[-2000:]}")
    time.sleep(chance.random() * away_s)
    engine.kill()
    expect("comp=spool" in engine.err and "the database is away" in engine.err, "nobody was told that it is away")
    rows = {row["key"]: row for record in _spooled(spool) for row in record.get("rows", ())}
    seen_sold = [key for key in edited if key in rows and rows[key].get("sold_out")]
    expect(rows, "nothing was on disk")
    for key in edited:
        demo.control(BOARD, key=key, sold=0)
    demo.control(BOARD, delay_ms=0)
    time.sleep(max(0, stopped + away_s - time.monotonic()))
    server.start()

    engine = bench.start_engine("run", engine_listen="127.0.0.1:0", **settings)
    wait_until(lambda: _is_as_the_truth(demo, server), 40, f"all is as on the boards: seed {seed}")
    wait_until(lambda: _told(service, player) == len(edited), 30, f"each edited deal is told: seed {seed}")
    wait_until(lambda: not list(spool.iterdir()), 10, "nothing is left on disk")
    engine.stop(30)

    # What only the run of the outage had seen is in the history.
    events = server.query("SELECT post_key, e.kind, count(*) FROM deal_events e JOIN deals d ON d.id = e.deal_id "
                          f"WHERE site = '{BOARD}' AND e.kind IN ('created', 'title', 'sold_out', 'back') GROUP BY 1, 2")
    counts = {(key, kind): int(n) for key, kind, n in (line.split("|") for line in events.splitlines())}
    print(f"     {len(rows)} rows were on disk, {len(seen_sold)} of {len(edited)} edits among them", flush=True)
    for key in edited:
        times = 1 if key in seen_sold else 0
        expect_equal([counts.get((key, kind), 0) for kind in ("created", "title", "sold_out", "back")],
                     [1, 1, times, times], f"events of {key}: seed {seed}")
    expect_equal(server.query("SELECT site, kind, due_at, started_at FROM runs GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"),
                 "", "runs that are twice in the ledger")
    expect_equal(server.query("SELECT count(*) FROM runs WHERE reason = 'running'"), "0", "runs without an end")
    sent = server.query("SELECT push_key FROM push_outbox WHERE sent_at IS NOT NULL").split()
    expect_equal(sorted(service.told), sorted(sent), "what was told, and what is noted as sent")
    expect_equal(len(sent), len(set(sent)), "keys that were sent")
    expect_equal(_told(service, player), len(edited), "deals that were told")


def _people_are_told(bench, demo):
    status = bench.engine("status", **demo.settings(BOARD))
    status.program.allow_errors(".*")
    expect(re.search(r"spool: \d+ batches wait on disk for the database\n", status.err), f"status: {status}")
    doctor = bench.engine("doctor", "--json", **demo.settings(BOARD))
    doctor.program.allow_errors(".*")
    checks = {check["name"]: check for check in json.loads(doctor.out)["checks"]}
    expect(re.match(r"\d+ batches wait in ", checks["spool"]["found"]), f"doctor: {checks['spool']}")


@test(seconds=90)
def postgresql_stopped_in_mid_run_ends_no_run_and_is_caught_up_with_by_itself(bench):
    server = bench.start_postgres()
    demo = bench.start_boards()
    engine = bench.start_engine("run", log="info", database_timeout="2s", lease="3s", render="fetch", origin_min_delay="0",
                                engine_listen="127.0.0.1:0",
                                **{**demo.settings(BOARD), "sites_dir": _site_folder(bench),
                                   "schedule_override": "@every 1s"})
    engine.allow_errors("away", "database", "connection", "postgresql", "terminating")
    demo.control(BOARD, delay_ms=900)
    wait_until(lambda: demo.stats(BOARD)["list_requests"] > 0, 30, "the first run asks for a page")
    server.stop()
    wait_until(lambda: re.search(r'comp=run msg="ended" .*reason=ok .*spooled=[1-9]', engine.err), 30,
               f"a run ends well without a database: {engine.err[-2000:]}")
    expect(list((bench.folder / "spool").glob("*.spool")), "nothing is on disk")
    _people_are_told(bench, demo)
    server.start()

    wait_until(lambda: "the database is back" in engine.err, 30, "what was read comes back")
    demo.control(BOARD, delay_ms=0)
    wait_until(lambda: _stored(server, BOARD) == _truth(demo, BOARD, PAGES), 30, "all is as on the board")
    expect_equal(list((bench.folder / "spool").iterdir()), [], "left on disk")
    engine.stop(30)
    expect_equal(set(server.query("SELECT DISTINCT reason FROM runs").split()), {"ok"}, "how runs ended")


@test(seconds=60)
def a_locked_sqlite_file_is_away_too_and_the_command_says_what_it_kept(bench):
    demo = bench.start_boards()
    # A minute of another program's transaction, in short.
    settings = {**demo.settings(BOARD), "sites_dir": _site_folder(bench), "render": "fetch", "origin_min_delay": "0",
                "database_timeout": "1s"}
    expect_equal(bench.engine("crawl", BOARD, "--pages", "1-1", **settings).code, 0, "the first crawl's exit code")
    demo.control(BOARD, delay_ms=600)
    asked = demo.stats(BOARD)["list_requests"]
    engine = bench.start_engine("crawl", BOARD, "--list-only", **settings)
    engine.allow_errors("away", "locked", "sqlite")
    wait_until(lambda: demo.stats(BOARD)["list_requests"] > asked, 20, "a page is asked for")
    with sqlite3.connect(bench.database.removeprefix("sqlite:"), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        result = engine.wait(40)
        other.execute("ROLLBACK")
    other.close()
    expect_equal(result.code, 0, f"exit code: {result}")
    expect("kept on disk until the database is back" in result.out, f"the summary: {result}")
    expect(_spooled(bench.folder / "spool"), "nothing is on disk")
    demo.control(BOARD, delay_ms=0)

    again = bench.engine("crawl", BOARD, "--pages", "1-1", "--list-only", **settings)

    expect_equal(again.code, 0, f"exit code of the next crawl: {again}")
    expect_equal(list((bench.folder / "spool").iterdir()), [], "left on disk")
    with sqlite3.connect(bench.database.removeprefix("sqlite:")) as database:
        keys = {key for key, in database.execute("SELECT post_key FROM deals")}
        reasons = {reason for reason, in database.execute("SELECT reason FROM runs")}
    database.close()
    expect_equal(keys, set(_truth(demo, BOARD, PAGES)), "deals of all pages")
    expect_equal(reasons, {"ok"}, "how runs ended")
