"""``curl`` command lines: read into the arguments of a request, and written from them.

Place in the flow: behind ``Request.from_curl`` (paste what a browser's "Copy as cURL" gives into a spider) and
``Request.to_curl`` (try by hand what a spider sends). Options are those of the curl manual page.
"""

from __future__ import annotations

import argparse
import re
import shlex
import warnings
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus, urlsplit

# Left to right, so that a "$'" inside another kind of quotes is not taken for bash's $'...'.
_QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.|\$'((?:\\.|[^'\\])*)'""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|(.))", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}

# They change how curl works or what it shows, not the request.
_FLAGS_WITHOUT_EFFECT = (
    ["--compressed"],
    ["-s", "--silent"],
    ["-S", "--show-error"],
    ["-v", "--verbose"],
    ["-#", "--progress-bar"],
    ["-L", "--location"],
    ["-i", "--include"],
    ["-k", "--insecure"],
    ["-f", "--fail"],
    ["-g", "--globoff"],
    ["-O", "--remote-name"],
    ["--http1.1"],
    ["--http2"],
    ["-0", "--http1.0"],
)
_VALUES_WITHOUT_EFFECT = (
    ["-o", "--output"],
    ["-m", "--max-time"],
    ["--connect-timeout"],
    ["--retry"],
    ["-w", "--write-out"],
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"Cannot read this curl command: {message}")


class _AppendData(argparse.Action):
    """Keep the parts of the body in the order of the command line, with the option they came by."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        namespace.data = [*(namespace.data or []), (option_string, values)]


def _build_parser() -> _Parser:
    parser = _Parser(prog="curl", add_help=False, allow_abbrev=False)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--url", dest="url_option")
    parser.add_argument("-X", "--request", dest="method")
    parser.add_argument("-H", "--header", dest="headers", action="append", default=[])
    parser.add_argument("-b", "--cookie", dest="cookies", action="append", default=[])
    parser.add_argument("-u", "--user", dest="user")
    parser.add_argument("-A", "--user-agent", dest="user_agent")
    parser.add_argument("-e", "--referer", dest="referer")
    parser.add_argument("-G", "--get", dest="data_in_url", action="store_true")
    parser.add_argument("-I", "--head", dest="head", action="store_true")
    data_options = ("-d", "--data", "--data-ascii", "--data-raw", "--data-binary", "--data-urlencode", "--json")
    parser.add_argument(*data_options, dest="data", action=_AppendData)
    for names in _FLAGS_WITHOUT_EFFECT:
        parser.add_argument(*names, action="store_true", dest="ignored")
    for names in _VALUES_WITHOUT_EFFECT:
        parser.add_argument(*names, dest="ignored")
    return parser


def request_arguments(command: str, ignore_unknown_options: bool = True) -> dict[str, Any]:
    """Read a curl command into keyword arguments of :class:`~framework.http.Request`.

    Args:
        command: the command line, from ``curl`` on.
        ignore_unknown_options: warn of options not known here, instead of refusing them.

    Raises:
        ValueError: it is no curl command, has no URL, reads a file, or an option is unknown and they are not ignored.
    """
    words = shlex.split(_QUOTED.sub(_plain_quotes, command).replace("\\\n", " "))
    if not words or words[0] != "curl":
        raise ValueError('A curl command must start with "curl"')
    parsed, unknown = _build_parser().parse_known_args(words[1:])
    if unknown:
        message = f"Unrecognized options: {', '.join(unknown)}"
        if not ignore_unknown_options:
            raise ValueError(message)
        warnings.warn(message, stacklevel=3)
    url = parsed.url_option or parsed.url
    if not url:
        raise ValueError("This curl command has no URL: add one after the options")
    headers, cookies = _headers_and_cookies(parsed)
    body = _body(parsed.data or [])
    arguments: dict[str, Any] = {"method": _method(parsed)}
    if body is not None and parsed.data_in_url:
        url = f"{url}{'&' if '?' in url else '?'}{body}"
    elif body is not None:
        arguments["body"] = body
        _add_content_type(headers, parsed.data)
    arguments["url"] = url if urlsplit(url).scheme in ("http", "https") else f"http://{url}"
    if headers:
        arguments["headers"] = headers
    if cookies:
        arguments["cookies"] = cookies
    return arguments


def _plain_quotes(match: re.Match[str]) -> str:
    ansi = match.group(1)
    return match.group() if ansi is None else shlex.quote(_ESCAPE.sub(_unescape, ansi))


def _unescape(match: re.Match[str]) -> str:
    number, octal, character = match.group(1) or match.group(2) or match.group(3), match.group(4), match.group(5)
    if number:
        return chr(int(number, 16))
    if octal:
        return chr(int(octal, 8))
    return _NAMED.get(character, character)


def _method(parsed: argparse.Namespace) -> str:
    if parsed.method:
        return str(parsed.method)
    if parsed.head:
        return "HEAD"
    return "POST" if parsed.data and not parsed.data_in_url else "GET"


def _headers_and_cookies(parsed: argparse.Namespace) -> tuple[list[tuple[str, str]], dict[str, str]]:
    headers: list[tuple[str, str]] = []
    cookie_lines: list[str] = list(parsed.cookies)
    for line in parsed.headers:
        name, _, value = line.partition(":")
        name, value = name.strip(), value.strip()
        if name.lower() == "cookie":
            cookie_lines.append(value)
        else:
            headers.append((name, value))
    if parsed.user:
        user = parsed.user if ":" in parsed.user else f"{parsed.user}:"
        headers.append(("Authorization", f"Basic {b64encode(user.encode()).decode()}"))
    if parsed.user_agent is not None:
        headers.append(("User-Agent", parsed.user_agent))
    if parsed.referer is not None:
        headers.append(("Referer", parsed.referer))
    cookies: dict[str, str] = {}
    for line in cookie_lines:
        for pair in filter(None, map(str.strip, line.split(";"))):
            name, equals, value = pair.partition("=")
            if not equals:
                raise ValueError(f"Cookie {pair!r} of this curl command has no value: a cookie file is not read")
            cookies[name] = value
    return headers, cookies


def _body(data: list[tuple[str, str]]) -> str | None:
    if not data:
        return None
    separator = "" if data[0][0] == "--json" else "&"
    return separator.join(_one_body_part(option, value) for option, value in data)


def _one_body_part(option: str, value: str) -> str:
    if option == "--data-raw":
        return value
    if value.startswith("@"):
        raise ValueError(f"This curl command reads its body from the file {value[1:]!r}: read it and give body=")
    if option == "--data-urlencode":
        name, equals, content = value.partition("=")
        encoded = quote_plus(content if equals else value, safe="").replace("+", "%20")
        return f"{name}={encoded}" if equals and name else encoded
    return value


def _add_content_type(headers: list[tuple[str, str]], data: list[tuple[str, str]]) -> None:
    # What curl itself sends with a body when the command does not say.
    names = {name.lower() for name, _ in headers}
    json_body = data[0][0] == "--json"
    if "content-type" not in names:
        headers.append(("Content-Type", "application/json" if json_body else "application/x-www-form-urlencoded"))
    if json_body and "accept" not in names:
        headers.append(("Accept", "application/json"))


def curl_command(
    method: str,
    url: str,
    headers: Iterable[tuple[bytes, bytes]],
    body: bytes,
    cookies: Mapping[str, Any] | Iterable[Mapping[str, Any]],
    encoding: str = "utf-8",
) -> str:
    """Write the curl command that sends a request.

    A body that is not text in ``encoding`` is written with bash's ``$'...'`` escapes.
    """
    words = ["curl", "-X", shlex.quote(method), shlex.quote(url)]
    for name, value in headers:
        words += ["-H", shlex.quote(f"{name.decode('latin-1')}: {value.decode('utf-8', 'replace')}")]
    if body:
        words += ["--data-raw", _shell_bytes(body, encoding)]
    pairs = _cookie_pairs(cookies)
    if pairs:
        words += ["--cookie", shlex.quote("; ".join(pairs))]
    return " ".join(words)


def _shell_bytes(body: bytes, encoding: str) -> str:
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        text = ""
    if text and text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(chr(b) if 32 <= b < 127 and b not in b"'\\" else f"\\x{b:02x}" for b in body) + "'"


def _cookie_pairs(cookies: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> list[str]:
    if isinstance(cookies, Mapping):
        return [f"{name}={_cookie_text(value)}" for name, value in cookies.items()]
    return [f"{cookie['name']}={_cookie_text(cookie['value'])}" for cookie in cookies if "name" in cookie]


def _cookie_text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return quote(text, safe="!#$%&'()*+/:<=>?@[]^`{|}~ ,\"") if ";" in text else text
