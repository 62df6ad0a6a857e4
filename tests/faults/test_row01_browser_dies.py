# SPDX-License-Identifier: MIT
"""Row 1: the browser process dies; pending commands fail at once, a new browser comes."""
import os
import signal
import time

from provoke.pages import late_rows, page
from provoke.scene import Scene
from provoke.transports import over_the_pipe_too
from support import processes
from support.processes import wait_until
from support.registry import expect, test

AT_ONCE_S = 3


def _kill(process):
    os.kill(process.pid, signal.SIGKILL)


def _kill_and_wait_for_the_next(scene):
    """The next browser, as soon as it is there: known by its parent, whatever it is called so far. The orphans of the
    old one come to the engine, too."""
    old = {process.pid for process in processes.descendants(scene.engine.pid)}
    _kill(scene.browser())
    end = time.monotonic() + 20
    while True:
        for process in processes.descendants(scene.engine.pid):
            if process.parent == scene.engine.pid and process.pid not in old:
                return process
        expect(time.monotonic() < end, "no new browser within 20 s")


def _endpoint(scene, old_profiles):
    for path in scene.profiles():
        if path not in old_profiles and os.path.exists(f"{path}/profile/DevToolsActivePort"):
            return path
    return None


def _before_its_ws_url(scene):
    """The browser that stands is killed for the sake of the next one's start."""
    scene.wait_idle()
    old_profiles = scene.profiles()
    newborn = _kill_and_wait_for_the_next(scene)
    scene.mark()
    _kill(newborn)
    expect(not _endpoint(scene, old_profiles), "it had its address already: the provocation came too late")


def _in_the_handshake(scene):
    """It stops as soon as its address is there, so the engine connects and gets no answer; then it is killed."""
    scene.wait_idle()
    old_profiles = scene.profiles()
    newborn = _kill_and_wait_for_the_next(scene)
    end = time.monotonic() + 20
    while not _endpoint(scene, old_profiles):
        expect(time.monotonic() < end, "no address within 20 s")
    os.kill(newborn.pid, signal.SIGSTOP)
    scene.mark()
    time.sleep(0.5)
    _kill(newborn)


def _mid_navigation(scene):
    scene.pages.spoil("probe", lambda request: request.hold())
    scene.wait_asked()
    scene.mark()
    _kill(scene.browser())


def _mid_extraction(scene):
    scene.pages.spoil("probe", late_rows(30000))
    scene.wait_asked("/mark")
    time.sleep(0.5)
    scene.mark()
    _kill(scene.browser())


def _mid_body(scene):
    def half(request):
        request.start(Content_Length=1 << 20)
        request.wfile.write(page().encode()[:200])
        request.hold()

    scene.pages.spoil("probe", half)
    scene.wait_asked()
    time.sleep(0.5)
    scene.mark()
    _kill(scene.browser())


def _by_its_own_command(scene):
    scene.pages.spoil("probe", lambda request: request.hold())
    scene.wait_asked()
    scene.mark()
    scene.devtools().send("Browser.crash")


DEATHS = {
    "before-its-ws-url": (_before_its_ws_url, ("browser-exit", "launch-failed")),
    "in-the-handshake": (_in_the_handshake, ("browser-exit", "launch-failed")),
    "mid-navigation": (_mid_navigation, ("browser-exit",)),
    "mid-body": (_mid_body, ("browser-exit",)),
    "mid-extraction": (_mid_extraction, ("browser-exit",)),
    "Browser.crash": (_by_its_own_command, ("browser-exit",)),
}


@over_the_pipe_too("mid-navigation", "mid-extraction")
@test(each=list(DEATHS))
def row01_browser_process_dies(bench, moment):
    provoke, reasons = DEATHS[moment]
    # A page that waited for its deadline instead of failing at once would show.
    scene = Scene(bench, page_timeout="20s", launch_timeout="20s")
    scene.start()

    provoke(scene)

    run = scene.expect_reason(*reasons)
    took_s = run.ended_at / 1000 - scene.marked_s
    expect(took_s < AT_ONCE_S, f"the page heard of it after {took_s:.1f} s")
    scene.expect_recovery()
    scene.end()


@over_the_pipe_too("idle")
@test(each=["idle", "between-pages"])
def row01_browser_process_dies_while_nobody_needs_it(bench, moment):
    scene = Scene(bench, schedule_override="@every 3s" if moment == "idle" else "@every 1s")
    scene.start()
    scene.wait_idle()

    scene.mark()
    _kill(scene.browser())

    scene.expect_no_failure()
    scene.end()


@over_the_pipe_too()
@test
def row01_browser_process_dies_during_close(bench):
    scene = Scene(bench, schedule_override="@every 4s", idle_exit="1s", close_timeout="5s")
    scene.start()
    scene.wait_idle()

    # It is stopped while it is idle, so that the polite close stays without an answer until it is killed.
    browser = scene.browser()
    os.kill(browser.pid, signal.SIGSTOP)
    said = len(scene.engine.err)
    wait_until(lambda: "unused" in scene.engine.err[said:], 10, "the idle browser is closed")
    scene.mark()
    _kill(browser)

    scene.expect_no_failure()
    scene.end()


@test
def row01_browser_process_dies_again_and_again_and_the_page_is_retried_within_its_budget(bench):
    scene = Scene(bench, page_retries=2, page_timeout="20s")
    scene.start()
    scene.pages.spoil("probe", lambda request: request.hold())
    scene.wait_asked()

    scene.mark()
    for attempt in range(3):
        asked = scene.pages.count("probe", "/list")
        _kill(scene.browser())
        if attempt < 2:
            wait_until(lambda: scene.pages.count("probe", "/list") > asked, 30, "the page is tried again")

    scene.expect_reason("browser-exit")
    scene.expect_recovery()
    scene.end()
