"""What of an offer is new, when the seen-set alone cannot say."""

import asyncio

from framework.dupefilters import RFPDupeFilter
from framework.frontier.admission import Admission
from framework.frontier.riders import Riders
from framework.frontier.seen import MAYBE, NEW, SEEN
from framework.frontier.seen.own import OwnDupeFilter
from framework.http import Request
from framework.http.fingerprint import RequestFingerprinter
from framework.http.request import RIDES
from framework.protocols import Lease


class Unsure:
    """Knows what is open, and suspects everything else."""

    is_stored = False

    def __init__(self):
        self.open = set()
        self.confirmed = []

    def check(self, identity):
        return SEEN if identity in self.open else MAYBE

    def add(self, identity):
        self.open.add(identity)

    def confirm(self, identity):
        self.confirmed.append(identity)


class Nothing(Unsure):
    def check(self, identity):
        return SEEN if identity in self.open else NEW


def admission_with(seen, stored=(), riders_max=1, meanwhile=None, own=None):
    questions = []

    async def known(identities):
        questions.append(list(identities))
        if meanwhile is not None:
            meanwhile(identities)
        return {identity for identity in identities if identity in stored}

    admission = Admission(RequestFingerprinter(), seen, Riders(riders_max), known, own)
    return admission, questions


def identities_of(*urls):
    return [RequestFingerprinter().identity(Request(url)) for url in urls]


def test_the_store_is_asked_once_a_page_and_its_word_counts():
    old, new = identities_of("http://a/old", "http://a/new")
    seen = Unsure()
    admission, questions = admission_with(seen, {old})
    batch = [Request("http://a/old"), Request("http://a/new"), Request("http://a/new")]

    answers, fresh = asyncio.run(admission.admit(Lease(None, 1, None), batch))

    assert answers == ["duplicate", None, "duplicate"]
    assert fresh == [batch[1]]
    assert questions == [[old, new, new]]
    assert seen.confirmed == [old]


def test_what_somebody_else_has_offered_meanwhile_is_a_duplicate():
    seen = Unsure()
    admission, _ = admission_with(seen, meanwhile=seen.open.update)

    answers, fresh = asyncio.run(admission.admit(Lease(None, 1, None), [Request("http://a/1")]))

    assert (answers, fresh) == (["duplicate"], [])


def test_one_rider_too_many_is_refused_and_may_come_again():
    seen = Nothing()
    admission, _ = admission_with(seen)
    admission._riders.accept(Request("http://a/other"), Lease(None, 2, None))
    rider = Request("http://a/rider")
    rider._row = RIDES

    answers, fresh = asyncio.run(admission.admit(Lease(None, 1, None), [rider]))

    assert (answers, fresh) == (["unstorable"], [])
    assert not seen.open


def test_a_request_that_is_offered_again_while_it_is_in_flight_is_copied():
    admission, _ = admission_with(Nothing())
    parent = Lease(None, 1, None)
    request = Request("http://a/1", dont_filter=True)
    (first,) = asyncio.run(admission.admit(parent, [request]))[1]
    first._row = 7
    rider = Request("http://a/2", dont_filter=True)
    rider._row = RIDES
    (riding,) = asyncio.run(admission.admit(parent, [rider]))[1]

    (again,) = asyncio.run(admission.admit(parent, [first]))[1]
    (riding_again,) = asyncio.run(admission.admit(parent, [riding]))[1]

    assert again is not first
    assert (first._row, again._row) == (7, None)
    assert again._identity != first._identity
    assert riding_again is not riding
    assert riding_again._row == RIDES


def test_what_a_component_wants_again_and_again_is_new_each_time():
    admission, _ = admission_with(Nothing())
    admission.start = Lease(None, 0, None)
    outside = Lease(None, 0, None)
    for origin in (admission.start, outside, outside):
        answers, _ = asyncio.run(admission.admit(origin, [Request("http://a/1", dont_filter=True)]))
        assert answers == [None]


def test_is_known_is_only_said_where_it_is_sure():
    seen = Unsure()
    admission, _ = admission_with(seen)
    assert not admission.is_known(Request("http://a/1"))
    seen.open.update(identities_of("http://a/1"))
    assert admission.is_known(Request("http://a/1"))


def test_a_filter_of_ones_own_learns_what_its_last_snapshot_did_not_know():
    seen, page = Nothing(), Lease(None, 1, None)
    batch = ["http://a/1", "http://a/2", "http://a/1"]
    first, _ = admission_with(seen, own=OwnDupeFilter(RFPDupeFilter(), None))
    answers, _ = asyncio.run(first.admit(page, [Request(url) for url in batch]))
    assert answers == [None, None, "duplicate"]

    # What was spilled is in the store after a crash, where the filter's snapshot may be older.
    after, _ = admission_with(seen, own=OwnDupeFilter(RFPDupeFilter(), None))
    again, _ = asyncio.run(after.admit(Lease(None, 1, None), [Request(url) for url in batch]))
    other, _ = asyncio.run(after.admit(Lease(None, 2, None), [Request("http://a/2"), Request("http://a/3")]))

    assert again == ["duplicate"] * 3
    assert other == ["duplicate", None]


def test_a_filter_of_ones_own_does_not_take_back_what_it_let_pass():
    seen = Nothing()
    knows_all = RFPDupeFilter()
    one, unfiltered = Request("http://a/1"), Request("http://a/2", dont_filter=True)
    admission, _ = admission_with(seen, own=OwnDupeFilter(knows_all, None))
    asyncio.run(admission.admit(Lease(None, 1, None), [one]))

    answers, _ = asyncio.run(admission.admit(Lease(None, 1, None), [one.copy(), unfiltered]))

    assert answers == ["duplicate", None]
    assert len(knows_all.fingerprints) == 1
