"""The stored form of a request: what it is, as data, without a reference to anything alive.

Place in the flow: a request is looked at when it is yielded (``snapshot``), becomes bytes when it is leased or leaves
memory (``dump``), and comes back when its turn is near or a job is resumed (``load``). The frontier keeps what belongs
to it beside the form: identity, row, not-before time, origin.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MemberDescriptorType, MethodType, NoneType
from typing import Any, Final

from msgspec import Struct
from msgspec.msgpack import Decoder

from framework.exceptions import StoredError, UnstorableError
from framework.http.headers import Headers
from framework.http.request import Request, plain_request
from framework.http.request.callbacks import callback_from_name, callback_name
from framework.http.stored.classes import find_request_class, shape_of
from framework.http.stored.codec import ValueReader, encode, packed
from framework.http.stored.shared import HeaderFields, SharedParts, fields_of, headers_of
from framework.http.stored.values import IMMUTABLE, copied, described, refusal
from framework.http.url import mask_password

VERSION: Final = 1
"""Of the form; the first number in it."""

_SLOTS = [slot for slot in vars(Request).values() if isinstance(slot, MemberDescriptorType)]

_INT_MIN, _INT_MAX = -(1 << 63), (1 << 63) - 1  # of the frontier's priorities


class _Rest(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """What a plain GET does not have."""

    method: str = "GET"
    body: bytes = b""
    encoding: str = "utf-8"
    dont_filter: bool = False
    errback: str | None = None
    headers: HeaderFields | None = None
    headers_encoding: str | None = None
    meta: Any = None
    cb_kwargs: Any = None
    cookies: Any = None
    flags: Any = None
    request_class: str | None = None
    state: Any = None


class _Form(Struct, array_like=True):
    version: int
    url: str
    callback: str | None
    priority: int
    page_meta: bytes | None
    page_headers: bytes | None
    rest: _Rest | None = None


class StoredForm:
    """Makes requests data, and requests of data again, for one spider.

    Args:
        spider: whose methods the callbacks are. Its package is the only one, beside the framework, from which modules
            are imported to find the classes that stored data names.
    """

    def __init__(self, spider: object) -> None:
        self._spider = spider
        self._packages = (type(spider).__module__.partition(".")[0],)
        self._decode = Decoder(_Form, ext_hook=ValueReader(self._packages).extension).decode
        # By id(): the functions are kept beside their names, so that no id is given away twice.
        self._names: dict[int, tuple[object, str]] = {}
        self._methods: dict[str, Callable[..., Any]] = {}
        self._shared = SharedParts()

    def snapshot(self, request: Request) -> str | None:
        """Put copies in the place of all that can change in ``meta``, ``cb_kwargs``, ``cookies`` and ``flags``.

        The copies are what the stored form would give back, so that a request is the same whether it was stored or
        not.

        Returns:
            ``None``; or, of a request that cannot be stored, what in it cannot: ``meta['session'] is a
            ClientSession``, ``its callback is a lambda (spiders/books.py:12)``. It is unchanged then.
        """
        callback = request.callback
        if (
            request._meta is None
            and request._cb_kwargs is None
            and request._headers is None
            and request._cookies is None
            and request._flags is None
            and request.errback is None
            and type(request) is Request
            and (not request.priority or _fits(request.priority))
            and (
                callback is None
                or (
                    type(callback) is MethodType
                    and callback.__self__ is self._spider
                    and id(callback.__func__) in self._names
                )
            )
        ):
            return None
        return self._copy_parts(request)

    def dump(self, request: Request) -> bytes:
        """Return a request as bytes. Nothing in it is made or changed.

        Raises:
            UnstorableError: something in it has no stored form.
        """
        callback = request.callback
        name: str | None = None
        if callback is not None:
            known = self._names.get(id(callback.__func__)) if type(callback) is MethodType else None
            if known is not None and callback.__self__ is self._spider:  # type: ignore[attr-defined]
                name = known[1]
            else:
                name = self._name_of(callback)
                if name is None:
                    raise self._unstorable(request)
        meta = request._page_meta
        page_meta = None if meta is None else self._shared.meta_form(meta)
        headers = request._page_headers
        page_headers = None if headers is None else self._shared.headers_form(headers, request._encoding)
        rest = None
        if (
            request._meta
            or request._cb_kwargs
            or request._headers
            or request._body
            or request._cookies
            or request._flags
            or request._method != "GET"
            or request.errback is not None
            or request.dont_filter
            or request._encoding != "utf-8"
            or type(request) is not Request
            or (meta is not None and page_meta is None)
            or (headers is not None and page_headers is None)
        ):
            if not self._is_fit(request):
                raise self._unstorable(request)
            try:
                rest = self._rest(request, without_meta=page_meta is not None, without_headers=page_headers is not None)
            except UnstorableError:
                raise self._unstorable(request) from None
        url = request._url
        if type(url) is not str:
            url = _exact(url)
        priority = int(request.priority)
        if not _INT_MIN <= priority <= _INT_MAX:
            raise self._unstorable(request)
        return encode((VERSION, url, name, priority, page_meta, page_headers, rest))

    def load(self, data: bytes) -> Request:
        """Return the request that :meth:`dump` made bytes of.

        Raises:
            StoredError: the bytes are damaged, or name a method or class that is not there.
        """
        try:
            form = self._decode(data)
        except StoredError:
            raise
        except Exception as error:  # damaged bytes may say anything
            raise _damaged(data, error) from error
        if form.version != VERSION:
            raise _damaged(data, None)
        try:
            return self._request(form)
        except StoredError as error:
            raise StoredError(f"{error} (stored request: {mask_password(form.url)})") from error
        except Exception as error:
            raise _damaged(data, error) from error

    def _name_of(self, function: Callable[..., Any]) -> str | None:
        """Return under which name the spider has a callback; ``None`` when it is not the spider's."""
        is_method = type(function) is MethodType and function.__self__ is self._spider
        if is_method:
            known = self._names.get(id(function.__func__))  # type: ignore[attr-defined]
            if known is not None:
                return known[1]
        try:
            name = callback_name(function, self._spider)
        except ValueError:
            # A static or class method, or a function that is an attribute of the spider.
            name = getattr(function, "__name__", "")
            if not name or getattr(self._spider, name, None) != function:
                return None
        if is_method:
            self._names[id(function.__func__)] = (function.__func__, name)  # type: ignore[attr-defined]
        return name

    def _copy_parts(self, request: Request) -> str | None:
        if not self._is_fit(request):
            return self._refusal(request)
        shape = None if type(request) is Request else shape_of(type(request))
        cookies, flags = request._cookies, request._flags
        try:
            meta = _settled(request._meta)
            cb_kwargs = _settled(request._cb_kwargs)
            if cookies is not None:  # kept as they were given, they may be the spider's own dictionary
                cookies = copied(cookies)
            if flags is not None:
                flags = copied(flags)
            state = {} if shape is None else {name: copied(value) for name, value in shape.state(request).items()}
        except UnstorableError:
            return self._refusal(request)
        request._meta, request._cb_kwargs, request._cookies, request._flags = meta, cb_kwargs, cookies, flags
        if shape is not None:
            shape.fill(request, state)
        return None

    def _is_fit(self, request: Request) -> bool:
        """Say whether everything but the values in it can be stored."""
        return (
            (request.callback is None or self._name_of(request.callback) is not None)
            and (request.errback is None or self._name_of(request.errback) is not None)
            and (type(request) is Request or not shape_of(type(request)).problem)
            and (request._headers is None or type(request._headers) is Headers)
            and _fits(request.priority)
        )

    def _refusal(self, request: Request) -> str:
        """Say what in a request cannot be stored."""
        for what, function in (("callback", request.callback), ("errback", request.errback)):
            if function is not None and self._name_of(function) is None:
                return f"its {what} is {described(function)}"
        shape = None if type(request) is Request else shape_of(type(request))
        if shape is not None and shape.problem:
            return f"it is {described(request, shape.problem)}"
        if type(request._headers) not in (Headers, NoneType):
            return f"its headers are {described(request._headers)}"
        if not _fits(request.priority):
            return f"its priority, {request.priority}, does not fit into 64 bits"
        parts = {name: getattr(request, f"_{name}") for name in ("meta", "cb_kwargs", "cookies", "flags")}
        parts["meta"] = request._meta or request._page_meta
        if shape is not None:
            parts |= {f"its {name.lstrip('_')}": value for name, value in shape.state(request).items()}
        return next(said for name, value in parts.items() if (said := refusal(value, name)))

    def _unstorable(self, request: Request) -> UnstorableError:
        return UnstorableError(
            f"{request} cannot be stored: {self._refusal(request)}. Give it a method of the spider as callback, and "
            "data (str, numbers, dates, lists, dicts, items) in meta and cb_kwargs"
        )

    def _rest(self, request: Request, *, without_meta: bool, without_headers: bool) -> _Rest:
        rest = _Rest(method=request._method, body=request._body, encoding=_exact(request._encoding))
        rest.dont_filter = bool(request.dont_filter)
        if request.errback is not None:
            rest.errback = self._name_of(request.errback)
        headers = request._headers
        if headers is None and not without_headers:
            headers = request._page_headers
        if headers:
            rest.headers = fields_of(headers)
            rest.headers_encoding = None if headers.encoding == request._encoding else headers.encoding
        _put_values(rest, request, without_meta)
        if type(request) is not Request:
            shape = shape_of(type(request))
            rest.request_class = shape.path
            rest.state = {name: packed(value) for name, value in shape.state(request).items()}
        return rest

    def _request(self, form: _Form) -> Request:
        rest = form.rest
        callback = None if form.callback is None else self._method(form.callback)
        encoding = "utf-8" if rest is None else rest.encoding
        request = plain_request(form.url, callback, encoding, None, None)
        request.priority = form.priority
        if form.page_meta is not None:
            request._page_meta = self._shared.meta(form.page_meta)
        if form.page_headers is not None:
            request._page_headers = self._shared.headers(form.page_headers, encoding)
        return request if rest is None else self._completed(request, rest)

    def _completed(self, request: Request, rest: _Rest) -> Request:
        request._method = rest.method
        request._body = rest.body
        request.dont_filter = rest.dont_filter
        request.errback = None if rest.errback is None else self._method(rest.errback)
        if rest.headers is not None:
            encoding = request._encoding if rest.headers_encoding is None else rest.headers_encoding
            request._headers = headers_of(rest.headers, encoding)
        request._meta = _of_type(rest.meta, dict)
        request._cb_kwargs = _of_type(rest.cb_kwargs, dict)
        request._cookies = rest.cookies
        request._flags = _of_type(rest.flags, list)
        if rest.request_class is None:
            return request
        cls = find_request_class(rest.request_class, self._packages)
        special = object.__new__(cls)
        for slot in _SLOTS:
            slot.__set__(special, slot.__get__(request))
        shape_of(cls).fill(special, _of_type(rest.state, dict) or {})
        return special

    def _method(self, name: str) -> Callable[..., Any]:
        method = self._methods.get(name)
        if method is None:
            if name.startswith("__") and name.endswith("__"):
                raise StoredError(f"Stored data names {name} as a callback, which no request has: it is damaged")
            try:
                method = callback_from_name(name, self._spider)
            except ValueError as error:
                raise StoredError(str(error)) from error
            self._methods[name] = method
        return method


def _fits(priority: object) -> bool:
    """Say whether a priority can be stored; one that is no number is refused at the offer, and not here."""
    return not isinstance(priority, int) or _INT_MIN <= priority <= _INT_MAX


def _settled(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a dictionary as it is when nothing in it can change, else a copy of it all."""
    if data is not None:
        for key, value in data.items():
            if type(value) not in IMMUTABLE or type(key) not in IMMUTABLE:
                return copied(data)  # type: ignore[no-any-return]
    return data


def _put_values(rest: _Rest, request: Request, without_meta: bool) -> None:
    meta = request._meta
    if meta is None and not without_meta:
        meta = request._page_meta
    if meta:
        rest.meta = packed(meta)
    if request._cb_kwargs:
        rest.cb_kwargs = packed(request._cb_kwargs)
    if request._cookies:
        rest.cookies = packed(request._cookies)
    if request._flags:
        rest.flags = packed(request._flags)


def _of_type(value: Any, kind: type) -> Any:
    if value is not None and type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value


def _exact(text: str) -> str:
    """Return a str of exactly that type."""
    return text if type(text) is str else str.__str__(text)


def _damaged(data: bytes, error: Exception | None) -> StoredError:
    # A short array begins with 0x9n, and its first element is the version.
    version = data[1] if len(data) > 1 and data[0] & 0xF0 == 0x90 else VERSION
    if version != VERSION:
        return StoredError(
            f"A stored request has the form {version}, and this version of fwk knows the form {VERSION}: "
            "continue the job with the version that wrote it, or start a new job"
        )
    return StoredError(
        f"A stored request is damaged ({type(error).__name__}: {error}): restore the job's files or start a new job"
    )
