# SPDX-License-Identifier: MIT
"""A board changes its markup, or goes quiet: noticed in the first run, reported once, explained, and over when it is over."""
import datetime
import gzip
import json
import sqlite3

from support.registry import expect, expect_equal, test

SITE = """[site]
name = Deals
id_prefix = deals
robots = ignore
[list]
url = http://deals.example/list
min_rows = 3
[layout list]
match = #list
rows = #list > li.deal
[list.key]
css = a.title @href
match = /deal/(\\d+)
[list.title]
css = a.title
[list.url]
css = a.title
[list.posted_at]
css = time @datetime
[list.view]
css = span.hit
[list.comment]
css = .cmt
[render]
mode = fetch
"""

HIT_LINE = 1 + SITE.splitlines().index("css = span.hit")


def _page(first, hit='<span class="hit">{}</span>'):
    rows = "".join(
        f'<li class="deal"><a class="title" href="/deal/{key}">[몰] 제품 {key} (1{key % 1000},000원/무료)</a>'
        f'<time datetime="2026-11-22T0{key % 9}:15:07+09:00">방금</time>{hit.format(100 + 7 * (key % 50))}'
        f'{f"<b class=cmt>({key % 5})</b>" if key % 5 else ""}</li>' for key in range(first, first - 20, -1))
    html = f'<!doctype html><html><head><meta charset=utf-8><title>Deals</title></head><body><ul id=list>{rows}</ul></body></html>'
    return ("text/html; charset=utf-8", html.encode())


def _crawl(bench, server, sites, **more):
    result = bench.engine("crawl", "deals", "--url", server.url("/list"), "--list-only", sites_dir=sites, **more)
    result.program.allow_errors("deals")
    return result


def _rows(bench, statement):
    with sqlite3.connect(bench.database.removeprefix("sqlite:")) as database:
        return database.execute(statement).fetchall()


def _status(bench, sites):
    result = bench.engine("status", "deals", "--json", sites_dir=sites)
    expect_equal(result.code, 0, f"exit code of status: {result}")
    status = json.loads(result.out)
    expect_equal(status["engine"]["state"], "unscheduled", "engine, where no site has a schedule")
    return status["sites"][0]


@test(each=("fetch", "chrome"))
def a_renamed_class_is_drift_in_the_first_run_explained_by_diff_and_over_when_mended(bench, mode):
    sites = bench.folder / "sites"
    site = SITE.replace("mode = fetch", f"mode = {mode}")
    (sites / "deals").mkdir(parents=True)
    (sites / "deals" / "site.conf").write_text(site)
    pages = {"/list": _page(1040)}
    server = bench.start_pages(pages)

    # Three good runs teach what is usual.
    for first in (1040, 1042, 1044):
        pages["/list"] = _page(first)
        expect_equal(_crawl(bench, server, sites).code, 0, "exit code of a good run")
    expect_equal(_status(bench, sites)["reports"], [], "reports after good runs")

    # Two runs on the changed page: the end is drift, nothing is stored, one report.
    pages["/list"] = _page(1046, hit='<i class="views">{}</i>')
    for _ in range(2):
        result = _crawl(bench, server, sites)
        expect_equal(result.code, 8, f"exit code of {result}")
        expect(f"site.conf:{HIT_LINE}: list.view.css" in result.out + result.err, f"the selector is not named: {result}")
    expect_equal(_rows(bench, "SELECT count(*) FROM deals WHERE post_key > '1044'"), [(0,)], "deals of the changed page")
    expect_equal(_rows(bench, "SELECT reason FROM runs WHERE kind = 'crawl' ORDER BY id"), [("ok",)] * 3 + [("drift",)] * 2, "reasons")
    expect_equal(_rows(bench, "SELECT kind, times, closed_at FROM reports"), [("drift", 2, None)], "reports")
    status = _status(bench, sites)
    expect_equal((status["state"], [report["kind"] for report in status["reports"]]), ("drift", ["drift"]), "status")

    # The evidence: the document and what was found.
    kept = sorted((bench.folder / "failures").iterdir())[-1]
    expect("views" in gzip.decompress((kept / "page.html.gz").read_bytes()).decode(), "the page is not in the evidence")
    findings = json.loads((kept / "report.json").read_text())["findings"]
    expect_equal([(finding["field"], finding["kind"]) for finding in findings], [("view", "dead")], "findings")

    # diff: the selector, the row before and after, and what would read it.
    result = bench.engine("diff", "deals", sites_dir=sites)
    expect_equal(result.code, 0, f"exit code of {result}")
    for part in (f"site.conf:{HIT_LINE})", "span.hit", '<span class="hit">', '<i class="views">', "1. .views\n", "known posts"):
        expect(part in result.out, f"diff does not say {part!r}: {result}")

    # Mended, it is good again, and the report is closed.
    (sites / "deals" / "site.conf").write_text(site.replace("css = span.hit", "css = .views"))
    expect_equal(_crawl(bench, server, sites).code, 0, "exit code after mending")
    expect_equal(_rows(bench, "SELECT count(*) FROM reports WHERE closed_at IS NULL"), [(0,)], "open reports")
    expect_equal(_status(bench, sites)["state"], "unknown", "state of a board without a long history")


@test
def a_change_that_the_operator_accepts_is_learned_anew(bench):
    sites = bench.folder / "sites"
    (sites / "deals").mkdir(parents=True)
    (sites / "deals" / "site.conf").write_text(SITE + "[list.mall]\ncss = em.mall\n")
    pages = {"/list": _page(1040, hit='<em class="mall">몰</em><span class="hit">{}</span>')}
    server = bench.start_pages(pages)
    for _ in range(3):
        expect_equal(_crawl(bench, server, sites).code, 0, "exit code of a good run")

    pages["/list"] = _page(1042)
    before = _crawl(bench, server, sites).code
    accepted = bench.engine("diff", "deals", "--accept", sites_dir=sites)
    after = _crawl(bench, server, sites).code

    expect_equal((before, accepted.code, after), (8, 0, 0), f"exit codes: {accepted}")
    expect_equal(_rows(bench, "SELECT count(*) FROM reports WHERE closed_at IS NULL"), [(0,)], "open reports")


def _page_of_times(times):
    rows = "".join(
        f'<li class="deal"><a class="title" href="/deal/{2000 + n}">제품 {n} (1{n},000원/무료)</a>'
        f'<time datetime="{time.isoformat()}">방금</time><span class="hit">{100 + n}</span></li>'
        for n, time in enumerate(times))
    return ("text/html; charset=utf-8", f'<!doctype html><meta charset=utf-8><title>Deals</title><ul id=list>{rows}</ul>'.encode())


@test
def a_board_that_goes_quiet_is_told_from_one_that_fails_and_is_lively_again_with_its_next_deal(bench):
    sites = bench.folder / "sites"
    (sites / "deals").mkdir(parents=True)
    (sites / "deals" / "site.conf").write_text(SITE)
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    # A deal an hour for ten days, and none for the last three.
    times = [now - datetime.timedelta(days=3, hours=n) for n in range(240)]
    pages = {"/list": _page_of_times(times)}
    server = bench.start_pages(pages)
    settings = {"sites_dir": sites, "origin.deals": server.url("").rstrip("/")}

    def crawl(code):
        result = bench.engine("crawl", "deals", "--list-only", **settings)
        result.program.allow_errors("deals")
        expect_equal(result.code, code, f"exit code of {result}")

    crawl(0)
    crawl(0)
    quiet = _status(bench, sites)
    expect_equal((quiet["state"], [(r["kind"], r["times"]) for r in quiet["reports"]]), ("quiet", [("silence", 2)]), "status")

    del pages["/list"]
    crawl(7)
    expect_equal(_status(bench, sites)["state"], "failing", "state while the page is away")

    pages["/list"] = _page_of_times(times + [now - datetime.timedelta(minutes=1)])
    crawl(0)
    again = _status(bench, sites)
    expect_equal((again["state"], again["reports"]), ("lively", []), "status after a new deal")
    table = bench.engine("status", "deals", sites_dir=sites)
    expect("lively" in table.out and "engine:" in table.out, f"the table: {table}")
