"""Exporters to Python's own types, and to their printed form for people.

Place in the flow: ``PythonItemExporter`` is what one builds exporters for other serializers on (MessagePack, a
message queue); ``PprintItemExporter`` is for looking at items.
"""

from __future__ import annotations

import pprint
from collections import deque
from collections.abc import Mapping, Set
from typing import Any, BinaryIO

from itemadapter import ItemAdapter

from .fields import BaseItemExporter


class PythonItemExporter(BaseItemExporter):
    """Turns an item, with all items nested in it, into dicts, lists and plain values.

    Args:
        dont_fail: as for ``BaseItemExporter``.
        options: those of ``BaseItemExporter``.
    """

    def __init__(self, *, dont_fail: bool = False, **options: Any) -> None:
        super().__init__(dont_fail=dont_fail, **options)

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """Return the value of one field, nested items included, built of plain types."""
        return self._plain(super().serialize_field(field, name, value))

    def export_item(self, item: Any) -> dict[str, Any]:
        """Return the item as a new dict.

        Raises:
            ExportError: a serializer raised.
        """
        return dict(self.serialized_fields(item))

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._plain(key): self._plain(held) for key, held in value.items()}
        if ItemAdapter.is_item(value):
            nested = PythonItemExporter(export_empty_fields=self.export_empty_fields, encoding=self.encoding)
            return nested.export_item(value)
        if isinstance(value, (list, tuple, Set, deque)):
            return [self._plain(held) for held in value]
        if isinstance(value, bytes):
            return value.decode(self.encoding)
        return value


class PprintItemExporter(BaseItemExporter):
    """Writes items as ``pprint`` shows them: for people, not for programs.

    Args:
        file: where to write, in binary mode.
        options: those of ``BaseItemExporter``.
    """

    def __init__(self, file: BinaryIO, **options: Any) -> None:
        super().__init__(**options)
        self.file = file

    def export_item(self, item: Any) -> None:
        """Write one item, on as many lines as it takes.

        Raises:
            ExportError: a serializer raised.
        """
        shown = pprint.pformat(dict(self.serialized_fields(item)), sort_dicts=False)
        self.file.write((shown + "\n").encode(self.encoding, "backslashreplace"))
