# SPDX-License-Identifier: MIT
"""/v3, feeds and search on deals that a crawl has stored, each answer held against /openapi.json."""
import json
import urllib.parse

from support import feeds, openapi, web
from support.registry import expect, expect_equal, test

DATABASES = ("sqlite", "postgresql")
BOARDS = ("clien", "dealbada")


def _query(path, **parameters):
    return f"{path}?{urllib.parse.urlencode(parameters)}"


def _filled(bench, database):
    if database == "postgresql":
        bench.start_postgres()
    demo = bench.start_boards()
    result = bench.crawl(*BOARDS, "--pages", "1", "--list-only", **demo.settings(*BOARDS))
    expect(result.code == 0, f"crawl: {result}")
    return bench.start_api(), result.rows


def _folded(text):
    return "".join(text.split()).lower()


def _two_letters(rows):
    """Two Hangul syllables that some title has, and not all."""
    titles = [_folded(row["title"]) for row in rows]
    pairs = {title[i:i + 2] for title in titles for i in range(len(title) - 1)}
    words = sorted(pair for pair in pairs if all("가" <= letter <= "힣" for letter in pair)
                   and 0 < sum(pair in title for title in titles) < len(titles) / 2)
    expect(words, "the demo boards have no Hangul")
    return max(words, key=lambda pair: sum(pair in title for title in titles))


@test(each=DATABASES)
def crawled_deals_are_found_filtered_told_and_fed(bench, database):
    """One crawl, every endpoint; Api.get() holds each answer against the document."""
    api, rows = _filled(bench, database)
    word = _two_letters(rows)
    hits = sorted(row["product_id"] for row in rows if word in _folded(row["title"]))

    for path, name in ((_query("/hit-products/search", word=word[0] + " " + word[1]), "productId"),
                       (_query("/v3/deals", q=word, limit=100), "product_id")):
        expect_equal(sorted(deal[name] for deal in api.json(path)["data"]), hits, f"deals with {word}")

    found, cursor = [], None
    while True:
        body = api.json(_query("/v3/deals", q=word, limit=2, **({"cursor": cursor} if cursor else {})))
        found += [deal["product_id"] for deal in body["data"]]
        cursor = body["next_cursor"]
        if not cursor:
            break
    expect_equal(sorted(found), hits, "deals by pages of two")

    scores = [deal["score"] for deal in api.json("/hit-products/rank")["data"]]
    expect_equal(scores, sorted(scores, reverse=True), "scores of the week")
    website = rows[0]["site"] == "clien" and "클리앙" or "딜바다"
    expect_equal(sorted(deal["productId"] for deal in api.json(_query("/hit-products/platform", name=website))["data"]),
                 sorted(row["product_id"] for row in rows if row["site"] == rows[0]["site"]), "deals of a board")

    one = api.json(f"/v3/deals/{hits[0]}")
    expect_equal((one["data"]["product_id"], one["history"][-1]["kind"]), (hits[0], "created"), "one deal")
    expect_equal(api.get("/v3/deals/none").status, 404, "a deal that is not there")

    sites = {site["site"]: site for site in api.json("/v3/sites")["data"]}
    expect_equal(sorted(sites), sorted(BOARDS), "boards")
    for site in sites.values():
        expect_equal((site["last_run"]["reason"], bool(site["fresh_at"])), ("ok", True), f"last run of {site['site']}")

    for path, read in (("/feeds/atom.xml", feeds.atom), ("/feeds/rss.xml", feeds.rss), ("/feeds/feed.json", feeds.json_feed)):
        items = read(api.get(_query(path, limit=100)).body)
        expect_equal(sorted(link for _, _, link in items), sorted(row["url"] for row in rows), f"links of {path}")
        expect_equal(len(read(api.get(_query(path, limit=100, q=word)).body)), len(hits), f"{path} with {word}")

    answer = api.get("/openapi.json")
    expect_equal(answer.json(), openapi.Document().content, "the served document")
    for path in ("/v3/deals?limit=0", "/v3/deals?nonsense=1", "/v3/none", "/hit-products/platform", "/hit-products?page=0"):
        expect(api.get(path).status in (400, 404), path)


@test
def an_empty_database_makes_sound_feeds_too(bench):
    bench.start_postgres()
    api = bench.start_api(api_public_url="https://deals.example/")

    for path, read in (("/feeds/atom.xml", feeds.atom), ("/feeds/rss.xml", feeds.rss), ("/feeds/feed.json", feeds.json_feed)):
        answer = api.get(path)
        expect_equal(read(answer.body), [], path)
        expect("https://deals.example/feeds/" in answer.text, f"{path} does not know what it is called: {answer.text}")


@test
def the_checker_of_answers_finds_what_is_wrong(bench):
    document = openapi.Document()
    good = {"data": [], "next_cursor": None, "has_more": False}

    def complaints(body, status=200, kind="application/json", target="/v3/deals"):
        answer = web.Answer(status, {"Content-Type": kind}, json.dumps(body).encode())
        return document.complaints("GET", target, answer)

    expect_equal(complaints(good), [], "a good answer")
    for what, wrong in (("a member more", {**good, "more": 1}), ("a member less", {"data": [], "has_more": False}),
                        ("another type", {**good, "has_more": "no"}), ("no deal", {**good, "data": [{}]}),
                        ("a number for text", {**good, "next_cursor": 3})):
        expect(complaints(wrong), f"{what} was not found")
    expect(complaints(good, status=418), "another status was not found")
    expect(complaints(good, kind="text/html"), "another content type was not found")
    expect(complaints(good, target="/v3/unheard-of"), "another path was not found")
    try:
        document.schemas.complaints(1, {"type": "integer", "multipleOf": 2})
    except AssertionError:
        return
    raise AssertionError("an unknown keyword was ignored")
