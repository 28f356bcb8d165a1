"""One file of a feed, from its beginning to its footer; a feed without batches has just one.

Place in the flow: the sink hands items to the batch's exporter, which writes into ``buffer``; ``take`` seals what is
there. ``begin``, ``go_on``, ``open_output`` and ``append`` do file work, in a thread. The one exception: a later batch
begins in the loop, where the status of its file is asked (and its ends are read if it holds something already).

Invariant: what is in the file behind the last sealed piece is nobody's, and goes with the next ``append`` or ``go_on``.
"""

from __future__ import annotations

import dataclasses
import io
import logging
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.exceptions import ExportError
from framework.wholefile import sync_folder

from .claims import Claims, NoClaims
from .continuation import find_continuation
from .form import form_of, has_same_end, refuse_other_form
from .journal import Beginning
from .options import Feed
from .outputs import FileOutput, StreamOutput, export_error, output_for
from .packing import MemberPacker, StreamPacker
from .storages import FileFeedStorage

logger = logging.getLogger(__name__)


@dataclasses.dataclass(slots=True, eq=False, kw_only=True)
class Batch:
    """One file.

    Attributes:
        number: from 1.
        uri: where it is written.
        feed: the options.
        storage: hands out the file.
        exporter: writes items into ``buffer``.
        buffer: what is not sealed yet.
        packer: compresses what is sealed.
        durable: sync the file with each write.
        claims: knows whose the file is.
        output: the file, once it is open.
        item_count: items in it, those of earlier runs of the job included.
        began_at: the length of the file when the job began with it, in bytes; a footer that was there is not counted.
        existed: whether there was a file then.
        tail: that footer.
        prefix: to be written before the first item.
        offset: where the file ends when all that is sealed is written; in plain bytes, so of no use with a packer.
        members: sealed pieces.
        written: offset and pieces that are in the file.
        is_fresh: nothing is sealed yet of what the exporter began with.
        is_untouched: the file is whole as an earlier crawl left it.
        is_ended: the footer is sealed, nothing can be added.
        home: the module of the spider.
        form: what its bytes are made by; a file keeps it to its end.
    """

    number: int
    uri: str
    feed: Feed
    storage: Any
    exporter: Any
    buffer: io.BytesIO
    packer: MemberPacker | StreamPacker | None = None
    durable: bool = False
    claims: Claims = dataclasses.field(default_factory=NoClaims)
    home: str = ""
    output: FileOutput | StreamOutput | None = None
    item_count: int = 0
    began_at: int = 0
    existed: bool = False
    tail: bytes = b""
    prefix: bytes = b""
    offset: int = 0
    members: int = 0
    written: tuple[int, int] = (0, 0)
    is_fresh: bool = True
    is_untouched: bool = False
    is_ended: bool = False
    form: Mapping[str, Any] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        """Note the form before the exporter learns from items."""
        self.form = form_of(self.feed, self.exporter, self.home)

    @property
    def path(self) -> Path | None:
        """The file, where it is one of this machine."""
        path = getattr(self.storage, "path", None)
        return path if isinstance(path, Path) else None

    @property
    def shown(self) -> str:
        """Its name for messages."""
        return str(self.path or ("standard output" if self.uri in ("-", "stdout:") else self.uri))

    @property
    def is_wanted(self) -> bool:
        """Whether it is to be there even as it is now; later batches without items never are."""
        return bool(self.item_count or self.began_at) or (self.feed.store_empty and self.number == 1)

    def begin(self) -> None:
        """Begin the document, or go on with that of an earlier crawl.

        Raises:
            ExportError: the file is not what this feed would have written.
        """
        size = self._size()
        self.existed = size is not None
        if size and not self.feed.overwrite:
            self._begin_behind()
        else:
            self.exporter.start_exporting()
        self.offset = self.began_at
        self.written = (self.began_at, 0)

    def _size(self) -> int | None:
        """Return the length of the file; ``None`` where there is none that can be continued."""
        if isinstance(self.output, FileOutput):
            return self.output.size
        if self.output is not None or not isinstance(self.storage, FileFeedStorage):
            return None
        try:
            found = self.storage.path.stat()
        except OSError:
            return None  # there is none, or opening it will tell why
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def _begin_behind(self) -> None:
        if isinstance(self.output, FileOutput):
            self._continue_finished(self.output)
            return
        try:
            with io.FileIO(self.storage.path, "r") as file:
                self._continue_finished(FileOutput(file, self.shown))
        except OSError as error:
            raise export_error("read", self.shown, error) from error

    def _continue_finished(self, output: FileOutput) -> None:
        size = output.offset
        unpack = self.packer.unpack if isinstance(self.packer, MemberPacker) else None
        found = find_continuation(output, self.exporter, unpack)
        self.began_at, self.prefix = found.offset, found.prefix
        self.tail = output.read(found.offset, size - found.offset)
        if found.position is None:
            self.exporter.start_exporting()
        else:
            self.is_untouched, self.is_fresh = True, False
            self._continue(found.position)

    def _continue(self, position: Mapping[str, Any]) -> None:
        go_on = getattr(self.exporter, "continue_exporting", None)
        if go_on is None:
            self.exporter.start_exporting()
        else:
            go_on(position)

    @property
    def lost_to(self) -> str:
        """Who else has written to the file since this job had begun it; ``""`` where nobody has."""
        return self.claims.lost_to(self.path) if self.path is not None else ""

    def claim(self) -> None:
        """Let the file be nobody else's, before anything is written to it.

        Raises:
            CrawlError: it belongs to another job that is unfinished.
            OSError: it cannot be noted.
        """
        if self.path is not None:
            self.claims.take(self.path)

    def beginning(self) -> Beginning:
        """Return what the journal must know before the file is touched."""
        return Beginning(self.number, self.uri, self.began_at, self.existed, self.tail.decode("latin-1"))

    def open_output(self, spider: Any) -> FileOutput | StreamOutput:
        """Open the file, as it is; make it where it is missing.

        Raises:
            ExportError: it cannot be opened.
        """
        path = self.path
        new_names = _missing(path) if path is not None and self.durable else ()
        try:
            output = output_for(self.storage.open(spider), self.shown, durable=self.durable)
            self.output = output
            for name in new_names:
                sync_folder(name.parent)
        except OSError as error:
            raise export_error("open", self.shown, error) from error
        return output

    def settle(self) -> None:
        """Stand where the batch begins in the file that was opened; what lies behind goes with the first ``append``.

        So a crawl that cannot begin, since something else cannot be opened, leaves the file as it was.

        Raises:
            ExportError: the file changed since ``begin`` looked at it.
        """
        output = self.output
        if not isinstance(output, FileOutput):
            return
        if not self.feed.overwrite and output.size != self.began_at + len(self.tail):
            msg = f"something else writes to the output {self.shown}; wait for its end, or name another file"
            raise ExportError(msg)
        output.offset = self.began_at

    def go_on(self, cut: Mapping[str, Any], spider: Any, *, is_given_up: bool = False) -> None:
        """Go on where a checkpoint of this job ended: remove what lies behind, and open the document again.

        Args:
            cut: as ``cut`` returned it.
            spider: what a storage's ``open`` is given.
            is_given_up: nothing but an end will be written; in another form not even that.

        Raises:
            ExportError: the file is gone, shorter than it was, or cannot be opened; or it was begun in another form.
        """
        self.item_count, self.began_at, self.existed = cut["batch_items"], cut["began_at"], cut["existed"]
        self.prefix, self.is_fresh, self.is_ended = cut["prefix"].encode("latin-1"), cut["fresh"], cut["ended"]
        self.offset = cut["offset"]
        if self.is_ended:
            return  # nothing of it is touched any more; it may even have been taken away
        if self._is_others(is_given_up=is_given_up):
            self.is_ended = True
            return
        if cut["offset"] and self.path is not None and not self.path.exists():
            msg = f"the output {self.shown} is gone, but this job wrote to it; put it back, or start a new job"
            raise ExportError(msg)
        is_begun = cut["offset"] or cut["behind"]
        if is_begun and not is_given_up:
            refuse_other_form(self.shown, cut["form"], self.form)
        output = self.open_output(spider)
        output.cut(self._end(output, cut))
        self.offset = output.offset
        self.written = (self.offset, 0)
        if is_begun and not has_same_end(cut["form"], self.form):
            self.is_ended = True
            logger.warning("%s ends with the job's last item, as its end would have another form now", self.shown)
        elif self.is_fresh:
            self.exporter.start_exporting()
        else:
            self._continue(cut["position"])

    def _is_others(self, *, is_given_up: bool) -> bool:
        """Say whether the file is left as it is, since somebody else has written to it; a job that is not, claims it.

        Raises:
            CrawlError: the job cannot go on without it.
        """
        who = self.lost_to
        if who and not is_given_up:
            msg = (
                f"the output {self.shown} was taken over by {who}, so this job cannot go on in it, as that would cut "
                "off what is not its own; give the job another file (fwk resume JOB -o FILE), or begin anew (--new)"
            )
            raise ExportError(msg)
        if not is_given_up:
            try:
                self.claim()
            except OSError as error:
                raise export_error("note in the job's folder", self.shown, error) from error
        return bool(who)

    def _end(self, output: FileOutput | StreamOutput, cut: Mapping[str, Any]) -> int:
        """Return where in the file the checkpoint ended."""
        offset: int = cut["offset"]
        if not isinstance(output, FileOutput):
            return offset
        if isinstance(self.packer, StreamPacker):
            return max(offset, output.size)
        if not cut["behind"]:
            return offset
        if self.packer is None:
            msg = f"the output {self.shown} was compressed when this job began; give its feed 'postprocessing' again"
            raise ExportError(msg)
        return self.packer.end_of(output, offset, cut["behind"])

    def take(self) -> bytes:
        """Seal what is in the buffer and return it.

        What comes before the items is held back as long as it is not sure that the file is wanted.
        """
        data = self.buffer.getvalue() if self.is_wanted else b""
        if not data:
            return b""
        self.buffer.seek(0)
        self.buffer.truncate()
        data, self.prefix = self.prefix + data, b""
        self.offset += len(data)
        self.members += 1
        self.is_fresh = self.is_untouched = False
        return data

    def cut(self) -> dict[str, Any]:
        """Return where the file ends when all that is sealed is written, as ``go_on`` takes it."""
        position = getattr(self.exporter, "position", None)
        offset, pieces = (self.offset, self.members) if self.packer is None else self.written
        return {
            "batch": self.number,
            "uri": self.uri,
            "offset": offset,
            # A compressed piece has no length before it is written; it is found again by counting.
            "behind": self.members - pieces,
            "began_at": self.began_at,
            "existed": self.existed,
            "batch_items": self.item_count,
            "position": {} if position is None else position(),
            "prefix": self.prefix.decode("latin-1"),
            "fresh": self.is_fresh,
            "ended": self.is_ended,
            "form": self.form,
        }

    def append(self, output: FileOutput | StreamOutput, pieces: Sequence[Piece]) -> None:
        """Write sealed pieces to ``output``.

        Raises:
            ExportError: the disk is full or broken; the pieces may be given again.
        """
        if self.packer is not None:
            for piece in pieces:
                if not piece.is_packed:
                    piece.data, piece.is_packed = self.packer.pack(piece.data, is_last=piece.is_last), True
        output.append(*(piece.data for piece in pieces))
        self.written = (output.offset, self.written[1] + sum(piece.size > 0 for piece in pieces))


@dataclasses.dataclass(slots=True, eq=False)
class Piece:
    """Sealed bytes that are not written yet.

    Attributes:
        batch: where they belong.
        number: counts the pieces of the sink.
        data: the bytes; compressed ones as soon as ``is_packed``.
        is_last: the batch ends with them.
        size: how many were sealed.
    """

    batch: Batch
    number: int
    data: bytes
    is_last: bool
    size: int
    is_packed: bool = False


def undo(beginning: Beginning, batch: Batch, spider: Any) -> None:
    """Put a file back into the state in which the job found it; one that the job made is removed.

    Where somebody else has written to it since, it stays as it is.

    Raises:
        ExportError: the file is shorter than it was, or cannot be changed.
    """
    path, durable = batch.path, batch.durable
    if path is None or not path.exists():
        return
    if who := batch.lost_to:
        logger.warning("%s may begin with items that come again: it was taken over by %s, and is left alone", path, who)
        return
    try:
        file = batch.storage.open(spider)
        with file:
            output = output_for(file, str(path), durable=durable)
            if not beginning.existed:
                path.unlink()
                if durable:
                    sync_folder(path.parent)
            elif isinstance(output, FileOutput):
                output.cut(beginning.began_at)
                if beginning.tail:
                    output.append(beginning.tail.encode("latin-1"))
    except OSError as error:
        raise export_error("cut back", str(path), error) from error


def remove_new(batch: Batch) -> None:
    """Take the file away that the crawl has made and does not want."""
    if not batch.existed and batch.path is not None and not batch.lost_to:
        batch.path.unlink(missing_ok=True)


def _missing(path: Path) -> list[Path]:
    """Return the file and those of its folders that are not there yet."""
    return [name for name in (path, *path.parents) if not name.exists()]
