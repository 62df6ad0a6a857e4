# SPDX-License-Identifier: MIT
"""Row 13: pages that are never idle or never load: rows when they are ready, otherwise the deadline and a reason."""
import shutil
import subprocess

from provoke.pages import ROWS_HTML, Pages, page, row_html, truth
from provoke.scene import Scene
from support.registry import Skip, expect, expect_equal, test
from support.web import free_port

TIMEOUT_S = 5
BUDGET_MS = (TIMEOUT_S + 4 + 4) * 1000


def _events(request):
    request.start(Content_Type="text/event-stream")
    request.drip(b"data: still here\n\n", 0.1)


def _endless_body(head):
    def answer(request):
        request.start(Content_Length=None, Connection="close")
        request.wfile.write(head.encode())
        request.drip(b"<!-- and on and on -->\n" * 20, 0.05)
    return answer


def _header_drip(request):
    """One byte of the header a second."""
    request.connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    request.drip(b"x", 1)


def _endless_headers(request):
    request.connection.sendall(b"HTTP/1.1 200 OK\r\n")
    request.drip(b"X-More: " + b"y" * 4000 + b"\r\n", 0.001)


def _redirect_loop(request):
    request.give("", status=302, Location=request.path)


def _redirects_without_end(request):
    n = int(request.path.rpartition("=")[2]) + 1
    request.give("", status=302, Location=f"/list?page={n}")


def _reload(request):
    request.give(page("<script>location.reload();</script>"))


def _half_then_reset(request):
    """A part of the rows, fewer than the site must have."""
    request.start(Content_Length=1 << 20)
    rows = "".join(row_html(key, title) for key, title in truth()[:5])
    request.wfile.write(f"<!doctype html><meta charset=utf-8><ul id=list>{rows}".encode())
    request.server.pages.healed.wait(0.5)
    request.reset()


def _reset_at_once(request):
    request.reset()


def _empty_answer(request):
    request.close_connection = True


def _no_http(request):
    request.connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n" * 3)
    request.close_connection = True


def _bad_gzip(request):
    request.start(Content_Encoding="gzip", Content_Length=100)
    request.wfile.write(b"\x1f\x8b\x08\x00" + b"\xff" * 96)


LOADS_ANYWAY = {
    "SSE": (page(ROWS_HTML + "<script>new EventSource('/events');</script>"), {"/events": _events}),
    "endless-requests": (page(ROWS_HTML + "<script>setInterval(() => fetch('/mark'), 20);</script>"), {}),
    "hanging-image-and-script": (page(ROWS_HTML + "<script async src='/hang.js'></script><iframe src='/hang'></iframe>"),
                                 {"/hang.js": lambda r: r.hold(), "/hang": lambda r: r.hold()}),
    "endless-body-behind-the-rows": (_endless_body(page(ROWS_HTML)[:-len("</body></html>")]), {}),
    "endless-animation": (page(ROWS_HTML + "<div id=a></div><script>setInterval(() => { a.textContent = Math.random(); }, 1);"
                               "</script>"), {}),
}


@test(each=list(LOADS_ANYWAY))
def row13_never_idle_and_read_when_ready(bench, what):
    content, others = LOADS_ANYWAY[what]
    scene = Scene(bench, page_timeout=f"{TIMEOUT_S}s")
    scene.pages.others.update(others)
    scene.start()

    scene.wait_idle()
    scene.mark()
    scene.pages.spoil("probe", content)
    scene.wait_asked()
    scene.wait_asked()

    scene.expect_no_failure()
    scene.pages.heal()
    scene.end()


NEVER = {
    "silence": (lambda request: request.hold(), ("timeout",)),
    "header-drip": (_header_drip, ("timeout",)),
    "endless-headers": (_endless_headers, ("network", "timeout")),
    "endless-body-without-rows": (_endless_body("<!doctype html><title>x</title><ul id=list>"), ("timeout",)),
    "endless-body-before-the-list": (_endless_body("<!doctype html><title>x</title><p>y</p>"), ("timeout",)),
    "script-that-hangs-before-the-list": ("<!doctype html><title>x</title><script src='/never'></script><ul id=list></ul>",
                                          ("timeout",)),
    "redirect-loop": (_redirect_loop, ("network",)),
    "redirects-without-end": (_redirects_without_end, ("network",)),
    "reload-without-end": (_reload, ("timeout", "drift", "hung", "protocol")),
    "reset-in-mid-body": (_half_then_reset, ("network", "timeout", "empty")),
    "reset-at-once": (_reset_at_once, ("network",)),
    "empty-answer": (_empty_answer, ("network",)),
    "no-HTTP": (_no_http, ("network", "drift")),
    "bad-gzip": (_bad_gzip, ("network",)),
}


@test(each=list(NEVER))
def row13_never_loads(bench, what):
    answer, reasons = NEVER[what]
    scene = Scene(bench, page_timeout=f"{TIMEOUT_S}s")
    scene.pages.others["/never"] = lambda request: request.hold()
    scene.start()

    scene.wait_idle()
    scene.mark()
    scene.pages.spoil("probe", answer)

    run = scene.expect_reason(*reasons)
    took_ms = run.ended_at - run.started_at
    expect(took_ms < BUDGET_MS, f"the page took {took_ms} ms, budget {BUDGET_MS} ms")
    expect_equal(run.rows_added, 0, "rows that the failed page added")
    scene.expect_recovery()
    scene.end()


def _expired_certificate(folder):
    """Valid for January 2020."""
    openssl = shutil.which("openssl")
    if not openssl:
        raise Skip("openssl is not installed")
    (folder / "openssl.cnf").write_text(
        "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
        "x509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:expired.localhost\n"
        "[req]\ndistinguished_name=d\nprompt=no\n[d]\nCN=expired.localhost\n")
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01\n")
    for command in (
            ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "request.pem", "-config", "openssl.cnf"],
            ["ca", "-batch", "-selfsign", "-keyfile", "key.pem", "-in", "request.pem", "-out", "cert.pem", "-notext",
             "-config", "openssl.cnf", "-startdate", "20200101000000Z", "-enddate", "20200201000000Z"]):
        done = subprocess.run([openssl, *command], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise AssertionError(f"openssl {command[0]}: {done.stderr}")
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return both


def _expired_tls(bench):
    folder = bench.folder / "tls"
    folder.mkdir()
    server = bench.adopt(Pages(_expired_certificate(folder)))
    return server.origin("expired")


ORIGINS = {
    "DNS-failure": lambda _bench: "http://no-such-board.invalid",
    "refused-connection": lambda _bench: f"http://away.localhost:{free_port()}",
    "expired-TLS": _expired_tls,
}


@test(each=list(ORIGINS))
def row13_never_loads_by(bench, what):
    name = "expired" if what == "expired-TLS" else "away"
    # Without robots.txt, which would meet the trouble before Chrome does.
    scene = Scene(bench, sites=("probe", name), page_timeout=f"{TIMEOUT_S}s", robots="ignore")
    scene.origins[name] = ORIGINS[what](bench)
    scene.wants_rows = {"probe"}
    scene.start()

    scene.mark()
    run = scene.expect_reason("network", site=name)

    expect("net::ERR_" in run.detail, f"the cause is not told: {run.detail}")
    scene.expect_recovery()
    scene.end()
