from __future__ import annotations

import asyncio
import errno
import io
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework import signals
from framework.exceptions import ExportError
from framework.feeds import build_feeds
from framework.protocols import Sink

Feed = Callable[..., Any]
Crawl = Callable[..., dict[str, Any]]
NAMES = ["a.jsonl", "a.json", "a.csv", "a.xml"]
ITEMS = [{"n": i, "t": "é" * i} for i in range(5)]


def test_a_feed_is_a_sink(feed: Feed) -> None:
    assert isinstance(feed("a.jsonl"), Sink)


def test_items_are_in_the_file_after_each_checkpoint(feed: Feed) -> None:
    async def scenario() -> None:
        sink = feed("deep/er/a.jsonl", durable=True)
        await sink.open(None)
        sink.hand(1, [(0, {"n": 1}), (1, {"n": 2})])
        assert sink.path.read_bytes() == b""

        cut = sink.seal()
        sink.hand(2, [(0, {"n": 3})])
        await sink.write(cut)
        assert sink.path.read_bytes() == b'{"n":1}\n{"n":2}\n'
        assert (cut["offset"], cut["items"]) == (16, 2)

        await sink.close()
        assert sink.path.read_bytes() == b'{"n":1}\n{"n":2}\n{"n":3}\n'
        assert sink.item_count == 3

    asyncio.run(scenario())


def test_a_write_takes_nothing_that_was_sealed_later(feed: Feed) -> None:
    async def scenario() -> None:
        sink = feed("a.jsonl")
        await sink.open(None)
        sink.hand(1, [(0, {"n": 1})])
        first = sink.seal()
        sink.hand(2, [(0, {"n": 2})])
        second = sink.seal()

        await sink.write(first)
        assert sink.path.read_bytes() == b'{"n":1}\n'
        await sink.write(first)
        await sink.write(json.loads(json.dumps(second)))
        assert sink.path.read_bytes() == b'{"n":1}\n{"n":2}\n'
        await sink.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kept", range(5))
@pytest.mark.parametrize("lost", [0, 2])
def test_a_killed_crawl_resumed_gives_the_same_file(name: str, kept: int, lost: int, feed: Feed, crawl: Crawl) -> None:
    reference = feed("reference/" + name)
    crawl(reference, ITEMS)

    first = feed(name)
    cuts = crawl(first, ITEMS[:kept], close=False)
    # What was written after the last committed checkpoint, and even a footer, must go.
    with first.path.open("ab") as file:
        file.write(b"garbage"[:lost])
    cut = json.loads(json.dumps(cuts[first.name]))
    second = feed(name)
    crawl(second, ITEMS[kept:], cut)

    assert second.path.read_bytes() == reference.path.read_bytes()
    assert second.item_count == len(ITEMS)


@pytest.mark.parametrize("name", NAMES)
def test_a_crawl_stopped_cleanly_can_be_resumed(name: str, feed: Feed, crawl: Crawl) -> None:
    reference = feed("reference/" + name)
    crawl(reference, ITEMS)

    first, second = feed(name), feed(name)
    cuts = crawl(first, ITEMS[:2])
    crawl(second, ITEMS[2:], cuts[first.name])

    assert second.path.read_bytes() == reference.path.read_bytes()


def test_a_crawl_that_continues_an_old_file_can_be_killed_and_resumed(feed: Feed, crawl: Crawl) -> None:
    crawl(feed("a.json"), ITEMS[:1])

    first, second = feed("a.json"), feed("a.json")
    cuts = crawl(first, ITEMS[1:3], close=False)
    crawl(second, ITEMS[3:], cuts[first.name])

    assert json.loads(second.path.read_text()) == ITEMS


def test_overwriting_happens_once_in_a_job(feed: Feed, crawl: Crawl) -> None:
    first, second = feed("a.jsonl", overwrite=True), feed("a.jsonl", overwrite=True)

    cuts = crawl(first, ITEMS[:2], close=False)
    crawl(second, ITEMS[2:], cuts[first.name])

    assert len(second.path.read_text().splitlines()) == len(ITEMS)


def test_a_resumed_job_keeps_the_name_that_its_file_began_with(
    tmp_path: Path, crawler: Callable[..., Any], crawl: Crawl
) -> None:
    feeds: dict[str, Any] = {str(tmp_path / "%(shelf)s.jsonl"): {}}
    [first] = build_feeds(crawler(feeds))
    cuts = crawl(first, ITEMS[:1], close=False)

    later = crawler(feeds)
    later.spider.shelf = 8
    [second] = build_feeds(later)
    crawl(second, ITEMS[1:], cuts[first.name])

    assert [path.name for path in tmp_path.iterdir()] == ["7.jsonl"]
    assert len((tmp_path / "7.jsonl").read_text().splitlines()) == len(ITEMS)


def test_a_file_shorter_than_the_cut_is_refused(feed: Feed, crawl: Crawl) -> None:
    sink = feed("a.jsonl")
    cuts = crawl(sink, ITEMS, close=False)
    sink.path.write_bytes(b"short")

    with pytest.raises(ExportError, match=r"has 5 bytes, but \d+ were written to it before"):
        crawl(feed("a.jsonl"), [], cuts[sink.name])

    assert sink.path.read_bytes() == b"short"


def test_a_file_that_is_gone_is_refused_and_not_made(feed: Feed, crawl: Crawl) -> None:
    sink = feed("a.jsonl")
    cuts = crawl(sink, ITEMS, close=False)
    sink.path.unlink()

    with pytest.raises(ExportError, match="is gone, but this job wrote to it"):
        crawl(feed("a.jsonl"), [], cuts[sink.name])

    assert not sink.path.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b""),
        ("a.json", b"[]\n"),
        ("a.csv", b""),
        ("a.xml", b'<?xml version="1.0" encoding="utf-8"?>\n<items>\n</items>\n'),
    ],
)
def test_without_items_a_valid_file_is_left(name: str, content: bytes, feed: Feed, crawl: Crawl) -> None:
    sink = feed(name)

    crawl(sink, [])

    assert sink.path.read_bytes() == content


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cut_first", [False, True])
def test_without_items_no_file_is_left_on_request(name: str, cut_first: bool, feed: Feed, crawl: Crawl) -> None:
    sink = feed(name, store_empty=False)
    if cut_first:
        cut = crawl(feed(name, store_empty=False), [], close=False)[sink.name]
        crawl(sink, [], cut)
    else:
        crawl(sink, [])

    assert not sink.path.exists()


@pytest.mark.parametrize("name", NAMES)
def test_items_after_a_kill_before_the_first_are_written_whole(name: str, feed: Feed, crawl: Crawl) -> None:
    reference = feed("reference/" + name)
    crawl(reference, ITEMS)
    first, second = feed(name, store_empty=False), feed(name, store_empty=False)

    cuts = crawl(first, [], close=False)
    crawl(second, ITEMS, cuts[first.name])

    assert second.path.read_bytes() == reference.path.read_bytes()


def test_an_old_file_stays_where_a_feed_without_items_is_not_wanted(feed: Feed, crawl: Crawl) -> None:
    crawl(feed("a.json"), ITEMS)

    crawl(feed("a.json", store_empty=False), [])

    assert json.loads(feed("a.json").path.read_text()) == ITEMS


def test_a_file_that_somebody_removed_meanwhile_is_no_error(feed: Feed) -> None:
    async def scenario() -> None:
        sink = feed("a.jsonl", store_empty=False)
        await sink.open(None)
        sink.path.unlink()
        await sink.close()

    asyncio.run(scenario())


def test_an_output_that_cannot_be_opened_is_told_with_a_remedy(tmp_path: Path, feed: Feed, crawl: Crawl) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.json").mkdir()

    with pytest.raises(ExportError, match=r"cannot open the output .*folder.json: Is a directory; it is a folder"):
        crawl(feed("folder.json"), [])
    with pytest.raises(ExportError, match=r"cannot open the output .*a.json: .*; "):
        crawl(feed("file/a.json"), [])


def test_closing_what_was_never_opened_does_nothing(feed: Feed) -> None:
    sink = feed("a.json")

    asyncio.run(sink.close())

    assert not sink.path.exists()


def test_an_item_that_cannot_be_written_does_not_take_the_others_along(
    feed: Feed, crawl: Crawl, caplog: pytest.LogCaptureFixture
) -> None:
    sink = feed("a.json")

    crawl(sink, [{"n": 1}, {"n": object()}, {"n": 2}])

    assert json.loads(sink.path.read_text()) == [{"n": 1}, {"n": 2}]
    assert (sink.item_count, sink.failed_count) == (2, 1)
    assert sink._crawler.stats.values["feedexport/failed_item_count"] == 1
    assert "field 'n' of dict: the object" in caplog.text
    assert "Traceback" not in caplog.text


def test_many_failures_do_not_fill_the_log(feed: Feed, crawl: Crawl, caplog: pytest.LogCaptureFixture) -> None:
    sink = feed("a.jsonl")

    crawl(sink, [{"n": object()}] * 30)

    assert sink.failed_count == 30
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == 11


def test_half_an_item_of_a_faulty_exporter_is_removed(
    tmp_path: Path, crawler: Callable[..., Any], crawl: Crawl, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty:
        def __init__(self, file: Any, **options: Any) -> None:
            self.file = file

        def start_exporting(self) -> None:
            """Write nothing."""

        finish_exporting = start_exporting

        def export_item(self, item: Any) -> None:
            self.file.write(b"half")
            if item["n"] == 2:
                raise RuntimeError("oops")
            self.file.write(b"-whole\n")

    [sink] = build_feeds(crawler({str(tmp_path / "a"): {"format": "f"}}, FEED_EXPORTERS={"f": Faulty}))

    cuts = crawl(sink, [{"n": 1}, {"n": 2}, {"n": 3}], close=False)
    assert (tmp_path / "a").read_bytes() == b"half-whole\nhalf-whole\n"
    assert "RuntimeError: oops" in caplog.text

    [again] = build_feeds(crawler({str(tmp_path / "a"): {"format": "f"}}, FEED_EXPORTERS={"f": Faulty}))
    crawl(again, [{"n": 4}], cuts[sink.name])
    assert (tmp_path / "a").read_bytes() == b"half-whole\n" * 3


def test_what_a_full_disk_refused_is_written_later(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite

    def full(*args: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scenario() -> None:
        sink = feed("a.jsonl")
        await sink.open(None)
        sink.hand(1, [(0, {"n": 1})])
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(ExportError, match=r"cannot write the output .*a\.jsonl: No space left on device"):
            await sink.write(sink.seal())
        assert (sink.item_count, sink.written_count) == (1, 0)

        monkeypatch.setattr(os, "pwrite", real)
        sink.hand(2, [(0, {"n": 2})])
        await sink.write(sink.seal())
        await sink.close()
        assert sink.path.read_bytes() == b'{"n":1}\n{"n":2}\n'
        assert sink.written_count == 2

    asyncio.run(scenario())


def test_a_close_that_cannot_write_says_so_and_lets_go_of_the_file(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scenario() -> None:
        sink = feed("a.json")
        await sink.open(None)
        file = sink._batch.output.file
        sink.seal()
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(ExportError, match="cannot write the output"):
            await sink.close()
        assert file.closed
        assert sink._crawler.stats.values == {"feedexport/failed_count/FileFeedStorage": 1}

    asyncio.run(scenario())


def test_signals_tell_of_each_feed_and_of_the_last(tmp_path: Path, crawler: Callable[..., Any], crawl: Crawl) -> None:
    made = crawler({str(tmp_path / "a.jsonl"): {}, str(tmp_path / "b.jsonl"): {}})
    told: list[str] = []

    def on_slot(slot: Any) -> None:
        told.append(f"{Path(slot.uri).name} {slot.format} {slot.itemcount} {type(slot.storage).__name__}")

    def on_all() -> None:
        told.append("all")

    made.signals.connect(on_slot, signals.feed_slot_closed)
    made.signals.connect(on_all, signals.feed_exporter_closed)
    crawl(build_feeds(made), ITEMS)

    assert told == ["a.jsonl jsonlines 5 FileFeedStorage", "b.jsonl jsonlines 5 FileFeedStorage", "all"]
    assert made.stats.values == {"feedexport/success_count/FileFeedStorage": 2}


@pytest.mark.parametrize(("store_empty", "expected"), [(True, b"[]\n"), (False, b"")])
def test_standard_output_gets_a_whole_document(
    store_empty: bool, expected: bytes, crawler: Callable[..., Any], crawl: Crawl, capfdbinary: Any
) -> None:
    def sinks() -> Any:
        return build_feeds(crawler({"-": {"format": "json", "store_empty": store_empty}}))

    crawl(sinks(), [])
    assert capfdbinary.readouterr().out == expected

    crawl(sinks(), [{"n": 1}])
    assert capfdbinary.readouterr().out == b'[\n{"n":1}\n]\n'


def test_a_storage_that_takes_the_finished_file_is_awaited(crawler: Callable[..., Any], crawl: Crawl) -> None:
    stored: list[bytes] = []

    class Upload:
        """Collects in memory and uploads at the end, as storages of remote places do."""

        def __init__(self, uri: str, *, feed_options: Any) -> None:
            self.uri = uri

        def open(self, spider: Any) -> io.BytesIO:
            return io.BytesIO()

        async def store(self, file: io.BytesIO) -> None:
            stored.append(file.getvalue())

    [sink] = build_feeds(crawler({"up://x/a.csv": {}}, FEED_STORAGES={"up": Upload}))
    crawl(sink, [{"a": 1}])

    assert stored == [b"a\r\n1\r\n"]
    assert sink.path is None


def test_the_repr_tells_what_is_in_the_feed(feed: Feed, crawl: Crawl) -> None:
    sink = feed("a.jsonl")

    crawl(sink, ITEMS[:1])

    assert repr(sink).endswith("a.jsonl (jsonlines): 1 items, 15 bytes>")
