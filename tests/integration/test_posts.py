# SPDX-License-Identifier: MIT
"""Posts and the life of a deal: what a post page adds to its row, and what proves that it is gone.

The boards' own site files, with fewer posts a run and no time between two alive checks.
"""
import pathlib
import re
import sqlite3

from support.processes import wait_until
from support.registry import expect, expect_equal, test
from support.rows import moment, path_of, text_of

BOARDS = ["ppomppu", "clien", "ruliweb", "dealbada"]
POSTS = 4


def _sites(bench, **changes):
    """The shipped files; [post] max is small and an alive check is due at once."""
    folder = bench.folder / "sites"
    for name in BOARDS:
        text = pathlib.Path("sites", name, "site.conf").read_text()
        changed = text.replace("max = 30\n", f"max = {POSTS}\n").replace("[gone]\n", "[gone]\ndistance = 0\nmax = 3\n")
        for old, new in changes.items():
            changed = re.sub(rf"(?m)^{old} = .*", f"{old} = {new}", changed)
        expect(changed.count(f"max = {POSTS}\n") == 1 and "distance = 0" in changed, f"{name}: site.conf has another form")
        (folder / name).mkdir(parents=True)
        (folder / name / "site.conf").write_text(changed)
    return folder


def _settings(bench, demo):
    return {**demo.settings(*BOARDS), "sites_dir": _sites(bench)}


def _stored(bench, sql):
    with sqlite3.connect(bench.folder / "deals.db") as database:
        return database.execute(sql).fetchall()


def _has_runs(bench):
    return _stored(bench, "SELECT name FROM sqlite_master WHERE name = 'runs'")


def _expect_filled(row, post):
    key = row["key"]
    expect_equal(row["redirect_url"], post["redirect_url"] or None, f"redirect_url of {key}")
    expect_equal(text_of(row["title"]).replace(" ", ""), text_of(post["title"]).replace(" ", ""), f"title of {key}")
    expect_equal(moment(row["posted_at"]).replace(second=0), moment(post["posted_at"]).replace(second=0),
                 f"posted_at of {key}, to the minute")
    expect(row["image_url"] or not post["image"], f"image of {key} is missing")


def _newest_posts(demo, rows, name):
    """The rows of the board that were visited, with the truth of their posts."""
    mine = [row for row in rows if row["site"] == name][:POSTS]
    return [(row, demo.truth(name, path_of(row["url"]))["post"]) for row in mine]


def _check_refresh(bench, demo, settings):
    """Further down the list: a deal ends, another is blinded; both are told, and the rows stay as many as they were."""
    (before,) = _stored(bench, "SELECT count(*) FROM deals")
    (ended,), (blinded,) = _stored(bench, "SELECT post_key FROM deals WHERE site = 'dealbada' AND NOT is_sold_out"
                                          " ORDER BY sort_at DESC LIMIT 2 OFFSET 3")
    demo.control("dealbada", key=ended, sold=1)
    demo.control("dealbada", key=blinded, blind=1)

    refresh = bench.crawl("dealbada", "--kind", "refresh", "--pages", "1", **settings)

    expect(refresh.code == 0 and blinded not in {row["key"] for row in refresh.rows}, f"refresh: {refresh}")
    expect_equal(_stored(bench, f"SELECT is_sold_out, is_deleted FROM deals WHERE post_key = '{ended}'"), [(1, 0)],
                 "sold out, deleted of the deal that ended")
    expect_equal(_stored(bench, f"SELECT is_deleted FROM deals WHERE post_key = '{blinded}'"), [(1,)],
                 "deleted of the deal that was blinded")
    expect_equal(_stored(bench, "SELECT count(*) FROM deals"), [before], "deals after a refresh")


def _check_life(bench, demo, settings):
    """One deal of each board ends; the others' boards prove nothing."""
    rows = dict(_stored(bench, "SELECT site, post_key FROM deals GROUP BY site HAVING sort_at = max(sort_at)"))
    for name in BOARDS:
        demo.control(name, key=rows[name], delete=1)
    demo.control("clien", status=503)
    first = bench.crawl(*BOARDS, "--kind", "alive", **settings)
    verdicts = {(row["site"], row["key"]): row for row in first.rows}

    expect_equal({name: verdicts[name, rows[name]]["verdict"] for name in BOARDS},
                 {"ppomppu": "gone", "clien": "unknown", "ruliweb": "gone", "dealbada": "gone"}, "first verdicts")
    expect_equal({row["verdict"] for row in first.rows if row["key"] not in rows.values()}, {"here", "unknown"},
                 "verdicts of the posts that are there")
    expect_equal({row["reason"] for row in first.rows if row["site"] == "clien"}, {"http-error"}, "reasons of clien")
    demo.control("ruliweb", status=403)
    blocked = bench.crawl("ruliweb", "--kind", "alive", **settings)
    expect(blocked.code == 9, f"alive on a board that blocks: {blocked}")
    expect_equal([(row["verdict"], row["reason"]) for row in blocked.rows], [("unknown", "blocked")],
                 "what a block proves, and how many posts are asked for")
    dead = {site for (site,) in _stored(bench, "SELECT site FROM deals WHERE is_deleted")}
    expect_equal(dead, {"ppomppu", "ruliweb", "dealbada"}, "boards with a deleted deal")


@test(seconds=200)
def posts_fill_their_rows_and_only_proof_ends_a_deal(bench):
    demo = bench.start_boards()
    settings = _settings(bench, demo)

    unknown = bench.crawl(*BOARDS, "--kind", "refresh", "--pages", "1", **settings)
    expect(unknown.code == 0, f"refresh: {unknown}")
    expect_equal(_stored(bench, "SELECT count(*) FROM deals"), [(0,)], "deals that a refresh made")

    crawl = bench.crawl(*BOARDS, "--pages", "1", seconds=150, **settings)
    expect(crawl.code == 0, f"crawl: {crawl}")
    for name in BOARDS:
        for row, post in _newest_posts(demo, crawl.rows, name):
            _expect_filled(row, post)
    read = dict(_stored(bench, "SELECT site, count(*) FROM deals WHERE post_read_at IS NOT NULL GROUP BY site"))
    expect_equal(read, {name: POSTS for name in BOARDS}, "posts read by site")

    expect_equal(demo.stats("ppomppu")["wrapper_requests"] + demo.stats("ruliweb")["wrapper_requests"], 0,
                 "links that were followed to unwrap them")
    _check_refresh(bench, demo, settings)
    _check_life(bench, demo, settings)


@test(seconds=90)
def kinds_of_runs_go_on_beside_each_other_with_one_request_at_a_time(bench):
    demo = bench.start_boards()
    sites = _sites(bench, crawl="@every 2s", refresh="@every 2s", alive="@every 2s", pages="1-1", refresh_pages="2-2")

    engine = bench.start_engine("run", **{**demo.settings("dealbada"), "sites_dir": sites})
    wanted = [("alive", "ok"), ("crawl", "ok"), ("refresh", "ok")]
    wait_until(lambda: (bench.folder / "deals.db").exists() and _has_runs(bench), 20, "a database with runs")
    wait_until(lambda: _stored(bench, "SELECT DISTINCT kind, reason FROM runs WHERE reason <> 'running' ORDER BY 1")
               == wanted, 60, f"runs {wanted}")
    wait_until(lambda: _stored(bench, "SELECT 1 FROM runs a JOIN runs b ON a.kind = 'crawl' AND b.kind = 'alive'"
                                      " WHERE a.started_at < b.ended_at AND b.started_at < a.ended_at"),
               60, "a crawl and an alive run that go on at the same time")
    engine.stop(30)

    # A page's own style sheet and script come beside each other.
    expect_equal(demo.stats("dealbada")["max_concurrent_lists"], 1, "lists at a time")
