# SPDX-License-Identifier: MIT
"""ledger - what the engine wrote down: its runs, its deals, what happened to them."""
import collections
import os
import sqlite3

RUN_COLUMNS = "id site reason detail started_at ended_at pages rows_added peak_pss_bytes"
Run = collections.namedtuple("Run", RUN_COLUMNS)


class Ledger:
    """`ask(sql)` gives rows of texts or numbers; of SQLite by path, of PostgreSQL by its psql."""

    def __init__(self, path=None, server=None):
        self._path = path
        self._server = server

    def ask(self, sql):
        if self._server:
            return [tuple(line.split("|")) for line in self._server.query(sql).splitlines() if line]
        if not os.path.exists(self._path):
            return []
        database = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=10)
        try:
            return database.execute(sql).fetchall()
        except sqlite3.OperationalError as failure:
            if "no such table" in str(failure):
                return []
            raise
        finally:
            database.close()

    def runs(self):
        """Those that ended, in order."""
        columns = RUN_COLUMNS.split()
        found = self.ask(f"SELECT {', '.join(map(self._column, columns))} FROM runs WHERE ended_at IS NOT NULL ORDER BY id")
        whole = {"id", "started_at", "ended_at", "pages", "rows_added", "peak_pss_bytes"}
        return [Run(*(int(value) if name in whole else value for name, value in zip(columns, row))) for row in found]

    def _column(self, name):
        """Times in ms, and no text that psql's form of a row could not hold."""
        if self._server and name in ("started_at", "ended_at"):
            return f"(EXTRACT(EPOCH FROM {name}) * 1000)::bigint"
        if self._server and name == "detail":
            return "regexp_replace(COALESCE(detail, ''), '[|\\n]', ' ', 'g')"
        return f"COALESCE({name}, '')" if name == "detail" else name

    def deals(self):
        """{(site, key): (title, url)}"""
        return {(site, key): (title, url) for site, key, title, url in
                self.ask("SELECT site, post_key, title, url FROM deals")}

    def doubled(self):
        """Deals that were created not exactly once, or that are in twice."""
        twice = self.ask("SELECT site, post_key, COUNT(*) FROM deals GROUP BY site, post_key HAVING COUNT(*) > 1")
        events = self.ask("SELECT d.site, d.post_key, COUNT(e.id) FROM deals d LEFT JOIN deal_events e "
                          "ON e.deal_id = d.id AND e.kind = 'created' GROUP BY d.site, d.post_key "
                          "HAVING COUNT(e.id) <> 1")
        return twice + events
