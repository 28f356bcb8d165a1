"""``fwk why`` and ``fwk fates`` after a real crawl, and beside one: what they say is what the shop's log implies."""

from __future__ import annotations

import csv
import json
import signal
import time
from collections import Counter

import pytest

pytestmark = pytest.mark.timeout(180)  # a process for each question

_SPIDER = """
from framework import Spider


class ShelfSpider(Spider):
    name = "shelf"
    allowed_domains = ["127.0.0.1"]

    def __init__(self, url, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [f"{url}/begin"]

    def parse(self, response):
        yield {"url": response.url}
        yield {"url": response.url, "half": 2}
        yield from response.follow_all(css="a")
"""
_LINKS = [
    *("/tiny/1?b=2&amp;a=1", "/tiny/2", "/tiny/2", "/deep", "/redirect/1"),
    *("http://elsewhere.example/away", "/status/404", "/status/503", "/trap/1"),
]
_SETTINGS = {
    "CHECKPOINT_INTERVAL": "0.1",
    "DEPTH_LIMIT": "1",
    "DOWNLOAD_DELAY": "0",
    "RETRY_BACKOFF_BASE": "0.05",
    "RETRY_TIMES": "2",
    "ROBOTSTXT_OBEY": "1",
}


@pytest.fixture
def crawl(fwk, shop):
    """Return what crawls a page whose links meet every rule."""
    fwk.write("shelf.py", _SPIDER)
    shop.shop.robots_txt = "User-agent: *\nDisallow: /trap/\n"
    shop.shop.pages["/begin"] = "".join(f'<a href="{link}">x</a>' for link in _LINKS)
    shop.shop.pages["/deep"] = '<a href="/tiny/too-deep">x</a><a href="/tiny/2">x</a>'

    def arguments(**settings):
        pairs = {**_SETTINGS, **settings}.items()
        return ["runspider", "shelf.py", "-a", f"url={shop.url}", *(f"-s{name}={value}" for name, value in pairs)]

    def run(**settings):
        ended = fwk(*arguments(**settings))
        assert ended.code == 0, ended.said

    run.arguments = arguments
    return run


def test_every_url_has_a_fate_and_a_reason(fwk, shop, crawl):
    crawl()

    def why(path):
        ended = fwk("why", path if "//" in path else shop.url + path)
        assert ended.code == 0, ended.said
        return ended.out

    found = f"on {shop.url}/begin"
    said = {path: why(path) for path in ("/begin", "/tiny/1?a=1&b=2", "/status/404", "/status/503", "/trap/1")}
    said |= {
        path: why(path) for path in ("/redirect/1", "/redirect/0", "/tiny/too-deep", "http://elsewhere.example/away")
    }
    assert "fate      done" in said["/begin"]
    assert "by start()" in said["/begin"]
    assert "items     2 (positions 0 to 1" in said["/begin"]
    assert found in said["/tiny/1?a=1&b=2"]
    assert "fate      dropped: HttpError 404" in said["/status/404"]
    assert said["/status/503"].count("503 Service Unavailable") == 2
    assert "try 3" in said["/status/503"]
    assert "fate      dropped: HttpError 503" in said["/status/503"]
    assert "dropped: robots (the site's robots.txt forbids it)" in said["/trap/1"]
    assert "fate      replaced" in said["/redirect/1"]
    assert f"by        {shop.url}/redirect/0" in said["/redirect/1"]
    assert f"on {shop.url}/redirect/1" in said["/redirect/0"]
    assert "refused   depth" in said["/tiny/too-deep"]
    assert f"on {shop.url}/deep" in said["/tiny/too-deep"]
    assert "refused   offsite" in said["http://elsewhere.example/away"]
    assert found in said["http://elsewhere.example/away"]
    assert "Seen: duplicates of it" in why("/tiny/2")

    unknown = fwk("why", f"{shop.url}/tiny/3")
    assert (unknown.code, unknown.out) == (1, "")
    assert f"{shop.url}/tiny/2" in unknown.err


def test_the_counts_are_those_that_the_log_of_the_shop_implies(fwk, shop, crawl):
    crawl()

    asked = set(shop.log.paths()) - {"/robots.txt"}
    replaced = {"/redirect/1"}
    broken = {"/status/404", "/status/503"}
    counted = json.loads(fwk("fates", "--json").out)
    assert {(row["kind"], row["reason"]): row["requests"] for row in counted["counts"]} == {
        ("done", ""): len(asked - replaced - broken),
        ("replaced", ""): 1,
        ("dropped", "HttpError 404"): 1,
        ("dropped", "HttpError 503"): 1,
        ("dropped", "robots"): 1,
        ("refused", "depth"): 1,
        ("refused", "offsite"): 1,
        ("refused", "duplicate"): 2,
    }
    assert counted["balance"] == {
        "offered": len(asked) + 1, "done": len(asked) - 3, "replaced": 1, "dropped": 3, "failed": 0, "pending": 0,
    }  # fmt: skip

    assert fwk("fates", "--csv", "fates.csv").code == 0
    rows = list(csv.DictReader(fwk.read("fates.csv").splitlines()))
    assert {row["url"].removeprefix(shop.url) for row in rows if row["kind"] == "done"} == asked - replaced - broken
    assert Counter(row["parent"].removeprefix(shop.url) for row in rows)["/begin"] == len(_LINKS) - 1
    assert sum(int(row["items"]) for row in rows) == 2 * len(asked - replaced - broken)


def test_without_records_of_pages_it_is_said_what_is_not_kept(fwk, shop, crawl):
    crawl(FATES="failures")

    page = fwk("why", f"{shop.url}/tiny/2")
    assert page.code == 0
    assert "how is not kept" in page.out
    assert "FATES = 'failures'" in page.out
    assert "dropped: HttpError 404" in fwk("why", f"{shop.url}/status/404").out
    assert "(no record)" in fwk("fates").out


def test_a_running_crawl_can_be_asked_and_tells_where_a_request_waits(fwk, shop, crawl):
    process = fwk.begin(*crawl.arguments(RETRY_BACKOFF_BASE="60", RETRY_BACKOFF_MAX="60"))
    try:
        give_up_at = time.monotonic() + 30
        while True:
            waiting, page = fwk("why", f"{shop.url}/status/503"), fwk("why", f"{shop.url}/tiny/2")
            if (waiting.code, page.code) == (0, 0) and "try 1" in waiting.out:
                break
            assert time.monotonic() < give_up_at, waiting.said + page.said
        assert "running, as of its last checkpoint" in waiting.out
        assert "pending, or in flight at the last checkpoint; try 2 comes next" in waiting.out
        assert "waits     not before" in waiting.out
        assert "503 Service Unavailable" in waiting.out
        assert f"on {shop.url}/begin" in waiting.out
        assert "fate      done" in page.out
        assert " 1 pending" in fwk("fates").out
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
