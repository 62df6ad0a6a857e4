# SPDX-License-Identifier: MIT
"""Row 5: a close is never acknowledged; after close_timeout the browser is killed, and slots add up."""
import re

from provoke.pages import ROWS_HTML, page
from provoke.programs import Fake
from provoke.scene import Scene
from provoke.transports import over_the_pipe_too
from support.processes import wait_until
from support.registry import expect, test

NO_CLOSE = "default Target.closeTarget ignore\ndefault Browser.close ignore\n"


@over_the_pipe_too()
@test
def row05_close_is_never_acknowledged_by_the_browser(bench):
    scene = Scene(bench, schedule_override="@every 3s", idle_exit="1s", close_timeout="1s")
    fake = Fake(bench, scene.origins["probe"])
    fake.play(NO_CLOSE)
    scene.start(chrome=fake.path)

    scene.mark()
    browsers = scene.browsers()
    wait_until(lambda: "unused" in scene.engine.err, 15, "the idle browser is closed")
    wait_until(lambda: not set(b.pid for b in scene.browsers()) & set(b.pid for b in browsers), 10, "it is killed")

    scene.expect_no_failure()
    scene.end()


@test
def row05_close_is_never_acknowledged_by_targets_over_many_rounds(bench):
    """Each page fails, so each tab is thrown away and never acknowledges its close."""
    scene = Scene(bench, schedule_override="@every 1s", close_timeout="500ms", page_timeout="1s")
    fake = Fake(bench, scene.origins["probe"])
    scene.start(chrome=fake.path)
    fake.play(NO_CLOSE + 'default Runtime.callFunctionOn reply error broken\n')
    scene.mark()
    for browser in scene.browsers():
        scene.kill(browser)

    scene.expect_reason("protocol")
    rounds = 10
    wait_until(lambda: len(scene.runs_since()) >= rounds, 60, f"{rounds} runs")
    fake.heal()
    for browser in scene.browsers():
        scene.kill(browser)
    scene.expect_recovery()
    scene.end()


@over_the_pipe_too("pages_per_browser")
@test(each=["pages_per_browser", "browser_age"])
def row05_close_is_never_acknowledged_by_a_browser_that_retires(bench, why):
    limits = {"pages_per_browser": 2} if why == "pages_per_browser" else {"browser_age": "2s"}
    scene = Scene(bench, close_timeout="1s", **limits)
    fake = Fake(bench, scene.origins["probe"])
    fake.play(NO_CLOSE)
    scene.start(chrome=fake.path)

    scene.mark()
    seen = set()

    def replaced():
        seen.update(process.pid for process in scene.browsers())
        return len(seen) >= 4

    wait_until(replaced, 60, f"browsers are replaced ({why})")
    expect(len(scene.browsers()) <= 3, "ended browsers pile up")
    scene.expect_no_failure()
    scene.end()


@over_the_pipe_too()
@test
def row05_close_asks_the_page_which_would_rather_stay(bench):
    stay = page(ROWS_HTML + "<script>addEventListener('beforeunload', e => { e.preventDefault(); e.returnValue = 'stay';"
                "while (0); });</script>")
    scene = Scene(bench, schedule_override="@every 4s", idle_exit="1s")
    scene.start()
    scene.pages.spoil("probe", stay)
    scene.wait_asked()

    scene.mark()
    wait_until(lambda: len(re.findall("unused", scene.engine.err)) >= 2, 30, "the browser is closed, and again")

    scene.expect_no_failure()
    scene.pages.heal()
    scene.end()
