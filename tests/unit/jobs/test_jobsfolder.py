from __future__ import annotations

import pytest

from framework.exceptions import UsageError
from framework.jobs import JobError, JobsFolder, Record
from framework.jobs.jobsfolder import JobsFolder as Folder


def test_numbers_grow_and_are_not_used_again_while_higher_ones_exist(desk):
    for _ in range(3):
        desk.crawl(end=("ended", "finished"))
    desk.jobs.delete(desk.jobs.path / "books-2")

    assert desk.crawl(end=("ended", "finished")).name == "books-4"


@pytest.mark.parametrize(
    ("spider", "name"),
    [
        ("a/b c", "a_b_c-1"),
        ("../..", "_..-1"),
        (".", "spider-1"),
        ("bücher", "bücher-1"),
        ("x" * 300, f"{100 * 'x'}-1"),
    ],
)
def test_any_spiders_name_makes_a_folder(desk, spider, name):
    assert desk.jobs.new_name(spider) == name


def test_the_folder_of_all_jobs_is_no_part_of_a_repository(desk):
    desk.crawl()

    assert (desk.folder / ".fwk" / ".gitignore").read_text() == "*\n"

    other = JobsFolder(desk.folder / "elsewhere")
    with other.guarded():
        pass
    assert (other.path / ".gitignore").exists()
    assert not (desk.folder / ".gitignore").exists()


def test_what_died_half_made_or_half_removed_is_swept_and_never_seen(desk):
    desk.crawl(end=("ended", "finished"))
    for name in (".new-books-2", ".gone-books-0"):
        (desk.jobs.path / name).mkdir()
        Record(name=name, id="", spider="books").save(desk.jobs.path / name)

    assert list(desk.states()) == ["books-1"]
    desk.crawl()
    assert sorted(path.name for path in desk.jobs.path.iterdir() if path.is_dir()) == ["books-1", "books-2"]


def test_jobs_come_in_the_order_of_their_last_run(desk):
    desk.crawl(end=("ended", "closespider_timeout"))
    desk.crawl(desk.command("poems", {}))
    desk.crawl(choice="resume")

    assert list(desk.states()) == ["poems-1", "books-1"]


def test_a_job_is_found_by_name_or_folder_and_a_near_miss_is_helped(desk):
    live = desk.crawl(jobdir="crawl")

    assert desk.jobs.find(live.name).is_elsewhere
    assert desk.jobs.find("crawl").name == live.name
    with pytest.raises(UsageError, match="there is no job 'boks-1'; did you mean 'books-1'"):
        desk.jobs.find("boks-1")
    with pytest.raises(UsageError, match="fwk jobs lists them"):
        desk.jobs.find("xyz")
    with pytest.raises(UsageError, match="has none"):
        JobsFolder(desk.folder / "empty").find("")


def test_jobs_elsewhere_are_forgotten_when_their_folder_is_gone(desk):
    first, second = desk.crawl(desk.command(feeds={}), jobdir="one"), desk.crawl(desk.command(feeds={}), jobdir="two")
    (first.folder / "frontier.db").unlink()
    (first.folder / "job.json").unlink()

    assert list(desk.states()) == [second.name]
    desk.crawl(desk.command("poems", {}), jobdir="three")
    assert '"one"' not in (desk.jobs.path / "elsewhere.json").read_text()


def test_a_damaged_list_of_jobs_elsewhere_is_refused_by_name(desk):
    desk.crawl(jobdir="crawl")
    (desk.jobs.path / "elsewhere.json").write_text("")

    with pytest.raises(JobError, match=r"elsewhere.json is damaged.*remove it"):
        desk.jobs.jobs()


def test_a_jobdir_among_the_other_jobs_is_noted_once(desk):
    desk.crawl(jobdir=desk.jobs.path / "mine")

    assert list(desk.states()) == ["books-1"]
    assert not (desk.jobs.path / "elsewhere.json").exists()


def test_a_folder_that_cannot_be_made_is_named(desk, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(JobError, match=r"cannot make the folder of jobs .*JOBS_FOLDER"):
        JobsFolder(tmp_path / "file" / "jobs").guarded().__enter__()
    with pytest.raises(JobError, match="cannot make the job folder"):
        desk.decide(jobdir="file")
    assert JobsFolder(tmp_path / "file" / "jobs").jobs() == []


@pytest.mark.parametrize("step", ["mkdir", "rename"])
def test_a_job_that_cannot_be_made_leaves_none(desk, monkeypatch, step):
    desk.crawl(end=("ended", "finished"))

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(desk.folder), step, fail)
    with pytest.raises(JobError, match=r"cannot make the job .*books-2: No space left"):
        desk.decide()
    monkeypatch.undo()

    assert list(desk.states()) == ["books-1"]
    desk.crawl(end=("ended", "finished"))


def test_a_record_that_cannot_be_written_leaves_no_job_and_no_lock(desk, monkeypatch):
    def fail(*args):
        raise JobError("the disk is full")

    with monkeypatch.context() as broken:  # the other patches, the working folder among them, stay
        broken.setattr(Record, "save", fail)
        for jobdir in (None, "crawl"):
            with pytest.raises(JobError, match="full"):
                desk.decide(jobdir=jobdir)

    assert desk.states() == {}
    desk.crawl(jobdir="crawl")


def test_a_folder_that_cannot_be_read_is_named(desk, monkeypatch):
    desk.crawl()

    def fail(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(desk.folder), "iterdir", fail)
    with pytest.raises(JobError, match="cannot read"):
        desk.jobs.jobs()


def test_a_job_that_cannot_be_removed_is_named(desk, monkeypatch):
    live = desk.crawl()
    monkeypatch.setattr("shutil.rmtree", _fail)

    with pytest.raises(JobError, match="cannot remove the job"):
        Folder(desk.jobs.path).delete(live.folder)


def _fail(*args, **kwargs):
    raise OSError(13, "Permission denied")


def test_a_folder_that_cannot_be_synced_is_named(desk, monkeypatch):
    desk.crawl(end=("ended", "finished"))
    monkeypatch.setattr("framework.jobs.jobsfolder.sync_folder", _fail)

    with pytest.raises(JobError, match="cannot make the job"):
        desk.decide()
