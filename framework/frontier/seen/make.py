"""Choosing the seen-set and the Bloom engine that the settings ask for.

Place in the flow: ``build_frontier`` makes the frontier's seen-set here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Final, Literal

from framework.exceptions import SettingsError
from framework.settings.declared.durability import DurabilityOptions

from .bloom import BloomSeen
from .exact import ExactSeen
from .libraries import Library, Pybloom, Rbloom
from .protocol import SeenSet
from .recent import RECENT_MAX, Recent
from .series import BloomSeries
from .verified import VerifiedBloomSeen

VERIFIED_ERROR_RATE: Final = 1e-4
"""Of a filter whose positives are checked: 24 bits an identity, and one needless query in 10,000 new links."""

EngineName = Literal["auto", "pybloom", "rbloom"]


def _has_rbloom() -> bool:
    return find_spec("rbloom") is not None


def make_seen(
    options: DurabilityOptions,
    *,
    stored_engine: str | None = None,
    recent_max: int = RECENT_MAX,
    has_rbloom: Callable[[], bool] = _has_rbloom,
) -> SeenSet:
    """Return the seen-set of ``SEEN``, with the engine of ``BLOOM_ENGINE``.

    Args:
        options: the settings of the group.
        stored_engine: what wrote the job's stored filter (``engine_of``), if there is one; ``auto`` takes the same one.
        recent_max: identities that each of two generations of recent ones holds, at some 100 bytes.
        has_rbloom: says whether rbloom is installed.

    Raises:
        SettingsError: rbloom is asked for by name and is not installed.
    """
    if options.seen == "exact":
        return ExactSeen()
    is_stored = options.seen == "bloom"
    library = _library(options.bloom_engine, stored_engine, is_stored, has_rbloom)
    if is_stored:
        return BloomSeen(BloomSeries(library, options.bloom_error_rate), Recent(recent_max))
    return VerifiedBloomSeen(BloomSeries(library, VERIFIED_ERROR_RATE), Recent(recent_max))


def _library(name: EngineName, stored_engine: str | None, is_stored: bool, has_rbloom: Callable[[], bool]) -> Library:
    wanted = stored_engine if name == "auto" and is_stored and stored_engine is not None else name
    if wanted == "pybloom":
        return Pybloom()
    if has_rbloom():
        return Rbloom(is_stored=is_stored)
    if wanted == "rbloom":
        why = "BLOOM_ENGINE = 'rbloom'" if name == "rbloom" else "the job's stored filter was written by rbloom"
        msg = f"{why}, but rbloom is not installed: pip install rbloom, or set BLOOM_ENGINE = 'pybloom' for a new job"
        raise SettingsError(msg)
    return Pybloom()
