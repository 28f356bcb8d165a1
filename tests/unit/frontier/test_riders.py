"""Who rides on whom, and how many visits may wait."""

from framework.frontier.riders import Riders
from framework.http import Request
from framework.http.request import RIDES
from framework.protocols import Lease


def rider(identity):
    request = Request("http://a/")
    request._identity = identity
    return request


def test_a_visit_with_riders_may_get_more_when_no_other_one_may_have_any():
    riders = Riders(1)
    parent, other = Lease(None, 1, None), Lease(None, 2, None)
    assert riders.may_ride(parent)

    riders.accept(request := rider(5), parent)

    assert request._row == RIDES
    assert parent.riders == 1
    assert riders.may_ride(parent)
    assert not riders.may_ride(other)


def test_a_place_is_free_when_the_last_rider_of_a_visit_has_ended():
    riders = Riders(1)
    parent, other = Lease(None, 1, None), Lease(None, 2, None)
    riders.accept(rider(5), parent)
    riders.accept(rider(6), parent)

    riders.end(5)
    assert not riders.may_ride(other)
    riders.end(6)
    riders.end(7)

    assert riders.may_ride(other)
    assert not riders.parents
