"""Callbacks by name: how a request that is stored says which method of its spider takes the answer.

Place in the flow: used when a request becomes data (``Request.to_dict``) and when it comes back
(``request_from_dict``). Functions are never stored, only names of the spider's methods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

NO_CALLBACK_NAME = "<no callback>"
"""The stored name of :func:`NO_CALLBACK`; no method can be called that."""


def NO_CALLBACK(*args: Any, **kwargs: Any) -> NoReturn:  # noqa: N802 - Scrapy's documented name
    """Stand for "nobody takes this answer": a request made by a component for itself.

    Raises:
        RuntimeError: always; it is a mark and is not to be called.
    """
    raise RuntimeError("NO_CALLBACK has been called: it marks requests whose answer no spider callback takes")


def callback_name(function: Callable[..., Any], spider: object) -> str:
    """Find under which name ``spider`` knows this bound method of its own.

    Raises:
        ValueError: the function is not a method of this spider (a lambda, a closure, another object's method).
    """
    if function is NO_CALLBACK:
        return NO_CALLBACK_NAME
    if getattr(function, "__self__", None) is spider:
        name = getattr(function, "__name__", "")
        if getattr(spider, name, None) == function:
            return name
        # An alias or a wrapped method: its __name__ is not the name that the class knows it by.
        implementation = getattr(function, "__func__", None)
        for owner in type(spider).__mro__:
            for name, member in vars(owner).items():
                if member is implementation:
                    return name
    raise ValueError(
        f"Function {function} is not an instance method in: {spider}. "
        "Only methods of the spider can be stored: move the function there and pass data in cb_kwargs"
    )


def callback_from_name(name: str, spider: object) -> Callable[..., Any]:
    """Give the spider's method of this name.

    Raises:
        ValueError: the spider has no method of this name.
    """
    if name == NO_CALLBACK_NAME:
        return NO_CALLBACK
    method = getattr(spider, str(name), None)
    if not callable(method):
        raise ValueError(
            f"Method {name!r} not found in: {spider}. "
            "A stored request names it: give the method back its name or start a new job"
        )
    return method  # type: ignore[no-any-return]
