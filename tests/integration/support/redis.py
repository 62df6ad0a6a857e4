# SPDX-License-Identifier: MIT
"""redis - a throw-away Redis server on a unix socket, in a directory of the test; it keeps nothing."""
import os
import shutil
import subprocess

from .processes import Program, wait_until
from .registry import Skip

SETTING = "redis"  # of catchdeal-api


class Redis:
    def __init__(self, folder):
        if not shutil.which("redis-server"):
            raise Skip("Redis is not installed (package redis-server)")
        self._folder = folder
        self._socket = os.path.join(folder, "redis.sock")
        self._server = None
        os.makedirs(folder)

    @property
    def address(self):
        return f"unix:{self._socket}"

    @property
    def socket(self):
        return self._socket

    @property
    def pid(self):
        return self._server.pid

    def start(self):
        self._server = Program(
            ["redis-server", "--port", "0", "--unixsocket", self._socket, "--save", "", "--appendonly", "no",
             "--maxmemory", "16mb", "--maxmemory-policy", "allkeys-lru", "--dir", self._folder],
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, cwd=self._folder)
        wait_until(lambda: os.path.exists(self._socket) and self.command("PING") == "PONG", 20, "Redis answers")

    def command(self, *words):
        return subprocess.run(["redis-cli", "-s", self._socket, *words], capture_output=True, text=True, timeout=20,
                              check=False).stdout.strip()

    def stop(self):
        if self._server and self._server.is_running():
            self._server.stop()

    def close(self):
        if self._server:
            self.stop()
            self._server.close()
