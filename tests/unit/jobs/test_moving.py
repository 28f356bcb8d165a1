"""Projects that were moved or copied with their jobs."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import pytest

from framework.exceptions import UsageError
from framework.jobs import JobError, JobsFolder, Output, go_on, own_outputs
from framework.jobs.moving import way_to
from framework.jobs.record import read_record

STOPPED = ("stopped", "shutdown")


def in_project(desk, folder, monkeypatch):
    """Work in a project of this folder from now on."""
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    desk.folder = folder
    desk.jobs = JobsFolder(folder / ".fwk" / "jobs", clock=desk.clock, root=folder)


@pytest.fixture
def shop(desk, monkeypatch):
    in_project(desk, desk.folder / "shop", monkeypatch)
    return desk


def moved(desk, monkeypatch):
    there = desk.folder.with_name("moved")
    desk.folder.rename(there)
    in_project(desk, there, monkeypatch)


def copied(desk, monkeypatch):
    there = desk.folder.with_name("copied")
    shutil.copytree(desk.folder, there)
    in_project(desk, there, monkeypatch)


@pytest.mark.parametrize("go", [moved, copied])
@pytest.mark.parametrize("jobdir", [None, "crawls/one"])
def test_a_project_at_another_place_goes_on_with_its_jobs_there(shop, monkeypatch, go, jobdir):
    shop.crawl(jobdir=jobdir)
    go(shop, monkeypatch)

    job = shop.jobs.find("books-1")
    assert job.record.command["folder"] == str(shop.folder)
    live = shop.crawl(jobdir=jobdir)

    assert (live.is_resumed, live.folder.is_relative_to(shop.folder)) == (True, True)
    assert list(live.record.outputs) == [str(shop.folder / "items.jsonl")]
    assert shop.states() == {"books-1": "killed"}


def test_what_is_known_of_files_moves_with_them(shop, monkeypatch):
    shop.crawl(end=("ended", "closespider_pagecount"))
    (shop.folder / "items.jsonl").write_text("ours\n")
    live = shop.decide()
    with live:
        shop.store(live, pages=12, pending=3)
        live.opened()
        live.end(*STOPPED, {str(shop.folder / "items.jsonl"): (str(shop.folder / "items.jsonl"), 3)})
    moved(shop, monkeypatch)

    with pytest.raises(UsageError, match=r"items.jsonl was taken over by job books-2"):
        go_on(shop.jobs, shop.jobs.find("books-1"), shop.command(), cut_outputs=shop.cut_outputs)
    with pytest.raises(UsageError, match=r"items.jsonl has grown by 2 bytes"):
        shop.decide(choice="resume")


def test_the_command_is_given_where_the_project_is(shop, monkeypatch):
    command = shop.command()
    given = [("-o", f"{shop.folder}/a.csv:csv"), ("-O", f"file://{shop.folder}/b.csv"), ("-o", "c.csv")]
    object.__setattr__(command, "given", given)
    object.__setattr__(command, "target", f"{shop.folder}/spiders/books.py")
    live = shop.crawl(command)
    text = (live.folder / "job.json").read_text()
    assert str(shop.folder) not in text.replace(f'"home": "{live.folder}"', "")

    moved(shop, monkeypatch)
    kept = shop.jobs.find("books-1").record.command

    assert kept["given"] == [
        ["-o", f"{shop.folder}/a.csv:csv"], ["-O", f"file://{shop.folder}/b.csv"], ["-o", "c.csv"],
    ]  # fmt: skip
    assert kept["target"] == f"{shop.folder}/spiders/books.py"


def test_a_file_outside_that_a_copy_shares_stays_the_originals(shop, monkeypatch):
    outside = {"../outside.jsonl": {}, "items.jsonl": {}}
    first = shop.crawl(shop.command(feeds=outside))
    copied(shop, monkeypatch)

    with pytest.raises(UsageError, match=r"outside.jsonl was taken over by job books-1 \(.*shop/.fwk/jobs/books-1\)"):
        shop.decide(shop.command(feeds=outside))
    own = own_outputs(shop.jobs.path / "books-1")
    assert (own("feed ../outside.jsonl"), own("feed items.jsonl")) == (False, True)

    shutil.rmtree(first.folder)
    shop.crawl(shop.command(feeds=outside))


def test_an_output_with_an_absolute_name_is_not_found_again_and_that_is_said(shop, monkeypatch):
    shop.crawl(shop.command(feeds={str(shop.folder / "items.jsonl"): {}}), end=STOPPED)
    moved(shop, monkeypatch)
    command = shop.command(feeds={str(shop.folder / "items.jsonl"): {}})

    with pytest.raises(UsageError, match=r"moved/items.jsonl belongs to job books-1, which is stopped"):
        shop.decide(command)
    with pytest.raises(
        UsageError, match=r"was moved, and its output .*moved/items.jsonl was called .*shop/items.jsonl"
    ):
        go_on(shop.jobs, shop.jobs.find("books-1"), command, cut_outputs=shop.cut_outputs)
    with pytest.raises(JobError, match=r"job books-1 was moved and writes .* by its absolute name"):
        own_outputs(shop.jobs.path / "books-1")


def test_a_job_that_cannot_be_found_again_is_named(desk, monkeypatch):
    for folder in (desk.folder / "first", desk.folder / "second"):
        folder.mkdir()
        monkeypatch.chdir(folder)
        desk.folder = folder
        live = desk.crawl()
        folder.rename(folder.with_name(f"gone-{folder.name}"))

    assert live.name == "books-2"
    assert live.said == [
        f"note: job books-1 of this spider was begun in {folder.with_name('first')}, which is gone: where that was "
        "moved, it cannot go on here; this is a new job"
    ]


def test_a_copy_of_a_job_is_called_like_its_folder_and_leaves_files_to_the_original(shop):
    first = shop.crawl()
    shutil.copytree(first.folder, first.folder.with_name("spare"))

    assert shop.states() == {"books-1": "killed", "spare": "killed"}
    assert not own_outputs(shop.jobs.find("spare").folder)("feed items.jsonl")
    with pytest.raises(UsageError, match="taken over by job books-1 "):
        go_on(shop.jobs, shop.jobs.find("spare"), shop.command(), cut_outputs=shop.cut_outputs)
    assert shop.crawl().name == "books-1"


def test_a_copy_of_a_jobdir_is_named_by_its_folder(shop):
    first = shop.crawl(jobdir="one")
    shutil.copytree(first.folder, shop.folder / "two")

    with pytest.raises(UsageError, match=r"taken over by job books-1 \(.*/one\).* fwk resume .*/two -o FILE"):
        shop.decide(jobdir="two")
    shop.crawl(shop.command(feeds={"rest.jsonl": {}}), jobdir="two")

    assert shop.states() == {"one": "killed", "two": "killed"}


def test_a_job_that_is_reached_by_another_way_is_no_copy(shop, monkeypatch):
    shop.crawl()
    link = shop.folder.with_name("link")
    link.symlink_to(shop.folder)

    assert read_record(link / ".fwk/jobs/books-1").taken == {}


def test_an_original_that_is_another_job_now_or_damaged_counts_for_nothing(shop, monkeypatch):
    first = shop.crawl()
    copied(shop, monkeypatch)
    for content in ("{}", (first.folder / "job.json").read_text().replace(first.record.id, "0" * 32)):
        (first.folder / "job.json").write_text(content)

        assert read_record(shop.jobs.path / "books-1").taken == {}


def test_what_lies_outside_of_the_project_keeps_its_paths():
    assert way_to(Path("/project"), Path("/project/.fwk/jobs/a-1")) == "../../.."
    assert way_to(Path("/project"), Path("/elsewhere/a-1")) == ""
    assert way_to(Path("/"), Path("/a-1")) == ""
    assert way_to(None, Path("/a-1")) == ""
    assert os.path.normpath("/project/.fwk/jobs/a-1/../../..") == "/project"


@pytest.mark.parametrize(("uri", "is_shared"), [("mongodb://host", True), ("embedded", False)])
def test_a_copy_leaves_a_database_on_a_server_to_the_original(shop, monkeypatch, uri, is_shared):
    command = shop.command()
    outputs = {**command.key.outputs, "mongodb": Output(f"{uri} shop books")}
    command = dataclasses.replace(command, key=dataclasses.replace(command.key, outputs=outputs))
    shop.crawl(command)
    copied(shop, monkeypatch)
    here = dataclasses.replace(command.key, outputs={"mongodb": outputs["mongodb"]})

    assert own_outputs(shop.jobs.path / "books-1")("mongodb") is not is_shared
    assert own_outputs(shop.jobs.path / "books-1")("ledger")
    if is_shared:
        with pytest.raises(UsageError, match=r"mongodb://host shop books was taken over by job books-1 .*--new"):
            shop.jobs.find("books-1").refuse_key(here)
    else:
        shop.jobs.find("books-1").refuse_key(here)
