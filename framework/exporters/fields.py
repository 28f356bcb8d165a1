"""Which fields of an item are written, in which order, under which name and with which serializer.

Place in the flow: the ground on which every exporter of this package, and a user's own, is built.

An exporter writes to a file; it may also be stopped and continued by another process. ``position`` says what a
successor must know beside the bytes, ``continue_exporting`` takes it in the place of ``start_exporting``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from itemadapter import ItemAdapter

from framework.exceptions import ExportError

FieldChoice = Mapping[str, str] | Iterable[str] | None


class BaseItemExporter:
    """The options that all exporters share, and the choice of fields (Scrapy's ``BaseItemExporter``).

    Args:
        fields_to_export: the fields to write, in this order; a mapping of field to output name; ``None`` for all.
        export_empty_fields: write fields that the item declares but does not hold. A dict declares none, and CSV
            always writes every column.
        encoding: of the output; ``None`` means UTF-8.
        indent: spaces for each level; 0 puts each item on a line of its own, ``None`` everything on one line. Only
            the JSON and XML exporters heed it.
        dont_fail: keep options that this class does not know for a subclass instead of raising.

    Raises:
        TypeError: an option that nobody knows.
    """

    def __init__(
        self,
        *,
        fields_to_export: FieldChoice = None,
        export_empty_fields: bool = False,
        encoding: str | None = None,
        indent: int | None = 0,
        dont_fail: bool = False,
        **options: Any,
    ) -> None:
        if isinstance(fields_to_export, str):
            msg = f"fields_to_export={fields_to_export!r} is a string; write a list such as [{fields_to_export!r}]"
            raise TypeError(msg)
        if options and not dont_fail:
            msg = f"{type(self).__name__} has no option {', '.join(map(repr, options))}"
            raise TypeError(msg)
        chosen = fields_to_export
        self.fields_to_export: FieldChoice = chosen if chosen is None or isinstance(chosen, Mapping) else list(chosen)
        self.export_empty_fields = export_empty_fields
        self.encoding = encoding or "utf-8"
        self.indent = indent
        self._options = options
        self._keeps_values = type(self).serialize_field is BaseItemExporter.serialize_field
        self._without_serializers: dict[type, bool] = {}

    def start_exporting(self) -> None:
        """Write what comes before the first item."""

    def export_item(self, item: Any) -> Any:
        """Write one item.

        Raises:
            ExportError: the item cannot be written; nothing of it was.
        """
        raise NotImplementedError

    def finish_exporting(self) -> None:
        """Write what comes after the last item."""

    def position(self) -> dict[str, Any]:
        """Return what another exporter must know, beside the bytes so far, to go on here. JSON types only."""
        return {}

    def continue_exporting(self, position: Mapping[str, Any]) -> None:
        """Go on where an exporter in this ``position`` stopped; called in the place of ``start_exporting``."""

    def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
        """Return the value to write for one field; override it to change values.

        Args:
            field: the field's metadata; its ``serializer``, a function of the value, is applied (in a Pydantic model
                it lies in ``json_schema_extra``). Empty for a dict.
            name: the field's name in the output.
            value: what the item holds.
        """
        serializer = _serializer_of(field)
        return value if serializer is None else serializer(value)

    def serialized_fields(
        self, item: Any, default_value: Any = None, include_empty: bool | None = None
    ) -> Iterator[tuple[str, Any]]:
        """Yield output name and serialized value of each field that is to be written.

        Args:
            item: any item.
            default_value: stands for fields that the item does not hold.
            include_empty: yield those fields too; ``None`` means as ``export_empty_fields`` says.

        Raises:
            ExportError: a serializer raised; the message names field and serializer.
        """
        with_empty = self.export_empty_fields if include_empty is None else include_empty
        if self._keeps_values and type(item) is dict:
            return self._fields_of_dict(item, default_value, with_empty=with_empty)
        return self._fields_of_item(item, default_value, with_empty=with_empty)

    # Exporters written for Scrapy call it by this name.
    _get_serialized_fields = serialized_fields

    def _fields_of_dict(self, item: dict[str, Any], default: Any, *, with_empty: bool) -> Iterator[tuple[str, Any]]:
        """Do what ``_fields_of_item`` does, for the most frequent kind, which has no serializers."""
        chosen = self.fields_to_export
        if not chosen:
            return iter(item.items())
        pairs = chosen.items() if isinstance(chosen, Mapping) else zip(chosen, chosen, strict=True)
        return ((output_name, item.get(name, default)) for name, output_name in pairs if with_empty or name in item)

    def _fields_of_item(self, item: Any, default: Any, *, with_empty: bool) -> Iterator[tuple[str, Any]]:
        adapter = ItemAdapter(item)
        held = set(adapter)
        for name, output_name in self._choice(adapter, with_empty=with_empty):
            if name in held:
                meta = adapter.get_field_meta(name)
                try:
                    value = self.serialize_field(meta, output_name, adapter[name])
                except ExportError:
                    raise
                except Exception as error:
                    raise ExportError(_broken_serializer(item, name, meta, error)) from error
                yield output_name, value
            elif with_empty:
                yield output_name, default

    def _choice(self, adapter: ItemAdapter, *, with_empty: bool) -> Iterable[tuple[str, str]]:
        chosen = self.fields_to_export
        if isinstance(chosen, Mapping) and chosen:
            return chosen.items()
        names = chosen or (adapter.field_names() if with_empty else adapter.keys())
        return ((name, name) for name in names)

    def _takes_all_as_is(self, item: Any) -> bool:
        """Say whether this item's own mapping is exactly what is to be written: the fast way of the JSON family."""
        if self.fields_to_export or not self._keeps_values:
            return False
        kind = type(item)
        if kind is dict:
            return True
        if self.export_empty_fields:
            return False
        known = self._without_serializers.get(kind)
        if known is None:
            adapter = ItemAdapter(item)
            known = not any(_serializer_of(adapter.get_field_meta(name)) for name in adapter.field_names())
            if not isinstance(item, dict):
                self._without_serializers[kind] = known
        return known


def _serializer_of(meta: Mapping[str, Any]) -> Any:
    serializer = meta.get("serializer")
    extra = meta.get("json_schema_extra")
    if serializer is None and isinstance(extra, Mapping):
        return extra.get("serializer")
    return serializer


def _broken_serializer(item: Any, name: str, meta: Mapping[str, Any], error: Exception) -> str:
    serializer = _serializer_of(meta)
    who = f"serializer {getattr(serializer, '__qualname__', serializer)}" if serializer else "serialize_field"
    return (
        f"field {name!r} of {type(item).__name__}: {who} raised {type(error).__name__}: {error}; "
        "make it accept every value that the spider yields"
    )
