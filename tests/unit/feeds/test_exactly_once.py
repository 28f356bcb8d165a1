"""Whatever happens to a crawl, its output files hold each item once: random crashes and stops against a list."""

from __future__ import annotations

import asyncio
import bz2
import csv
import gzip
import io
import json
import lzma
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from framework.feeds import FeedSink, build_feeds

Make = Callable[..., Any]
Kill = Callable[[FeedSink], None]

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
}
ENCODINGS = ("utf-8", "utf-16", "utf-8-sig")
READ: dict[str, Callable[[str], list[str]]] = {
    "jsonl": lambda text: [json.loads(line)["n"] for line in text.splitlines()],
    "json": lambda text: [item["n"] for item in json.loads(text)],
    "csv": lambda text: [row["n"] for row in csv.DictReader(io.StringIO(text, newline=""))],
    "xml": lambda text: [item.findtext("n") or "" for item in etree.fromstring(text.partition("?>")[2])],
}


class Crash(Exception):
    """The process dies here."""


class Job:
    """A job that is crawled in several runs; knows the items that are committed and what the disk holds."""

    def __init__(self, folder: Path, name: str, options: dict[str, Any], make: Make, kill: Kill) -> None:
        self.folder = folder
        self.feeds = {str(folder / "out" / name): options}
        self.make = make
        self.kill = kill
        self.cut: Any = None
        self.committed: list[str] = []
        self.number = 0

    def sink(self) -> FeedSink:
        [sink] = build_feeds(self.make(self.feeds), folder=self.folder / "job")
        return sink

    async def run(self, steps: list[str]) -> None:
        sink = self.sink()
        handed = list(self.committed)
        await sink.open(json.loads(json.dumps(self.cut)))
        for step in steps:
            if step == "hand":
                items = [(i, {"n": f"é{self.number + i}"}) for i in range(1 + self.number % 3)]
                self.number += len(items)
                sink.hand(self.number, items)
                handed += [item["n"] for _, item in items]
            elif step == "fail":
                sink.hand(0, [(0, "no item")])
            else:
                cut = sink.seal()
                sealed = list(handed)
                if step == "seal":
                    continue
                await sink.write(cut)
                if step == "crash before the commit":
                    raise self.crash(sink)
                self.cut, self.committed = json.loads(json.dumps(cut)), sealed
            if step.startswith("crash"):
                raise self.crash(sink)
        # A clean stop: the last checkpoint, then the footers.
        cut = sink.seal()
        await sink.write(cut)
        self.cut, self.committed = json.loads(json.dumps(cut)), handed
        await sink.close()

    def crash(self, sink: FeedSink) -> Crash:
        self.kill(sink)
        return Crash()

    def files(self) -> Iterator[Path]:
        yield from sorted((self.folder / "out").glob("*"), key=lambda path: int(path.name.split(".")[0]))


STEPS = st.lists(
    st.sampled_from(
        ["hand", "hand", "hand", "fail", "seal", "commit", "crash after the commit", "crash before the commit"]
    ),
    max_size=10,
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("form", READ)
@pytest.mark.parametrize("batches", [0, 2])
@pytest.mark.parametrize("packing", UNPACK)
def test_after_any_crashes_and_stops_each_item_is_there_once(
    form: str, batches: int, packing: str, data: st.DataObject, crawler: Make, killed: Kill
) -> None:
    encoding = data.draw(st.sampled_from(ENCODINGS))
    options = {
        "format": form,
        "encoding": encoding,
        "indent": data.draw(st.sampled_from([None, 0, 2])),
        "store_empty": data.draw(st.booleans()),
        "overwrite": data.draw(st.booleans()),
        "batch_item_count": batches,
    }
    name = "%(batch_id)d" if batches else "1"
    with tempfile.TemporaryDirectory() as folder:
        job = Job(Path(folder), f"{name}.{form}{packing}", options, crawler, killed)
        if packing:
            ending = {".gz": "Gzip", ".bz2": "Bz2", ".xz": "LZMA"}[packing]
            options["postprocessing"] = [f"framework.extensions.postprocessing.{ending}Plugin"]
        for steps in [*data.draw(st.lists(STEPS, max_size=3)), ["hand"]]:
            try:
                asyncio.run(job.run(steps))
            except Crash:
                garbage = data.draw(st.sampled_from([b"", b"garbage", b"]\n"]))
                if job.cut and not job.cut["ended"] and (path := Path(job.cut["uri"])).exists():
                    path.write_bytes(path.read_bytes() + garbage)
        found = [READ[form](UNPACK[packing](path.read_bytes()).decode(encoding)) for path in job.files()]

    assert [n for batch in found for n in batch] == job.committed
    if batches:
        assert all(len(batch) == 2 for batch in found[:-1])
