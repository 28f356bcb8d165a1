"""Which kind an annotation of a declared option means, and the annotations that name a special kind.

Place in the flow: above ``kinds`` and ``containers``; ``options`` asks here.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from .containers import FieldsKind, ListKind, MapKind, OptionalKind
from .kinds import (
    BoolKind,
    ChoiceKind,
    ComponentKind,
    FloatKind,
    HeaderKind,
    IntKind,
    Kind,
    LogLevelKind,
    OrderKind,
    TextKind,
)

Component: TypeAlias = Annotated[str | Callable[..., Any], ComponentKind()]
"""A dotted path, or the class or function itself."""

Order: TypeAlias = Annotated[float | None, OrderKind()]
"""The order number of a component; ``None`` switches it off."""

LogLevel: TypeAlias = Annotated[str, LogLevelKind()]
"""The name of a log level."""

HeaderValue: TypeAlias = Annotated[str | None, HeaderKind()]
"""The value of one HTTP header."""

ItemFields: TypeAlias = Annotated[tuple[str, ...] | Mapping[str, str], FieldsKind()]
"""Item fields to write, with or without other names for them."""


def kind_of(annotation: Any, minimum: float | None = None, maximum: float | None = None) -> Kind:
    """Return the kind that an annotation means; bounds belong to the innermost numbers.

    Raises:
        TypeError: no kind is known for it (a mistake in a declaration, found when it is first used).
    """
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return args[1]  # type: ignore[no-any-return]
    if annotation is int:
        return IntKind(minimum, maximum)
    if annotation is float:
        return FloatKind(minimum, maximum)
    if origin in (Union, types.UnionType):
        return _optional(annotation, args, minimum, maximum)
    if origin is tuple and args[1:] == (...,):
        return ListKind(kind_of(args[0], minimum, maximum))
    if origin is Mapping:
        return MapKind(kind_of(args[0]), kind_of(args[1], minimum, maximum))
    return _plain(annotation, origin, args)


def _plain(annotation: Any, origin: Any, args: tuple[Any, ...]) -> Kind:
    if origin is Literal:
        return ChoiceKind(args)
    if annotation is bool:
        return BoolKind()
    if annotation is str:
        return TextKind()
    if annotation is Any:
        return Kind()
    if hasattr(annotation, "__record_kind__"):
        return annotation.__record_kind__()  # type: ignore[no-any-return]
    msg = f"no option can be of type {annotation!r}"
    raise TypeError(msg)


def _optional(annotation: Any, args: tuple[Any, ...], minimum: float | None, maximum: float | None) -> Kind:
    inner = [arg for arg in args if arg is not types.NoneType]
    if len(inner) != 1 or len(args) == len(inner):
        msg = f"no option can be of type {annotation!r}; write Annotated[..., a kind]"
        raise TypeError(msg)
    return OptionalKind(kind_of(inner[0], minimum, maximum))
