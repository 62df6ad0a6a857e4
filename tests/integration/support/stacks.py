# SPDX-License-Identifier: MIT
"""stacks - the API on each kind of store that it can stand on, with the same deals in it.

    sqlite, postgresql, postgresql+redis

Servers are throw-away ones in the bench's directory. A stack that this machine can't have is left out, with the reason.
"""
import os
import shutil
import subprocess
import time

from . import app_deals, postgres, redis
from .processes import wait_until
from .registry import Skip

NAMES = ("sqlite", "postgresql", "postgresql+redis")
PUSH_PASSWORD = "열려라 참깨 7"


def api_settings(bench):
    """The names of all settings that catchdeal-api knows."""
    text = subprocess.run([str(bench.programs / "catchdeal-api"), "--help-config"], env=bench.environment(),
                          capture_output=True, text=True, check=True).stdout
    return {line.lstrip("# ").partition("=")[0].strip() for line in text.splitlines() if "=" in line}


def password_hash(bench, password):
    return subprocess.run([str(bench.programs / "catchdeal-api"), "--hash-password"], env=bench.environment(),
                          input=password + "\n", capture_output=True, text=True, check=True).stdout.strip()


class Stack:
    """One API over one database; `tell(player, number)` is the alarm job in its place."""

    def __init__(self, bench, name, rows, settings):
        self.name = name
        self.rows = rows
        self._server = None
        folder = bench.folder / name.replace("+", "-")
        folder.mkdir()
        keys = folder / "keys"
        keys.write_text("one:" + os.urandom(24).hex() + "\n")
        keys.chmod(0o600)
        self._path = str(folder / "deals.db")
        self.redis = redis.Redis(str(folder / "redis")) if name.endswith("+redis") else None
        if self.redis:
            bench.closes(self.redis)
            self.redis.start()
            settings = {**settings, redis.SETTING: self.redis.address}
        if name == "sqlite":
            database = f"sqlite:{self._path}"
        else:
            folder.chmod(0o755)
            self._server = postgres.Postgres(str(folder / "postgres"))
            bench.closes(self._server)
            self._server.start()
            database = self._server.url
        self._migrate(bench, database)
        self.api = bench.start_api(database=database, jwt_secret_file=keys, **settings)
        wait_until(lambda: self.api.get("/hit-products?size=1").status == 200, 20, f"{name}: the API serves")

    def _migrate(self, bench, database):
        result = bench.engine("migrate", database=database)
        if result.code != 0:
            raise AssertionError(f"migrate: {result}")
        if self._server:
            app_deals.fill_postgres(self._server, self.rows)
        else:
            app_deals.fill_sqlite(self._path, self.rows)

    def query(self, sql):
        """For statements that both databases read alike."""
        if self._server:
            self._server.query(sql)
        else:
            app_deals.run_sqlite(self._path, sql)

    def add_notice(self, title, content):
        at = "now()" if self._server else str(int(time.time() * 1000))
        self.query(f"INSERT INTO notices (title, category, content, created_at) VALUES ('{title}', '일반', '{content}', {at})")
        wait_until(lambda: title in self.api.get("/notices").text, 1, f"{self.name}: the notice is shown")

    def tell(self, player, number, keyword):
        self.query(
            "INSERT INTO keyword_pushalarm_lists (app_user_id, deal_id, keyword_title, created_at) "
            f"SELECT u.id, d.id, '{keyword}', d.created_at FROM app_users u, deals d "
            f"WHERE u.app_player = '{player}' AND d.id = {number}")


def start(bench, only=None):
    """([Stack], [why another one is left out])."""
    known = api_settings(bench)
    rows = app_deals.make()
    settings = {"push_password_hash": password_hash(bench, PUSH_PASSWORD)}
    started, missing = [], []
    for name in NAMES:
        if only and name != only:
            continue
        reason = None
        if name.endswith("+redis") and redis.SETTING not in known:
            reason = f"{name}: catchdeal-api has no setting {redis.SETTING}"
        elif name.endswith("+redis") and not shutil.which("redis-server"):
            reason = f"{name}: redis-server is not installed"
        if reason:
            missing.append(reason)
        else:
            started.append(Stack(bench, name, rows, settings))
    return started, missing


def need(started, missing):
    """A test that is about one stack can't run without it."""
    if not started:
        raise Skip("; ".join(missing))
