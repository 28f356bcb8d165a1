"""What a stored request asks for, read without the spider: no callback is looked for, no class imported.

Place in the flow: ``fwk why`` tells of pending requests, also of those that the present code could not read back.
"""

from __future__ import annotations

from msgspec import MsgspecError, Struct
from msgspec.msgpack import Decoder

from framework.exceptions import StoredError


class _Rest(Struct):
    method: str = "GET"
    dont_filter: bool = False


class _Form(Struct, array_like=True):
    version: int
    url: str
    callback: str | None
    priority: int
    page_meta: bytes | None = None
    page_headers: bytes | None = None
    rest: _Rest | None = None


_decode = Decoder(_Form).decode


class Glance(Struct):
    """The outside of a stored request.

    Attributes:
        url: what it asks for.
        method: how.
        callback: the spider's method that its response goes to; ``None``: the default one.
        priority: higher ones go first.
        dont_filter: it is not filtered as a duplicate.
    """

    url: str
    method: str
    callback: str | None
    priority: int
    dont_filter: bool


def glance(data: bytes) -> Glance:
    """Return what the form that ``StoredForm.dump`` made says at first sight.

    Raises:
        StoredError: it is no such form.
    """
    try:
        form = _decode(data)
    except MsgspecError as error:
        msg = f"A stored request cannot be read: {error}"
        raise StoredError(msg) from error
    rest = form.rest or _Rest()
    return Glance(form.url, rest.method, form.callback, form.priority, rest.dont_filter)
