# SPDX-License-Identifier: MIT
"""Row 2: the renderer crashes; its target is never reused, and without any event the deadline frees the slot."""
import os
import signal
import time

from provoke.pages import late_rows
from provoke.programs import Fake, rows_answer
from provoke.scene import Scene
from provoke.transports import over_the_pipe_too
from support.registry import expect, test


def _kill_renderers(scene):
    for process in scene.helpers("--type=renderer"):
        os.kill(process.pid, signal.SIGKILL)


def _crash_by_command(scene):
    client = scene.devtools()
    for target in client.pages():
        if "/list" in target["url"]:
            client.send("Page.crash", session=client.attach(target["targetId"]))


def _go_to_chrome_crash(scene):
    client = scene.devtools()
    for target in client.pages():
        if "/list" in target["url"]:
            client.send("Page.navigate", session=client.attach(target["targetId"]), url="chrome://crash")


CRASHES = {"SIGKILL": _kill_renderers, "Page.crash": _crash_by_command, "chrome-crash": _go_to_chrome_crash}


@test(each=list(CRASHES))
def row02_renderer_crashes(bench, how):
    scene = Scene(bench, page_timeout="20s")
    scene.start()
    targets = {target["targetId"] for target in scene.devtools().pages()}
    scene.pages.spoil("probe", late_rows(30000))
    scene.wait_asked("/mark")
    time.sleep(0.5)

    scene.mark()
    CRASHES[how](scene)

    run = scene.expect_reason("renderer-crash")
    expect(run.ended_at / 1000 - scene.marked_s < 4, "the page did not hear of it at once")
    expect("/list" in run.detail, f"the URL is not in the detail: {run.detail}")
    scene.expect_recovery()
    left = {target["targetId"] for target in scene.devtools().pages() if "/list" in target["url"]}
    expect(not left & targets, "the crashed target is used again")
    scene.end()


@over_the_pipe_too()
@test
def row02_renderer_killed_in_navigation(bench):
    scene = Scene(bench, page_timeout="20s")
    scene.start()
    scene.pages.spoil("probe", lambda request: request.hold())
    scene.wait_asked()

    scene.mark()
    _kill_renderers(scene)

    scene.expect_reason("renderer-crash")
    scene.expect_recovery()
    scene.end()


@over_the_pipe_too()
@test
def row02_renderer_killed_while_its_tab_is_idle(bench):
    scene = Scene(bench, schedule_override="@every 3s")
    scene.start()
    scene.wait_idle()

    scene.mark()
    _kill_renderers(scene)

    scene.expect_no_failure()
    scene.end()


@test(seconds=180)
def row02_renderer_crashes_of_one_address_quarantine_that_address_alone(bench):
    scene = Scene(bench, sites=("probe", "other"), page_timeout="20s", quarantine="6h", page_retries=3)
    scene.start()
    scene.pages.spoil("probe", late_rows(30000))

    scene.mark()
    for _ in range(2):
        scene.wait_asked("/mark")
        time.sleep(0.3)
        _kill_renderers(scene)
    failed = scene.expect_reason("renderer-crash")
    asked = scene.pages.count("probe", "/list")
    others = len(scene.runs_since("other"))
    scene.pages.heal()
    time.sleep(5)

    expect("quarantine" in failed.detail + scene.engine.err, "the log says nothing of a quarantine")
    expect(scene.pages.count("probe", "/list") == asked, "the address is still asked for")
    fine = [run for run in scene.runs_since("other")[others:] if run.reason == "ok"]
    expect(fine, "the other board stood still")
    scene.end()


NAVIGATED = 'reply {"frameId":"${target}","loaderId":"L${n}"}\n'

# launch 1: the crash comes in the second page, so that the first run is a good one.
FAKES = {
    "late-event": ("expect Page.navigate\n" + NAVIGATED + "expect Runtime.callFunctionOn\ndelay 1000\n"
                   "event Inspector.targetCrashed {}\n"
                   'event Target.targetCrashed {"targetId":"${target}","status":"crashed","errorCode":11} browser\n',
                   ("renderer-crash",)),
    "only-the-page's-event": ("expect Runtime.callFunctionOn\nevent Inspector.targetCrashed {}\n", ("renderer-crash",)),
    "only-the-browser's-event": (
        "expect Runtime.callFunctionOn\n"
        'event Target.targetCrashed {"targetId":"${target}","status":"killed","errorCode":9} browser\n',
        ("renderer-crash",)),
    "no-event": ("default Runtime.callFunctionOn ignore\ndefault Runtime.evaluate ignore\n"
                 "default Runtime.terminateExecution ignore\ndefault Network.getCookies ignore\n", ("no-answer",)),
    "target-destroyed": ("expect Runtime.callFunctionOn\n"
                         'event Target.detachedFromTarget {"sessionId":"${session}","targetId":"${target}"} browser\n'
                         'event Target.targetDestroyed {"targetId":"${target}"} browser\n',
                         ("renderer-crash", "browser-exit", "protocol")),
}


@test(each=list(FAKES))
def row02_renderer_crashes_and_chrome_tells_it_by(bench, how):
    script, reasons = FAKES[how]
    scene = Scene(bench, page_timeout="5s")
    fake = Fake(bench, scene.origins["probe"])
    scene.start(chrome=fake.path)

    # The script holds from the next start on; the engine gets one by the end of the browser that stands.
    fake.play(script if "default" in script else script + "expect Never.comes\n")
    scene.wait_idle()
    scene.mark()
    os.kill(scene.browser().pid, signal.SIGKILL)

    scene.expect_reason(*reasons)
    fake.heal()
    scene.expect_recovery()
    scene.end()
