# SPDX-License-Identifier: MIT
"""openapi - holds answers of the API against its own document, api/web/openapi.json.

Only the JSON Schema keywords that the document uses are known; any other is refused, so that none is
ignored by mistake. complaints() returns what does not fit, [] for an answer that does.
"""
import datetime
import json
import pathlib
import re
import urllib.parse

DOCUMENT = pathlib.Path(__file__).resolve().parents[3] / "api" / "web" / "openapi.json"
NOTES = {"description", "default"}
METHODS = ("get", "post", "patch", "delete")


def _is(value, kind):
    numbers = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {"null": value is None, "boolean": isinstance(value, bool), "string": isinstance(value, str),
            "integer": numbers and value == int(value), "number": numbers, "array": isinstance(value, list),
            "object": isinstance(value, dict)}[kind]


def _date_time(text):
    """RFC 3339 section 5.6."""
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    if not re.fullmatch(shape, text):
        return False
    try:
        datetime.datetime.fromisoformat(re.sub(r"\.\d+", "", text.replace("Z", "+00:00")))
    except ValueError:
        return False
    return True


class Schemas:
    def __init__(self, document):
        self._document = document
        self._checks = {
            "$ref": self._ref, "type": self._type, "properties": self._properties, "required": self._required,
            "additionalProperties": self._additional, "items": self._items, "oneOf": self._one_of, "enum": self._enum,
            "const": self._const, "minimum": self._minimum, "maximum": self._maximum, "minItems": self._min_items,
            "maxItems": self._max_items, "minLength": self._min_length, "maxLength": self._max_length,
            "pattern": self._pattern, "format": self._format}

    def resolve(self, ref):
        found = self._document
        for name in ref.removeprefix("#/").split("/"):
            found = found[name]
        return found

    def complaints(self, value, schema, where="body"):
        found = []
        for keyword, wanted in schema.items():
            if keyword in NOTES:
                continue
            if keyword not in self._checks:
                raise AssertionError(f"openapi.json: schema keyword {keyword} is not known to the test")
            found += self._checks[keyword](value, wanted, schema, where)
        return found

    def _ref(self, value, wanted, schema, where):
        return self.complaints(value, self.resolve(wanted), where)

    def _type(self, value, wanted, schema, where):
        kinds = wanted if isinstance(wanted, list) else [wanted]
        return [] if any(_is(value, kind) for kind in kinds) else [f"{where}: {value!r} is no {' or '.join(kinds)}"]

    def _properties(self, value, wanted, schema, where):
        members = value.items() if isinstance(value, dict) else ()
        return [text for name, inner in members if name in wanted
                for text in self.complaints(inner, wanted[name], f"{where}.{name}")]

    def _required(self, value, wanted, schema, where):
        return [f"{where}: lacks {name}" for name in wanted if isinstance(value, dict) and name not in value]

    def _additional(self, value, wanted, schema, where):
        if wanted is not False:
            raise AssertionError("openapi.json: additionalProperties may only be false")
        known = schema.get("properties", {})
        return [f"{where}: has {name}" for name in (value if isinstance(value, dict) else ()) if name not in known]

    def _items(self, value, wanted, schema, where):
        return [text for i, item in enumerate(value if isinstance(value, list) else ())
                for text in self.complaints(item, wanted, f"{where}[{i}]")]

    def _one_of(self, value, wanted, schema, where):
        tried = [self.complaints(value, option, where) for option in wanted]
        return [] if tried.count([]) == 1 else [f"{where}: fits {tried.count([])} of oneOf: {tried}"]

    def _enum(self, value, wanted, schema, where):
        return [] if value in wanted else [f"{where}: {value!r} is none of {wanted}"]

    def _const(self, value, wanted, schema, where):
        return [] if value == wanted and _is(value, schema["type"]) else [f"{where}: {value!r} is not {wanted!r}"]

    def _minimum(self, value, wanted, schema, where):
        return [] if value is None or value >= wanted else [f"{where}: {value} is under {wanted}"]

    def _maximum(self, value, wanted, schema, where):
        return [] if value is None or value <= wanted else [f"{where}: {value} is over {wanted}"]

    def _min_items(self, value, wanted, schema, where):
        return [] if len(value) >= wanted else [f"{where}: {len(value)} items, at least {wanted}"]

    def _max_items(self, value, wanted, schema, where):
        return [] if len(value) <= wanted else [f"{where}: {len(value)} items, at most {wanted}"]

    def _min_length(self, value, wanted, schema, where):
        return [] if len(value) >= wanted else [f"{where}: {len(value)} characters, at least {wanted}"]

    def _max_length(self, value, wanted, schema, where):
        return [] if len(value) <= wanted else [f"{where}: {len(value)} characters, at most {wanted}"]

    def _pattern(self, value, wanted, schema, where):
        return [] if re.search(wanted, value) else [f"{where}: {value!r} does not match {wanted}"]

    def _format(self, value, wanted, schema, where):
        if wanted != "date-time":
            raise AssertionError(f"openapi.json: format {wanted} is not known to the test")
        return [] if value is None or _date_time(value) else [f"{where}: {value!r} is no date-time of RFC 3339"]


class Document:
    def __init__(self, path=DOCUMENT):
        self.content = json.loads(path.read_text(encoding="utf-8"))
        self.schemas = Schemas(self.content)
        self._paths = [(re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), item)
                       for path, item in self.content["paths"].items()]

    def operation(self, method, target):
        """The operation that answers this, or None: no such path or method."""
        path = urllib.parse.urlsplit(target).path
        path = path.rstrip("/") or "/"
        for pattern, item in self._paths:
            if pattern.fullmatch(path):
                item = self.schemas.resolve(item["$ref"]) if "$ref" in item else item
                return item.get("get" if method == "HEAD" else method.lower())
        return None

    def complaints(self, method, target, answer):
        operation = self.operation(method, target)
        name = f"{method} {target} {answer.status}"
        if operation is None:
            fits = answer.status in (400, 404, 405) or method == "OPTIONS" and answer.status == 204
            return [] if fits else [f"{name}: not in openapi.json"]
        wanted = operation["responses"].get(str(answer.status)) or operation["responses"].get(f"{answer.status // 100}XX")
        if wanted is None:
            return [f"{name}: this status is not in openapi.json"]
        if method == "HEAD" or "content" not in wanted:
            return [f"{name}: a body where there is none"] if answer.body else []
        kind = (answer.headers["Content-Type"] or "").partition(";")[0]
        if kind not in wanted["content"]:
            return [f"{name}: {kind} instead of {list(wanted['content'])}"]
        body = answer.json() if kind.endswith("json") and "event-stream" not in kind else answer.text
        return [f"{name}: {text}" for text in self.schemas.complaints(body, wanted["content"][kind]["schema"])]


_document = None


def check(method, target, answer):
    """Fails the test whose answer is another than the document says."""
    global _document
    _document = _document or Document()
    found = _document.complaints(method, target, answer)
    if found:
        raise AssertionError("\n".join(found[:10]))
