"""Every seen-set, with each engine, keeps the contract of seen-sets."""

import pytest

from framework.frontier.seen.bloom import BloomSeen
from framework.frontier.seen.exact import ExactSeen
from framework.frontier.seen.libraries import Pybloom, Rbloom
from framework.frontier.seen.series import BloomSeries
from framework.frontier.seen.verified import VerifiedBloomSeen
from framework.testing.contracts.seen import SeenContract


class TestExact(SeenContract):
    def make_seen(self):
        return ExactSeen()


class TestBloomWithPybloom(SeenContract):
    def make_seen(self):
        return BloomSeen(BloomSeries(Pybloom(), 1e-9, first_capacity=1000))


class TestBloomWithRbloom(SeenContract):
    def make_seen(self):
        return BloomSeen(BloomSeries(Rbloom(is_stored=True), 1e-9, first_capacity=1000))


@pytest.mark.parametrize("library", [Pybloom, lambda: Rbloom(is_stored=False)], ids=["pybloom", "rbloom"])
class TestVerified(SeenContract):
    @pytest.fixture(autouse=True)
    def _library(self, library):
        self._make_library = library

    def make_seen(self):
        return VerifiedBloomSeen(BloomSeries(self._make_library(), 1e-4, first_capacity=1000))
