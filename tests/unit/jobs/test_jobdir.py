from __future__ import annotations

from framework.jobs.jobdir import clear, folder_of


def test_one_folder_is_spelled_in_one_way(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert folder_of("a/../crawl") == folder_of("~/crawl") == tmp_path.resolve() / "crawl"


def test_only_what_a_crawl_stored_is_cleared(tmp_path):
    for name in ("frontier.db", "frontier.db-wal", "inflight", "job.json", "lock", "mine.txt", "requests.seen"):
        (tmp_path / name).touch()
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "1.json").touch()
    (tmp_path / "mongo").mkdir()

    clear(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "job.json",
        "lock",
        "mine.txt",
        "mongo",
        "requests.seen",
    ]
