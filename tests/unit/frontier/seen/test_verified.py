from hypothesis import given, settings
from hypothesis import strategies as st

from framework.frontier.seen import MAYBE, NEW, SEEN
from framework.frontier.seen.libraries import Pybloom, Rbloom
from framework.frontier.seen.recent import Recent
from framework.frontier.seen.series import BloomSeries
from framework.frontier.seen.verified import VerifiedBloomSeen
from framework.testing.contracts.seen import SeenDesk


class Always:
    """An engine that takes everything for added: the worst of all filters."""

    name = "always"

    def __init__(self):
        self._count = 0

    def add(self, identity):
        self._count += 1

    def add_all(self, identities):
        self._count += len(identities)

    def contains(self, identity):
        return True

    def size(self):
        return self._count

    def stats(self):
        return {}


def rbloom(recent_max=3, error_rate=1e-4):
    return VerifiedBloomSeen(BloomSeries(Rbloom(is_stored=False), error_rate, first_capacity=4), Recent(recent_max))


def test_what_is_no_longer_recent_is_left_to_the_store():
    seen = rbloom()
    for identity in range(20):
        seen.add(identity)
    assert [seen.check(identity) for identity in range(20)] == [SEEN] * 20

    seen.committed(range(20))

    assert [seen.check(identity) for identity in range(14)] == [MAYBE] * 14
    assert [seen.check(identity) for identity in (17, 18, 19)] == [SEEN] * 3
    assert seen.check(20) == NEW


def test_what_is_met_again_stays_recent():
    seen = rbloom()
    seen.load(range(10))
    for identity in range(1, 10):
        seen.confirm(0)
        seen.confirm(identity)

        assert seen.check(0) == SEEN


def test_an_old_recent_one_that_is_met_becomes_young_again():
    seen = rbloom()
    seen.load(range(10))
    for identity in range(4):
        seen.confirm(identity)
    assert seen.check(0) == SEEN  # was in the old generation
    for identity in range(4, 6):
        seen.confirm(identity)

    assert seen.check(0) == SEEN


def test_no_identity_is_lost_to_a_filter_that_is_always_wrong():
    desk = SeenDesk(VerifiedBloomSeen(Always(), Recent(3)))

    new = [desk.offer(identity % 50) for identity in range(100)]
    desk.commit()

    assert new == [True] * 50 + [False] * 50
    assert desk.asked == list(range(50))
    assert not any(desk.offer(identity) for identity in range(50))


def test_the_stats_tell_how_often_the_store_was_asked_and_was_right():
    desk = SeenDesk(VerifiedBloomSeen(Always(), Recent(3)), store={1})
    desk.offer(1)
    desk.offer(2)

    stats = desk.seen.stats()

    assert (stats["seen/positives"], stats["seen/confirmed"]) == (2, 1)


STEPS = st.one_of(st.integers(-30, 30), st.just("commit"), st.just("crash"))


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=200), st.sampled_from(["rbloom", "pybloom", "wide", "always"]))
def test_it_answers_like_a_plain_set_whatever_happens(steps, kind):
    make = {
        "rbloom": rbloom,
        "wide": lambda: rbloom(error_rate=0.5),
        "pybloom": lambda: VerifiedBloomSeen(BloomSeries(Pybloom(), 1e-4, first_capacity=4), Recent(3)),
        "always": lambda: VerifiedBloomSeen(Always(), Recent(3)),
    }[kind]
    desk, known, stored = SeenDesk(make()), set(), set()
    for step in steps:
        if step == "commit":
            desk.commit()
            stored = set(known)
        elif step == "crash":
            desk = desk.resumed(make())
            known = set(stored)
        else:
            assert desk.offer(step) == (step not in known)
            known.add(step)


def test_what_was_new_a_moment_ago_is_not_looked_up_again():
    engine = Always()
    looks = []
    engine.contains = looks.append
    seen = VerifiedBloomSeen(engine)

    assert [seen.check(7), seen.check(7)] == [NEW, NEW]
    assert looks == [7]
    seen.add(7)
    assert seen.check(7) == SEEN
    seen.committed([7])
    seen._recent = Recent(1)
    for identity in range(10, 5000):
        assert seen.check(identity) == NEW
    assert len(seen._clear) <= 1000


def test_what_was_added_after_a_look_is_known():
    seen = rbloom()
    assert seen.check(7) == NEW
    seen.add(7)
    seen.committed([7])
    for identity in range(100, 110):
        seen.add(identity)
        seen.committed([identity])

    assert seen.check(7) == MAYBE
