from hypothesis import given, settings
from hypothesis import strategies as st

from framework.frontier.seen.recent import Recent


def known(recent, identities):
    return [identity for identity in identities if identity in recent.young or identity in recent.old]


def test_the_last_generation_is_always_remembered_and_the_older_forgotten():
    recent = Recent(10)
    for identity in range(35):
        recent.remember(identity)

    assert known(recent, range(35)) == list(range(20, 35))
    assert len(recent) == 15


def test_many_at_once_fill_the_generations_in_their_order():
    recent = Recent(10)
    recent.remember_all(range(5))
    recent.remember_all(range(5, 18))

    assert known(recent, range(18)) == list(range(18))
    recent.remember_all(range(18, 22))
    assert known(recent, range(22)) == list(range(10, 22))


def test_of_more_than_there_is_room_for_the_last_are_remembered():
    recent = Recent(10)

    recent.remember_all(range(1000))

    assert known(recent, range(1000)) == list(range(980, 1000))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 60), max_size=40), max_size=20))
def test_it_is_bounded_and_never_remembers_what_was_not_met(batches):
    recent, met = Recent(7), set()
    for number, batch in enumerate(batches):
        met.update(batch)
        if number % 2:
            recent.remember_all(batch)
        else:
            for identity in batch:
                recent.remember(identity)
        assert len(recent.young) <= 7
        assert len(recent.old) <= 7
        assert recent.young | recent.old <= met
        assert set(batch[-1:]) <= recent.young
