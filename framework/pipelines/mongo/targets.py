"""Where an item goes, and what tells it from others: database, collection and key fields.

Place in the flow: pure, built once from the options; ``pipeline`` asks for each item's class once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from framework.exceptions import SettingsError

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_DATABASE_WRONG = re.compile(r'[/\\. "$*<>:|?\0]')


class Target:
    """Where items of one class go.

    Attributes:
        collection: its name.
        key: fields whose values find the document; empty: each item is a document of its own.
    """

    __slots__ = ("collection", "key")

    def __init__(self, collection: str, key: tuple[str, ...]) -> None:
        self.collection = collection
        self.key = key

    def __repr__(self) -> str:
        return f"<Target {self.collection} {list(self.key)}>"


class Targets:
    """The targets of one crawl.

    Args:
        database: its name, with placeholders.
        collection: its name, with placeholders.
        key: fields by the name of an item class; ``*`` for the others.
        spider: the spider's name.

    Attributes:
        database: its name.
        fixed: the collection's name, where it does not depend on the item's class.

    Raises:
        SettingsError: a name is none that MongoDB takes.
    """

    def __init__(self, database: str, collection: str, key: Mapping[str, tuple[str, ...]], spider: str) -> None:
        self._spider = spider
        self._collection = collection
        self._key = key
        self._by_class: dict[type, Target] = {}
        self.database = self._filled("MONGO_DATABASE", database, {"spider": spider})
        if not self.database or _DATABASE_WRONG.search(self.database) or len(self.database) > 63:
            msg = (
                f"MONGO_DATABASE gives {self.database!r}, which is no name of a database; use letters, digits, _ and -"
            )
            raise SettingsError(msg)
        sample = self._filled("MONGO_COLLECTION", collection, {"spider": spider, "item_class": "Item"})
        if not sample or "$" in sample or "\0" in sample or sample.startswith(("system.", ".")) or sample.endswith("."):
            msg = f"MONGO_COLLECTION gives {sample!r}, which is no name of a collection"
            raise SettingsError(msg)
        self.fixed = None if "%(item_class)s" in collection else sample

    def __repr__(self) -> str:
        return f"<Targets {self.database}.{self._collection}>"

    def is_by_identity(self, collection: str) -> bool:
        """Say whether the documents of a collection are all found by the identity of their items."""
        if self.fixed is not None:
            return not any(self._key.values())
        for name, key in self._key.items():
            own = self._filled("MONGO_COLLECTION", self._collection, {"spider": self._spider, "item_class": name})
            if name != "*" and own == collection:
                return not key
        return not self._key.get("*")

    def of(self, item: Any) -> Target:
        """Return the target of an item."""
        kind = type(item)
        found = self._by_class.get(kind)
        if found is None:
            name = kind.__name__
            collection = self.fixed or self._filled(
                "MONGO_COLLECTION", self._collection, {"spider": self._spider, "item_class": name}
            )
            key = self._key.get(name, self._key.get("*", ()))
            found = self._by_class[kind] = Target(collection, key)
        return found

    def keys_of(self, collection: str) -> list[tuple[str, ...]]:
        """Return the keys by which documents of a collection are found, in the order of the option."""
        if self.fixed is not None:
            keys = list(self._key.values())
        else:
            keys = [target.key for target in self._by_class.values() if target.collection == collection]
        return [key for key in dict.fromkeys(keys) if key and key != ("_id",)]

    def matches(self, collection: str) -> bool:
        """Say whether a collection may be one of this crawl's."""
        if self.fixed is not None:
            return collection == self.fixed
        parts = _PLACEHOLDER.split(self._collection.replace("%(spider)s", self._spider))
        pattern = "".join(re.escape(part) if index % 2 == 0 else ".+" for index, part in enumerate(parts))
        return re.fullmatch(pattern, collection) is not None

    @staticmethod
    def _filled(option: str, text: str, values: Mapping[str, str]) -> str:
        unknown = [name for name in _PLACEHOLDER.findall(text) if name not in values]
        if unknown:
            known = ", ".join(f"%({name})s" for name in values)
            msg = f"{option} = {text!r} has the placeholder %({unknown[0]})s; known here: {known}"
            raise SettingsError(msg)
        return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def index_of(entry: Any) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
    """Return keys and options of one entry of ``MONGO_INDEXES``.

    Raises:
        SettingsError: it is none.
    """
    options: dict[str, Any] = {}
    keys: Any = entry
    if isinstance(entry, Mapping):
        options = {str(name): value for name, value in entry.items() if name != "keys"}
        keys = entry.get("keys")
    if isinstance(keys, str):
        keys = [keys]
    if isinstance(keys, list | tuple) and keys:
        pairs = [
            (part, 1) if isinstance(part, str) else tuple(part) for part in keys if isinstance(part, str | list | tuple)
        ]
        if len(pairs) == len(keys) and all(len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
            return [(str(name), direction) for name, direction in pairs], options
    msg = f"MONGO_INDEXES holds {entry!r}; write a field's name, or {{'keys': [['field', 1]], 'unique': True}}"
    raise SettingsError(msg)
