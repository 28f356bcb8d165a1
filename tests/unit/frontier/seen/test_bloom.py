from hypothesis import given, settings
from hypothesis import strategies as st

from framework.frontier.seen import NEW, SEEN
from framework.frontier.seen.bloom import BloomSeen
from framework.frontier.seen.libraries import Pybloom, Rbloom
from framework.frontier.seen.recent import Recent
from framework.frontier.seen.series import BloomSeries
from framework.testing.contracts.seen import SeenDesk


def bloom(library=None, error_rate=1e-9, recent_max=3):
    library = library or Rbloom(is_stored=True)
    return BloomSeen(BloomSeries(library, error_rate, first_capacity=4), Recent(recent_max))


def test_a_stored_filter_has_nothing_that_is_not_committed():
    desk = SeenDesk(bloom())
    desk.offer(1)
    desk.commit()
    desk.offer(2)
    fresh = bloom()

    fresh.restore(desk.seen.dump(9))

    assert (fresh.check(1), fresh.check(2)) == (SEEN, NEW)


def test_it_comes_from_its_dump_and_from_what_was_committed_since():
    seen = bloom()
    seen.load([1, 2])
    fresh = bloom()

    checkpoint = fresh.restore(seen.dump(12))
    fresh.load([3])

    assert checkpoint == 12
    assert [fresh.check(identity) for identity in (1, 2, 3, 4)] == [SEEN, SEEN, SEEN, NEW]


def test_what_the_filter_knew_is_answered_by_the_recent_ones_next_time():
    calls = []
    seen = bloom()
    seen.load([1])
    contains = seen._contains
    seen._contains = lambda identity: calls.append(identity) or contains(identity)

    assert [seen.check(1), seen.check(1)] == [SEEN, SEEN]
    assert calls == [1]


def test_the_stats_have_the_measured_error_rate():
    seen = bloom(error_rate=0.1)
    seen.load(range(0, 10**15, 10**13))

    stats = seen.stats()

    assert stats["seen/engine"] == "rbloom"
    assert 0 < stats["seen/false_positive_rate"] < 0.1
    assert 0 < stats["seen/false_positive_rate_expected"] < 0.1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.one_of(st.integers(-30, 30), st.just("commit"), st.just("crash")), max_size=150),
    st.sampled_from([Pybloom, lambda: Rbloom(is_stored=True)]),
)
def test_what_was_offered_is_never_new_again_and_what_was_lost_is(steps, library):
    desk, known, stored = SeenDesk(bloom(library())), set(), set()
    for step in steps:
        if step == "commit":
            desk.commit()
            stored = set(known)
        elif step == "crash":
            desk = desk.resumed(bloom(library()))
            known = set(stored)
        else:
            assert desk.offer(step) == (step not in known)
            known.add(step)
