# SPDX-License-Identifier: MIT
"""boards - the demo boards (tests/boards), as a test sees them: origins, truth, edits."""
import datetime
import urllib.parse

from . import web

SEED = 7

# All boards, and those that show their rows, or a part of them, to no client without JavaScript.
NAMES = ("ppomppu", "clien", "ruliweb", "dealbada", "spa", "infinite", "lazy", "xhr-votes", "cookie-gate",
         "vue-attr", "textarea-post", "cf-like", "dialog", "goto", "js-pager")
# Those that quickstart --demo crawls.
DEMO = NAMES[:9]
# Boards whose lists one engine run reads side by side (test_demo_boards).
STATIC = ("quasarzone", "arca", "zod", "fmkorea", "coolenjoy", "damoang", "eomisae", "ppomppu-foreign", "dealabs",
          "slickdeals")
SCRIPT_ONLY = ("spa", "cookie-gate", "infinite")


def board_time():
    """Now, in the boards' zone: what they draw ("13:05") is read against the engine's clock, which is real."""
    zone = datetime.timezone(datetime.timedelta(hours=9))
    return datetime.datetime.now(zone).replace(microsecond=0).isoformat()


class Boards:
    def __init__(self, bench, seed=SEED, now=None, frozen=True):
        from .bench import read_port
        port_file = bench.folder / "boards-port"
        self.now = now or board_time()
        clock = ["--now", self.now] + (["--frozen"] if frozen else [])
        self.program = bench.start("catchdeal-boards", "--port", 0, "--port-file", port_file, "--seed", seed, *clock)
        self.port = read_port(port_file, self.program)
        self._boards = web.get(f"http://127.0.0.1:{self.port}/_boards").json()

    @property
    def names(self):
        """Those that can be crawled; challenge and crash show rows to nobody."""
        return [board["name"] for board in self._boards if not board.get("hostile")]

    def origin(self, name):
        return f"http://{name}.localhost:{self.port}"

    def settings(self, *names):
        """Settings that make the engine crawl these boards (all), whatever their files say."""
        names = names or self.names
        return {"sites_dir": "sites:tests/boards/sites", "sites": ",".join(names),
                **{f"origin.{name}": self.origin(name) for name in names}}

    def lists(self, name):
        """The targets (path and query) of the first page of each list of a board."""
        (board,) = [board for board in self._boards if board["name"] == name]
        return {view["name"]: view for view in board["lists"]}

    def target(self, name, view, page):
        """Path and query of page `page` (0: the first) of a list."""
        about = self.lists(name)[view]
        if about["page_key"].startswith("/"):
            return f"{about['path']}{about['page_key']}{about['first'] + page}"
        joint = "&" if "?" in about["path"] else "?"
        return f"{about['path']}{joint}{about['page_key']}={about['first'] + page}"

    def truth(self, name, target):
        """What a list or post page of the board shows, by its path and query."""
        query = urllib.parse.urlencode({"path": target})
        answer = web.get(f"{self.origin(name)}/_truth?{query}")
        if answer.status != 200:
            raise AssertionError(f"truth of {name} {target}: status {answer.status}: {answer.text[:200]}")
        return answer.json()

    def control(self, name, **fields):
        """Edit a deal or give a board troubles: see tests/boards/README.md."""
        query = urllib.parse.urlencode({"board": name, **fields})
        answer = web.request(f"http://127.0.0.1:{self.port}/_control?{query}", method="POST")
        if answer.status != 200:
            raise AssertionError(f"control {name} {fields}: status {answer.status}: {answer.text[:200]}")

    def set_time(self, now):
        """Move the clock of all boards (RFC 3339)."""
        answer = web.request(f"http://127.0.0.1:{self.port}/_control?{urllib.parse.urlencode({'now': now})}", method="POST")
        if answer.status != 200:
            raise AssertionError(f"clock {now}: status {answer.status}: {answer.text[:200]}")
        self.now = now

    def stats(self, name):
        return web.get(f"http://127.0.0.1:{self.port}/_stats").json()[name]
