# SPDX-License-Identifier: MIT
"""processes - what runs below this test runner, read from /proc, and how it is started and ended.

The runner is the subreaper of everything it starts (adopt_orphans), so a Chrome whose engine was killed
turns up below it and cannot hide behind process 1.
"""
import ctypes
import os
import re
import signal
import subprocess
import threading
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)

SANITIZER_EXIT = 99
SANITIZER_ENV = {
    "ASAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:detect_leaks=1:abort_on_error=0",
    "UBSAN_OPTIONS": f"exitcode={SANITIZER_EXIT}:print_stacktrace=1:halt_on_error=1",
    "LSAN_OPTIONS": f"exitcode={SANITIZER_EXIT}",
}
SANITIZER_REPORT = re.compile(
    r"ERROR: (Address|Leak|UndefinedBehavior)Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")
ERROR_LINE = re.compile(r"^ts=\S+ level=error .*$", re.MULTILINE)


def adopt_orphans():
    if _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def _die_with_runner():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Process:
    """One process: (pid, parent, state, command line)."""

    def __init__(self, pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            rest = file.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            self.command = file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        self.pid = pid
        self.state = rest[0]
        self.parent = int(rest[1])

    def is_chrome(self):
        return re.search(r"chrom(e|ium)", self.command.partition(" ")[0]) is not None

    def is_browser(self):
        """The main process of a browser: it has no --type."""
        return self.is_chrome() and " --type=" not in self.command

    def __str__(self):
        return f"{self.pid} {self.command[:120]}"


def _all_processes():
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                yield Process(int(entry))
            except (FileNotFoundError, ProcessLookupError):
                continue


def descendants(root=None):
    """Living processes below `root` (this runner), zombies left out."""
    root = root or os.getpid()
    by_parent = {}
    for process in _all_processes():
        by_parent.setdefault(process.parent, []).append(process)
    found, todo = [], [root]
    while todo:
        for process in by_parent.get(todo.pop(), ()):
            todo.append(process.pid)
            if process.state not in "ZX":
                found.append(process)
    return found


def reap_orphans(known):
    """Collect adopted processes that ended; `known` are the pids that subprocess waits for itself."""
    for process in _all_processes():
        if process.parent == os.getpid() and process.state == "Z" and process.pid not in known:
            try:
                os.waitpid(process.pid, os.WNOHANG)
            except ChildProcessError:
                pass


def wait_until(condition, seconds, what):
    """Poll `condition` until it is true and return its value; the failure names `what`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Result:
    """How a command ended."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    def __str__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out[-2000:]}\n--- stderr\n{self.err[-4000:]}"


def _start_of_report(err):
    """Who, where and the first frames; the rest is seldom of use."""
    found = SANITIZER_REPORT.search(err)
    lines = (err[found.start():] if found else err[-4000:]).splitlines()
    return "\n".join(lines[:40])


class Program:
    """A started program. Its output is collected while it runs; check_clean() judges it at the end."""

    def __init__(self, argv, env, cwd, user=None):
        self.name = os.path.basename(argv[0])
        self.allowed_errors = []
        self.may_be_killed = False
        self._popen = subprocess.Popen(
            argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            user=user, group=user, extra_groups=[] if user is not None else None, preexec_fn=_die_with_runner)
        self.pid = self._popen.pid
        self._chunks = {"out": [], "err": []}
        self._readers = [
            threading.Thread(target=self._collect, args=(stream, self._chunks[key]), daemon=True)
            for key, stream in (("out", self._popen.stdout), ("err", self._popen.stderr))]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _collect(stream, chunks):
        while True:
            chunk = os.read(stream.fileno(), 65536)
            if not chunk:
                return
            chunks.append(chunk)

    @property
    def out(self):
        return b"".join(self._chunks["out"]).decode("utf-8", "replace")

    @property
    def err(self):
        return b"".join(self._chunks["err"]).decode("utf-8", "replace")

    def is_running(self):
        return self._popen.poll() is None

    def signal(self, number):
        self._popen.send_signal(number)

    def wait(self, seconds):
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {seconds} s\n{self.err[-4000:]}") from None
        for reader in self._readers:
            reader.join(5)
        return Result(code, self.out, self.err)

    def stop(self, seconds=20):
        """Polite end; used by tests and by the clean-up."""
        if self.is_running():
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        self.may_be_killed = True
        if self.is_running():
            self.signal(signal.SIGKILL)
        self.wait(10)

    def close(self):
        if self.is_running():
            self._popen.kill()
            self._popen.wait()
        for reader in self._readers:
            reader.join(5)
        self._popen.stdout.close()
        self._popen.stderr.close()

    def allow_errors(self, *patterns):
        """level=error lines matching one of `patterns` belong to the test."""
        self.allowed_errors += [re.compile(pattern) for pattern in patterns]

    def complaints(self):
        """Sanitizer reports and error lines that no test expected."""
        found = []
        err = self.err
        code = self._popen.returncode
        if SANITIZER_REPORT.search(err) or code == SANITIZER_EXIT:
            found.append(f"{self.name}: sanitizer report\n{_start_of_report(err)}")
        if code is not None and code < 0 and not self.may_be_killed:
            found.append(f"{self.name}: ended by signal {-code}\n{err[-3000:]}")
        for line in ERROR_LINE.findall(err):
            if not any(pattern.search(line) for pattern in self.allowed_errors):
                found.append(f"{self.name}: unexpected error line: {line}")
        return found
