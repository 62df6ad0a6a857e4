# SPDX-License-Identifier: MIT
"""Saved pages of real boards, served from loopback, read to the last row.

BOARD_CAPTURES names the folder with the pages and their truth; both stay out of the repository.
"""
import datetime
import json
import os
import pathlib
import urllib.parse

from support.registry import Skip, expect, expect_equal, test

LISTS = [
    "ppomppu/list-mobile-2026-05-16",
    "ppomppu/list-desktop-2026-02-03a",
    "clien/list-2020-03",
    "ruliweb/list-2026-02-05a",
    "dealbada/list-2020-03",
]
COUNTS = ("view", "comment", "like")


def _capture(name):
    folder = os.environ.get("BOARD_CAPTURES")
    if not folder:
        raise Skip("BOARD_CAPTURES is not set: no saved pages to read")
    stem = pathlib.Path(folder) / name
    if not stem.with_suffix(".html").exists():
        raise Skip(f"BOARD_CAPTURES={folder} has no {name}.html")
    return (json.loads(stem.with_suffix(".json").read_text()), stem.with_suffix(".html").read_bytes(),
            json.loads(stem.with_name(stem.name + ".truth.json").read_text()))


def _crawl_capture(bench, name):
    about, page, truth = _capture(name)
    parts = urllib.parse.urlsplit(about["url"])
    server = bench.start_pages({parts.path: (f"text/html; charset={about['encoding']}", page)})
    url = server.url(parts.path) + ("?" + parts.query if parts.query else "")
    result = bench.crawl(name.split("/")[0], "--url", url, "--pages", "1", "--list-only", "--dry-run")
    expect(result.code == 0, f"crawl of {name}: {result}")
    return result.rows, truth


def _text(title):
    return " ".join(title.split())


def _moment(text):
    return datetime.datetime.fromisoformat(text) if text else None


def _path_of(url):
    parts = urllib.parse.urlsplit(url)
    return parts.path + ("?" + parts.query if parts.query else "")


@test(each=LISTS)
def saved_page_gives_exactly_its_deals_and_no_excluded_row(bench, name):
    rows, truth = _crawl_capture(bench, name)

    expect_equal([row["key"] for row in rows], [deal["key"] for deal in truth["deals"]], "keys in page order")
    for row, deal in zip(rows, truth["deals"]):
        expect_equal(_text(row["title"]), _text(deal["title"]), f"title of {deal['key']}")
        expect_equal(row["sold_out"], deal["sold_out"], f"sold_out of {deal['key']}")
        for field in COUNTS:
            expect_equal(row[field], deal[field], f"{field} of {deal['key']}")
        if deal["posted_at"]:
            expect_equal(_moment(row["posted_at"]), _moment(deal["posted_at"]), f"posted_at of {deal['key']}")
        expect_equal(_path_of(row["url"]), deal["url_path"], f"url of {deal['key']}")


@test
def dry_run_of_a_saved_page_writes_nothing(bench):
    _crawl_capture(bench, "dealbada/list-2020-03")

    expect(not (bench.folder / "deals.db").exists(), "--dry-run made a database")
