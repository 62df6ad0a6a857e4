# SPDX-License-Identifier: MIT
"""Wrong input is refused before anything starts: file, line, key, what was expected, and the right exit code."""
import shutil

from support.registry import expect, expect_equal, test


def _expect_message(result, code, *parts):
    expect_equal(result.code, code, f"exit code of {result}")
    for part in parts:
        expect(part in result.err + result.out, f"{part!r} is not in the message: {result}")
    result.program.allow_errors(".*")


def _site_with(bench, old, new):
    """A copy of the demo site `spa` with one text replaced; the folder of it, and the line of the change."""
    folder = bench.folder / "sites"
    shutil.copytree(bench.repository / "tests/boards/sites/spa", folder / "spa")
    path = folder / "spa" / "site.conf"
    text = path.read_text()
    expect_equal(text.count(old), 1, f"occurrences of {old!r} in site.conf")
    path.write_text(text.replace(old, new))
    return folder, text[:text.index(old)].count("\n") + 1


def _crawl(bench, folder, *more, **settings):
    return bench.engine("crawl", "spa", "--pages", "1", "--dry-run", *more, sites_dir=folder, **settings)


def _configuration(bench, text):
    path = bench.folder / "catchdeal.conf"
    path.write_text(text)
    return path


@test
def unknown_key_in_the_configuration(bench):
    path = _configuration(bench, "# ours\nlog = info\ntabs_per_browsr = 3\n")

    result = bench.engine("crawl", "spa", "--config", path)

    _expect_message(result, 3, "catchdeal.conf:3", "tabs_per_browsr", "tabs_per_browser")


@test
def wrong_value_in_the_configuration(bench):
    path = _configuration(bench, "tabs_per_browser = many\n")

    result = bench.engine("crawl", "spa", "--config", path)

    _expect_message(result, 3, "catchdeal.conf:1", "tabs_per_browser", '"many"', "expected")


@test
def wrong_value_in_the_environment_and_on_the_command_line(bench):
    result = bench.engine("crawl", "spa", environment={"CATCHDEAL_PAGE_TIMEOUT": "soon"})
    _expect_message(result, 3, "CATCHDEAL_PAGE_TIMEOUT", '"soon"', "expected")

    result = bench.engine("crawl", "spa", page_retries="99")
    _expect_message(result, 3, "--set page_retries", '"99"', "expected")


@test
def missing_configuration_file(bench):
    result = bench.engine("crawl", "spa", "--config", "/nonexistent/catchdeal.conf")

    _expect_message(result, 3, "/nonexistent/catchdeal.conf")


@test
def the_api_refuses_a_wrong_configuration_as_well(bench):
    path = _configuration(bench, "api_listen = everywhere\n")

    result = bench.start("catchdeal-api", "--config", path).wait(20)

    expect_equal(result.code, 3, f"exit code of {result}")
    expect("catchdeal.conf:1" in result.err and "api_listen" in result.err, f"message of {result}")


@test
def broken_cron_line(bench):
    folder, line = _site_with(bench, "crawl = ", "crawl = */5 * * * #")

    result = _crawl(bench, folder)

    _expect_message(result, 4, f"spa/site.conf:{line}", "schedule", "expected 5 fields")


@test
def selector_that_is_no_css(bench):
    folder, line = _site_with(bench, "rows = #list > li.deal", "rows = #list > li.deal[")

    result = _crawl(bench, folder)

    _expect_message(result, 4, f"spa/site.conf:{line}", "rows", "expected")


@test
def selector_that_only_chrome_refuses(bench):
    demo = bench.start_boards()
    folder, line = _site_with(bench, "rows = #list > li.deal", "rows = #list > li:no-such-pseudo")

    result = _crawl(bench, folder, **{"origin.spa": demo.origin("spa")})

    _expect_message(result, 4, f"spa/site.conf:{line}", "rows", "li:no-such-pseudo", "CSS")


@test
def missing_required_rule(bench):
    folder, _ = _site_with(bench, "[deals.title]\ncss = a.title\nrequired = yes\n", "")

    result = _crawl(bench, folder)

    _expect_message(result, 4, "spa/site.conf", "deals.title", "expected")


@test
def unknown_key_in_a_site_file(bench):
    folder, line = _site_with(bench, "min_rows = ", "min_row = ")

    result = _crawl(bench, folder)

    _expect_message(result, 4, f"spa/site.conf:{line}", "list.min_row", "min_rows")


@test
def unknown_site(bench):
    result = bench.engine("crawl", "no-such-board")

    expect(result.code in (2, 4), f"exit code of {result}")
    expect("no-such-board" in result.err, f"the name is not in the message: {result}")
    result.program.allow_errors(".*")


@test
def wrong_command_lines_are_exit_code_2(bench):
    for words in (["no-such-command"], ["crawl"], ["crawl", "spa", "--no-such-option"], ["crawl", "spa", "--pages", "x"],
                  ["crawl", "--all", "--url", "http://127.0.0.1/"], []):
        program = bench.start("catchdeal-engine", *words)
        program.allow_errors(".*")
        result = program.wait(20)
        expect_equal(result.code, 2, f"exit code of {words}: {result}")
        expect(result.err.strip(), f"{words} said nothing")


@test
def chrome_that_is_not_there_is_exit_code_6(bench):
    demo = bench.start_boards()

    result = bench.engine("crawl", "spa", "--pages", "1", "--dry-run", chrome="/nonexistent/chrome",
                          **demo.settings("spa"))

    _expect_message(result, 6, "/nonexistent/chrome")


@test
def chrome_that_ends_at_once_is_exit_code_6(bench):
    demo = bench.start_boards()

    result = bench.engine("crawl", "spa", "--pages", "1", "--dry-run", chrome="/bin/false", page_retries="0",
                          **demo.settings("spa"))

    _expect_message(result, 6, "Chrome did not start", "status 1")
