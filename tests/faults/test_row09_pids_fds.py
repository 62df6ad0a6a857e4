# SPDX-License-Identifier: MIT
"""Row 9: no more processes, threads or files; told as what it is, waited out, no zombies."""
import os
import resource
import time

from provoke.programs import Wrapper
from provoke.scene import Scene
from provoke.transports import over_the_pipe_too
from support.processes import wait_until
from support.registry import Skip, expect, test


def _needs_cgroup(scene):
    if not scene.has_cgroup():
        raise Skip("no cgroup here counts processes")


def _expect_calm(scene, wrapper, seconds, most):
    """Starts that fail must be waited out."""
    before = len(wrapper.starts_ms())
    time.sleep(seconds)
    n = len(wrapper.starts_ms()) - before
    expect(n <= most, f"{n} starts within {seconds} s: a tight loop")
    return n


@over_the_pipe_too()
@test
def row09_pids_run_out_at_the_start_of_a_browser(bench):
    scene = Scene(bench, worker_pids=180, launch_backoff="500ms", launch_backoff_max="2s")
    wrapper = Wrapper(bench)
    scene.start(chrome=wrapper.path)
    scene.engine.allow_errors("pids")
    _needs_cgroup(scene)

    scene.wait_idle()
    wrapper.misbehave("forks")
    scene.mark()
    scene.kill(scene.browser())

    scene.expect_reason("pids")
    _expect_calm(scene, wrapper, 5, 8)
    wrapper.heal()
    scene.expect_recovery()
    scene.end()


@test
def row09_pids_are_too_few_for_a_real_browser(bench):
    scene = Scene(bench, worker_pids=25, launch_timeout="5s")
    scene.start(wait_for_rows=False)
    scene.engine.allow_errors("pids", "launch-failed")
    wait_until(lambda: "serving" in scene.engine.err, 30, "the engine serves")
    _needs_cgroup(scene)
    scene.mark()

    scene.expect_reason("pids")

    scene.end_engine()
    scene.wants_rows = set()
    scene.expect_store()
    # The next job, once the operator has done what the message says.
    scene.start(worker_pids=512)
    scene.wants_rows = {"probe"}
    scene.expect_recovery()
    scene.end(exact_store=False)


@test
def row09_pids_of_the_user_run_out(bench):
    """RLIMIT_NPROC, which the browser inherits."""
    if os.getuid() != 0:
        raise Skip("counts all processes of this user, unless Chrome runs as another one (root)")
    scene = Scene(bench, launch_timeout="5s")
    scene.start()
    scene.engine.allow_errors("pids", "launch-failed")
    before = resource.prlimit(scene.engine.pid, resource.RLIMIT_NPROC)

    scene.wait_idle()
    resource.prlimit(scene.engine.pid, resource.RLIMIT_NPROC, (1, before[1]))
    scene.mark()
    scene.kill(scene.browser())

    scene.expect_reason("pids")
    resource.prlimit(scene.engine.pid, resource.RLIMIT_NPROC, before)
    scene.expect_recovery()
    scene.end()


@over_the_pipe_too()
@test
def row09_fds_of_the_engine_run_out(bench):
    scene = Scene(bench, launch_backoff="500ms", launch_backoff_max="2s")
    wrapper = Wrapper(bench)
    scene.start(chrome=wrapper.path)
    scene.engine.allow_errors("fds", "Too many open files")
    before = resource.prlimit(scene.engine.pid, resource.RLIMIT_NOFILE)
    scene.wait_idle()
    used = max(map(int, os.listdir(f"/proc/{scene.engine.pid}/fd")))

    scene.mark()
    scene.kill(scene.browser())
    wait_until(lambda: len(os.listdir(f"/proc/{scene.engine.pid}/fd")) < used, 10, "the browser's files are closed")
    # So many as the rest of the engine needs, which is what it holds without a browser, and not enough for one more.
    resource.prlimit(scene.engine.pid, resource.RLIMIT_NOFILE,
                     (len(os.listdir(f"/proc/{scene.engine.pid}/fd")) + 2, before[1]))

    scene.expect_reason("fds", "network")
    cpu = scene.cpu_s()
    time.sleep(3)
    expect(scene.cpu_s() - cpu < 1.5, f"{scene.cpu_s() - cpu:.1f} s of CPU within 3 s: a tight loop")
    resource.prlimit(scene.engine.pid, resource.RLIMIT_NOFILE, before)
    scene.expect_recovery()
    scene.end()
