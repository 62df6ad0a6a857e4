# SPDX-License-Identifier: MIT
"""children - tests side by side, each in a process of its own, so that what it leaves behind is its own.

A runner starts itself once per test with `--one NAME`; that process runs the test by run_one() and tells its result, a dictionary
with at least `verdict` (passed, failed, skipped) and `text`, by tell(). Tests whose function is marked @alone run one by one after the others.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from . import processes, registry

RESULT = "\n@result@ "
GRACE_S = 60  # for a test's process to clear up behind its deadline


class TooSlow(Exception):
    pass


def _on_alarm(_number, _frame):
    raise TooSlow


def add_arguments(parser, jobs):
    parser.add_argument("--jobs", type=int, default=jobs, metavar="N", help=f"tests side by side ({jobs})")
    parser.add_argument("--one", metavar="NAME", help="only this test, in this process; its result follows as JSON")


def alone(function):
    """Marks a test that wants the machine for itself."""
    function.alone = True
    return function


# ---- in the test's own process ---------------------------------------------------------------------


def run_one(test, desk, seconds):
    """The result of one test; what it left behind makes it fail as well."""
    verdict, problems = "passed", []
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.alarm(seconds)
    try:
        test.run(desk)
    except registry.Skip as reason:
        verdict, problems = "skipped", [str(reason)]
    except TooSlow:
        problems = [f"not done within {seconds} s"]
    except AssertionError as failure:
        problems = [str(failure)]
    except Exception:
        problems = [traceback.format_exc()]
    finally:
        signal.alarm(0)
    if problems and verdict != "skipped":
        verdict = "failed"
        problems += desk.last_words()
    left = desk.close(failed=verdict == "failed")
    if left:
        verdict = "failed"
        problems += left
    return {"verdict": verdict, "text": "\n".join(problems)}


def begin():
    """First of all in a test's process: it owns whatever the test leaves, and ends with the runner."""
    processes.adopt_orphans()
    processes._die_with_runner()


def tell(result):
    """Last of all; threads of a test's server may still hang in a read."""
    print(RESULT + json.dumps(result), flush=True)
    os._exit(0)


# ---- in the runner ---------------------------------------------------------------------------------


class _Child:
    def __init__(self, test, command, limit_s):
        self.test = test
        self.started = time.monotonic()
        self._limit_s = limit_s
        self._said = tempfile.TemporaryFile()
        self._popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._said, stderr=subprocess.STDOUT)

    def has_ended(self):
        if time.monotonic() - self.started > self._limit_s:
            self._popen.kill()
            self._popen.wait()
        return self._popen.poll() is not None

    def result(self):
        with self._said:
            self._said.seek(0)
            said = self._said.read().decode("utf-8", "replace")
        before, found, told = said.rpartition(RESULT)
        if not found:
            return {"verdict": "failed", "text": f"its process ended with {self._popen.returncode}\n{said[-4000:]}"}
        result = json.loads(told)
        if before.strip() and result["verdict"] == "failed":
            result["text"] += "\n" + before.strip()
        else:
            # Figures are worth a line also when all went well.
            result["text"] += "\n".join(line for line in before.splitlines() if line.startswith("measured: "))
        return result


def run_all(tests, arguments, seconds_of, on_result):
    """Each test in a child, the longest first so that none is left over at the end, then those that need the machine alone.

    seconds_of(test) bounds each; on_result(test, result, seconds) is told of each. Returns how many had which verdict.
    """
    count = {"passed": 0, "failed": 0, "skipped": 0}
    beside = sorted((test for test in tests if not getattr(test.function, "alone", False)), key=lambda t: -t.seconds)
    lonely = [test for test in tests if getattr(test.function, "alone", False)]
    given = [word for word in sys.argv[1:] if word != "--list"]
    processes.adopt_orphans()
    for waiting, most in ((beside, max(arguments.jobs, 1)), (lonely, 1)):
        running = []
        while waiting or running:
            while waiting and len(running) < most:
                test = waiting.pop(0)
                command = [sys.executable, sys.argv[0], *given, "--one", test.full_name]
                running.append(_Child(test, command, seconds_of(test) + GRACE_S))
            for child in [child for child in running if child.has_ended()]:
                running.remove(child)
                result = child.result()
                count[result["verdict"]] += 1
                on_result(child.test, result, time.monotonic() - child.started)
            time.sleep(0.05)
    return count
