# SPDX-License-Identifier: MIT
"""scene - a living engine whose one slot serves one board each second, and what is looked at after a provocation.

    scene = Scene(bench)            pages, site file; settings with short deadlines
    scene.start()                   the engine, until a run is ok; what it holds open is noted
    scene.mark()                    from here on runs count; the test provokes
    scene.expect_reason("...")      the first run that fails, by the ledger
    scene.expect_recovery()         the provocation ends (heal), the next run on the slot is ok
    scene.end()                     the rest of the seven points, SIGTERM, and the store against the truth

The seven points: (1) no process in the worker's group or cgroup, (2) nothing in TMPDIR, (3) the engine's fds and threads as
before, (4) all slots free, (5) the next job succeeds, (6) the reason is right, (7) no half-written or doubled rows.
"""
import collections
import glob
import os
import pathlib
import re
import signal
import time

from support import processes
from support.processes import wait_until
from support.registry import expect, expect_equal

from .devtools import DevTools
from .ledger import Ledger
from .pages import SITE_CONF, Pages, truth
from . import pages as pages_module

# A machine with two cores runs several of these tests side by side, under sanitizers.
START_S = 60
FAIL_S = 45
RECOVER_S = 45
STOP_S = 40
SETTLE_S = 12

SETTINGS = {
    "schedule_override": "@every 1s", "tabs_per_browser": 1, "browsers": 1, "page_retries": 0, "page_timeout": "6s",
    "close_timeout": "1s", "heartbeat": "2s", "launch_timeout": "10s", "launch_backoff": "200ms",
    "launch_backoff_max": "1s", "origin_min_delay": 0, "min_free_memory": 0, "max_memory_pressure": 0, "quarantine": 0,
    "stop_timeout": "5s", "render": "chrome", "log": "info,schedule=error",
    # Every page is Chrome's, and a host that is made to fail is asked again at once.
    "render": "chrome", "host_backoff": "10ms", "host_backoff_max": "10ms", "host_failures": 1000,
}


class Scene:
    def __init__(self, bench, sites=("probe",), site_more="", robots="obey", measures_memory=False, **settings):
        self.bench = bench
        # AddressSanitizer holds back freed memory, 256 MiB of it unless told otherwise.
        asan = processes.SANITIZER_ENV["ASAN_OPTIONS"] + ":quarantine_size_mb=4:thread_local_quarantine_size_kb=64"
        self._environment = {"ASAN_OPTIONS": asan} if measures_memory else {}
        self.pages = bench.adopt(Pages())
        self.site = sites[0]
        self.site_names = list(sites)
        self.origins = {name: self.pages.origin(name) for name in sites}
        self.wants_rows = set(sites)
        self.ledger = Ledger(path=bench.folder / "deals.db")
        self.server = None
        self.engine = None
        self._settings = {**SETTINGS, "chrome_transport": bench.transport, **settings}
        self._groups = set()
        self._yards = set()
        self._marked_run = 0
        self._marked_ms = 0
        self._failed_run = 0
        self._has_killed = False
        self._before = None
        self.run_dir = bench.temporary
        self.allowed_profiles = set()
        self.extra_keys = set()
        for name in sites:
            folder = bench.folder / "sites" / name
            folder.mkdir(parents=True)
            (folder / "site.conf").write_text(
                SITE_CONF.format(name=name, n_rows=pages_module.N_ROWS, more=site_more,
                                 robots=robots))

    # ---- the engine ------------------------------------------------------------------------------

    def use_postgres(self):
        self.server = self.bench.start_postgres()
        self.ledger = Ledger(server=self.server)
        return self.server

    def settings(self, **more):
        return {**self._settings, "sites_dir": self.bench.folder / "sites", "sites": ",".join(self.site_names),
                **{f"origin.{name}": origin for name, origin in self.origins.items()}, **more}

    def start(self, wait_for_rows=True, **more):
        self.engine = self.bench.start_engine("run", environment=self._environment, **self.settings(**more))
        if wait_for_rows:
            self.settle()
        return self.engine

    def settle(self):
        """The first good run; then what the engine holds when nothing is wrong."""
        known = max((run.id for run in self.ledger.runs()), default=0)
        wait_until(lambda: self._has_good_run(known), START_S, "a first run that is ok")
        self._before = self._belongings(1.6)
        self._note_workers()

    def _has_good_run(self, known):
        expect(self.engine.is_running(), f"the engine ended: {self.engine.err[-3000:]}")
        return [run for run in self.ledger.runs() if run.id > known and run.site == self.site and run.reason == "ok"]

    def _belongings(self, seconds):
        """What the engine holds when nothing goes on: of each kind of fd the fewest that were seen, and of threads."""
        fewest = None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now = fds_of(self.engine.pid)
            now["thread"] = len(os.listdir(f"/proc/{self.engine.pid}/task"))
            fewest = now if fewest is None else fewest & now
            time.sleep(0.05)
        return fewest

    def _note_workers(self):
        """Browsers live in groups of their own; the engine holds its cgroups' directories open."""
        self._groups |= {process.pid for process in self.browsers()}
        self._yards |= yards_of(self.engine.pid)

    def browsers(self):
        return [process for process in processes.descendants(self.engine.pid) if process.is_browser()]

    def browser(self):
        found = self.browsers()
        expect(found, "no browser runs")
        return found[0]

    def helpers(self, kind):
        """Processes of the browser whose command line has `kind`, such as --type=renderer."""
        return [process for process in processes.descendants(self.engine.pid) if kind in process.command]

    def kill(self, process):
        os.kill(process.pid, signal.SIGKILL)
        self._has_killed = True

    def profiles(self):
        return sorted(glob.glob(f"{self.run_dir}/catchdeal-chrome-*"))

    @staticmethod
    def folder_in(profile):
        """A new directory inside, for something to be mounted on."""
        path = pathlib.Path(profile) / "tmp" / "busy"
        path.mkdir()
        return path

    @staticmethod
    def wait_gone(paths):
        wait_until(lambda: not [path for path in paths if os.path.exists(path)], 10, f"{paths} are removed")

    def has_cgroup(self):
        """Are the workers in a group of the kernel's?"""
        self._note_workers()
        return bool(self._yards)

    def cpu_s(self):
        with open(f"/proc/{self.engine.pid}/stat", encoding="ascii", errors="replace") as file:
            words = file.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def devtools(self):
        """A second client of the live browser."""
        (profile,) = [path for path in self.profiles() if os.path.exists(f"{path}/profile/DevToolsActivePort")]
        return self.bench.adopt(DevTools(f"{profile}/profile"))

    def rss_kib(self):
        with open(f"/proc/{self.engine.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    @property
    def marked_s(self):
        return self._marked_ms / 1000

    # ---- provocation and reason --------------------------------------------------------------------

    def wait_idle(self):
        """Between two runs: the page of the last one was read."""
        ended = len(self.ledger.runs())
        wait_until(lambda: len(self.ledger.runs()) > ended, START_S, "the run under way ends")

    def wait_asked(self, path="/list", site=None):
        site = site or self.site
        before = self.pages.count(site, path)
        wait_until(lambda: self.pages.count(site, path) > before, START_S, f"{path} of {site} is asked for")

    def mark(self):
        self._note_workers()
        self._marked_run = max((run.id for run in self.ledger.runs()), default=0)
        self._marked_ms = time.time() * 1000

    def runs_since(self, site=None):
        site = site or self.site
        return [run for run in self.ledger.runs() if run.id > self._marked_run and run.site == site]

    def _failures(self, site=None):
        expect(self.engine.is_running(), f"the engine ended: {self.engine.err[-3000:]}")
        return [run for run in self.runs_since(site) if run.reason != "ok"]

    def expect_reason(self, *reasons, site=None, seconds=FAIL_S, but=()):
        """The first run that failed since mark() for another reason than those in `but`; it is one of `reasons`.

        A run may have begun when its browser was killed to make room for what is wanted: that is not the one, either."""
        other = {*but, *({"browser-exit"} if self._has_killed else ())} - set(reasons)

        def failures():
            return [run for run in self._failures(site) if run.reason not in other]

        run = wait_until(failures, seconds, "a run that fails")[0]
        self._failed_run = run.id
        self.bench.reason = run.reason
        expect(run.reason in reasons, f"reason {run.reason}, expected {' or '.join(reasons)}: {run.detail}")
        return run

    def mark_failed(self, run):
        """Runs after this one count as recovery."""
        self._failed_run = run.id

    def expect_recovery(self, heal=True, seconds=RECOVER_S):
        """The next job on the slot."""
        if heal:
            self.pages.heal()

        def good():
            expect(self.engine.is_running(), f"the engine ended: {self.engine.err[-3000:]}")
            return [run for run in self.runs_since() if run.id > self._failed_run and run.reason == "ok"
                    and run.started_at >= self._marked_ms]

        run = wait_until(good, seconds, "the next job on the slot succeeds")[0]
        self.bench.recovery_s = (run.ended_at - self._marked_ms) / 1000
        self._note_workers()
        return run

    def expect_no_failure(self, seconds=RECOVER_S):
        """Whatever was done, the page is read; nobody is told of a failure."""
        run = self.expect_recovery(heal=False, seconds=seconds)
        failed = self._failures()
        expect(not failed, f"a run failed: {failed}")
        self.bench.reason = "ok"
        return run

    def end_engine(self):
        """SIGTERM, without the leftover check of a whole test."""
        self._note_workers()
        self.engine.signal(signal.SIGTERM)
        expect_equal(self.engine.wait(STOP_S).code, 0, "exit code of the engine")
        self._before = None

    # ---- the end: the seven points -----------------------------------------------------------------

    def end(self, exact_store=True, graceful=True):
        if self._before:
            self._expect_belongings()
        self._expect_workers()
        self.engine.signal(signal.SIGTERM)
        result = self.engine.wait(STOP_S)
        if graceful:
            expect_equal(result.code, 0, f"exit code of {result}")
        self._expect_slots(result.err)
        wait_until(lambda: not self._living_yards(), 5, f"its cgroups are gone: {self._living_yards()}")
        self.expect_store(exact_store)
        self.bench.checked = True

    def _expect_belongings(self):
        """(3) Sockets and the like may take a moment to go; what never goes is leaked."""
        seen = self._belongings(1.2)
        end = time.monotonic() + SETTLE_S
        while seen - self._before and time.monotonic() < end:
            seen &= self._belongings(1.2)
        more = seen - self._before
        expect(not more, f"the engine holds more than before: {dict(more)} (before: {dict(self._before)})")

    def _expect_workers(self):
        """(1) and (2) while the engine lives: what belongs to browsers that ended is gone."""

        def leftovers():
            self._note_workers()
            live = {process.pid for process in self.browsers()}
            found = [f"process of an ended browser: {process}" for process in processes.descendants()
                     if group_of(process.pid) in self._groups - live]
            profiles = [path for path in self.profiles() if path not in self.allowed_profiles]
            if len(profiles) > max(len(live), 1):
                found += [f"profile: {path}" for path in profiles]
            found += [f"in TMPDIR: {name}" for name in os.listdir(self.bench.temporary)
                      if not name.startswith("catchdeal-chrome-")]
            zombies = [pid for pid in zombie_children(self.engine.pid)]
            return found + [f"zombie of the engine: {pid}" for pid in zombies]

        end = time.monotonic() + SETTLE_S
        while (found := leftovers()) and time.monotonic() < end:
            time.sleep(0.2)
        expect(not found, "left by browsers that ended: " + "; ".join(found))

    @staticmethod
    def _expect_slots(log):
        """(4) by the engine's own account, which it gives when its pool has ended."""
        told = re.search(r'msg="pool ended".* slots=(\d+) idle=(\d+) leased=(\d+) dying=(\d+) leaks=(\d+)', log)
        expect(told, f"the engine did not account for its slots\n{log[-1500:]}")
        slots, idle, leased, dying, leaks = map(int, told.groups())
        expect(idle == slots and leased == dying == leaks == 0, f"slots don't add up: {told.group(0)}")

    def _living_yards(self):
        return [path for path in self._yards if os.path.isdir(path)]

    def expect_store(self, exact=True):
        """(7)"""
        wanted = {(site, key): (title, f"{self.origins[site]}/post/{key}")
                  for site in self.wants_rows for key, title in truth()}
        got = {at: deal for at, deal in self.ledger.deals().items() if at[1] not in self.extra_keys}
        expect_equal(got, wanted, "deals")
        expect_equal(self.ledger.doubled(), [], "deals that were created not exactly once")
        if exact:
            added = sum(run.rows_added for run in self.ledger.runs())
            expect_equal(added, len(wanted), "rows that the runs say they added")


# ---- /proc -------------------------------------------------------------------------------------------


def fds_of(pid):
    """Open files by kind: numbers of sockets and names of temporary directories taken out."""
    found = collections.Counter()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            path = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        path = re.sub(r"catchdeal-(chrome|cages)-\w{6}", r"catchdeal-\1", path)
        found[re.sub(r"worker-?\d+|\d{2,}", "N", path)] += 1
    return found


def yards_of(pid):
    """The directories of cgroups that an engine keeps open (and locked)."""
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            path = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        yard = re.match(r".*/catchdeal-cages-\w+", path)
        if yard and path.startswith("/sys/fs/cgroup"):
            found.add(yard.group(0))
    return found


def group_of(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def zombie_children(pid):
    """Ended and never waited for. One that ended this very moment doesn't count, so look twice."""

    def now():
        found = set()
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    state, parent = file.read().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state == "Z" and int(parent) == pid:
                found.add(int(entry))
        return found

    first = now()
    if not first:
        return first
    time.sleep(0.3)
    return first & now()
