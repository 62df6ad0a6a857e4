# SPDX-License-Identifier: MIT
"""The web page at /, in real Chromium, read by the engine as if it were a board (sites/page/site.conf)."""
import datetime
import json
import pathlib
import re
import sqlite3
import urllib.parse

from support import web
from support.keyboard import Keyboard
from support.processes import wait_until
from support.registry import expect, expect_equal, test

SITES = pathlib.Path(__file__).parent / "sites"
MARKUP = """<script>document.title='x'</script>"><img src=x onerror="document.body.remove()"> &amp; <b>굵게</b>"""
# Chrome as the engine starts it loads no pictures.
NO_PICTURES = "--blink-settings=imagesEnabled=false\n"


def _query(path, **parameters):
    return f"{path}?{urllib.parse.urlencode(parameters)}"


def _deals(api, **filters):
    """All that /v3/deals has, page by page."""
    found, cursor = [], None
    while True:
        body = api.json(_query("/v3/deals", limit=100, **filters, **({"cursor": cursor} if cursor else {})))
        found += body["data"]
        cursor = body["next_cursor"]
        if not cursor:
            return found


def _read(bench, api, target, **settings):
    result = bench.crawl("page", "--url", api.url(target), "--list-only", "--dry-run", "--render", "chrome",
                         **{"sites_dir": SITES, "sites": "page", **settings})
    expect_equal(result.code, 0, f"reading {target}: {result}")
    return result.rows


def _moment(text):
    return datetime.datetime.fromisoformat(text)


# Beside what is written of other boards: a link to a shop that has no name.
ENGLISH = ("Also on", "Shop")
KOREAN = ("다른 게시판", "쇼핑몰")


def _expect_shown(rows, deals, words):
    expect_equal([row["key"] for row in rows], [deal["product_id"] for deal in deals], "deals in their order")
    for row, deal in zip(rows, deals):
        name = deal["product_id"]
        expect_equal(row["title"], " ".join(deal["title"].split()), f"title of {name}")
        for field in ("url", "sold_out"):
            expect_equal(row[field], deal[field], f"{field} of {name}")
        for field in ("view", "comment", "like"):
            expect_equal(row[field] or 0, deal[field] or 0, f"{field} of {name}")
        expect_equal(_moment(row["posted_at"]), _moment(deal["posted_at"] or deal["created_at"]), f"time of {name}")
        if deal["price"] is not None:
            expect_equal(row["price"], deal["price"], f"price of {name}")
        expect_equal(row["mall"], deal["mall"] or (words[1] if row["redirect_url"] else None), f"mall of {name}")
        twins = ", ".join(twin["website"] for twin in deal["also_on"])
        expect_equal(row["category"], f"{words[0]}: {twins}" if twins else None, f"other boards of {name}")


def _run_sql(bench, sql, *values):
    with sqlite3.connect(bench.database.removeprefix("sqlite:"), timeout=20) as database:
        database.execute(sql, values)
    database.close()


def _crawl_boards(bench, demo, *names):
    result = bench.crawl(*names, "--pages", "1-2", "--list-only", render="fetch", **demo.settings(*names))
    expect_equal(result.code, 0, f"crawl: {result}")
    return result.rows


@test
def the_page_shows_what_v3_tells_in_both_languages_and_markup_as_text(bench):
    demo = bench.start_boards()
    rows = _crawl_boards(bench, demo, "clien")
    demo.control("clien", key=rows[3]["key"], title=MARKUP)
    clien = _crawl_boards(bench, demo, "clien", "ruliweb")[:5]
    here, bad, there = rows[0]["product_id"], rows[1]["product_id"], "ruliweb"
    shop = "https://shop.example/item?no=1&from=a"
    _run_sql(bench, "UPDATE deals SET shop_key = 'shop.example/1', redirect_url = ? WHERE product_id = ? OR id = "
                    "(SELECT max(id) FROM deals WHERE site = ?)", shop, here, there)
    _run_sql(bench, "UPDATE deals SET redirect_url = 'javascript:alert(1)' WHERE product_id = ?", bad)
    api = bench.start_api()
    deals = _deals(api)
    expect(len(deals) > 60 and clien, f"{len(deals)} deals are no two pages")
    expect(any(deal["sold_out"] for deal in deals), "no deal is sold out")
    expect(any(deal["title"] == MARKUP for deal in deals), "no title holds markup")

    english = _read(bench, api, "/?lang=en")

    _expect_shown(english, deals, ENGLISH)
    expect_equal({row["key"]: row["redirect_url"] for row in english if row["redirect_url"]},
                 {deal["product_id"]: shop for deal in deals if deal["also_on"]}, "links to shops")
    expect_equal([row["image_url"] for row in english if row["image_url"]], [], "pictures that nobody allowed")

    # The board and the words of the deal that has a twin
    title = next(deal["title"] for deal in deals if deal["product_id"] == here)
    wish = {"site": "clien", "q": re.findall("[가-힣]{2}", title)[-1]}
    found = _deals(api, **wish)
    expect(any(deal["also_on"] for deal in found) and len(found) < len(rows), f"{wish}: {len(found)} deals")
    _expect_shown(_read(bench, api, _query("/", lang="ko", **wish)), found, KOREAN)


@test
def what_happens_is_told_and_drawn_while_the_page_is_open_and_pictures_come_from_allowed_hosts(bench):
    earlier = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=9))) - datetime.timedelta(hours=6)
    demo = bench.start_boards(now=earlier.replace(microsecond=0).isoformat())
    known = {row["product_id"]: row for row in _crawl_boards(bench, demo, "clien")}
    ending = next(row for row in known.values() if not row["sold_out"])
    allowed = urllib.parse.urlsplit(demo.origin("clien")).netloc
    api = bench.start_api(page_image_hosts=f"pictures.example, {allowed}")
    (bench.folder / "chrome-flags.conf").write_text(pathlib.Path("chrome-flags.conf").read_text().replace(NO_PICTURES, ""))
    # The same rules, but no row is read before the page has told of news.
    rules = (SITES / "page" / "site.conf").read_text().replace("match = #list\n", "match = #list\nready = #news:not([hidden])\n")
    (bench.folder / "sites" / "page").mkdir(parents=True)
    (bench.folder / "sites" / "page" / "site.conf").write_text(rules.replace("scroll = yes", "scroll = no"))

    reader = bench.start_engine("crawl", "page", "--url", api.url("/"), "--list-only", "--dry-run", "--json", "--render",
                                "chrome", sites_dir=bench.folder / "sites", sites="page",
                                chrome_flags=bench.folder / "chrome-flags.conf")
    # What the page asks for when its stream is open.
    wait_until(lambda: re.search(r"/v3/deals\?limit=100\W.*status=200", api.program.err), 20, "the page looks")
    demo.control("clien", key=ending["key"], sold=1)
    demo.set_time((earlier + datetime.timedelta(hours=4)).replace(microsecond=0).isoformat())
    new = [row for row in _crawl_boards(bench, demo, "clien") if row["product_id"] not in known]
    result = reader.wait(40)

    expect_equal(result.code, 0, f"the page did not tell: {result}")
    expect(len(new) > 1, "the board had nothing new")
    shown = {row["key"]: row for row in map(json.loads, result.out.splitlines())}
    expect(shown, "no deals are shown")
    expect_equal([row for row in shown if row not in known], [], "deals that moved others away")
    expect_equal(shown[ending["product_id"]]["sold_out"], True, "sold out while it was shown")
    for key, row in list(shown.items())[:8]:
        expect_equal(row["image_url"], known[key]["image_url"], f"picture of {key}")
    expect(any(row["image_url"] for row in shown.values()), "no picture was loaded")


@test
def the_page_is_sent_once_and_says_what_it_may_do(bench):
    bench.engine("migrate")
    api = bench.start_api(page_image_hosts="img.example, *.cdn.example")

    for path in ("/", "/web/main.js", "/web/style.css", "/favicon.svg"):
        answer = web.get(api.url(path), headers={"Accept-Encoding": "gzip"})
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
        again = web.get(api.url(path), headers={"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "gzip"})

        expect_equal((answer.status, answer.headers["Content-Encoding"]), (200, "gzip" if path != "/favicon.svg" else None),
                     path)
        expect_equal((again.status, again.body), (304, b""), f"{path} once more")
        expect_equal((policy["default-src"], policy["script-src"], policy["img-src"], policy["require-trusted-types-for"]),
                     ("'none'", "'self'", "'self' img.example *.cdn.example", "'script'"), f"policy of {path}")
    expect_equal(api.get("/web/none.js").status, 404, "a file that is not there")


FOCUS = "document.activeElement.getAttribute('aria-posinset') || document.activeElement.id"


@test
def the_keyboard_reaches_everything_and_screen_readers_are_told_what_is_where(bench):
    demo = bench.start_boards()
    rows = _crawl_boards(bench, demo, "clien")
    api = bench.start_api()
    keys = Keyboard(bench, "ko-KR")
    keys.open(api.url("/"), "document.querySelectorAll('article').length >= 40")

    places = []
    for key, code in (("j", None), ("j", None), ("ㅓ", "KeyJ"), ("k", None)):
        keys.press(key, code)
        places.append(keys.value(FOCUS))
    expect_equal(places, ["1", "2", "3", "2"], "where j j j k lead")
    keys.value("document.addEventListener('click', e => { e.preventDefault(); window.opened = e.target.closest('a').href }, "
               "{ once: true })")
    keys.press("Enter")
    expect_equal(keys.value("opened"), _deals(api)[1]["url"], "what Enter opens")

    word = re.sub(r"\W", "", rows[0]["title"])[2:4]
    keys.press("/", "Slash")
    keys.type(word)
    wanted = [deal["product_id"] for deal in _deals(api, q=word)]
    shown = "[...document.querySelectorAll('article')].map(article => article.dataset.id)"
    wait_until(lambda: keys.value(shown) == wanted, 10, f"only deals with {word}")
    keys.press("Escape")
    keys.wait("document.querySelectorAll('article').length >= 40 && !location.search")
    expect_equal(keys.value(FOCUS), "q", "focus after the first Esc")
    keys.press("Escape")
    expect_equal(keys.value(FOCUS), "deals", "focus after the second Esc")
    keys.press("?", "Slash")
    expect(keys.value("help.open"), "? opens no help")
    keys.value("document.querySelector('#help form button').click()")
    expect(not keys.value("help.open"), "the help does not close")

    told = keys.told()
    for wanted in (("search", ""), ("searchbox", "핫딜 검색"), ("navigation", "게시판"), ("main", "핫딜"), ("feed", "핫딜 목록"),
                   ("status", ""), ("button", "화면 색: 시스템 설정")):
        expect(wanted in told, f"{wanted} is not told")
    expect_equal([name for role, name in told if role == "article"][:3],
                 [" ".join(deal["title"].split()) for deal in _deals(api)[:3]], "names of articles")

    keys.value("lang.click(), theme.click()")
    dark = "getComputedStyle(document.body).colorScheme + ' ' + document.documentElement.lang"
    keys.open(api.url("/?again"), "location.search === '?again' && document.querySelectorAll('article').length >= 40")
    expect_equal(keys.value(dark), "dark en", "colours and language on the next visit")
    expect(("feed", "List of deals") in keys.told(), "the other language is not told")

    without_streams = bench.start_api(api_streams=0)
    keys.open(without_streams.url("/?lang=en"), "document.querySelector('#live')?.textContent === 'Checked every 30 s'")
    expect(keys.value("document.querySelectorAll('article').length") >= 40, "no deals without the stream")
