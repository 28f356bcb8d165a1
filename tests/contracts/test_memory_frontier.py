"""The frontier in memory keeps the contract of all frontiers."""

from framework.frontier.memory import MemoryFrontier
from framework.http.fingerprint import RequestFingerprinter
from framework.testing.contracts.frontier import FrontierContract


class TestMemoryFrontier(FrontierContract):
    def make_frontier(self, politeness, gates, clock, wall_clock):
        return MemoryFrontier(RequestFingerprinter(), politeness, gates, clock=clock, wall_clock=wall_clock)
