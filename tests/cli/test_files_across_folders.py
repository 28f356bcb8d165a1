"""A file belongs to one unfinished job, wherever the other jobs are kept, and in whatever files that job goes on."""

from __future__ import annotations

import json
import re
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
        for name, sign in (("stop", signal.SIGINT), ("kill", signal.SIGKILL)):
            if n in (4, 8) and pathlib.Path(name).exists():
                pathlib.Path(name).unlink()
                os.kill(os.getpid(), sign)
"""


@pytest.fixture
def crawl(fwk):
    """Run the spider from the folder ``x`` or ``y``, which have each a ``.fwk`` of their own."""
    fwk.write("pages.py", _SPIDER)

    def run(where, *more, end="", output=("-o", "../items.jsonl"), code=None):
        folder = fwk.folder / where
        folder.mkdir(exist_ok=True)
        if end:
            (folder / end).write_text("")
        ended = fwk("runspider", "../pages.py", *output, "-L", "WARNING", *more, folder=folder)
        expected = code if code is not None else -9 if end == "kill" else 0
        assert ended.code == expected, ended.said
        return ended

    return run


def items(fwk, name="items.jsonl"):
    return [json.loads(line)["n"] for line in fwk.read(name).splitlines()]


def names(fwk):
    return {path.name for path in fwk.folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("end", ["kill", "stop"])
@pytest.mark.parametrize("more", [(), ("-s", "FRONTIER=memory"), ("-s", "JOBDIR=mine"), ("--new",)])
def test_a_file_of_an_unfinished_job_of_another_folder_is_refused_by_name(fwk, crawl, end, more):
    crawl("x", end=end)
    before = items(fwk)

    refused = crawl("y", *more, code=2)

    folder = fwk.folder / "x" / ".fwk" / "jobs" / "pages-1"
    assert re.search(rf"items.jsonl\)? belongs to job pages-1 \({folder}\), which is (killed|stopped)", refused.err)
    assert f"fwk resume {folder}" in refused.err
    assert items(fwk) == before
    if end == "kill":
        assert crawl("x").code == 0
        assert items(fwk) == WHOLE
        assert names(fwk) == {"pages.py", "items.jsonl"}, "the mark goes with the job's end"


@pytest.mark.parametrize("verb", [("resume",), ("jobs", "rm")])
def test_the_advice_that_names_the_folder_works_from_elsewhere(fwk, crawl, verb):
    crawl("x", end="kill")
    crawl("y", code=2)

    done = fwk(*verb, str(fwk.folder / "x" / ".fwk" / "jobs" / "pages-1"), folder=fwk.folder / "y")

    assert done.code == 0, done.said
    assert names(fwk) == {"pages.py", "items.jsonl"}
    first = items(fwk)
    assert first == (WHOLE if verb == ("resume",) else first)
    crawl("y")
    assert items(fwk) == first + WHOLE


@pytest.mark.parametrize("over", ["ended", "removed", "given up"])
def test_a_job_that_is_over_holds_no_file_up(fwk, crawl, over):
    crawl("x", end="" if over == "ended" else "kill")
    if over == "removed":
        shutil.rmtree(fwk.folder / "x")
    if over == "given up":
        assert fwk("jobs", "rm", "pages-1", folder=fwk.folder / "x").code == 0
    before = len(items(fwk))

    crawl("y")

    assert items(fwk)[before:] == WHOLE
    assert names(fwk) == {"pages.py", "items.jsonl"}


@pytest.mark.parametrize("again", ["same", "resume", "new", "rm"])
@pytest.mark.parametrize("other", ["killed", "ended"])
def test_lines_that_another_job_wrote_are_never_cut_off(fwk, crawl, again, other):
    crawl("x", end="kill")
    (fwk.folder / "x").rename(fwk.folder / "away")  # as in a container that does not see it
    crawl("y", end="kill" if other == "killed" else "")
    (fwk.folder / "away").rename(fwk.folder / "x")
    both = items(fwk)

    if again == "same":
        refused = crawl("x", code=2)
        by = "belongs to job pages-1" if other == "killed" else "something else"
        assert by in refused.err or "taken over by job pages-1" in refused.err
    elif again == "resume":
        crawl("x", "--resume", output=("-o", "../items.jsonl"), code=2)
        rest = fwk("resume", "pages-1", "-o", "rest.jsonl", folder=fwk.folder / "x")
        assert rest.code == 0, rest.said
    elif again == "new":
        crawl("x", "--new", code=2 if other == "killed" else 0)
    else:
        assert fwk("jobs", "rm", "pages-1", folder=fwk.folder / "x").code == 0

    assert items(fwk)[: len(both)] == both


def test_lines_behind_those_of_a_job_that_was_given_up_stay(fwk, crawl):
    crawl("x", end="stop")
    crawl("x", "--new", output=("-o", "../items.jsonl"), end="kill")
    assert fwk("jobs", "rm", "pages-2", folder=fwk.folder / "x").code == 0
    crawl("x", output=("-o", "../other.jsonl"), end="kill")
    crawl("x", "--new", output=("-o", "../other.jsonl"), end="kill")
    assert fwk("jobs", "rm", "pages-3", folder=fwk.folder / "x").code == 0
    crawl("y")
    both = items(fwk)

    resumed = fwk("resume", "pages-1", folder=fwk.folder / "x")

    assert resumed.code == 2, resumed.said
    assert items(fwk) == both


def test_a_file_in_which_an_unfinished_job_does_not_go_on_is_not_emptied(fwk, crawl):
    crawl("x", output=("-O", "a.jsonl"), end="kill")
    (fwk.folder / "x" / "kill").write_text("")
    assert fwk("resume", "pages-1", "-o", "b.jsonl", folder=fwk.folder / "x").code == -9
    before = items(fwk, "x/a.jsonl")
    assert before

    refused = crawl("x", output=("-O", "a.jsonl"), code=2)

    assert "a.jsonl belongs to job pages-1, which is killed" in refused.err
    assert "and goes on in b.jsonl; go on with it (fwk resume pages-1)" in refused.err
    crawl("y", output=("-O", "../x/a.jsonl"), code=2)
    assert items(fwk, "x/a.jsonl") == before
    rest = fwk("resume", "pages-1", folder=fwk.folder / "x")
    assert rest.code == 0, rest.said
    assert sorted(before + items(fwk, "x/b.jsonl")) == WHOLE
    crawl("x", output=("-O", "a.jsonl"))
    assert items(fwk, "x/a.jsonl") == WHOLE


def test_a_job_in_a_jobdir_does_not_go_back_to_the_file_that_it_began_with(fwk, crawl):
    jobdir = ("-s", "JOBDIR=mine")
    crawl("x", *jobdir, output=("-O", "a.jsonl"), end="kill")
    crawl("x", *jobdir, output=("-O", "b.jsonl"), end="kill")
    before = items(fwk, "x/a.jsonl")

    refused = crawl("x", *jobdir, output=("-O", "a.jsonl"), code=2)

    assert "a.jsonl holds what job pages-1 wrote before it went on in another file" in refused.err
    assert crawl("x", *jobdir, output=("-o", "a.jsonl"), code=2).err == refused.err
    assert items(fwk, "x/a.jsonl") == before
    crawl("x", *jobdir, output=("-O", "b.jsonl"))
    assert sorted(before + items(fwk, "x/b.jsonl")) == WHOLE
