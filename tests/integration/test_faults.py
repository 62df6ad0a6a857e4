# SPDX-License-Identifier: MIT
"""Things die in mid-run; nothing is left behind and nothing else suffers (rows 1, 13, 14, 15 of the plan's list)."""
import os
import random
import signal
import time

from support import boards
from support.processes import wait_until
from support.registry import expect, expect_equal, test


def _browser_of(bench):
    found = [process for process in bench.chrome_processes() if process.is_browser()]
    return found[0] if found else None


TRANSPORTS = ("websocket", "pipe")


def _slow_crawl(bench, demo, name="spa", delay_ms=4000, **more):
    """A crawl that hangs in the middle of its page for a while."""
    demo.control(name, delay_ms=delay_ms)
    program = bench.start_engine("crawl", name, "--pages", "1", "--json", **demo.settings(name), **more)
    wait_until(lambda: demo.stats(name)["list_requests"] > 0, 40, "the page is asked for")
    return program


@test(each=TRANSPORTS)
def chrome_killed_in_mid_page_is_replaced_and_the_page_is_tried_again(bench, transport):
    demo = bench.start_boards()
    program = _slow_crawl(bench, demo, chrome_transport=transport)

    killed = _browser_of(bench)
    os.kill(killed.pid, signal.SIGKILL)
    demo.control("spa", reset=1)
    result = program.wait(90)

    expect_equal(result.code, 0, f"exit code of {result}")
    expect_equal(len(result.out.splitlines()), len(demo.truth("spa", "/deals?page=1")["deals"]), "rows")


@test(seconds=180)
def chrome_killed_again_and_again_fails_the_page_with_its_reason(bench):
    demo = bench.start_boards()
    demo.control("spa", delay_ms=60000)
    program = bench.start_engine("crawl", "spa", "--pages", "1", page_retries="1", **demo.settings("spa"))
    program.allow_errors("browser-exit")

    for attempt in (1, 2):
        wait_until(lambda: demo.stats("spa")["list_requests"] >= attempt, 60, f"attempt {attempt} asks for the page")
        os.kill(_browser_of(bench).pid, signal.SIGKILL)
    result = program.wait(60)

    expect_equal(result.code, 7, f"exit code of {result}")
    expect("browser-exit" in result.err + result.out, f"the reason is not named: {result}")


@test(each=TRANSPORTS)
def engine_killed_at_any_moment_leaves_no_chrome_and_loses_no_row(bench, transport):
    demo = bench.start_boards()
    settings = {**demo.settings("spa"), "chrome_transport": transport}
    moment = random.Random(boards.SEED)

    for _ in bench.rounds(5, 40):
        program = bench.start_engine("crawl", "spa", "--pages", "1-2", **settings)
        time.sleep(moment.uniform(0.05, 1.5))
        program.kill()
        wait_until(lambda: not bench.chrome_processes(), 5, "no Chrome survives its engine")

    # What the dead engines left on disk is swept by the next one (the leftover check sees it).
    result = bench.crawl("spa", "--pages", "1-2", **settings)
    expect_equal(result.code, 0, f"exit code of the next crawl: {result}")
    deals = bench.start_api().json("/hit-products?size=100")["data"]
    expect_equal(sorted(deal["productId"] for deal in deals), sorted(row["product_id"] for row in result.rows), "deals")


@test
def sigterm_in_mid_crawl_ends_with_code_10(bench):
    demo = bench.start_boards()
    program = _slow_crawl(bench, demo)

    program.signal(signal.SIGTERM)

    expect_equal(program.wait(20).code, 10, f"exit code; {program.err[-1500:]}")


@test
def sigterm_of_the_scheduler_drains_the_page_in_flight(bench):
    demo = bench.start_boards()
    demo.control("spa", delay_ms=2000)
    program = bench.start_engine("run", schedule_override="@every 2s", **demo.settings("spa"))
    wait_until(lambda: demo.stats("spa")["list_requests"] > 0, 90, "the page is asked for")

    program.signal(signal.SIGTERM)

    expect_equal(program.wait(30).code, 0, f"exit code; {program.err[-1500:]}")


@test
def a_second_sigterm_does_not_wait_for_the_page(bench):
    demo = bench.start_boards()
    demo.control("spa", hang=1)
    program = bench.start_engine("run", schedule_override="@every 2s", page_timeout="5m", **demo.settings("spa"))
    wait_until(lambda: demo.stats("spa")["list_requests"] > 0, 90, "the page is asked for")

    program.signal(signal.SIGTERM)
    # Two of the same signal that come at once count as one.
    wait_until(lambda: "stopping" in program.err, 10, "the engine drains")
    program.signal(signal.SIGTERM)

    program.wait(15)


TROUBLES = {"answers 503": ({"status": 503}, "http-error"), "hangs": ({"hang": 1}, "timeout"),
            "forbids us": ({"status": 403}, "blocked"), "limits us": ({"status": 429, "retry_after": 60}, "rate-limited")}


@test(each=list(TROUBLES), seconds=180)
def one_board_in_trouble_never_touches_another_when_it(bench, what):
    trouble, reason = TROUBLES[what]
    demo = bench.start_boards()
    demo.control("clien", **trouble)

    result = bench.crawl("clien", "spa", "lazy", "--pages", "1", "--list-only", seconds=150, page_timeout="8s", page_retries="0",
                         **demo.settings("clien", "spa", "lazy"))
    result.program.allow_errors("clien")

    seen = {row["site"] for row in result.rows}
    expect_equal(seen, {"spa", "lazy"}, "boards with rows")
    expect(reason in result.err, f"the reason {reason} is not named: {result}")
    expect_equal(result.code, 9 if reason in ("blocked", "rate-limited") else 7, f"exit code of {result}")


@test
def a_page_that_shows_too_few_rows_is_no_success(bench):
    demo = bench.start_boards()
    page = b"<!doctype html><title>x</title><ul id=list></ul>"
    server = bench.start_pages({"/deals": ("text/html; charset=utf-8", page)})

    result = bench.crawl("cookie-gate", "--url", server.url("/deals?page=1"), "--pages", "1", "--dry-run",
                         page_timeout="8s", page_retries="0", **demo.settings("cookie-gate"))
    result.program.allow_errors("cookie-gate")

    expect(result.code in (7, 8), f"exit code of {result}")
    expect_equal(result.rows, [], "rows")


@test
def a_page_of_another_shape_is_drift(bench):
    demo = bench.start_boards()
    page = b"<!doctype html><title>x</title><p>a page without any list"
    server = bench.start_pages({"/deals": ("text/html; charset=utf-8", page)})

    result = bench.crawl("cookie-gate", "--url", server.url("/deals?page=1"), "--pages", "1", "--dry-run",
                         page_timeout="8s", **demo.settings("cookie-gate"))
    result.program.allow_errors("cookie-gate")

    expect_equal(result.code, 8, f"exit code of {result}")
    expect("drift" in result.err, f"the reason is not named: {result}")
