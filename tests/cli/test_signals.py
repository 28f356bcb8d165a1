"""What Ctrl-C and SIGTERM do to a running crawl: real signals to a real process, on both event loops."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

import pytest

_SPIDER = """\
import time

from framework import Request, Spider


class PagesSpider(Spider):
    name = "pages"
    custom_settings = {"RETRY_TIMES": 0, "STALL_AFTER": 30}

    async def start(self):
        for number in range(3):
            yield Request(f"{self.url}/tiny/{number}")
        yield Request(f"{self.url}/slow/1.5")
        if getattr(self, "hangs", None):
            yield Request(f"{self.url}/hang")

    def parse(self, response):
        if getattr(self, "blocks", None):
            time.sleep(30)
        yield {"url": response.url}
        if "slow" in response.url:
            yield response.follow("/tiny/after")
"""

_UNCLEAN = ("Traceback", "Task was destroyed", "never retrieved", "never awaited", "nclosed", "ResourceWarning")

# A signal in the middle of an import makes the interpreter drop the file that it reads, and warn of itself.
_WARNING_OF_IMPORTS = re.compile(r"^<frozen importlib\S+ ResourceWarning: .*\n(  ResourceWarning: .*\n)?", re.MULTILINE)


@pytest.fixture(params=["asyncio", "uvloop"])
def crawl(request, fwk, shop):
    """Start a crawl of three pages, a slow one and, with ``hangs=1``, one that never comes; return its process."""
    fwk.write("pages.py", _SPIDER)
    shop.shop.robots_txt = None
    begun = []

    def begin(*args):
        process = fwk.begin(
            "runspider", "pages.py", "-a", f"url={shop.url}", "-O", "items.json", "-s", f"LOOP={request.param}", *args
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(condition, patience_s=20.0):
    """Wait until something is so: the only clock that a test of a process has."""
    end_at = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end_at, "it did not happen"
        time.sleep(0.01)


def wait_until_it_blocks(shop):
    """Wait for the first page, and for its callback to begin. Whether the others were sent by then is chance."""
    wait_for(lambda: shop.log.count("/tiny"))
    time.sleep(0.5)


def end_of(process):
    """Wait for the end of a process; return its code, what it wrote to stderr, and how long that took."""
    begun_at = time.monotonic()
    try:
        _, err = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"it did not end: {process.communicate()[1]}")
    return process.returncode, err, time.monotonic() - begun_at


def assert_clean(err):
    assert not [word for word in _UNCLEAN if word in err], err


def has_orphans(process):
    """Say whether anything of the process's group is left."""
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def items_of(fwk):
    return {item["url"].rpartition("/")[2] for item in json.loads(fwk.read("items.json"))}


def test_ctrl_c_once_finishes_what_is_in_flight(fwk, shop, crawl):
    process = crawl()
    wait_for(lambda: shop.log.count("/slow") and shop.log.count("/tiny") == 3)

    process.send_signal(signal.SIGINT)
    code, err, _ = end_of(process)

    assert code == 0, err
    assert items_of(fwk) == {"0", "1", "2", "1.5"}
    assert shop.log.count("/tiny/after") == 0
    assert "SIGINT: finishing what is in flight; once more to stop at once" in err
    assert "Crawl stopped by its user" in err
    assert_clean(err)
    assert not has_orphans(process)


def test_ctrl_c_twice_stops_at_once_and_leaves_a_valid_file(fwk, shop, crawl):
    process = crawl("-a", "hangs=1")
    wait_for(lambda: shop.log.count("/hang") and shop.log.count("/tiny") == 3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)

    process.send_signal(signal.SIGINT)
    code, err, took_s = end_of(process)

    assert code == 1, err
    assert took_s < 5, "the page that hangs would take 30 s"
    assert {"0", "1", "2"} <= items_of(fwk)
    assert_clean(err)
    assert not has_orphans(process)


def test_one_press_that_arrives_twice_is_one(fwk, shop, crawl):
    process = crawl()
    wait_for(lambda: shop.log.count("/slow") and shop.log.count("/tiny") == 3)

    process.send_signal(signal.SIGINT)
    time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    code, err, _ = end_of(process)

    assert code == 0, err
    assert "1.5" in items_of(fwk)


def test_sigterm_drains_within_its_limit(fwk, shop, crawl):
    process = crawl("-a", "hangs=1", "-s", "SHUTDOWN_TIMEOUT=1")
    wait_for(lambda: shop.log.count("/hang") and shop.log.count("/tiny") == 3)

    process.send_signal(signal.SIGTERM)
    code, err, took_s = end_of(process)

    assert 0.9 < took_s < 5
    assert code == 1, err
    assert "SHUTDOWN_TIMEOUT is over" in err
    assert {"0", "1", "2"} <= items_of(fwk)
    assert_clean(err)
    assert not has_orphans(process)


def test_sigterm_with_nothing_that_hangs_is_a_good_end(fwk, shop, crawl):
    process = crawl()
    wait_for(lambda: shop.log.count("/slow") and shop.log.count("/tiny") == 3)

    process.send_signal(signal.SIGTERM)
    code, err, took_s = end_of(process)

    assert code == 0, err
    assert took_s < 5
    assert items_of(fwk) == {"0", "1", "2", "1.5"}
    assert_clean(err)


def test_ctrl_c_twice_breaks_into_callbacks_that_block(fwk, shop, crawl):
    process = crawl("-a", "blocks=1")
    wait_until_it_blocks(shop)
    process.send_signal(signal.SIGINT)
    time.sleep(0.4)

    process.send_signal(signal.SIGINT)
    code, err, took_s = end_of(process)

    assert code == 1, err
    assert took_s < 10, "each of three callbacks is given 0.4 s of its 30 s"
    assert items_of(fwk) == set()
    assert_clean(err)


def test_sigterm_breaks_into_callbacks_that_block_when_its_limit_is_over(fwk, shop, crawl):
    process = crawl("-a", "blocks=1", "-s", "SHUTDOWN_TIMEOUT=0.5")
    wait_until_it_blocks(shop)

    process.send_signal(signal.SIGTERM)
    code, err, took_s = end_of(process)

    assert code == 1, err
    assert took_s < 10
    assert_clean(err)


@pytest.mark.parametrize("after_s", [0.1, 0.25, 0.4, 0.7])
def test_ctrl_c_while_it_starts_ends_it_without_a_traceback_of_ours(crawl, after_s):
    process = crawl("-a", "hangs=1", "-s", "SHUTDOWN_TIMEOUT=1")
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)

    code, err, took_s = end_of(process)

    assert took_s < 5
    # Until our first line has run, the interpreter itself answers a signal, in its own way.
    assert "in run\n" not in err
    assert not [word for word in _UNCLEAN[1:] if word in _WARNING_OF_IMPORTS.sub("", err)], err
    # Before the crawl is opened the command has failed; while it is opened, the crawl has ended in good order.
    assert code in (0, 1, -signal.SIGINT), err


_AWAY = """\
import asyncio
from pathlib import Path

from framework.exceptions import ExportError


class Away:
    name = "away"

    @classmethod
    def from_crawler(cls, crawler):
        self = cls()
        self.crawler = crawler
        return self

    async def open(self, cut):
        pass

    def hand(self, identity, items):
        pass

    def seal(self):
        pass

    async def write(self, cut):
        Path("waits").touch()
        while not self.crawler.engine.is_cut_off:
            await asyncio.sleep(0.05)
        raise ExportError("the server is away")

    async def close(self):
        pass
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_last_checkpoint_ends_at_the_second_ctrl_c_and_at_the_limit_of_sigterm(fwk, shop, crawl, how):
    fwk.write("away.py", _AWAY)
    process = crawl("-s", 'ITEM_PIPELINES={"away.Away": 1}', "-s", "CHECKPOINT_INTERVAL=60", "-s", "SHUTDOWN_TIMEOUT=1")
    wait_for((fwk.folder / "waits").exists)
    process.send_signal(how)
    if how is signal.SIGINT:
        time.sleep(0.3)
        process.send_signal(how)

    code, err, took_s = end_of(process)

    assert code == 1, err
    assert took_s < 5
    assert "the server is away" in err
    assert_clean(err)
    assert not has_orphans(process)


def test_the_third_ctrl_c_kills(fwk, shop, crawl):
    fwk.write(
        "pages.py",
        _SPIDER.replace(
            "    def parse(self, response):\n",
            "    async def parse(self, response):\n"
            "        import asyncio\n"
            "        while True:\n"
            "            try:\n"
            "                await asyncio.sleep(60)\n"
            "            except asyncio.CancelledError:\n"
            "                pass\n",
        ),
    )
    process = crawl()
    wait_for(lambda: shop.log.count("/tiny") == 3)
    time.sleep(0.3)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)

    code, _, took_s = end_of(process)

    assert code == -signal.SIGINT
    assert took_s < 5


def test_ctrl_c_closes_the_shop(fwk):
    process = fwk.begin("shop", "--port", "0")
    assert process.stdout is not None
    assert "The shop is open at http://127.0.0.1:" in process.stdout.readline()

    process.send_signal(signal.SIGINT)
    code, err, took_s = end_of(process)

    assert (code, err) == (0, "")
    assert took_s < 5
