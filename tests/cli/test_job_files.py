"""The files of jobs: they are one job's at a time, and lie where their project lies, also after it was moved."""

from __future__ import annotations

import json
import re
import shutil

import pytest

PAGES = 12
WHOLE = list(range(PAGES))
_SPIDER = f"""\
import os
import pathlib
import signal

from framework import Request, Spider


class PagesSpider(Spider):
    name = "pages"
    custom_settings = {{"CONCURRENT_REQUESTS": 1, "CHECKPOINT_INTERVAL": 0.02, "PROGRESS": "off"}}

    async def start(self):
        for number in range({PAGES}):
            yield Request(f"data:text/plain,{{number}}", cb_kwargs={{"n": number}}, priority=-number)

    def parse(self, response, n):
        yield {{"n": n}}
        for name, sign in (("stop", signal.SIGINT), ("kill", signal.SIGKILL)):
            if n == 4 and pathlib.Path(name).exists():
                pathlib.Path(name).unlink()
                os.kill(os.getpid(), sign)
"""


@pytest.fixture
def pages(fwk):
    fwk.write("shop/setup.cfg", "[fwk]\nname = shop\n")
    fwk.write("shop/spiders/__init__.py", "")
    fwk.write("shop/spiders/pages.py", _SPIDER)
    fwk.write("shop/settings.py", "")
    fwk.folder /= "shop"
    return fwk


def crawl(pages, *more, end="", output=("-o", "items.jsonl")):
    if end:
        pages.write(end, "")
    ended = pages("crawl", "pages", *output, "-L", "WARNING", *more)
    assert ended.code == (-9 if end == "kill" else 0), ended.said
    return ended


def items(pages, name="items.jsonl"):
    return [json.loads(line)["n"] for line in pages.read(name).splitlines()]


def states(pages):
    listed = pages("jobs")
    assert listed.code == 0, listed.said
    return dict(re.findall(r"(?m)^(\S+)\W+(running|stopped|killed|ended|abandoned|failed|interrupted)", listed.out))


@pytest.mark.parametrize("command", ["resume", "retry"])
def test_a_file_that_another_job_has_taken_over_is_not_touched_by_the_first(pages, command):
    crawl(pages, end="stop")
    first = items(pages)
    assert 0 < len(first) < PAGES
    crawl(pages)
    both = items(pages)
    assert both == first + WHOLE

    rest = pages(command, "pages-1", "-o", "rest.jsonl")

    assert rest.code == 0, rest.said
    assert items(pages) == both
    assert sorted(first + items(pages, "rest.jsonl")) == WHOLE


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_crawl_without_a_job_does_not_write_to_the_file_of_one(pages, end):
    crawl(pages, end=end)
    first = items(pages)

    refused = pages("crawl", "pages", "-o", "items.jsonl", "-s", "FRONTIER=memory")

    assert refused.code == 2
    assert "items.jsonl belongs to job pages-1" in refused.err
    assert items(pages) == first


def test_a_file_that_has_grown_since_is_not_cut(pages):
    crawl(pages, end="stop")
    with (pages.folder / "items.jsonl").open("a") as file:
        file.write('{"n": "mine"}\n')
    grown = items(pages)

    refused = pages("resume", "pages-1")

    assert refused.code == 2
    assert "items.jsonl has grown by 14 bytes since job pages-1 had closed it" in refused.err
    assert states(pages) == {"pages-1": "stopped"}
    rest = pages("resume", "pages-1", "-o", "rest.jsonl")
    assert rest.code == 0, rest.said
    assert items(pages) == grown
    assert sorted(items(pages, "rest.jsonl") + grown[:-1]) == WHOLE


@pytest.mark.parametrize("again", [("crawl", "pages", "-o", "items.jsonl"), ("resume", "pages-1")])
@pytest.mark.parametrize("is_copy", [True, False])
def test_a_project_that_was_moved_or_copied_goes_on_at_its_new_place(pages, is_copy, again):
    crawl(pages, end="kill")
    there, first = pages.folder.with_name("there"), items(pages)
    if is_copy:
        shutil.copytree(pages.folder, there)
    else:
        pages.folder.rename(there)

    ended = pages(*again, folder=there)

    assert ended.code == 0, ended.said
    assert "Continuing job pages-1" in ended.err
    assert sorted(json.loads(line)["n"] for line in (there / "items.jsonl").read_text().splitlines()) == WHOLE
    if is_copy:
        assert items(pages) == first
        assert states(pages) == {"pages-1": "killed"}


@pytest.mark.parametrize("way", ["another file", "a new job", "removed"])
def test_a_file_that_was_begun_in_another_form_is_left_whole_by_what_its_refusal_advises(pages, way):
    output = ("-o", "items.json")
    with_checkpoints = _SPIDER.replace(
        "            yield Req", "            await asyncio.sleep(0.03)\n            yield Req"
    )
    exporter = (
        "import asyncio\n\nfrom framework.exporters import JsonItemExporter as Json\n\n\nclass Mine(Json): pass\n"
    )
    spider = exporter + with_checkpoints.replace('"off"', '"off", "FEED_EXPORTERS": {"json": Mine}, **INDENT')
    pages.write("tree.py", "INDENT = {'FEED_EXPORT_INDENT': 2}\n" + spider)
    (pages.folder / "spiders" / "pages.py").unlink()
    pages.write("kill", "")
    assert pages("runspider", "tree.py", *output, "-L", "WARNING").code == -9
    pages.write("tree.py", "INDENT = {}\n" + spider)

    refused = pages("runspider", "tree.py", *output)
    assert refused.code != 0
    assert "'indent' (FEED_EXPORT_INDENT) was 2 and is 0 now; set it back, name another file, or start" in refused.err
    assert "exporter" not in refused.err
    command = {
        "another file": ("resume", "pages-1", "-o", "rest.json"),
        "a new job": ("runspider", "tree.py", *output, "--new"),
        "removed": ("jobs", "rm", "pages-1"),
    }[way]
    ended = pages(*command)

    assert ended.code == 0, ended.said
    rest = json.loads(pages.read("rest.json")) if way == "another file" else []
    numbers = [item["n"] for item in json.loads(pages.read("items.json")) + rest]
    whole = WHOLE if way != "removed" else []
    assert numbers[len(numbers) - len(whole) :] == whole
    assert numbers[: len(numbers) - len(whole)] == WHOLE[: len(numbers) - len(whole)]
