"""What ``-o FILE[:FORMAT]`` and ``-O FILE[:FORMAT]`` mean: entries of the setting ``FEEDS``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from framework.components import did_you_mean
from framework.exceptions import UsageError
from framework.feeds.options import unpacked_name
from framework.settings import Settings

_STDOUT = "stdout:"
_FORMAT = re.compile(r"[A-Za-z][\w-]*")


def feeds_of(appended: Sequence[str], overwritten: Sequence[str], settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the setting ``FEEDS`` that ``-o`` and ``-O`` options mean.

    Raises:
        UsageError: a format is unknown, or two of them name the same file.
    """
    known = sorted(name for name, path in settings.getwithbase("FEED_EXPORTERS").items() if path is not None)
    feeds: dict[str, dict[str, Any]] = {}
    places: set[str] = set()
    for option, outputs in (("-o", appended), ("-O", overwritten)):
        for output in outputs:
            uri, format_name, plugin = _split(output, known)
            if format_name not in known:
                raise UsageError(f"{option} {output}: {_no_format(format_name, known)}")
            place = uri if "://" in uri or uri == _STDOUT else str(PurePath(uri))
            if place in places:
                msg = f"{option} {output}: this file is named twice; -o appends to it, -O overwrites it: give one"
                raise UsageError(msg)
            places.add(place)
            feeds[uri] = {"format": format_name, "overwrite": option == "-O"}
            if plugin is not None:
                feeds[uri]["postprocessing"] = [plugin]
    return feeds


def _split(output: str, known: Sequence[str]) -> tuple[str, str, str | None]:
    """Take ``FILE[:FORMAT]`` apart.

    Returns:
        The file; the format, which is that of the ending where none is given; and the plugin that compresses it, for
        endings such as ``.gz``.
    """
    uri, colon, format_name = output.rpartition(":")
    # The colon of C:\items.json and of https://host begins no format.
    if not colon or not _FORMAT.fullmatch(format_name):
        uri, format_name = output, ""
    plain, plugin = (uri, None) if _ending(uri) in known else unpacked_name(uri)
    format_name = format_name or _ending(plain)
    if uri in ("-", "stdout", _STDOUT):
        return _STDOUT, format_name or "jsonl", None
    return uri, format_name, plugin


def _ending(uri: str) -> str:
    return PurePath(uri).suffix[1:].lower()


def _no_format(name: str, known: list[str]) -> str:
    advice = f"write FILE:FORMAT with one of {', '.join(known)}"
    if not name:
        return f"the file's name has no ending; {advice}"
    meant = did_you_mean(name, known)
    return f"there is no format {name!r}{meant or f'; {advice}'}"
