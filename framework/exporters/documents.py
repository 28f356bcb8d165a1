"""JSON exporters: one object a line, or one array.

Place in the flow: the default output of ``fwk crawl -o`` is JSON lines, so ``JsonLinesItemExporter.export_item`` lies
on the per-page path: a plain dict goes to orjson without a copy. Other encodings, other indents and options of the
standard library's ``JSONEncoder`` take a slower way with the same result. How values are written is told in
``framework.exporters.values``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from itemadapter import ItemAdapter

from framework.exceptions import ExportError
from framework.fastjson import orjson

from .fields import BaseItemExporter
from .text import TextWriter, is_utf8
from .values import json_bytes, json_text, json_types


class _JsonExporter(BaseItemExporter):
    """An item as JSON: quickly by orjson where it can, else by ``json``."""

    _one_line = False

    def __init__(self, file: BinaryIO, **options: Any) -> None:
        super().__init__(dont_fail=True, **options)
        self.file = file
        self._indent = None if self._one_line or self.indent is None or self.indent <= 0 else self.indent
        self._is_quick = is_utf8(self.encoding) and self._indent in (None, 2) and not self._options
        self._bits = orjson.OPT_INDENT_2 if self._indent else 0
        self._writer = TextWriter(file, self.encoding)
        self._check_options()

    def _check_options(self) -> None:
        try:
            json_text({}, **self._options)
        except TypeError as error:
            known = "options of BaseItemExporter and of json.JSONEncoder"
            msg = (
                f"{type(self).__name__} does not take {', '.join(map(repr, self._options))} ({error}); it takes {known}"
            )
            raise TypeError(msg) from None

    def _fields(self, item: Any) -> dict[str, Any]:
        if self._takes_all_as_is(item):
            return item if type(item) is dict else dict(ItemAdapter(item))
        return dict(self.serialized_fields(item))

    def _text(self, item: Any) -> str:
        """Return the item as text, for what orjson cannot do."""
        fields, what = self._fields(item), type(item).__name__
        if "cls" in self._options or "default" in self._options:
            try:
                return json_text(fields, indent=self._indent, **self._options)
            except (TypeError, ValueError) as error:
                msg = f"{what} cannot be written by the JSON encoder of this feed: {error}"
                raise ExportError(msg) from error
        plain = json_types(fields, "", what)
        text = json_text(plain, indent=self._indent, **self._options)
        if self._writer.can_write(text):
            return text
        return json_text(plain, indent=self._indent, **{**self._options, "ensure_ascii": True})


class JsonLinesItemExporter(_JsonExporter):
    """One JSON object a line: a file that can be read while it grows, and after a crash (https://jsonlines.org).

    Args:
        file: where to write, in binary mode.
        options: those of ``BaseItemExporter`` (``indent`` has no meaning here) and of ``json.JSONEncoder``.
    """

    _one_line = True

    def export_item(self, item: Any) -> None:
        """Write one line.

        Raises:
            ExportError: a value has no place in JSON; nothing was written.
        """
        if not self._is_quick:
            self._writer.write(self._text(item) + "\n")
        elif type(item) is dict and self._takes_all_as_is(item):
            self.file.write(json_bytes(item, options=orjson.OPT_APPEND_NEWLINE, what="dict"))
        else:
            line = json_bytes(self._fields(item), options=orjson.OPT_APPEND_NEWLINE, what=type(item).__name__)
            self.file.write(line)

    def continue_exporting(self, position: Mapping[str, Any]) -> None:
        """Go on behind earlier lines."""
        self._writer.continue_stream()


class JsonItemExporter(_JsonExporter):
    """One JSON array of objects. It is valid only after ``finish_exporting``; prefer JSON lines for large crawls.

    Args:
        file: where to write, in binary mode.
        options: those of ``BaseItemExporter`` and of ``json.JSONEncoder``.
    """

    def __init__(self, file: BinaryIO, **options: Any) -> None:
        super().__init__(file, **options)
        self._is_empty = True

    def start_exporting(self) -> None:
        """Write the opening bracket."""
        self._writer.write("[")

    def export_item(self, item: Any) -> None:
        """Write one object, with the comma before it.

        Raises:
            ExportError: a value has no place in JSON; nothing was written.
        """
        between = ("" if self._is_empty else ",") + ("" if self.indent is None else "\n")
        if self._is_quick:
            body = json_bytes(self._fields(item), options=self._bits, what=type(item).__name__)
            self.file.write(between.encode() + body)
        else:
            self._writer.write(between + self._text(item))
        self._is_empty = False

    def finish_exporting(self) -> None:
        """Write the closing bracket."""
        self._writer.write("]\n" if self._is_empty or self.indent is None else "\n]\n")

    def position(self) -> dict[str, Any]:
        """Return whether the array is still empty."""
        return {"is_empty": self._is_empty}

    def continue_exporting(self, position: Mapping[str, Any]) -> None:
        """Go on in an array whose closing bracket is not written, or was cut off."""
        self._is_empty = bool(position.get("is_empty", True))
        self._writer.continue_stream()
