# SPDX-License-Identifier: MIT
"""Row 11: garbage on the DevTools connection, by a scripted fake: capped with a reason, or ignored when it is only unknown."""
from provoke.programs import Fake
from provoke.scene import Scene
from support.registry import expect, test

FLAT_KIB = 24 * 1024

# The first page of the browser meets the script; pages behind it get good answers.
BAD = {
    "a-result-of-60-MB-in-4-KiB-pieces": (
        'expect Runtime.callFunctionOn\nfragments 4K\nreply {"result":{"type":"string","value":"${fill:60M}"}}\nfragments 0\n',
        ("protocol",)),
    "one-message-over-the-cap": ("expect Runtime.callFunctionOn\nfragments 64K\nbig 70M\n", ("protocol",)),
    "truncated-JSON": ('expect Runtime.callFunctionOn\nmessage {"id":${id},"result":{"result":{"value":{"rows":[\n',
                       ("protocol", "timeout", "hung", "no-answer")),
    "no-JSON-at-all": ("expect Runtime.callFunctionOn\nmessage <html>502 Bad Gateway</html>\n",
                       ("protocol", "timeout", "hung", "no-answer")),
    "bytes-without-a-frame": ("expect Runtime.callFunctionOn\ngarbage \\xff\\xfe\\x00\\x01garbage\\xc3\\x28\\x80\\x80\n",
                              ("protocol", "browser-exit")),
    "half-a-frame": ('expect Runtime.callFunctionOn\nhalf {"result":{"type":"object"}}\n',
                     ("no-answer", "protocol", "timeout", "hung", "browser-exit")),
    "an-answer-of-the-wrong-kind": ('expect Runtime.callFunctionOn\nreply {"result":[1,2,3]}\n', ("protocol", "drift")),
    "an-answer-without-a-value": ("expect Runtime.callFunctionOn\nreply {}\n", ("protocol", "drift")),
    "deep-nesting": ("expect Runtime.callFunctionOn\nmessage {\"id\":${id},\"result\":" + "[" * 5000 + "]" * 5000 + "}\n",
                     ("protocol", "drift", "timeout", "hung", "no-answer")),
    "a-refused-command": ("expect Page.navigate\nreply error Cannot navigate to invalid URL\n", ("protocol", "network")),
}

# Nobody is told of a failure: the page is read as if nothing had been.
HARMLESS = {
    "an-event-of-a-dead-session": "expect Page.navigate\nevent Page.frameNavigated {\"frame\":{\"id\":\"X\"}} S-DEAD\n"
                                  "reply {\"frameId\":\"${target}\",\"loaderId\":\"L${n}\"}\n",
    "an-unknown-event": "expect Page.navigate\nevent Future.somethingNew {\"kind\":\"unheard-of\",\"n\":1e400}\n"
                        "event Inspector.detached {\"reason\":\"a-reason-of-next-year\"}\n"
                        "reply {\"frameId\":\"${target}\",\"loaderId\":\"L${n}\"}\n",
    "an-unknown-id": "expect Page.navigate\nmessage {\"id\":987654321,\"result\":{}}\nmessage {\"id\":-1,\"result\":{}}\n"
                     "message {\"id\":\"7\",\"result\":{}}\nreply {\"frameId\":\"${target}\",\"loaderId\":\"L${n}\"}\n",
    "an-id-twice": "expect Page.navigate\nreply {\"frameId\":\"${target}\",\"loaderId\":\"L${n}\"}\n"
                   "reply {\"frameId\":\"${target}\",\"loaderId\":\"L${n}\"}\nreply error again\n",
    "a-flood-of-pings": "expect Page.navigate\nping-flood 20000\nreply {\"frameId\":\"${target}\",\"loaderId\":\"L${n}\"}\n",
    "an-event-of-1-MB": "expect Page.navigate\nevent Network.whatever {\"data\":\"${fill:1M}\"}\n"
                        "reply {\"frameId\":\"${target}\",\"loaderId\":\"L${n}\"}\n",
}


def _start(bench):
    scene = Scene(bench, page_timeout="5s", measures_memory=True)
    fake = Fake(bench, scene.origins["probe"])
    scene.start(chrome=fake.path)
    return scene, fake


def _next_browser_plays(scene, fake, script):
    fake.play(script)
    scene.wait_idle()
    scene.mark()
    scene.kill(scene.browser())


@test(each=list(BAD))
def row11_protocol_garbage_is_capped_and_told(bench, what):
    script, reasons = BAD[what]
    scene, fake = _start(bench)
    before_kib = scene.rss_kib()

    _next_browser_plays(scene, fake, script)

    scene.expect_reason(*reasons)
    fake.heal()
    scene.expect_recovery()
    grown = scene.rss_kib() - before_kib
    expect(grown < FLAT_KIB, f"the engine grew by {grown} KiB")
    scene.end()


@test(each=list(HARMLESS))
def row11_protocol_garbage_that_is_harmless(bench, what):
    scene, fake = _start(bench)

    _next_browser_plays(scene, fake, HARMLESS[what])

    scene.wait_idle()
    scene.expect_no_failure()
    scene.end()


@test
def row11_protocol_garbage_in_texts_lone_surrogates_nul_and_bad_utf8(bench):
    scene = Scene(bench, page_timeout="5s")
    fake = Fake(bench, scene.origins["probe"])
    scene.start(chrome=fake.path)
    # Unseen keys, so that the store must take the texts in.
    origin = scene.origins["probe"]
    rows = [("9001", r"lone \ud800 high"), ("9002", r"lone \udc00 low"), ("9003", r"nul \u0000 inside"),
            ("9004", r"pair \ud83d\ude00"), ("9005", r"bad \xff\xfe utf-8 \xc3(")]
    rows += [(str(9100 + n), f"plain {n}") for n in range(7)]
    text = ",".join(f'{{"key":"{key}","title":"{title}","url":"{origin}/post/{key}"}}' for key, title in rows)
    message = ('{"id":${id},"sessionId":"${session}","result":{"result":{"type":"object","value":{"status":200,"url":"' + origin +
               '/list","title":"","layout":"plain","text_head":"","ready":true,"waited_ms":1,"html_length":1,"seen":12,'
               '"skipped":{},"fields":{},"rows":[' + text + ']}}}}')

    _next_browser_plays(scene, fake, f"expect Runtime.callFunctionOn\nmessage {message}\n")

    scene.expect_recovery(heal=False)
    odd = {key: title for (_, key), (title, _) in scene.ledger.deals().items() if key in dict(rows)}
    bench.reason = "ok"
    if not odd:
        # Bad UTF-8 may also cost the whole message, but then by its name.
        bench.reason = scene.expect_reason("protocol").reason
        scene.expect_recovery(heal=False)
    else:
        expect(odd["9001"] == "lone \ufffd high" and odd["9002"] == "lone \ufffd low", f"surrogates: {odd}")
        expect(odd["9003"] == "nul \ufffd inside" and odd["9004"] == "pair \U0001f600", f"texts: {odd}")
        expect(len(odd) == len(rows), f"rows are missing: {sorted(odd)}")
    scene.extra_keys = set(odd)
    scene.end(exact_store=False)


@test
def row11_protocol_garbage_instead_of_the_handshake(bench):
    scene, fake = _start(bench)
    scene.engine.allow_errors("launch-failed")

    _next_browser_plays(scene, fake, "handshake\nrefuse 403\n")

    scene.expect_reason("launch-failed", "protocol")
    fake.heal()
    scene.expect_recovery()
    scene.end()
