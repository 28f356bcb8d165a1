from __future__ import annotations

import asyncio
import errno
import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework import signals
from framework.exceptions import ExportError, SettingsError
from framework.feeds import FeedSink, ItemFilter, build_feeds
from framework.feeds.storages import FileFeedStorage

Crawl = Callable[..., dict[str, Any]]
MakeCrawler = Callable[..., Any]
NAMES = ["a.jsonl", "a.json", "a.csv", "a.xml"]
GZIP = "framework.extensions.postprocessing.GzipPlugin"
ITEMS = [{"n": i} for i in range(5)]


class Shouting:
    """A plugin of the user's own, without a way back."""

    def __init__(self, file: Any, feed_options: Any) -> None:
        self.file = file
        self.mark = feed_options.get("mark", b"")

    def write(self, data: bytes) -> int:
        return int(self.file.write(data.upper()))

    def close(self) -> None:
        self.file.write(self.mark)


class Even(ItemFilter):
    def accepts(self, item: Any) -> bool:
        return bool(item["n"] % 2 == 0)


class Folder:
    """The outputs of one job, in which sinks are built anew for each run."""

    def __init__(self, tmp_path: Path, crawler: MakeCrawler) -> None:
        self.path = tmp_path / "out"
        self.path.mkdir()
        self.job = tmp_path / "job"
        self.crawler = crawler

    def sink(self, name: str, durable: bool = True, **options: Any) -> FeedSink:
        made = self.crawler({str(self.path / name): options})
        [sink] = build_feeds(made, durable=durable, folder=self.job)
        return sink

    def texts(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted(self.path.iterdir())}


@pytest.fixture
def folder(tmp_path: Path, crawler: MakeCrawler) -> Folder:
    return Folder(tmp_path, crawler)


async def commit(sink: FeedSink, *items: Any) -> Any:
    sink.hand(1, list(enumerate(items)))
    cut = sink.seal()
    await sink.write(cut)
    return json.loads(json.dumps(cut))


def test_each_batch_is_a_whole_file(folder: Folder, crawl: Crawl) -> None:
    crawl(folder.sink("%(batch_id)d.json", batch_item_count=2, item_export_kwargs={"indent": None}), ITEMS)

    assert folder.texts() == {
        "1.json": '[{"n":0},{"n":1}]\n',
        "2.json": '[{"n":2},{"n":3}]\n',
        "3.json": '[{"n":4}]\n',
    }


def test_a_full_last_batch_is_followed_by_none(folder: Folder, crawl: Crawl) -> None:
    crawl(folder.sink("%(batch_id)d.csv", batch_item_count=1), ITEMS[:2])

    assert folder.texts() == {"1.csv": "n\n0\n", "2.csv": "n\n1\n"}


def test_the_setting_makes_batches_of_all_feeds(tmp_path: Path, crawler: MakeCrawler, crawl: Crawl) -> None:
    feeds = {
        str(tmp_path / "%(batch_id)d.jsonl"): {},
        str(tmp_path / "all-%(batch_id)d.jsonl"): {"batch_item_count": 0},
    }

    crawl(build_feeds(crawler(feeds, FEED_EXPORT_BATCH_ITEM_COUNT=3)), ITEMS)

    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["1.jsonl", "2.jsonl", "all-1.jsonl"]


def test_batches_need_a_name_each(crawler: MakeCrawler) -> None:
    with pytest.raises(
        SettingsError, match=r"FEEDS\['a.csv'\]: with batches .* put %\(batch_id\)d or %\(batch_time\)s"
    ):
        build_feeds(crawler({"a.csv": {"batch_item_count": 5}}))


def test_two_batches_of_one_name_stop_the_crawl_before_anything_is_lost(folder: Folder) -> None:
    async def scenario() -> None:
        sink = folder.sink("%(batch_time).4s.jsonl", batch_item_count=1)
        await sink.open(None)
        cut = await commit(sink, ITEMS[0])
        sink.hand(2, [(0, ITEMS[1]), (1, ITEMS[2])])
        with pytest.raises(ExportError, match=r"batches 1 and 2 are both called .*put %\(batch_id\)d into the name"):
            await sink.write(sink.seal())
        await sink.close()
        assert (cut["items"], sink.item_count) == (1, 1)

    asyncio.run(scenario())
    assert list(folder.texts().values()) == ['{"n":0}\n']


@pytest.mark.parametrize("where", ["start", "finish"])
def test_an_exporter_that_fails_between_two_batches_stops_the_crawl(
    where: str, tmp_path: Path, crawler: MakeCrawler
) -> None:
    class Failing:
        made = 0

        def __init__(self, file: Any, **options: Any) -> None:
            Failing.made += 1
            self.number = Failing.made

        def start_exporting(self) -> None:
            if where == "start" and self.number > 1:
                raise RuntimeError("no beginning")

        def export_item(self, item: Any) -> None:
            """Write nothing."""

        def finish_exporting(self) -> None:
            if where == "finish":
                raise RuntimeError("no end")

    async def scenario() -> None:
        feeds = {str(tmp_path / "%(batch_id)d"): {"format": "f", "batch_item_count": 1}}
        [sink] = build_feeds(crawler(feeds, FEED_EXPORTERS={"f": Failing}))
        await sink.open(None)
        sink.hand(1, [(0, {}), (1, {})])
        with pytest.raises(ExportError, match="cannot go on: RuntimeError: no"):
            await sink.write(sink.seal())
        for batch in (sink._batch, *sink._writer._ended, *(piece.batch for piece in sink._writer._sealed)):
            if batch.output is not None:
                batch.output.file.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("packing", [(), (GZIP,)])
@pytest.mark.parametrize("name", NAMES)
def test_what_an_earlier_crawl_left_is_put_back_after_a_kill_before_the_first_checkpoint(
    name: str, packing: Any, folder: Folder, crawl: Crawl, killed: Any
) -> None:
    if packing and name not in ("a.jsonl", "a.csv"):
        return
    crawl(folder.sink(name, postprocessing=packing), ITEMS[:2])
    before = (folder.path / name).read_bytes()
    folder.job = folder.job.with_name("later")

    async def scenario() -> None:
        sink = folder.sink(name, postprocessing=packing)
        await sink.open(None)
        await commit(sink, ITEMS[2])
        killed(sink)
        assert (folder.path / name).read_bytes() != before
        await folder.sink(name, postprocessing=packing).cut_back(None)

    asyncio.run(scenario())
    assert (folder.path / name).read_bytes() == before


def test_a_killed_job_without_a_checkpoint_begins_anew_where_it_began(folder: Folder, crawl: Crawl) -> None:
    crawl(folder.sink("a.json"), ITEMS, close=False)
    assert folder.sink("a.json").path is not None

    crawl(folder.sink("a.json"), ITEMS[:2])

    assert json.loads(folder.texts()["a.json"]) == ITEMS[:2]


def test_batches_of_no_checkpoint_are_removed_and_strangers_stay(folder: Folder, killed: Any) -> None:
    (folder.path / "4.json").write_text('[{"n":"old"}]\n')
    (folder.path / "9.json").write_text("a stranger's")

    async def scenario() -> Any:
        sink = folder.sink("%(batch_id)d.json", batch_item_count=1, item_export_kwargs={"indent": None})
        await sink.open(None)
        cut = await commit(sink, ITEMS[0])
        await commit(sink, *ITEMS[1:])
        killed(sink)
        assert folder.texts()["4.json"] == '[{"n":"old"},{"n":3}]\n'
        return cut

    cut = asyncio.run(scenario())
    later = folder.sink("%(batch_id)d.json", batch_item_count=1, item_export_kwargs={"indent": None})
    asyncio.run(later.cut_back(cut))

    assert folder.texts() == {"1.json": '[{"n":0}]\n', "4.json": '[{"n":"old"}]\n', "9.json": "a stranger's"}


def test_a_batch_that_was_begun_by_an_item_that_failed_leaves_no_file(folder: Folder) -> None:
    async def scenario() -> None:
        sink = folder.sink("%(batch_id)d.xml", batch_item_count=1)
        await sink.open(None)
        cut = await commit(sink, ITEMS[0], "no item")
        await sink.close()
        again = folder.sink("%(batch_id)d.xml", batch_item_count=1)
        await again.open(cut)
        assert again.failed_count == 1
        await again.close()

    asyncio.run(scenario())
    assert list(folder.texts()) == ["1.xml"]


def test_a_batch_of_another_shape_stops_the_crawl_and_stays_as_it_is(folder: Folder, crawl: Crawl) -> None:
    (folder.path / "2.json").write_text("no array")

    with pytest.raises(ExportError, match=r"2\.json is not one whole JSON array"):
        crawl(folder.sink("%(batch_id)d.json", batch_item_count=1), ITEMS, close=False)

    assert folder.texts()["2.json"] == "no array"


def test_a_file_that_somebody_wrote_to_meanwhile_is_not_overwritten(folder: Folder) -> None:
    async def scenario() -> None:
        sink = folder.sink("%(batch_id)d.jsonl", batch_item_count=1)
        await sink.open(None)
        sink.hand(1, list(enumerate(ITEMS[:2])))
        (folder.path / "2.jsonl").write_text("mine\n")
        with pytest.raises(ExportError, match=r"something else writes to the output .*2\.jsonl"):
            await sink.write(sink.seal())
        with pytest.raises(ExportError):
            await sink.close()

    asyncio.run(scenario())
    assert folder.texts()["2.jsonl"] == "mine\n"


def test_each_batch_is_told_once_it_is_committed(folder: Folder, crawler: MakeCrawler) -> None:
    told: list[str] = []

    def on_slot(slot: Any) -> None:
        told.append(f"{slot.batch_id} {Path(slot.uri).name} {slot.itemcount} {slot.format} {slot.store_empty}")

    async def scenario() -> None:
        sink = folder.sink("%(batch_id)d.jsonl", batch_item_count=2)
        sink._crawler.signals.connect(on_slot, signals.feed_slot_closed)
        await sink.open(None)
        cut = await commit(sink, *ITEMS)
        assert told == []
        await commit(sink)
        assert told == ["1 1.jsonl 2 jsonlines True", "2 2.jsonl 2 jsonlines True"]
        await sink.close()
        assert told[2:] == ["3 3.jsonl 1 jsonlines True"]
        assert sink._crawler.stats.values == {"feedexport/success_count/FileFeedStorage": 3}

        told.clear()
        resumed = folder.sink("%(batch_id)d.jsonl", batch_item_count=2)
        resumed._crawler.signals.connect(on_slot, signals.feed_slot_closed)
        await resumed.open(cut)
        await resumed.close()
        assert told == [f"{n} {n}.jsonl {c} jsonlines True" for n, c in ((1, 2), (2, 2), (3, 1))]

    asyncio.run(scenario())


def test_the_time_and_later_batches_keep_to_the_first_run(folder: Folder, crawler: MakeCrawler) -> None:
    async def scenario() -> None:
        sink = folder.sink("%(time)s-%(batch_id)d.jsonl", batch_item_count=1)
        sink._naming.started = "2001-01-01T00-00-00"
        await sink.open(None)
        cut = await commit(sink, ITEMS[0])
        await sink.close()
        again = folder.sink("%(time)s-%(batch_id)d.jsonl", batch_item_count=1)
        await again.open(cut)
        await commit(again, ITEMS[1])
        await again.close()

    asyncio.run(scenario())
    assert len(folder.texts()) == 2
    assert "2001-01-01T00-00-00-2.jsonl" in folder.texts()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("packing", [(), (GZIP,)])
def test_a_short_or_missing_file_is_refused_in_every_format(
    name: str, packing: Any, folder: Folder, crawl: Crawl
) -> None:
    sink = folder.sink(name, postprocessing=packing)
    cut = crawl(sink, ITEMS, close=False)[sink.name]
    path = folder.path / name
    whole = path.read_bytes()

    path.write_bytes(whole[:-5])
    with pytest.raises(ExportError, match=rf"{name} .*were written to it before"):
        crawl(folder.sink(name, postprocessing=packing), [], cut)
    path.unlink()
    with pytest.raises(ExportError, match=f"{name} is gone, but this job wrote to it"):
        crawl(folder.sink(name, postprocessing=packing), [], cut)

    path.with_suffix(".new").write_bytes(whole)
    path.with_suffix(".new").rename(path)
    crawl(folder.sink(name, postprocessing=packing), [], cut)


def test_an_output_without_its_compression_is_refused(folder: Folder, crawl: Crawl) -> None:
    sink = folder.sink("a.jsonl", postprocessing=[GZIP])
    cut = crawl(sink, ITEMS, close=False)[sink.name]
    cut = {**cut, "behind": 1}

    with pytest.raises(ExportError, match=r"'postprocessing' was \['framework.*GzipPlugin'\] and is \[\] now"):
        crawl(folder.sink("a.jsonl"), [], cut)
    with pytest.raises(ExportError, match="was compressed when this job began; give its feed 'postprocessing' again"):
        asyncio.run(folder.sink("a.jsonl").cut_back(cut))


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_later_crawls_add_to_compressed_lines(name: str, folder: Folder, crawl: Crawl) -> None:
    for items in (ITEMS[:1], ITEMS[1:]):
        folder.job = folder.job.with_name(f"job {len(items)}")
        crawl(folder.sink(name + ".gz"), items)

    text = gzip.decompress((folder.path / (name + ".gz")).read_bytes()).decode()
    head = ["n"] if name == "a.csv" else []
    assert text.split() == head + [str(i) if head else f'{{"n":{i}}}' for i in range(5)]


@pytest.mark.parametrize(
    ("name", "message"), [("a.json.gz", "is a compressed document"), ("a.csv.gz", "is not compressed as this feed is")]
)
def test_a_compressed_file_that_cannot_be_continued_is_refused(
    name: str, message: str, folder: Folder, crawl: Crawl
) -> None:
    (folder.path / name).write_text("n\n0\n")

    with pytest.raises(ExportError, match=message):
        crawl(folder.sink(name), ITEMS)


def test_a_plugin_of_the_users_own_works_and_is_warned_of(
    folder: Folder, crawl: Crawl, caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {"postprocessing": [Shouting], "postprocessing_options": {"mark": b"."}}
    sink = folder.sink("a.jsonl", **options)
    assert "what Shouting writes cannot be cut back, so after a crash items may be in it twice" in caplog.text
    cut = crawl(sink, ITEMS[:2], close=False)[sink.name]

    crawl(folder.sink("a.jsonl", **options), ITEMS[2:3], cut)

    assert folder.texts()["a.jsonl"] == '{"N":0}\n{"N":1}\n{"N":2}\n.'


def test_an_end_that_plugins_write_is_written_without_items_too(folder: Folder, crawl: Crawl) -> None:
    crawl(folder.sink("a.json.gz", durable=False), [])

    assert gzip.decompress((folder.path / "a.json.gz").read_bytes()) == b"[]\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"postprocessing": [dict]}, "the 'postprocessing' plugin <class 'dict'> has no method write"),
        ({"postprocessing": [GZIP], "gzip_filename": "é\U0001f600"}, None),
        ({"postprocessing": ["framework.extensions.postprocessing.LZMAPlugin"], "lzma_preset": 77}, "do not take its"),
        ({"gzip_compresslevel": 5}, "nothing reads 'gzip_compresslevel'; add the plugin that does to 'postprocessing'"),
        (
            {"postprocessing": [GZIP], "bz2_compresslevel": 5, "lzma_check": 0},
            "reads 'bz2_compresslevel', 'lzma_check'",
        ),
        ({"postprocessing_options": {"mark": b"."}}, "nothing reads 'mark'"),
        ({"postprocessing": [Shouting], "postprocessing_options": {"mark": b"."}, "gzip_mtime": 0}, None),
    ],
)
def test_mistaken_plugins_are_told_at_the_start(
    options: dict[str, Any], message: str | None, crawler: MakeCrawler
) -> None:
    if message is None:
        build_feeds(crawler({"a.jsonl": options}))
        return
    with pytest.raises(SettingsError, match=message):
        build_feeds(crawler({"a.jsonl": options}))


def test_an_old_file_is_untouched_where_nothing_comes_and_empty_files_are_unwanted(
    folder: Folder, crawl: Crawl, caplog: pytest.LogCaptureFixture
) -> None:
    (folder.path / "a.jsonl").write_text("old\n")

    crawl(folder.sink("a.jsonl", overwrite=True, store_empty=False), [])
    assert folder.texts() == {"a.jsonl": "old\n"}

    folder.job = folder.job.with_name("next")
    crawl(folder.sink("a.jsonl", overwrite=True, store_empty=False), ITEMS[:1])
    assert folder.texts() == {"a.jsonl": '{"n":0}\n'}


def test_a_line_feed_that_an_old_file_lacks_survives_a_kill(folder: Folder, crawl: Crawl) -> None:
    (folder.path / "a.jsonl").write_text("old")
    sink = folder.sink("a.jsonl", store_empty=False)
    cut = crawl(sink, [], close=False)[sink.name]

    crawl(folder.sink("a.jsonl", store_empty=False), ITEMS[:1], cut)

    assert folder.texts() == {"a.jsonl": 'old\n{"n":0}\n'}


def test_giving_up_a_job_leaves_what_was_committed(folder: Folder, crawl: Crawl) -> None:
    sink = folder.sink("a.xml")
    cut = crawl(sink, ITEMS[:1], close=False)[sink.name]
    with (folder.path / "a.xml").open("ab") as file:
        file.write(b"<item>half")

    later = folder.sink("a.xml")
    asyncio.run(later.cut_back(cut))

    assert folder.texts()["a.xml"].count("<item>") == 1
    assert folder.texts()["a.xml"].endswith("</items>\n")
    assert later._crawler.stats.values == {}


def test_giving_up_a_job_prints_nothing(crawler: MakeCrawler, capfdbinary: Any) -> None:
    async def scenario() -> None:
        [sink] = build_feeds(crawler({"-": {"format": "json"}}))
        await sink.open(None)
        cut = await commit(sink, ITEMS[0])
        capfdbinary.readouterr()
        [later] = build_feeds(crawler({"-": {"format": "json"}}))
        await later.cut_back(cut)

    asyncio.run(scenario())
    assert capfdbinary.readouterr().out == b""


def test_much_in_memory_asks_for_a_checkpoint(feed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framework.feeds.sink._FULL_BYTES", 20)

    async def scenario() -> None:
        sink = feed("a.jsonl")
        await sink.open(None)
        sink.hand(1, [(0, {"n": 1}), (1, {"n": 2})])
        assert not sink.is_full
        sink.hand(2, [(0, {"n": 3})])
        assert sink.is_full
        cut = sink.seal()
        assert sink.is_full
        await sink.write(cut)
        assert not sink.is_full
        await sink.close()

    asyncio.run(scenario())


def test_a_folder_of_the_job_that_cannot_be_written_is_told(folder: Folder, crawl: Crawl) -> None:
    folder.job.write_text("a file")

    with pytest.raises(ExportError, match="cannot note in the job's folder the output"):
        crawl(folder.sink("a.jsonl"), [])


def test_a_file_that_cannot_be_put_back_is_told(folder: Folder, crawl: Crawl) -> None:
    crawl(folder.sink("a.jsonl"), ITEMS, close=False)
    storage = FileFeedStorage(str(folder.path / "a.jsonl"))
    file = storage.open(None)

    with pytest.raises(ExportError, match=r"cannot cut back the output .*: another crawl is writing it"):
        crawl(folder.sink("a.jsonl"), ITEMS)
    file.close()


def test_each_batch_goes_to_a_storage_of_the_users_own(crawler: MakeCrawler, crawl: Crawl) -> None:
    stored: dict[str, bytes] = {}

    class Upload:
        def __init__(self, uri: str, *, feed_options: Any) -> None:
            self.uri = uri

        def open(self, spider: Any) -> io.BytesIO:
            return io.BytesIO()

        async def store(self, file: io.BytesIO) -> None:
            stored[self.uri] = file.getvalue()

    feeds = {"up://%(batch_id)d.jsonl": {"batch_item_count": 2}}
    [sink] = build_feeds(crawler(feeds, FEED_STORAGES={"up": Upload}))
    cut = crawl(sink, ITEMS[:3], close=False)[sink.name]
    assert stored == {"up://1.jsonl": b'{"n":0}\n{"n":1}\n'}

    [again] = build_feeds(crawler(feeds, FEED_STORAGES={"up": Upload}))
    crawl(again, ITEMS[3:], cut)
    assert stored["up://2.jsonl"] == b'{"n":3}\n'
    assert stored["up://3.jsonl"] == b'{"n":4}\n'


def test_items_of_batches_are_chosen_too(folder: Folder, crawl: Crawl) -> None:
    sink = folder.sink("%(batch_id)d.jsonl", batch_item_count=1, item_filter=Even)

    crawl(sink, ITEMS)

    assert list(folder.texts().values()) == ['{"n":0}\n', '{"n":2}\n', '{"n":4}\n']


def test_what_a_full_disk_refused_between_batches_is_written_later(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.pwrite
    left = [1]

    def write(descriptor: int, data: Any, offset: int) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        return real(descriptor, data, offset)

    async def scenario() -> None:
        sink = folder.sink("%(batch_id)d.jsonl.gz", batch_item_count=2)
        await sink.open(None)
        monkeypatch.setattr(os, "pwrite", write)
        sink.hand(1, list(enumerate(ITEMS)))
        with pytest.raises(ExportError, match="No space left on device"):
            await sink.write(sink.seal())
        left[0] = 100
        await sink.close()

    asyncio.run(scenario())
    texts = [gzip.decompress(path.read_bytes()) for path in sorted(folder.path.iterdir())]
    assert texts == [b'{"n":0}\n{"n":1}\n', b'{"n":2}\n{"n":3}\n', b'{"n":4}\n']
