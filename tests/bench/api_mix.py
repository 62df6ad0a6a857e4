# SPDX-License-Identifier: MIT
"""api_mix - the mixed load of tests/bench/api_soak and of its short form among the integration tests.

Lists, search, the week's best, boards, /v3, feeds, wrong requests, users' lists and writes, by several load
generators at once, while new deals come in. Afterwards: no 5xx, no broken answer, and neither memory nor descriptors grew.
"""
import math
import time
import urllib.parse

import api_stage as stage

USERS = 8
CONNECTIONS = 12  # of each of the two generators; and one for each user
RSS_SLACK_KIB = 1536  # caches and heaps that still find their size
WARM_UP = 0.3  # of the samples


def _q(word):
    return urllib.parse.quote(word)


def anonymous_lines():
    lists = [f"GET /hit-products?page={page}&size={size}" for page in (1, 2, 3, 9) for size in (10, 20, 50)]
    words = [f"GET /hit-products/search?word={_q(word)}" for word in stage.NOUNS + stage.ADJECTIVES]
    boards = [f"GET /hit_products/web_products_list?web={_q(name)}" for name in ("뽐뿌", "클리앙", "루리웹", "딜바다")]
    newer = [f"GET /v3/deals?limit={limit}&site={site}" for limit in (5, 20, 100) for site in ("ppomppu", "clien")]
    fixed = ["GET /hit-products", "GET /hit-products/rank", "GET /v3/sites", "GET /feeds/atom.xml", "GET /feeds/feed.json",
             "GET /openapi.json", "GET /", "GET /notices", "GET /app.js"]
    wrong = ["GET /hit-products?page=x", "GET /no-such-path", "GET /bookmarks", "POST /bookmarks [1", "GET /v3/deals?limit=999",
             "GET /hit-products/search?word=%25%ff"]
    mixed = []
    for i, word in enumerate(words):
        mixed += [lists[i % len(lists)], word, boards[i % len(boards)], newer[i % len(newer)], fixed[i % len(fixed)],
                  wrong[i % len(wrong)]]
    return mixed


def user_lines(deals):
    """What one user does: everything is undone again, or refused the second time."""
    product = [f"{{\"product\":{{\"id\":\"{product_id}\"}}}}" for product_id in deals]
    word = "{\"alarm\":{\"keywordTitle\":\"무선\"}}"
    lines = []
    for body in product:
        lines += ["GET /hit-products?size=20", f"POST /bookmarks/combine {body}", "GET /bookmarks", f"POST /bookmarks {body}",
                  "GET /hit-products/rank", f"POST /keyword-combine {word}", "GET /keyword-user-status", "GET /keyword-pushalarms",
                  f"DELETE /bookmarks {body}", "PATCH /keyword-config {\"userConfig\":{\"maxPushCount\":3}}", "GET /auth-user"]
    return lines


class _Samples:
    """Memory and descriptors of one process, while it is under load."""

    def __init__(self, pid):
        self._pid = pid
        self.rss, self.fds = [], []

    def take(self):
        self.rss.append(stage.rss_kib(self._pid))
        self.fds.append(stage.fds(self._pid))

    def growth(self, values):
        """(middle of the first samples behind the warm-up, middle of the last ones)"""
        settled = values[math.ceil(len(values) * WARM_UP):]
        third = max(1, len(settled) // 3)
        middle = lambda part: sorted(part)[len(part) // 2]  # noqa: E731
        return middle(settled[:third]), middle(settled[-third:])


def _add_deal(database, number):
    database.query(
        "INSERT INTO deals (site, website, post_key, product_id, title, url, is_sold_out, sort_at, created_at, updated_at, last_change) "
        f"VALUES ('clien', '클리앙', 'new-{number}', 'clien_new_{number}', '새로운 무선 상품 {number}', 'https://clien.example/{number}', "
        "false, now(), now(), now(), 0)")
    database.query("INSERT INTO deal_events (deal_id, kind, at) SELECT id, 'created', now() FROM deals "
                   f"WHERE product_id = 'clien_new_{number}'")


def run(desk, database, api, seconds, say=lambda line: None):
    """(figures, [what is wrong])"""
    load = stage.Load(desk, cpu=None)
    ids = database.query("SELECT product_id FROM deals ORDER BY id DESC LIMIT 20").split()
    tokens = [stage.token(api, f"player-{n}") for n in range(1, USERS + 1)]
    lines = anonymous_lines()
    running = [load.start(api.port, lines, seconds, CONNECTIONS, headers)
               for headers in ((), ("Accept-Encoding: gzip",))]
    running += [load.start(api.port, user_lines(ids), seconds, 1, ("Authorization: " + token,)) for token in tokens]
    samples = _Samples(api.program.pid)
    began, number = time.monotonic(), 0
    pause = max(0.25, seconds / 240)
    while any(process.poll() is None for process in running):
        number += 1
        _add_deal(database, number)
        samples.take()
        if number % 20 == 0:
            say(f"{time.monotonic() - began:7.0f} s  RSS {samples.rss[-1]} KiB  fds {samples.fds[-1]}")
        time.sleep(pause)
    done = [stage.Load.finish(process) for process in running]
    total = {key: sum(one[key] for one in done) for key in
             ("answers", "ok", "client_errors", "server_errors", "broken", "reopened")}
    total["rss_kib"] = samples.growth(samples.rss)
    total["fds"] = samples.growth(samples.fds)
    total["new_deals"] = number
    return total, _judge(total)


def _judge(total):
    wrong = [f"{total[key]:.0f} {text}" for key, text in (("server_errors", "answers of 5xx"), ("broken", "broken answers"))
             if total[key]]
    if not (total["ok"] and total["client_errors"]):
        wrong.append(f"{total['ok']:.0f} good answers, {total['client_errors']:.0f} refusals: the mix was not asked for")
    if total["rss_kib"][1] > total["rss_kib"][0] + RSS_SLACK_KIB:
        wrong.append(f"RSS grew from {total['rss_kib'][0]} to {total['rss_kib'][1]} KiB")
    if total["fds"][1] > total["fds"][0]:
        wrong.append(f"descriptors grew from {total['fds'][0]} to {total['fds'][1]}")
    return wrong
