"""Pages that show how a client speaks, and whether it reads rightly.

It speaks in headers, cookies, forms and credentials; it must read encodings, compressed bodies and status codes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any, Final

from aiohttp import web

from framework.testing.shop import answers, codings
from framework.testing.shop.encodings import TEXTS, encoded_page
from framework.testing.shop.layout import plain_page
from framework.testing.shop.state import Handler, ShopState
from framework.testing.shop.storefront import not_found

BASIC_USER: Final = "user"
BASIC_PASSWORD: Final = "secret"  # noqa: S105 - the password of a shop that does not exist
BEARER_TOKEN: Final = "demo-token"  # noqa: S105 - likewise
_NO_BODY: Final = frozenset({204, 205, 304})


def _grouped(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict in which a name that came more than once has the list of its values."""
    grouped: dict[str, Any] = {}
    for name, value in pairs:
        if name not in grouped:
            grouped[name] = value
        elif isinstance(grouped[name], list):
            grouped[name].append(value)
        else:
            grouped[name] = [grouped[name], value]
    return grouped


def _described(value: Any) -> Any:
    """Show an uploaded file by its name, type and size; any other form value as it is."""
    if isinstance(value, web.FileField):
        return {"filename": value.filename, "content_type": value.content_type, "bytes": len(value.file.read())}
    return value


async def _echo(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    is_multipart = request.content_type == "multipart/form-data"
    body = b"" if is_multipart else await request.read()  # parts are read as they come and cannot be read again
    form = await request.post()
    return answers.json(
        {
            "method": request.method,
            "target": request.raw_path,
            "args": _grouped(request.query.items()),
            "headers": answers.ENTRY.get().headers,
            "cookies": dict(request.cookies),
            "form": _grouped((name, _described(value)) for name, value in form.items()),
            "body": body.decode("utf-8", "replace"),
        }
    )


async def _headers(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    return answers.json({"headers": answers.ENTRY.get().headers})


async def _cookies(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    if rest == "echo":
        return answers.json({"cookies": dict(request.cookies)})
    if rest not in ("set", "delete"):
        return not_found(shop)
    answer = answers.json({rest: dict(request.query)})
    for name, value in request.query.items():
        if rest == "set":
            answer.set_cookie(name, value)
        else:
            answer.del_cookie(name)
    return answer


async def _auth(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    accepted = {
        "basic": "Basic " + b64encode(f"{BASIC_USER}:{BASIC_PASSWORD}".encode()).decode(),
        "bearer": f"Bearer {BEARER_TOKEN}",
    }
    if rest not in accepted:
        return not_found(shop)
    if request.headers.get("Authorization") == accepted[rest]:
        return answers.json({"authenticated": True, "scheme": rest})
    refusal = answers.json({"authenticated": False}, 401)
    refusal.headers["WWW-Authenticate"] = f'{rest.capitalize()} realm="shop"'
    return refusal


async def _status(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    code = int(answers.parse_number(rest, "status"))
    if not 200 <= code <= 599:
        return answers.html(plain_page("Bad request", "<p>A status is a number from 200 to 599.</p>"), 400)
    if code in _NO_BODY:
        return web.Response(status=code)
    return answers.html(plain_page(f"Status {code}", "<p>As you wished.</p>"), code)


async def _encoding(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    by = request.query.get("by", "bom" if rest == "utf-16" else "header")
    page = encoded_page(rest, by)
    if page is None:
        known = ", ".join(TEXTS)
        message = f"<p>No page in that encoding and declared in that way. Encodings: {known}.</p>"
        return answers.html(plain_page("No such page", message), 404)
    return web.Response(body=page.body, headers={"Content-Type": page.content_type})


async def _compressed(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    if rest not in codings.CODINGS:
        return not_found(shop)
    page = plain_page(f"Compressed by {rest}", '<p class="text">' + "The quick brown fox. " * 200 + "</p>")
    answer = answers.html(codings.compress(rest, page))
    answer.headers["Content-Encoding"] = rest
    return answer


ROUTES: Final[dict[str, Handler]] = {
    "echo": _echo,
    "headers": _headers,
    "cookies": _cookies,
    "auth": _auth,
    "status": _status,
    "encoding": _encoding,
    "compressed": _compressed,
}
