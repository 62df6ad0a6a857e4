# SPDX-License-Identifier: MIT
"""Row 3: the page's script does not yield; the page ends within its budget and the slot serves the next one."""
from provoke.pages import ROWS_HTML, page
from provoke.scene import Scene
from provoke.transports import over_the_pipe_too
from support.registry import expect, test

TIMEOUT_S = 4
# page_timeout, then up to 4 s to tell a hang from a delay, 1 s for the close, and a machine under load.
BUDGET_S = TIMEOUT_S + 4 + 1 + 4


def _sync_xhr(scene):
    scene.pages.others["/silent"] = lambda request: request.hold()
    return page("<script>var x = new XMLHttpRequest(); x.open('GET', '/silent', false); x.send();</script>")


BLOCKS = {
    "at-load": (lambda _: page("<script>while (1);</script>"), "hung"),
    "in-a-timer": (lambda _: page("<script>setTimeout(() => { while (1); }, 300);</script>"), "hung"),
    "in-a-timer-again-and-again": (lambda _: page("<script>setInterval(() => { for (let t = Date.now(); Date.now() - t < 60000;); },"
                                                  " 50);</script>"), "hung"),
    "in-a-microtask": (lambda _: page("<script>function f() { queueMicrotask(f); } setTimeout(f, 200);"
                                      "</script>"), "hung"),
    "in-a-regular-expression": (lambda _: page("<script>setTimeout(() => /^(a+)+$/.test('a'.repeat(60) + 'b'), 200);"
                                               "</script>"), "hung"),
    "in-a-synchronous-request": (_sync_xhr, "hung"),
}


@over_the_pipe_too("at-load", "in-a-synchronous-request")
@test(each=list(BLOCKS))
def row03_page_blocks_in_js(bench, where):
    content, reason = BLOCKS[where]
    scene = Scene(bench, page_timeout=f"{TIMEOUT_S}s")
    scene.start()

    scene.mark()
    scene.pages.spoil("probe", content(scene))

    run = scene.expect_reason(reason, "timeout" if where == "in-a-synchronous-request" else reason)
    took_s = (run.ended_at - run.started_at) / 1000
    expect(took_s < BUDGET_S, f"the page took {took_s:.1f} s, budget {BUDGET_S} s")
    scene.expect_recovery()
    scene.end()


@test
def row03_page_blocks_in_js_in_a_scroll_handler_that_the_extractor_calls(bench):
    scene = Scene(bench, site_more="scroll = yes", page_timeout=f"{TIMEOUT_S}s")
    scene.start()
    tall = page(ROWS_HTML + "<div style='height:9000px'></div><script>addEventListener('scroll', () => { while (1); });</script>")

    scene.mark()
    scene.pages.spoil("probe", tall)

    scene.expect_reason("hung")
    scene.expect_recovery()
    scene.end()


@test
def row03_page_blocks_in_js_in_getters_that_the_extractor_never_meets(bench):
    """The extractor lives in a world of its own, so getters that the page puts in place don't reach it."""
    trap = ("<script>for (const [proto, names] of [[Node.prototype, ['textContent', 'childNodes', 'nodeType']],"
            "[Element.prototype, ['innerHTML', 'tagName', 'getAttribute', 'querySelectorAll', 'matches']],"
            "[Document.prototype, ['title', 'body', 'querySelectorAll', 'querySelector']]])"
            "for (const name of names) Object.defineProperty(proto, name, {get() { while (1); }});</script>")
    scene = Scene(bench, page_timeout=f"{TIMEOUT_S}s")
    scene.start()

    scene.mark()
    scene.pages.spoil("probe", page(ROWS_HTML + trap))

    scene.wait_asked()
    scene.wait_idle()
    scene.expect_no_failure()
    scene.pages.heal()
    scene.end()
