"""All options that are known in one place: the framework's own and those that plugins declare.

Place in the flow: above ``options`` and ``declared``; ``settings`` holds one. A catalogue is a value: adding groups
makes a new one, so two crawls with different plugins do not see each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from .declared import GROUPS
from .options import Group, Option, group_of


class Catalogue:
    """Known options by name, and the groups they belong to.

    Raises:
        ValueError: two groups declare the same name.
    """

    def __init__(self, groups: Iterable[type[Any]]) -> None:
        self.groups: tuple[Group, ...] = tuple(group_of(cls) for cls in groups)
        self._options: dict[str, Option] = {}
        for found in self.groups:
            for declared in found.options:
                if declared.name in self._options:
                    msg = f"the setting {declared.name} is declared twice, the second time in {found.cls.__qualname__}"
                    raise ValueError(msg)
                self._options[declared.name] = declared

    def __repr__(self) -> str:
        return f"<Catalogue of {len(self._options)} options in {len(self.groups)} groups>"

    def __contains__(self, name: object) -> bool:
        return name in self._options

    def __iter__(self) -> Iterator[Option]:
        return iter(self._options.values())

    def get(self, name: str) -> Option | None:
        """Return the option of that name, or ``None``."""
        return self._options.get(name)

    def with_groups(self, groups: Iterable[type[Any]]) -> Catalogue:
        """Return a catalogue that has these groups too; those it has already are not added again."""
        mine = [found.cls for found in self.groups]
        return Catalogue([*mine, *(cls for cls in groups if cls not in mine)])


@cache
def builtin_catalogue() -> Catalogue:
    """Return the options of the framework itself (immutable, so it is built once)."""
    return Catalogue(GROUPS)
