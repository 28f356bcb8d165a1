"""What gives the bytes of a file their form, and the refusal to go on in a file that was begun in another one.

Place in the flow: a batch stores the form in its cut, and compares when the job goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framework.exceptions import ExportError
from framework.exporters import CsvItemExporter, JsonLinesItemExporter

from .options import Feed

_SETTINGS = {
    "encoding": "FEED_EXPORT_ENCODING",
    "fields": "FEED_EXPORT_FIELDS",
    "indent": "FEED_EXPORT_INDENT",
    "exporter": "FEED_EXPORTERS",
}
_LINES = (JsonLinesItemExporter, CsvItemExporter)
_OF_THE_END = ("exporter", "encoding", "item_export_kwargs", "postprocessing")
_SHOWN_MAX = 200
_HOME = "<the spider's module>"


def form_of(feed: Feed, exporter: Any, home: str = "") -> dict[str, Any]:
    """Return the options of a feed that its exporter and plugins make the bytes by, of JSON types.

    Args:
        feed: its options.
        exporter: built by these.
        home: the module of the spider; the file may be renamed, or be run by itself the next time.
    """
    fields = feed.fields
    options = {
        "exporter": type(exporter),
        "encoding": feed.encoding,
        "fields": list(fields.items()) if isinstance(fields, Mapping) else fields,
        "indent": feed.indent,
        "item_export_kwargs": feed.item_export_kwargs,
        "postprocessing": feed.postprocessing,
        **feed.plugin_options,
    }
    if isinstance(exporter, _LINES):
        del options["indent"]  # one line an item
    return {name: _plain(value, home) for name, value in options.items()}


def has_same_end(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Say whether the end of a file that was begun in one form may be written in another."""
    return all(before.get(name) == now.get(name) for name in _OF_THE_END)


def refuse_other_form(shown: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on in a file that was begun in another form.

    Args:
        shown: the file's name.
        before: the form that is stored.
        now: the form of this run.

    Raises:
        ExportError: which options differ.
    """
    changed = [
        f"{name!r}{f' ({_SETTINGS[name]})' if name in _SETTINGS else ''} was {_short(before.get(name))} and is "
        f"{_short(now.get(name))} now"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]
    if changed:
        msg = (
            f"the output {shown} cannot go on in another form than it was begun in: {'; '.join(changed)}; set it back, "
            "name another file, or start a new job (--new)"
        )
        raise ExportError(msg)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def _plain(value: Any, home: str) -> Any:
    """Return a value as JSON types that are equal in every process."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(one, home) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one, home) for one in value]
    if isinstance(value, bytes):
        return repr(value)
    named = value if hasattr(value, "__qualname__") else type(value)
    module = getattr(named, "__module__", None)
    return f"{_HOME if module == home else module}.{named.__qualname__}"
