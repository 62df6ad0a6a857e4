# SPDX-License-Identifier: MIT
"""The demo boards, read through Chrome to the last row of their truth."""
import pathlib

from support import boards, web
from support.registry import expect, expect_equal, test
from support.rows import expect_rows, path_of

# Their lists have the form of cookie-gate's, and the command that crawls every board reads them.
SAME_FORM = ("textarea-post", "goto", "js-pager")
VIEWS = [f"{name} list" for name in boards.NAMES if name != "ppomppu" and name not in SAME_FORM] + [
    "ppomppu list-mobile", "ppomppu list-desktop"]
PAGES = 2


@test(each=VIEWS)
def demo_list_page_is_read_to_the_last_row(bench, which):
    name, view = which.split()
    demo = bench.start_boards()
    target = demo.target(name, view, 0)
    truth = demo.truth(name, target)

    result = bench.crawl(name, "--url", demo.origin(name) + target, "--pages", "1", "--list-only", "--dry-run",
                         **demo.settings(name))

    expect(result.code == 0, f"crawl of {name}: {result}")
    expect(len(truth["deals"]) >= 10, f"the truth of {target} is thin: {len(truth['deals'])} deals")
    expect_rows(result.rows, truth["deals"])


@test(each=["chrome", "fetch"])
def one_run_reads_the_first_page_of_each_newer_board_to_the_last_row(bench, how):
    demo = bench.start_boards()
    # A script draws slickdeals, and the pictures of dealabs, for which no rule waits: the rows are there before.
    names = [name for name in boards.STATIC if how == "chrome" or name != "slickdeals"]
    truths = {name: demo.truth(name, demo.target(name, "list", 0)) for name in names}
    for deal in truths["dealabs"]["deals"]:
        deal["image"] = None

    result = bench.crawl(*names, "--pages", "1-1", "--list-only", "--dry-run", **demo.settings(*names), render=how)

    expect(result.code == 0, f"crawl of {len(truths)} boards: {result}")
    for name, truth in truths.items():
        expect(len(truth["deals"]) >= 10, f"the truth of {name} is thin: {len(truth['deals'])} deals")
        expect_rows([row for row in result.rows if row["site"] == name], truth["deals"])


# Newer boards whose site file has a [post].
POSTS_VISITED = 5
POSTS = ("quasarzone", "arca", "fmkorea", "coolenjoy", "ppomppu-foreign")


@test(seconds=120)
def posts_of_newer_boards_tell_what_their_lists_do_not(bench):
    demo = bench.start_boards()
    for name in POSTS:
        rules = pathlib.Path("sites", name, "site.conf").read_text()
        (bench.folder / "sites" / name).mkdir(parents=True)
        (bench.folder / "sites" / name / "site.conf").write_text(
            rules.replace("[post]\n", f"[post]\nmax = {POSTS_VISITED}\n"))

    result = bench.crawl(*POSTS, "--pages", "1-1", "--dry-run",
                         **(demo.settings(*POSTS) | {"sites_dir": bench.folder / "sites"}))

    expect(result.code == 0, f"crawl of {len(POSTS)} boards with posts: {result}")
    for name in POSTS:
        rows = [row for row in result.rows if row["site"] == name]
        for row in rows[:POSTS_VISITED - 2]:
            post = demo.truth(name, path_of(row["url"]))["post"]
            expect_equal(row["redirect_url"], post["redirect_url"], f"{name}: shop of {row['key']}")
            # The list may know the second, the post the minute.
            expect_equal(row["posted_at"][:16] if row["posted_at"] else None, post["posted_at"][:16],
                         f"{name}: time of {row['key']}")


# Board, list, what its address asks for besides.
OLD_LAYOUTS = ("ppomppu list-desktop epoch=2020", "ppomppu list-desktop epoch=2023", "ppomppu list-mobile epoch=2020",
               "clien list epoch=2020", "ruliweb list epoch=2020", "ruliweb list view=thumbnail",
               "quasarzone list epoch=2025", "damoang list epoch=2025")


@test(each=OLD_LAYOUTS)
def old_and_other_layouts_are_read_to_the_last_row(bench, which):
    name, view, asked = which.split()
    demo = bench.start_boards()
    target = demo.target(name, view, 0) + "&" + asked

    result = bench.crawl(name, "--url", demo.origin(name) + target, "--pages", "1", "--list-only", "--dry-run",
                         **demo.settings(name))

    expect(result.code == 0, f"crawl of {which}: {result}")
    expect_rows(result.rows, demo.truth(name, target)["deals"])


@test
def a_view_without_rules_is_told_and_not_read_as_an_empty_list(bench):
    demo = bench.start_boards()
    demo.control("ruliweb", layout="gallery")

    result = bench.crawl("ruliweb", "--pages", "1-1", "--list-only", "--dry-run", page_timeout="5s",
                         **demo.settings("ruliweb"))
    result.program.allow_errors("ruliweb")

    expect_equal(result.code, 8, f"exit code of {result}")
    expect_equal(result.rows, [], "deals")
    expect("no layout of" in result.err, f"taken for an empty list: {result}")


@test
def image_addresses_are_true_behind_placeholders_and_backgrounds(bench):
    demo = bench.start_boards()
    target = demo.target("lazy", "list", 0)
    truth = demo.truth("lazy", target)

    result = bench.crawl("lazy", "--url", demo.origin("lazy") + target, "--pages", "1", "--dry-run",
                         **demo.settings("lazy"))

    expect_equal([row["image_url"] for row in result.rows], [deal["image"] for deal in truth["deals"]], "images")


@test(each=boards.SCRIPT_ONLY)
def plain_http_client_does_not_get_the_rows_of(bench, name):
    demo = bench.start_boards()
    target = demo.target(name, "list", 0)

    page = web.get(demo.origin(name) + target).text
    readable = [deal for deal in demo.truth(name, target)["deals"] if deal["title"][:8] in page]

    # infinite sends the first of its five batches with the page.
    limit = 20 if name == "infinite" else 0
    expect(len(readable) <= limit, f"{len(readable)} rows of {name} are in the bytes, expected at most {limit}")


@test(seconds=240)
def one_command_crawls_every_board(bench):
    demo = bench.start_boards()

    result = bench.crawl("--all", "--list-only", seconds=200, **demo.settings())

    expect(result.code == 0, f"crawl --all: {result}")
    for name in demo.names:
        got = {row["key"] for row in result.rows if row["site"] == name}
        wanted = {deal["key"] for deal in demo.truth(name, _crawled_target(demo, name))["deals"]}
        expect(wanted <= got, f"{name}: {len(wanted - got)} deals of its first page are missing of {len(wanted)}")


def _crawled_target(demo, name):
    return demo.target(name, "list-desktop" if name == "ppomppu" else "list", 0)


@test
def a_row_repeated_on_two_pages_is_printed_and_stored_once(bench):
    demo = bench.start_boards()

    result = bench.crawl("ruliweb", "--pages", "1-2", "--list-only", **demo.settings("ruliweb"))

    keys = [row["key"] for row in result.rows]
    expect_equal(len(keys), len(set(keys)), "distinct keys")


@test
def links_to_the_shop_are_read_out_of_every_kind_of_wrapper_without_a_visit(bench):
    demo = bench.start_boards()

    result = bench.crawl("goto", "--pages", "1-1", "--dry-run", **demo.settings("goto"))

    expect(result.code == 0, f"crawl: {result}")
    visited = [row for row in result.rows if row["redirect_url"]]
    posts = {row["key"]: demo.truth("goto", f"/deal/{row['key']}")["post"] for row in result.rows}
    # Where the address is kept by the board (/goto/N), the link stays as it is.
    wanted = {key: demo.origin("goto") + post["href"] if (post["href"] or "").startswith("/goto/")
              else post["redirect_url"] for key, post in posts.items()}
    expect(len(visited) >= 4, f"{len(visited)} posts gave a link")
    expect_equal({row["key"]: row["redirect_url"] for row in visited}, {row["key"]: wanted[row["key"]] for row in visited},
                 "shop links")
    expect_equal(demo.stats("goto")["wrapper_requests"], 0, "visits to wrappers")


@test
def text_that_a_script_copies_is_read_from_the_drawn_post(bench):
    demo = bench.start_boards()

    result = bench.crawl("textarea-post", "--pages", "1-1", "--dry-run", **demo.settings("textarea-post"))

    expect(result.code == 0, f"crawl: {result}")
    visited = [row for row in result.rows if row["redirect_url"]]
    expect(len(visited) >= 1, "no post gave a link")
    for row in visited:
        post = demo.truth("textarea-post", f"/deal/{row['key']}")["post"]
        expect_equal(row["redirect_url"], post["redirect_url"], f"shop link of {row['key']}")
