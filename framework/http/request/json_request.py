"""A request that sends JSON.

Place in the flow: yielded by spiders that talk to an API. Names are those of Scrapy's "Requests and Responses" page.
"""

from __future__ import annotations

import json
import warnings
from typing import Any, ClassVar

from framework.http.request import Request

__all__ = ["JsonRequest"]


class JsonRequest(Request):
    """A request whose body is a JSON document.

    Args:
        args: those of :class:`Request`.
        data: written as JSON into the body; the method is then POST unless one is given. Ignored, with a warning, when
            there is a body.
        dumps_kwargs: keyword arguments of ``json.dumps``; keys are sorted by default.
        kwargs: those of :class:`Request`.

    Raises:
        TypeError: ``data`` cannot be written as JSON.
    """

    attributes: ClassVar[tuple[str, ...]] = (*Request.attributes, "dumps_kwargs")
    __slots__ = ("_dumps_kwargs",)

    def __init__(self, *args: Any, data: Any = None, dumps_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self._dumps_kwargs = {"sort_keys": True, **(dumps_kwargs or {})}
        if data is not None and self._write(data, kwargs):
            kwargs.setdefault("method", "POST")
        super().__init__(*args, **kwargs)
        self.headers.setdefault("Content-Type", "application/json")
        self.headers.setdefault("Accept", "application/json, text/javascript, */*; q=0.01")

    @property
    def dumps_kwargs(self) -> dict[str, Any]:
        """Keyword arguments of ``json.dumps``."""
        return self._dumps_kwargs

    def replace(self, *, cls: type[Request] | None = None, **kwargs: Any) -> Any:
        """Give a request with the same content but for the arguments named here; ``data`` replaces the body."""
        data = kwargs.pop("data", None)
        if data is not None:
            self._write(data, kwargs)
        if cls is not None and not issubclass(cls, JsonRequest):
            # Its body is JSON already; how it was written means nothing to another class.
            return Request.replace(_as_request(self), cls=cls, **kwargs)
        return super().replace(cls=cls, **kwargs)

    def _write(self, data: Any, kwargs: dict[str, Any]) -> bool:
        """Write ``data`` into the body unless there is one; say whether it was."""
        if kwargs.get("body") is not None:
            warnings.warn("Both body and data passed. data will be ignored", stacklevel=3)
            return False
        kwargs["body"] = json.dumps(data, **self._dumps_kwargs)
        return True


def _as_request(request: JsonRequest) -> Request:
    return Request(**{name: getattr(request, name) for name in Request.attributes})
