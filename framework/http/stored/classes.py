"""Objects as data: items and requests as the path of their class and the values of their attributes.

Place in the flow: asked by the copies taken at the yield and by the codec. Nothing of a class is called to take its
objects apart or to build them again, neither ``__init__`` nor a validator: an object comes back as it was. What a path
names is looked up among the modules that are imported already; only the framework's own modules and those of the
spider's package are imported for it, so that stored data cannot choose code to run.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from functools import cached_property, lru_cache
from importlib import import_module
from types import MemberDescriptorType
from typing import Any, Final

from framework.exceptions import StoredError
from framework.http.request import Request
from framework.item import Item

OWN_PACKAGE: Final = "framework"

# attrs keeps a computed hash in the object; that of a str is another one in the next process.
_CACHED_HASH = "_attrs_cached_hash"
# What Generic notes on an object made by Book[int](...): a type, nothing of the item.
_NOTED_BY_GENERIC = "__orig_class__"

NO_ITEM: Final = "not an item class"
"""The problem of objects whose class is none of the kinds that are stored."""


class Shape:
    """How the objects of one class are taken apart and built.

    Attributes:
        path: ``module:QualName``, by which the class is found again.
        problem: why its objects cannot be stored; empty when they can.
        value_problem: the same, as values: a request is none.
    """

    __slots__ = ("_class", "_left_out", "_slots", "path", "problem", "value_problem")

    def __init__(self, cls: type) -> None:
        self._class = cls
        self.path = f"{cls.__module__}:{cls.__qualname__}"
        self.problem = _problem(cls, self.path)
        self.value_problem = NO_ITEM if issubclass(cls, Request) else self.problem
        self._slots: dict[str, MemberDescriptorType] = {}
        for owner in cls.__mro__:
            if owner is not Request:
                for name, member in vars(owner).items():
                    if isinstance(member, MemberDescriptorType):
                        self._slots.setdefault(name, member)
        # A cached property is computed again.
        cached = {
            name for owner in cls.__mro__ for name, member in vars(owner).items() if type(member) is cached_property
        }
        self._left_out = cached | {_NOTED_BY_GENERIC}

    def state(self, obj: object) -> dict[str, Any]:
        """Return the attributes of an object; of a request, those that its class adds to :class:`Request`'s."""
        named = getattr(obj, "__dict__", {})
        state = dict(self._filled(obj)) | {name: named[name] for name in named if name not in self._left_out}
        if _CACHED_HASH in state:
            state[_CACHED_HASH] = None
        return state

    def _filled(self, obj: object) -> Iterator[tuple[str, Any]]:
        for name, slot in self._slots.items():
            try:
                yield name, slot.__get__(obj)
            except AttributeError:  # never set
                continue

    def build(self, state: dict[str, Any]) -> Any:
        """Return a new object with these attributes.

        Raises:
            StoredError: the class has no place for one of them any more.
        """
        obj: Any = object.__new__(self._class)
        self.fill(obj, state)
        return obj

    def fill(self, obj: object, state: dict[str, Any]) -> None:
        """Set attributes of an object, past any ``__setattr__``.

        Raises:
            StoredError: the class has no place for one of them any more.
        """
        for name, value in state.items():
            slot = self._slots.get(name)
            if slot is not None:
                slot.__set__(obj, value)
            elif hasattr(obj, "__dict__"):
                obj.__dict__[name] = value
            else:
                raise StoredError(
                    f"A stored object of class {self.path} has the attribute {name!r}, which the class no longer has: "
                    "give it back or start a new job"
                )


def shape_of(cls: type) -> Shape:
    """Return how objects of a class are taken apart (kept for the classes asked for lately)."""
    return _shape_of(cls)


_shape_of = lru_cache(maxsize=256)(Shape)


def is_item_class(cls: type) -> bool:
    """Say whether it is one of the kinds of item classes: Item, dataclass, attrs, Pydantic."""
    if issubclass(cls, Item) or dataclasses.is_dataclass(cls) or getattr(cls, "__attrs_attrs__", None) is not None:
        return True
    # An object of a Pydantic class can only be met where Pydantic was imported.
    model = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    return model is not None and issubclass(cls, model)


def find_class(path: str, packages: tuple[str, ...]) -> type:
    """Return the class that a stored path names, whatever it is.

    Args:
        path: ``module:QualName``.
        packages: top-level packages whose modules may be imported for it.

    Raises:
        StoredError: there is no such class.
    """
    module_name, _, qualname = path.partition(":")
    cls = _named(module_name, qualname)
    if cls is None and module_name not in sys.modules and module_name.partition(".")[0] in (OWN_PACKAGE, *packages):
        _import(module_name, path)
        cls = _named(module_name, qualname)
    if cls is None:
        raise StoredError(
            f"Stored data names the class {path!r}, which is not there: "
            "import it at the top of the spider's module (or give it back its name), or start a new job"
        )
    return cls


def find_item_shape(path: str, packages: tuple[str, ...]) -> Shape:
    """Return how objects of the item class that a stored path names are built.

    Raises:
        StoredError: there is no such class, or it is no item class (any more).
    """
    cls = find_class(path, packages)
    if not is_item_class(cls):
        raise StoredError(
            f"Stored data names the class {path!r}, which is no item class: "
            "make it one again (Item, dataclass, attrs, Pydantic) or start a new job"
        )
    return shape_of(cls)


def find_request_class(path: str, packages: tuple[str, ...]) -> type[Request]:
    """Return the class of requests that a stored path names.

    Raises:
        StoredError: there is no such class, or it is no subclass of ``Request`` (any more).
    """
    cls = find_class(path, packages)
    if not issubclass(cls, Request):
        raise StoredError(
            f"Stored data names the class {path!r}, which is no Request: make it one again or start a new job"
        )
    return cls


def _named(module_name: str, qualname: str) -> type | None:
    # By the dictionaries: the __getattr__ of a module or class is code, which stored data must not run.
    found: Any = sys.modules.get(module_name)
    for name in qualname.split("."):
        found = getattr(found, "__dict__", {}).get(name)
        if not isinstance(found, type):
            return None
    return found  # type: ignore[no-any-return]


def _import(module_name: str, path: str) -> None:
    try:
        import_module(module_name)
    except Exception as error:  # the user's module may raise anything
        raise StoredError(
            f"Stored data names the class {path!r}, whose module cannot be imported "
            f"({type(error).__name__}: {error}): mend the module, or start a new job"
        ) from error


def _problem(cls: type, path: str) -> str:
    if not (is_item_class(cls) or issubclass(cls, Request)):
        return NO_ITEM
    if _named(cls.__module__, cls.__qualname__) is not cls:
        return f"whose class cannot be imported as {path}"
    try:
        object.__new__(cls)
    except TypeError:
        return "which is also an object of a built-in type"
    return ""
