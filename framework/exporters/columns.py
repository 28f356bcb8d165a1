"""CSV: one line an item, the same columns in each.

Place in the flow: chosen by ``-o books.csv``. The columns are ``fields_to_export``, or else the fields of the first
item that can be written; a later item's field that has no column is left out, which is said once in the log.

A cell is written as it is. A spreadsheet that opens the file may take a cell that begins with ``=``, ``+``, ``-`` or
``@`` for a formula: where the file goes to people with spreadsheets, clean such fields in a pipeline or serializer.
"""

from __future__ import annotations

import csv
import logging
from collections import deque
from collections.abc import Mapping, Set
from typing import Any, BinaryIO

from itemadapter import ItemAdapter

from framework.exceptions import ExportError

from .fields import BaseItemExporter
from .text import TextWriter
from .values import UnwritableValueError, json_bytes, simpler

logger = logging.getLogger(__name__)


class _Lines:
    """What ``csv.writer`` writes to: keeps the lines until all of them are known to be good."""

    __slots__ = ("taken",)

    def __init__(self) -> None:
        self.taken: list[str] = []

    def write(self, line: str) -> None:
        self.taken.append(line)


class CsvItemExporter(BaseItemExporter):
    """One line an item, as RFC 4180 has it (lines end with CR LF).

    Args:
        file: where to write, in binary mode.
        include_headers_line: write a first line with the names of the columns.
        join_multivalued: put between the values of a field that holds several texts. Lists of anything else, dicts
            and nested items are written as JSON.
        errors: for characters that the encoding lacks, as for ``open``; ``None`` means "strict".
        options: those of ``BaseItemExporter`` and of ``csv.writer``.
    """

    def __init__(
        self,
        file: BinaryIO,
        include_headers_line: bool = True,
        join_multivalued: str = ",",
        errors: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(dont_fail=True, **options)
        self.file = file
        self.include_headers_line = include_headers_line
        self.join_multivalued = join_multivalued
        self._writer = TextWriter(file, self.encoding, errors or "strict")
        self._lines = _Lines()
        self.csv_options: dict[str, Any] = self._options
        self.csv_writer = csv.writer(self._lines, **self.csv_options)
        self._needs_header = include_headers_line
        self._columns_guessed = False
        self._left_out: set[str] = set()

    @property
    def columns(self) -> list[str]:
        """The names in the header line; empty as long as nothing settled them."""
        chosen = self.fields_to_export or ()
        return list(chosen.values()) if isinstance(chosen, Mapping) else list(chosen)

    def export_item(self, item: Any) -> None:
        """Write one line, and the header before the first.

        Raises:
            ExportError: a value cannot be written; nothing was.
        """
        if self.fields_to_export:
            if self._columns_guessed:
                self._tell_what_has_no_column(item)
            self._export(item)
            return
        self.fields_to_export = list(ItemAdapter(item).field_names())
        self._columns_guessed = True
        try:
            self._export(item)
        except BaseException:
            # An item that is not in the file says nothing about its columns.
            self.fields_to_export, self._columns_guessed = None, False
            raise

    def _export(self, item: Any) -> None:
        what = type(item).__name__
        fields = self.serialized_fields(item, default_value="", include_empty=True)
        row = {name: self._cell(value, name, what) for name, value in fields}
        if self._needs_header:
            self.csv_writer.writerow(self.columns)
        self._write_row(list(row.values()), list(row), what)

    def finish_exporting(self) -> None:
        """Write the header where no item came and the columns are known all the same."""
        if self._needs_header and self.fields_to_export:
            self._write_row(self.columns, self.columns, "header")

    def position(self) -> dict[str, Any]:
        """Return the columns, and whether the header is written."""
        columns = self.fields_to_export
        stored = dict(columns) if isinstance(columns, Mapping) else list(columns or ())
        return {"columns": stored, "guessed": self._columns_guessed, "needs_header": self._needs_header}

    def continue_exporting(self, position: Mapping[str, Any]) -> None:
        """Go on below earlier lines, with their columns and without a second header."""
        self._needs_header = bool(position.get("needs_header", False)) and self.include_headers_line
        if position.get("columns"):
            self.fields_to_export = position["columns"]
            self._columns_guessed = bool(position.get("guessed", False))
        self._writer.continue_stream()

    def _write_row(self, cells: list[Any], names: list[str], what: str) -> None:
        """Write one line, and the header if it waits, in one step: all of it or nothing."""
        try:
            self.csv_writer.writerow(cells)
            self._writer.write("".join(self._lines.taken))
            self._needs_header = False
        except UnicodeEncodeError as error:
            name = next((n for n, cell in zip(names, cells, strict=True) if not self._writer.can_write(str(cell))), "")
            msg = (
                f"field {name!r} of {what}: {error.object[error.start : error.end]!r} does not exist in "
                f"{self.encoding}; use utf-8, or give the exporter errors='replace' (item_export_kwargs of the feed)"
            )
            raise ExportError(msg) from None
        except csv.Error as error:
            msg = f"{what} cannot be written as CSV with these options: {error}"
            raise ExportError(msg) from error
        finally:
            self._lines.taken.clear()

    def _cell(self, value: Any, name: str, what: str) -> Any:
        if value is None or isinstance(value, (str, int, float)):
            return value
        if isinstance(value, (list, tuple, Set, deque)):
            values = sorted(value) if isinstance(value, Set) and all(isinstance(v, str) for v in value) else list(value)
            if all(isinstance(held, str) for held in values):
                return self.join_multivalued.join(values)
            return json_bytes(values, what=what, where=name).decode()
        if isinstance(value, (bytes, Mapping)) or ItemAdapter.is_item(value) or hasattr(value, "getall"):
            return self._nested(value, name, what)
        return str(value)

    def _nested(self, value: Any, name: str, what: str) -> str:
        if isinstance(value, bytes):
            try:
                return str(simpler(value))
            except UnwritableValueError as error:
                msg = f"field {name!r} of {what} {error}"
                raise ExportError(msg) from None
        return json_bytes(value, what=what, where=name).decode()

    def _tell_what_has_no_column(self, item: Any) -> None:
        new = [n for n in ItemAdapter(item) if n not in (self.fields_to_export or ()) and n not in self._left_out]
        if new:
            self._left_out.update(new)
            logger.warning(
                "CSV: field %s of %s has no column and is left out: the columns were taken from the first item; "
                "name all of them in 'fields' of the feed or in FEED_EXPORT_FIELDS",
                ", ".join(map(repr, new)),
                type(item).__name__,
            )
