"""What every seen-set must do, and the part of a frontier that asks it.

A test module derives from ``SeenContract``, says how one is made, and pytest runs the rest::

    class TestMySeen(SeenContract):
        def make_seen(self):
            return MySeen()
"""

# ruff: noqa: S101, D102 - these are tests: their names say what they assert

from __future__ import annotations

from collections.abc import Iterable

import pytest

from framework.frontier.seen import MAYBE, NEW, SEEN, DamagedFilter, SeenSet

LIMITS = (-(2**63), -1, 0, 1, 2**63 - 1)


class SeenDesk:
    """Does with a seen-set what a frontier does, with a plain set as the store.

    Attributes:
        store: identities that are committed; it outlives the desk.
        asked: identities that the store was asked for.
    """

    def __init__(self, seen: SeenSet, store: set[int] | None = None) -> None:
        self.seen = seen
        self.store = set() if store is None else store
        self.asked: list[int] = []
        self._open: list[int] = []

    def offer(self, identity: int) -> bool:
        """Say whether the identity is new; it is known from then on."""
        answer = self.seen.check(identity)
        if answer == MAYBE:
            self.asked.append(identity)
            if identity in self.store:
                self.seen.confirm(identity)
                return False
        elif answer == SEEN:
            return False
        self.seen.add(identity)
        self._open.append(identity)
        return True

    def commit(self) -> None:
        """Store the open group."""
        self.store.update(self._open)
        self.seen.committed(self._open)
        self._open = []

    def resumed(self, fresh: SeenSet) -> SeenDesk:
        """Let the process die, and begin again with what is stored."""
        stored = self.seen.dump(7)
        if stored is None:
            fresh.load(sorted(self.store))
        else:
            assert fresh.restore(stored) == 7
        return SeenDesk(fresh, self.store)


class SeenContract:
    """The suite. Derive from it in a test module and define ``make_seen``."""

    def make_seen(self) -> SeenSet:
        """Return an empty seen-set whose answers for a few thousand identities are practically never wrong."""
        raise NotImplementedError

    def _desk(self, identities: Iterable[int] = ()) -> SeenDesk:
        desk = SeenDesk(self.make_seen())
        for identity in identities:
            desk.offer(identity)
        return desk

    def test_what_was_never_added_is_new(self) -> None:
        seen = self.make_seen()

        assert [seen.check(identity) for identity in LIMITS] == [NEW] * len(LIMITS)

    def test_an_identity_of_the_open_group_is_seen_without_asking_the_store(self) -> None:
        seen = self.make_seen()
        for identity in LIMITS:
            seen.add(identity)

        assert [seen.check(identity) for identity in LIMITS] == [SEEN] * len(LIMITS)

    def test_an_identity_is_new_once_whether_committed_or_not(self) -> None:
        desk = self._desk()

        first = [desk.offer(identity * 7919) for identity in range(5000)]
        again = [desk.offer(identity * 7919) for identity in range(5000)]
        desk.commit()
        later = [desk.offer(identity * 7919) for identity in range(5000)]

        assert all(first)
        assert not any(again)
        assert not any(later)

    def test_what_was_just_committed_is_seen_without_asking_the_store(self) -> None:
        desk = self._desk(LIMITS)
        desk.commit()

        assert not any(desk.offer(identity) for identity in LIMITS)
        assert desk.asked == []

    def test_the_group_that_is_being_committed_stays_known_while_the_next_one_grows(self) -> None:
        desk = self._desk([1, 2])
        desk.seen.add(3)
        desk.commit()

        assert [desk.seen.check(identity) for identity in (1, 2, 3, 4)] == [SEEN, SEEN, SEEN, NEW]

    def test_what_the_store_confirmed_is_seen_next_time(self) -> None:
        seen = self.make_seen()
        seen.load([5])
        seen.confirm(5)

        assert seen.check(5) == SEEN

    def test_what_was_loaded_is_never_new(self) -> None:
        seen = self.make_seen()
        seen.load(range(1000))
        seen.load([])

        assert NEW not in [seen.check(identity) for identity in range(1000)]

    def test_after_a_crash_the_committed_are_known_and_the_open_ones_are_new(self) -> None:
        desk = self._desk(range(2000))
        desk.commit()
        desk.offer(2000)

        desk = desk.resumed(self.make_seen())

        assert not any(desk.offer(identity) for identity in range(2000))
        assert desk.offer(2000)

    def test_it_goes_on_after_it_came_back(self) -> None:
        desk = self._desk(range(500))
        desk.commit()
        desk = desk.resumed(self.make_seen())
        assert all(desk.offer(identity) for identity in range(500, 1000))
        desk.commit()

        desk = desk.resumed(self.make_seen())

        assert not any(desk.offer(identity) for identity in range(1000))

    def test_it_stores_a_filter_if_it_says_so(self) -> None:
        seen = self.make_seen()

        assert (seen.dump(1) is not None) == seen.is_stored

    def test_what_is_no_stored_filter_is_refused_by_name(self) -> None:
        seen = self.make_seen()

        with pytest.raises(DamagedFilter, match="--new"):
            seen.restore(b"something else, and long enough to hold whatever a header may need")

    def test_the_stats_name_the_kind_and_count(self) -> None:
        desk = self._desk([1, 2])
        desk.commit()
        desk.offer(3)

        stats = desk.seen.stats()

        assert stats["seen/identities"] == 3
        assert stats["seen/mode"] in {"exact", "bloom", "bloom+verify"}
