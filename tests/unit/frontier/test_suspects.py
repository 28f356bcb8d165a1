"""What was in flight when the process died."""

import pytest

from framework.exceptions import StoreError
from framework.frontier.suspects import DEATHS_MAX, SLOTS, Suspects


def opened(path, *, has_died=True):
    suspects = Suspects(path)
    suspects.open(has_died=has_died)
    return suspects


def die_with(path, *identities, times=1):
    for _ in range(times):
        suspects = opened(path)
        for identity in identities:
            assert suspects.enter(identity) is not None
        suspects.close(clean=False)


def test_three_deaths_in_a_row_make_a_suspect_and_two_do_not(tmp_path):
    path = tmp_path / "inflight"
    die_with(path, -7, 8, times=DEATHS_MAX - 1)
    assert opened(path).known == {}

    die_with(path, -7, 8, times=DEATHS_MAX)

    known = opened(path).known
    assert set(known) == {-7, 8}
    assert not any(deaths.is_guilty for deaths in known.values())


def test_who_was_not_in_flight_at_a_death_is_forgotten(tmp_path):
    path = tmp_path / "inflight"
    die_with(path, 7, times=DEATHS_MAX - 1)
    die_with(path, 9)
    die_with(path, 7)

    assert opened(path).known == {}


def test_only_three_deaths_alone_make_guilty(tmp_path):
    path = tmp_path / "inflight"
    die_with(path, 7, 8, times=DEATHS_MAX)
    die_with(path, 7, 8)
    die_with(path, 7, times=DEATHS_MAX - 1)
    assert not opened(path).known[7].is_guilty

    die_with(path, 7, times=DEATHS_MAX + 1)

    assert opened(path).known[7].is_guilty


def test_who_has_ended_is_not_in_flight(tmp_path):
    path = tmp_path / "inflight"
    for _ in range(DEATHS_MAX + 1):
        suspects = opened(path)
        suspects.leave(suspects.enter(7))
        assert suspects.in_flight == 0
        suspects.close(clean=False)

    assert opened(path).known == {}


def test_after_a_clean_end_nobody_is_suspected(tmp_path):
    path = tmp_path / "inflight"
    die_with(path, 7, times=DEATHS_MAX)
    opened(path, has_died=False).close(clean=True)

    assert not path.exists()
    assert opened(path).known == {}


def test_a_disk_that_refuses_the_file_at_the_start_is_named(tmp_path):
    with pytest.raises(StoreError, match="inflight"):
        opened(tmp_path / "gone" / "inflight")


def test_a_disk_that_does_not_let_the_file_go_at_the_end_does_no_harm(tmp_path):
    path = tmp_path / "inflight"
    suspects = opened(path)
    path.unlink()
    path.mkdir()

    suspects.close(clean=True)

    assert path.is_dir()


def test_a_file_that_a_power_cut_has_left_is_no_evidence(tmp_path):
    path = tmp_path / "inflight"
    path.write_bytes(b"\0" * 100)
    assert opened(path).known == {}

    die_with(path, 7, times=DEATHS_MAX)
    opened(path).close(clean=False)
    path.write_bytes(path.read_bytes()[:-1])

    assert opened(path).known == {}


def test_more_in_flight_than_there_is_room_for_are_not_written(tmp_path):
    suspects = opened(tmp_path / "inflight")
    for identity in range(1, SLOTS + 1):
        suspects.enter(identity)

    assert suspects.enter(SLOTS + 1) is None
    assert suspects.in_flight == SLOTS


def test_a_crawl_without_a_file_suspects_nobody():
    suspects = opened(None)

    assert suspects.enter(7) is None
    suspects.leave(0)
    suspects.close(clean=True)
    assert suspects.in_flight == 0
