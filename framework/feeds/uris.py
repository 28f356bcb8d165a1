"""Where a feed goes: its URI, the placeholders in it, and what its scheme and file are.

Place in the flow: pure functions under ``options`` and ``build``.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from framework.exceptions import SettingsError

# Only named placeholders count: a path may hold other percent signs (file:///a%20b.json).
_PLACEHOLDER = re.compile(r"%(?:\((?P<name>\w+)\)(?P<format>[#0 +-]*\d*(?:\.\d+)?[sdifxXrga])|(?P<percent>%))")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def scheme_of(uri: str) -> str:
    """Return the scheme of a feed's URI: ``stdout`` for ``-`` and ``stdout:``, ``file`` for a plain path."""
    if uri == "-" or uri.startswith("stdout:"):
        return "stdout"
    found = _SCHEME.match(uri)
    return found[1].lower() if found else "file"


def path_of(uri: str) -> Path:
    """Return the file that a plain path or a ``file://`` URI names.

    Raises:
        SettingsError: the URI names another machine, or no file.
    """
    if scheme_of(uri) == "file" and _SCHEME.match(uri):
        parts = urlsplit(uri)
        if parts.netloc not in ("", "localhost"):
            msg = f"feed {uri!r} names the host {parts.netloc!r}; write three slashes for a file here: file:///path"
            raise SettingsError(msg)
        return Path(unquote(parts.path))
    return Path(uri)


def time_text(now: datetime.datetime) -> str:
    """Return the value of ``%(time)s``: a UTC time that may be part of a file's name, such as 2026-11-21T09-30-00."""
    utc = now.astimezone(datetime.UTC).replace(microsecond=0, tzinfo=None)
    return utc.isoformat().replace(":", "-")


def placeholders(spider: Any, now: datetime.datetime) -> dict[str, Any]:
    """Return what placeholders stand for: the spider's public attributes, ``name`` and ``time``."""
    values: dict[str, Any] = {}
    for cls in reversed(type(spider).__mro__):
        values.update({k: v for k, v in vars(cls).items() if isinstance(v, (str, int, float))})
    values.update(getattr(spider, "__dict__", {}))
    values = {name: value for name, value in values.items() if not name.startswith("_")}
    return {**values, "name": getattr(spider, "name", ""), "time": time_text(now)}


def names_batches(template: str) -> bool:
    """Say whether the files of batches would have different names."""
    return any(found["name"] in ("batch_id", "batch_time") for found in _PLACEHOLDER.finditer(template))


def fill(template: str, values: Mapping[str, Any], spider: Any = None) -> str:
    """Return the URI with its placeholders filled in.

    Args:
        template: such as ``"out/%(name)s/%(time)s.jsonl"``; ``%%`` is a percent sign.
        values: what they stand for.
        spider: asked for attributes that ``values`` lacks, such as properties.

    Raises:
        SettingsError: a placeholder that means nothing.
    """

    def value_of(found: re.Match[str]) -> str:
        if found["percent"]:
            return "%"
        name = found["name"]
        value = values.get(name, getattr(spider, name, None))
        if value is None:
            msg = (
                f"feed {template!r}: nothing is called {name!r}; placeholders are %(name)s, %(time)s, attributes of "
                "the spider, and what FEED_URI_PARAMS returns"
            )
            raise SettingsError(msg)
        try:
            return str(f"%{found['format']}" % (value,))
        except (TypeError, ValueError) as error:
            msg = f"feed {template!r}: the placeholder {found[0]} does not fit {value!r} ({error}); use %({name})s"
            raise SettingsError(msg) from None

    return _PLACEHOLDER.sub(value_of, template)
