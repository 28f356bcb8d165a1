"""Log in, account, log out: a session cookie, and a form token bound to it.

A session is a signed number, so that visitors who only look at the form cost the shop no memory; logging in starts a
new session, as careful sites do.
"""

from __future__ import annotations

import hmac
from html import escape
from typing import Final

from aiohttp import web

from framework.testing.shop import answers
from framework.testing.shop.answers import html
from framework.testing.shop.state import Handler, ShopState

USER: Final = "reader"
PASSWORD: Final = "secret"  # noqa: S105 - the password of a shop that does not exist, printed in its documentation
DISPLAY_NAME: Final = "Rita Reader"
SESSION_COOKIE: Final = "session"
_ORDERS: Final = 3
_TOKEN_DIGITS: Final = 32


def _sign(shop: ShopState, text: str) -> str:
    return hmac.new(shop.session_key, text.encode(), "sha256").hexdigest()[:_TOKEN_DIGITS]


def _new_session(shop: ShopState) -> str:
    shop.sessions_made += 1
    return f"{shop.sessions_made}-{_sign(shop, f'session {shop.sessions_made}')}"


def _session_of(shop: ShopState, request: web.BaseRequest) -> str | None:
    session = request.cookies.get(SESSION_COOKIE, "")
    number, _, signature = session.partition("-")
    return session if hmac.compare_digest(signature.encode(), _sign(shop, f"session {number}").encode()) else None


def _token(shop: ShopState, session: str) -> str:
    return _sign(shop, f"form of {session}")


def _form_page(shop: ShopState, session: str, error: str = "") -> bytes:
    message = f'<p class="error">{escape(error)}</p>\n' if error else ""
    return shop.layout.page(
        "Log in",
        f"""<h1>Log in</h1>
{message}<form id="login" action="/login" method="post">
  <input type="hidden" name="csrf_token" value="{_token(shop, session)}">
  <label>Name <input type="text" name="username" value=""></label>
  <label>Password <input type="password" name="password" value=""></label>
  <label><input type="checkbox" name="remember" value="yes"> Remember me</label>
  <button type="submit" name="action" value="login">Log in</button>
</form>
""",
    )


async def _login(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    session = _session_of(shop, request)
    if request.method != "POST":
        return _show_form(shop, session)
    form = await request.post()
    sent_token = str(form.get("csrf_token", ""))
    if session is None or not hmac.compare_digest(sent_token.encode(), _token(shop, session).encode()):
        return html(_form_page(shop, session or "", "The form has expired, please try again."), 403)
    if (form.get("username"), form.get("password")) != (USER, PASSWORD):
        return html(_form_page(shop, session, "Name or password is wrong."))
    answer = answers.redirect("/account")
    fresh = _new_session(shop)
    shop.logged_in.add(fresh)
    answer.set_cookie(SESSION_COOKIE, fresh, httponly=True, samesite="Lax")
    return answer


def _show_form(shop: ShopState, session: str | None) -> web.Response:
    known = session or _new_session(shop)
    answer = html(_form_page(shop, known))
    if session is None:
        answer.set_cookie(SESSION_COOKIE, known, httponly=True, samesite="Lax")
    return answer


async def _account(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    if _session_of(shop, request) not in shop.logged_in:
        return answers.redirect("/login")
    rows = "".join(
        f'  <tr><td class="number">{1000 + n}</td><td class="book"><a href="{book.url}">{escape(book.title)}</a></td>'
        f'<td class="total">{book.price_text}</td></tr>\n'
        for n, book in enumerate(shop.books[:_ORDERS], 1)
    )
    content = (
        f'<h1>Your account</h1>\n<p class="user">{DISPLAY_NAME}</p>\n<table class="orders">\n{rows}</table>\n'
        '<p><a class="logout" href="/logout">Log out</a></p>\n'
    )
    return html(shop.layout.page("Your account", content))


async def _logout(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    shop.logged_in.discard(_session_of(shop, request) or "")
    answer = answers.redirect("/")
    answer.del_cookie(SESSION_COOKIE)
    return answer


ROUTES: Final[dict[str, Handler]] = {"login": _login, "account": _account, "logout": _logout}
