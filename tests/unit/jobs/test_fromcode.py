from __future__ import annotations

from pathlib import Path

import pytest

from framework.exceptions import SettingsError, UsageError
from framework.jobs import Output, job_from_code, jobs_folder, wants_job
from framework.settings import Settings


@pytest.mark.parametrize(
    ("values", "is_command", "expected"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"JOBDIR": "crawl"}, False, True),
        ({"JOBDIR": ""}, False, False),
        ({"FRONTIER": "sqlite"}, False, True),
        ({"FRONTIER": "memory"}, True, False),
        ({"FRONTIER": "memory", "JOBDIR": ""}, True, False),
    ],
)
def test_which_crawls_are_jobs(values, is_command, expected):
    assert wants_job(Settings(values), is_command=is_command) is expected


@pytest.mark.parametrize("is_command", [True, False])
def test_a_jobdir_for_a_crawl_that_keeps_nothing_is_refused(is_command):
    with pytest.raises(SettingsError, match=r"JOBDIR = 'crawl'.* has no effect with FRONTIER = 'memory'"):
        wants_job(Settings({"FRONTIER": "memory", "JOBDIR": "crawl"}), is_command=is_command)


def test_the_folder_of_all_jobs_is_the_projects(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    jobs = jobs_folder(Settings({"JOBS_KEEP": 3}), Path("/project"))

    assert (jobs.path, jobs.keep) == (Path("/project/.fwk/jobs"), 3)
    assert jobs_folder(Settings()).path == tmp_path.resolve() / ".fwk" / "jobs"
    assert jobs_folder(Settings({"JOBS_FOLDER": "/var/jobs"}), Path("/project")).path == Path("/var/jobs")


def test_a_crawl_from_code_is_a_job_where_settings_say_so(desk):
    def begin(values, *args, **kwargs):
        outputs = {"mongodb://host/shop": Output("mongodb://host/shop")}
        return job_from_code(Settings(values), "books", args, kwargs, cut_outputs=desk.cut_outputs, outputs=outputs)

    assert begin({}) is None
    with begin({"FRONTIER": "sqlite"}, 3, category="poetry") as live:
        live.opened()
        (live.folder / "frontier.db").touch()
        assert live.record.arguments == {"0": "3", "category": "poetry"}
        assert list(live.record.outputs) == ["mongodb://host/shop"]
        assert live.record.command["kind"] == "code"
    with begin({"FRONTIER": "sqlite"}, 3, category="poetry") as live:
        assert live.is_resumed
    with begin({"JOBDIR": "crawl"}) as live:
        assert live.folder == desk.folder / "crawl"


@pytest.mark.parametrize("place", [".", "scripts"])
def test_a_crawl_that_is_no_job_does_not_write_to_the_file_of_one(desk, monkeypatch, place):
    desk.crawl(end=("stopped", "shutdown"))
    (desk.folder / place).mkdir(exist_ok=True)
    monkeypatch.chdir(desk.folder / place)

    def begin(file):
        feeds = {"FEEDS": {str(desk.folder / file): {}}}
        return job_from_code(Settings(feeds), "poems", (), {}, cut_outputs=desk.cut_outputs)

    with pytest.raises(UsageError, match=r"items.jsonl belongs to job books-1( \(/.*\))?, which is stopped"):
        begin("items.jsonl")
    assert begin("other.jsonl") is None
