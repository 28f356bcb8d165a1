"""One entry of ``FEEDS`` with all that the ``FEED_*`` settings add to it.

Place in the flow: ``build`` reads the entries here, before anything is opened. Names, types and bounds were checked
when the settings were read; here the format is found.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from framework.settings.declared.feeds import FeedOptions, FeedRules

from .uris import scheme_of

COMPRESSIONS = {
    ".gz": "framework.extensions.postprocessing.GzipPlugin",
    ".bz2": "framework.extensions.postprocessing.Bz2Plugin",
    ".xz": "framework.extensions.postprocessing.LZMAPlugin",
}
"""What the ending of a compressed file means."""

OPTIONS_OF_PLUGINS = {
    ".gz": ("gzip_compresslevel", "gzip_mtime", "gzip_filename"),
    ".bz2": ("bz2_compresslevel",),
    ".xz": ("lzma_format", "lzma_check", "lzma_preset", "lzma_filters"),
}
"""The keys that are read by the plugins of ``COMPRESSIONS``."""

_SUFFIXES = {".jsonl": "jsonlines", ".jl": "jsonlines", ".jsonlines": "jsonlines", ".ndjson": "jsonlines"}


@dataclasses.dataclass(frozen=True, slots=True)
class Feed:
    """One output; the fields are the keys of a ``FEEDS`` entry, resolved.

    Attributes:
        uri: where to write, with placeholders.
        format: a key of ``FEED_EXPORTERS``.
        fields: the fields to write, in order; a mapping gives them other names; ``None`` for all.
        item_classes: take only items of these classes.
        item_filter: a class with ``accepts(item)``, or its dotted path.
        encoding: of the output; ``None`` is ASCII with escapes in JSON, and UTF-8 elsewhere.
        indent: spaces a level, 0 for an item a line, ``None`` for one line; JSON and XML only.
        overwrite: begin the file anew instead of continuing it.
        store_empty: leave a file even where no item came.
        uri_params: a function of placeholders and spider that returns the placeholders, or its dotted path.
        item_export_kwargs: more arguments for the exporter.
        batch_item_count: items in a file before the next is begun; 0 for one file.
        postprocessing: classes that the bytes pass on their way to the file, or their dotted paths.
        plugin_options: options of these, such as ``gzip_compresslevel``.
    """

    uri: str
    format: str
    fields: Iterable[str] | Mapping[str, str] | None = None
    item_classes: tuple[Any, ...] = ()
    item_filter: Any = None
    encoding: str | None = "utf-8"
    indent: int | None = 0
    overwrite: bool = False
    store_empty: bool = True
    uri_params: Any = None
    item_export_kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    batch_item_count: int = 0
    postprocessing: tuple[Any, ...] = ()
    plugin_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the options under their keys, as filters, storages and plugins written for Scrapy take them."""
        names = [field.name for field in dataclasses.fields(self) if field.name not in ("uri", "plugin_options")]
        return {**{name: getattr(self, name) for name in names}, **self.plugin_options}


def feed_from(
    uri: str, rules: FeedRules, options: FeedOptions, formats: Iterable[str], problems: list[str]
) -> Feed | None:
    """Resolve one entry of ``FEEDS``.

    Args:
        uri: its key.
        rules: its value.
        options: the ``FEED_*`` settings, which stand for what the entry leaves out.
        formats: the names of the formats there are.
        problems: takes a line where no format fits.

    Returns:
        The feed, or ``None`` where there was a problem.
    """
    known = sorted(formats)
    plain, plugin = (uri, None) if rules.format else unpacked_name(uri)
    name = rules.format or _format_of(plain, known)
    if name is None or name not in known:
        problems.append(_no_format(uri, known) if name is None else _unknown_format(uri, name, known))
        return None
    return Feed(
        uri=uri,
        format=name,
        fields=_first(rules.fields, options.export_fields),
        item_classes=tuple(rules.item_classes),
        item_filter=rules.item_filter,
        encoding=_first(rules.encoding, options.export_encoding),
        indent=_first(rules.indent, options.export_indent),
        overwrite=bool(rules.overwrite),
        store_empty=bool(_first(rules.store_empty, options.store_empty)),
        uri_params=_first(rules.uri_params, options.uri_params),
        item_export_kwargs=rules.item_export_kwargs,
        batch_item_count=_first(rules.batch_item_count, options.batch_item_count),
        postprocessing=rules.postprocessing or ((plugin,) if plugin is not None else ()),
        plugin_options=_plugin_options(rules),
    )


def unpacked_name(uri: str) -> tuple[str, str | None]:
    """Take the ending of a compressed file off its name.

    Returns:
        The rest, and the dotted path of the plugin that the ending means; ``None`` where it means none.
    """
    path = PurePath(uri)
    plugin = COMPRESSIONS.get(path.suffix.lower())
    return (uri[: -len(path.suffix)], plugin) if plugin is not None else (uri, None)


def _plugin_options(rules: FeedRules) -> dict[str, Any]:
    given = {name: getattr(rules, name) for names in OPTIONS_OF_PLUGINS.values() for name in names}
    return {**{name: value for name, value in given.items() if value is not None}, **rules.postprocessing_options}


def _first(own: Any, general: Any) -> Any:
    return general if own is None else own


def _format_of(uri: str, formats: list[str]) -> str | None:
    if scheme_of(uri) == "stdout":
        return "jsonlines"
    suffix = PurePath(uri).suffix.lower()
    name = _SUFFIXES.get(suffix, suffix[1:])
    return name if name in formats else None


def _no_format(uri: str, formats: list[str]) -> str:
    suffix = PurePath(uri).suffix
    why = f"the extension {suffix!r} is no known format" if suffix else "the name has no extension"
    example = f"give the entry a 'format', or write -o {uri}:jsonlines"
    return f"FEEDS[{uri!r}] needs a format: {why}; {example} (known formats: {', '.join(formats)})"


def _unknown_format(uri: str, name: str, formats: list[str]) -> str:
    close = difflib.get_close_matches(name, formats, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"FEEDS[{uri!r}]: there is no format {name!r}{hint} (known formats: {', '.join(formats)})"
