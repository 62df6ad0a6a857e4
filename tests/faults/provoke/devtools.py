# SPDX-License-Identifier: MIT
"""devtools - a second DevTools client on the engine's browser, to do to it what the engine never would."""
import base64
import json
import os
import socket
import struct


class DevTools:
    def __init__(self, profile):
        """`profile`: the browser's user data directory."""
        with open(os.path.join(profile, "DevToolsActivePort"), encoding="ascii") as file:
            port, path = file.read().split("\n")[:2]
        self._socket = socket.create_connection(("127.0.0.1", int(port)), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise AssertionError(f"Chrome refused the WebSocket: {head[:200]}")
        self._id = 0

    def _more(self):
        piece = self._socket.recv(65536)
        if not piece:
            raise ConnectionError("Chrome closed the connection")
        return piece

    def _take(self, n):
        while len(self._buffer) < n:
            self._buffer += self._more()
        taken, self._buffer = self._buffer[:n], self._buffer[n:]
        return taken

    def _receive(self):
        text = b""
        while True:
            first, second = self._take(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack(">H", self._take(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._take(8))
            text += self._take(length)
            if first & 0x80:
                return json.loads(text)

    def send(self, method, session=None, **params):
        """Send a command and don't wait."""
        self._id += 1
        message = {"id": self._id, "method": method, "params": params, **({"sessionId": session} if session else {})}
        data = json.dumps(message).encode()
        mask = os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        self._socket.sendall(b"\x81" + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
        return self._id

    def call(self, method, session=None, **params):
        wanted = self.send(method, session, **params)
        while True:
            answer = self._receive()
            if answer.get("id") == wanted:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    def pages(self):
        found = self.call("Target.getTargets")["targetInfos"]
        return [target for target in found if target["type"] == "page"]

    def attach(self, target_id):
        return self.call("Target.attachToTarget", targetId=target_id, flatten=True)["sessionId"]

    def close(self):
        self._socket.close()
