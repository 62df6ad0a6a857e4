# SPDX-License-Identifier: MIT
"""Row 7: Chrome does not start, or slowly; told with its last words, waited out, and tried again."""
import re
import time

from provoke.programs import Wrapper
from provoke.scene import Scene
from provoke.transports import over_the_pipe_too
from support.processes import wait_until
from support.registry import expect, expect_equal, test

LAUNCH_S = 3

# mode of the wrapper, text that the record must have
TROUBLES = {
    "exits-1": ("exit 1", "last words"),
    "exits-127": ("exit 127", "127"),
    "prints-nothing": ("silent", f"{LAUNCH_S}000 ms"),
    "is-too-slow": (f"slow {LAUNCH_S * 4000}", f"{LAUNCH_S}000 ms"),
    "floods-stderr": ("flood", f"{LAUNCH_S}000 ms"),
    "floods-stderr-without-a-line's-end": ("flood-one-line", f"{LAUNCH_S}000 ms"),
    "tells-a-wrong-port": ("endpoint 1\n/devtools/browser/00000000-0000-0000-0000-000000000000", "ws://127.0.0.1:1/"),
    "tells-garbage": ("endpoint this is no port\nnor a path", "DevTools"),
    "tells-half-an-address": ("endpoint 443", "DevTools"),
}


def _scene(bench, **settings):
    scene = Scene(bench, idle_exit="1s", schedule_override="@every 2s", launch_timeout=f"{LAUNCH_S}s", **settings)
    return scene, Wrapper(bench)


def _spoil_next_start(scene, wrapper, mode):
    scene.wait_idle()
    wrapper.misbehave(mode)
    scene.mark()
    for browser in scene.browsers():
        scene.kill(browser)


@over_the_pipe_too("exits-1", "prints-nothing", "floods-stderr")
@test(each=list(TROUBLES))
def row07_launch_fails_because_chrome(bench, what):
    mode, words = TROUBLES[what]
    scene, wrapper = _scene(bench)
    scene.start(chrome=wrapper.path)
    scene.engine.allow_errors("launch-failed")
    engine_kib = scene.rss_kib()

    _spoil_next_start(scene, wrapper, mode)

    run = scene.expect_reason("launch-failed", seconds=LAUNCH_S + 20)
    expect(words in run.detail, f"{words!r} is not in the detail: {run.detail}")
    expect(scene.rss_kib() - engine_kib < 16 * 1024, f"the engine grew from {engine_kib} KiB to {scene.rss_kib()}")
    wrapper.heal()
    scene.expect_recovery()
    scene.end()


@over_the_pipe_too()
@test
def row07_launch_is_slow_but_in_time(bench):
    scene, wrapper = _scene(bench)
    scene.start(chrome=wrapper.path, launch_timeout="12s")

    _spoil_next_start(scene, wrapper, "slow 3000")

    scene.expect_no_failure()
    wrapper.heal()
    scene.end()


@test
def row07_launch_fails_again_and_again_pauses_grow_and_pages_fail_at_once(bench):
    scene, wrapper = _scene(bench, launch_backoff="500ms", launch_backoff_max="4s", launch_failures=3)
    scene.start(chrome=wrapper.path)
    scene.engine.allow_errors("launch-failed")

    before = len(wrapper.starts_ms())
    _spoil_next_start(scene, wrapper, "exit 1")
    time.sleep(14)

    starts = wrapper.starts_ms()[before:]
    pauses = [b - a for a, b in zip(starts, starts[1:])]
    expect(3 <= len(starts) <= 9, f"{len(starts)} starts in 14 s, pauses {pauses} ms")
    expect(pauses == [] or min(pauses) >= 400, f"a pause is shorter than launch_backoff: {pauses} ms")
    expect(max(pauses) >= 1500, f"the pauses do not grow: {pauses} ms")
    failed = [run for run in scene.runs_since() if run.reason == "launch-failed"]
    expect(len(failed) >= 3, f"pages waited instead of failing: {scene.runs_since()}")
    last_ms = failed[-1].ended_at - failed[-1].started_at
    expect(last_ms < 1500, f"with the breaker open a page waited {last_ms} ms")
    errors = re.findall(r"level=error.*", scene.engine.err)
    expect_equal(len(errors), 1, f"error lines that tell of the open breaker: {errors}")
    bench.notes.append(f"{len(starts)} starts, pauses {pauses} ms")
    scene.expect_reason("launch-failed")
    wrapper.heal()
    scene.mark_failed(failed[-1])
    scene.expect_recovery()
    scene.end()


@test
def row07_launch_fails_because_the_program_is_gone(bench):
    scene, wrapper = _scene(bench)
    scene.start(chrome=wrapper.path)
    scene.engine.allow_errors("launch-failed")
    away = wrapper.path.with_name("away")

    scene.wait_idle()
    wrapper.path.rename(away)
    scene.mark()
    for browser in scene.browsers():
        scene.kill(browser)

    run = scene.expect_reason("launch-failed")
    expect("No such file" in run.detail or "missing" in run.detail, f"the cause is not told: {run.detail}")
    away.rename(wrapper.path)
    scene.expect_recovery()
    scene.end()


@test
def row07_launch_fails_and_is_no_reason_to_stop(bench):
    """SIGTERM while a browser that says nothing is being started."""
    scene, wrapper = _scene(bench)
    wrapper.misbehave("silent")
    scene.start(wait_for_rows=False, chrome=wrapper.path, launch_timeout="30s")
    wait_until(wrapper.starts_ms, 30, "it is started")
    bench.reason = "cancelled"
    scene.wants_rows = set()
    started = time.monotonic()
    scene.end(exact_store=False)
    bench.recovery_s = time.monotonic() - started
    expect(bench.recovery_s < 15, f"stopping took {bench.recovery_s:.1f} s, stop_timeout 5 s, close_timeout 1 s")
