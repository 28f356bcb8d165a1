"""The JSON API: the same books for those who sign their requests.

A signature is HMAC-SHA256 over the method, a space and the target with its query, keyed with a secret that both sides
know, as hexadecimal digits in `X-Shop-Signature`.
"""

from __future__ import annotations

import hmac
from typing import Final

from aiohttp import web

from framework.testing.shop import answers
from framework.testing.shop.state import Handler, ShopState

SIGNATURE_HEADER: Final = "X-Shop-Signature"


def signature(secret: str, method: str, target: str) -> str:
    """Sign a request.

    :param target: path with query, exactly as it stands in the request line
    """
    return hmac.new(secret.encode(), f"{method} {target}".encode(), "sha256").hexdigest()


async def _api(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    wanted = signature(shop.api_secret, request.method, request.raw_path)
    if not hmac.compare_digest(request.headers.get(SIGNATURE_HEADER, "").encode(), wanted.encode()):
        return answers.json({"error": "unsigned", "message": f"{SIGNATURE_HEADER} is missing or wrong"}, 401)
    collection, _, name = rest.rstrip("/").partition("/")
    if collection != "books":
        return answers.json({"error": "not found"}, 404)
    return _one_book(shop, name) if name else _page_of_books(shop, answers.integer_in(request, "page", 1))


def _one_book(shop: ShopState, name: str) -> web.Response:
    book = shop.books.by_id(int(name)) if name.isascii() and name.isdigit() and len(name) < 19 else None
    return answers.json(book.to_item()) if book is not None else answers.json({"error": "not found"}, 404)


def _page_of_books(shop: ShopState, page: int) -> web.Response:
    pages = max(1, -(-len(shop.books) // shop.page_size))
    if not 1 <= page <= pages:
        return answers.json({"error": "not found"}, 404)
    books = shop.books[(page - 1) * shop.page_size : page * shop.page_size]
    return answers.json(
        {
            "page": page,
            "pages": pages,
            "total": len(shop.books),
            "next": f"/api/books?page={page + 1}" if page < pages else None,
            "books": [book.to_item() for book in books],
        }
    )


ROUTES: Final[dict[str, Handler]] = {"api": _api}
