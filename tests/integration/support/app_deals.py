# SPDX-License-Identifier: MIT
"""app_deals - made-up deals for the app's contract: rows for both databases, and how the app has to see them.

What the app sees is written here a second time, independently of the API's code: names and order of members, and ages
in Korean. Ages lie in the middle of what one text stands for, so that a slow machine changes none of them.
"""
import datetime
import sqlite3
import time
import unicodedata

MINUTE, HOUR, DAY = 60, 3600, 86400

# site: name shown
WEBSITES = {"ppomppu": "뽐뿌", "clien": "클리앙", "ruliweb": "루리웹", "dealbada": "딜바다"}

# (site, age in seconds, its text, title, what differs from a plain deal), newest first
SPECIAL = (
    ("clien", 100 * MINUTE, "약 2시간 전", "[네이버] 기계식 키보드 청축", {"like": 7, "score": 99990}),
    ("ppomppu", 3 * HOUR, "약 3시간 전", "[G마켓] 무선 이어폰 버즈 2 (39,900원/무료)",
     {"is_sold_out": 1, "score": 500, "view": 2147483648}),
    ("ruliweb", 5 * HOUR, "약 5시간 전", "스팀 할인 \"A & B\" <b>90%</b> \\ 😀",
     {"is_title_changed": 1, "image_url": None, "redirect_url": None}),
    ("dealbada", 8 * HOUR, "약 8시간 전", "[11번가] 라면 40개입",
     {"view": None, "comment": None, "like": None, "score": None}),
    ("clien", 12 * HOUR, "약 12시간 전", "USB-C 케이블 3개 묶음", {"is_deleted": 1, "score": 99980}),
    ("ppomppu", 30 * HOUR, "1일 전", "커피 원두 1kg", {"score": 99999}),
)
# 125 more, so that pages, caps and the week's best have something to leave out
FILLERS = 125
# Too old for the week's best, whatever its score.
OLD = ("clien", 20 * DAY, "20일 전", "지난달의 무선 청소기", {"score": 1000000})


def _row(number, site, age_s, ago, title, differing):
    url = f"https://{site}.example/post/{number}"
    row = {"number": number, "site": site, "website": WEBSITES[site], "post_key": str(number),
           "product_id": f"{site}_{number:012x}", "title": title, "url": url,
           "redirect_url": f"https://shop.example/item?no={number}&from={site}",
           "image_url": f"https://img.example/{number}.jpg", "view": 1000 + number, "comment": number % 40,
           "like": number % 9, "score": 1000 + number * 7 % 1009, "is_sold_out": 0, "is_deleted": 0, "is_title_changed": 0,
           "age_s": age_s, "ago": ago}
    return {**row, **differing}


def _filler(number):
    days = 2 + number % 4
    # Within a day's text, each a little older than the one before: their order is known.
    age_s = days * DAY + (number - FILLERS // 2) * 30
    return (("clien", "ruliweb", "dealbada")[number % 3], age_s, f"{days}일 전", f"생활용품 묶음 {number:03d}", {})


def make():
    """Every deal, newest first. What is shown of each stands in app_view()."""
    listed = [*SPECIAL, *sorted((_filler(n) for n in range(FILLERS)), key=lambda deal: deal[1]), OLD]
    return [_row(len(listed) - i, *deal) for i, deal in enumerate(listed)]


def app_view(row, order, bookmark, keyword=None):
    """The deal as the app's contract shows it."""
    shown = {"order": order}
    if keyword is not None:
        shown["keywordTitle"] = keyword
    shown["productId"] = row["product_id"]
    shown["title"] = row["title"]
    for name in ("view", "comment", "like", "score"):
        shown[name] = row[name] or 0
    shown["dateAgo"] = row["ago"]
    shown["imageUrl"] = row["image_url"]
    for name, column in (("isSoldOut", "is_sold_out"), ("isDeleted", "is_deleted"), ("isTitleChanged", "is_title_changed")):
        shown[name] = bool(row[column])
    shown["url"] = row["url"]
    shown["shortUrl"] = row["redirect_url"]
    shown["isBookmark"] = bookmark
    return shown


# ---- into a database -------------------------------------------------------------------------------

COLUMNS = ("id", "site", "website", "post_key", "product_id", "title", "url", "redirect_url", "image_url", "view_count",
           "comment_count", "like_count", "score", "is_sold_out", "is_deleted", "is_title_changed", "posted_at", "sort_at",
           "created_at", "updated_at")
TIMES = COLUMNS[-4:]
FLAGS = COLUMNS[13:16]


def _values(row, now_s):
    at = now_s - row["age_s"]
    return (row["number"], row["site"], row["website"], row["post_key"], row["product_id"], row["title"], row["url"],
            row["redirect_url"], row["image_url"], row["view"], row["comment"], row["like"], row["score"],
            row["is_sold_out"], row["is_deleted"], row["is_title_changed"], at, at, at, at)


def _folded(title):
    return "".join(unicodedata.normalize("NFC", title).lower().split())


def fill_sqlite(path, rows):
    now_s = int(time.time())
    names = ", ".join((*COLUMNS, "title_fold"))
    with sqlite3.connect(path, timeout=20) as database:
        for row in reversed(rows):
            values = [value * 1000 if name in TIMES else value for name, value in zip(COLUMNS, _values(row, now_s))]
            database.execute(f"INSERT INTO deals ({names}) VALUES ({', '.join('?' * (len(values) + 1))})",
                             (*values, _folded(row["title"])))
    database.close()


def run_sqlite(path, sql):
    with sqlite3.connect(path, timeout=20) as database:
        database.execute(sql)
    database.close()


def _literal(name, value):
    if value is None:
        return "NULL"
    if name in TIMES:
        return f"'{datetime.datetime.fromtimestamp(value, datetime.timezone.utc).isoformat()}'"
    if name in FLAGS:
        return "true" if value else "false"
    # standard_conforming_strings: a backslash is one
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def fill_postgres(server, rows):
    now_s = int(time.time())
    tuples = ", ".join("(" + ", ".join(map(_literal, COLUMNS, _values(row, now_s))) + ", 0)" for row in reversed(rows))
    server.query(f"INSERT INTO deals ({', '.join(COLUMNS)}, last_change) OVERRIDING SYSTEM VALUE VALUES {tuples}")
