"""Misbehaviour of product pages, decided from numbers alone: no clock, no global state, nothing left to luck.

The decision depends on the seed, the path and how often that path was asked for, so a run can be repeated exactly, and
a path asked for a third time always answers properly. `misbehaviour` holds the URLs that misbehave whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import Final

_LAST_FAULTY_ATTEMPT: Final = 2
_NUMBERS: Final = 2**32


class Fault(Enum):
    """What goes wrong with one answer."""

    NONE = "none"
    ERROR = "error"
    RESET = "reset"
    TRUNCATE = "truncate"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to one request: wait so long, then do this; `code` is the status of an `ERROR`."""

    latency_s: float
    fault: Fault
    code: int = 200


@dataclass(frozen=True, slots=True)
class Faults:
    """How product pages misbehave.

    :param latency_s: seconds to wait before each answer
    :param jitter_s: up to so many seconds more, different for each request
    :param error_rate: share (0 to 1) of requests answered by one of `error_codes`
    :param error_codes: the status codes of errors
    :param reset_rate: share of requests whose connection is reset instead of answered
    :param truncate_rate: share of requests whose body ends too early
    :param seed: another seed, other victims
    :raises ValueError: a rate is not between 0 and 1, the rates add up to more than 1, or a time is negative
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    error_rate: float = 0.0
    error_codes: tuple[int, ...] = (500, 503)
    reset_rate: float = 0.0
    truncate_rate: float = 0.0
    seed: int = 7

    def __post_init__(self) -> None:
        rates = (self.error_rate, self.reset_rate, self.truncate_rate)
        if min(rates) < 0 or sum(rates) > 1:
            raise ValueError(f"error, reset and truncate rate are shares of all requests and cannot be {rates}")
        if self.latency_s < 0 or self.jitter_s < 0:
            raise ValueError(f"latency_s={self.latency_s} and jitter_s={self.jitter_s} cannot be negative")
        if self.error_rate and not self.error_codes:
            raise ValueError("error_rate needs at least one of error_codes")

    def decide(self, path: str, attempt: int) -> Verdict:
        """Decide what happens to the `attempt`-th request (from 1) for this path."""
        digest = blake2b(f"{self.seed} {attempt} {path}".encode(), digest_size=12).digest()
        chance, jitter, pick = (int.from_bytes(digest[at : at + 4], "big") / _NUMBERS for at in (0, 4, 8))
        latency_s = self.latency_s + self.jitter_s * jitter
        if attempt > _LAST_FAULTY_ATTEMPT:
            return Verdict(latency_s, Fault.NONE)
        if chance < self.error_rate:
            return Verdict(latency_s, Fault.ERROR, self.error_codes[int(pick * len(self.error_codes))])
        if chance < self.error_rate + self.reset_rate:
            return Verdict(latency_s, Fault.RESET)
        if chance < self.error_rate + self.reset_rate + self.truncate_rate:
            return Verdict(latency_s, Fault.TRUNCATE)
        return Verdict(latency_s, Fault.NONE)
