# SPDX-License-Identifier: MIT
"""What is written about the program is what the program does."""
import re

from support.registry import expect, expect_equal, test

KEY_LINE = re.compile(r"^#? ?([a-z_]+) = ?(.*)$", re.MULTILINE)


def _read(bench, path):
    return (bench.repository / path).read_text()


def _help(bench, program, *words):
    result = bench.start(program, *words).wait(20)
    expect_equal(result.code, 0, f"{program} {words}: {result}")
    return result.out


def _commands(bench):
    """The subcommands that the engine's --help lists, each on a line of its own."""
    found = re.findall(r"^  ([a-z]+)\b(?= |$)", _help(bench, "catchdeal-engine", "--help"), re.MULTILINE)
    return [command for command in found if command != "help"]


@test
def sample_configuration_has_every_key_with_its_default(bench):
    wanted = KEY_LINE.findall(_help(bench, "catchdeal-engine", "--help-config"))
    written = KEY_LINE.findall(_read(bench, "scripts/catchdeal.conf"))

    expect(len(wanted) > 15, f"--help-config shows {len(wanted)} keys")
    expect_equal(written, wanted, "keys and defaults of scripts/catchdeal.conf")


@test
def sample_configuration_is_accepted(bench):
    result = bench.start("catchdeal-engine", "schedule", "--config", bench.repository / "scripts/catchdeal.conf",
                         *bench.settings()).wait(20)

    expect_equal(result.code, 0, f"schedule with the sample configuration: {result}")


@test
def both_programs_print_the_same_settings(bench):
    expect_equal(_help(bench, "catchdeal-api", "--help-config"), _help(bench, "catchdeal-engine", "--help-config"),
                 "--help-config")


@test
def help_names_every_subcommand(bench):
    text = _help(bench, "catchdeal-engine", "--help")

    for command in ("crawl", "run", "schedule", "migrate"):
        expect(re.search(rf"\b{command}\b", text), f"--help does not name {command}")
    for option in ("--url", "--pages", "--list-only", "--dry-run", "--render", "--json", "--all", "--config", "--set",
                   "--help-config", "--version"):
        expect(option in text, f"--help of the engine does not name {option}")
    for option in ("--config", "--set", "--port-file", "--help-config", "--version"):
        expect(option in _help(bench, "catchdeal-api", "--help"), f"--help of the api does not name {option}")


@test
def version_is_printed(bench):
    for program in ("catchdeal-engine", "catchdeal-api"):
        expect(re.match(rf"{program} \S+", _help(bench, program, "--version")), f"--version of {program}")


@test
def readme_mentions_every_command_and_both_scripts(bench):
    readme = _read(bench, "README.md")
    commands = _commands(bench)

    expect({"crawl", "run", "schedule", "migrate"} <= set(commands), f"--help lists {commands}")
    for command in commands:
        expect(f"catchdeal-engine {command}" in readme, f"README.md does not mention catchdeal-engine {command}")
    for word in ("scripts/quickstart", "scripts/test", "--help-config", "catchdeal-api"):
        expect(word in readme, f"README.md does not mention {word}")


@test
def readme_points_only_at_files_that_exist(bench):
    for document in ("README.md", "README.ko.md", "SECURITY.md", "engine/README.md"):
        base = (bench.repository / document).parent
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", _read(bench, document)):
            expect((base / target).exists(), f"{document} points at {target}, which does not exist")


@test
def every_exit_code_of_the_program_is_documented(bench):
    table = re.findall(r'^ERR\(\w+, "([a-z-]+)", (\d+),', _read(bench, "engine/base/err.def"), re.MULTILINE)
    readme = _read(bench, "engine/README.md")

    for reason, code in table:
        expect(re.search(rf"\b{code}\b.*\b{reason}\b", readme), f"engine/README.md lacks exit code {code} with {reason}")


@test
def schedule_prints_the_next_times_of_every_enabled_site(bench):
    result = bench.start("catchdeal-engine", "schedule", *bench.settings()).wait(20)

    expect_equal(result.code, 0, f"schedule: {result}")
    for path in (bench.repository / "sites").glob("*/site.conf"):
        if "\nenabled = yes" in path.read_text():
            expect(path.parent.name in result.out, f"{path.parent.name} is not in: {result.out}")


@test
def boards_whose_posts_can_be_proved_gone_are_checked_and_a_kind_without_pages_is_told(bench):
    for path in (bench.repository / "sites").glob("*/site.conf"):
        text = path.read_text()
        expect(("\n[gone]\n" in text) == ("\nalive = " in text), f"{path}: [gone] without [schedule] alive, or the reverse")
        expect(("\nrefresh_pages = " in text) == ("\nrefresh = " in text), f"{path}: refresh_pages without refresh")

    for kind, missing in (("refresh", "refresh_pages"), ("alive", "[post]")):
        result = bench.crawl("eomisae", "--kind", kind, origin_min_delay="0s")
        expect_equal(result.code, 4, f"exit code of {result}")
        expect(f"expected [list] {missing}" in result.err or f"expected {missing}" in result.err, f"not told: {result}")


@test
def package_table_has_no_duplicates_and_a_reason_each(bench):
    lines = [line.split(None, 2) for line in _read(bench, "scripts/lib/packages").splitlines()
             if line and not line.startswith("#")]

    for line in lines:
        expect(len(line) == 3 and line[0] in ("run", "test", "full"), f"line {line}")
    names = [line[1] for line in lines]
    expect_equal(len(names), len(set(names)), "distinct packages")


@test
def readme_example_of_a_site_file_reads_a_board(bench):
    example = re.search(r"```ini\n(.*?)```", _read(bench, "README.md"), re.DOTALL).group(1)
    folder = bench.folder / "sites" / "example"
    folder.mkdir(parents=True)
    (folder / "site.conf").write_text(example)
    demo = bench.start_boards()

    result = bench.crawl("example", "--dry-run", sites_dir=folder.parent, **{"origin.example": demo.origin("spa")})

    expect_equal(result.code, 0, f"exit code of {result}")
    expect_equal([row["key"] for row in result.rows],
                 [deal["key"] for deal in demo.truth("spa", "/deals?page=1")["deals"]], "keys")
