# SPDX-License-Identifier: MIT
"""web - a plain HTTP client, free ports, and a small server for saved pages."""
import http.client
import http.server
import json
import socket
import threading
import urllib.parse


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.body)


def request(url, method="GET", headers=None, body=None, seconds=15):
    """One request, no redirects followed, no proxy; the Host header is that of `url`."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=seconds)
    path = parts.path + ("?" + parts.query if parts.query else "")
    try:
        connection.request(method, path, body=body, headers={"Host": parts.netloc, **(headers or {})})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def get(url, **kwargs):
    return request(url, **kwargs)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_port_open(port):
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class PageServer:
    """Serves fixed bytes: pages[path] = (content type, body); anything else is 404.

    `path` is without the query; `requests` collects what was asked for.
    """

    def __init__(self, pages):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.requests.append(self.path)
                page = pages.get(self.path.partition("?")[0])
                kind, body = page or ("text/plain", b"not here")
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.requests = []
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self):
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
