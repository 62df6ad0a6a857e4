# SPDX-License-Identifier: MIT
"""The app's contract as a table of requests and the answers that are expected, on every kind of store.

Each row is a request and all of its answer: status, members in order, values. The rows run from top to bottom on each
stack, since later ones see what earlier ones have changed; then the answers of the stacks are compared with each other.
"""
import http.client
import json
import urllib.parse

from support import app_deals, stacks, web
from support.registry import expect, expect_equal, test
from support.shape import (AGO, LOCAL_TIME, RAILS_TIME, TEXT, TOKEN, differences, leave_out_wildcards)

DEALS = app_deals.make()
KEYBOARD, EARPHONES, STEAM, NOODLES, CABLE, COFFEE = DEALS[:6]
OLD = DEALS[-1]
ALICE, BOB = "a1b2c3d4-alice", "a1b2c3d4-bob"
ERRORS = {"errors": [TEXT]}

# A week's best: by score, those without a score last.
BEST = sorted((deal for deal in DEALS if deal is not OLD), key=lambda deal: -(deal["score"] or 0))


def deals(rows, marked=None):
    """The list as the app sees it; `marked` are the asking user's bookmarks, None without a token."""
    return [app_deals.app_view(row, i, None if marked is None else row in marked) for i, row in enumerate(rows, 1)]


def page(number, size, rows, marked=None, time=LOCAL_TIME):
    return {"pageNumber": number, "sizeOfPage": size, "time": time, "data": deals(rows, marked)}


def data(rows, marked=None):
    return {"data": deals(rows, marked)}


def of_board(name):
    return [deal for deal in DEALS if deal["website"] == name][:100]


def bookmarks(user_id, rows):
    return {"userId": user_id, "bookmark": [app_deals.app_view(row, i, True) for i, row in enumerate(rows, 1)]}


def pushes(user_id, rows):
    """rows: (deal, keyword, is it a bookmark of the user's)"""
    return {"userId": user_id, "pushList": [app_deals.app_view(row, i, is_marked, keyword)
                                            for i, (row, keyword, is_marked) in enumerate(rows, 1)]}


def product(deal):
    return {"product": {"id": deal["product_id"] if isinstance(deal, dict) else deal}}


def marked(user_id, deal):
    return {"message": TEXT, "bookMark": {"userId": user_id, "hitProductTitle": deal["title"]}}


def alarm(keyword):
    return {"alarm": {"keywordTitle": keyword}}


def keyword(user_id, title):
    return {"message": TEXT, "keyword": {"userId": user_id, "keywordTitle": title}}


def status(user_id, is_on, count, words):
    return {"userId": user_id, "userInfo": {"alarmStatus": is_on, "maxPushCount": count, "keywordList": words}}


def config(**values):
    return {"userConfig": values}


def configured(user_id, is_on, count):
    return {"user": {"userId": user_id, "alarmStatus": is_on, "maxPushCount": count}}


def player(text):
    return {"auth": {"appPlayerId": text}}


def user(user_id, name):
    return {"message": TEXT, "user": {"appPlayerId": user_id, "appPlayer": name, "lastTokenGetDate": RAILS_TIME}}


def push(password, headings="제목", contents="내용"):
    return {"alarm": {"password": password, "headings": headings, "contents": contents}}


def pushed(headings, contents):
    return {"message": TEXT, "pushalarm": {"headings": headings, "contents": contents}}


# (request, who asks, body, status, answer). Who: None no token; a player its token, "Bearer ..." behind that word;
# "bad ..." a token that is none. A request "alarm job" is what the engine does meanwhile.
TABLE = (
    # ---- registration
    ("POST /auth-user", None, player(ALICE), 200, {"token": TOKEN}),
    ("POST /auth_user", None, player(BOB), 200, {"token": TOKEN}),
    ("POST /auth-user", None, player(""), 401, ERRORS),
    ("POST /auth-user", None, {"auth": {}}, 401, ERRORS),
    ("POST /auth-user", None, {}, 401, ERRORS),
    ("POST /auth-user", None, None, 401, ERRORS),
    ("POST /auth-user", None, "{\"auth\":{\"appPlayerId\":", 401, ERRORS),
    ("GET /auth-user", ALICE, None, 200, user(1, ALICE)),
    ("GET /apis/test", BOB, None, 200, user(2, BOB)),
    ("GET /auth-user", f"Bearer {ALICE}", None, 200, user(1, ALICE)),
    ("GET /auth-user", None, None, 401, ERRORS),
    ("GET /auth-user", "bad nonsense", None, 401, ERRORS),
    ("GET /auth-user", "bad eyJhbGciOiJub25lIn0.eyJhcHBfdXNlcl9pZCI6MSwiZXhwIjo5OTk5OTk5OTk5fQ.", None, 401, ERRORS),

    # ---- lists
    ("GET /hit-products", None, None, 200, page(1, 20, DEALS[:20])),
    ("GET /hit-products/index", None, None, 200, page(1, 20, DEALS[:20])),
    ("GET /hit-products/condition", None, None, 200, page(1, 20, DEALS[:20])),
    ("GET /hit_products/index", None, None, 200, page(1, 20, DEALS[:20])),
    ("GET /hit_products/condition?page=1&size=20", None, None, 200, page(1, 20, DEALS[:20])),
    ("GET /hit-products?page=2&size=7", None, None, 200, page(2, 7, DEALS[7:14])),
    ("GET /hit_products/condition?page=2&size=7", None, None, 200, page(2, 7, DEALS[7:14])),
    ("GET /hit-products?page=14&size=10", None, None, 200, page(14, 10, DEALS[130:140])),
    ("GET /hit-products?page=15&size=10", None, None, 200, page(15, 10, [])),
    ("GET /hit-products?size=1000", None, None, 200, page(1, 100, DEALS[:100])),
    ("GET /hit-products?time=2019-10-01 12:00:00", None, None, 200, page(1, 20, [], time="2019-10-01 12:00:00")),
    ("GET /hit-products?time=2099-01-01 00:00:00&size=2", None, None, 200,
     page(1, 2, DEALS[:2], time="2099-01-01 00:00:00")),
    ("GET /hit-products?page=&size=", None, None, 200, page(1, 20, DEALS[:20])),
    ("GET /hit-products?page=0", None, None, 400, ERRORS),
    ("GET /hit-products?page=x", None, None, 400, ERRORS),
    ("GET /hit-products?size=-1", None, None, 400, ERRORS),
    ("GET /hit-products?time=yesterday", None, None, 400, ERRORS),
    ("GET /hit-products?page=202&size=10", None, None, 400, ERRORS),
    ("GET /hit-products/rank", None, None, 200, data(BEST[:100])),
    ("GET /hit_products/rank", None, None, 200, data(BEST[:100])),
    ("GET /hit-products/platform?name=뽐뿌", None, None, 200, data(of_board("뽐뿌"))),
    ("GET /hit-products/platform?web=클리앙", None, None, 200, data(of_board("클리앙"))),
    ("GET /hit_products/web_products_list?web=루리웹", None, None, 200, data(of_board("루리웹"))),
    ("GET /hit-products/web-products-list?web=딜바다", None, None, 200, data(of_board("딜바다"))),
    ("GET /hit-products/platform?name=없는곳", None, None, 200, data([])),
    ("GET /hit-products/search?word=이어폰", None, None, 200, data([EARPHONES])),
    ("GET /hit_products/search?word=라면", None, None, 200, data([NOODLES])),
    ("GET /hit-products/search?word=무선", None, None, 200, data([EARPHONES, OLD])),
    ("GET /hit-products/search?word=무 선이어 폰", None, None, 200, data([EARPHONES])),
    ("GET /hit-products/search?word=usb-C케이블", None, None, 200, data([CABLE])),
    ("GET /hit-products/search?word=A %26 b\"", None, None, 200, data([STEAM])),
    ("GET /hit-products/search?word=A%26B\"", None, None, 200, data([STEAM])),
    ("GET /hit-products/search?word=90%25", None, None, 200, data([STEAM])),
    ("GET /hit-products/search?word=커", None, None, 200, data([COFFEE])),
    ("GET /hit-products/search?word=%5C", None, None, 200, data([STEAM])),
    ("GET /hit-products/search?word=없는말", None, None, 200, data([])),
    ("POST /hit-products", None, {}, 405, ERRORS),
    ("GET /no-such-path", None, None, 404, ERRORS),

    # ---- bookmarks
    ("GET /bookmarks", ALICE, None, 200, bookmarks(1, [])),
    ("POST /bookmarks", ALICE, product(EARPHONES), 200, marked(1, EARPHONES)),
    ("POST /bookmarks", ALICE, product(EARPHONES), 403, ERRORS),
    ("POST /bookmarks", BOB, product(KEYBOARD), 200, marked(2, KEYBOARD)),
    ("POST /bookmarks", ALICE, product("clien_no_such"), 400, ERRORS),
    ("POST /bookmarks", ALICE, {"product": {}}, 400, ERRORS),
    ("POST /bookmarks", ALICE, "[1", 400, ERRORS),
    ("POST /bookmarks", None, product(EARPHONES), 401, ERRORS),
    ("POST /bookmarks/combine", ALICE, product(STEAM), 200, marked(1, STEAM)),
    ("POST /book_mark_combine", ALICE, product(STEAM), 200, marked(1, STEAM)),
    ("POST /bookmark-combine", ALICE, product(STEAM), 200, marked(1, STEAM)),
    ("POST /bookmarks/combine", ALICE, product("clien_no_such"), 400, ERRORS),
    ("POST /book_mark_create", ALICE, product(CABLE), 200, marked(1, CABLE)),
    ("POST /bookmark-create", ALICE, product(CABLE), 403, ERRORS),
    ("DELETE /book_mark_destroy", ALICE, product(CABLE), 200, marked(1, CABLE)),
    ("DELETE /bookmark-destroy", ALICE, product(CABLE), 403, ERRORS),
    ("POST /bookmark-create", ALICE, product(CABLE), 200, marked(1, CABLE)),
    ("DELETE /bookmarks", ALICE, product(CABLE), 200, marked(1, CABLE)),
    ("DELETE /bookmarks", BOB, product(EARPHONES), 403, ERRORS),
    ("DELETE /bookmarks", ALICE, product("clien_no_such"), 400, ERRORS),
    ("GET /bookmarks", ALICE, None, 200, bookmarks(1, [EARPHONES, STEAM])),
    ("GET /book_mark_list", ALICE, None, 200, bookmarks(1, [EARPHONES, STEAM])),
    ("GET /bookmark-list", ALICE, None, 200, bookmarks(1, [EARPHONES, STEAM])),
    ("GET /bookmark-product-list", BOB, None, 200, bookmarks(2, [KEYBOARD])),
    ("GET /bookmarks", None, None, 401, ERRORS),
    ("GET /hit-products?size=5", ALICE, None, 200, page(1, 5, DEALS[:5], [EARPHONES, STEAM])),
    ("GET /hit-products?size=5", BOB, None, 200, page(1, 5, DEALS[:5], [KEYBOARD])),
    ("GET /hit-products?size=5", None, None, 200, page(1, 5, DEALS[:5])),
    ("GET /hit-products?size=5", "bad nonsense", None, 200, page(1, 5, DEALS[:5])),
    ("GET /hit-products/rank", BOB, None, 200, data(BEST[:100], [KEYBOARD])),
    ("GET /hit-products/search?word=무선", ALICE, None, 200, data([EARPHONES, OLD], [EARPHONES, STEAM])),
    ("GET /hit-products/platform?name=루리웹", f"Bearer {ALICE}", None, 200,
     data(of_board("루리웹"), [EARPHONES, STEAM])),

    # ---- keywords
    ("GET /keyword-pushalarms/user-status", ALICE, None, 200, status(1, True, 1, [])),
    ("POST /keyword-pushalarms", ALICE, alarm("라면"), 200, keyword(1, "라면")),
    ("POST /keyword-pushalarms", ALICE, alarm("라면"), 403, ERRORS),
    ("POST /keyword-pushalarms", BOB, alarm("라면"), 200, keyword(2, "라면")),
    ("POST /keyword-pushalarms", ALICE, alarm(""), 400, ERRORS),
    ("POST /keyword-pushalarms", ALICE, {"alarm": {}}, 400, ERRORS),
    ("POST /keyword-pushalarms", None, alarm("라면"), 401, ERRORS),
    ("POST /keyword-create", ALICE, alarm("it's \"50%\" \\"), 200, keyword(1, "it's \"50%\" \\")),
    ("POST /keyword-pushalarms/combine", ALICE, alarm("커피"), 200, keyword(1, "커피")),
    ("POST /keyword-combine", ALICE, alarm("커피"), 200, keyword(1, "커피")),
    ("POST /keyword-combine", ALICE, alarm("이어폰"), 200, keyword(1, "이어폰")),
    ("DELETE /keyword-destroy", ALICE, alarm("it's \"50%\" \\"), 200, keyword(1, "it's \"50%\" \\")),
    ("DELETE /keyword-pushalarms", ALICE, alarm("커피"), 403, ERRORS),
    ("DELETE /keyword-pushalarms", BOB, alarm("라면"), 200, keyword(2, "라면")),
    ("GET /keyword-pushalarms/user-status", ALICE, None, 200, status(1, True, 1, ["라면", "이어폰"])),
    ("GET /keyword-user-status", BOB, None, 200, status(2, True, 1, [])),
    ("GET /keyword-user-status", None, None, 401, ERRORS),
    ("PATCH /keyword-pushalarms/user-config", ALICE, config(alarmStatus=False, maxPushCount=3), 200,
     configured(1, False, 3)),
    ("PATCH /keyword-config", ALICE, config(maxPushCount=5), 200, configured(1, False, 5)),
    ("PATCH /keyword-config", ALICE, config(alarmStatus=True), 200, configured(1, True, 5)),
    ("PATCH /keyword-config", ALICE, config(maxPushCount=-1), 400, ERRORS),
    ("PATCH /keyword-config", ALICE, config(maxPushCount="viele"), 400, ERRORS),
    ("PATCH /keyword-config", None, config(maxPushCount=1), 401, ERRORS),
    ("GET /keyword-user-status", ALICE, None, 200, status(1, True, 5, ["라면", "이어폰"])),

    # ---- what users were told of; a bookmark of somebody else's changes neither flags nor the number of rows
    ("GET /keyword-pushalarms", ALICE, None, 200, pushes(1, [])),
    ("alarm job", ALICE, (NOODLES, "라면"), None, None),
    ("alarm job", ALICE, (KEYBOARD, "키보드"), None, None),
    ("alarm job", ALICE, (EARPHONES, "이어폰"), None, None),
    ("alarm job", BOB, (NOODLES, "라면"), None, None),
    ("GET /keyword-pushalarms", ALICE, None, 200,
     pushes(1, [(KEYBOARD, "키보드", False), (EARPHONES, "이어폰", True), (NOODLES, "라면", False)])),
    ("GET /keyword-pushalarm-list", BOB, None, 200, pushes(2, [(NOODLES, "라면", False)])),
    ("GET /keyword-pushalarms", None, None, 401, ERRORS),

    # ---- notices, pushes to everybody
    ("GET /notices", None, None, 200, []),
    ("notice", "점검 안내", "일요일 새벽", None, None),
    ("GET /notices", None, None, 200, [{"title": "점검 안내", "category": "일반", "content": "일요일 새벽",
                                        "created_at": RAILS_TIME, "uid": 1, "shortDate": LOCAL_TIME, "dateAgo": AGO}]),
    ("GET /notice.json", None, None, 200, [{"title": "점검 안내", "category": "일반", "content": "일요일 새벽",
                                            "created_at": RAILS_TIME, "uid": 1, "shortDate": LOCAL_TIME, "dateAgo": AGO}]),
    ("POST /keyword-pushalarms/send-pushalarm", None, push("falsch"), 401, ERRORS),
    ("POST /keyword-pushalarms/send-pushalarm", None, {"alarm": {}}, 401, ERRORS),
    ("POST /keyword-pushalarms/send-pushalarm", None, push(stacks.PUSH_PASSWORD), 200, pushed("제목", "내용")),
    ("POST /send-pushalarm", None, push(stacks.PUSH_PASSWORD, "또", "하나"), 200, pushed("또", "하나")),
)


class _Client:
    """Sends the table's requests to one stack."""

    def __init__(self, stack):
        self._stack = stack
        self._tokens = {}

    def _headers(self, who):
        if who is None:
            return {}
        scheme, _, name = who.rpartition(" ")
        if scheme == "bad":
            return {"Authorization": name}
        token = self._tokens[name]
        return {"Authorization": f"Bearer {token}" if scheme else token}

    def ask(self, request, who, body):
        method, _, path = request.partition(" ")
        headers = self._headers(who)
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
            body = body.encode()
        url = self._stack.api.url(urllib.parse.quote(path, safe="/?&=%"))
        answer = web.request(url, method=method, headers=headers, body=body)
        if answer.status == 200 and path in ("/auth-user", "/auth_user") and method == "POST":
            self._tokens[json.loads(body)["auth"]["appPlayerId"]] = answer.json().get("token")
        return answer


def _run_row(stack, client, row):
    """(what is wrong with the answer, the answer for comparison)"""
    request, who, body, wanted_status, wanted = row
    if request == "alarm job":
        stack.tell(who, body[0]["number"], body[1])
        return [], None
    if request == "notice":
        stack.add_notice(who, body)
        return [], None
    answer = client.ask(request, who, body)
    name = f"{stack.name}: {request}" + (f" as {who}" if who else "") + (f" {body}" if body is not None else "")
    if answer.status != wanted_status:
        return [f"{name}: status {answer.status}, expected {wanted_status}: {answer.text[:200]}"], answer.status
    if answer.headers["Content-Type"] != "application/json; charset=utf-8":
        return [f"{name}: Content-Type {answer.headers['Content-Type']}"], answer.status
    got = answer.json()
    return [f"{name}: {text}" for text in differences(got, wanted)[:3]], (answer.status, leave_out_wildcards(got, wanted))


@test
def the_apps_contract_is_kept_and_the_same_on_every_database(bench):
    running, missing = stacks.start(bench)
    problems, answers = [], {}

    for stack in running:
        client = _Client(stack)
        for i, row in enumerate(TABLE):
            wrong, answer = _run_row(stack, client, row)
            problems += wrong
            first = answers.setdefault(i, answer)
            if answer != first and not wrong:
                problems.append(f"{stack.name}: {row[0]}: not the answer of {running[0].name}")

    print(f"     {len(TABLE)} rows on {', '.join(stack.name for stack in running)}"
          + "".join(f"; left out: {text}" for text in missing), flush=True)
    expect(not problems, f"{len(problems)} differences\n" + "\n".join(problems[:40]))


# ---- a day of a shipped app ------------------------------------------------------------------------


class _App:
    """The app's HTTP client: one connection that stays open, the bare token."""

    def __init__(self, api):
        self._connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=15)
        self.token = None

    def call(self, method, path, body=None):
        headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "okhttp/3.12.1",
                   "Accept-Encoding": "identity", **({"Authorization": self.token} if self.token else {})}
        self._connection.request(method, urllib.parse.quote(path, safe="/?&=%"),
                                 body=json.dumps(body).encode() if body is not None else None, headers=headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read())

    def close(self):
        self._connection.close()


def _register(app):
    code, answer = app.call("POST", "/auth_user", player(ALICE))
    expect_equal((code, list(answer)), (200, ["token"]), "POST /auth_user")
    app.token = answer["token"]


def _ok(app, method, path, body=None):
    code, answer = app.call(method, path, body)
    expect_equal(code, 200, f"{method} {path}: {answer}")
    return answer


def _scroll(app):
    """Page after page as of the moment of the first, as the app's list does."""
    first = _ok(app, "GET", "/hit_products/condition?page=1&size=20")
    seen = first["data"]
    for number in (2, 3):
        seen += _ok(app, "GET", f"/hit_products/condition?page={number}&size=20&time={first['time']}")["data"]
    return seen


@test(each=stacks.NAMES)
def a_shipped_app_gets_through_its_day(bench, name):
    running, missing = stacks.start(bench, only=name)
    stacks.need(running, missing)
    app = _App(running[0].api)

    # The player id's token; the list, with and without scrolling.
    _register(app)
    expect_equal(_ok(app, "GET", "/apis/test")["user"]["appPlayer"], ALICE, "user")
    seen = _scroll(app)
    expect_equal([deal["productId"] for deal in seen], [deal["product_id"] for deal in DEALS[:60]], "three pages")
    expect_equal({deal["isBookmark"] for deal in seen}, {False}, "isBookmark before any")
    # Search, a bookmark from its result, and it shows everywhere.
    found = _ok(app, "GET", "/hit_products/search?word=무선이어폰")["data"]
    expect_equal([deal["productId"] for deal in found], [EARPHONES["product_id"]], "search")
    _ok(app, "POST", "/book_mark_combine", {"product": {"id": found[0]["productId"]}})
    expect_equal([deal["productId"] for deal in _ok(app, "GET", "/book_mark_list")["bookmark"]],
                 [EARPHONES["product_id"]], "bookmarks")
    expect_equal([deal["productId"] for deal in _scroll(app) if deal["isBookmark"]], [EARPHONES["product_id"]],
                 "isBookmark in the list")
    # A keyword, its settings, and what the alarm job found.
    _ok(app, "POST", "/keyword-create", alarm("라면"))
    _ok(app, "PATCH", "/keyword-config", config(alarmStatus=True, maxPushCount=2))
    expect_equal(_ok(app, "GET", "/keyword-user-status")["userInfo"],
                 {"alarmStatus": True, "maxPushCount": 2, "keywordList": ["라면"]}, "settings")
    running[0].tell(ALICE, NOODLES["number"], "라면")
    expect_equal([(deal["productId"], deal["keywordTitle"]) for deal in _ok(app, "GET", "/keyword-pushalarm-list")["pushList"]],
                 [(NOODLES["product_id"], "라면")], "push list")
    # The best of the week, one board, notices.
    expect_equal([deal["order"] for deal in _ok(app, "GET", "/hit_products/rank")["data"]], list(range(1, 101)), "rank")
    expect_equal({deal["productId"].partition("_")[0]
                  for deal in _ok(app, "GET", "/hit_products/web_products_list?web=뽐뿌")["data"]}, {"ppomppu"}, "board")
    expect_equal(_ok(app, "GET", "/notice.json"), [], "notices")
    # A token that is refused makes the app register again: the same user, with all that is theirs.
    app.token = app.token[:-4] + "AAAA"
    expect_equal(app.call("GET", "/book_mark_list")[0], 401, "a spoilt token")
    app.token = None
    _register(app)
    expect_equal(len(_ok(app, "GET", "/bookmark-product-list")["bookmark"]), 1, "bookmarks after a new token")
    _ok(app, "DELETE", "/book_mark_destroy", product(EARPHONES))
    _ok(app, "DELETE", "/keyword-destroy", alarm("라면"))
    expect_equal(_ok(app, "GET", "/keyword-user-status")["userInfo"]["keywordList"], [], "keywords at the end")
    app.close()
