# SPDX-License-Identifier: MIT
"""Row 10: a stale SingletonLock, ports that are taken; each launch has a directory and a port of its own."""
import os
import socket
import threading

from provoke.scene import Scene
from support.registry import expect, expect_equal, test


class _Planter(threading.Thread):
    """Puts the lock of another host into every profile as soon as it appears."""

    def __init__(self, scene):
        super().__init__(daemon=True)
        self._scene = scene
        self._known = set(scene.profiles())
        self._ended = threading.Event()
        self.planted = []
        self.start()

    def run(self):
        while not self._ended.is_set():
            for path in set(self._scene.profiles()) - self._known:
                try:
                    os.symlink("another-host-4711", f"{path}/profile/SingletonLock")
                except FileNotFoundError:
                    continue
                except FileExistsError:
                    pass
                self._known.add(path)
                self.planted.append(path)

    def close(self):
        self._ended.set()
        self.join()


@test
def row10_stale_singleton_lock_of_another_host(bench):
    scene = Scene(bench)
    scene.start()
    old = scene.profiles()
    planter = bench.adopt(_Planter(scene))

    scene.wait_idle()
    scene.mark()
    scene.kill(scene.browser())

    # A start that fails by it is no disaster: the next one has a fresh directory.
    scene.expect_recovery()
    planter.close()
    failed = {run.reason for run in scene.runs_since() if run.reason != "ok"}
    expect(failed <= {"launch-failed"}, f"reasons {failed}")
    expect(planter.planted, "no profile was made")
    expect(not set(scene.profiles()) & set(old), "a directory is used again")
    bench.reason = ", ".join(failed) or "ok"
    scene.end()


@test
def row10_port_taken(bench):
    """The ports that people give to Chrome, and that of the last browser, which the kernel could give out again."""
    scene = Scene(bench)
    scene.start()
    (profile,) = scene.profiles()
    with open(f"{profile}/profile/DevToolsActivePort", encoding="ascii") as file:
        last = int(file.readline())
    scene.wait_idle()

    scene.mark()
    scene.kill(scene.browser())
    taken = []
    for port in (9222, 9223, last):
        listener = socket.socket()
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
            taken.append(bench.adopt(listener))
        except OSError:
            listener.close()

    scene.expect_no_failure()
    for listener in taken:
        listener.settimeout(0)
        try:
            listener.accept()
            raise AssertionError("the engine came to a port that is not its browser's")
        except OSError:
            pass
    expect_equal(len(scene.browsers()), 1, "browsers")
    scene.end()
