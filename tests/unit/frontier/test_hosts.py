"""Politeness on made-up clocks: nothing too early, nothing too much at once, nobody starves."""

import math
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from framework.frontier.hosts import HostOwnRules, Politeness, Schedule
from framework.http import Request


def schedule_with(host_keys=("a",), requests=1, **rules):
    schedule = Schedule(Politeness(**rules), uniform=lambda low, high: low)
    for key in host_keys:
        host = schedule.host(key)
        for number in range(requests):
            host.queue.push(Request(f"http://{key}/{number}"))
        schedule.place(host, 0.0)
    return schedule


def take(schedule, now):
    """Lease one request as a frontier does; return the host's key."""
    host = schedule.take(now)
    if host is None:
        return None
    host.queue.pop()
    schedule.reserve(host, now)
    return host.key


def test_a_host_gets_no_more_turns_than_its_concurrency():
    schedule = schedule_with(requests=5, concurrency=2)

    assert [take(schedule, 0.0) for _ in range(4)] == ["a", "a", None, None]


def test_a_landed_turn_lets_the_next_one_go():
    schedule = schedule_with(requests=2, concurrency=1)
    take(schedule, 0.0)
    host = schedule.host("a")
    schedule.send(host, 0.0)

    schedule.land(host, 1.0, answered=True)

    assert take(schedule, 1.0) == "a"


def test_the_delay_runs_from_the_sending_and_not_from_the_lease():
    schedule = schedule_with(requests=2, delay_s=2.0, randomize=False)
    assert take(schedule, 0.0) == "a"
    assert take(schedule, 10.0) is None

    schedule.send(schedule.host("a"), 10.0)

    assert take(schedule, 11.9) is None
    assert schedule.next_at() == 12.0
    assert take(schedule, 12.0) == "a"


def test_a_turn_given_back_unused_starts_no_delay():
    schedule = schedule_with(requests=2, delay_s=2.0)
    take(schedule, 0.0)

    schedule.give_back(schedule.host("a"), 0.5)

    assert take(schedule, 0.5) == "a"


def test_a_randomised_delay_is_spread_from_half_to_one_and_a_half():
    asked = []
    schedule = Schedule(Politeness(delay_s=4.0), uniform=lambda low, high: asked.append((low, high)) or low)
    host = schedule.host("a")
    host.queue.push(Request("http://a/"))
    schedule.place(host, 0.0)
    take(schedule, 0.0)

    schedule.send(host, 0.0)

    assert asked == [(2.0, 6.0)]
    assert host.next_at == 2.0


def test_the_least_recently_served_host_goes_first():
    schedule = schedule_with(("a", "b", "c"), requests=3, concurrency=8)

    assert [take(schedule, 0.0) for _ in range(9)] == ["a", "b", "c"] * 3


def test_the_highest_head_priority_goes_before_the_least_recently_served():
    schedule = schedule_with(("a", "b"), requests=1)
    take(schedule, 0.0)
    urgent = schedule.host("a")
    urgent.queue.push(Request("http://a/urgent", priority=9))
    schedule.place(urgent, 0.0)

    assert take(schedule, 0.0) == "a"
    assert take(schedule, 0.0) == "b"


def test_a_hold_keeps_the_whole_host_back_and_is_never_shortened():
    schedule = schedule_with(requests=3)
    host = schedule.host("a")
    schedule.hold(host, 30.0, 0.0)
    schedule.hold(host, 10.0, 0.0)

    assert take(schedule, 29.9) is None
    assert take(schedule, 30.0) == "a"


def test_a_host_that_stopped_answering_gets_one_probe_at_a_time():
    schedule = schedule_with(requests=20, concurrency=4, dead_after=3)
    host = schedule.host("a")
    for _ in range(3):
        take(schedule, 0.0)
        schedule.send(host, 0.0)
        schedule.land(host, 0.0, answered=False)

    assert [take(schedule, 0.0), take(schedule, 0.0)] == ["a", None]

    schedule.send(host, 0.0)
    schedule.land(host, 1.0, answered=True)
    assert [take(schedule, 1.0) for _ in range(5)] == ["a"] * 4 + [None]


def test_an_end_that_says_nothing_of_the_host_changes_no_count_of_failures():
    schedule = schedule_with(requests=2)
    host = schedule.host("a")
    host.failures = 2
    take(schedule, 0.0)
    schedule.send(host, 0.0)

    schedule.land(host, 0.0, answered=None)

    assert host.failures == 2


def test_one_hosts_own_rules_go_before_those_of_all():
    rules = {"slow": HostOwnRules(delay_s=9.0, randomize_delay=False, concurrency=1)}
    schedule = Schedule(Politeness(delay_s=1.0, concurrency=8, own_rules=rules))

    slow, other = schedule.host("slow"), schedule.host("other")

    assert (slow.delay_s, slow.randomize, slow.concurrency) == (9.0, False, 1)
    assert (other.delay_s, other.randomize, other.concurrency) == (1.0, True, 8)


def test_a_host_whose_nested_fetches_wait_gives_no_turn_to_its_queue():
    schedule = schedule_with(requests=1)
    host = schedule.host("a")
    host.waiters = deque([object()])
    schedule.place(host, 0.0)

    assert take(schedule, 0.0) is None
    assert schedule.opens_at(host) == 0.0


def test_a_blocked_host_opens_at_no_known_time():
    schedule = schedule_with(requests=2, concurrency=1)
    take(schedule, 0.0)

    assert schedule.opens_at(schedule.host("a")) == math.inf
    assert schedule.next_at() == math.inf


def test_stale_entries_are_cleared_away_when_a_host_is_placed_again_and_again():
    schedule = schedule_with(requests=1)
    host = schedule.host("a")
    for _ in range(5000):
        schedule.place(host, 0.0)

    assert len(schedule._ready) < 2000
    assert take(schedule, 0.0) == "a"
    assert take(schedule, 0.0) is None


def test_a_time_that_was_put_off_is_passed_over():
    schedule = schedule_with(requests=2)
    host = schedule.host("a")
    schedule.hold(host, 10.0, 0.0)
    schedule.hold(host, 20.0, 0.0)

    assert take(schedule, 15.0) is None
    assert schedule.next_at() == 20.0
    assert take(schedule, 20.0) == "a"


def test_a_repr_tells_the_numbers():
    assert repr(schedule_with(requests=3).host("a")) == "<Host a: 3 waiting, 0/8 active>"


class PoliteMachine(RuleBasedStateMachine):
    """Random lives of hosts: what may never happen, never happens."""

    @initialize(
        delay=st.sampled_from([0.0, 0.5, 2.0]),
        concurrency=st.integers(1, 3),
        randomize=st.booleans(),
        draws=st.lists(st.floats(0, 1), min_size=1, max_size=5),
    )
    def begin(self, delay, concurrency, randomize, draws):
        self.now = 0.0
        self.delay = delay
        self.concurrency = concurrency
        self.least = delay * (0.5 if randomize else 1.0)
        turn = iter(range(10**9))
        self.schedule = Schedule(
            Politeness(delay_s=delay, concurrency=concurrency, randomize=randomize, dead_after=3),
            uniform=lambda low, high: low + (high - low) * draws[next(turn) % len(draws)],
        )
        self.reserved, self.sent = [], []
        self.last_sent, self.held = {}, {}

    @rule(key=st.sampled_from("abc"), priority=st.integers(-1, 1))
    def offer(self, key, priority):
        host = self.schedule.host(key)
        host.queue.push(Request(f"http://{key}/", priority=priority))
        self.schedule.place(host, self.now)

    @rule(step=st.floats(0, 3))
    def time_passes(self, step):
        self.now += step

    @rule()
    def lease_all(self):
        while (host := self.schedule.take(self.now)) is not None:
            assert host.queue
            assert self.now >= self.held.get(host.key, 0.0)
            if self.delay and host.key in self.last_sent:
                assert self.now >= self.last_sent[host.key] + self.least - 1e-9
            host.queue.pop()
            self.schedule.reserve(host, self.now)
            self.reserved.append(host)
            assert host.active <= self.concurrency
            if self.delay:
                assert host.reserved == 1
        for host in self.schedule.hosts.values():
            if host.queue:  # nobody is forgotten: it is blocked, or its time is still to come
                assert self.schedule.opens_at(host) > self.now
                if self.schedule.opens_at(host) < math.inf:
                    assert self.schedule.next_at() <= self.schedule.opens_at(host)

    @rule(pick=st.integers(0, 100))
    def send(self, pick):
        if self.reserved:
            host = self.reserved.pop(pick % len(self.reserved))
            if self.delay and host.key in self.last_sent:
                assert self.now >= self.last_sent[host.key] + self.least - 1e-9
            self.schedule.send(host, self.now)
            self.last_sent[host.key] = self.now
            self.sent.append(host)

    @rule(pick=st.integers(0, 100))
    def give_back(self, pick):
        if self.reserved:
            self.schedule.give_back(self.reserved.pop(pick % len(self.reserved)), self.now)

    @rule(pick=st.integers(0, 100), answered=st.sampled_from([True, False, None]))
    def land(self, pick, answered):
        if self.sent:
            self.schedule.land(self.sent.pop(pick % len(self.sent)), self.now, answered=answered)

    @rule(key=st.sampled_from("abc"), length=st.floats(0, 5))
    def hold(self, key, length):
        self.schedule.hold(self.schedule.host(key), self.now + length, self.now)
        self.held[key] = max(self.held.get(key, 0.0), self.now + length)

    @invariant()
    def turns_are_counted_right(self):
        if not hasattr(self, "schedule"):
            return
        for host in self.schedule.hosts.values():
            assert host.reserved == self.reserved.count(host)
            assert host.active == host.reserved + self.sent.count(host)


TestPoliteMachine = PoliteMachine.TestCase
TestPoliteMachine.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)


@pytest.mark.timeout(300)
@given(
    delay=st.floats(0.01, 5),
    hosts=st.integers(1, 4),
    count=st.integers(1, 12),
    latencies=st.lists(st.floats(0, 4), min_size=1, max_size=6),
    concurrency=st.integers(1, 3),
)
@settings(max_examples=10_000, deadline=None)
def test_no_request_is_sent_earlier_than_its_hosts_rules_allow(delay, hosts, count, latencies, concurrency):
    """Simulate a whole crawl: each send at least the delay after the last one, each host served to its end."""
    schedule = schedule_with(tuple("abcd"[:hosts]), count, delay_s=delay, randomize=False, concurrency=concurrency)
    now, turn = 0.0, 0
    flying, sends = [], {}
    while True:
        while (host := schedule.take(now)) is not None:
            host.queue.pop()
            schedule.reserve(host, now)
            schedule.send(host, now)
            times = sends.setdefault(host.key, [])
            assert not times or now - times[-1] >= delay - 1e-9
            times.append(now)
            flying.append((now + latencies[turn % len(latencies)], turn, host))
            turn += 1
        ends = min(flying, default=(math.inf,))[0]
        now = max(now, min(ends, schedule.next_at()))
        if now == math.inf:
            break
        for entry in sorted(flying):
            if entry[0] <= now:
                flying.remove(entry)
                schedule.land(entry[2], now, answered=True)
    assert {key: len(times) for key, times in sends.items()} == dict.fromkeys("abcd"[:hosts], count)


def test_only_hosts_that_wait_for_nothing_are_forgotten():
    schedule = schedule_with(requests=1)
    schedule.host("idle")
    schedule.host("held").hold_until = 9.0
    schedule.host("ruled").has_own_rules = True

    schedule.forget_idle(5.0)
    assert set(schedule.hosts) == {"a", "held", "ruled"}
    schedule.forget_idle(9.0)

    assert set(schedule.hosts) == {"a", "ruled"}
    assert [host.key for host in schedule.line] == list(schedule.hosts)
