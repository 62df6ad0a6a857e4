# SPDX-License-Identifier: MIT
"""boards - the demo boards (tests/boards), as a test sees them: origins, truth, edits."""
import urllib.parse

from . import web

SEED = 7
NOW = "2026-11-22T13:05:00+09:00"

# Rows that only script draws or lets through: a client without JavaScript sees none.
SCRIPT_ONLY = ("spa", "infinite", "cookie-gate")


class Boards:
    def __init__(self, bench, seed=SEED, now=NOW, frozen=True):
        from .bench import read_port
        port_file = bench.folder / "boards-port"
        clock = ["--now", now] + (["--frozen"] if frozen else [])
        self.program = bench.start("catchdeal-boards", "--port", 0, "--port-file", port_file, "--seed", seed, *clock)
        self.port = read_port(port_file, self.program)
        self._boards = web.get(f"http://127.0.0.1:{self.port}/_boards").json()

    @property
    def names(self):
        return [board["name"] for board in self._boards]

    def origin(self, name):
        return f"http://{name}.localhost:{self.port}"

    def settings(self, *names):
        """Settings that make the engine crawl these boards (all), whatever their files say."""
        names = names or self.names
        return {"sites_dir": "sites:tests/boards/sites", "sites": ",".join(names),
                **{f"origin.{name}": self.origin(name) for name in names}}

    def truth(self, name, target):
        """What a list page of the board shows, by its path and query."""
        query = urllib.parse.urlencode({"path": target})
        answer = web.get(f"{self.origin(name)}/_truth?{query}")
        if answer.status != 200:
            raise AssertionError(f"truth of {name} {target}: status {answer.status}: {answer.text[:200]}")
        return answer.json()

    def control(self, name, **fields):
        """Change a board: see tests/boards/README.md."""
        query = urllib.parse.urlencode({"board": name, **fields})
        answer = web.request(f"{self.origin(name)}/_control?{query}", method="POST")
        if answer.status != 200:
            raise AssertionError(f"control {name} {fields}: status {answer.status}: {answer.text[:200]}")
        return answer
