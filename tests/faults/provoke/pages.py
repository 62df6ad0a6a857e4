# SPDX-License-Identifier: MIT
"""pages - a board of our own, whose list page behaves as badly as a test wants.

Each site is http://NAME.localhost:PORT, its list /list, and its rows are ROWS for everybody. What /list does is
`pages.list[NAME]`: text (HTML), or a function that gets the request handler and answers by hand. heal() makes all good again
and lets go of the requests that were held.
"""
import http.server
import socket
import ssl
import threading
import time

N_ROWS = 12

SITE_CONF = """# SPDX-License-Identifier: MIT
[site]
name = {name}
id_prefix = {name}
home = http://{name}.localhost/
timezone = Asia/Seoul
robots = {robots}
enabled = yes
[list]
url = http://{name}.localhost/list?page={{page}}
pages = 1
min_rows = {n_rows}
{more}
[layout plain]
match = #list
rows = #list > li.deal
[plain.key]
css = @data-id
match = ^(\\d+)$
[plain.title]
css = a.title
[plain.url]
css = a.title
[score]
view = 1
[schedule]
crawl = 0 0 1 1 *
[pace]
min_delay = 0
"""


def truth():
    """Key and title of each row, in page order."""
    return [(str(1000 + n), f"[가게] 상품 {n} (1{n:02},000원/무료)") for n in range(N_ROWS)]


def row_html(key, title):
    return f'<li class="deal" data-id="{key}"><a class="title" href="/post/{key}">{title}</a></li>'


ROWS_HTML = '<ul id="list">' + "".join(row_html(key, title) for key, title in truth()) + "</ul>"


def page(body=ROWS_HTML, head=""):
    return f'<!doctype html><html><head><meta charset="utf-8"><title>deals</title>{head}</head><body>{body}</body></html>'


def late_rows(delay_ms, beside=""):
    """Rows that a script draws after a while; /mark is asked for once the page is alive."""
    html = "".join(row_html(key, title) for key, title in truth()).replace("</", "<\\/")
    return page(f"<ul id=list></ul>{beside}<script>fetch('/mark');"
                f"setTimeout(() => {{document.getElementById('list').innerHTML = '{html}';}}, {delay_ms});</script>")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    @property
    def site(self):
        return (self.headers.get("Host") or "").partition(".")[0]

    def do_GET(self):
        pages = self.server.pages
        path = self.path.partition("?")[0]
        pages.note(self.site, path)
        if path == "/list":
            answer = pages.list.get(self.site) or page()
        else:
            answer = pages.others.get(path)
        try:
            if callable(answer):
                answer(self)
            elif answer is None:
                self.give("", status=204 if path == "/mark" else 404)
            else:
                self.give(answer)
        except OSError:
            self.close_connection = True

    do_POST = do_GET

    def give(self, text, status=200, **headers):
        body = text.encode() if isinstance(text, str) else text
        self.start(status, **{"Content_Length": len(body), **headers})
        if status != 204:
            self.wfile.write(body)

    def start(self, status=200, **headers):
        self.send_response(status)
        for name, value in {"Content_Type": "text/html; charset=utf-8", "Cache_Control": "no-store", **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.flush()

    def hold(self, seconds=60):
        """Do nothing until the test heals the page."""
        self.server.pages.healed.wait(seconds)
        self.close_connection = True

    def drip(self, data, pause_s, seconds=60):
        """`data` again and again, until the test heals the page or the client goes."""
        end = time.monotonic() + seconds
        healed = self.server.pages.healed
        while time.monotonic() < end and not healed.is_set():
            self.wfile.write(data)
            self.wfile.flush()
            if pause_s:
                healed.wait(pause_s)
        self.close_connection = True

    def reset(self):
        """RST instead of a proper end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_args):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, *_args):
        """A client that is killed breaks its connections; that is what these tests are about."""


class Pages:
    def __init__(self, certificate=None):
        self.list = {}
        self.others = {}
        self.healed = threading.Event()
        self._lock = threading.Lock()
        self._seen = []
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.pages = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.scheme = "https" if certificate else "http"
        self.port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def origin(self, name):
        return f"{self.scheme}://{name}.localhost:{self.port}"

    def note(self, site, path):
        with self._lock:
            self._seen.append((site, path))

    def count(self, site, path):
        with self._lock:
            return self._seen.count((site, path))

    def spoil(self, site, answer):
        self.healed.clear()
        self.list[site] = answer

    def heal(self):
        self.list.clear()
        self.healed.set()

    def close(self):
        self.healed.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
