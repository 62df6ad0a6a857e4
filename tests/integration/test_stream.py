# SPDX-License-Identifier: MIT
"""The live stream with many clients, and what clients see while the database is away."""
import itertools
import json
import re
import resource
import selectors
import socket
import time

from support.processes import wait_until
from support.redis import Redis
from support.registry import Skip, expect, expect_equal, test

CLIENTS = 2000
EVENTS = 100
HEARTBEAT_S = 15

EVENT = re.compile(rb"^id: (\d+)\r?\nevent: (\w+)\n", re.MULTILINE)


class Stream:
    """One client, without a library between: what came is kept as it is."""

    def __init__(self, api, query="", last_id=None, receive_bytes=None):
        self.raw = b""
        self.closed = False
        self._selector = None
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.connect(("127.0.0.1", api.port))
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
        self.socket.sendall(f"GET /v3/stream{query} HTTP/1.1\r\nHost: test\r\n{resume}\r\n".encode())
        self.socket.setblocking(False)

    def take(self):
        try:
            while True:
                piece = self.socket.recv(1 << 18)
                if not piece:
                    self.closed = True
                    return
                self.raw += piece
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.closed = True

    def wait(self, condition, what, seconds=10):
        def look():
            self.take()
            return condition()
        wait_until(look, seconds, what)

    def text(self):
        """The body without its chunks' lengths (an event is never cut by them: a chunk ends where all was sent)."""
        return self.raw.partition(b"\r\n\r\n")[2]

    def events(self):
        return [(int(number), name.decode()) for number, name in EVENT.findall(_unchunked(self.text()))]

    def deals(self):
        return [number for number, name in self.events() if name == "deal"]

    def close(self):
        self.socket.close()


def _unchunked(body):
    pieces = []
    while b"\r\n" in body:
        length, _, rest = body.partition(b"\r\n")
        size = int(length or b"0", 16)
        pieces.append(rest[:size])
        body = rest[size + 2:]
    return b"".join(pieces)


def _allow_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Skip(f"only {hard} descriptors are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def _resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def _add_deals(postgres, count):
    postgres.query(
        "INSERT INTO deals (site, website, post_key, product_id, title, url, is_sold_out, sort_at, created_at, updated_at, "
        "last_change) SELECT 'clien', '클리앙', n, 'clien_' || n, '핫딜 ' || n, 'https://board.example/' || n, false, now(), now(), "
        f"now(), 1 FROM generate_series(1, {count}) n")


def _add_events(postgres, count):
    """One commit."""
    postgres.query("INSERT INTO deal_events (deal_id, kind, old_value, new_value, at) SELECT min(d.id), 'price', '2 KRW', '1 KRW', "
                   f"now() FROM deals d, generate_series(1, {count}) n GROUP BY n")


def _newest(postgres):
    return int(postgres.query("SELECT coalesce(max(id), 0) FROM deal_events"))


def _drain(streams, done, seconds):
    """Read from all of them until each is done()."""
    selector = selectors.DefaultSelector()
    for stream in streams:
        selector.register(stream.socket, selectors.EVENT_READ, stream)
    waiting, deadline = set(streams), time.monotonic() + seconds
    while waiting and time.monotonic() < deadline:
        for key, _ in selector.select(0.2):
            key.data.take()
            if key.data in waiting and done(key.data):
                waiting.discard(key.data)
    selector.close()
    return len(waiting)


@test
def two_thousand_streams_get_every_event_once_and_in_order(bench):
    _allow_descriptors(2 * CLIENTS + 500)
    postgres = bench.start_postgres()
    api = bench.start_api(api_connections=4000, api_streams=3000, api_request_timeout="60s")
    _add_deals(postgres, 10)
    first = Stream(api, "?site=none")
    began = time.monotonic()
    first.wait(lambda: b"\nid: 0" in first.raw or b"id: " in first.raw, "the stream begins")
    before_kb = _resident_kb(api.program.pid)

    streams = [Stream(api) for _ in range(CLIENTS)]
    missing = _drain(streams, lambda stream: b"id: " in stream.raw, 30)
    expect_equal(missing, 0, "streams that did not begin")
    idle_kb = _resident_kb(api.program.pid)
    victim = streams.pop()
    start = _newest(postgres)
    _add_events(postgres, 30)
    victim.wait(lambda: len(victim.deals()) == 30, "30 events")
    got = victim.deals()
    victim.close()
    for _ in range(10):
        _add_events(postgres, 7)
    resumed = Stream(api, last_id=got[-1])
    last = f"id: {_newest(postgres)}\nevent: deal".encode()
    missing = _drain(streams + [resumed], lambda stream: last in stream.raw, 60)
    loaded_kb = _resident_kb(api.program.pid)

    expect_equal(missing, 0, "streams without the last event")
    wanted = [int(line) for line in postgres.query(f"SELECT id FROM deal_events WHERE id > {start} ORDER BY id").split()]
    expect_equal(len(wanted), EVENTS, "events")
    for stream in streams:
        if stream.deals() != wanted:
            raise AssertionError(f"a stream got {stream.events()}")
    expect_equal(got + resumed.deals(), wanted, "what the one that was killed got in both its lives")
    print(f"measured: {CLIENTS} streams: {(idle_kb - before_kb) / CLIENTS:.1f} KB each, {(loaded_kb - before_kb) / CLIENTS:.1f} KB "
          f"after {EVENTS} events", flush=True)

    first.wait(lambda: f":\nid: {wanted[-1]}\n".encode() in first.raw, "a heartbeat that moves the id on",
               HEARTBEAT_S * 2 - (time.monotonic() - began))
    expect_equal(first.events(), [], "events of another board")
    for stream in [*streams, resumed, first]:
        stream.close()


@test
def a_slow_stream_is_cut_and_told_that_it_missed_something(bench):
    postgres = bench.start_postgres()
    api = bench.start_api(api_stream_events=50, api_request_timeout="2s")
    _add_deals(postgres, 1)
    slow, quick = Stream(api, receive_bytes=4096), Stream(api)
    quick.wait(lambda: b"id: " in quick.raw, "the stream begins")

    for _ in range(40):
        _add_events(postgres, 500)
        quick.wait(lambda: f"id: {_newest(postgres)}\n".encode() in quick.raw, "a client that reads gets the last event")
        if slow.socket.fileno() < 0:
            break
    slow.wait(lambda: slow.closed, "the slow one is cut", 20)
    got = slow.deals()
    again = Stream(api, last_id=got[-1])
    again.wait(lambda: b"event: reset" in again.raw, "a reset")

    expect_equal(got, list(range(got[0], got[0] + len(got))), "what it got until then")
    expect_equal(again.events(), [(_newest(postgres), "reset")], "events after coming back")
    late = Stream(api, query=f"?last_event_id={_newest(postgres) - 2}")
    late.wait(lambda: len(late.deals()) == 2, "what is kept")
    event = json.loads(re.search(r"data: (.*)\n", _unchunked(late.text()).decode())[1])
    expect_equal((event["kind"], event["old"], event["deal"]["product_id"]), ("price", "2 KRW", "clien_1"), "an event")
    for stream in (slow, quick, again, late):
        stream.close()


@test
def while_postgresql_is_away_lists_go_on_with_their_age_and_streams_stay(bench):
    postgres = bench.start_postgres()
    api = bench.start_api(database_timeout="3s")
    api.program.allow_errors("database away")
    _add_deals(postgres, 3)
    stream = Stream(api)
    stream.wait(lambda: b"id: 0" in stream.raw, "the stream begins")
    listed = api.json("/hit-products")["data"]

    postgres.stop()
    wait_until(lambda: "Age" in api.get("/hit-products").headers, 5, "the list has an Age")
    expect_equal(api.json("/hit-products")["data"], listed, "the list without its database")
    other = api.get("/v3/deals?limit=7")
    expect_equal((other.status, other.headers.get("Retry-After")), (503, "5"), "a list that nobody asked for before")
    postgres.start()
    _add_events(postgres, 1)

    wait_until(lambda: api.get("/v3/deals?limit=7").status == 200, 20, "the API recovers")
    wait_until(lambda: "Age" not in api.get("/hit-products").headers, 20, "the list is fresh again")
    stream.wait(lambda: len(stream.deals()) == 1, "what happened meanwhile")
    stream.close()


@test
def processes_that_share_by_redis_are_right_with_it_and_without_it(bench):
    postgres = bench.start_postgres()
    redis = Redis(str(bench.folder / "redis"))
    bench.closes(redis)
    redis.start()
    _add_deals(postgres, 3)
    sizes = itertools.cycle(range(2, 100))  # a list that is not yet kept by the process
    one, two = bench.start_api(redis=redis.address), bench.start_api(redis=redis.address)

    def both_show(title, seconds=1):
        for api in (one, two):
            wait_until(lambda: api.json("/v3/deals")["data"][0]["title"] == title, seconds, f"{title} shows")  # noqa: B023

    def change(title):
        postgres.query(f"WITH d AS (UPDATE deals SET title = '{title}' WHERE id = (SELECT max(id) FROM deals) RETURNING id) "
                       "INSERT INTO deal_events (deal_id, kind, at) SELECT id, 'title', now() FROM d")

    wait_until(lambda: one.get(f"/v3/deals?limit={next(sizes)}").status == 200 and redis.command("DBSIZE") not in ("", "0"), 20,
               "an answer is shared")
    for title in ("first", "second"):
        change(title)
        both_show(title)
    redis.stop()
    change("alone")
    both_show("alone")
    redis.start()
    change("again")
    both_show("again")
    wait_until(lambda: one.get(f"/v3/deals?limit={next(sizes)}").status == 200 and redis.command("DBSIZE") not in ("", "0"), 20,
               "answers are shared again")
