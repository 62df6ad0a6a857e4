# SPDX-License-Identifier: MIT
"""What reaches the database, on SQLite and on PostgreSQL: new, changed, same (a database that goes away: test_spool)."""
import json
import re

from support.processes import wait_until
from support.registry import expect, expect_equal, test

DATABASES = ("sqlite", "postgresql")
SUMMARY = re.compile(r"(\d+) new\D+(\d+) changed\D+(\d+) same")


def _use(bench, database):
    return bench.start_postgres() if database == "postgresql" else None


def _counts(result):
    """(new, changed, same) of a crawl's summary line, the last of its stderr."""
    found = SUMMARY.findall(result.err)
    expect(found, f"no line \"N new N changed N same\" in the summary: {result}")
    return tuple(int(number) for number in found[-1])


def _crawl(bench, demo, *names):
    result = bench.crawl(*names, "--pages", "1", "--list-only", **demo.settings(*names))
    expect(result.code == 0, f"crawl: {result}")
    return result


@test(each=DATABASES)
def second_crawl_of_an_unchanged_board_reports_nothing_new_and_nothing_changed(bench, database):
    _use(bench, database)
    demo = bench.start_boards()

    first = _crawl(bench, demo, "clien", "dealbada")
    second = _crawl(bench, demo, "clien", "dealbada")

    total = len(first.rows)
    expect_equal(_counts(first), (total, 0, 0), "first crawl: new, changed, same")
    expect_equal(_counts(second), (0, 0, total), "second crawl: new, changed, same")


@test(each=DATABASES)
def edited_title_and_sold_out_flag_are_two_changes_and_reach_the_app(bench, database):
    _use(bench, database)
    demo = bench.start_boards()
    first = _crawl(bench, demo, "spa")
    on_sale = [row for row in first.rows if not row["sold_out"]]
    retitled, ended = on_sale[0], on_sale[1]
    demo.control("spa", key=retitled["key"], title="새 제목 (1,000원)")
    demo.control("spa", key=ended["key"], sold=1)

    second = _crawl(bench, demo, "spa")

    expect_equal(_counts(second), (0, 2, len(first.rows) - 2), "new, changed, same")
    deals = {deal["productId"]: deal for deal in bench.start_api().json("/hit-products?size=100")["data"]}
    expect_equal(deals[retitled["product_id"]]["title"], "새 제목 (1,000원)", "title")
    expect_equal(deals[retitled["product_id"]]["isTitleChanged"], True, "isTitleChanged of the edited deal")
    expect_equal(deals[ended["product_id"]]["isTitleChanged"], False, "isTitleChanged of the other deal")
    expect_equal(deals[ended["product_id"]]["isSoldOut"], True, "isSoldOut of the ended deal")


@test(each=DATABASES)
def a_deal_that_is_on_sale_again_is_followed_back(bench, database):
    _use(bench, database)
    demo = bench.start_boards()
    key = next(row["key"] for row in _crawl(bench, demo, "spa").rows if not row["sold_out"])
    demo.control("spa", key=key, sold=1)
    expect_equal(_counts(_crawl(bench, demo, "spa"))[1], 1, "changed when it ended")
    demo.control("spa", key=key, sold=0)

    again = _crawl(bench, demo, "spa")

    expect_equal(_counts(again)[1], 1, "changed when it came back")
    expect_equal([row["sold_out"] for row in again.rows if row["key"] == key], [False], "sold_out")


@test
def a_database_that_cannot_be_reached_is_exit_code_5(bench):
    demo = bench.start_boards()

    result = bench.engine("crawl", "spa", "--pages", "1",
                          **{**demo.settings("spa"), "database": "postgresql://nobody@/none?host=/nonexistent"})
    result.program.allow_errors("store", "database", "connect")

    expect_equal(result.code, 5, f"exit code of {result}")


@test
def an_old_postgresql_schema_is_refused_with_what_to_do(bench):
    postgres = bench.start_postgres()
    postgres.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    demo = bench.start_boards()

    result = bench.engine("crawl", "spa", "--pages", "1", **demo.settings("spa"))
    result.program.allow_errors("migrate")

    expect_equal(result.code, 5, f"exit code of {result}")
    expect("catchdeal-engine migrate" in result.err, f"no advice to migrate: {result}")


@test(each=DATABASES)
def purge_runs_by_its_own_line_beside_a_crawl_and_its_cost_is_in_the_ledger(bench, database):
    _use(bench, database)
    demo = bench.start_boards()
    total = len(_crawl(bench, demo, "clien").rows)
    counted = bench.engine("purge", "--dry-run", keep_deals="1h")
    expect_equal(counted.code, 0, f"exit code of purge --dry-run: {counted}")
    expect(re.search(r"^deals +\d+ would go$", counted.out, re.M), f"no count of deals: {counted}")
    engine = bench.start_engine("run", engine_listen="", log="info", schedule_override="@every 1s", purge_schedule="@every 2s",
                                **demo.settings("clien"))
    wait_until(lambda: len(re.findall(r'comp=purge msg="?ended"?.*reason=ok', engine.err)) >= 2, 30, "two purges ended")
    engine.stop(20)
    bill = json.loads(bench.engine("cost", "--by", "job", "--json").out)
    jobs = {line["key"]: line for line in bill["lines"]}
    expect(jobs["- purge"]["runs"] >= 2, f"no purges in the ledger: {jobs}")
    expect(jobs["clien crawl"]["new"] >= total and jobs["clien crawl"]["gb_seconds"] > 0, f"the crawl's cost: {jobs}")
    expect(abs(sum(line["gb_seconds"] for line in jobs.values()) - bill["total"]["gb_seconds"]) < 0.1, f"no sum: {bill}")
    plan = bench.engine("schedule", "--simulate", "24h", "--json", schedule_override="0 * * * *", **demo.settings("clien"))
    expect_equal(plan.code, 0, f"exit code of a plan that fits: {plan}")
    plan = json.loads(plan.out)
    crawls = next(line for line in plan["lines"] if line["kind"] == "crawl")
    expect_equal((plan["fits"], crawls["measured"], crawls["runs"]), (True, True, 24), "the plan and its crawls")
    tight = bench.engine("schedule", "--simulate", "2h", schedule_override="@every 1s", memory_budget="1M", worker_memory="1M", **demo.settings("clien"))
    expect(tight.code == 3 and "IT DOES NOT FIT" in tight.out, f"a plan that does not fit: {tight}")
