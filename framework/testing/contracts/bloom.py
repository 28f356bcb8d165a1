"""What every Bloom engine must do, whatever library is behind it.

A test module derives from ``BloomContract``, says how one is made, and pytest runs the rest::

    class TestMyEngine(BloomContract):
        def make_engine(self, error_rate, first_capacity):
            return MyEngine(...)
"""

# ruff: noqa: S101, S311, D102 - these are tests: their names say what they assert, and chance need not be secret

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from random import Random

import pytest

from framework.frontier.seen import BloomEngine, DamagedFilter, OtherEngine

ERROR_RATE = 0.01
COUNT = 4_000


def hashes(count: int, seed: int) -> list[int]:
    """Return signed 64-bit numbers as fingerprints give them."""
    random = Random(seed)
    return [random.getrandbits(64) - 2**63 for _ in range(count)]


class BloomContract:
    """The suite. Derive from it in a test module and define ``make_engine``."""

    def make_engine(self, error_rate: float, first_capacity: int) -> BloomEngine:
        """Return an empty engine that must grow when more than ``first_capacity`` are added."""
        raise NotImplementedError

    def _filled(self, identities: Sequence[int], error_rate: float = ERROR_RATE) -> BloomEngine:
        engine = self.make_engine(error_rate, 500)
        for identity in identities:
            engine.add(identity)
        return engine

    def test_nothing_that_was_added_is_ever_missed_however_it_grows(self) -> None:
        identities = hashes(COUNT, 1)
        engine = self._filled(identities)

        assert all(map(engine.contains, identities))
        assert engine.size() == COUNT

    def test_adding_many_at_once_is_adding_each(self) -> None:
        identities = hashes(COUNT, 2)
        engine = self.make_engine(ERROR_RATE, 500)

        engine.add_all(identities[:700])
        engine.add(identities[700])
        engine.add_all(identities[701:])
        engine.add_all([])

        assert all(map(engine.contains, identities))
        assert engine.size() == COUNT

    def test_an_empty_engine_contains_nothing(self) -> None:
        engine = self.make_engine(ERROR_RATE, 500)

        assert not any(map(engine.contains, hashes(100, 3)))
        assert engine.size() == engine.size_bytes() == 0
        assert engine.measured_error_rate() == engine.expected_error_rate() == 0

    def test_the_error_rate_holds_over_the_whole_series(self) -> None:
        engine = self._filled(hashes(COUNT, 4))

        wrong = sum(map(engine.contains, hashes(20_000, 5)))

        assert wrong / 20_000 < ERROR_RATE * 1.2

    def test_the_error_rate_holds_for_numbers_in_a_row(self) -> None:
        engine = self._filled(range(COUNT))

        wrong = sum(map(engine.contains, range(COUNT, COUNT + 20_000)))

        assert wrong / 20_000 < ERROR_RATE * 1.2

    def test_the_measured_error_rate_is_near_the_expected_one(self) -> None:
        engine = self._filled(hashes(COUNT, 6), error_rate=0.05)

        assert 0 < engine.expected_error_rate() < 0.05
        assert engine.measured_error_rate() == pytest.approx(engine.expected_error_rate(), rel=0.5)

    def test_memory_is_bounded_by_what_theory_asks_for(self) -> None:
        engine = self._filled(hashes(COUNT, 7))

        assert 0 < engine.size_bytes() < 10 * COUNT

    def test_the_limits_of_64_bits_are_numbers_like_others(self) -> None:
        limits = [-(2**63), -2, -1, 0, 1, 2**61 - 1, 2**63 - 1]

        assert all(map(self._filled(limits).contains, limits))

    def test_the_stats_name_the_engine_and_its_memory(self) -> None:
        engine = self._filled(hashes(600, 8))

        assert engine.stats() == {
            "seen/engine": engine.name,
            "seen/filters": 2,
            "seen/filter_bytes": engine.size_bytes(),
        }


class StoredBloomContract(BloomContract):
    """The suite for engines that are stored."""

    def _stored(self, engine: BloomEngine, checkpoint: int = 3) -> bytes:
        file = BytesIO()
        written = engine.snapshot(checkpoint).write_to(file)
        assert written == len(file.getvalue())
        return file.getvalue()

    def _restored(self, data: bytes) -> BloomEngine:
        engine = self.make_engine(ERROR_RATE, 500)
        assert engine.restore_from(BytesIO(data)) == 3
        return engine

    @pytest.mark.parametrize("count", [0, 1, 500, 501, COUNT])
    def test_a_stored_engine_comes_back_and_grows_on(self, count: int) -> None:
        identities, later = hashes(count, 10), hashes(1_500, 11)
        engine = self._restored(self._stored(self._filled(identities)))

        assert engine.size() == count
        assert all(map(engine.contains, identities))
        for identity in later:
            engine.add(identity)
        assert all(map(engine.contains, [*identities, *later]))
        assert sum(map(engine.contains, hashes(10_000, 12))) / 10_000 < ERROR_RATE * 1.2

    def test_a_snapshot_has_nothing_that_was_added_after_it(self) -> None:
        before, after = hashes(700, 13), hashes(5000, 14)
        engine = self._filled(before, error_rate=1e-6)
        snapshot = engine.snapshot(3)
        engine.add_all(after)

        file = BytesIO()
        snapshot.write_to(file)
        restored = self._restored(file.getvalue())

        assert restored.size() == 700
        assert all(map(restored.contains, before))
        assert sum(map(restored.contains, after)) <= 1

    def test_every_cut_of_the_file_is_refused_by_name(self) -> None:
        data = self._stored(self._filled(hashes(600, 15)))

        for end in [*range(120), *range(120, len(data), 97), len(data) - 1]:
            with pytest.raises(DamagedFilter, match="is cut"):
                self.make_engine(ERROR_RATE, 500).restore_from(BytesIO(data[:end]))

    def test_every_flipped_bit_is_refused_by_name(self) -> None:
        data = self._stored(self._filled(hashes(600, 16)))

        for at in [*range(140), *range(140, len(data), 97), len(data) - 1]:
            damaged = bytearray(data)
            damaged[at] ^= 1 << at % 8
            with pytest.raises(DamagedFilter):
                self.make_engine(ERROR_RATE, 500).restore_from(BytesIO(damaged))

    def test_what_follows_the_end_is_refused_by_name(self) -> None:
        data = self._stored(self._filled([1]))

        with pytest.raises(DamagedFilter, match="longer"):
            self.make_engine(ERROR_RATE, 500).restore_from(BytesIO(data + b"\0"))

    def test_a_refused_file_leaves_the_engine_as_it_was(self) -> None:
        identities = hashes(600, 17)
        engine = self._filled(identities)

        with pytest.raises(DamagedFilter):
            engine.restore_from(BytesIO(self._stored(engine)[:-1]))

        assert engine.size() == 600
        assert all(map(engine.contains, identities))

    def test_another_engines_file_is_refused_with_the_remedy(self) -> None:
        engine = self._filled([1])
        engine.name = "other"
        data = self._stored(engine)

        with pytest.raises(OtherEngine, match="set BLOOM_ENGINE = 'other'"):
            self.make_engine(ERROR_RATE, 500).restore_from(BytesIO(data))
