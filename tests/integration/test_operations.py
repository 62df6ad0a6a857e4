# SPDX-License-Identifier: MIT
"""Running the API: readiness, figures, the access log, limits per client, restarts that no client notices."""
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from support import processes, web
from support.processes import wait_until
from support.registry import Skip, expect, expect_equal, test

HAMMERS = 6
PATH = "/v3/deals?limit=5"


def _api(bench, **settings):
    """The API on an empty, migrated database, with its operator's listener."""
    result = bench.engine("migrate")
    expect(result.code == 0, f"migrate: {result}")
    api = bench.start_api(**{"api_admin_listen": "127.0.0.1:0", **settings})
    api.admin = _admin_port(api.program)
    return api


def _admin_port(program):
    found = wait_until(lambda: re.search(r'msg="serving".* admin_port=(\d+)', program.err), 10, "the line that it serves")
    return int(found.group(1))


def _admin(api, path, seconds=15):
    return web.get(f"http://127.0.0.1:{api.admin}{path}", seconds=seconds)


def _figures(api):
    answer = _admin(api, "/metrics")
    expect_equal(answer.status, 200, "/metrics")
    figures = {}
    for line in answer.text.splitlines():
        if not line.startswith("#"):
            expect(re.fullmatch(r'[a-z_0-9]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [-+.e0-9]+', line), f"no figure: {line}")
            name, _, value = line.rpartition(" ")
            figures[name] = float(value)
    return figures


# ---- what operators look at --------------------------------------------------------------------------------------

@test
def ready_says_whether_the_database_is_there_and_of_the_right_schema(bench):
    api = bench.start_api(api_admin_listen="127.0.0.1:0")
    api.admin = _admin_port(api.program)
    expect_equal(_admin(api, "/live").status, 200, "/live without a database")
    answer = _admin(api, "/ready")
    expect_equal((answer.status, "no database yet" in answer.text or "migrate" in answer.text), (503, True), f"/ready: {answer.text}")

    expect(bench.engine("migrate").code == 0, "migrate")

    wait_until(lambda: _admin(api, "/ready").status == 200, 10, "ready")


@test
def figures_count_requests_by_route_and_class_and_how_long_they_took(bench):
    api = _api(bench)
    for _ in range(3):
        api.json(PATH)
    web.get(api.url("/nothing-here"))
    web.get(api.url("/v3/deals?limit=0"))

    def counted():
        return _figures(api).get('catchdeal_api_requests_total{route="/v3/deals",class="2xx"}') == 3

    wait_until(counted, 5, "three requests")
    figures = _figures(api)
    expect_equal(figures['catchdeal_api_requests_total{route="/v3/deals",class="4xx"}'], 1, "bad requests")
    expect_equal(figures['catchdeal_api_requests_total{route="none",class="4xx"}'], 1, "unknown paths")
    buckets = [value for name, value in figures.items()
               if name.startswith('catchdeal_api_request_seconds_bucket{route="/v3/deals"')]
    expect_equal((len(buckets), buckets == sorted(buckets), buckets[-1]), (14, True, 4), f"histogram: {buckets}")
    expect_equal(figures['catchdeal_api_request_seconds_count{route="/v3/deals"}'], 4, "of the histogram")
    # What was made before the process knew where the database is is made once more.
    misses = figures['catchdeal_api_cache_total{result="miss"}']
    expect(misses in (1, 2), f"{misses} misses")
    expect_equal(figures['catchdeal_api_cache_total{result="hit"}'], 3 - misses, "hits")
    for name in ("connections", "streams", "database_calls", "resident_bytes", "open_fds", "database_away"):
        expect(f"catchdeal_api_{name}" in figures, f"no {name}")
    readme = (bench.repository / "api/README.md").read_text()
    for name in {name.partition("{")[0].removeprefix("catchdeal_") for name in figures}:
        name = re.sub(r"_(bucket|sum|count)$", "", name)
        expect(f"`{name}`" in readme, f"api/README.md does not tell of {name}")


@test
def each_request_has_an_id_and_a_line_in_the_access_log(bench):
    api = _api(bench)

    answer = web.get(api.url("/nothing-here?a=%22b"), headers={"X-Request-Id": "from-outside.7", "X-Forwarded-For": "203.0.113.9"})
    expect_equal(answer.headers["X-Request-Id"], "from-outside.7", "the id that was given")
    answer = web.get(api.url("/nothing-here"), headers={"X-Request-Id": "no id\tat all"})
    made = answer.headers["X-Request-Id"]
    expect(re.fullmatch(r"[0-9a-f]{16}", made), f"the id that was made: {made}")
    web.get(api.url(PATH), headers={"X-Request-Id": "shared"})

    lines = wait_until(lambda: "id=shared" in api.program.err and
                       [line for line in api.program.err.splitlines() if " comp=access " in line], 5, "the log")
    expect_equal(len(lines), 3, "lines")
    for part in ('method="GET"', 'target="/nothing-here?a=%22b"', "status=404", "client=203.0.113.9", "id=from-outside.7"):
        expect(part in lines[0], f"{part} is not in: {lines[0]}")
    expect(f"id={made}" in lines[1] and "client=127.0.0.1" in lines[1], lines[1])
    expect("route=/v3/deals" in lines[2] and "status=200" in lines[2], lines[2])


@test
def a_client_that_asks_too_often_is_told_when_to_come_back(bench):
    api = _api(bench, api_rate=1, api_burst=5)

    def ask(forwarded):
        return web.get(api.url(PATH), headers={"X-Forwarded-For": forwarded})

    answers = [ask(f"198.51.100.{i}, 203.0.113.9") for i in range(12)]
    refused = [answer for answer in answers if answer.status == 429]

    expect(6 <= len(refused) <= 7, f"refused: {[answer.status for answer in answers]}")
    expect_equal([answer.status for answer in answers[:5]], [200] * 5, "the burst")
    expect(all(int(answer.headers["Retry-After"]) >= 1 for answer in refused), "Retry-After")
    expect_equal(refused[0].headers["Content-Type"], "application/problem+json", "kind of error")
    expect_equal(ask("203.0.113.10").status, 200, "another client")
    expect_equal([web.get(api.url(PATH)).status for _ in range(12)], [200] * 12, "the proxy for itself")
    expect(_figures(api)["catchdeal_api_limited_total"] >= 6, "the figure")


# ---- restarts ----------------------------------------------------------------------------------------------------

class Hammer(threading.Thread):
    """Asks without a pause, on a connection that it keeps or on a new one each time."""

    def __init__(self, port, keeps):
        super().__init__(daemon=True)
        self.port, self.keeps = port, keeps
        self.answered, self.failed = 0, []
        self.over = False
        self.start()

    def run(self):
        connection = None
        while not self.over:
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                connection.request("GET", PATH)
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    self.failed.append(response.status)
                self.answered += 1
                if not self.keeps or response.getheader("Connection") == "close":
                    connection.close()
                    connection = None
            except OSError as failure:
                self.failed.append(repr(failure))
                connection = None
            except http.client.HTTPException as failure:
                self.failed.append(repr(failure))
                connection = None


def _end(pid):
    """End a process that took over; it is ours since its parent ended."""
    def gone():
        processes.reap_orphans(())
        return not os.path.exists(f"/proc/{pid}")

    try:
        os.kill(pid, signal.SIGTERM)
        wait_until(gone, 20, f"{pid} ends")
    except ProcessLookupError:
        pass


@test
def a_new_process_takes_over_and_no_request_fails(bench):
    api = _api(bench)
    successors = []
    hammers = [Hammer(api.port, keeps=number % 2 == 0) for number in range(HAMMERS)]
    try:
        pid = api.program.pid
        for number in range(3):
            time.sleep(0.3)
            os.kill(pid, signal.SIGUSR2)
            found = wait_until(lambda: re.findall(r'msg="handed over" pid=(\d+)', api.program.err)[number:], 30, "handed over")
            pid = int(found[0])
            successors.append(pid)
        wait_until(lambda: not api.program.is_running(), 20, "the first process ends")
        time.sleep(1.5)
        for hammer in hammers:
            hammer.over = True
        for hammer in hammers:
            hammer.join(30)
        expect_equal([failure for hammer in hammers for failure in hammer.failed], [], "failures")
        answered = sum(hammer.answered for hammer in hammers)
        expect(answered > 100, f"only {answered} requests")
        print(f"measured: {answered} requests through 3 restarts, none failed", flush=True)
        expect_equal(_admin(api, "/ready").status, 200, "the operator's listener was handed over as well")
    finally:
        for hammer in hammers:
            hammer.over = True
        for pid in successors:
            _end(pid)
    expect_equal(api.program.wait(5).code, 0, "the first process ends well")


@test
def a_successor_that_cannot_serve_changes_nothing(bench):
    api = _api(bench)
    api.program.allow_errors("not handed over, serving on")
    path = bench.folder / "deals.db"
    path.rename(bench.folder / "elsewhere.db")

    api.program.signal(signal.SIGUSR2)

    wait_until(lambda: "not handed over, serving on" in api.program.err, 30, "the failure is told")
    expect("not taking over" in api.program.err, "why")
    (bench.folder / "elsewhere.db").rename(path)
    expect_equal(api.get(PATH).status, 200, "the old process serves on")
    expect_equal(_admin(api, "/ready").status, 200, "ready")


@test
def sockets_of_systemd_are_taken(bench):
    """As sd_listen_fds(3) says: descriptors from 3, their names, and whose they are."""
    bench.engine("migrate")
    public, admin, notify = socket.socket(), socket.socket(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(bench.folder / "notify"))
    notify.settimeout(10)
    for one in (public, admin):
        one.bind(("127.0.0.1", 0))
        one.listen()
    early = web_connection = socket.create_connection(public.getsockname())
    early.sendall(f"GET {PATH} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode())

    def place():
        os.dup2(os.dup(admin.fileno()), 20)
        os.dup2(os.dup(public.fileno()), 21)
        os.dup2(20, 3)
        os.dup2(21, 4)

    program = subprocess.Popen(
        ["/bin/sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh", str(bench.programs / "catchdeal-api"),
         *bench.settings(api_listen="127.0.0.1:1", api_admin_listen="127.0.0.1:1")],
        env=bench.environment(LISTEN_FDS="2", LISTEN_FDNAMES="admin:api", NOTIFY_SOCKET=str(bench.folder / "notify")),
        preexec_fn=place, close_fds=False, stderr=subprocess.PIPE)
    try:
        expect_equal(notify.recv(100), b"READY=1", "told to systemd")
        early.settimeout(10)
        expect(early.recv(1000).startswith(b"HTTP/1.1 200"), "what came before the program is answered")
        expect_equal(web.get(f"http://127.0.0.1:{admin.getsockname()[1]}/ready").status, 200, "the operator's socket")
        program.send_signal(signal.SIGTERM)
        expect_equal(notify.recv(100), b"STOPPING=1", "told to systemd")
        _, err = program.communicate(timeout=20)
        expect_equal(program.returncode, 0, f"exit code: {err.decode()[-2000:]}")
    finally:
        web_connection.close()
        for one in (public, admin, notify):
            one.close()
        if program.poll() is None:
            program.kill()
            program.communicate()


@test
def units_are_sound_to_systemd(bench):
    """As far as systemd can tell without running them; the API's exposure is one of few open points."""
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze")
    for path in (bench.repository / "scripts/systemd").glob("*.s*"):
        text = path.read_text().replace("/usr/local/bin", str(bench.programs))
        (bench.folder / path.name).write_text(text)
    for name in ("catchdeal-api.service", "catchdeal-api.socket", "catchdeal-engine.service"):
        verdict = subprocess.run(["systemd-analyze", "verify", str(bench.folder / name)], capture_output=True, text=True, check=False)
        expect_equal((verdict.returncode, verdict.stdout + verdict.stderr), (0, ""), name)
    security = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", str(bench.folder / "catchdeal-api.service")],
                              capture_output=True, text=True, check=False)
    expect_equal(security.returncode, 0, f"exposure over 2.0: {security.stdout[-300:]}")


@test
def several_processes_serve_one_port(bench):
    port = web.free_port()
    first = _api(bench, api_listen=f"127.0.0.1:{port}", api_reuse_port="yes")
    second = bench.start_api(api_listen=f"127.0.0.1:{port}", api_reuse_port="yes")

    def both_answered():
        web.get(first.url(PATH))
        return all("comp=access" in api.program.err for api in (first, second))

    wait_until(both_answered, 20, "both have answered")
    # One of them is restarted: what waits in its own queue is the successor's.
    hammers = [Hammer(port, keeps=number % 2 == 0) for number in range(HAMMERS)]
    successor = None
    try:
        first.program.signal(signal.SIGUSR2)
        found = wait_until(lambda: re.search(r'msg="handed over" pid=(\d+)', first.program.err), 30, "handed over")
        successor = int(found[1])
        wait_until(lambda: not first.program.is_running(), 20, "the first process ends")
        time.sleep(0.5)
        for hammer in hammers:
            hammer.over = True
        for hammer in hammers:
            hammer.join(30)
        expect_equal([failure for hammer in hammers for failure in hammer.failed], [], "failures")
    finally:
        for hammer in hammers:
            hammer.over = True
        if successor:
            _end(successor)

    expect_equal([web.get(second.url(PATH)).status for _ in range(10)], [200] * 10, "the other serves on")


@test
def an_end_lets_requests_finish_and_streams_end(bench):
    api = _api(bench)
    stream = socket.create_connection(("127.0.0.1", api.port))
    stream.sendall(b"GET /v3/stream HTTP/1.1\r\nHost: t\r\n\r\n")
    stream.settimeout(10)
    kept = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    kept.request("GET", PATH)
    kept.getresponse().read()
    expect(stream.recv(10000).startswith(b"HTTP/1.1 200"), "the stream begins")

    api.program.signal(signal.SIGTERM)
    wait_until(lambda: 'msg="stopping"' in api.program.err, 10, "it stops")
    expect_equal(_admin(api, "/ready").status, 503, "not ready any more")
    kept.request("GET", PATH)
    response = kept.getresponse()
    response.read()

    expect_equal((response.status, response.getheader("Connection")), (200, "close"), "the last answer on an open connection")
    data = b""
    while piece := stream.recv(10000):
        data += piece
    expect(data.endswith(b"0\r\n\r\n"), f"the stream ends whole: {data[-50:]}")
    expect_equal(api.program.wait(10).code, 0, "exit code")
