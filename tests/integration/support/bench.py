# SPDX-License-Identifier: MIT
"""bench - one test's workbench: a directory, the programs it starts, and the check of what is left behind.

The directory is readable for Chrome's own user; TMPDIR of everything started lies in it, so whatever a program
leaves in a temporary place is seen. close() ends everything and returns what should not have been there.
"""
import json
import os
import pathlib
import shutil
import tempfile
import time

from . import boards, openapi, postgres, processes, web
from .processes import Program, wait_until

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]

# Chrome's helpers end a moment after the browser; longer than this is a leftover.
GRACE_S = 5


class Bench:
    def __init__(self, programs, full=False, keep=False):
        self.programs = programs
        self.repository = REPOSITORY
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="catchdeal-test-"))
        self.folder.chmod(0o755)
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.temporary.chmod(0o1777)
        self.database = f"sqlite:{self.folder}/deals.db"
        self._full = full
        self._keep = keep
        self._started = []
        self._closers = []
        self._ports = []

    def rounds(self, normal, full):
        """How often a test that depends on the moment repeats its provocation."""
        return range(full if self._full else normal)

    # ---- starting things -------------------------------------------------------------------------

    def environment(self, **more):
        kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        return {**kept, "LANG": "C.UTF-8", "TMPDIR": str(self.temporary), **processes.SANITIZER_ENV, **more}

    def start(self, name, *arguments, environment=None):
        """Start a built program, or a script by its path."""
        path = name if os.sep in str(name) else self.programs / name
        program = Program([str(path), *map(str, arguments)], self.environment(**(environment or {})), self.repository)
        self._started.append(program)
        return program

    def settings(self, **more):
        """--set arguments; no listener of the engine unless a test asks for one."""
        values = {"database": self.database, "engine_listen": "", "api_admin_listen": "",
                  "admin_socket": f"{self.folder}/engine.sock", "spool_dir": f"{self.folder}/spool", **more}
        return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]

    def engine(self, *arguments, seconds=90, environment=None, **settings):
        """Run a subcommand to its end."""
        program = self.start_engine(*arguments, environment=environment, **settings)
        result = program.wait(seconds)
        result.program = program
        return result

    def start_engine(self, *arguments, environment=None, **settings):
        return self.start("catchdeal-engine", *arguments, *self.settings(**settings), environment=environment)

    def crawl(self, *arguments, **options):
        """`crawl ... --json`; the result has .rows, one dictionary per line of stdout."""
        result = self.engine("crawl", *arguments, "--json", **options)
        result.rows = [json.loads(line) for line in result.out.splitlines()]
        return result

    def start_boards(self, **options):
        board_server = boards.Boards(self, **options)
        self._ports.append(board_server.port)
        return board_server

    def start_pages(self, pages):
        server = web.PageServer(pages)
        self._closers.append(server)
        self._ports.append(server.port)
        return server

    def start_postgres(self):
        """A PostgreSQL server that becomes this bench's database, its schema up to date."""
        server = postgres.Postgres(str(self.folder / "postgres"))
        self._closers.append(server)
        server.start()
        self.database = server.url
        result = self.engine("migrate")
        if result.code != 0:
            raise AssertionError(f"migrate: {result}")
        return server

    def closes(self, server):
        """`server` is closed, by its close(), behind the programs that use it."""
        self._closers.append(server)

    def start_api(self, **settings):
        """The API on a free port; the answer is its base URL's owner."""
        api = Api(self, **settings)
        self._ports.append(api.port)
        return api

    # ---- the end ---------------------------------------------------------------------------------

    def last_words(self):
        """The last lines of the programs of a failed test."""
        return [f"{program.name} said:\n{program.err[-1500:]}" for program in self._started
                if program.err and not processes.SANITIZER_REPORT.search(program.err)]

    def close(self, failed):
        """End what runs; returns complaints and leftovers (nothing: empty)."""
        for program in reversed(self._started):
            if program.is_running():
                try:
                    program.stop()
                except AssertionError as slow:
                    program.allow_errors(".*")
                    failed = True
                    print(f"     {slow}", flush=True)
        for closer in reversed(self._closers):
            closer.close()
        problems = self.leftovers()
        for program in self._started:
            program.close()
            problems += program.complaints()
        processes.reap_orphans(())
        if not (self._keep and (failed or problems)):
            shutil.rmtree(self.folder, ignore_errors=True)
        return problems

    def leftovers(self):
        """What runs below us, lies in TMPDIR or listens, a moment after everything was to have ended."""
        mine = {program.pid for program in self._started if program.is_running()}

        def others():
            processes.reap_orphans(mine)
            return [process for process in processes.descendants() if process.pid not in mine]

        end = time.monotonic() + GRACE_S
        while others() and time.monotonic() < end:
            time.sleep(0.1)
        found = [f"left running: {process}" for process in others()]
        found += [f"left in TMPDIR: {path.relative_to(self.temporary)}" for path in sorted(self.temporary.iterdir())]
        found += [f"left open: port {port}" for port in self._ports if not mine and web.is_port_open(port)]
        return found

    def chrome_processes(self):
        return [process for process in processes.descendants() if process.is_chrome()]


class Api:
    def __init__(self, bench, environment=None, **settings):
        port_file = bench.folder / f"api-port-{len(os.listdir(bench.folder))}"
        self.program = bench.start("catchdeal-api", "--port-file", port_file,
                                   *bench.settings(**{"api_listen": "127.0.0.1:0", **settings}), environment=environment)
        self.port = read_port(port_file, self.program)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def request(self, method, path, **options):
        """The answer, which is as openapi.json says."""
        answer = web.request(self.url(path), method=method, **options)
        openapi.check(method, path, answer)
        return answer

    def json(self, path):
        answer = self.get(path)
        if answer.status != 200:
            raise AssertionError(f"GET {path}: status {answer.status}: {answer.text[:300]}")
        return answer.json()


def read_port(path, program, seconds=20):
    """The first line of a port file that a program writes once it listens."""

    def written():
        if not program.is_running():
            raise AssertionError(f"{program.name} ended: {program.wait(5)}")
        return path.exists() and path.read_text().endswith("\n") and path.read_text()

    return int(wait_until(written, seconds, f"{program.name} writes {path.name}").split()[0])
