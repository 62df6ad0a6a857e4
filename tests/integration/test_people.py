# SPDX-License-Identifier: MIT
"""The commands user, keyword and notice: the operator's hand on the app's users."""
import json

from support.registry import expect, expect_equal, test

PLAYER = "5f3c1c0e-0000-4000-8000-0000000000aa"
OTHER = "5f3c1c0e-0000-4000-8000-0000000000bb"


def _say(bench, *words, code=0):
    result = bench.engine(*words)
    expect_equal(result.code, code, f"{' '.join(words)}: {result}")
    return result.out if code == 0 else result.err


def _ask(bench, *words):
    return json.loads(_say(bench, *words, "--json"))


def _bearer(api, player):
    answer = api.request("POST", "/auth-user", body=json.dumps({"auth": {"appPlayerId": player}}),
                         headers={"Content-Type": "application/json"})
    return {"Authorization": "Bearer " + answer.json()["token"]}


@test(each=["sqlite", "postgresql"])
def the_operator_looks_after_users_keywords_and_notices(bench, kind):
    if kind == "postgresql":
        bench.start_postgres()
    else:
        _say(bench, "migrate")

    user = _ask(bench, "user", "add", PLAYER)["user"]
    expect_equal((user["player"], user["alarm"], user["max_push"], user["zone"], user["keywords"]),
                 (PLAYER, True, 1, None, 0), "a new user")
    number = str(user["id"])
    edited = _ask(bench, "user", "edit", PLAYER, "alarm=off", "max_push=7", "zone=Europe/Berlin", "hours=22:00-06:00",
                  "way=at-once")["user"]
    expect_equal([edited[key] for key in ("alarm", "max_push", "zone", "hours", "way")],
                 [False, 7, "Europe/Berlin", "22:00-06:00", "at-once"], "an edited user")
    kept = _ask(bench, "user", "edit", number, "alarm=on", "zone=")["user"]
    expect_equal([kept[key] for key in ("alarm", "max_push", "zone", "hours", "way")],
                 [True, 7, None, "22:00-06:00", "at-once"], "what was not named stays; nothing is the default")

    expect_equal(_say(bench, "keyword", "add", number, "기계식 키보드"), "added: 기계식 키보드\n", "a keyword")
    expect_equal(_say(bench, "keyword", "add", PLAYER, "기계식 키보드"), "there: 기계식 키보드\n", "it again")
    _say(bench, "keyword", "add", number, "ssd")
    _say(bench, "user", "add", OTHER)
    _say(bench, "keyword", "add", OTHER, "ssd")
    expect_equal(_ask(bench, "keyword", "list", number), {"user": int(number), "keywords": ["기계식 키보드", "ssd"]}, "his")
    expect_equal(_ask(bench, "keyword", "list")["keywords"],
                 [{"keyword": "ssd", "users": 2}, {"keyword": "기계식 키보드", "users": 1}], "everybody's")
    expect_equal(_ask(bench, "keyword", "remove", number, "ssd"), {"done": "removed"}, "one goes")
    expect_equal(_ask(bench, "keyword", "remove", number, "ssd"), {"done": "not there"}, "it again")

    # A token that was given out is good until it is revoked, or its user is gone.
    api = bench.start_api(jwt_secret="0123456789abcdef0123456789abcdef")
    first, second = _bearer(api, PLAYER), _bearer(api, OTHER)
    path = "/keyword-pushalarms/user-status"
    expect_equal(api.get(path, headers=first).json()["userInfo"]["keywordList"], ["기계식 키보드"], "by the app")
    _say(bench, "user", "revoke", PLAYER)
    removed = _ask(bench, "user", "remove", OTHER)["removed"]
    expect_equal((removed["player"], removed["keywords"]), (OTHER, 1), "who was removed, with what")
    expect_equal([api.get(path, headers=headers).status for headers in (first, second)], [401, 401], "revoked, removed")
    expect_equal([user["player"] for user in _ask(bench, "user", "list")["users"]], [PLAYER], "who is left")
    expect_equal(_ask(bench, "keyword", "list")["keywords"], [{"keyword": "기계식 키보드", "users": 1}], "what is left")

    notice = str(_ask(bench, "notice", "add", "title=새 기능", "content=첫 줄\n둘째 줄")["added"])
    _say(bench, "notice", "edit", notice, "title=고친 제목")
    shown = _ask(bench, "notice", "list")["notices"]
    expect_equal([(one["title"], one["category"], one["content"]) for one in shown],
                 [("고친 제목", "일반", "첫 줄\n둘째 줄")], "the notice")
    _say(bench, "notice", "remove", notice)
    expect_equal(_ask(bench, "notice", "list")["notices"], [], "none is left")

    api.program.stop(20)


@test
def what_is_said_wrongly_is_answered_with_what_was_expected(bench):
    _say(bench, "migrate")
    number = str(_ask(bench, "user", "add", PLAYER)["user"]["id"])

    for words, wanted in ((("user", "show", "nobody"), "expected a user"), (("user",), "expected list, show"),
                          (("user", "edit", number, "zone=Mars"), "zone"), (("user", "edit", number, "hours=9"), "hours"),
                          (("user", "edit", number, "max_push=-1"), "max_push"), (("user", "edit", number, "x=1"), "alarm="),
                          (("user", "add", "a b"), "blanks"), (("keyword", "add", number, "  "), "expected text"), (("keyword", "add", number), "expected: keyword add"),
                          (("keyword", "add", number, "x" * 301), "1 to 300 bytes"), (("notice", "remove", "99"), "id of a notice"),
                          (("notice", "add", "title=x", "category=y"), "content="), (("notice", "list", "x"), "expected: notice list")):
        expect(wanted in _say(bench, *words, code=2), f"{words}: {wanted}")
