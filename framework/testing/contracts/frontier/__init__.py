"""What every frontier must do: memory, SQLite, Redis or a third party's.

A test module derives from ``FrontierContract``, says how one is made, and pytest runs the rest::

    class TestMyFrontier(FrontierContract):
        def make_frontier(self, politeness, gates, clock, wall_clock):
            return MyFrontier(...)

Each test runs on a virtual-time loop: ``clock`` and ``wall_clock`` follow it; it waits for threads. An implementation
that does other real I/O overrides ``run`` with a real loop, and is then waited for. One that survives its process has
``DurabilityContract`` to keep as well.
"""

from __future__ import annotations

from .durability import DurabilityContract
from .endings import Endings
from .gates import Gates
from .leases import Leases
from .offers import Offers
from .permits import Permits
from .politeness import PolitenessRules

__all__ = ["DurabilityContract", "FrontierContract"]


class FrontierContract(Offers, Leases, PolitenessRules, Permits, Gates, Endings):
    """The suite. Derive from it in a test module and define ``make_frontier``."""
