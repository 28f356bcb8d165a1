"""The frontier of one process keeps the contract of all frontiers."""

from framework.frontier.local import LocalFrontier
from framework.frontier.seen.exact import ExactSeen
from framework.frontier.store.sqlite import Store
from framework.http.fingerprint import RequestFingerprinter
from framework.http.stored import StoredForm
from framework.testing.contracts.frontier import FrontierContract


class TestFrontierInMemory(FrontierContract):
    def make_frontier(self, politeness, gates, clock, wall_clock):
        return LocalFrontier(
            RequestFingerprinter(),
            politeness,
            gates,
            store=Store(None),
            stored=StoredForm(object()),
            seen=ExactSeen(),
            clock=clock,
            wall_clock=wall_clock,
        )
