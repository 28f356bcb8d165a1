"""What a single value may be: each kind reads a Python value or a text into one type, or says what it needs.

Texts come from the environment and the command line; a settings file may hold them too, as in Scrapy. Reading is
strict: what is not plainly meant is a ``Misfit``, never a guess.

Place in the flow: ``containers`` builds lists and dicts of these, ``annotations`` chooses one for an annotation.
"""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Callable
from typing import Any

_DOTTED_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_TRUE_TEXTS = frozenset({"1", "true", "yes", "on"})
_FALSE_TEXTS = frozenset({"0", "false", "no", "off"})


class Misfit(ValueError):  # noqa: N818 - no error of the program: it is caught and worded where the name is known
    """A value does not fit its kind; the text, when there is one, names the part that does not."""


class Kind:
    """One kind of value.

    Attributes:
        wants: what a value must be, to follow "needs".
        example: a value that fits, for messages.
        type_name: the short name for the reference.
    """

    wants: str = "any value"
    example: Any = None
    type_name: str = "any"

    def read(self, value: Any) -> Any:
        """Return the value as this kind's type.

        Raises:
            Misfit: the value does not fit.
        """
        return value


def bounds_text(minimum: float | None, maximum: float | None) -> str:
    """Return the bounds of a number as text: ``>= 0``, ``from 1 to 5`` or nothing."""
    if minimum is not None and maximum is not None:
        return f"from {minimum:g} to {maximum:g}"
    if minimum is not None:
        return f">= {minimum:g}"
    return "" if maximum is None else f"<= {maximum:g}"


class BoolKind(Kind):
    """True or false; texts and the numbers 1 and 0 as well."""

    wants = "true or false (1/0, yes/no, on/off)"
    example = True
    type_name = "bool"

    def read(self, value: Any) -> bool:
        """Read a truth value."""
        if isinstance(value, str):
            text = value.strip().lower()
            if text in _TRUE_TEXTS:
                return True
            if text in _FALSE_TEXTS:
                return False
        elif value in (0, 1):
            return bool(value)
        raise Misfit


class NumberKind(Kind):
    """A number between bounds; the parent of the whole and the real numbers."""

    noun = "a number"

    def __init__(self, minimum: float | None = None, maximum: float | None = None) -> None:
        self.minimum = minimum
        self.maximum = maximum
        bounds = bounds_text(minimum, maximum)
        self.wants = f"{self.noun} {bounds}" if bounds else self.noun
        self.example = self.example if minimum is None else max(minimum, self.example)

    def _bounded(self, number: float) -> Any:
        if self.minimum is not None and number < self.minimum:
            raise Misfit
        if self.maximum is not None and number > self.maximum:
            raise Misfit
        return number


class IntKind(NumberKind):
    """A whole number."""

    noun = "a whole number"
    example = 8
    type_name = "int"

    def read(self, value: Any) -> int:
        """Read a whole number; ``8.0`` is one, ``True`` is not."""
        if isinstance(value, str):
            try:
                value = int(value.strip())
            except ValueError:
                raise Misfit from None
        elif isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Misfit
        return self._bounded(value)  # type: ignore[no-any-return]


class FloatKind(NumberKind):
    """A real number, finite."""

    example = 0.5
    type_name = "float"

    def read(self, value: Any) -> float:
        """Read a number."""
        if isinstance(value, str):
            try:
                value = float(value.strip())
            except ValueError:
                raise Misfit from None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Misfit
        return float(self._bounded(value))


class OrderKind(Kind):
    """The order number of a component; ``1`` stays whole, so that a listing shows what was written."""

    wants = "an order number, or None to switch it off"
    example = 543
    type_name = "order"

    def read(self, value: Any) -> float | None:
        """Read an order number or ``None``."""
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise Misfit


class TextKind(Kind):
    """A text; a path object is taken as its text."""

    wants = "a text"
    example = "text"
    type_name = "str"

    def read(self, value: Any) -> str:
        """Read a text."""
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if isinstance(value, str):
            return value
        raise Misfit


class HeaderKind(Kind):
    """The value of one HTTP header, or ``None`` for a header that is not to be sent."""

    wants = "a header value (text), or None"
    example = "en"
    type_name = "str or None"

    def read(self, value: Any) -> str | None:
        """Read a header value; bytes are taken as Latin-1 (RFC 9110, section 5.5), whole numbers as digits.

        Several values become one with commas between them, which means the same (section 5.3).
        """
        if isinstance(value, list | tuple) and value:
            texts = [self.read(one) for one in value if isinstance(one, str | bytes)]
            if len(texts) == len(value):
                return ", ".join(filter(None, texts))
        if isinstance(value, bytes):
            return value.decode("latin-1")
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is None or isinstance(value, str):
            return value
        raise Misfit


class ChoiceKind(Kind):
    """One of a few words, in any case."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices
        quoted = [repr(choice) for choice in choices]
        self.wants = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
        self.example = choices[0]
        self.type_name = " | ".join(choices)

    def read(self, value: Any) -> str:
        """Read one of the words."""
        if isinstance(value, str):
            text = value.strip().lower()
            for choice in self.choices:
                if choice.lower() == text:
                    return choice
        raise Misfit


class LogLevelKind(Kind):
    """A level of ``logging``, by name or by number; read into its name."""

    wants = "a log level: DEBUG, INFO, WARNING, ERROR or CRITICAL"
    example = "INFO"
    type_name = "log level"

    def read(self, value: Any) -> str:
        """Read a log level."""
        levels = logging.getLevelNamesMapping()
        if isinstance(value, str):
            text = value.strip().upper()
            value = int(text) if text.isdecimal() else levels.get(text)
        if isinstance(value, bool) or value not in levels.values():
            raise Misfit
        # Of two names for one level (WARN, WARNING) the one that logging writes.
        name: str = logging.getLevelName(value)
        return name


class ComponentKind(Kind):
    """A class or function: by dotted path, or the object itself."""

    wants = "a dotted path (or the class itself)"
    example = "pipelines.price.PricePipeline"
    type_name = "dotted path"

    def read(self, value: Any) -> str | Callable[..., Any]:
        """Read a dotted path; it is not imported here."""
        if isinstance(value, str):
            text = value.strip()
            if _DOTTED_PATH.fullmatch(text):
                return text
        elif callable(value):
            return value  # type: ignore[no-any-return]
        raise Misfit
