# SPDX-License-Identifier: MIT
"""registry - which tests exist, and how a test says that it cannot run here.

@test marks a function as a test; its name is the behaviour it shows. It gets one Bench (bench.py).
@test(each=[...]) makes one test per item, called with (bench, item) and named behaviour[item].
"""


class Skip(Exception):
    """The machine lacks something; the text names it."""


class Test:
    def __init__(self, module, function, item=None, label=None, seconds=120):
        self.module = module
        self.function = function
        self.item = item
        self.seconds = seconds
        self.name = function.__name__ + (f"[{label}]" if label is not None else "")
        self.full_name = f"{module.removeprefix('test_')}.{self.name}"

    def run(self, bench):
        if self.item is None:
            self.function(bench)
        else:
            self.function(bench, self.item)


_tests = []


def test(function=None, *, each=None, seconds=120):
    def register(marked):
        if each is None:
            _tests.append(Test(marked.__module__, marked, seconds=seconds))
        for item in each or ():
            _tests.append(Test(marked.__module__, marked, item, str(item), seconds))
        return marked

    return register(function) if function else register


def add(made):
    _tests.append(made)


def registered():
    return list(_tests)


def expect(condition, text):
    """Like assert, but kept under -O and with a text that says what was expected."""
    if not condition:
        raise AssertionError(text)


def expect_equal(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, expected {wanted!r}")
