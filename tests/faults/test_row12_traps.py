# SPDX-License-Identifier: MIT
"""Row 12: pages that wait for somebody: paused requests, dialogs, popups, passwords, downloads."""
import os
import time

from provoke.pages import ROWS_HTML, page
from provoke.scene import Scene
from support.registry import expect, test


def _disk_kib(scene):
    total = 0
    for profile in scene.profiles():
        for folder, _, files in os.walk(profile):
            for name in files:
                try:
                    total += os.lstat(os.path.join(folder, name)).st_blocks // 2
                except FileNotFoundError:
                    pass
    return total


@test
def row12_paused_request_is_never_matched(bench):
    scene = Scene(bench, page_timeout="4s")
    scene.start()
    client = scene.devtools()
    (target,) = [target for target in client.pages() if "localhost" in target["url"] or "blank" in target["url"]]
    session = client.attach(target["targetId"])

    scene.wait_idle()
    scene.mark()
    client.call("Fetch.enable", session=session, patterns=[{"urlPattern": "*"}])

    scene.expect_reason("timeout", "protocol", "hung")
    client.close()
    scene.expect_recovery()
    scene.end()


DIALOGS = {
    "alert-loop": ("<script>while (1) alert('buy now');</script>", ("hung", "timeout", "protocol")),
    "alert-in-a-timer": ("<script>setInterval(() => alert('buy now'), 50);</script>", ("hung", "timeout", "protocol", "ok")),
    "three-dialogs": ("<script>alert('a'); confirm('b'); prompt('c');</script>", ("ok",)),
    "confirm-and-go-on": ("<script>while (confirm('more?'));</script>", ("ok",)),
    "print": ("<script>print(); print();</script>", ("ok",)),
}


@test(each=list(DIALOGS))
def row12_dialog(bench, what):
    script, reasons = DIALOGS[what]
    scene = Scene(bench, page_timeout="5s")
    scene.start()

    scene.wait_idle()
    scene.mark()
    rows_after = script + ROWS_HTML if what != "alert-in-a-timer" else ROWS_HTML + script
    scene.pages.spoil("probe", page(rows_after))

    if reasons == ("ok",):
        scene.wait_asked()
        scene.expect_no_failure()
        scene.pages.heal()
    elif "ok" in reasons:
        # The rows may be read before the tenth dialog.
        scene.wait_asked()
        scene.wait_idle()
        scene.wait_idle()
        found = {run.reason for run in scene.runs_since()}
        expect(found <= set(reasons), f"reasons {found}")
        bench.reason = ", ".join(sorted(found))
        scene.expect_recovery()
    else:
        run = scene.expect_reason(*reasons)
        expect(run.ended_at - run.started_at < 13000, f"it took {run.ended_at - run.started_at} ms")
        scene.expect_recovery()
    scene.end()


OPENERS = {
    "at-load": "<script>for (let i = 0; i < 100; i++) window.open('/popup?' + i, '_blank');</script>",
    "in-a-timer": "<script>setInterval(() => window.open('/popup', '_blank'), 20);</script>",
    "by-links": "<script>for (let i = 0; i < 100; i++) { const a = document.createElement('a'); a.href = '/popup?' + i;"
                "a.target = '_blank'; document.body.append(a); a.click(); }</script>",
}


@test(each=list(OPENERS))
def row12_popups_are_refused_or_closed(bench, how):
    """Without the switch that refuses windows, so that those that open have to be closed."""
    flags = (bench.repository / "chrome-flags.conf").read_text()
    assert "\n--block-new-web-contents\n" in flags
    mild = bench.folder / "flags.conf"
    mild.write_text(flags.replace("\n--block-new-web-contents\n", "\n").replace(
        "--mute-audio", "--mute-audio\n--disable-popup-blocking"))
    scene = Scene(bench, chrome_flags=mild)
    scene.pages.others["/popup"] = page("<p>popup<script>setInterval(() => {}, 10);</script>")
    scene.start()

    scene.wait_idle()
    scene.mark()
    scene.pages.spoil("probe", page(ROWS_HTML + OPENERS[how]))
    scene.wait_asked()
    scene.wait_asked()

    scene.pages.heal()
    failed = {run.reason for run in scene.runs_since() if run.reason != "ok"}
    expect(failed <= {"timeout", "protocol", "hung"}, f"reasons {failed}")
    scene.expect_recovery(heal=False)
    end = time.monotonic() + 10
    while len(left := [target["url"] for target in scene.devtools().pages()]) > 1 and time.monotonic() < end:
        time.sleep(0.3)
    expect(len(left) <= 1, f"windows are left: {left[:5]} and {len(left)} in all")
    bench.reason = ", ".join(failed) or "ok"
    bench.notes.append(f"{scene.pages.count('probe', '/popup')} popups asked for")
    scene.end()


def _ask_password(request):
    request.give(page("<p>password, please"), status=401, WWW_Authenticate='Basic realm="deals"')


def _ask_proxy_password(request):
    request.give(page("<p>password, please"), status=407, Proxy_Authenticate='Basic realm="deals"')


@test(each=["401", "407", "of-a-subresource"])
def row12_http_auth(bench, status):
    scene = Scene(bench, page_timeout="8s")
    scene.start()
    scene.engine.allow_errors("the board blocks us")
    scene.pages.others["/secret.js"] = _ask_password
    answer = {"401": _ask_password, "407": _ask_proxy_password,
              "of-a-subresource": page("<script src='/secret.js'></script>" + ROWS_HTML)}[status]

    scene.wait_idle()
    scene.mark()
    scene.pages.spoil("probe", answer)

    if status == "of-a-subresource":
        scene.wait_asked("/secret.js")
        scene.expect_no_failure()
        scene.pages.heal()
    else:
        run = scene.expect_reason("blocked", "http-error", "network", "timeout", "protocol")
        expect(run.ended_at - run.started_at < 13000, f"it took {run.ended_at - run.started_at} ms")
        scene.expect_recovery()
    scene.end()


def _attachment(request):
    request.start(Content_Type="application/octet-stream", Content_Disposition='attachment; filename="deals.bin"',
                  Content_Length=2 << 30)
    request.drip(bytes(1 << 16), 0.001)


@test(each=["as-the-page", "beside-the-page"])
def row12_download_of_2_GB_is_denied(bench, how):
    scene = Scene(bench, page_timeout="5s")
    scene.start()
    before_kib = _disk_kib(scene)
    scene.pages.others["/deals.bin"] = _attachment

    scene.wait_idle()
    scene.mark()
    if how == "as-the-page":
        scene.pages.spoil("probe", _attachment)
        scene.expect_reason("network", "timeout", "protocol")
    else:
        scene.pages.spoil("probe", page(ROWS_HTML + "<a id=a href='/deals.bin' download>x</a><script>a.click();"
                                        "location.href = '/deals.bin';</script>"))
        scene.wait_asked("/deals.bin")
        scene.expect_no_failure()
        time.sleep(2)
    grown = _disk_kib(scene) - before_kib
    expect(grown < 20 * 1024, f"{grown} KiB were written to the profile")
    scene.expect_recovery()
    found = [path for path in bench.folder.rglob("*deals*bin*")] + [path for path in bench.folder.rglob("*.crdownload")]
    expect(not found, f"files: {found}")
    scene.end()
