# SPDX-License-Identifier: MIT
"""Row 6: memory explodes or creeps; the cap ends that page or worker only, and the record says so."""
import re

from support.children import alone
from provoke.pages import ROWS_HTML, late_rows, page
from provoke.scene import Scene
from provoke.transports import over_the_pipe_too
from support.processes import wait_until
from support.registry import Skip, expect, test

CAP_MIB = 256
# A leak of what passes through for one page would be far more.
FLAT_KIB = 12 * 1024

RUNGS = ("cgroup-v2", "cgroup-v1", "sampled-pss")

HOG = page("<script>fetch('/mark'); const held = []; setInterval(() => { held.push(new Uint8Array(5 << 20).fill(1)); }, 100);"
           "</script>")
DOM = page("<div id=d></div><script>fetch('/mark'); setInterval(() => { const f = document.createDocumentFragment();"
           "for (let i = 0; i < 20000; i++) { const e = document.createElement('p'); e.textContent = 'growth ' + i;"
           "e.setAttribute('data-x', 'y'.repeat(200) + i); f.append(e); } d.append(f); }, 20);</script>")
STRINGS = page("<script>fetch('/mark'); const held = []; setInterval(() => { for (let i = 0; i < 100000; i++)"
               " held.push({a: 'x' + Math.random(), b: [i]}); }, 10);</script>")


def _start_with_rung(scene, rung, **settings):
    """A rung that the machine does not have stops the engine's start."""
    engine = scene.start(wait_for_rows=False, memory_cap_rung=rung, **settings)
    wait_until(lambda: "serving" in engine.err or not engine.is_running(), 30, "the engine serves")
    if not engine.is_running():
        said = engine.wait(5).err
        expect(rung in said, f"the engine ended for another reason: {said[-2000:]}")
        engine.allow_errors(".*")
        raise Skip(f"{rung} cannot be had here: {said.strip().splitlines()[-1][-300:]}")
    scene.settle()


@over_the_pipe_too("cgroup-v2", "cgroup-v1", seconds=180)
@alone
@test(each=RUNGS, seconds=180)
def row06_memory_explodes_at_50_MB_a_second(bench, rung):
    scene = Scene(bench, sites=("probe", "other"), browsers=2, worker_memory=f"{CAP_MIB}M", page_timeout="20s",
                  heartbeat="5s", measures_memory=True)
    _start_with_rung(scene, rung)
    engine_kib = scene.rss_kib()
    # The other board's page is under way all the time that the hog grows.
    scene.pages.list["other"] = late_rows(4000)
    scene.wait_asked("/mark", site="other")

    scene.mark()
    scene.pages.spoil("probe", HOG)

    run = scene.expect_reason("oom")
    peak = re.search(r"peak (\d+)", run.detail)
    expect(peak and CAP_MIB // 2 <= int(peak.group(1)) <= CAP_MIB * 2, f"no fitting peak in the detail: {run.detail}")
    expect(f"{scene.origins['probe']}/list" in run.detail, f"no URL in the detail: {run.detail}")
    bench.notes.append(f"peak {peak.group(1)} MiB of {CAP_MIB}")
    scene.pages.list.pop("probe")
    wait_until(lambda: [r for r in scene.runs_since("other") if r.started_at <= run.ended_at <= r.ended_at or
                        r.started_at >= run.ended_at], 40, "the other board's job that ran at that moment ends")
    failed = [r for r in scene.runs_since("other") if r.reason != "ok"]
    expect(not failed, f"another board's job failed: {failed}")
    scene.expect_recovery()
    grown = scene.rss_kib() - engine_kib
    expect(grown < FLAT_KIB, f"the engine grew by {grown} KiB")
    bench.notes.append(f"engine {grown:+d} KiB")
    scene.end()


GROWTHS = {"dom": DOM, "objects": STRINGS}


@alone
@test(each=list(GROWTHS), seconds=180)
def row06_memory_explodes_by(bench, what):
    scene = Scene(bench, worker_memory=f"{CAP_MIB}M", page_timeout="40s", heartbeat="5s")
    scene.start()

    scene.mark()
    scene.pages.spoil("probe", GROWTHS[what])

    run = scene.expect_reason("oom", "js-heap", seconds=80)
    expect("peak" in run.detail and "/list" in run.detail, f"no peak or URL in the detail: {run.detail}")
    scene.expect_recovery()
    scene.end()


@alone
@test(seconds=240)
def row06_memory_creeps_and_is_recycled_before_the_cap(bench):
    """Each page leaves 30 MiB behind until Chrome collects it, which the soft cap does not wait for."""
    greedy = page(ROWS_HTML + "<script>window.held = new Uint8Array(30 << 20).fill(1); fetch('/mark');"
                  "window.name = 'x'.repeat(1 << 20);</script>")
    scene = Scene(bench, worker_memory="400M", worker_memory_soft="110M", memory_cap_rung="auto", heartbeat="1s")
    scene.start()
    scene.pages.spoil("probe", greedy)

    scene.mark()
    first = scene.browser().pid
    wait_until(lambda: [b for b in scene.browsers() if b.pid != first], 120, "the browser is replaced")

    scene.expect_no_failure()
    expect(re.search(r"reason=memory\b", scene.engine.err), "the log does not say that memory was the reason")
    scene.pages.heal()
    scene.end()
