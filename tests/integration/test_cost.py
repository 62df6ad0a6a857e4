# SPDX-License-Identifier: MIT
"""The bill: what `cost` says that the runs took is what the browsers took.

A demo day of four hours, an hour of which takes six seconds: each hour a browser starts, serves three boards, idles, and
is ended. Beside the engine somebody else reads the same memory, five times as often.
"""
import json
import pathlib
import threading
import time

from support.processes import descendants
from support.registry import expect, test

HOUR_S = 6
HOURS = 4
BOARDS = ["spa", "ppomppu", "lazy"]
OFF_BY = 0.05
LOOK_S = 0.05


def _number(path):
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


class GroupMemory:
    """Of the kernel's groups that the engine's browsers are in, as cgroup v1 or v2 counts them."""

    def __init__(self):
        self._files = set()

    def find(self, processes):
        for process in processes:
            if process.is_browser():
                self._files |= _memory_files(process.pid)

    def bytes(self):
        found = {path: _number(path) for path in self._files}
        self._files = {path for path, number in found.items() if number is not None}
        return sum(number or 0 for number in found.values())


def _memory_files(pid):
    try:
        lines = pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return set()
    v1 = {pathlib.Path(f"/sys/fs/cgroup/memory{line.split(':', 2)[2]}/memory.usage_in_bytes")
          for line in lines if line.split(":")[1] == "memory"}
    v2 = {pathlib.Path(f"/sys/fs/cgroup{line.split(':', 2)[2]}/memory.current")
          for line in lines if line.startswith("0::")}
    # The engine's own group is no browser's.
    return {path for path in v1 | v2 if path.parent.name.startswith("worker-") and path.exists()}


class ProcessMemory:
    """PSS of the engine's Chrome processes, where there is no group."""

    def __init__(self):
        self._pids = []

    def find(self, processes):
        self._pids = [process.pid for process in processes if process.is_chrome()]

    def bytes(self):
        return sum(map(_pss, self._pids))


def _pss(pid):
    try:
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


class Observer:
    """Integrates memory over time until it is told to stop: GiB-seconds."""

    def __init__(self, pid, memory):
        self.gb_seconds = 0.0
        self._pid, self._memory = pid, memory
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        before, found_at = time.monotonic(), 0
        while not self._stop.wait(LOOK_S):
            if time.monotonic() - found_at > 2 * LOOK_S:
                self._memory.find(descendants(self._pid))
                found_at = time.monotonic()
            now = time.monotonic()
            self.gb_seconds += self._memory.bytes() * (now - before) / 2**30
            before = now

    def stop(self):
        self._stop.set()
        self._thread.join()


def _check_day(bench, rung, memory):
    demo = bench.start_boards()
    # The first start of a machine also warms Chrome's file pages.
    bench.crawl("spa", "--dry-run", "--render", "chrome", **demo.settings("spa"))
    settings = {**demo.settings(*BOARDS), "memory_cap_rung": rung, "render": "chrome", "origin_min_delay": "100ms",
                "idle_exit": "1s"}
    engine = bench.start_engine("run", schedule_override=f"@every {HOUR_S}s", **settings)
    observer = Observer(engine.pid, memory)
    time.sleep(HOUR_S * HOURS)
    engine.stop()
    observer.stop()

    bill = json.loads(bench.engine("cost", "--by", "job", "--json", **settings).out)

    ledger = bill["total"]["gb_seconds"]
    kinds = {line["key"] for line in bill["lines"]}
    expect(kinds >= {f"{board} crawl" for board in BOARDS} | {"- idle"}, f"lines of the bill: {kinds}")
    expect(abs(ledger - observer.gb_seconds) <= OFF_BY * observer.gb_seconds,
           f"{rung}: the ledger says {ledger:.2f} GB-seconds, an observer {observer.gb_seconds:.2f}")


@test
def the_bill_of_a_day_is_the_memory_that_browsers_held(bench):
    if pathlib.Path("/sys/fs/cgroup/memory/memory.usage_in_bytes").exists():
        _check_day(bench, "auto", GroupMemory())
    else:
        _check_day(bench, "sampled-pss", ProcessMemory())
