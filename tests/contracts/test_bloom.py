"""Both Bloom engines keep the contract of Bloom engines."""

from framework.frontier.seen.libraries import Pybloom, Rbloom
from framework.frontier.seen.series import BloomSeries
from framework.testing.contracts.bloom import BloomContract, StoredBloomContract


class TestPybloom(StoredBloomContract):
    def make_engine(self, error_rate, first_capacity):
        return BloomSeries(Pybloom(), error_rate, first_capacity=first_capacity)


class TestStoredRbloom(StoredBloomContract):
    def make_engine(self, error_rate, first_capacity):
        return BloomSeries(Rbloom(is_stored=True), error_rate, first_capacity=first_capacity)


class TestRbloomWithPythonsHash(BloomContract):
    def make_engine(self, error_rate, first_capacity):
        return BloomSeries(Rbloom(is_stored=False), error_rate, first_capacity=first_capacity)
