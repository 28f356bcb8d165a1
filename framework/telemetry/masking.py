"""Hiding secrets in text that people or machines will read: log lines, tracebacks, stats, exports.

Place in the flow: pure functions below everything else in this room; ``telemetry.logs`` runs every record through
them. Masking too much is the cheaper mistake, so what *looks* secret is masked: passwords in URLs, the headers that
carry credentials, and values under names such as ``password``, ``token`` or ``api_key``.

The text may come from a hostile server. Every pattern is linear in its length: one begins with a literal, two starts
never scan the same run of characters, and what follows a literal always matches (possessively, where it repeats).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

from framework.settings.secrets import MASK

# What a quoted value looks like in source, in a repr and in JSON: ends at its quote, or with the line.
_QUOTED = r"""[bBuUrR]{0,2}(?:"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?)"""
# The same inside another quoted string, where its own quotes are escaped.
_ESCAPED = r"""[bBuUrR]{0,2}\\+["'](?:[^\\"'\n]|\\+(?!["'\\]))*+"""
_LIST = rf"\[(?:{_QUOTED}|[^\]'\"\n])*+\]?"
# A name's end and the sign between it and its value. A comma only after a quote: ('Cookie', 'a=1') is a pair.
_SIGN = r"""(?:\\*["'][ \t]{0,8}(?:[:=,]|=>)|[ \t]{0,8}(?:=>|[:=]))[ \t]{0,8}"""

_HEADER = re.compile(
    rf"(?P<name>(?<![\w-])(?:proxy-authorization|authorization|set-cookie2?|cookie2?|x-api-key|x-auth-token){_SIGN})"
    rf"(?P<value>{_LIST}|{_ESCAPED}|{_QUOTED}|[^\r\n]*)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?P<name>(?:password|passwd|passphrase|(?<![a-z])pwd|(?<![a-z])pass|secret|token|api[_-]?key|private[_-]?key"
    rf"|access[_-]?key|secret[_-]?key|credentials?|session[_-]?id)(?![a-z0-9_-]){_SIGN})"
    rf"(?P<value>{_LIST}|{_ESCAPED}|{_QUOTED}|[^\s&'\"<>]*)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(?P<name>(?:Bearer|Basic|Negotiate)[ ]+)(?=[^\s'\"]*[\d=]|[^\s'\"]+[A-Z])[^\s'\",<>]{6,}")
_USERINFO = re.compile(r"(?P<name>://)(?P<userinfo>[^\s/?#\"<>]*)@")
# MongoDB's own messages quote the URI with whatever the user typed, a raw "/" in the password too.
_MONGODB = re.compile(r"(?P<name>mongodb(?:\+srv)?://)(?P<userinfo>[^\s\"]*)", re.IGNORECASE)

# Nearly no log line has one of these, and to look for them is much cheaper than the patterns above.
_SUSPICIOUS = (
    "@", "authorization", "cookie", "x-auth-token", "pass", "pwd", "secret", "token", "key", "credential", "session",
    "bearer", "basic", "negotiate",
)  # fmt: skip


def mask_url(url: str) -> str:
    """Return a URL with its secrets hidden: the password (or a lone user name, which is then a key), secret arguments.

    >>> mask_url("http://ann:s3cret@proxy.example:8080/?token=abc&page=2")
    'http://ann:***@proxy.example:8080/?token=***&page=2'
    """
    if not _is_suspicious(url):
        return url
    return _NAMED.sub(_mask_value, _mask_authority(url))


def mask_text(text: str) -> str:
    """Return a text with everything hidden that looks like a secret; other text comes back unchanged."""
    if not _is_suspicious(text):
        return text
    text = _HEADER.sub(_mask_value, _mask_authority(text))
    text = _NAMED.sub(_mask_value, text)
    return _SCHEME.sub(rf"\g<name>{MASK}", text)


def masker(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return a ``mask_text`` that also hides these very strings, as they are and as they stand in a URL.

    Args:
        secrets: values of settings that are declared, or look, secret. Shorter than four characters they are left
            out: hiding every "on" would make a log unreadable and hide nothing.
    """
    known = {form for secret in secrets if len(secret) >= 4 for form in (secret, quote(secret, safe=""))}
    if not known:
        return mask_text
    pattern = re.compile("|".join(re.escape(form) for form in sorted(known, key=len, reverse=True)))

    def mask(text: str) -> str:
        return mask_text(pattern.sub(MASK, text))

    return mask


def _is_suspicious(text: str) -> bool:
    lowered = text.lower()
    for word in _SUSPICIOUS:  # noqa: SIM110 - any() with a generator takes three times as long, for every log line
        if word in lowered:
            return True
    return False


def _mask_authority(text: str) -> str:
    if "@" not in text:
        return text
    return _USERINFO.sub(_mask_userinfo, _MONGODB.sub(_mask_mongodb, text))


def _mask_userinfo(match: re.Match[str]) -> str:
    user, colon, password = match["userinfo"].partition(":")
    if colon and password:
        return f"{match['name']}{user}:{MASK}@"
    return f"{match['name']}{MASK}{colon}@" if user else match[0]


def _mask_mongodb(match: re.Match[str]) -> str:
    userinfo, at, rest = match["userinfo"].rpartition("@")
    user, colon, _ = userinfo.partition(":")
    return f"{match['name']}{user}{colon}{MASK}@{rest}" if at else match[0]


def _mask_value(match: re.Match[str]) -> str:
    value = match["value"]
    if not value:
        return match[0]
    if value[0] == "[":
        return f"{match['name']}['{MASK}']"
    opening = re.match(r"[bBuUrR]{0,2}\\*[\"']", value)
    if opening is None:
        return f"{match['name']}{MASK}"
    closing = opening[0][-1] if value.endswith(opening[0][-1]) and len(value) > len(opening[0]) else ""
    return f"{match['name']}{opening[0]}{MASK}{closing}"
