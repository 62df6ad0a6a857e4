# SPDX-License-Identifier: MIT
"""The engine's pool against a Chrome that fails on demand (tests/fakechrome): the page's fate, its reason, and the next one."""
import shutil

from support.registry import expect, expect_equal, test

SITE = """\
[site]
name = fake
id_prefix = fake
home = http://fake.invalid/
timezone = Asia/Seoul
robots = ignore
enabled = yes
[list]
url = http://fake.invalid/list?page={page}
pages = 1-1
min_rows = 1
[layout plain]
match = ul
rows = li
[plain.key]
css = a @href
required = yes
[plain.title]
css = a
required = yes
[plain.url]
type = url
css = a
required = yes
[schedule]
crawl = @every 1h
"""

ANSWER = """{"result":{"type":"object","value":{"status":200,"url":"http://fake.invalid/list?page=1", \\
 "title":"fake","layout":"plain","text_head":"","ready":true,"waited_ms":1,"html_length":100,"seen":1, \\
 "rows":[{"key":"1","title":"A deal","url":"http://fake.invalid/1"}],"skipped":{},"fields":{}}}}"""

ROWS = f"default Runtime.callFunctionOn reply {ANSWER}\n"

NAVIGATED = 'expect Page.navigate\nreply {"frameId":"${target}","loaderId":"L"}\nexpect Runtime.callFunctionOn\n'

# Only the first start of the browser fails; the page is tried again and its row comes.
RECOVERS = {
    "browser-dies-in-navigation": ("browser-exit", "expect Page.navigate\nstderr I saw it coming\nexit 3\n"),
    "browser-dies-in-extraction": ("browser-exit", NAVIGATED + "exit 0\n"),
    "browser-hangs-up": ("browser-exit", NAVIGATED + "close\n"),
    "half-an-answer-then-death": ("browser-exit", NAVIGATED + "half {}\nexit 1\n"),
    "renderer-crash-with-both-events": ("renderer-crash", NAVIGATED + "event Inspector.targetCrashed {}\n"
        'event Target.targetCrashed {"targetId":"${target}","status":"crashed","errorCode":11} browser\n'),
    "renderer-crash-with-one-event": ("renderer-crash", NAVIGATED + "event Inspector.targetCrashed {}\n"),
    "renderer-crash-told-late": ("renderer-crash", NAVIGATED + "delay 1500\nevent Inspector.targetCrashed {}\n"),
    "renderer-crash-without-event": ("timeout", "expect Page.navigate\n"),
    "browser-refuses-its-set-up": ("protocol", "expect Browser.getVersion\nreply error not me\n"),
    "browser-says-nothing-any-more": ("no-answer", NAVIGATED + "silence\n"),
    "result-over-the-cap": ("protocol", NAVIGATED + "fragments 1M\nbig 65M\n"),
    "truncated-result": ("timeout", NAVIGATED + 'message {"id":${id},"result":{"result":{"value":{"rows":[\n'),
}

# Nothing that the page's row could be lost for.
HARMLESS = {
    "close-never-acknowledged": "default Target.closeTarget ignore\ndefault Browser.close ignore\n",
    "stderr-flood": "start\nstderr flood 10M\n",
    "slow-start": "start\ndelay 1500\n",
    "ping-flood": NAVIGATED + f"ping-flood 20000\nreply {ANSWER}\n",
    "answer-in-fragments": NAVIGATED + f"fragments 7\nreply {ANSWER}\n",
    "answered-twice": NAVIGATED + f"reply {ANSWER}\nreply {ANSWER}\n",
    "noise": NAVIGATED + "message {\nmessage null\nmessage {}\nmessage \\xff\\xfe\n"
        'event Page.unheardOf {"type":"new"}\nevent Inspector.targetCrashed {} S-dead\n'
        f'message {{"id":987654,"result":{{}}}}\nreply {ANSWER}\n',
    "dialogs": NAVIGATED + 'event Page.javascriptDialogOpening {"type":"alert"}\n' * 10 + f"reply {ANSWER}\n",
    "popups": NAVIGATED + 'event Target.targetCreated '
        '{"targetInfo":{"targetId":"P${n}","type":"page","openerId":"T1"}} browser\n' * 100 + f"reply {ANSWER}\n",
}

# What a pipe does not have: an address and a handshake.
BROKEN_ADDRESSES = {
    "never-announces": ("start\nsilence\n", "no DevTools address"),
    "announces-another-port": ("start\nendpoint 1\\x0a/devtools/browser/fa4ec402-0000-4000-8000-fa4ec4020000\n",
                               "no connection"),
    "refuses-the-handshake": ("handshake\nrefuse 403\n", "Chrome did not start"),
    "never-ends-the-handshake": ("handshake\nsilence\n", "Chrome did not start"),
    "dies-in-the-handshake": ("handshake\ngarbage HTTP/1.1 101 Swi\nexit 5\n", "Chrome did not start"),
}

BROKEN_STARTS = {
    "exits-at-once": ("start\nstderr libnss3.so: cannot open shared object file\nexit 127\n", "libnss3.so"),
    "answers-nothing": ("silence\n", "no DevTools answer"),
    "hangs-up": ("close\n", "Chrome did not start"),
}

TRANSPORTS = ("websocket", "pipe")


class Case:
    """One fault over one transport; its text is the test's label."""

    def __init__(self, fault, transport):
        self.fault = fault
        self.transport = transport

    def __str__(self):
        return f"{self.fault}-by-{self.transport}"


def _cases(faults, transports=TRANSPORTS):
    return [Case(fault, transport) for fault in sorted(faults) for transport in transports]


def _crawl(bench, script, transport):
    folder = bench.folder / "fake"
    site = folder / "sites" / "fake"
    site.mkdir(parents=True)
    folder.chmod(0o755)
    chrome = folder / "chrome"
    # A copy: the folder that the repository stands in may be closed to the user that Chrome runs as.
    shutil.copy(bench.programs / "fakechrome", chrome)
    chrome.chmod(0o755)
    (folder / "chrome.script").write_text(script)
    launches = folder / "chrome.launches"
    launches.touch()
    launches.chmod(0o666)
    (site / "site.conf").write_text(SITE)
    result = bench.crawl("fake", chrome=chrome, sites_dir=folder / "sites", log="warn", page_timeout="5s",
                         launch_timeout="4s", close_timeout="1s", page_retries="2", render="chrome",
                         **({} if transport == "websocket" else {"chrome_transport": transport}))
    result.launches = launches.stat().st_size
    return result


@test(each=_cases(RECOVERS))
def page_is_tried_again_after(bench, case):
    reason, script = RECOVERS[case.fault]

    result = _crawl(bench, "launch 1\n" + script + "launch 2\n" + ROWS, transport=case.transport)

    expect_equal(result.code, 0, f"exit code of {result}")
    expect_equal([row["key"] for row in result.rows], ["1"], "rows")
    expect(f"reason={reason}" in result.err, f"the reason {reason} is not named: {result}")


@test(each=_cases(HARMLESS))
def page_is_read_in_spite_of(bench, case):
    result = _crawl(bench, HARMLESS[case.fault] + ROWS, transport=case.transport)

    expect_equal(result.code, 0, f"exit code of {result}")
    expect_equal([row["key"] for row in result.rows], ["1"], "rows")
    expect("trying again" not in result.err, f"the page took more than one try: {result}")
    expect_equal(result.launches, 1, "starts of the browser")


@test(each=_cases(BROKEN_STARTS) + _cases(BROKEN_ADDRESSES, ["websocket"]))
def chrome_that_cannot_start_is_told_with_its_cause(bench, case):
    script, words = {**BROKEN_STARTS, **BROKEN_ADDRESSES}[case.fault]

    result = _crawl(bench, script, transport=case.transport)

    expect_equal(result.code, 6, f"exit code of {result}")
    expect("launch-failed" in result.err, f"the reason is not named: {result}")
    expect(words in result.err, f"{words!r} is not told: {result}")
