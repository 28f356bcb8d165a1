"""What the arguments of a request must be, and what is said of those that are not.

Place in the flow: called by ``Request.__init__`` for everything that is not plain already.
"""

from __future__ import annotations

from typing import NoReturn

from framework.http.url import safe_url

_TOKEN_MARKS = dict.fromkeys(map(ord, "!#$%&'*+-.^_`|~"), "x")


def checked_url(url: object, encoding: str) -> str:
    """Return a URL escaped; it must be absolute.

    Raises:
        TypeError: it is no str.
        ValueError: it has no scheme.
    """
    if not isinstance(url, str):
        raise TypeError(f"Request url must be str, got {type(url).__name__}: {url!r}")
    safe = safe_url(url, encoding)
    if "://" not in safe and not safe.startswith(("about:", "data:")):
        raise ValueError(
            f"Missing scheme in request url: {safe} (give an absolute URL such as https://example.com/; "
            "inside a callback, response.follow() and response.urljoin() take relative ones)"
        )
    return safe


def checked_method(method: object) -> str:
    """Return a method in upper case.

    Raises:
        ValueError: it is no token of HTTP.
    """
    name = str(method).upper()
    # The characters of a token, RFC 9110 section 5.6.2: above all no space and no line break.
    if not name or not name.isascii() or not name.translate(_TOKEN_MARKS).isalnum():
        raise ValueError(f"Invalid HTTP method {method!r}: letters, digits and !#$%&'*+-.^_`|~ only")
    return name


def encoded_body(body: object, encoding: str) -> bytes:
    """Return a body as bytes.

    Raises:
        TypeError: it is neither bytes nor str.
    """
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode(encoding)
    raise TypeError(f"Request body must be bytes, str or None, got {type(body).__name__}")


def refuse(name: str, value: object) -> NoReturn:
    """Refuse a callback or errback.

    Raises:
        TypeError: always.
    """
    raise TypeError(f"{name} must be a callable, got {type(value).__name__}: {value!r}")


def refuse_priority(value: object) -> NoReturn:
    """Refuse a priority.

    Raises:
        TypeError: always.
    """
    raise TypeError(f"Request priority must be an integer, got {type(value).__name__}: {value!r}")
