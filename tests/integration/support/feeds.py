# SPDX-License-Identifier: MIT
"""feeds - what the specifications of Atom, RSS 2.0 and JSON Feed ask of a document.

Each function returns [(id, title, link)] of a sound feed's items, and fails with what is wrong otherwise.
"""
import datetime
import email.utils
import json
import urllib.parse
import xml.etree.ElementTree as ElementTree

from .registry import expect, expect_equal

ATOM = "{http://www.w3.org/2005/Atom}"


def _one(element, name, required=True):
    found = element.findall(name)
    expect(len(found) <= 1 and (found or not required), f"{element.tag}: {len(found)} times {name}")
    return found[0] if found else None


def _text(element, name, required=True):
    found = _one(element, name, required)
    text = None if found is None else found.text
    expect(text or not required, f"{element.tag}: {name} is empty")
    return text


def _is_address(text):
    parts = urllib.parse.urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in text


def _check_time(text):
    expect(text.endswith("Z") or text[-6] in "+-", f"no offset: {text}")
    datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _check_distinct(items):
    expect_equal(len({item[0] for item in items}), len(items), "different ids")


def atom(body):
    """RFC 4287: sections 4.1.1, 4.1.2, 4.2.6, 4.2.7."""
    feed = ElementTree.fromstring(body)
    expect_equal(feed.tag, ATOM + "feed", "root")
    expect(urllib.parse.urlsplit(_text(feed, ATOM + "id")).scheme, "the feed's id is no IRI")
    _text(feed, ATOM + "title")
    _check_time(_text(feed, ATOM + "updated"))
    _text(_one(feed, ATOM + "author"), ATOM + "name")
    links = {link.get("rel"): link.get("href") for link in feed.findall(ATOM + "link")}
    expect(_is_address(links["self"]), f"self: {links}")
    items = []
    for entry in feed.findall(ATOM + "entry"):
        for name in ("updated", "published"):
            _check_time(_text(entry, ATOM + name))
        alternate = [link.get("href") for link in entry.findall(ATOM + "link") if link.get("rel") == "alternate"]
        expect(len(alternate) == 1 and _is_address(alternate[0]), f"alternate: {alternate}")
        expect(urllib.parse.urlsplit(_text(entry, ATOM + "id")).scheme, "an entry's id is no IRI")
        items.append((_text(entry, ATOM + "id"), _text(entry, ATOM + "title"), alternate[0]))
    _check_distinct(items)
    return items


def rss(body):
    """https://www.rssboard.org/rss-specification"""
    root = ElementTree.fromstring(body)
    expect_equal((root.tag, root.get("version")), ("rss", "2.0"), "root")
    channel = _one(root, "channel")
    for name in ("title", "description"):
        _text(channel, name)
    expect(_is_address(_text(channel, "link")), "the channel's link")
    expect(email.utils.parsedate_to_datetime(_text(channel, "lastBuildDate")), "lastBuildDate")
    items = []
    for item in channel.findall("item"):
        expect(email.utils.parsedate_to_datetime(_text(item, "pubDate")).tzinfo, "pubDate has no zone")
        expect_equal(_one(item, "guid").get("isPermaLink"), "false", "isPermaLink of a guid that is no address")
        expect(_is_address(_text(item, "link")), "an item's link")
        items.append((_text(item, "guid"), _text(item, "title"), _text(item, "link")))
    _check_distinct(items)
    return items


def json_feed(body):
    """https://www.jsonfeed.org/version/1.1/"""
    feed = json.loads(body)
    expect_equal(feed["version"], "https://jsonfeed.org/version/1.1", "version")
    expect(feed["title"] and _is_address(feed["feed_url"]) and _is_address(feed["home_page_url"]), "the feed's own")
    items = []
    for item in feed["items"]:
        expect(isinstance(item["id"], str) and ("content_text" in item or "content_html" in item), f"item {item}")
        for name in ("date_published", "date_modified"):
            _check_time(item[name])
        items.append((item["id"], item["title"], item["url"]))
    _check_distinct(items)
    return items
