# SPDX-License-Identifier: MIT
"""Clients that mean harm: each is bounded, others are served meanwhile, and memory stays where it was."""
import os
import pathlib
import re
import resource
import select
import socket
import threading
import time

from support import web
from support.processes import wait_until
from support.registry import Skip, expect, expect_equal, test

PATH = "/v3/deals?limit=5"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n"
POST = b"POST /auth-user HTTP/1.1\r\nHost: t\r\n"
GET = b"GET /v3/deals HTTP/1.1\r\n"
CROWD = 10000
MEGABYTE = 1 << 20


def _api(bench, **settings):
    result = bench.engine("migrate")
    expect(result.code == 0, f"migrate: {result}")
    api = bench.start_api(**settings)
    api.json(PATH)
    return api


def _memory_mb(api):
    with open(f"/proc/{api.program.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024


def _connect(api):
    return socket.create_connection(("127.0.0.1", api.port), timeout=10)


def _send_all(api, pieces, seconds=20):
    """What comes back while `pieces` are sent, until the server closes or says nothing for half a second."""
    received, closed, end = b"", False, time.monotonic() + seconds
    with _connect(api) as client:
        client.setblocking(False)
        pieces = iter(pieces)
        piece = next(pieces, None)
        while not closed and time.monotonic() < end:
            readable, writable, _ = select.select([client], [client] if piece else [], [], 0.5)
            if not readable and not writable:
                break
            try:
                if readable:
                    got = client.recv(65536)
                    closed = not got
                    received += got
                elif piece:
                    piece = piece[client.send(piece):] or next(pieces, None)
            except (ConnectionResetError, BrokenPipeError):
                closed = True
    return received, closed


class Bystander(threading.Thread):
    """An ordinary client on new connections, ten times a second; `slowest` is its longest wait."""

    def __init__(self, api):
        super().__init__(daemon=True)
        self.api, self.answered, self.slowest, self.failed, self.over = api, 0, 0, [], False
        self.start()

    def run(self):
        while not self.over:
            began = time.monotonic()
            try:
                answer = web.get(self.api.url(PATH))
                if answer.status != 200:
                    self.failed.append(answer.status)
            except OSError as failure:
                self.failed.append(repr(failure))
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.answered += 1
            time.sleep(0.1)

    def end(self, what, seconds=5):
        self.over = True
        self.join(20)
        expect_equal(self.failed, [], f"others are served while {what}")
        expect(self.answered > 0, f"nobody asked while {what}")
        expect(self.slowest < seconds, f"others waited {self.slowest:.1f} s while {what}")


# ---- slow ones ---------------------------------------------------------------------------------------------------

def _open(clients):
    """Those that the server has not closed."""
    left = []
    for client in clients:
        client.setblocking(False)
        try:
            while client.recv(1 << 16):
                pass
        except BlockingIOError:
            left.append(client)
        except OSError:
            pass
    return left


def _trickle(clients, seconds):
    """Each sends a byte now and then, as slowloris does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for client in clients:
            try:
                client.send(b"x")
            except OSError:
                pass
        time.sleep(0.3)


@test
def slow_heads_bodies_and_readers_are_cut_while_others_are_served(bench):
    api = _api(bench, api_request_timeout="2s", api_idle_timeout="1s", api_connections=400)
    before = _memory_mb(api)
    bystander = Bystander(api)
    beginnings = (b"GE", GET + b"Host: t\r\nX-Slow: ", POST + b"Content-Length: 9000\r\n\r\n{",
                  POST + b"Transfer-Encoding: chunked\r\n\r\n2000\r\n")
    slow, readers = [], []
    for beginning in beginnings:
        for _ in range(60):
            client = _connect(api)
            client.sendall(beginning)
            slow.append(client)
    for _ in range(30):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.connect(("127.0.0.1", api.port))
        client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: t\r\n\r\n" * 200)
        readers.append(client)
    try:
        _trickle(slow, 3.5)
        print(f"measured: {len(slow)} slow senders, {len(readers)} that do not read: {before:.1f} MB before, {_memory_mb(api):.1f} MB with them",
              flush=True)
        expect_equal(len(_open(slow)), 0, "slow senders that are still there")
        expect(_memory_mb(api) < before + 60, f"memory: {before:.1f} MB before, {_memory_mb(api):.1f} MB now")
    finally:
        for client in slow + readers:
            client.close()
    bystander.end("slow clients hold on")


@test
def ten_thousand_idle_connections_leave_room_for_others(bench):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < CROWD + 1000:
        raise Skip(f"a hard limit of {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    few = _api(bench, api_connections=1000, api_idle_timeout="60s")
    many = bench.start_api(api_connections=CROWD + 500, api_idle_timeout="60s")
    for api, held in ((few, 1000), (many, CROWD)):
        before, crowd = _memory_mb(api), []
        bystander = Bystander(api)
        try:
            for _ in range(CROWD):
                crowd.append(_connect(api))
            web.get(api.url(PATH))
            left = len(_open(crowd))
            print(f"measured: {CROWD} idle connections, room for {held}: {left} held, {before:.1f} MB before, {_memory_mb(api):.1f} MB with them",
                  flush=True)
            expect(held - 50 <= left <= held, f"{left} of {CROWD} are held, expected {held}")
            bystander.end(f"{left} connections are idle")
        finally:
            bystander.over = True
            for client in crowd:
                client.close()


# ---- large ones --------------------------------------------------------------------------------------------------

@test
def a_large_head_url_or_body_costs_no_memory(bench):
    api = _api(bench, api_request_timeout="5s")
    before = _memory_mb(api)
    bystander = Bystander(api)
    hundred = [b"a" * MEGABYTE] * 100
    chunks = [b"100000\r\n" + b"a" * MEGABYTE + b"\r\n"] * 100
    large = {
        "a header of 1 MB": ([GET + b"Host: t\r\nX: ", b"a" * MEGABYTE], (431,)),
        "100,000 headers": ([GET + b"Host: t\r\n", b"A: b\r\n" * 100000], (431,)),
        "a URL of 1 MB": ([b"GET /", b"a" * MEGABYTE], (414,)),
        "a body of 100 MB": ([POST + b"Content-Length: 104857600\r\n\r\n", *hundred], (413,)),
        "a body of 100 MB in chunks": ([POST + b"Transfer-Encoding: chunked\r\n\r\n", *chunks], (413,)),
        "a chunk of 2^64 bytes": ([POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", *hundred], (413,)),
    }
    for name, (pieces, statuses) in large.items():
        received, closed = _send_all(api, pieces)
        # A server that cuts the sender off may take its own words with it.
        expect(closed, f"{name}: not cut off; got {received[:200]}")
        found = re.match(rb"HTTP/1\.1 (\d+)", received)
        expect(not found or int(found.group(1)) in statuses, f"{name}: {received[:200]}")
        expect(_memory_mb(api) < before + 40, f"{name}: {before:.1f} MB before, {_memory_mb(api):.1f} MB now")
    print(f"measured: heads of 1 MB, bodies of 100 MB: {before:.1f} MB before, {_memory_mb(api):.1f} MB after", flush=True)
    bystander.end("large requests come")


# ---- smuggling ---------------------------------------------------------------------------------------------------

# Refused: nothing behind it is read as a request.
AMBIGUOUS = {
    "length and encoding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "encoding and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 36\r\n\r\n",
    "two equal lengths": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "length with plus": POST + b"Content-Length: +2\r\n\r\n{}",
    "negative length": POST + b"Content-Length: -1\r\n\r\n{}",
    "hexadecimal length": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "length over 2^64": POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "length with blank": POST + b"Content-Length: 2 2\r\n\r\n{}",
    "empty length": POST + b"Content-Length:\r\n\r\n",
    "length and letters": POST + b"Content-Length: 2abc\r\n\r\n{}",
    "unknown encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two encodings": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "encoding with parameter": POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "encoding twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "tab before the colon": POST + b"Content-Length\t: 36\r\n\r\n",
    "vertical tab in the name": POST + b"Transfer-Encoding\x0b: chunked\r\n\r\n0\r\n\r\n",
    "vertical tab in the value": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "a bare CR before the length": POST + b"X: a\rContent-Length: 36\r\n\r\n",
    "folded first header": b"POST /auth-user HTTP/1.1\r\n Host: t\r\nContent-Length: 0\r\n\r\n",
    "header without colon": GET + b"Host: t\r\nNoColon\r\n\r\n",
    "two hosts": GET + b"Host: t\r\nHost: u\r\n\r\n",
    "no host": GET + b"\r\n",
    "no version": b"GET /v3/deals\r\n\r\n",
    "another version": b"GET /v3/deals HTTP/9.9\r\nHost: t\r\n\r\n",
    "hexadecimal prefix of a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "negative chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "chunk over 2^64": POST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
    "blank behind a chunk's length": POST + b"Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\n",
    "chunk without length": POST + b"Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n",
    "chunk longer than it says": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}X0\r\n\r\n",
    "encoding in HTTP/1.0": b"POST /auth-user HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}

# Read as the length says: the 36 bytes behind the head are a body.
BODIES = {
    "a folded line that looks like a header": POST + b"Content-Length: 36\r\nX: a\r\n Content-Length: 0\r\n\r\n",
    "a body of GET": GET + b"Host: t\r\nContent-Length: 36\r\n\r\n",
    "a bare LF before the length": POST + b"X: a\nContent-Length: 36\r\n\r\n",
}


@test
def no_request_hides_behind_another(bench):
    api = _api(bench)
    bystander = Bystander(api)
    expect_equal(len(SMUGGLED), 35, "bytes of the hidden request")
    for name, shape in {**AMBIGUOUS, **BODIES}.items():
        _send_all(api, [shape + SMUGGLED + (b"x" if name in BODIES else b"")])
        expect("smuggled" not in api.program.err, f"{name}: the request behind it was read")
    for name, shape in AMBIGUOUS.items():
        received, closed = _send_all(api, [shape + SMUGGLED])
        status = re.match(rb"HTTP/1\.1 (\d+)", received)
        expect(closed, f"{name}: the connection stays: {received[:200]}")
        expect(not status or 400 <= int(status.group(1)) <= 505, f"{name}: {received[:200]}")
    # It can be seen at all.
    _send_all(api, [GET + b"Host: t\r\n\r\n" + SMUGGLED])
    wait_until(lambda: "smuggled" in api.program.err, 5, "a request behind a sound one is read")
    bystander.end("shapes are tried", 2)


def _cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@test
def a_chunk_whose_first_line_does_not_end_makes_nobody_busy(bench):
    api = _api(bench, api_request_timeout="3s")
    with socket.create_connection(("127.0.0.1", api.port)) as stuck:
        stuck.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"x" * 9000)
        expect_equal(api.get(PATH).status, 200, "served beside it")
        before_s = _cpu_s(api.program.pid)
        time.sleep(1)
        expect(_cpu_s(api.program.pid) - before_s < 0.3, f"{_cpu_s(api.program.pid) - before_s:.2f} s of CPU time in a second")


# ---- what is said ------------------------------------------------------------------------------------------------

@test
def bad_texts_numbers_and_json_are_refused_at_once(bench):
    api = _api(bench, registrations=0)
    bodies = [b"", b"{", b"[]", b"null", b"\"auth\"", b"{\"auth\":1}", b"{\"auth\":{\"appPlayerId\":1e999}}", b"{\"auth\":{\"appPlayerId\":\"\"}}",
              b"[" * 60000, b"{\"a\":" * 10000 + b"1" + b"}" * 10000, b"{\"auth\":{\"appPlayerId\":\"\xff\xfe\"}}", b"\x00" * 1000,
              b"1" * 60000,
              b"{\"auth\":{\"appPlayerId\":\"" + b"a" * 60000 + b"\"}}", b"\xef\xbb\xbf{}", b"{}{}"]
    for body in bodies:
        answer = web.request(api.url("/auth-user"), method="POST", body=body, seconds=5)
        expect(400 <= answer.status < 500, f"{body[:60]}: {answer.status} {answer.text[:200]}")
    targets = ["page=99999999999999999999", "page=-1", "page=0x10", "page=1e9", "page=NaN", "size=-9223372036854775809", "time=99999-01-01"]
    for query in targets:
        expect_equal(web.get(api.url("/hit-products?" + query), seconds=5).status, 400, query)
    for number in (33, 150, 1500):  # more than we take; many more
        expect_equal(web.get(api.url("/hit-products?" + "&".join(["a=1"] * number)), seconds=5).status, 400, f"{number} parameters")
    for query in ("limit=1e2", "limit=%31%30%30%30", "cursor=" + "A" * 5000, "site=%00", "site=%ff%fe", "q=%C0%80", "since=0000-00-00", "min_score=1e400"):
        answer = web.get(api.url("/v3/deals?" + query), seconds=5)
        expect_equal((answer.status, answer.headers["Content-Type"]), (400, "application/problem+json"), query)
    for raw in (b"GET /v3/\xff\xfe HTTP/1.1\r\nHost: t\r\n\r\n", b"GET /v3\x00/deals HTTP/1.1\r\nHost: t\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00" * 5000, b"\r\n" * 5000):
        received, closed = _send_all(api, [raw], 3)
        expect(closed or not received or re.match(rb"HTTP/1\.1 [45]\d\d", received), f"{raw[:40]}: {received[:200]}")
    expect_equal(api.get(PATH).status, 200, "served on")


@test
def pipelined_requests_are_answered_in_order_and_one_after_the_other(bench):
    api = _api(bench)
    received, closed = _send_all(api, [b"".join(b"GET /nothing/%d HTTP/1.1\r\nHost: t\r\nX-Request-Id: n%d\r\n\r\n" % (i, i) for i in range(500))])
    expect_equal([int(number) for number in re.findall(rb"X-Request-Id: n(\d+)", received)], list(range(500)), "answers")
    expect(not closed, "the connection stays")
