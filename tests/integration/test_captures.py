# SPDX-License-Identifier: MIT
"""Saved pages of real boards, served from loopback, read to the last row.

BOARD_CAPTURES names the folder with the pages and their truth; both stay out of the repository.
"""
import datetime
import html
import json
import os
import pathlib
import re
import urllib.parse

from support.registry import Skip, expect, expect_equal, test
from support.rows import expect_row, expect_rows, text_of

LISTS = [
    "ppomppu/list-mobile-2026-05-16",
    "ppomppu/list-desktop-2026-02-03a",
    "clien/list-2020-03",
    "ruliweb/list-2026-02-05a",
    "dealbada/list-2020-03",
    "ppomppu/list-desktop-2020-03",
    "ruliweb/list-thumbnail-2026-07",
    "quasarzone/list-2026-07-03",
    "arca/list-2026-07-03",
    "zod/list-2026-07-03",
    "fmkorea/list-2026-02-03",
]


POSTS = ["clien/post-2026-04-20", "fmkorea/post-9455290107-2026-02-05"]
POSTS_EACH_WAY = [f"{name} {way}" for name in POSTS for way in ("chrome", "fetch")]


def _saved(name):
    folder = os.environ.get("BOARD_CAPTURES")
    if not folder:
        raise Skip("BOARD_CAPTURES is not set: no saved pages to read")
    stem = pathlib.Path(folder) / name
    if not stem.with_suffix(".html").exists():
        raise Skip(f"BOARD_CAPTURES={folder} has no {name}.html")
    return json.loads(stem.with_suffix(".json").read_text()), stem.with_suffix(".html").read_bytes()


def _capture(name):
    about, page = _saved(name)
    truth = pathlib.Path(os.environ["BOARD_CAPTURES"]) / f"{name}.truth.json"
    return about, page, json.loads(truth.read_text())


def _crawl_saved(bench, board, about, page):
    """The rows of a saved list, read in Chrome; without it they must be the same in every field."""
    parts = urllib.parse.urlsplit(about["url"])
    server = bench.start_pages({parts.path: (f"text/html; charset={about['encoding']}", page)})
    url = server.url(parts.path) + ("?" + parts.query if parts.query else "")
    rows = {}
    for way, more in (("fetch", {"chrome": "/nonexistent/chrome"}), ("chrome", {})):
        result = bench.crawl(board, "--url", url, "--pages", "1", "--list-only", "--dry-run", render=way, **more)
        expect(result.code == 0, f"crawl of a page of {board} by {way}: {result}")
        rows[way] = result.rows
    expect_equal(rows["fetch"], rows["chrome"], f"rows of {board} fetched, and in Chrome")
    return rows["chrome"]


def _crawl_capture(bench, name):
    about, page, truth = _capture(name)
    return _crawl_saved(bench, name.split("/")[0], about, page), truth


@test(each=LISTS)
def saved_page_gives_exactly_its_deals_and_no_excluded_row_in_chrome_and_without(bench, name):
    rows, truth = _crawl_capture(bench, name)

    expect_rows(rows, truth["deals"])
    deals = {text_of(deal["title"]) for deal in truth["deals"]}
    for excluded in truth["excluded"]:
        title = text_of(excluded.get("title") or "")
        # A best-duplicate repeats a deal that is rightly there.
        seen = title not in deals and title in {text_of(row["title"]) for row in rows}
        expect(not seen, f"{excluded['kind']} row was taken for a deal: {title}")


@test(each=POSTS_EACH_WAY)
def saved_post_gives_exactly_its_fields(bench, case):
    name, _, way = case.partition(" ")
    about, page, truth = _capture(name)
    (post,) = truth["deals"]
    server = bench.start_pages({post["url_path"]: (f"text/html; charset={about['encoding']}", page)})

    result = bench.crawl(name.split("/")[0], "--kind", "post", "--url", server.url(post["url_path"]),
                         render=way)

    expect(result.code == 0 and len(result.rows) == 1, f"post {case}: {result}")
    (row,) = result.rows
    expect_row(row, {**post, "key": row["key"]})
    expect_equal(row["redirect_url"], post.get("deal_link"), "redirect_url")
    if post.get("price_text"):
        expect_equal(row["price"], int(re.sub(r"\D", "", post["price_text"])), "price")
    expect(not (bench.folder / "deals.db").exists(), "--kind post made a database")


def _threads_of(page):
    """The records that a Pepper page holds for its script, by id."""
    records = [json.loads(html.unescape(text)) for text in re.findall(r"data-vue[23]='([^']*)'", page.decode())]
    return {record["props"]["thread"]["threadId"]: record["props"]["thread"] for record in records
            if record.get("name") == "ThreadMainListItemNormalizer"}


@test
def saved_pepper_page_gives_what_its_own_records_say(bench):
    about, page = _saved("dealabs/list-lego-2025-03-10")

    rows = _crawl_saved(bench, "dealabs", about, page)

    threads = _threads_of(page)
    expect_equal([row["key"] for row in rows], list(threads), "keys in page order")
    for row in rows:
        thread = threads[row["key"]]
        got = [row["sold_out"], row["comment"], row["like"], row["mall"], row["category"],
               datetime.datetime.fromisoformat(row["posted_at"]).timestamp()]
        expect_equal(got, [thread["isExpired"], thread["commentCount"], int(thread["temperature"]),
                           thread["merchant"]["merchantName"] if thread["merchant"] else None,
                           thread["mainGroup"]["threadGroupName"], thread["publishedAt"]], f"fields of {row['key']}")
        if thread["price"]:
            expect_equal((row["price"], row["currency"]), (thread["price"], "EUR"), f"price of {row['key']}")


@test
def dry_run_of_a_saved_page_writes_nothing(bench):
    _crawl_capture(bench, "dealbada/list-2020-03")

    expect(not (bench.folder / "deals.db").exists(), "--dry-run made a database")
