"""XML: one element an item, one element a field.

Place in the flow: chosen by ``-o books.xml``. The text is put together here rather than by a library, because the
document grows item by item, and a library would want to hold or to close it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

from itemadapter import ItemAdapter

from framework.exceptions import ExportError

from .fields import BaseItemExporter
from .text import TextWriter
from .values import UnwritableValueError, simpler

# XML 1.0, productions Char, NameStartChar and NameChar; the colon is left out because it would mean a name space.
_NOT_A_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = re.compile(f"[{_NAME_START}][{_NAME_START}0-9.\u00b7\u0300-\u036f\u203f-\u2040-]*")
_ASCII_NAME = re.compile("[A-Za-z_][A-Za-z0-9_.-]*")
_NESTED_TOO_DEEPLY = 200
_NAMES_KEPT = 1000
_REFERENCES = {"\r": "&#13;"}


class XmlItemExporter(BaseItemExporter):
    """One XML document: a root, in it one element an item, in that one element a field.

    A list becomes ``<value>`` elements, a dict or nested item elements of its own, ``None`` an empty element, anything
    else its text. Characters that XML cannot hold, such as control characters, are written as U+FFFD. A field whose
    name is no XML name gets ``_`` for the characters that do not fit, and its true name in the attribute ``name``.

    Args:
        file: where to write, in binary mode.
        item_element: the name of the element around each item.
        root_element: the name of the element around all of them.
        options: those of ``BaseItemExporter``.
    """

    def __init__(self, file: BinaryIO, **options: Any) -> None:
        self.item_element: str = options.pop("item_element", "item")
        self.root_element: str = options.pop("root_element", "items")
        super().__init__(**options)
        self.file = file
        self._writer = TextWriter(file, self.encoding, "xmlcharrefreplace")
        # Element names cannot be written as character references, so names keep to what every encoding has.
        self._name = _NAME if self.encoding.lower().startswith("utf") else _ASCII_NAME
        self._element_names: dict[str, tuple[str, str]] = {}
        self._newline = "" if self.indent is None else "\n"

    def start_exporting(self) -> None:
        """Write the declaration and open the root element."""
        declaration = f'<?xml version="1.0" encoding="{self._declared_encoding()}"?>'
        self._writer.write(f"{declaration}\n<{self.root_element}>")

    def export_item(self, item: Any) -> None:
        """Write one element with the item's fields in it.

        Raises:
            ExportError: a value cannot be written; nothing was.
        """
        parts = [self._newline, self._margin(1), f"<{self.item_element}>"]
        fields = self.serialized_fields(item, default_value="")
        self._add_children(parts, fields, 2, type(item).__name__)
        parts.append(f"</{self.item_element}>")
        self._writer.write("".join(parts))

    def finish_exporting(self) -> None:
        """Close the root element."""
        self._writer.write(f"{self._newline}</{self.root_element}>\n")

    def continue_exporting(self, position: Mapping[str, Any]) -> None:
        """Go on in a document whose root element is still open, or was opened again."""
        self._writer.continue_stream()

    def _declared_encoding(self) -> str:
        return "utf-8" if self.encoding.lower() == "utf-8-sig" else self.encoding

    def _margin(self, depth: int) -> str:
        return " " * (self.indent * depth) if self.indent and self.indent > 0 else ""

    def _add_children(self, parts: list[str], children: Iterable[tuple[Any, Any]], depth: int, what: str) -> None:
        if depth > _NESTED_TOO_DEEPLY:
            msg = f"{what} is nested too deeply, or contains itself; cut the loop in the spider or a pipeline"
            raise ExportError(msg)
        is_pretty = self.indent is not None and self.indent > 0
        any_child = False
        for name, value in children:
            any_child = True
            if is_pretty:
                parts += ("\n", self._margin(depth))
            self._add_element(parts, str(name), value, depth, what)
        if any_child and is_pretty:
            parts += ("\n", self._margin(depth - 1))

    def _add_element(self, parts: list[str], name: str, value: Any, depth: int, what: str) -> None:
        element, attribute = self._element_names.get(name) or self._element_name(name)
        parts.append(f"<{element}{attribute}>")
        if isinstance(value, (str, int, float)):
            parts.append(self._text(value, name, what))
        elif isinstance(value, (list, tuple, Set, deque, range, Iterator)):
            values = simpler(value) if isinstance(value, Set) else value
            self._add_children(parts, (("value", held) for held in values), depth + 1, what)
        elif isinstance(value, Mapping) or ItemAdapter.is_item(value):
            pairs = value if isinstance(value, Mapping) else ItemAdapter(value)
            self._add_children(parts, pairs.items(), depth + 1, what)
        elif value is not None:
            parts.append(self._text(value, name, what))
        parts.append(f"</{element}>")

    def _element_name(self, name: str) -> tuple[str, str]:
        made = (name, "") if self._name.fullmatch(name) else self._fitting_name(name)
        if len(self._element_names) < _NAMES_KEPT:
            self._element_names[name] = made
        return made

    def _fitting_name(self, name: str) -> tuple[str, str]:
        fitting = "".join(char if self._name.fullmatch("_" + char) else "_" for char in name)
        if not self._name.fullmatch(fitting):
            fitting = "_" + fitting
        return fitting, f" name={quoteattr(_NOT_A_CHARACTER.sub(chr(0xFFFD), name))}"

    def _text(self, value: Any, name: str, what: str) -> str:
        if isinstance(value, bytes) or hasattr(value, "getall"):
            try:
                value = simpler(value)
            except UnwritableValueError as error:
                msg = f"field {name!r} of {what}: the {type(value).__name__} {error}"
                raise ExportError(msg) from None
        # A reader turns a bare carriage return into a line feed; as a reference it comes through.
        text = str(value)
        if not text.isprintable():
            text = _NOT_A_CHARACTER.sub("\ufffd", text)
        return escape(text, _REFERENCES)
