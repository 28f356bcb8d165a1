"""Which ended requests leave a record, and what is in it."""

import pytest

from framework.frontier.fates import Fates
from framework.frontier.records import Origin, Records, Tried, open_envelope
from framework.frontier.store.rows import EndKind, Row
from framework.http import Request
from framework.http.fingerprint import RequestFingerprinter
from framework.http.request import RIDES
from framework.http.stored import StoredForm
from framework.protocols import DONE, REPLACED, Fate, FateKind, Lease

FAILED = Fate(FateKind.FAILED, "TimeoutError")
RECORDS = Records(StoredForm(object()))


def fates(kept="all"):
    return Fates(kept, RECORDS, RequestFingerprinter().identity, lambda: 50.0)


def lease(url="http://a/1", **arguments):
    request = Request(url, **arguments)
    request._identity, request._row, request._origin = 7, 3, Origin(9, 40.0)
    return Lease(request, 7, None)


@pytest.mark.parametrize(
    ("kept", "records"), [("all", [1, 2, 3, 4]), ("failures", [3, 4]), ("off", [3, 4])], ids=["all", "failures", "off"]
)
def test_what_is_kept(kept, records):
    ends = [DONE, REPLACED, Fate(FateKind.DROPPED, "offsite"), FAILED]

    made = [fates(kept).of(lease(), end, 0, None, None) for end in ends]

    assert [record.kind for record in made if record is not None] == records
    assert fates(kept).is_on is (kept != "off")


def test_a_record_says_what_who_when_and_how_often():
    record = fates().of(lease(method="POST"), DONE, 3, Tried(2, 0, [(45.0, "503")]), None)

    assert (record.identity, record.kind, record.url, record.method) == (7, EndKind.DONE, "http://a/1", "POST")
    assert (record.parent, record.found_at, record.ended_at, record.items) == (9, 40.0, 50.0, 3)
    assert record.tries == [(45.0, "503")]
    assert record.data is None


def test_a_request_that_failed_after_retries_is_kept_as_it_was_offered():
    one = lease(meta={"page": 5}, priority=7)
    first = open_envelope(RECORDS.row(one.request, None)).form
    one.delivered = 4
    one.request.meta["retry_times"] = 2
    one.request.headers["Cookie"] = "sid=secret"

    record = fates().of(one, FAILED, 0, Tried(3, 4, [], first), None)

    row = RECORDS.row(one.request, None)
    again, tried = RECORDS.request(Row(3, 7, record.host, record.priority, record.data), 0.0)
    assert (again.meta, dict(again.headers), again.priority) == ({"page": 5}, {}, 7)
    assert again._origin.identity == 9
    assert tried is None
    assert (record.delivered, record.host, record.priority, record.row) == (4, row.host, 7, None)


def test_a_row_that_was_made_at_the_lease_is_what_is_kept():
    one = lease()
    row = RECORDS.row(one.request, None)
    one.request.meta["by a hook"] = object()

    assert fates().of(one, FAILED, 0, None, row).data == row.data


def test_the_stored_row_is_what_is_kept_where_there_is_one():
    one = lease()
    one.delivered = 4

    record = fates().of(one, FAILED, 0, None, None)

    assert (record.row, record.data, record.delivered) == (3, None, 4)


def test_what_has_no_stored_form_fails_without_one():
    rider = lease()
    rider.request._row = RIDES

    assert fates().of(rider, FAILED, 0, None, None).row is None
    for tried in (Tried(2), Tried(2, first=b"of a callback that is gone")):
        record = fates().of(lease(), FAILED, 0, tried, None)
        assert (record.data, record.row) == (None, None)


def test_a_refusal_is_told_once_for_each_reason(monkeypatch):
    monkeypatch.setattr("framework.frontier.fates._REFUSALS_REMEMBERED", 2)
    kept = fates()
    origin = Lease(None, 9, None)
    request = Request("http://a/1")

    first = kept.of_refusal(origin, request, "offsite")

    assert (first.kind, first.reason, first.parent, first.found_at) == (EndKind.REFUSED, "offsite", 9, 50.0)
    assert kept.of_refusal(origin, request, "offsite") is None
    assert kept.of_refusal(origin, request, "depth") is not None
    assert kept.of_refusal(origin, Request("http://a/2"), "depth") is not None
    assert kept.of_refusal(origin, request, "offsite") is not None


def test_what_has_no_identity_has_no_record():
    def broken(request):
        raise LookupError

    kept = Fates("all", RECORDS, broken, lambda: 50.0)

    assert kept.of_refusal(Lease(None, 9, None), Request("http://a/1"), "offsite") is None
