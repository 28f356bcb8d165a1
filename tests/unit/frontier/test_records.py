"""Requests as rows, and rows as requests."""

import pytest

from framework.exceptions import StoredError
from framework.frontier.records import Origin, Records, Tried, digest_of, with_tries
from framework.frontier.store.rows import FateRow, Row
from framework.http import Request
from framework.http.stored import StoredForm


class Spider:
    def parse(self, response):
        pass

    def failed(self, failure):
        pass


def pending(**arguments):
    request = Request("http://a.example/1", **arguments)
    request._identity, request._row, request._origin = -5, 12, Origin(9, 40.0)
    return request


def test_a_row_and_back():
    records = Records(StoredForm(Spider()))
    request = pending(priority=3)

    row = records.row(request, None)
    again, tried = records.request(row, 100.0)

    assert (row.number, row.identity, row.host, row.priority) == (12, -5, digest_of("a.example"), 3)
    assert (again.url, again._identity, again._row, again.priority) == (request.url, -5, 12, 3)
    assert (again._origin.identity, again._origin.found_at) == (9, 40.0)
    assert again._not_before_at is None
    assert tried is None


def test_tries_and_time_travel_with_the_row():
    records = Records(StoredForm(Spider()))
    request = pending()
    request._not_before_at = 130.0

    again, tried = records.request(records.row(request, Tried(3, 2, [(90.0, "503")])), 100.0)

    assert again._not_before_at == 130.0
    assert tried == Tried(3, 2, [(90.0, "503")])


def test_another_try_of_a_failed_request_remembers_the_tries_and_items_before():
    records = Records(StoredForm(Spider()))
    row = records.row(pending(), None)
    fate = FateRow(-5, 4, "callback: E", "http://a.example/1", "GET", 9, 40.0, 50.0, 2, [(45.0, "503")], row.data)

    row.data, row.delivered = with_tries(fate), 3
    again, tried = records.request(row, 100.0)

    assert (again.url, again._identity) == ("http://a.example/1", -5)
    assert tried.first is not None
    assert tried == Tried(3, 3, [(45.0, "503"), (50.0, "callback: E")], tried.first, items=2)


def test_what_cannot_be_read_is_tried_again_as_it_is():
    assert with_tries(FateRow(1, 4, "x", "u", "GET", 0, 0.0, 0.0, 0, [], b"damaged")) == b"damaged"


def test_a_time_far_away_is_not_waited_for():
    records = Records(StoredForm(Spider()))
    request = pending()
    request._not_before_at = 1e12

    again, tried = records.request(records.row(request, None), 100.0)

    assert again._not_before_at < 100_000
    assert tried is None


@pytest.mark.parametrize(("now_at", "until_at"), [(101.0, 104.0), (50.0, 54.0), (-1e9, -1e9 + 4), (500.0, 104.0)])
def test_a_retry_waits_no_longer_than_it_was_to_when_the_clock_was_set(now_at, until_at):
    records = Records(StoredForm(Spider()))
    request = pending()
    request._not_before_at = 104.0

    again, _ = records.request(records.row(request, Tried(2, 0, [(70.0, "503"), (100.0, "503")])), now_at)

    assert again._not_before_at == until_at


def test_each_pair_of_callbacks_leaves_one_sample():
    spider = Spider()
    records = Records(StoredForm(spider))
    for arguments in ({}, {"callback": spider.parse}, {"callback": spider.parse}, {"errback": spider.failed}):
        records.row(pending(**arguments), None)

    assert len(records.samples) == 2
    for sample in records.samples:
        records.check(sample)
    with pytest.raises(StoredError):
        Records(StoredForm(object())).check(records.samples[0])


def test_a_damaged_row_is_named():
    with pytest.raises(StoredError, match="the stored request 5 cannot be read"):
        Records(StoredForm(Spider())).request(Row(1, 5, 2, 0, b"\xc1"), 0.0)


def test_a_request_without_an_origin_has_a_row_too():
    request = pending()
    request._origin = None
    records = Records(StoredForm(Spider()))

    assert records.request(records.row(request, None, 77), 0.0)[0]._origin.identity == 0
