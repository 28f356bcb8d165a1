"""Going on in a file that an earlier crawl finished: where to write, and what the exporter must know.

Place in the flow: the sink asks when a feed without ``overwrite`` finds a file that is not empty. A JSON array loses
its closing bracket and an XML document the end of its root, both to be written again at the close; CSV keeps the
columns of its header line; lines that end without a line feed get one.
"""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
from collections.abc import Callable, Mapping
from typing import Any

from framework.exceptions import ExportError
from framework.exporters import CsvItemExporter, JsonItemExporter, JsonLinesItemExporter, XmlItemExporter

from .outputs import FileOutput

_LOOK_BYTES = 1 << 16
_HEADER_BYTES = 1 << 20
_BLANKS = b" \t\r\n"


@dataclasses.dataclass(frozen=True, slots=True)
class Continuation:
    """How to go on.

    Attributes:
        offset: cut the file here.
        prefix: write this first.
        position: for the exporter's ``continue_exporting``; ``None`` for one that begins anew in the same file.
    """

    offset: int
    prefix: bytes = b""
    position: Mapping[str, Any] | None = None


Unpack = Callable[[bytes], bytes]


def find_continuation(output: FileOutput, exporter: Any, unpack: Unpack | None = None) -> Continuation:
    """Find out how ``exporter`` goes on in a file that is not empty.

    Args:
        output: the file.
        exporter: what will write to it.
        unpack: decompresses the beginning of the file, where it is compressed.

    Raises:
        ExportError: the file is not what this exporter would have written.
    """
    if unpack is not None:
        return _behind_members(output, exporter, unpack)
    if isinstance(exporter, JsonLinesItemExporter):
        return _after_lines(output, exporter.encoding, b"\n", {})
    if isinstance(exporter, JsonItemExporter):
        return _in_array(output, exporter)
    if isinstance(exporter, CsvItemExporter):
        return _below_header(output, exporter)
    if isinstance(exporter, XmlItemExporter):
        return _in_root(output, exporter)
    return Continuation(output.offset)


def _after_lines(output: FileOutput, encoding: str, newline: bytes, position: Mapping[str, Any]) -> Continuation:
    is_whole = not _is_ascii_based(encoding) or output.read(output.offset - 1, 1) == b"\n"
    return Continuation(output.offset, b"" if is_whole else newline, position)


def _is_ascii_based(encoding: str) -> bool:
    return "]\n".encode(encoding).endswith(b"]\n") and not encoding.lower().startswith(("utf-16", "utf-32"))


def _in_array(output: FileOutput, exporter: JsonItemExporter) -> Continuation:
    tail = _tail(output, exporter.encoding)
    if tail.is_blank:
        return Continuation(0)
    if not tail.rest.endswith(b"]") or not tail.head.startswith(b"["):
        raise _unlike(output, "one whole JSON array")
    kept = tail.rest[:-1].rstrip(_BLANKS)
    offset = tail.start + len(kept)
    return Continuation(offset, position={"is_empty": kept.endswith(b"[") and offset == tail.head_start + 1})


def _in_root(output: FileOutput, exporter: XmlItemExporter) -> Continuation:
    tail = _tail(output, exporter.encoding)
    if tail.is_blank:
        return Continuation(0)
    root = exporter.root_element.encode()
    end = b"</" + root + b">"
    if not tail.rest.endswith(end) or b"<" + root not in tail.head:
        raise _unlike(output, f"one whole XML document with the root <{exporter.root_element}>")
    return Continuation(tail.start + len(tail.rest[: -len(end)].rstrip(_BLANKS)), position={})


def _behind_members(output: FileOutput, exporter: Any, unpack: Unpack) -> Continuation:
    """Go on behind the last member of a compressed file, whose end is taken on trust."""
    if isinstance(exporter, (JsonItemExporter, XmlItemExporter)):
        msg = (
            f"the output {output.name} is a compressed document, to which nothing can be added; begin it anew (-O, or "
            "'overwrite'), or write lines (jsonl, csv)"
        )
        raise ExportError(msg)
    if isinstance(exporter, CsvItemExporter):
        return Continuation(output.offset, position=_columns(output, exporter, unpack))
    return Continuation(output.offset, position={} if isinstance(exporter, JsonLinesItemExporter) else None)


def _below_header(output: FileOutput, exporter: CsvItemExporter) -> Continuation:
    return _after_lines(output, exporter.encoding, b"\r\n", _columns(output, exporter))


def _columns(output: FileOutput, exporter: CsvItemExporter, unpack: Unpack | None = None) -> dict[str, Any]:
    position: dict[str, Any] = {}
    if exporter.include_headers_line:
        header = _header(output, exporter, unpack)
        if not exporter.fields_to_export:
            position = {"columns": header, "guessed": True}
        elif exporter.columns != header:
            msg = (
                f"the output {output.name} has the columns {', '.join(header)}, but this feed has "
                f"{', '.join(exporter.columns)}; begin it anew (-O, or 'overwrite'), or name another file"
            )
            raise ExportError(msg)
    return position


def _header(output: FileOutput, exporter: CsvItemExporter, unpack: Unpack | None) -> list[str]:
    decoder = codecs.getincrementaldecoder(exporter.encoding)("replace")
    head = output.read(0, _LOOK_BYTES if unpack is not None else _HEADER_BYTES)
    try:
        head = unpack(head) if unpack is not None else head
    except ValueError as error:
        msg = (
            f"the output {output.name} is not compressed as this feed is ({error}); begin it anew (-O, or 'overwrite')"
        )
        raise ExportError(msg) from None
    text = decoder.decode(head).removeprefix("\ufeff")
    return next(csv.reader(io.StringIO(text, newline=""), **exporter.csv_options), [])


@dataclasses.dataclass(frozen=True, slots=True)
class _Tail:
    """The end of a file without the blanks at its very end, where that begins, and the file's head."""

    rest: bytes
    start: int
    head: bytes
    head_start: int

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in the file but blanks; of a long file only the end was looked at."""
        return not self.rest and not self.start


def _tail(output: FileOutput, encoding: str) -> _Tail:
    if not _is_ascii_based(encoding):
        msg = f"the output {output.name} cannot be continued in {encoding}; begin it anew (-O, or 'overwrite')"
        raise ExportError(msg)
    start = max(0, output.offset - _LOOK_BYTES)
    rest = output.read(start, _LOOK_BYTES).rstrip(_BLANKS)
    look = output.read(0, _LOOK_BYTES)
    head = look.removeprefix(codecs.BOM_UTF8).lstrip(_BLANKS)
    return _Tail(rest, start, head, len(look) - len(head))


def _unlike(output: FileOutput, wanted: str) -> ExportError:
    msg = f"the output {output.name} is not {wanted}, so nothing can be added to it; begin it anew (-O, or 'overwrite')"
    return ExportError(msg)
