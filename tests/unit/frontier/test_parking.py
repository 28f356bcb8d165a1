"""Where requests wait for something else than their host."""

import math

import pytest

from framework.frontier.parking import Parking
from framework.http import Request

ONE, TWO, THREE = (Request(f"http://a/{number}") for number in "123")


def test_a_token_gives_back_its_own_in_the_order_they_came():
    parking = Parking()
    parking.wait_for("x", ONE)
    parking.wait_for("y", TWO)
    parking.wait_for("x", THREE)

    assert parking.woken("x") == [ONE, THREE]
    assert parking.woken("x") == []
    assert parking.woken("y", 5) == [TWO]


def test_a_token_gives_back_as_many_as_asked_for():
    parking = Parking()
    for request in (ONE, TWO, THREE):
        parking.wait_for("x", request)

    assert parking.woken("x", 2) == [ONE, TWO]
    assert parking.woken("x", 0) == []
    assert parking.woken("x", 1) == [THREE]


def test_times_come_in_their_order_and_of_equal_ones_the_first_comer_goes_first():
    parking = Parking()
    assert parking.next_at() == math.inf
    parking.wait_until(2.0, ONE)
    parking.wait_until(1.0, TWO)
    parking.wait_until(2.0, THREE)

    assert parking.next_at() == 1.0
    assert parking.due(0.9) == []
    assert parking.due(2.0) == [TWO, ONE, THREE]
    assert parking.next_at() == math.inf


@pytest.mark.parametrize("way", ["time", "token", "token with others"])
def test_one_request_is_taken_out_however_it_waits(way):
    parking = Parking()
    one, other = Request("http://a/1"), Request("http://a/2")
    parking.wait_until(2.0, other)
    if way == "time":
        parking.wait_until(1.0, one)
    else:
        parking.wait_for("token", one)
    if way == "token with others":
        parking.wait_for("token", other)

    assert parking.discard(one)
    assert not parking.discard(one)

    assert one not in parking.woken("token")
    assert parking.due(3.0) == [other]
