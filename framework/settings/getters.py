"""Reading a setting as the type that is wanted, under the names of Scrapy's Settings API.

Place in the flow: the reading half of ``store.BaseSettings``. Built-in components use typed groups instead; these
methods are for the code of users and for plugins written for Scrapy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from framework.exceptions import SettingsError

from .containers import list_from_text, mapping_from
from .copying import copy_containers
from .kinds import BoolKind, FloatKind, IntKind, Misfit
from .priorities import Origin

_BOOL, _INT, _FLOAT = BoolKind(), IntKind(), FloatKind()


class Getters:
    """The typed getters over ``get``."""

    def get(self, name: Any, default: Any = None) -> Any:
        """Return the value, or ``default`` when nobody has set it."""
        raise NotImplementedError

    def origin(self, name: Any) -> Origin | None:
        """Return where the value came from."""
        raise NotImplementedError

    def getbool(self, name: Any, default: bool = False) -> bool:
        """Return the value as true or false; ``None`` is false.

        Raises:
            SettingsError: it is neither (see ``kinds.BoolKind``).
        """
        value = self.get(name, default)
        return False if value is None else bool(self._read(name, value, _BOOL.read, _BOOL.wants))

    def getint(self, name: Any, default: int = 0) -> int:
        """Return the value as a whole number.

        Raises:
            SettingsError: it is none.
        """
        return int(self._read(name, self.get(name, default), _whole, _INT.wants))

    def getfloat(self, name: Any, default: float = 0.0) -> float:
        """Return the value as a number.

        Raises:
            SettingsError: it is none.
        """
        return float(self._read(name, self.get(name, default), _FLOAT.read, _FLOAT.wants))

    def getlist(self, name: Any, default: list[Any] | None = None) -> list[Any]:
        """Return the value as a new list; a text is a JSON list or words between commas.

        Raises:
            SettingsError: it cannot be a list.
        """
        value = self.get(name, default)
        return [] if value is None else list(self._read(name, value, _listed, "a list"))

    def getdict(self, name: Any, default: dict[Any, Any] | None = None) -> dict[Any, Any]:
        """Return the value as a new dict; a text is a JSON object.

        Raises:
            SettingsError: it is none.
        """
        value = self.get(name, default)
        return {} if value is None else dict(self._read(name, value, mapping_from, "a dict"))

    def getdictorlist(
        self, name: Any, default: dict[Any, Any] | list[Any] | tuple[Any, ...] | None = None
    ) -> dict[Any, Any] | list[Any]:
        """Return the value as a new dict or list; a text is JSON of either, or words between commas.

        Raises:
            SettingsError: it is neither.
        """
        value = self.get(name, default)
        if value is None:
            return {}
        found = self._read(name, value, _dict_or_list, "a dict or a list")
        return copy_containers(found)  # type: ignore[no-any-return]

    def _read(self, name: Any, value: Any, read: Callable[[Any], Any], wants: str) -> Any:
        try:
            return read(value)
        except Misfit as misfit:
            found = self.origin(name)
            place = f" ({found.place})" if found else ""
            more = f": {misfit}" if str(misfit) else ""
            msg = f"{name} = {value!r}{place}: needs {wants}{more}"
            raise SettingsError(msg) from None


def _whole(value: Any) -> int:
    # As in Scrapy, where getint is int(): a fraction is cut off and True is 1. Declared options are stricter.
    if isinstance(value, bool | float):
        return int(value)
    return _INT.read(value)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str):
        return list_from_text(value)
    try:
        return list(value)
    except TypeError:
        raise Misfit from None


def _dict_or_list(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return list_from_text(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    raise Misfit
