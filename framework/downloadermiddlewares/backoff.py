"""How long to wait before a retry: two pure functions, one for our own patience and one for what the server asks.

Place in the flow: called by the retry middleware; the wait itself is spent in the frontier.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

_MOST_DIGITS = 18
_MOST_DOUBLINGS = 64


def backoff_s(attempt: int, base_s: float, cap_s: float, random: Callable[[], float]) -> float:
    """Give the seconds to wait before retry number ``attempt``: exponential back-off with full jitter.

    Anything from nothing to ``base_s`` doubled for each attempt after the first, so that many requests that failed
    together do not come back together (Amazon Builders' Library, "Timeouts, retries, and backoff with jitter").

    Args:
        attempt: 1 for the first retry.
        base_s: the longest first wait; 0 means no wait at all.
        cap_s: the longest wait of all.
        random: gives a number from 0 to below 1.
    """
    doublings = min(max(attempt - 1, 0), _MOST_DOUBLINGS)
    return random() * max(0.0, min(cap_s, base_s * 2.0**doublings))


def retry_after_s(value: bytes, now_at: float, cap_s: float) -> float | None:
    """Read a ``Retry-After`` header (RFC 9110, section 10.2.3): seconds, or an HTTP date.

    Args:
        value: of the header.
        now_at: wall clock, ``time.time()``.
        cap_s: no server makes us wait longer than this.

    Returns:
        Seconds from now, at least 0 and at most ``cap_s``; ``None`` when the value is neither of the two.
    """
    text = value.strip()
    if text.isdigit():
        return cap_s if len(text) > _MOST_DIGITS else min(float(text), cap_s)
    try:
        moment = parsedate_to_datetime(text.decode("ascii"))
        # A date without a zone is in GMT, as every HTTP date is.
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(at - now_at, 0.0), cap_s)
