# SPDX-License-Identifier: MIT
"""What the running engine tells whoever watches it."""
import re

from support import web
from support.processes import wait_until
from support.registry import expect, expect_equal, test


def _metrics(port):
    """{name{labels}: value} of /metrics."""
    answer = web.get(f"http://127.0.0.1:{port}/metrics")
    expect_equal(answer.status, 200, "status of /metrics")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@test
def live_and_metrics_are_served_and_the_slots_add_up(bench):
    demo = bench.start_boards()
    port = web.free_port()
    engine = bench.start_engine("run", engine_listen=f"127.0.0.1:{port}", schedule_override="@every 1s",
                                **demo.settings("spa"))
    wait_until(lambda: web.is_port_open(port), 20, "the engine listens")
    wait_until(lambda: _metrics(port)["catchdeal_pool_leases_total"] > 0, 30, "a page was rendered")

    figures = _metrics(port)

    expect_equal(web.get(f"http://127.0.0.1:{port}/live").text, "ok\n", "/live")
    slots = [value for name, value in figures.items() if name.startswith("catchdeal_pool_slots{")]
    expect_equal(sum(slots), 2, "slots of one browser with two tabs")
    expect_equal(figures["catchdeal_pool_slot_leaks_total"], 0, "slot leaks")
    expect(any(re.match(r'catchdeal_pool_memory_cap{rung="[a-z0-9-]+"}$', name) for name in figures), "no rung")
    engine.stop(20)
