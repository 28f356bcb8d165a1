"""How an option is declared: once, as a field of a frozen dataclass, with name, type, unit, bounds, default and doc.

::

    @group("Retry", "What is tried again, how often and when.")
    class RetryOptions:
        times: int = option("RETRY_TIMES", default=2, minimum=0, doc="How often a request is tried again.")

``settings.group(RetryOptions).times`` is then an ``int``, wherever the value came from. A plugin declares a group of
its own in the same way. Place in the flow: ``declared/`` uses it, ``catalogue`` collects the groups.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast, dataclass_transform, get_type_hints

from .annotations import kind_of
from .containers import RecordKind
from .kinds import Kind, Misfit, bounds_text

T = TypeVar("T")
C = TypeVar("C")

_DECLARATION = "fwk.option"
_GROUP = "__option_group__"


@dataclass(frozen=True, slots=True)
class _Declaration:
    name: str
    doc: str
    unit: str
    minimum: float | None
    maximum: float | None


def option(
    name: str,
    *,
    default: T,
    doc: str,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
) -> T:
    """Declare one option as a field of a group.

    Args:
        name: the setting's name.
        default: its value when nobody sets it.
        doc: one or two sentences for the reference.
        unit: what a number counts: ``s``, ``bytes``, ``requests``, ...
        minimum: the smallest number that is accepted.
        maximum: the largest number that is accepted.
    """
    metadata = {_DECLARATION: _Declaration(name, doc, unit, minimum, maximum)}
    if isinstance(default, dict):
        content = default
        return cast("T", dataclasses.field(default_factory=lambda: dict(content), metadata=metadata))
    return dataclasses.field(default=default, metadata=metadata)


class Option:
    """One declared option.

    Attributes:
        name: the setting's name.
        field: the attribute of its group.
        doc: what it does.
        unit: what a number counts, or ``""``.
        minimum: the smallest number accepted, or ``None``.
        maximum: the largest number accepted, or ``None``.
    """

    def __init__(self, owner: Group, field: dataclasses.Field[Any]) -> None:
        declaration: _Declaration = field.metadata[_DECLARATION]
        self._owner = owner
        self._field = field
        self.name = declaration.name
        self.field = field.name
        self.doc = declaration.doc
        self.unit = declaration.unit
        self.minimum = declaration.minimum
        self.maximum = declaration.maximum

    def __repr__(self) -> str:
        return f"<Option {self.name}>"

    @property
    def default(self) -> Any:
        """The default as a settings file would write it: a fresh list or dict each time."""
        if self._field.default_factory is not dataclasses.MISSING:
            return self._field.default_factory()
        default = self._field.default
        return list(default) if isinstance(default, tuple) else default

    @cached_property
    def kind(self) -> Kind:
        """What a value must be."""
        return kind_of(self._owner.hints[self.field], self.minimum, self.maximum)

    @property
    def bounds(self) -> str:
        """The bounds of its numbers as text, or ``""``."""
        return bounds_text(self.minimum, self.maximum)

    @property
    def example(self) -> Any:
        """A value that fits: the default, unless that is empty."""
        default = self.default
        return self.kind.example if default in (None, "", [], {}) else default

    @property
    def wants(self) -> str:
        """What a value must be, with an example, to follow "needs"."""
        example = self.example
        if isinstance(example, dict):
            example = dict(list(example.items())[:1])
        return f"{self.kind.wants}, such as {example!r}" if example not in (None, {}) else self.kind.wants

    def read(self, value: Any) -> Any:
        """Return the value as the option's type.

        Raises:
            Misfit: it does not fit.
        """
        return self.kind.read(value)


class Group:
    """The options of one dataclass.

    Attributes:
        cls: the dataclass.
        title: the heading in the reference.
        doc: what the group is about.
        options: its options, in the order of declaration.
    """

    def __init__(self, cls: type[Any], title: str, doc: str) -> None:
        self.cls = cls
        self.title = title
        self.doc = doc
        self.options = tuple(Option(self, field) for field in dataclasses.fields(cls))

    def __repr__(self) -> str:
        return f"<Group {self.title}: {len(self.options)} options>"

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The annotations of the dataclass, resolved when first needed: most commands need few groups."""
        return get_type_hints(self.cls, include_extras=True)


@dataclass_transform(frozen_default=True, field_specifiers=(option,))
def group(title: str, doc: str) -> Callable[[type[C]], type[C]]:
    """Make a class a group of options: a frozen dataclass whose fields are declared by ``option``.

    Args:
        title: the heading in the reference.
        doc: one or two sentences on what the group is about.
    """

    def decorate(cls: type[C]) -> type[C]:
        built = dataclass(frozen=True, slots=True)(cls)
        setattr(built, _GROUP, Group(built, title, doc))
        return built

    return decorate


def group_of(cls: type[Any]) -> Group:
    """Return the group that a class declares.

    Raises:
        TypeError: it was not made by ``group``.
    """
    found = cls.__dict__.get(_GROUP)
    if not isinstance(found, Group):
        msg = f"{cls.__qualname__} is no group of options; decorate it with framework.settings.group"
        raise TypeError(msg)
    return found


@dataclass_transform(frozen_default=True, field_specifiers=(option,))
def record(cls: type[C]) -> type[C]:
    """Make a class the declared shape of a dict inside a setting, such as one entry of ``FEEDS``."""
    built = dataclass(frozen=True, slots=True)(cls)
    parts = Group(built, built.__name__, "")
    setattr(built, _GROUP, parts)

    def build(values: Mapping[str, Any]) -> Any:
        given = (part for part in parts.options if part.name in values)
        return built(**{part.field: _read_part(part, values[part.name]) for part in given})

    setattr(built, "__record_kind__", lambda: RecordKind((part.name for part in parts.options), build))  # noqa: B010
    return built


def _read_part(part: Option, value: Any) -> Any:
    try:
        return part.read(value)
    except Misfit as misfit:
        msg = f"{part.name!r} = {value!r} must be {part.kind.wants}" + (f" ({misfit})" if str(misfit) else "")
        raise Misfit(msg) from None
