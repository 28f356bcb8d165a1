"""The order of one host's requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.frontier.queue import RequestQueue
from framework.http import Request
from framework.http.request import RIDES


def request(name, priority=0):
    return Request(f"http://a.example/{name}", priority=priority)


def drain(queue):
    names = []
    while queue:
        names.append(queue.pop().url.rpartition("/")[2])
    return names


def test_depth_first_takes_the_newest_first():
    queue = RequestQueue("depth")
    for name in "abc":
        queue.push(request(name))

    assert drain(queue) == ["c", "b", "a"]


def test_breadth_first_takes_the_oldest_first():
    queue = RequestQueue("breadth")
    for name in "abc":
        queue.push(request(name))

    assert drain(queue) == ["a", "b", "c"]


def test_higher_priority_goes_first_in_both_orders():
    for order in ("depth", "breadth"):
        queue = RequestQueue(order)
        for name, priority in (("low", -1), ("high", 5), ("zero", 0), ("high2", 5)):
            queue.push(request(name, priority))

        names = drain(queue)

        assert set(names[:2]) == {"high", "high2"}
        assert names[2:] == ["zero", "low"]


def test_start_requests_wait_behind_links_and_keep_their_order():
    for order in ("depth", "breadth"):
        queue = RequestQueue(order)
        queue.push_last(request("start1"))
        queue.push_last(request("start2"))

        assert drain(queue) == ["start1", "start2"]

    queue = RequestQueue("depth")
    queue.push_last(request("start"))
    queue.push(request("link"))
    assert drain(queue) == ["link", "start"]


def test_what_is_put_back_goes_before_the_rest():
    for order in ("depth", "breadth"):
        queue = RequestQueue(order)
        queue.push(request("a"))
        queue.push(request("b"))
        queue.push_first(request("back"))

        assert drain(queue)[0] == "back"


def test_length_counts_every_priority():
    queue = RequestQueue("depth")
    assert len(queue) == 0

    for priority in (1, 2, 2, 3):
        queue.push(request("x", priority))

    assert len(queue) == 4
    assert queue.head_priority == 3


@given(
    order=st.sampled_from(["depth", "breadth"]),
    steps=st.lists(st.one_of(st.integers(-3, 3), st.just("pop"), st.just("back")), max_size=60),
)
def test_a_queue_loses_nothing_and_always_gives_the_highest_priority(order, steps):
    queue = RequestQueue(order)
    inside = []
    for number, step in enumerate(steps):
        if step == "pop":
            if inside:
                assert queue.head_priority == max(r.priority for r in inside)
                taken = queue.pop()
                assert taken.priority == max(r.priority for r in inside)
                inside.remove(taken)
        elif step == "back":
            back = request(number)
            queue.push_first(back)
            inside.append(back)
        else:
            new = request(number, step)
            queue.push(new)
            inside.append(new)
        assert len(queue) == len(inside)
        assert bool(queue) == bool(inside)


@pytest.mark.parametrize("order", ["depth", "breadth"])
def test_what_would_come_last_leaves_first_and_says_where_it_was(order):
    queue = RequestQueue(order)
    requests = [Request(f"http://a/{number}", priority=number // 50) for number in range(100)]
    for number, request in enumerate(requests, 1):
        request._row = number
        queue.push(request)
    popped = [queue.pop()]

    taken = queue.take_last(60)

    assert queue.spilled == ({0: 51, 1: 61} if order == "depth" else {0: 0, 1: 90})
    while queue:
        popped.append(queue.pop())
    lowest = sorted(taken, key=lambda request: request.priority)
    assert len(popped) + len(taken) == 100
    assert {request.priority for request in lowest[:50]} == {0}
    assert {id(request) for request in popped + taken} == {id(request) for request in requests}


@pytest.mark.parametrize("order", ["depth", "breadth"])
def test_the_place_where_the_disk_begins_only_moves_towards_the_head(order):
    queue = RequestQueue(order)
    for number in (10, 11, 12, 13):
        queue.push(request := Request(f"http://a/{number}"))
        request._row = number

    queue.take_last(1)
    first = dict(queue.spilled)
    queue.take_last(1)

    assert [first, queue.spilled] == ([{0: 11}, {0: 12}] if order == "depth" else [{0: 12}, {0: 11}])


@pytest.mark.parametrize("order", ["depth", "breadth"])
def test_a_whole_queue_leaves_and_what_comes_then_goes_first(order):
    queue = RequestQueue(order)
    for number in range(1, 51):
        queue.push(request := Request(f"http://a/{number}"))
        request._row = number

    assert len(queue.take_last(50)) == 50

    assert not queue
    assert queue.spilled == {0: 51 if order == "depth" else 0}
    queue.push(request := Request("http://a/51"))
    assert queue.pop() is request


def test_riders_do_not_leave():
    queue = RequestQueue("depth")
    for number in range(40):
        queue.push(request := Request(f"http://a/{number}", priority=number % 2))
        request._row = RIDES if number < 10 else number

    assert len(queue.take_last(100)) == 30
    assert queue.take_last(100) == []
    assert len(queue) == 10


def test_all_but_some_can_be_taken_out():
    queue = RequestQueue("depth")
    for number in range(40):
        queue.push(Request(f"http://a/{number}", priority=number % 4))

    assert queue.keep_only(lambda request: request.url.endswith("/7")) == 39
    assert queue.head_priority == 3
    assert queue.pop().url == "http://a/7"
    assert queue.keep_only(lambda request: False) == 0


@pytest.mark.parametrize("order", ["depth", "breadth"])
def test_long_queues_take_from_both_sides(order):
    queue = RequestQueue(order)
    for priority in (0, 1):
        for number in range(40):
            queue.push(Request(f"http://a/{priority}-{number}", priority=priority))
            queue.push_last(Request(f"http://a/{priority}-last-{number}", priority=priority))
            queue.push_first(Request(f"http://a/{priority}-first-{number}", priority=priority))

    urls = [queue.pop().url for _ in range(240)]

    assert len(set(urls)) == 240
    assert all("/1-" in url for url in urls[:120])


def test_a_lower_level_grows_long_too():
    queue = RequestQueue("depth")
    queue.push(request("high", 9))
    for number in range(70):
        queue.push(request(number))

    assert drain(queue) == ["high", *map(str, reversed(range(70)))]
