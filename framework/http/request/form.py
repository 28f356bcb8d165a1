"""Requests that send HTML forms: from data, or from a form on a page with what is filled in there.

Place in the flow: yielded by a spider, above all for logins and searches. ``from_response`` sends what a browser would
when the form is submitted. Names are those of Scrapy's "Requests and Responses" page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self
from urllib.parse import urlencode, urlsplit, urlunsplit

from framework.http.request import Request
from framework.http.request.form_fields import find_form, form_url, submitted_fields
from framework.http.response.text import TextResponse

__all__ = ["FormRequest"]

FormData = Mapping[str, Any] | Iterable[tuple[str, Any]]
"""Fields of a form: names to values, or pairs of them; a value may be an iterable of values."""


class FormRequest(Request):
    """A request that sends the fields of a form.

    Args:
        args: those of :class:`Request`.
        formdata: fields, as a mapping or pairs; a value may be an iterable of values. With POST (the default when
            there are fields) they are the body, with GET they are the URL's query.
        kwargs: those of :class:`Request`.

    Raises:
        TypeError: ``formdata`` is neither a mapping nor pairs.
    """

    __slots__ = ()
    valid_form_methods = ("GET", "POST")

    def __init__(self, *args: Any, formdata: FormData | None = None, **kwargs: Any) -> None:
        if formdata and kwargs.get("method") is None and len(args) < _ARGS_WITH_METHOD:
            kwargs["method"] = "POST"
        super().__init__(*args, **kwargs)
        if not formdata:
            return
        query = _urlencoded(formdata, self.encoding)
        if self.method == "POST":
            self.headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            self._body = query.encode("ascii")
        else:
            parts = urlsplit(self._url)
            self._url = urlunsplit(parts._replace(path=parts.path or "/", query=query))

    @classmethod
    def from_response(  # noqa: PLR0913 - Scrapy's documented signature
        cls,
        response: TextResponse,
        formname: str | None = None,
        formid: str | None = None,
        formnumber: int = 0,
        formdata: FormData | None = None,
        clickdata: Mapping[str, str | int] | None = None,
        dont_click: bool = False,
        formxpath: str | None = None,
        formcss: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Make a request of a form on a page, with what is filled in there.

        Args:
            response: the page.
            formname: ``name`` of the form; where there is none of it, ``formnumber`` counts.
            formid: ``id`` of the form; where there is none of it, ``formnumber`` counts.
            formnumber: which form of the page, from 0.
            formdata: fields to set, instead of or beside those of the page; ``None`` as a value leaves one out.
            clickdata: attributes of the button that is clicked, or ``{"nr": n}``; the first one by default.
            dont_click: send without any button.
            formxpath: finds the form, or an element in it.
            formcss: the same, in CSS.
            kwargs: those of :class:`Request`; ``method`` and ``url`` win over the form's.

        Raises:
            ValueError: there is no such form or button.
            IndexError: ``formnumber`` is too high.
        """
        kwargs.setdefault("encoding", response.encoding)
        form = find_form(response, formname, formid, formnumber, formxpath or _css_to_xpath(response, formcss))
        fields = submitted_fields(form, _pairs(formdata), clickdata, dont_click)
        method = str(kwargs.pop("method", None) or form.method).upper()
        if method not in cls.valid_form_methods:
            method = "GET"
        url = form_url(response, form, kwargs.pop("url", None))
        return cls(url=url, method=method, formdata=fields, **kwargs)


_ARGS_WITH_METHOD = 3  # url, callback, method


def _css_to_xpath(response: TextResponse, css: str | None) -> str | None:
    return None if css is None else response.selector._css2xpath(css)


def _pairs(formdata: FormData | None) -> list[tuple[str, Any]]:
    if formdata is None:
        return []
    try:
        return [(name, value) for name, value in (formdata.items() if isinstance(formdata, Mapping) else formdata)]
    except (TypeError, ValueError) as exc:
        raise ValueError("formdata should be a dict or iterable of tuples") from exc


def _urlencoded(formdata: FormData, encoding: str) -> str:
    return urlencode(
        [
            (_field_bytes(name, encoding), _field_bytes(value, encoding))
            for name, values in _pairs(formdata)
            for value in (values if isinstance(values, Iterable) and not isinstance(values, str | bytes) else [values])
        ]
    )


def _field_bytes(value: Any, encoding: str) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(encoding)
