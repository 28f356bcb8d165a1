"""The body of a text response as a document: an element tree, or a JSON value.

Place in the flow: called once a page, when a callback first selects something. Parses from the bytes as they came
where these are clean UTF-8, without making a str of the whole page first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

from lxml import etree, html

_html: Any = html
_BOM = b"\xef\xbb\xbf"
_UTF8 = frozenset(("utf-8", "utf8"))
# Encodings in which an ASCII body is the same bytes as in UTF-8.
_ASCII_ALIKE = _UTF8 | {"ascii", "us-ascii", "latin-1", "iso-8859-1", "iso8859-1", "cp1252", "gb18030"}


class Selectable(Protocol):
    """What a Selector needs of a response."""

    selector_type: str | None
    """``html``, ``xml``, ``json``, or ``None``: by its content."""

    @property
    def url(self) -> str:
        """Where it came from."""

    @property
    def body(self) -> bytes:
        """The bytes to parse."""

    @property
    def encoding(self) -> str:
        """The encoding of the body."""

    @property
    def text(self) -> str:
        """The decoded body."""

    def json(self) -> Any:
        """Give the body as a JSON value; raises ValueError when it is none."""


def parse_response(response: Selectable, type_: str | None, huge_tree: bool = True) -> tuple[Any, str]:
    """Parse the body of a response.

    Args:
        response: where the body is.
        type_: ``html``, ``xml`` or ``json``; ``None`` for what the response is.
        huge_tree: lift libxml2's limits on depth and size of text.

    Returns:
        The root (an element, or the JSON value) and the type.

    Raises:
        ValueError: the type is none of these.
    """
    type_ = type_ or response.selector_type
    if type_ in ("json", None):
        value = _json_or_none(response, type_)
        if value is not None or type_ == "json":
            return value, "json"
    if type_ not in ("html", "xml", None):
        raise ValueError(f"Invalid type: {type_}")
    document = _document(response)
    parser = _parser(type_ == "xml", huge_tree)
    root = etree.fromstring(document or b"<html/>", parser=parser, base_url=response.url)
    if root is None:
        root = etree.fromstring(b"<html/>", parser=parser, base_url=response.url)
    return root, type_ or "html"


@lru_cache(maxsize=4)
def _parser(xml: bool, huge_tree: bool) -> Any:
    # Kept, as making one costs a fifth of parsing a small page; lxml locks it while it is in use.
    # recover: pages are as they are. Entities are not resolved and nothing is fetched: the page is not ours.
    if xml:
        return etree.XMLParser(
            recover=True, encoding="utf-8", huge_tree=huge_tree, resolve_entities=False, no_network=True
        )
    # lxml.html's, for its elements: forms, links, drop_tree().
    return _html.HTMLParser(recover=True, encoding="utf-8", huge_tree=huge_tree, no_network=True)


def _document(response: Selectable) -> bytes:
    """Give the body in clean UTF-8: as it is when it already is that, otherwise decoded and encoded again."""
    body = response.body
    if response.encoding in _ASCII_ALIKE and body.isascii():
        return _stripped(body)
    if response.encoding in _UTF8:
        body = body.removeprefix(_BOM)
        # str.strip() takes more than ASCII white space off; where that may matter, let it.
        if body[:1].isascii() and body[-1:].isascii() and _is_utf8(body):
            return _stripped(body)
    return response.text.strip().replace("\x00", "").encode("utf-8", "replace")


def _stripped(body: bytes) -> bytes:
    return (body.replace(b"\x00", b"") if b"\x00" in body else body).strip()


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _json_or_none(response: Selectable, type_: str | None) -> Any:
    if type_ is None and response.body.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        return response.json()
    except ValueError:
        return None
