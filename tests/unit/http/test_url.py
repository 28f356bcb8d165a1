"""URLs: the fast paths give what w3lib and urllib give."""

from urllib.parse import urljoin

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from w3lib.url import safe_url_string

from framework.http import url as urls

_ORIGINS = st.sampled_from(
    ["http://example.com", "https://a.b:8000", "http://1.2.3.4:80", "http://h:65535"] * 3
    + ["http://h:99999", "http://h:007", "http://H.com", "HTTP://h", "http://u:p@h", "http://[::1]:3", "http://x_y"]
    + ["http://a..b", "http://" + "a" * 70, "ftp://h", "http://bücher.de", "mailto:a", ""]
)
_PLAIN_PIECES = ["/", "/a", "/b.html", "c", "/d-1_2~3", "?x=1", "&y=2", "#f", "=", "@", ":", "../", "%20"]
_ODD_PIECES = [
    "..",
    ".",
    "/..",
    "/.",
    "//",
    "?",
    "#",
    ";",
    ";p",
    "%2",
    "ü",
    " ",
    "\t",
    "\\",
    "'",
    "|",
    "[",
    "]",
    "\x7f",
]
_TAILS = st.one_of(
    st.lists(st.sampled_from(_PLAIN_PIECES), max_size=5),
    st.lists(st.sampled_from(_PLAIN_PIECES + _ODD_PIECES), max_size=5),
).map("".join)
_URLS = st.builds(str.__add__, _ORIGINS, st.one_of(_TAILS, _TAILS.map("/".__add__)))
_SETTINGS = settings(max_examples=500, deadline=None)


@_SETTINGS
@given(_URLS)
@example("http://example.com/a?b=c'd")
@example("http://example.com?a=b")
@example("http://example.com/a?#")
def test_a_url_taken_for_safe_is_left_alone_by_w3lib(url: str) -> None:
    if urls.is_safe(url):
        assert safe_url_string(url) == url


@_SETTINGS
@given(_URLS, st.one_of(_TAILS, _URLS))
@example("http://example.com/ü/", "a")
@example("http://example.com/a;b", "?c=d")
@example("http://example.com", "../../a/")
@example("http://example.com/a//b/", "c")
@example("http://example.com/a/./b/", "../c")
@example("http://example.com", "a;")
def test_a_plain_join_is_what_urljoin_gives_and_safe(base: str, href: str) -> None:
    plain = urls.plain_base(base)
    joined = plain.join(href) if plain is not None else None

    if joined is not None:
        assert joined == urljoin(base, href)
        assert safe_url_string(joined) == joined


@pytest.mark.parametrize(
    "href",
    ["/a/b.html", "/a?b=c#d", "page-2.html", "../../b/", "?page=2", "https://other.org/x", "http://example.com"],
)
def test_the_usual_hrefs_are_plain(href: str) -> None:
    base = urls.plain_base("http://example.com/one/two/three.html?x=y")

    assert base is not None
    assert base.join(href) == urljoin("http://example.com/one/two/three.html", href)


@pytest.mark.parametrize("href", ["", "#top", "//other.org/", "/a/../b", "mailto:a@b", "javascript:x()", "/ü", "./a"])
def test_other_hrefs_are_left_to_urljoin(href: str) -> None:
    base = urls.plain_base("http://example.com/one/")

    assert base is not None
    assert base.join(href) is None
    assert urls.join("http://example.com/one/", href) == urljoin("http://example.com/one/", href)


def test_a_base_that_is_not_plain_is_left_to_urljoin() -> None:
    assert urls.plain_base("http://EXAMPLE.com/") is None
    assert urls.join("http://EXAMPLE.com/a/b", "c") == "http://EXAMPLE.com/a/c"
    assert urls.join("http://h/a//b/", "c") == urljoin("http://h/a//b/", "c")
    with pytest.raises(ValueError, match="Not a plain base"):
        urls.PlainBase("file:///tmp")


def test_what_may_not_stand_in_a_url_is_escaped() -> None:
    assert urls.safe_url("http://example.com/a b?q=ü") == "http://example.com/a%20b?q=%C3%BC"
    assert urls.safe_url("http://example.com/?q=ü", "latin-1") == "http://example.com/?q=%FC"


def test_a_character_that_the_encoding_lacks_is_written_in_utf_8() -> None:
    assert urls.safe_url("http://example.com/?q=€", "latin-1") == "http://example.com/?q=%E2%82%AC"


@pytest.mark.parametrize("url", ["http://example.com/a\r\nB: 1", "http://example.com/\x00\x1f", "http://h/\x7f"])
def test_control_characters_never_stay(url: str) -> None:
    assert not any(ord(character) <= 32 or ord(character) == 127 for character in urls.safe_url(url))


@pytest.mark.parametrize("url", ["http://exa mple.com/", "http://a\x00b/", "http://h:port/", "http://[::1/"])
def test_a_url_without_a_sensible_host_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="Invalid url"):
        urls.safe_url(url)


def test_a_password_is_masked() -> None:
    assert urls.mask_password("http://user:se:cret@example.com/a@b") == "http://user:***@example.com/a@b"
    assert urls.mask_password("http://user@example.com/x:y@") == "http://user@example.com/x:y@"
    assert urls.mask_password("http://example.com/") == "http://example.com/"
