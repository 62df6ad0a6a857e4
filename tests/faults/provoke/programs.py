# SPDX-License-Identifier: MIT
"""programs - what is given to the engine as its Chrome: the real one, a wrapper of it, or the scripted fake."""
import json
import os
import shutil
import subprocess

from support.registry import Skip

from . import pages

REAL_CHROME = "/usr/lib/chromium/chromium-headless-shell"


def _compiler():
    found = shutil.which("gcc") or shutil.which("cc")
    if not found:
        raise Skip("no C compiler (package gcc)")
    return found


class Wrapper:
    """wrapper.c, in a directory of its own. The engine refuses scripts, hence a compiled program."""

    def __init__(self, bench):
        if not os.path.exists(REAL_CHROME):
            raise Skip(f"{REAL_CHROME} is not installed")
        self._folder = bench.folder / "wrapper-chrome"
        self._folder.mkdir(mode=0o755)
        # The engine knows the kind of Chrome by the program's name.
        self.path = self._folder / "wrapped-headless-shell"
        source = bench.repository / "tests/faults/wrapper.c"
        subprocess.run([_compiler(), "-O1", "-Wall", "-Werror", "-D_GNU_SOURCE", f'-DREAL_CHROME="{REAL_CHROME}"',
                        "-o", self.path, source], check=True, timeout=60)
        self._starts = self._folder / "starts"
        self._starts.touch()
        self._starts.chmod(0o666)

    def misbehave(self, mode):
        new = self._folder / "mode.new"
        new.write_text(mode)
        new.chmod(0o644)
        new.rename(self._folder / "mode")

    def heal(self):
        (self._folder / "mode").unlink()

    def starts_ms(self):
        """When it was started, each time."""
        return [int(line) for line in self._starts.read_text().split()]


ROWS_ANSWER = {"result": {"type": "object", "value": {
    "status": 200, "url": "", "title": "", "layout": "plain", "text_head": "", "ready": True, "waited_ms": 1,
    "html_length": 1, "seen": pages.N_ROWS, "skipped": {}, "fields": {}}}}


def rows_answer(origin, **changed):
    """The answer of extract.js with the rows of pages.ROWS, as JSON for a script of fakechrome."""
    answer = json.loads(json.dumps(ROWS_ANSWER))
    answer["result"]["value"].update(url=f"{origin}/list", rows=[
        {"key": key, "title": title, "url": f"{origin}/post/{key}"} for key, title in pages.truth()], **changed)
    return json.dumps(answer)


class Fake:
    """tests/fakechrome by a script. `bad` is played in each start while it is set; healed, all answers are good ones."""

    def __init__(self, bench, origin):
        self._folder = bench.folder / "fake-chrome"
        self._folder.mkdir(mode=0o755)
        self.path = self._folder / "fake-headless-shell"
        # A link would be looked through in /tmp's sticky directories; the engine may also compare the file.
        shutil.copy(bench.programs / "fakechrome", self.path)
        self.path.chmod(0o755)
        self._good = f"default Runtime.callFunctionOn reply {rows_answer(origin)}\n"
        self.heal()

    def play(self, bad):
        """Holds from the next start of the program on. `bad` may itself say `default Runtime.callFunctionOn ...`."""
        good = "" if "default Runtime.callFunctionOn" in bad else self._good
        self._write(good + bad)

    def heal(self):
        self._write(self._good)

    def _write(self, text):
        new = self._folder / "script.new"
        new.write_text(text)
        new.chmod(0o644)
        new.rename(f"{self.path}.script")
