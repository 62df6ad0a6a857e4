# SPDX-License-Identifier: MIT
"""rows - compares what a crawl printed with the truth of a page, field by field."""
import datetime
import urllib.parse

from .registry import expect_equal

COUNTS = ("view", "comment", "like")

# Malls go by one name (crawl/mall.c): what real pages call them, too.
MALL_NAMES = {"지마켓": "G마켓", "g마켓": "G마켓", "G마": "G마켓", "롯데 ON": "롯데온", "네이버쇼핑": "네이버",
              "네이버스마트스토어": "스마트스토어", "nsmall": "NS홈쇼핑"}


def text_of(title):
    return " ".join(title.split())


def moment(text):
    return datetime.datetime.fromisoformat(text) if text else None


def path_of(url):
    parts = urllib.parse.urlsplit(url)
    return parts.path + ("?" + parts.query if parts.query else "")


def expect_rows(rows, deals):
    """Same keys in the same order, and every field that the truth knows."""
    expect_equal([row["key"] for row in rows], [deal["key"] for deal in deals], "keys in page order")
    for row, deal in zip(rows, deals):
        expect_row(row, deal)


def expect_row(row, deal):
    key = deal["key"]
    expect_equal(text_of(row["title"]), text_of(deal["title"]), f"title of {key}")
    expect_equal(row["sold_out"], deal["sold_out"], f"sold_out of {key}")
    for field in COUNTS:
        expect_equal(row[field], deal[field], f"{field} of {key}")
    if deal["posted_at"]:
        expect_equal(moment(row["posted_at"]), moment(deal["posted_at"]), f"posted_at of {key}")
    expect_equal(path_of(row["url"]), deal["url_path"], f"url of {key}")
    # Where the truth has none, the row may know more than one element shows ("[mall]" of the title).
    for field, printed in (("image", "image_url"), ("mall", "mall"), ("category", "category")):
        if deal.get(field):
            expected = MALL_NAMES.get(deal[field], deal[field]) if field == "mall" else deal[field]
            expect_equal(row[printed], expected, f"{field} of {key}")
