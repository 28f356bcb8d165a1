"""What an errback gets: the exception of a request that came to nothing, with the methods that errbacks use."""

from __future__ import annotations

import traceback
from typing import Any

from framework.http import Request


class Failure:
    """An exception and the request it belongs to.

    Attributes:
        value: the exception.
        type: its class.
        request: the request that failed.
    """

    __slots__ = ("request", "type", "value")

    def __init__(self, value: BaseException, request: Request | None = None) -> None:
        self.value = value
        self.type = type(value)
        self.request = request

    def check(self, *types: type[BaseException] | str) -> Any:
        """Return the first of ``types`` (classes or names) that the exception is an instance of, else ``None``."""
        names = {f"{cls.__module__}.{cls.__qualname__}" for cls in self.type.__mro__}
        for wanted in types:
            if isinstance(wanted, str):
                if wanted in names or any(name.endswith("." + wanted) for name in names):
                    return wanted
            elif issubclass(self.type, wanted):
                return wanted
        return None

    def trap(self, *types: type[BaseException] | str) -> Any:
        """Return like ``check``; raise the exception itself when it is none of ``types``."""
        found = self.check(*types)
        if found is None:
            self.raiseException()
        return found

    def raiseException(self) -> None:  # noqa: N802 - the name that errbacks know
        """Raise the exception."""
        raise self.value

    def getErrorMessage(self) -> str:  # noqa: N802 - the name that errbacks know
        """Return the exception's message, or its name where it has none."""
        return str(self.value) or self.type.__name__

    def getTraceback(self) -> str:  # noqa: N802 - the name that errbacks know
        """Return the traceback as text."""
        return "".join(traceback.format_exception(self.value))

    def __repr__(self) -> str:
        return f"<Failure {self.type.__name__}: {self.getErrorMessage()}>"
