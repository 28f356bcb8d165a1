"""URLs that answer late, wrongly, never or without end: what a crawler meets on a bad day.

Each misbehaves whoever asks and however often, unless its line says otherwise. `mazes` holds those that lead nowhere;
`faults` makes product pages misbehave.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Final

from aiohttp import web

from framework.testing.shop import answers, codings
from framework.testing.shop.answers import html
from framework.testing.shop.layout import plain_page
from framework.testing.shop.state import Handler, ShopState
from framework.testing.shop.storefront import not_found

_HUGE_PIECE: Final = b"<p>more and more and more and more and more and more</p>\n".ljust(64) * 1024
_HEADERS: Final = {"Content-Type": "text/html; charset=utf-8"}
_DEFAULT_HUGE_MB: Final = 1024
_DEFAULT_BOMB_MB: Final = 100


async def _slow(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/slow/{seconds}`: nothing at all for so long, then a page."""
    await asyncio.sleep(answers.parse_number(rest, "seconds"))
    return html(plain_page("Slow", f"<p>That took {rest} seconds.</p>"))


async def _drip(shop: ShopState, request: web.BaseRequest, rest: str) -> web.StreamResponse:
    """`/drip?bytes=20&interval=0.1`: headers at once, then one byte per interval in seconds."""
    size_bytes, interval_s = answers.integer_in(request, "bytes", 20), answers.number_in(request, "interval", 0.1)

    async def drops() -> AsyncIterator[bytes]:
        for _ in range(size_bytes):
            await asyncio.sleep(interval_s)
            yield b"."

    response = web.StreamResponse(headers=_HEADERS)
    response.content_length = size_bytes
    return await answers.stream(request, response, drops())


async def _hang(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/hang`: never answers; ends when the client goes away or the shop stops."""
    never: asyncio.Future[web.Response] = asyncio.get_running_loop().create_future()
    return await never


async def _flaky(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/flaky/{key}?fails=2&code=503`: fails so often, counted per key, then always answers."""
    fails, code = answers.integer_in(request, "fails", 2), answers.integer_in(request, "code", 503)
    attempt = shop.hit(f"flaky {rest}")
    if attempt <= fails:
        return html(plain_page(f"Error {code}", f"<p>Failure {attempt} of {fails}.</p>"), code)
    return html(plain_page("Flaky", f'<p class="attempt">{attempt}</p>'))


async def _retry_after(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/retry-after?seconds=1&code=429`: refuses until so long after the first request for this target.

    The header gives what is left in whole seconds, rounded up; with `date=1` as an HTTP-date.
    """
    seconds, code = answers.number_in(request, "seconds", 1.0), answers.integer_in(request, "code", 429)
    now = time.perf_counter()
    left_s = shop.first_hit_at.setdefault(request.raw_path, now) + seconds - now
    if left_s <= 0:
        return html(plain_page("Thank you for waiting", ""))
    whole_s = math.ceil(left_s)
    value = formatdate(math.ceil(time.time() + left_s), usegmt=True) if "date" in request.query else str(whole_s)
    answer = html(plain_page(f"Error {code}", "<p>Too many requests.</p>"), code)
    answer.headers["Retry-After"] = value
    return answer


async def _reset(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/reset`: the connection is reset instead of answered."""
    answers.reset(request)


async def _truncated(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/truncated`, `/truncated?chunked=1`: half of the announced body, then the end of the connection."""
    page = plain_page("Truncated", "<p>You will not see the end of this.</p>\n" * 200)
    await answers.cut_short(request, page, chunked="chunked" in request.query)


async def _bomb(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/bomb/{gzip,deflate,br,zstd}?mb=100`: small on the wire, so many MiB once inflated."""
    if rest not in codings.CODINGS:
        return not_found(shop)
    inflated_mb = answers.integer_in(request, "mb", _DEFAULT_BOMB_MB)
    body = shop.bombs.get((rest, inflated_mb))
    if body is None:
        body = shop.bombs[rest, inflated_mb] = await codings.bomb(rest, inflated_mb)
    answer = html(body)
    answer.headers["Content-Encoding"] = rest
    return answer


async def _huge(shop: ShopState, request: web.BaseRequest, rest: str) -> web.StreamResponse:
    """`/huge?mb=1024`: so many MiB, streamed; with `length=1` they are announced by Content-Length."""
    pieces = answers.integer_in(request, "mb", _DEFAULT_HUGE_MB) * codings.MIB // len(_HUGE_PIECE)

    async def body() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            yield _HUGE_PIECE
            await asyncio.sleep(0)

    response = web.StreamResponse(headers=_HEADERS)
    if "length" in request.query:
        response.content_length = pieces * len(_HUGE_PIECE)
    return await answers.stream(request, response, body())


async def _empty(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/empty`: status 200 and no byte of body."""
    return html(b"")


ROUTES: Final[dict[str, Handler]] = {
    "slow": _slow,
    "drip": _drip,
    "hang": _hang,
    "flaky": _flaky,
    "retry-after": _retry_after,
    "reset": _reset,
    "truncated": _truncated,
    "bomb": _bomb,
    "huge": _huge,
    "empty": _empty,
}
