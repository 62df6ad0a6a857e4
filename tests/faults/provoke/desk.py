# SPDX-License-Identifier: MIT
"""desk - the workbench of one fault test: support's Bench, and what the test tells about itself."""
import os
import subprocess

from support.bench import Bench
from support.registry import Skip


class Desk(Bench):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.reason = None
        self.recovery_s = None
        self.notes = []
        self.checked = False
        self.transport = "websocket"

    @property
    def is_full(self):
        return self._full

    def adopt(self, closer, port=None):
        """Close this at the end, even if the test fails."""
        self._closers.append(closer)
        if port:
            self._ports.append(port)
        return closer

    def mount_tmpfs(self, folder, options):
        """A file system of its own, gone with the test."""
        if os.getuid() != 0:
            raise Skip("mounting a tmpfs needs root")
        folder.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "catchdeal-test", folder], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise Skip(f"tmpfs cannot be mounted: {done.stderr.strip()}")
        return self.adopt(Mount(folder))


class Mount:
    def __init__(self, folder):
        self.folder = folder
        self._is_mounted = True

    def close(self):
        if self._is_mounted:
            self._is_mounted = False
            subprocess.run(["umount", "--lazy", self.folder], check=True)
