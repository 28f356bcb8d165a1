"""Fingerprints and identities: the same for requests that ask for the same."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from w3lib.url import canonicalize_url

from framework.http import JsonRequest, Request
from framework.http.fingerprint import RequestFingerprinter, canonical_url, fingerprint, identity_of

_ORIGINS = st.sampled_from(
    ["http://example.com", "https://a.b:8000"] * 3 + ["http://EX.com", "http://u:p@h", "http://[::0:1]", "http://h:80"]
)
_PIECES = ["/", "/a", "/b.html", "c", "/d-1_2~3", "?x=1", "&y=2", "&x=0", "&a-=1", "&a=", "#f", "=", "//", "/..", "/."]
_ODD_PIECES = ["%41", "%2f", ";", ";p=1", "ü", "?", "&", "+", "'", "|", "[", "a:b", "@"]
_URLS = st.builds(
    str.__add__,
    _ORIGINS,
    st.one_of(
        st.lists(st.sampled_from(_PIECES), max_size=5), st.lists(st.sampled_from(_PIECES + _ODD_PIECES), max_size=5)
    )
    .map("".join)
    .map("/".__add__),
)


@settings(max_examples=600, deadline=None)
@given(_URLS)
@example("http://example.com/?a-=1&a=2&a=1")
@example("http://example.com/a;")
@example("http://example.com/?a")
@example("http://example.com/?=a")
def test_the_canonical_url_is_that_of_w3lib(url: str) -> None:
    assert canonical_url(url) == canonicalize_url(url)
    assert canonical_url(url, keep_fragments=True) == canonicalize_url(url, keep_fragments=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Request("http://example.com/?a=1&b=2"), Request("http://example.com/?b=2&a=1")),
        (Request("http://example.com"), Request("http://EXAMPLE.com/#top")),
        (Request("http://example.com/", meta={"a": 1}), Request("http://example.com/", cookies={"a": "1"}, priority=3)),
        (
            JsonRequest("http://example.com/", data={"a": 1, "b": 2}),
            JsonRequest("http://example.com/", data={"b": 2, "a": 1}),
        ),
        (Request("http://example.com/", headers={"A": "1"}), Request("http://example.com/")),
    ],
)
def test_requests_for_the_same_have_one_fingerprint_and_one_identity(one: Request, other: Request) -> None:
    fingerprinter = RequestFingerprinter()

    assert fingerprinter.fingerprint(one) == fingerprinter.fingerprint(other)
    assert fingerprinter.identity(one) == fingerprinter.identity(other)


def test_requests_for_different_things_have_different_fingerprints() -> None:
    url = "http://example.com/a"
    requests = [
        Request(url),
        Request(url + "/"),
        Request(url, method="POST"),
        Request(url, method="POST", body=b"a"),
        Request(url, method="PUT", body=b"a"),
        Request(url, body=b"a"),
        Request("http://example.com/?a=1&a=2"),
        Request("http://example.com/?a=1"),
    ]

    assert len({fingerprint(request) for request in requests}) == len(requests)
    assert len({RequestFingerprinter().identity(request) for request in requests}) == len(requests)


def test_a_fingerprint_has_20_bytes_and_an_identity_fits_a_signed_64_bit_integer() -> None:
    request = Request("http://example.com/")
    fingerprinter = RequestFingerprinter()

    assert len(fingerprint(request)) == 20
    assert fingerprinter.identity(request) == identity_of(fingerprint(request))
    assert fingerprinter.identity(request) == int.from_bytes(fingerprint(request)[:8], "big", signed=True)


def test_the_identity_is_kept_on_the_request() -> None:
    request = Request("http://example.com/")

    identity = RequestFingerprinter().identity(request)

    assert request._identity == identity
    assert RequestFingerprinter().identity(request) == identity


def test_chosen_headers_count_in_any_case_and_order() -> None:
    english = Request("http://example.com/", headers={"Accept-Language": "en", "X": "1"})
    german = Request("http://example.com/", headers={"Accept-Language": "de", "X": "1"})
    bare = Request("http://example.com/")

    assert fingerprint(english, include_headers=["accept-language"]) != fingerprint(
        german, include_headers=["Accept-Language"]
    )
    assert fingerprint(english, include_headers=["X", b"Accept-Language"]) == fingerprint(
        english, include_headers=["ACCEPT-LANGUAGE", "x"]
    )
    assert fingerprint(english, include_headers=["x"]) == fingerprint(german, include_headers=["x"])
    assert fingerprint(bare, include_headers=["x"]) == fingerprint(bare)


def test_values_of_one_header_are_not_mistaken_for_another() -> None:
    two = Request("http://example.com/", headers={"A": ["1", "2"]})
    one = Request("http://example.com/", headers={"A": ["12"]})

    assert fingerprint(two, include_headers=["A"]) != fingerprint(one, include_headers=["A"])


def test_fragments_count_when_asked_for() -> None:
    one, other = Request("http://example.com/#a"), Request("http://example.com/#b")

    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one, keep_fragments=True) != fingerprint(other, keep_fragments=True)


def test_a_class_of_ones_own_decides_the_identity() -> None:
    class ByHost(RequestFingerprinter):
        def fingerprint(self, request: Request) -> bytes:
            return b"host"

    fingerprinter = ByHost.from_crawler(None)

    assert fingerprinter.identity(Request("http://a/1")) == fingerprinter.identity(Request("http://a/2"))
    assert fingerprinter.identity(Request("http://a/3")) == identity_of(b"host")


def test_long_urls_have_the_same_identity_by_both_ways() -> None:
    request = Request("http://example.com/" + "a" * 1000 + "?b=%41")

    assert RequestFingerprinter().identity(request) == identity_of(fingerprint(request))
