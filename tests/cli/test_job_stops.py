"""How a job stands when its user stopped it early, late, or twice, and when it could not begin."""

from __future__ import annotations

import json
import re

import pytest

_STOPS = """\
import asyncio
import os
import pathlib
import signal
import threading
import time

from framework import Request, Spider


class SlowToOpen:
    async def open_spider(self, spider):
        if spider.when == "opening":
            signals(1)
            await asyncio.sleep(5)

    async def process_item(self, item, spider):
        return item


def signals(count, name="SIGINT"):
    def send():
        for _ in range(count):
            os.kill(os.getpid(), getattr(signal, name))
            time.sleep(0.3)

    threading.Thread(target=send).start()


class StopsSpider(Spider):
    name = "stops"
    when = ""
    custom_settings = {
        "CONCURRENT_REQUESTS": 1, "PROGRESS": "off", "SHUTDOWN_TIMEOUT": 0.3, "ITEM_PIPELINES": {SlowToOpen: 1}
    }

    async def start(self):
        for number in range(4):
            yield Request(f"data:text/plain,{number}", cb_kwargs={"n": number}, priority=-number)

    def parse(self, response, n):
        yield {"n": n}
        if n == 1 and self.when in ("twice", "SIGTERM"):
            signals(2 if self.when == "twice" else 1, "SIGTERM" if self.when == "SIGTERM" else "SIGINT")
            time.sleep(5)  # what blocks is broken off
        if n == 3 and self.when == "at the end":
            os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.fixture
def stops(fwk):
    fwk.write("stops.py", _STOPS)

    def crawl(when, *more, output="items.jsonl"):
        return fwk("runspider", "stops.py", "-o", output, "-a", f"when={when}", "-L", "ERROR", *more)

    return crawl


def states(fwk):
    return {job["job"]: job["state"] for job in json.loads(fwk("jobs", "--json").out)}


@pytest.mark.parametrize(("when", "state"), [("twice", "stopped"), ("SIGTERM", "interrupted")])
def test_what_blocks_is_broken_off_and_the_job_remembers_who_wanted_it(fwk, stops, when, state):
    ended = stops(when)

    assert ended.code == 1
    assert states(fwk) == {"stops-1": state}


def test_a_crawl_that_is_stopped_while_it_opens_leaves_no_job(fwk, stops):
    ended = stops("opening")

    assert ended.code == 0, ended.said
    assert states(fwk) == {}


def test_ctrl_c_when_nothing_is_left_is_an_end(fwk, stops):
    ended = stops("at the end")

    assert ended.code == 0, ended.said
    assert states(fwk) == {"stops-1": "ended"}
    assert "can go on" not in ended.err


def test_a_job_that_could_not_begin_leaves_nothing(fwk, stops):
    (fwk.folder / "out.jsonl").mkdir()

    ended = stops("", output="out.jsonl")

    assert ended.code == 1
    assert "out.jsonl" in ended.err
    assert "can go on" not in ended.err
    assert states(fwk) == {}


def test_a_refused_resume_changes_nothing(fwk, stops):
    stops("", "-s", "CLOSESPIDER_PAGECOUNT=2")
    before = re.sub(r'"(age_s|size_bytes)": .*', "", fwk("jobs", "--json").out)
    (fwk.folder / "items.jsonl").unlink()

    refused = fwk("resume", "stops-1", "-s", "CLOSESPIDER_PAGECOUNT=0", "-L", "ERROR")

    assert refused.code == 1
    assert "items.jsonl is gone" in refused.err
    assert "can go on" not in refused.err
    assert re.sub(r'"(age_s|size_bytes)": .*', "", fwk("jobs", "--json").out) == before
