"""A file whose name is known only when it is begun (batches, times, the spider's name) is one unfinished job's too."""

from __future__ import annotations

import json
import os
import shutil

import pytest

PAGES = 12
WHOLE = list(range(PAGES))
_SPIDER = f"""\
import asyncio
import os
import pathlib
import signal

from framework import Request, Spider


class PagesSpider(Spider):
    name = "pages"
    custom_settings = {{"CONCURRENT_REQUESTS": 1, "CHECKPOINT_INTERVAL": 0.02, "PROGRESS": "off"}}

    async def start(self):
        for number in range({PAGES}):
            await asyncio.sleep(0.03)  # a checkpoint in between
            yield Request(f"data:text/plain,{{number}}", cb_kwargs={{"n": number}}, priority=-number)

    def parse(self, response, n):
        yield {{"n": n}}
        path = pathlib.Path("kill")
        if path.exists() and n >= int(path.read_text()):
            path.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
"""
_BATCHES = ("-s", "FEED_EXPORT_BATCH_ITEM_COUNT=3")


@pytest.fixture
def crawl(fwk):
    """Run the spider from the folder ``x`` or ``y``, which have each a ``.fwk`` of their own; write to ``out``."""
    fwk.write("pages.py", _SPIDER)
    (fwk.folder / "out").mkdir()

    def run(where, output, *more, kill=None, code=None):
        folder = fwk.folder / where
        folder.mkdir(exist_ok=True)
        if kill is not None:
            (folder / "kill").write_text(str(kill))
        ended = fwk("runspider", "../pages.py", "-o", f"../out/{output}", "-L", "WARNING", *more, folder=folder)
        expected = code if code is not None else 0 if kill is None else -9
        assert ended.code == expected, ended.said
        return ended

    return run


def items(fwk, name):
    return [json.loads(line)["n"] for line in fwk.read(f"out/{name}").splitlines()]


def names(fwk):
    return sorted(path.name for path in (fwk.folder / "out").iterdir())


def visible(fwk):
    return [name for name in names(fwk) if not name.startswith(".")]


def all_items(fwk):
    return sorted(n for name in visible(fwk) for n in items(fwk, name))


@pytest.mark.parametrize(("where", "more"), [("x", ()), ("y", ()), ("x", ("-s", "FRONTIER=memory"))])
@pytest.mark.parametrize(
    ("template", "options", "index"),
    [("b-%(batch_id)d.jsonl", _BATCHES, 0), ("b-%(batch_id)d.jsonl", _BATCHES, -1), ("t-%(time)s.jsonl", (), 0)],
)
def test_a_file_that_an_unfinished_job_has_begun_is_refused_by_name(fwk, crawl, where, more, template, options, index):
    crawl("x", template, *options, kill=7)
    file = visible(fwk)[index]
    before = items(fwk, file)

    refused = crawl(where, file, *more, code=2)

    assert f"{file} belongs to job pages-1" in refused.err or f"{file}) belongs to job pages-1" in refused.err
    assert "which is killed" in refused.err
    assert items(fwk, file) == before
    crawl("x", template, *options)
    assert all_items(fwk) == WHOLE
    assert names(fwk) == visible(fwk), "the marks go with the job's end"
    crawl(where, file, *more)
    assert items(fwk, file)[-PAGES:] == WHOLE


@pytest.mark.parametrize(("first", "second"), [("%(name)s.jsonl", "pages.jsonl"), ("pages.jsonl", "%(name)s.jsonl")])
def test_a_file_that_is_called_like_the_spider_is_refused_under_its_other_name(fwk, crawl, first, second):
    crawl("x", first, kill=7)
    before = items(fwk, "pages.jsonl")

    refused = crawl("y", second, code=2)

    assert "belongs to job" in refused.err
    assert "pages-1" in refused.err
    assert items(fwk, "pages.jsonl") == before
    crawl("x", first)
    assert items(fwk, "pages.jsonl") == WHOLE
    assert visible(fwk) == names(fwk)


def test_a_batch_that_would_be_another_jobs_file_stops_the_crawl_before_it_is_touched(fwk, crawl):
    crawl("y", "b-2.jsonl", kill=4)
    before = items(fwk, "b-2.jsonl")

    refused = crawl("x", "b-%(batch_id)d.jsonl", *_BATCHES, code=2)

    assert "b-2.jsonl" in refused.err
    assert "belongs to job" in refused.err
    assert items(fwk, "b-2.jsonl") == before
    crawl("y", "b-2.jsonl")
    assert items(fwk, "b-2.jsonl") == WHOLE
    crawl("x", "b-%(batch_id)d.jsonl", *_BATCHES)
    assert items(fwk, "b-2.jsonl")[:PAGES] == WHOLE
    assert all_items(fwk) == sorted(WHOLE + WHOLE)


@pytest.mark.parametrize(
    ("template", "options"),
    [
        ("b-%(batch_id)d.jsonl", _BATCHES),
        ("%(name)s.jsonl", ()),
        ("t-%(time)s.jsonl", ()),
        ("t-%(time)s.jsonl", ("-s", "CHECKPOINT_INTERVAL=60", "-s", "FEED_STORE_EMPTY=True")),
    ],
)
@pytest.mark.parametrize("again", ["same", "rm"])
def test_what_a_job_wrote_that_could_not_see_the_first_one_stays(fwk, crawl, template, options, again):
    crawl("x", template, *options, kill=7)
    file = visible(fwk)[-1]
    (fwk.folder / "x").rename(fwk.folder / "away")  # as in a container that does not see it
    crawl("y", file)
    (fwk.folder / "away").rename(fwk.folder / "x")
    both = items(fwk, file)
    assert both[-PAGES:] == WHOLE

    if again == "same":
        fwk("runspider", "../pages.py", "-o", f"../out/{template}", *options, folder=fwk.folder / "x")
    else:
        assert fwk("jobs", "rm", "pages-1", folder=fwk.folder / "x").code == 0

    assert items(fwk, file)[: len(both)] == both


def test_a_job_whose_file_another_has_written_to_goes_on_in_a_new_one(fwk, crawl):
    crawl("x", "%(name)s.jsonl", kill=7)
    (fwk.folder / "x").rename(fwk.folder / "away")
    crawl("y", "pages.jsonl")
    (fwk.folder / "away").rename(fwk.folder / "x")
    both = items(fwk, "pages.jsonl")

    refused = crawl("x", "%(name)s.jsonl", code=1)
    rest = fwk("resume", "pages-1", "-o", "../out/rest.jsonl", folder=fwk.folder / "x")

    assert "pages.jsonl was taken over by something else" in refused.err
    assert rest.code == 0, rest.said
    assert items(fwk, "pages.jsonl") == both
    assert set(items(fwk, "rest.jsonl")) < set(WHOLE)


@pytest.mark.parametrize("over", ["given up", "new"])
def test_files_of_a_job_that_was_given_up_are_free_and_those_of_the_next_are_not_cut_when_it_goes_on(fwk, crawl, over):
    crawl("x", "b-%(batch_id)d.jsonl", *_BATCHES, kill=7)
    if over == "given up":
        assert fwk("jobs", "rm", "pages-1", folder=fwk.folder / "x").code == 0
        assert names(fwk) == visible(fwk)
    else:
        crawl("x", "b-%(batch_id)d.jsonl", "--new", *_BATCHES, kill=10)
        assert fwk("jobs", "rm", "pages-2", folder=fwk.folder / "x").code == 0
    crawl("y", "b-3.jsonl")
    both = items(fwk, "b-3.jsonl")
    assert both[-PAGES:] == WHOLE

    if over == "new":
        resumed = fwk("resume", "pages-1", folder=fwk.folder / "x")
        assert resumed.code != 0, resumed.said
    assert items(fwk, "b-3.jsonl") == both


@pytest.mark.parametrize("how", [os.rename, shutil.copytree])
def test_a_job_that_is_moved_or_copied_with_its_files_goes_on(fwk, crawl, how):
    fwk.folder /= "shop"
    fwk.folder.mkdir()
    fwk.write("pages.py", _SPIDER)
    output = ("-o", "out/b-%(batch_id)d.jsonl", "-L", "WARNING", *_BATCHES)
    (fwk.folder / "kill").write_text("7")
    assert fwk("runspider", "pages.py", *output).code == -9
    moved = fwk.folder.parent / "moved"
    how(fwk.folder, moved)
    fwk.folder = moved

    resumed = fwk("resume", "pages-1")

    assert resumed.code == 0, resumed.said
    assert all_items(fwk) == WHOLE
    assert names(fwk) == visible(fwk)
