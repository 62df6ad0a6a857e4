# SPDX-License-Identifier: MIT
"""keyboard - a Chrome of the test's own, over its debugging pipe: keys pressed, and what assistive programs are told.

The engine reads pages and presses no keys. Chrome runs as its own user where the tests run as root, with its sandbox.
"""
import json
import os
import pwd
import shutil
import subprocess

from .processes import wait_until
from .registry import Skip

PROGRAMS = ("/usr/lib/chromium/chromium-headless-shell", "/usr/lib/chromium/chromium", "/usr/bin/chromium")
USER = "catchdeal-chrome"
READ_FD, WRITE_FD = 3, 4  # Chrome's ends of the pipe
VIRTUAL_KEYS = {"Enter": 13, "Escape": 27}


def _program():
    for path in PROGRAMS:
        if os.path.exists(path):
            return path
    raise Skip("no Chrome")


def _as_user():
    if os.getuid() != 0:
        return {}
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        raise Skip(f"no user {USER}") from None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Keyboard:
    def __init__(self, bench, language):
        who = _as_user()
        self._profile = bench.folder / "profile"
        self._profile.mkdir()
        if who:
            os.chown(self._profile, who["user"], who["group"])
        his_in, self._out = os.pipe()
        self._in, his_out = os.pipe()

        def hand_over():
            # By way of high numbers: one of the ends may have the number of the other's place.
            os.dup2(his_in, 30)
            os.dup2(his_out, 31)
            os.dup2(30, READ_FD)
            os.dup2(31, WRITE_FD)

        self._chrome = subprocess.Popen(
            [_program(), "--headless", "--remote-debugging-pipe", f"--user-data-dir={self._profile}", "--no-first-run",
             "--disable-gpu", f"--accept-lang={language}", "about:blank"],
            env=bench.environment(HOME=str(self._profile)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, close_fds=False, preexec_fn=hand_over, **who)
        os.close(his_in)
        os.close(his_out)
        bench.closes(self)
        self._last_id, self._rest, self._session = 0, b"", None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Accessibility.enable")

    def _call(self, method, **params):
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._rest:
                chunk = os.read(self._in, 1 << 20)
                if not chunk:
                    raise AssertionError(f"Chrome ended at {method}")
                self._rest += chunk
            one, self._rest = self._rest.split(b"\0", 1)
            answer = json.loads(one)
            if answer.get("id") == self._last_id:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, url, until):
        self._call("Page.navigate", url=url)
        self.wait(until)

    def value(self, script):
        """What a script in the page gives."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, script, seconds=15):
        return wait_until(lambda: self.value(script), seconds, script)

    def press(self, key, code=None):
        about = {"key": key, "code": code or (f"Key{key.upper()}" if key.isalpha() and len(key) == 1 else key),
                 "windowsVirtualKeyCode": VIRTUAL_KEYS.get(key, 0)}
        self._call("Input.dispatchKeyEvent", type="keyDown", **about, **({"text": "\r"} if key == "Enter" else {}))
        self._call("Input.dispatchKeyEvent", type="keyUp", **about)

    def type(self, text):
        self._call("Input.insertText", text=text)

    def told(self):
        """[(role, name)] of what assistive programs see, in the page's order."""
        return [(node["role"]["value"], node.get("name", {}).get("value", ""))
                for node in self._call("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]

    def close(self):
        try:
            self._session = None
            self._call("Browser.close")
            self._chrome.wait(10)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self._chrome.kill()
            self._chrome.wait()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._profile, ignore_errors=True)
