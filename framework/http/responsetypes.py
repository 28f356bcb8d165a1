"""Which kind of response a body becomes: by content type, else by the URL's extension, else by its first bytes.

Place in the flow: asked by the download handlers for every response. The body is taken to be inflated already,
whatever ``Content-Encoding`` says.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from framework.http.headers import Headers, RawHeaders, raw_value
from framework.http.response import Response
from framework.http.response.html import HtmlResponse
from framework.http.response.json import JsonResponse
from framework.http.response.text import TextResponse
from framework.http.response.xml import XmlResponse

_BY_MIME_TYPE: dict[str, type[Response]] = {
    "text/html": HtmlResponse,
    "application/xhtml+xml": HtmlResponse,
    "application/vnd.wap.xhtml+xml": HtmlResponse,
    "text/xml": XmlResponse,
    "application/xml": XmlResponse,
    "application/json": JsonResponse,
    "application/x-json": JsonResponse,
    "text/json": JsonResponse,
    "application/javascript": TextResponse,
    "application/x-javascript": TextResponse,
    "application/x-ndjson": TextResponse,
    "application/jsonlines": TextResponse,
    "application/xml-dtd": TextResponse,
    "application/yaml": TextResponse,
}
_BY_EXTENSION: dict[str, type[Response]] = {
    **dict.fromkeys(("html", "htm", "shtml", "xhtml", "xht"), HtmlResponse),
    **dict.fromkeys(("xml", "rss", "atom", "rdf", "xsl", "xslt", "xsd", "svg", "opml", "kml", "gpx"), XmlResponse),
    **dict.fromkeys(("json", "geojson", "jsonld"), JsonResponse),
    **dict.fromkeys(("txt", "csv", "tsv", "js", "mjs", "css", "md", "jsonl", "ndjson", "yaml", "yml"), TextResponse),
}
_EXTENSION = re.compile(r"//[^/?#]*/[^?#]*\.([A-Za-z0-9]{1,8})(?=[?#]|\Z)").search
_FILENAME = re.compile(
    rb"filename\*?=(?:[\w-]+'[^']*')?\"?[^\";]*\.([A-Za-z0-9]{1,8})\"?\s*(?:;|\Z)", re.IGNORECASE
).search
# Bytes that do not occur in text: control characters but for white space and ESC (used by ISO-2022).
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]").search
_SNIFFED_BYTES = 5000
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@lru_cache(maxsize=512)
def class_for_content_type(content_type: bytes) -> type[Response]:
    """Give the kind of response for a Content-Type header; :class:`Response` where it does not tell of text."""
    mime_type = content_type.partition(b";")[0].strip().lower().decode("latin-1")
    known = _BY_MIME_TYPE.get(mime_type)
    if known is not None:
        return known
    if mime_type.endswith("+json"):
        return JsonResponse
    if mime_type.endswith("+xml"):
        return XmlResponse
    return TextResponse if mime_type.startswith("text/") else Response


def class_for_url(url: str) -> type[Response]:
    """Give the kind of response for the extension of a URL's path; :class:`Response` where it does not tell."""
    match = _EXTENSION(url)
    return _BY_EXTENSION.get(match.group(1).lower(), Response) if match else Response


def class_for_body(body: bytes) -> type[Response]:
    """Give the kind of response for the first bytes of a body; :class:`Response` for what is not text."""
    head = body[:_SNIFFED_BYTES]
    if _BINARY(head) and not head.startswith(_UTF16_BOMS):
        return Response
    head = head.lower()
    if b"<html" in head or b"<!doctype html" in head:
        return HtmlResponse
    return XmlResponse if head.lstrip().startswith(b"<?xml") else TextResponse


def response_class(url: str, headers: Headers | RawHeaders | None, body: bytes) -> type[Response]:
    """Choose the kind of response, as Scrapy does: by the headers, else by the URL, else by the body.

    Args:
        url: of the response.
        headers: built or raw.
        body: inflated.
    """
    cls: type[Response] = Response
    if headers:
        content_type = _header(headers, b"content-type")
        if content_type:
            cls = class_for_content_type(content_type)
        elif disposition := _header(headers, b"content-disposition"):
            cls = _class_for_disposition(disposition)
    if cls is Response:
        cls = class_for_url(url)
    return class_for_body(body) if cls is Response else cls


def response_from(url: str, status: int, headers: Headers | RawHeaders | None, body: bytes, **kwargs: Any) -> Response:
    """Build the response of the kind that fits; ``kwargs`` are those of :class:`Response`."""
    return response_class(url, headers, body)(url, status, headers, body, **kwargs)


def _header(headers: Headers | RawHeaders, name: bytes) -> bytes | None:
    if isinstance(headers, Headers):
        value: bytes | None = headers.get(name)
        return value
    return raw_value(headers, name)


def _class_for_disposition(disposition: bytes) -> type[Response]:
    match = _FILENAME(disposition)
    return _BY_EXTENSION.get(match.group(1).decode().lower(), Response) if match else Response
