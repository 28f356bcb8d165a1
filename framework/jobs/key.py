"""What makes two commands the same crawl: spider, arguments, outputs. And what of a command is kept.

Place in the flow: the commands (and ``fromcode``) make a ``Command``; a job whose key is the same is the one that this
command may continue. Secrets are in neither: a token may change between two runs, and job files do not hold it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from framework.components import load_object
from framework.feeds.options import feed_from
from framework.feeds.uris import path_of, scheme_of
from framework.settings import Settings
from framework.settings.declared.feeds import FeedOptions
from framework.settings.declared.mongo import MongoOptions
from framework.settings.secrets import MASK, is_secret_name, masked

_PLACEHOLDER = re.compile(r"%\((\w+)\)[#0 +-]*\d*(?:\.\d+)?[sdifxXrga]")
_NEVER_TWICE = frozenset({"time", "batch_time"})


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a job.

    Attributes:
        uri: as it was written; where a feed's cut is stored depends on it.
        format: the format's name.
        overwrite: whether a new job begins it anew (``-O``).
        file: what it shares with another job's output that is the same file; ``""`` where many jobs may write.
    """

    uri: str
    format: str = ""
    overwrite: bool = False
    file: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """What two commands have in common when they are the same crawl.

    Attributes:
        spider: the spider's name.
        arguments: the spider's, secrets masked.
        outputs: normalised place to output; a sink that is no feed (MongoDB) adds its own.
    """

    spider: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)

    @property
    def stored_outputs(self) -> dict[str, dict[str, Any]]:
        """The outputs as ``job.json`` has them."""
        return {place: asdict(output) for place, output in self.outputs.items()}

    def files(self) -> dict[str, str]:
        """Return the files that only one unfinished job may write: what identifies each, and its place."""
        return {output.file: place for place, output in self.outputs.items() if output.file}


@dataclass(frozen=True, slots=True)
class Command:
    """One command that crawls.

    Attributes:
        key: what is crawled.
        kind: ``"crawl"``, ``"runspider"``, or ``"code"`` for a crawl that no command started.
        target: the spider's name or file.
        pairs: what was given with ``-s``, secrets left out.
        given: the outputs of the command line, as pairs of option (``-o``, ``-O``) and text.
        withheld: what is secret and has to be given again: ``-s NAME``, ``-a NAME``.
        folder: the working folder.
    """

    key: Key
    kind: str = "code"
    target: str = ""
    pairs: Sequence[str] = ()
    given: Sequence[tuple[str, str]] = ()
    withheld: Sequence[str] = ()
    folder: str = ""

    @property
    def stored(self) -> dict[str, Any]:
        """The command as ``job.json`` has it."""
        return {
            "kind": self.kind,
            "target": self.target,
            "pairs": list(self.pairs),
            "given": [list(pair) for pair in self.given],
            "withheld": list(self.withheld),
            "folder": self.folder,
        }


def stored_arguments(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return a spider's arguments as the key has them: texts, without secrets."""
    shown = {str(name): value if isinstance(value, str) else repr(value) for name, value in arguments.items()}
    return {name: str(masked(name, value)) for name, value in shown.items()}


def without_secrets(pairs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divide ``NAME=VALUE`` pairs into those that may be stored, and the names of the others."""
    kept: list[str] = []
    withheld: list[str] = []
    for pair in pairs:
        name, _, value = pair.partition("=")
        is_secret = is_secret_name(name) and value != ""
        (withheld if is_secret or masked(name, value) != value else kept).append(pair)
    return kept, [pair.partition("=")[0].strip() for pair in withheld]


def feed_outputs(settings: Settings, spider: str, arguments: Mapping[str, str]) -> dict[str, Output]:
    """Return the outputs that the setting ``FEEDS`` names; entries that are wrong are left to who opens them.

    Args:
        settings: those of the crawl.
        spider: the spider's name, for ``%(name)s``.
        arguments: the spider's, for placeholders that are called like them; secret ones are masked.
    """
    options = settings.group(FeedOptions)
    formats = [name for name, path in {**options.exporters_base, **options.exporters}.items() if path is not None]
    open_arguments = stored_arguments(arguments)
    outputs: dict[str, Output] = {}
    for uri, rules in options.feeds.items():
        feed = feed_from(str(uri), rules, options, formats, [])
        if feed is None:
            continue
        place, is_file = place_of(feed.uri)
        file = _file_of(place, spider, open_arguments, is_known=feed.uri_params is None) if is_file else ""
        outputs[place] = Output(str(masked("", feed.uri)), feed.format, feed.overwrite, file)
    return outputs


def mongo_outputs(settings: Settings) -> dict[str, Output]:
    """Return the database that the MongoDB pipeline writes to, where it is switched on."""
    options = settings.group(MongoOptions)
    if not options.uri or not any(map(_is_mongo, settings.ordered_components("ITEM_PIPELINES"))):
        return {}
    return {"mongodb": Output(f"{masked('', options.uri)} {options.database} {options.collection}")}


def _is_mongo(pipeline: Any) -> bool:
    """Say whether a pipeline is ours for MongoDB, or the user's own kind of it; who builds it tells what is wrong."""
    try:
        found = load_object(pipeline)
    except Exception:
        return False
    return any(kind.__name__ == "MongoPipeline" for kind in getattr(found, "__mro__", ()))


def place_of(uri: str) -> tuple[str, bool]:
    """Return where a feed goes, spelled in one way, and whether that is a file of this machine."""
    if scheme_of(uri) != "file":
        return str(masked("", uri)), False
    path = os.path.realpath(path_of(uri))
    # /dev/null and pipes take many writers.
    return path, not os.path.exists(path) or os.path.isfile(path)


def _file_of(place: str, spider: str, arguments: Mapping[str, str], *, is_known: bool) -> str:
    """Return what tells whether two outputs are one file; ``""`` where each crawl has a file of its own."""
    values = {**arguments, "name": spider}
    if any(name in _NEVER_TWICE for name in _PLACEHOLDER.findall(place)):
        return ""
    filled = _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), place)
    left = [name for name in _PLACEHOLDER.findall(filled) if name != "batch_id"]
    if is_known and not left:
        return filled
    # What the spider's code puts in depends on the spider and its arguments.
    return f"{filled} {spider} {sorted(arguments.items())}"


__all__ = ["MASK", "Command", "Key", "Output", "feed_outputs", "place_of", "stored_arguments", "without_secrets"]
