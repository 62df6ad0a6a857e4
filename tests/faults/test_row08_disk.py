# SPDX-License-Identifier: MIT
"""Row 8: disk and inodes run out, directories are left or can't be removed."""
import os
import pwd
import shutil
import subprocess
import time

from provoke.scene import Scene
from provoke.transports import over_the_pipe_too
from support.processes import wait_until
from support.registry import Skip, expect, expect_equal, test


def _fill(folder):
    with open(folder / "ballast", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass


def _use_up_inodes(folder):
    (folder / "ballast").mkdir()
    try:
        for n in range(1 << 20):
            (folder / "ballast" / str(n)).touch()
    except OSError:
        pass


FULL = {"bytes": ("size=64m,mode=1777", _fill), "inodes": ("size=256m,nr_inodes=2000,mode=1777", _use_up_inodes)}


@test(each=list(FULL))
def row08_disk_is_full_of(bench, what):
    options, fill = FULL[what]
    folder = bench.folder / "run"
    bench.mount_tmpfs(folder, options)
    scene = Scene(bench, run_dir=folder, launch_timeout="6s")
    scene.run_dir = folder
    scene.start()
    scene.engine.allow_errors("disk", "launch-failed")

    scene.wait_idle()
    fill(folder)
    scene.mark()
    scene.kill(scene.browser())
    # Its directory is removed, which makes room again.
    scene.wait_gone(scene.profiles())
    if what == "bytes":
        (folder / "ballast").unlink()
    else:
        shutil.rmtree(folder / "ballast")
    fill(folder)

    run = scene.expect_reason("disk")
    expect("disk" in run.detail or "No space" in run.detail, f"the cause is not told: {run.detail}")
    if what == "bytes":
        (folder / "ballast").unlink()
    else:
        shutil.rmtree(folder / "ballast")
    scene.expect_recovery()
    scene.end()
    expect_equal(os.listdir(folder), [], "left in run_dir")


@test(seconds=120)
def row08_disk_of_the_spool_is_full_while_the_database_is_away(bench):
    folder = bench.folder / "spool"
    bench.mount_tmpfs(folder, "size=64k,mode=1777")
    scene = Scene(bench, database_timeout="3s", spool_dir=folder)
    server = scene.use_postgres()
    scene.start()
    scene.engine.allow_errors("disk", "spool", "store-away", "database", "ledger", "connection", "terminating")
    scene.wait_idle()
    scene.mark()
    _fill(folder)

    server.stop()
    wait_until(lambda: "reason=disk" in scene.engine.err, 40, "a run ends for want of room")
    (folder / "ballast").unlink()
    server.start()

    run = scene.expect_reason("disk")
    expect("spool" in run.detail and "No space" in run.detail, f"the cause is not told: {run.detail}")
    scene.expect_recovery()
    scene.end(exact_store=False)
    expect_equal(os.listdir(folder), [], "left in spool_dir")


@test
def row08_disk_fills_up_under_a_living_browser(bench):
    folder = bench.folder / "run"
    bench.mount_tmpfs(folder, "size=64m,mode=1777")
    scene = Scene(bench, run_dir=folder)
    scene.run_dir = folder
    scene.start()
    scene.engine.allow_errors("disk")

    scene.mark()
    _fill(folder)
    time.sleep(4)
    (folder / "ballast").unlink()

    # A list page needs no disk; whether one fails is Chrome's matter, but the reason must not be a wrong one.
    failed = {run.reason for run in scene.runs_since() if run.reason != "ok"}
    expect(failed <= {"disk"}, f"reasons {failed}")
    bench.reason = ", ".join(failed) or "ok"
    scene.expect_recovery()
    scene.end()


@over_the_pipe_too()
@test
def row08_disk_leftovers_a_directory_that_is_busy_is_removed_once_it_is_not(bench):
    scene = Scene(bench)
    scene.start()
    scene.wait_idle()
    (profile,) = scene.profiles()
    mount = bench.mount_tmpfs(scene.folder_in(profile), "size=1m")

    scene.mark()
    scene.kill(scene.browser())
    time.sleep(0.5)
    mount.close()

    scene.expect_no_failure()
    scene.wait_gone([profile])
    scene.end()


@test
def row08_disk_leftovers_a_directory_that_stays_busy_holds_up_nothing_and_is_swept_later(bench):
    scene = Scene(bench)
    scene.start()
    scene.wait_idle()
    (profile,) = scene.profiles()
    mount = bench.mount_tmpfs(scene.folder_in(profile), "size=1m")

    scene.mark()
    scene.kill(scene.browser())

    scene.expect_no_failure()
    scene.allowed_profiles = {profile}
    time.sleep(3)
    expect(os.path.isdir(profile), "the directory went although it is busy")
    mount.close()
    scene.end()
    scene.allowed_profiles = set()
    scene.start()
    expect(not os.path.isdir(profile), "the next engine did not sweep it")
    scene.end()


def _planted(bench, name):
    """A dead engine's directory, with what Chrome and a crash handler leave in it."""
    path = bench.temporary / f"catchdeal-chrome-{name}"
    for below in ("profile/Default", "home/.config", "tmp/scoped_dirABCDEF", "tmp/org.chromium.Chromium.X",
                  "tmp/.com.google.Chrome.Y", "tmp/chrome_crashpad_handler"):
        (path / below).mkdir(parents=True)
    os.symlink("otherhost-12345", path / "profile/SingletonLock")
    (path / "tmp/core").write_bytes(bytes(1 << 20))
    if os.getuid() == 0:
        try:
            user = pwd.getpwnam("catchdeal-chrome")
        except KeyError:
            raise Skip("the user catchdeal-chrome is missing (scripts/test creates it)") from None
        for folder, _, files in os.walk(path):
            for entry in [folder, *(os.path.join(folder, file) for file in files)]:
                os.chown(entry, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return path


@test
def row08_disk_leftovers_of_a_dead_engine_are_swept_and_nothing_else(bench):
    planted = [_planted(bench, name) for name in ("AAAAAA", "BBBBBB")]
    precious = bench.temporary / "catchdeal-chromium-notes"
    precious.mkdir()
    outside = bench.folder / "outside"
    outside.mkdir()
    (outside / "file").write_text("precious")
    os.symlink(outside, planted[0] / "profile/link")
    scene = Scene(bench)
    scene.start()
    scene.mark()

    expect(not [path for path in planted if path.exists()], "directories of a dead engine are left")
    expect(precious.is_dir() and (outside / "file").exists(), "something that is not the engine's was removed")
    precious.rmdir()
    scene.expect_no_failure()
    scene.end()


@test
def row08_disk_sweep_leaves_a_second_engine_s_live_profile_alone(bench):
    scene = Scene(bench)
    scene.start()
    scene.wait_idle()
    scene.mark()
    live = scene.profiles()
    browser = scene.browser().pid

    other = bench.crawl("probe", "--dry-run", "--pages", "1", **scene.settings(log="error"))

    expect_equal(other.code, 0, f"exit code of the second engine: {other}")
    expect(live and all(os.path.isdir(path) for path in live), "the first engine's profile is gone")
    scene.expect_no_failure()
    expect_equal(scene.browser().pid, browser, "the first engine's browser")
    scene.end()


@test
def row08_disk_core_dumps_are_off(bench):
    scene = Scene(bench)
    scene.start()
    scene.wait_idle()

    scene.mark()
    for process in scene.helpers("--type=") + [scene.browser()]:
        with open(f"/proc/{process.pid}/limits", encoding="ascii") as file:
            (line,) = [line for line in file if line.startswith("Max core file size")]
        expect_equal(line.split()[4:6], ["0", "0"], f"core limits of {process}")
    subprocess.run(["kill", "-ABRT", str(scene.browser().pid)], check=True)

    scene.expect_recovery()
    scene.wait_gone([path for path in scene.profiles()[:-1]])
    bench.reason = "ok"
    found = [path for path in bench.folder.rglob("core*") if path.is_file()]
    expect(not found, f"core files: {found}")
    wait_until(scene.browsers, 10, "a browser")
    scene.end()
