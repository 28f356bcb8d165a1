"""Which requests are the same one."""

from framework.frontier.identity import ROOT_IDENTITY, derived, identity_of
from framework.http import Request
from framework.http.fingerprint import RequestFingerprinter


class ByPath:
    def fingerprint(self, request):
        return request.url.rpartition("/")[2].encode()


def test_a_fingerprinter_with_an_identity_is_asked_directly():
    fingerprinter = RequestFingerprinter()

    assert identity_of(fingerprinter)(Request("http://a/1")) == fingerprinter.identity(Request("http://a/1"))


def test_a_fingerprinter_of_the_documented_protocol_gives_the_hash_of_its_bytes():
    identity = identity_of(ByPath())

    assert identity(Request("http://a/1")) == identity(Request("http://b/1"))
    assert identity(Request("http://a/1")) != identity(Request("http://a/2"))


def test_identities_are_signed_64_bit_numbers():
    numbers = [derived(ROOT_IDENTITY, 1, nth) for nth in range(200)] + [
        identity_of(ByPath())(Request(f"http://a/{number}")) for number in range(200)
    ]

    assert len(set(numbers)) == 400
    assert all(-(2**63) <= number < 2**63 for number in numbers)
    assert min(numbers) < 0 < max(numbers)


def test_derived_identities_differ_by_parent_fingerprint_and_number():
    assert len({derived(1, 2, 3), derived(2, 1, 3), derived(1, 3, 2), derived(12, 3, 0), derived(1, 23, 0)}) == 5
