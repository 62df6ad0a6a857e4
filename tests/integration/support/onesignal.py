# SPDX-License-Identifier: MIT
"""onesignal - a local server that speaks OneSignal's POST /api/v1/notifications, and counts by idempotency key.

A key that was taken sends nothing a second time and is answered as before. `trouble` says what a request meets:
None, or one of TROUBLES; "breaks" takes the message and breaks off in the middle of the answer.
"""
import http.server
import json
import threading
import time
import uuid

PATH = "/api/v1/notifications"
TROUBLES = ("500", "503", "429", "breaks", "hangs")


class OneSignal:
    def __init__(self, app_id, key, hang_s=1.0):
        self.told = {}        # idempotency key: the message, of those that were taken
        self.attempts = {}    # idempotency key: requests
        self.refused = []     # what was wrong with a request
        self.trouble = lambda: None
        self._app_id = app_id
        self._authorization = f"Basic {key}"
        self._hang_s = hang_s
        self._lock = threading.Lock()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                server.answer(self)

            def log_message(self, *args):
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{PATH}"

    def settings(self, key_file):
        return {"push_service": "onesignal", "push_url": self.url, "push_app_id": self._app_id, "push_key_file": key_file}

    def close(self):
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    # ---- one request ------------------------------------------------------------------------------

    def _fault(self, request, message):
        """What OneSignal would not take."""
        if request.path != PATH or message.get("app_id") != self._app_id:
            return "path or app"
        if request.headers.get("Authorization") != self._authorization:
            return "key"
        try:
            for text in (message["idempotency_key"], *message["include_player_ids"]):
                uuid.UUID(text)
            if not message["include_player_ids"] or len(message["include_player_ids"]) > 2000:
                return "players"
            for name in ("headings", "contents"):
                if message[name]["en"] != message[name]["ko"] or not message[name]["en"]:
                    return name
        except (KeyError, ValueError, TypeError) as error:
            return repr(error)
        return None

    def answer(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        message = json.loads(body)
        fault = self._fault(request, message)
        with self._lock:
            if fault:
                self.refused.append((fault, message))
                self._say(request, 400, {"errors": [fault]})
                return
            key = message["idempotency_key"]
            self.attempts[key] = self.attempts.get(key, 0) + 1
            trouble = self.trouble()
            if trouble in (None, "breaks"):
                self.told.setdefault(key, message)
        if trouble is None:
            self._say(request, 200, {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, key)), "external_id": None,
                                     "recipients": len(message["include_player_ids"])})
        elif trouble == "breaks":
            request.send_response(200)
            request.send_header("Content-Length", "1000")
            request.end_headers()
            request.wfile.write(b'{"id":')
            request.close_connection = True
        elif trouble == "hangs":
            time.sleep(self._hang_s)
            request.close_connection = True
        else:
            self._say(request, int(trouble), {"errors": ["not now"]}, {"Retry-After": "1"} if trouble == "429" else {})

    @staticmethod
    def _say(request, status, value, headers=None):
        body = json.dumps(value).encode()
        try:
            request.send_response(status)
            for name, text in {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}.items():
                request.send_header(name, text)
            request.end_headers()
            request.wfile.write(body)
        except ConnectionError:
            request.close_connection = True  # whoever asked was killed

    # ---- what came of it --------------------------------------------------------------------------

    def of(self, player):
        """The messages that this player was told, by key."""
        with self._lock:
            return {key: message for key, message in self.told.items() if player in message["include_player_ids"]}
