# SPDX-License-Identifier: MIT
"""operator - where alerts arrive: a mail server with STARTTLS and a login, and a webhook's receiver.

Both run on threads of the test and keep what came. Refusals are counted, so that a test can tell "never asked" from
"refused".
"""
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import socketserver
import ssl
import subprocess
import threading

from .processes import wait_until

USER, PASSWORD = "engine", "correct horse"


def make_certificate(folder):
    """(certificate, key) for localhost, signed by itself."""
    certificate, key = folder / "mail.pem", folder / "mail.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True, timeout=60)
    return certificate, key


class Mail:
    def __init__(self, sender, to, message, over_tls):
        self.sender, self.to, self.over_tls = sender, to, over_tls
        self.message = email.message_from_bytes(message, policy=email.policy.default)

    @property
    def subject(self):
        return self.message["Subject"]

    @property
    def text(self):
        return self.message.get_content()


class _MailHandler(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.over_tls = self.knows = False
        self.sender = self.to = None
        self.say("220 localhost ESMTP")
        while line := self.rfile.readline(2000).decode("utf-8", "replace").rstrip("\r\n"):
            if self.answer(line) is False:
                return

    def answer(self, line):
        word = line.split(" ")[0].upper()
        if word == "EHLO":
            offer = "AUTH PLAIN LOGIN" if self.over_tls else "STARTTLS"
            self.say(f"250-localhost\r\n250 {offer}")
        elif word == "STARTTLS" and not self.over_tls:
            self.say("220 go on")
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)
            self.over_tls = True
        elif word == "AUTH" and self.over_tls:
            self.log_in(line)
        elif word == "QUIT":
            self.say("221 bye")
            return False
        elif word == "RSET":
            self.say("250 ok")
        elif not self.knows:
            self.server.owner.refused += 1
            self.say("530 log in first")
        elif word == "MAIL":
            self.sender = line.partition("<")[2].partition(">")[0]
            self.say("250 ok")
        elif word == "RCPT":
            self.to = line.partition("<")[2].partition(">")[0]
            self.say("250 ok")
        elif word == "DATA":
            self.take()
        else:
            self.say("502 not here")
        return True

    def log_in(self, line):
        words = line.split(" ")
        if len(words) < 3:
            self.say("334 ")
            words.append(self.rfile.readline(2000).decode().strip())
        self.knows = base64.b64decode(words[2]) == f"\0{USER}\0{PASSWORD}".encode()
        self.server.owner.refused += not self.knows
        self.say("235 welcome" if self.knows else "535 no")

    def take(self):
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline(2000)) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        self.server.owner.mails.append(Mail(self.sender, self.to, b"".join(lines), self.over_tls))
        self.say("250 taken")


class _Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class MailServer:
    def __init__(self, folder):
        self.mails, self.refused = [], 0
        self.certificate, key = make_certificate(folder)
        self._server = _Threads(("127.0.0.1", 0), _MailHandler)
        self._server.owner = self
        self._server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.tls.load_cert_chain(self.certificate, key)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def settings(self, password_file):
        password_file.write_text(PASSWORD + "\n")
        return {"smtp_server": f"smtp://localhost:{self.port}", "smtp_ca_file": str(self.certificate), "smtp_user": USER,
                "smtp_password_file": str(password_file), "smtp_tls": "required",
                "alert_mail_from": "engine@catchdeal.example", "alert_mail_to": "ops@catchdeal.example"}

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        owner = self.server.owner
        digest = base64.b64encode(hmac.new(owner.key, signed, hashlib.sha256).digest()).decode()
        if self.headers["webhook-signature"] != "v1," + digest:
            owner.unsigned += 1
        owner.posts.append(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Webhook:
    def __init__(self):
        self.posts, self.unsigned, self.key = [], 0, b"a key of the operator's"
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def settings(self):
        return {"alert_webhook": f"http://127.0.0.1:{self._server.server_address[1]}/secret-path",
                "alert_webhook_secret": self.key.decode()}

    def news(self, kind):
        """What was told of that kind, in its order: ["opened", "over"]."""
        return [report["news"] for post in list(self.posts) for report in post["data"]["reports"] if report["kind"] == kind]

    def wait_for(self, kind, news, seconds=30):
        wait_until(lambda: self.news(kind) and self.news(kind)[-1] == news, seconds, f"{kind}: {news}, of {self.posts}")

    def report(self, kind):
        """The last one of that kind."""
        return [report for post in self.posts for report in post["data"]["reports"] if report["kind"] == kind][-1]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
