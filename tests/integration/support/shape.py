# SPDX-License-Identifier: MIT
"""shape - compares JSON with what is expected of it, member by member and in order.

Expected is a plain value, or one of the wildcards below where a value can't be known. differences() tells each place
that differs; leave_out_wildcards() takes out what they stand for, so that two answers can be compared as a whole.
"""
import re


class Wild:
    """Stands for any value that fits."""

    def __init__(self, name, fits):
        self.name = name
        self.fits = fits

    def __repr__(self):
        return f"<{self.name}>"


def pattern(name, expression):
    compiled = re.compile(expression)
    return Wild(name, lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None)


TEXT = Wild("text", lambda value: isinstance(value, str) and value.strip() != "")
NUMBER = Wild("number", lambda value: isinstance(value, int) and not isinstance(value, bool))
TOKEN = pattern("JWT", r"[\w-]+\.[\w-]+\.[\w-]+")
RAILS_TIME = pattern("time as Rails writes it", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+09:00")
LOCAL_TIME = pattern("local time", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
AGO = pattern("age", r"방금 전|\d+분 전|약 \d+시간 전")


def differences(got, wanted, place="answer"):
    """A list of texts; empty when everything fits."""
    if isinstance(wanted, Wild):
        return [] if wanted.fits(got) else [f"{place}: got {got!r}, expected {wanted}"]
    if type(got) is not type(wanted):
        return [f"{place}: got {got!r}, expected {wanted!r}"]
    if isinstance(wanted, dict):
        if list(got) != list(wanted):
            return [f"{place}: members {', '.join(got)}; expected {', '.join(wanted)}"]
        return [text for key in wanted for text in differences(got[key], wanted[key], f"{place}.{key}")]
    if isinstance(wanted, list):
        if len(got) != len(wanted):
            return [f"{place}: {len(got)} items, expected {len(wanted)}"]
        return [text for i, item in enumerate(wanted) for text in differences(got[i], item, f"{place}[{i}]")]
    return [] if got == wanted else [f"{place}: got {got!r}, expected {wanted!r}"]


def leave_out_wildcards(got, wanted):
    """`got` without what no two answers share; what does not fit stays as it is."""
    if isinstance(wanted, Wild):
        return repr(wanted) if wanted.fits(got) else got
    if isinstance(wanted, dict) and isinstance(got, dict):
        return {key: leave_out_wildcards(value, wanted[key]) if key in wanted else value for key, value in got.items()}
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [leave_out_wildcards(*pair) for pair in zip(got, wanted)]
    return got
