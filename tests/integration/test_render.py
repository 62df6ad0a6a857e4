# SPDX-License-Identifier: MIT
"""Pages without Chrome: where that is proven, while it stays true, and when Chrome is not to be had."""
import re

from support.processes import wait_until
from support.registry import expect, expect_equal, test

NO_CHROME = "/nowhere/chrome"


def _keys(demo, name, pages):
    return {deal["key"] for page in range(pages)
            for deal in demo.truth(name, demo.target(name, "list", page))["deals"]}


def _crawl(bench, demo, *arguments, **settings):
    return bench.crawl("ruliweb", "--list-only", *arguments, **{"log": "info", **demo.settings("ruliweb"), **settings})


def _expect_all(demo, result):
    expect_equal(result.code, 0, f"exit code of {result}")
    expect_equal({row["key"] for row in result.rows}, _keys(demo, "ruliweb", 3), "deals")


@test(seconds=120)
def a_proven_board_needs_no_chrome_and_one_that_turns_client_rendered_loses_no_deal(bench):
    demo = bench.start_boards()

    first = _crawl(bench, demo)
    second = _crawl(bench, demo)
    for result in (first, second):
        _expect_all(demo, result)
    expect("without Chrome" not in first.err, f"fetched before it was proven: {first}")
    expect("fetched from now on" in second.err, f"five equal pages prove nothing: {second}")

    gone = _crawl(bench, demo, chrome=NO_CHROME)
    _expect_all(demo, gone)
    expect("3 of 3 pages without Chrome" in gone.err, f"the summary does not say how: {gone}")

    demo.control("ruliweb", client_rendered=1)
    turned = _crawl(bench, demo)
    _expect_all(demo, turned)
    expect("rendered from now on" in turned.err, f"not noticed in one run: {turned}")

    gone = _crawl(bench, demo, chrome=NO_CHROME)
    expect_equal(gone.code, 6, f"exit code of {gone}")
    _expect_all(demo, _crawl(bench, demo))


@test
def nothing_changed_is_a_good_run_and_a_script_s_rows_are_not_there(bench):
    demo = bench.start_boards()
    settings = demo.settings("ruliweb", "spa")
    engine = bench.start_engine("run", chrome=NO_CHROME, render="fetch", schedule_override="@every 1s", log="info",
                                **settings)
    engine.allow_errors(r"the board has changed.* site=spa ")

    wait_until(lambda: demo.stats("ruliweb").get("not_modified", 0) >= 3, 30, "304 for all pages")
    wait_until(lambda: len(re.findall(r"msg=\"ended\" site=ruliweb", engine.err)) >= 2, 30, "two runs")
    engine.stop(20)

    ends = re.findall(r"msg=\"ended\" site=ruliweb .*", engine.err)
    counts = [re.search(r"reason=(\S+) .* new=(\d+) .*same=(\d+)", line).groups() for line in ends]
    expect_equal({reason for reason, *_ in counts}, {"ok"}, "reasons")
    (new, same) = (int(counts[0][1]), int(counts[1][2]))
    expect_equal(new, len(_keys(demo, "ruliweb", 3)), "new deals of the first run")
    expect(same >= new, f"{new} deals came, of which {same} are the same now: {counts}")
    expect(re.search(r"msg=\"ended\" site=spa kind=crawl reason=drift", engine.err),
           f"a script's rows were fetched: {engine.err[-800:]}")
    expect("chromium" not in engine.err, "Chrome was started")


@test(each=["fetched-seconds", "fetched-date", "rendered-seconds"])
def a_board_that_wants_to_be_left_alone_is(bench, how):
    way, form = how.split("-")
    demo = bench.start_boards()
    demo.control("ruliweb", status=429, retry_after=100, **({"retry_date": 1} if form == "date" else {}))
    ways = {"fetched": {"render": "fetch", "chrome": NO_CHROME}, "rendered": {"render": "chrome"}}
    engine = bench.start_engine("run", schedule_override="@every 1s", log="info", **ways[way],
                                **demo.settings("ruliweb"))
    engine.allow_errors(r"the board blocks us.* site=ruliweb ")

    wait_until(lambda: len(re.findall(r"msg=\"ended\" site=ruliweb", engine.err)) >= 3, 30, "three runs")
    engine.stop(20)

    expect_equal(demo.stats("ruliweb")["list_requests"], 1, "requests of lists")
    expect("reason=rate-limited" in engine.err, f"the reason is not told: {engine.err[-500:]}")
    expect(re.search(r"is left alone for \d+ more s", engine.err), f"the pause is not told: {engine.err[-500:]}")


@test(each=["fetch", "chrome"])
def a_page_in_the_way_is_told_as_blocked_and_not_as_another_layout(bench, way):
    demo = bench.start_boards()
    names = {"challenge": "a challenge page", "login": "a login page", "consent": "a consent page",
             "block": "a block page"}

    for wall, name in names.items():
        demo.control("clien", wall=wall)
        # The challenge asks for itself every 5 s, and is not passed.
        result = bench.crawl("clien", "--render", way, "--list-only", "--dry-run", log="error", page_timeout="7s",
                             **demo.settings("clien"))
        expect_equal(result.code, 9, f"exit code at {wall}: {result}")
        if way == "fetch" or wall != "challenge":
            expect(name in result.err, f"{wall} is not named: {result}")
        expect_equal(result.rows, [], "rows")
    # A page that passes carries the beacon of the wall that stood before it.
    result = bench.crawl("cf-like", "--render", "chrome", "--pages", "1-1", "--dry-run", **demo.settings("cf-like"))
    expect_equal(result.code, 0, f"exit code of {result}")
    expect(result.rows, "no rows behind the beacon")
