# SPDX-License-Identifier: MIT
"""redis - a throw-away Redis server on a free port of loopback; it keeps nothing."""
import os
import shutil
import subprocess

from . import web
from .processes import Program, wait_until
from .registry import Skip

SETTING = "redis"  # of catchdeal-api


class Redis:
    def __init__(self, folder):
        if not shutil.which("redis-server"):
            raise Skip("Redis is not installed (package redis-server)")
        self._folder = folder
        self.port = web.free_port()
        self._server = None
        os.makedirs(folder)

    @property
    def address(self):
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self._server.pid

    def start(self):
        self._server = Program(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--maxmemory", "16mb", "--maxmemory-policy", "allkeys-lru", "--dir", self._folder],
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, cwd=self._folder)
        wait_until(lambda: self.command("PING") == "PONG", 20, "Redis answers")

    def command(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, timeout=20,
                              check=False).stdout.strip()

    def stop(self):
        if self._server and self._server.is_running():
            self._server.stop()

    def close(self):
        if self._server:
            self.stop()
            self._server.close()
