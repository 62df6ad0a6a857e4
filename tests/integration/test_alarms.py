# SPDX-License-Identifier: MIT
"""Keyword alarms from a board to the phone: two engines on one PostgreSQL that are killed or frozen at random moments, a database
that is stopped, a push service that fails every way, and each alarm told once."""
import datetime
import json
import random
import re
import signal
import time
import uuid

from support import onesignal, stacks, web
from support.processes import wait_until
from support.registry import expect, expect_equal, test

BOARD = "clien"
WORD, OTHER = "알림라면", "둘째낱말"
KEY = "key-of-the-test"
ROUNDS, EDITS = 3, 4
DATABASE_ROUND = 1  # the database is stopped before the engine dies
FROZEN_ROUND = 2    # it does not die, but is frozen until the other has its work, and wakes


class _User:
    def __init__(self, api, name):
        self.player = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
        self._api = api
        answer = self._ask("POST", "/auth-user", {"auth": {"appPlayerId": self.player}})
        self._token = answer["token"]

    def _ask(self, method, path, body):
        headers = {"Content-Type": "application/json"}
        if hasattr(self, "_token"):
            headers["Authorization"] = self._token
        answer = web.request(self._api.url(path), method=method, headers=headers, body=json.dumps(body).encode())
        expect(answer.status == 200, f"{method} {path}: {answer.status} {answer.text}")
        return answer.json()

    def wants(self, *words, **config):
        for word in words:
            self._ask("POST", "/keyword-pushalarms", {"alarm": {"keywordTitle": word}})
        if config:
            self._ask("PATCH", "/keyword-pushalarms/user-config", {"userConfig": config})
        return self


class _World:
    """PostgreSQL, a board, an API, a push service, and engines by name."""

    def __init__(self, bench):
        self.bench = bench
        self.server = bench.start_postgres()
        self.demo = bench.start_boards()
        self.service = onesignal.OneSignal("app-of-the-test", KEY)
        bench.closes(self.service)
        key_file = bench.folder / "push-key"
        key_file.write_text(KEY + "\n")
        self._settings = {
            **self.demo.settings(BOARD), **self.service.settings(key_file), "render": "fetch", "origin_min_delay": "0",
            "schedule_override": "@every 1s", "schedule_jitter": "0", "purge_schedule": "", "host_backoff": "10ms",
            "lease": "3s", "alarm_schedule": "@every 2s", "alarm_hours": "", "alarm_max_age": "0", "push_poll": "200ms",
            "push_backoff": "100ms", "push_backoff_max": "500ms", "push_timeout": "500ms", "push_tries": "1000"}
        password = stacks.password_hash(bench, stacks.PUSH_PASSWORD)
        self.api = bench.start_api(push_password_hash=password, jwt_secret="one:" + "s" * 40)
        self.engines = {}

    def start(self, name):
        own = {"engine_name": name, "admin_socket": "", "run_dir": self.bench.folder / name,
               "spool_dir": self.bench.folder / f"spool-{name}"}
        known = stacks.api_settings(self.bench)
        self.engines[name] = self.bench.start_engine(
            "run", **self._settings, **{key: value for key, value in own.items() if key in known})

    def ask(self, sql):
        return self.server.query(sql)

    def edit(self, keys, word):
        for key in keys:
            self.demo.control(BOARD, key=key, title=f"[11번가] {word} {key}번 묶음")

    def found(self, user):
        """How many deals stand in the user's push list."""
        return int(self.ask("SELECT count(*) FROM keyword_pushalarm_lists l JOIN app_users u ON u.id = l.app_user_id "
                            f"WHERE app_player = '{user.player}'"))

    def told(self, user):
        """How many deals the user was told of."""
        return sum(int(re.search(r"핫딜이 (\d+)개", message["contents"]["ko"])[1])
                   for message in self.service.of(user.player).values() if "핫딜이" in message["contents"]["ko"])


def _hours_without_now():
    now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=9)))
    first, last = now + datetime.timedelta(hours=6), now + datetime.timedelta(hours=12)
    return f"{first:%H:%M}-{last:%H:%M}"


def _list_keys(world):
    name = next(iter(world.demo.lists(BOARD)))
    rows = world.demo.truth(BOARD, world.demo.target(BOARD, name, 0))["deals"]
    return [row["key"] for row in rows]


def _storm(seed):
    chance = random.Random(seed)
    return lambda: chance.choice((None, None, *onesignal.TROUBLES))


def _each_key_is_told_once(world):
    sent = world.ask("SELECT push_key FROM push_outbox WHERE kind = 'alarm' AND sent_at IS NOT NULL").split()
    told = [key for key, message in world.service.told.items() if "핫딜이" in message["contents"]["ko"]]
    expect_equal(sorted(told), sorted(sent), "what was told, and what is noted as sent")
    expect_equal(world.ask("SELECT count(*) FROM push_outbox WHERE sent_at IS NULL OR gave_up_at IS NOT NULL"), "0",
                 "pushes that wait or were given up")
    expect_equal(world.service.refused, [], "requests that OneSignal would refuse")
    expect(sum(world.service.attempts.values()) > len(world.service.told), "no request was repeated: nothing was shown")


@test(seconds=110)
def each_alarm_is_told_once_whoever_dies_and_whatever_the_service_answers(bench):
    seed = random.randrange(1 << 30)
    print(f"     seed {seed}", flush=True)
    chance = random.Random(seed)
    world = _World(bench)
    many = _User(world.api, "many").wants(WORD, maxPushCount=1000)  # told at once
    few = _User(world.api, "few").wants(WORD, OTHER)                # told together
    night = _User(world.api, "night").wants(WORD)
    muted = _User(world.api, "muted").wants(WORD, alarmStatus=False)
    world.ask(f"UPDATE app_users SET alarm_way = 'at-once' WHERE app_player = '{many.player}'")
    world.ask(f"UPDATE app_users SET alarm_hours = '{_hours_without_now()}' WHERE app_player = '{night.player}'")
    keys = _list_keys(world)
    for name in ("one", "two"):
        world.start(name)
    wait_until(lambda: world.ask("SELECT count(*) > 20 FROM deals") == "t", 40, "the board is read")

    world.service.trouble = _storm(seed)
    for number in range(ROUNDS):
        world.edit([keys.pop() for _ in range(EDITS)], WORD)
        world.edit([keys.pop()], OTHER)
        # Behind the commit come the match, the decision and the requests: somewhere in there.
        wait_until(lambda: world.found(many) > number * EDITS, 30, "the first of them is found")
        time.sleep(chance.random() * 1.5)
        name = chance.choice(("one", "two"))
        if number == FROZEN_ROUND:
            world.engines[name].signal(signal.SIGSTOP)
            wait_until(lambda: world.found(many) == (number + 1) * EDITS, 30, "the other one goes on")
            world.engines[name].signal(signal.SIGCONT)
            continue
        if number == DATABASE_ROUND:
            world.server.stop()
            time.sleep(chance.random() * 2)
            world.engines[name].kill()
            time.sleep(chance.random())
            world.server.start()
        else:
            world.engines[name].kill()
        world.start(name)
    found = ROUNDS * EDITS
    wait_until(lambda: world.found(many) == found and world.found(few) == found + ROUNDS, 40, "all of them are found")
    world.service.trouble = lambda: None
    wait_until(lambda: world.told(many) == found and world.told(few) == found + ROUNDS, 40,
               f"all of them are told: seed {seed}")

    # In their quiet hours nothing was said, and nothing is lost: it is said when they are over.
    expect_equal((world.told(night), world.service.of(muted.player)), (0, {}), "said to who sleeps, or wants nothing")
    world.ask(f"UPDATE app_users SET alarm_hours = NULL WHERE app_player = '{night.player}'")
    wait_until(lambda: world.told(night) == found, 20, "told in the morning")

    # To everybody, by the api; a part of the requests fails.
    world.service.trouble = _storm(seed + 1)
    body = {"alarm": {"password": stacks.PUSH_PASSWORD, "headings": "공지", "contents": "점검"}}
    answer = web.request(world.api.url("/keyword-pushalarms/send-pushalarm"), method="POST", body=json.dumps(body).encode(),
                         headers={"Content-Type": "application/json"})
    expect_equal(answer.status, 200, f"send-pushalarm: {answer.text}")
    everybody = sorted(user.player for user in (many, few, night, muted))

    def broadcasts():
        return [message for message in world.service.told.values() if message["contents"]["ko"] == "점검"]

    wait_until(broadcasts, 20, "the broadcast is told")
    world.service.trouble = lambda: None
    wait_until(lambda: world.ask("SELECT count(*) FROM push_outbox WHERE sent_at IS NULL") == "0", 20, "all is noted")
    expect_equal([sorted(message["include_player_ids"]) for message in broadcasts()], [everybody], "broadcasts")
    for engine in world.engines.values():
        engine.stop(30)
    _each_key_is_told_once(world)
    log = "".join(engine.err for engine in world.engines.values())
    expect(KEY not in log, "the key is in the log")
