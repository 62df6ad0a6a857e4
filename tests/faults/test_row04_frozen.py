# SPDX-License-Identifier: MIT
"""Row 4: the browser is frozen, its socket open; the heartbeat finds out, SIGKILL ends it."""
import os
import signal

from provoke.pages import late_rows
from provoke.programs import Fake
from provoke.scene import Scene
from provoke.transports import over_the_pipe_too
from support.registry import expect, test

PAGE_S = 6
HEARTBEAT_S = 2


def _stop_all(found):
    expect(found, "there is nothing to stop")
    for process in found:
        os.kill(process.pid, signal.SIGSTOP)


def _stop_browser(scene):
    _stop_all([scene.browser()])


def _stop_network_service(scene):
    _stop_all(scene.helpers("network.mojom.NetworkService"))


def _stop_renderers(scene):
    _stop_all(scene.helpers("--type=renderer"))


def _stop_whole_tree(scene):
    _stop_all(scene.helpers("--user-data-dir=") + scene.helpers("--type="))


FREEZES = {
    "browser": (_stop_browser, ("no-answer",)),
    "whole-tree": (_stop_whole_tree, ("no-answer",)),
    "renderers": (_stop_renderers, ("hung", "no-answer", "timeout")),
    "network-service": (_stop_network_service, ("no-answer",)),
}


@over_the_pipe_too("browser", "whole-tree")
@test(each=list(FREEZES), seconds=180)
def row04_browser_is_frozen(bench, what):
    stop, reasons = FREEZES[what]
    scene = Scene(bench, page_timeout=f"{PAGE_S}s", heartbeat=f"{HEARTBEAT_S}s")
    scene.start()
    scene.pages.spoil("probe", late_rows(30000))
    scene.wait_asked("/mark")

    scene.mark()
    stop(scene)

    run = scene.expect_reason(*reasons)
    if what != "renderers":
        took_s = run.ended_at / 1000 - scene.marked_s
        expect(took_s < 2 * HEARTBEAT_S + 4, f"found out after {took_s:.1f} s, heartbeat {HEARTBEAT_S} s")
    scene.expect_recovery()
    scene.end()


@test
def row04_browser_is_frozen_while_idle(bench):
    scene = Scene(bench, schedule_override="@every 12s", heartbeat="1s", page_timeout="20s")
    scene.start()
    scene.wait_idle()

    scene.mark()
    _stop_browser(scene)

    scene.expect_no_failure()
    scene.end()


@over_the_pipe_too()
@test
def row04_browser_reads_and_never_answers(bench):
    scene = Scene(bench)
    fake = Fake(bench, scene.origins["probe"])
    scene.start(chrome=fake.path)
    fake.play("expect Page.navigate\nsilence\n")
    scene.wait_idle()

    scene.mark()
    os.kill(scene.browser().pid, signal.SIGKILL)

    scene.expect_reason("no-answer")
    fake.heal()
    scene.expect_recovery()
    scene.end()
