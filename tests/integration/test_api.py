# SPDX-License-Identifier: MIT
"""The app's contract and /v3, on deals that a crawl has stored."""
import base64
import json
import re
import time
import urllib.parse

from support import web
from support.processes import wait_until
from support.registry import expect, expect_equal, test

DEAL_FIELDS = {
    "order": int, "productId": str, "title": str, "view": int, "comment": int, "like": int, "score": int,
    "dateAgo": str, "imageUrl": (str, type(None)), "isSoldOut": bool, "isDeleted": bool, "isTitleChanged": bool,
    "url": str, "shortUrl": (str, type(None)), "isBookmark": type(None),
}
DATABASES = ("sqlite", "postgresql")
BOARDS = ("clien", "dealbada")


def _filled(bench, database="sqlite"):
    """An API over one page of two boards; (api, rows that were crawled)."""
    if database == "postgresql":
        bench.start_postgres()
    demo = bench.start_boards()
    result = bench.crawl(*BOARDS, "--pages", "1", "--list-only", **demo.settings(*BOARDS))
    expect(result.code == 0, f"crawl: {result}")
    return bench.start_api(), result.rows


def _every_page(api, path):
    """All deals of a paged list, by the app's own paging."""
    deals, page = [], 1
    while True:
        data = api.json(f"{path}?page={page}&size=10")["data"]
        deals += data
        if not data:
            return deals
        page += 1
        expect(page < 100, "paging does not end")


@test(each=DATABASES)
def hit_products_has_the_apps_exact_shape(bench, database):
    api, _ = _filled(bench, database)

    answer = api.get("/hit-products?size=5")
    body = answer.json()

    expect_equal(answer.headers["Content-Type"].partition(";")[0], "application/json", "content type")
    expect_equal(sorted(body), ["data", "pageNumber", "sizeOfPage", "time"], "keys")
    expect_equal([deal["order"] for deal in body["data"]], [1, 2, 3, 4, 5], "order")
    for deal in body["data"]:
        expect_equal(list(deal), list(DEAL_FIELDS), "fields of a deal, in order")
        for field, kind in DEAL_FIELDS.items():
            expect(isinstance(deal[field], kind) and (kind is int) <= (not isinstance(deal[field], bool)),
                   f"{field}: {deal[field]!r}")
        expect(re.search(r"전$|방금|미만", deal["dateAgo"]), f"dateAgo: {deal['dateAgo']}")


@test
def hit_products_pages_hold_every_deal_once_and_what_the_board_showed(bench):
    api, rows = _filled(bench)

    deals = _every_page(api, "/hit-products")

    expect_equal(sorted(deal["productId"] for deal in deals), sorted(row["product_id"] for row in rows), "deals")
    crawled = {row["product_id"]: row for row in rows}
    for deal in deals:
        row = crawled[deal["productId"]]
        for field, key in (("title", "title"), ("view", "view"), ("comment", "comment"), ("like", "like"),
                           ("url", "url"), ("isSoldOut", "sold_out"), ("imageUrl", "image_url"), ("score", "score")):
            expect_equal(deal[field], row[key], f"{field} of {row['key']}")


@test
def hit_products_defaults_to_twenty_and_is_newest_first(bench):
    api, rows = _filled(bench)

    data = api.json("/hit-products")["data"]

    expect_equal(len(data), 20, "deals on a page")
    posted = {row["product_id"]: row["posted_at"] for row in rows}
    times = [posted[deal["productId"]] for deal in data if posted[deal["productId"]]]
    expect_equal(times, sorted(times, reverse=True), "times of posting")


@test
def shipped_apps_call_the_same_list_by_its_old_name(bench):
    api, _ = _filled(bench)

    for path in ("/hit_products/condition", "/hit-products/condition"):
        expect_equal(api.json(f"{path}?page=2&size=7")["data"], api.json("/hit-products?page=2&size=7")["data"], path)


@test(each=DATABASES)
def v3_cursor_walks_over_every_deal_once(bench, database):
    api, rows = _filled(bench, database)

    found, cursor, pages = [], None, 0
    while True:
        query = {"limit": 7, **({"cursor": cursor} if cursor else {})}
        body = api.json("/v3/deals?" + urllib.parse.urlencode(query))
        found += [deal["product_id"] for deal in body["data"]]
        cursor = body["next_cursor"]
        pages += 1
        expect_equal(body["has_more"], cursor is not None, "has_more")
        if not cursor:
            break
        expect(pages < 100, "the cursor does not end")

    expect_equal(sorted(found), sorted(row["product_id"] for row in rows), "deals")
    expect(pages > 3, f"{pages} pages of 7 deals")


@test
def v3_shows_one_board_alone_and_the_same_product_on_the_other(bench):
    postgres = bench.start_postgres()
    api, rows = _filled(bench)
    here, there = (next(row["product_id"] for row in rows if row["site"] == site) for site in ("dealbada", "clien"))
    postgres.query(f"UPDATE deals SET shop_key = 'shop.example/1' WHERE product_id IN ('{here}', '{there}')")

    body = api.json("/v3/deals?site=dealbada&limit=100")

    expect_equal(sorted(deal["key"] for deal in body["data"]),
                 sorted(row["key"] for row in rows if row["site"] == "dealbada"), "deals of dealbada")
    for deal in body["data"]:
        expect_equal([(twin["site"], twin["product_id"]) for twin in deal["also_on"]],
                     [("clien", there)] if deal["product_id"] == here else [], f"also_on of {deal['product_id']}")


@test
def wrong_parameters_and_paths_are_clear_json_errors(bench):
    api, _ = _filled(bench)

    for path, status in (("/hit-products?page=x", 400), ("/hit-products?page=0", 400), ("/hit-products?size=-1", 400),
                         ("/hit-products?time=gestern", 400), ("/v3/deals?limit=many", 400),
                         ("/v3/deals?cursor=garbage", 400), ("/?%zz", 400), ("/favicon.svg?%zz", 400), ("/no-such-path", 404)):
        answer = api.get(path)
        expect_equal(answer.status, status, f"status of {path}: {answer.text[:200]}")
        expect_equal("json" in answer.headers["Content-Type"], True, f"JSON for {path}")
        body = answer.json()
        # The app's errors are a list of texts; /v3 answers with problem+json.
        text = "".join(body["errors"]) if "errors" in body else body["title"]
        expect(text, f"no text in the error of {path}")
    for method in ("POST", "DELETE"):
        expect_equal(api.request(method, "/hit-products").status, 405, f"{method} /hit-products")


def _ask(api, method, path, token=None, **body):
    headers = {"Authorization": token} if token else {}
    answer = web.request(api.url(path), method=method, headers=headers, body=json.dumps(body) if body else None)
    return answer.status, answer.json() if answer.body else None


@test
def a_token_of_one_process_is_good_at_another_and_revoked_at_both(bench):
    expect_equal(bench.engine("migrate").code, 0, "migrate")
    first, second = bench.start_api(), bench.start_api()

    status, answer = _ask(first, "POST", "/auth-user", auth={"appPlayerId": "player-1"})
    expect_equal(status, 200, f"register: {answer}")
    token = answer["token"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    expect_equal(sorted(claims), ["app_user_id", "exp"], "claims of a legacy token")
    expect(180 * 86400 - 60 < claims["exp"] - time.time() <= 180 * 86400, f"a life of 180 days: {claims}")
    for api in (second, first):
        status, answer = _ask(api, "GET", "/auth-user", f"Bearer {token}")
        expect_equal((status, answer["user"]["appPlayer"]), (200, "player-1"), "who asks")
    expect_equal(_ask(second, "DELETE", "/v3/tokens?all=true", token)[0], 204, "revoke")

    for api in (first, second):
        expect_equal(_ask(api, "GET", "/bookmarks", token)[0], 401, "a revoked token")


@test
def the_page_at_the_root_is_html_with_a_policy(bench):
    api, _ = _filled(bench)

    answer = api.get("/")

    expect_equal(answer.status, 200, "status")
    expect_equal(answer.headers["Content-Type"].partition(";")[0], "text/html", "content type")
    expect("viewport" in answer.text, "no viewport: unreadable on a phone")


@test
def live_answers_on_the_admin_listener_of_both_programs(bench):
    demo = bench.start_boards()
    ports = [web.free_port(), web.free_port()]
    bench.start_api(api_admin_listen=f"127.0.0.1:{ports[0]}")
    engine = bench.start_engine("run", engine_listen=f"127.0.0.1:{ports[1]}", **demo.settings("spa"))

    for port in ports:
        wait_until(lambda: web.is_port_open(port), 10, f"port {port} listens")
        expect_equal(web.get(f"http://127.0.0.1:{port}/live").status, 200, "status of /live")
    expect_equal(engine.stop().code, 0, "exit code of the engine")


@test
def an_api_that_starts_before_any_crawl_says_503_and_serves_once_the_engine_has_run(bench):
    api = bench.start_api()

    before = api.get("/hit-products")
    demo = bench.start_boards()
    result = bench.crawl("clien", "--list-only", **demo.settings("clien"))

    expect_equal(before.status, 503, "without a database")
    expect("Retry-After" in before.headers, "no Retry-After")
    expect_equal(result.code, 0, f"crawl: {result}")
    wait_until(lambda: api.get("/hit-products").status == 200, 15, "the API did not notice the database")
    expect(api.json("/hit-products")["data"], "no deals")


@test
def sigterm_ends_the_api_with_code_0(bench):
    api = bench.start_api()

    expect_equal(api.program.stop(10).code, 0, "exit code")


@test
def a_port_that_is_taken_is_named(bench):
    first = bench.start_api()

    second = bench.start("catchdeal-api", *bench.settings(api_listen=f"127.0.0.1:{first.port}"))
    second.allow_errors(".*")
    result = second.wait(10)

    expect(result.code != 0, "a second API on the same port ended with code 0")
    expect(str(first.port) in result.err, f"the address is not named: {result}")
