from framework.frontier.failed import FailedHosts


def test_failures_are_told_once():
    failed = FailedHosts()
    failed.remember("dead.example", 5)

    assert [failed.take(key) for key in ("dead.example", "dead.example", "other.example")] == [5, 0, 0]


def test_of_many_hosts_the_last_ones_are_remembered():
    failed = FailedHosts(10)
    for number in range(35):
        failed.remember(f"h{number}", 1 + number)

    assert len(failed) == 15
    assert [failed.take(f"h{number}") for number in range(35)] == [0] * 20 + list(range(21, 36))
    assert len(failed) == 0
