# SPDX-License-Identifier: MIT
"""scripts/quickstart from a fresh clone: it builds, crawls, serves, fails with one line, and leaves no process."""
import re
import signal
import subprocess

from support import boards, web
from support.processes import wait_until
from support.registry import expect, expect_equal, test


def _clone(bench):
    folder = bench.folder / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(bench.repository), str(folder)], check=True,
                   capture_output=True, timeout=60)
    return folder


def _quickstart(bench, clone, *options):
    program = bench.start(str(clone / "scripts/quickstart"), *options)
    program.allow_errors(".*")
    return program


@test(seconds=600)
def fresh_clone_builds_crawls_the_demo_boards_serves_and_ends(bench):
    clone = _clone(bench)

    _crawls_once(bench, clone)
    _fails_with_one_clear_line(bench, clone)
    _serves_until_interrupted(bench, clone)


def _crawls_once(bench, clone):
    result = _quickstart(bench, clone, "--demo", "--once").wait(400)

    expect_equal(result.code, 0, f"exit code of {result}")
    for name in boards.DEMO:
        expect(re.search(rf"^{name}\b", result.out, re.MULTILINE), f"no line of {name} in {result}")
    expect('"productId"' in result.out, f"no deal of the API in {result}")
    for word in ("pages", "new", "changed", "same", "MiB"):
        expect(word in result.out, f"the summary does not say {word}: {result}")
    expect_equal(bench.leftovers(), [], "left behind")


def _fails_with_one_clear_line(bench, clone):
    result = _quickstart(bench, clone, "--demo", "--once", "--set", "chrome=/bin/false").wait(120)

    expect_equal(result.code, 1, f"exit code of {result}")
    last = result.err.rstrip().splitlines()[-1]
    expect(last.startswith("quickstart: ") and "Chrome" in last, f"last line: {last}")
    expect_equal(bench.leftovers(), [], "left behind")


def _serves_until_interrupted(bench, clone):
    database = bench.folder / "own.db"
    program = _quickstart(bench, clone, "--demo", "--set", "engine_listen=", "--set", "sites=spa",
                          "--set", f"database=sqlite:{database}")
    wait_until(lambda: "The page: " in program.out or not program.is_running(), 180, "the page's address is printed")
    expect(program.is_running(), f"quickstart ended: {program.err[-2000:]}")
    address = re.search(r"The page: (http://127\.0\.0\.1:\d+/)", program.out).group(1)

    expect_equal(web.get(address).status, 200, "status of the page")
    shown = {deal["site"] for deal in web.get(address + "v3/deals?limit=100").json()["data"]}
    expect_equal(shown, {"spa"}, "boards of the API: --set sites wins over the demo's")
    expect(database.exists(), "--set database was ignored")
    _refuses_a_second_demo(bench, clone)
    expect_equal(web.get(address).status, 200, "status of the page after the second start")
    program.signal(signal.SIGINT)

    expect_equal(program.wait(60).code, 130, f"exit code after Ctrl-C; {program.err[-2000:]}")


def _refuses_a_second_demo(bench, clone):
    result = _quickstart(bench, clone, "--demo", "--once").wait(20)

    expect_equal(result.code, 1, f"exit code of a second demo: {result}")
    expect_equal(len(result.err.splitlines()), 1, f"lines of {result.err!r}")
    expect("another quickstart" in result.err, f"the refusal: {result.err!r}")
