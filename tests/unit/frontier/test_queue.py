"""The order of one host's requests."""

from hypothesis import given
from hypothesis import strategies as st

from framework.frontier.queue import RequestQueue
from framework.http import Request


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
