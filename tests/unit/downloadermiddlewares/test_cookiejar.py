from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.downloadermiddlewares.cookiejar import (
    CookieJar,
    address_of,
    default_path,
    parse_cookie_date,
    parse_set_cookie,
    path_matches,
)

NOW_AT = 1_800_000_000.0


def jar_with(url: str, *headers: bytes) -> CookieJar:
    jar = CookieJar()
    for header in headers:
        jar.receive(header, address_of(url), NOW_AT)
    return jar


def sent(jar: CookieJar, url: str, now_at: float = NOW_AT) -> bytes | None:
    return jar.header(address_of(url), now_at)


def test_a_cookie_comes_back_to_its_host() -> None:
    jar = jar_with("http://shop.example/", b"a=1")

    assert sent(jar, "http://shop.example/books") == b"a=1"
    assert sent(jar, "http://other.example/") is None


def test_a_host_only_cookie_stays_host_only() -> None:
    jar = jar_with("http://shop.example/", b"a=1")

    assert sent(jar, "http://www.shop.example/") is None


@pytest.mark.parametrize("domain", [b"shop.example", b".shop.example", b"SHOP.example"])
def test_a_domain_cookie_goes_to_subdomains(domain: bytes) -> None:
    jar = jar_with("http://www.shop.example/", b"a=1; Domain=" + domain)

    assert sent(jar, "http://shop.example/") == b"a=1"
    assert sent(jar, "http://deep.www.shop.example/") == b"a=1"
    assert sent(jar, "http://notshop.example/") is None


@pytest.mark.parametrize("domain", [b"other.example", b"example", b"ww.shop.example", b"op.example", b"a.shop.example"])
def test_a_cookie_for_a_foreign_domain_is_refused(domain: bytes) -> None:
    jar = jar_with("http://shop.example/", b"a=1; Domain=" + domain)

    assert not jar


def test_an_address_has_no_parent_domains() -> None:
    jar = jar_with("http://127.0.0.1:8000/", b"a=1; Domain=0.0.1", b"b=2; Domain=127.0.0.1", b"c=3")

    assert sent(jar, "http://127.0.0.1:9000/") == b"b=2; c=3"
    assert sent(jar, "http://9.127.0.0.1/") is None


def test_localhost_may_name_itself() -> None:
    jar = jar_with("http://localhost:8000/", b"a=1; Domain=localhost")

    assert sent(jar, "http://localhost/") == b"a=1"
    assert sent(jar, "http://evil.localhost/") is None


def test_ipv6_hosts_have_cookies_too() -> None:
    jar = jar_with("http://[::1]:8000/", b"a=1")

    assert sent(jar, "http://[::1]/") == b"a=1"


def test_a_secure_cookie_goes_over_https_only() -> None:
    jar = jar_with("https://shop.example/", b"a=1; Secure")

    assert sent(jar, "https://shop.example/") == b"a=1"
    assert sent(jar, "http://shop.example/") is None


def test_paths_limit_a_cookie() -> None:
    jar = jar_with("http://shop.example/account/login", b"a=1", b"b=2; Path=/", b"c=3; Path=relative")

    assert sent(jar, "http://shop.example/account/x?y=/#z") == b"a=1; c=3; b=2"
    assert sent(jar, "http://shop.example/accounts") == b"b=2"


def test_longer_paths_come_first() -> None:
    jar = jar_with("http://shop.example/a/b", b"x=1; Path=/", b"y=2; Path=/a/b", b"z=3; Path=/a")

    assert sent(jar, "http://shop.example/a/b") == b"y=2; z=3; x=1"


def test_max_age_wins_over_expires() -> None:
    jar = jar_with("http://shop.example/", b"a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT")

    assert sent(jar, "http://shop.example/", NOW_AT + 9) == b"a=1"
    assert sent(jar, "http://shop.example/", NOW_AT + 10) is None
    assert not jar


@pytest.mark.parametrize("death", [b"Max-Age=0", b"Max-Age=-1", b"Expires=Thu, 01-Jan-1970 00:00:00 GMT"])
def test_a_cookie_that_has_expired_removes_the_old_one(death: bytes) -> None:
    jar = jar_with("http://shop.example/", b"a=1", b"a=gone; " + death, b"never=there; " + death)

    assert len(jar) == 0


def test_a_useless_max_age_is_passed_over() -> None:
    jar = jar_with("http://shop.example/", b"a=1; Max-Age=soon", b"b=2; Max-Age=99999999999999999999")

    assert sent(jar, "http://shop.example/", NOW_AT + 1e9) == b"a=1; b=2"


def test_a_new_value_replaces_the_old_one() -> None:
    jar = jar_with("http://shop.example/", b"a=1", b"b=1", b"a=2")

    assert sent(jar, "http://shop.example/") == b"a=2; b=1"


@pytest.mark.parametrize("header", [b"", b"nonsense", b"=", b"a=\x00b", b"a\r=b", b"a=" + b"x" * 5000])
def test_malformed_and_huge_cookies_are_refused(header: bytes) -> None:
    jar = CookieJar()

    assert jar.receive(header, address_of("http://shop.example/"), NOW_AT) is False


def test_a_nameless_cookie_is_sent_as_its_value() -> None:
    assert sent(jar_with("http://shop.example/", b"=v"), "http://shop.example/") == b"v"


def test_one_domain_cannot_fill_the_memory() -> None:
    jar = jar_with("http://shop.example/", *(b"c%d=1" % n for n in range(500)))

    assert len(jar) == 180
    assert {cookie.name for cookie in jar} == {f"c{n}" for n in range(320, 500)}


def test_many_domains_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framework.downloadermiddlewares.cookiejar._MOST_DOMAINS", 3)
    jar = CookieJar()

    for n in range(5):
        jar.receive(b"a=1", address_of(f"http://h{n}.example/"), NOW_AT)

    assert [cookie.domain for cookie in jar] == ["h2.example", "h3.example", "h4.example"]
    assert repr(jar) == "<CookieJar: 3 cookies of 3 domains>"


def test_a_snapshot_survives_json() -> None:
    jar = jar_with("https://shop.example/", b"a=\xe9; Domain=shop.example; Secure", b"b=2; Max-Age=50", b"c=3")
    other = CookieJar()

    other.restore(json.loads(json.dumps(jar.snapshot())), NOW_AT + 60)

    assert sent(other, "https://shop.example/") == b"a=\xe9; c=3"


@given(header=st.binary(max_size=120), url=st.sampled_from(["http://shop.example/a/b", "https://127.0.0.1/"]))
def test_whatever_a_server_sends_stays_on_its_host_and_in_one_line(header: bytes, url: str) -> None:
    cookie = parse_set_cookie(header, address_of(url), NOW_AT)

    if cookie is not None:
        host = address_of(url).host
        assert cookie.domain == host or host.endswith("." + cookie.domain)
        assert not set("\r\n\0;") & set(cookie.name + cookie.value)


_paths = st.text("/ab", max_size=8).map(lambda text: "/" + text)


@given(path=_paths)
def test_a_cookie_without_a_path_matches_the_page_that_set_it(path: str) -> None:
    assert path_matches(path, default_path(path))


@given(path=_paths, cookie_path=_paths)
def test_a_path_matches_only_what_lies_under_it(path: str, cookie_path: str) -> None:
    folder = cookie_path if cookie_path.endswith("/") else cookie_path + "/"

    assert path_matches(path, cookie_path) == (path == cookie_path or path.startswith(folder))


@given(
    host=st.from_regex(r"[a-z0-9.\-]{1,12}", fullmatch=True),
    port=st.sampled_from(["", ":80", ":8080"]),
    userinfo=st.sampled_from(["", "ann@", "ann:x@"]),
    rest=st.from_regex(r"(/[a-z]{0,3}){0,3}(\?[a-z/@:]{1,5})?(#[a-z/?]{1,4})?", fullmatch=True),
)
def test_an_address_is_what_urlsplit_finds(host: str, port: str, userinfo: str, rest: str) -> None:
    url = f"http://{userinfo}{host}{port}{rest}"
    parts = urlsplit(url)

    assert address_of(url) == (parts.hostname, parts.path or "/", False)


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 15 Jan 2027 08:01:40 GMT",
        "Friday, 15-Jan-27 08:01:40 GMT",
        "Fri Jan 15 08:01:40 2027",
        "15 january 2027 8:1:40",
    ],
)
def test_cookie_dates_of_many_forms_are_read(text: str) -> None:
    assert parse_cookie_date(text) == datetime(2027, 1, 15, 8, 1, 40, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text", ["", "soon", "15 Jan 2027", "31 Feb 2027 08:01:40", "15 Jan 1600 08:01:40", "15 Jan 2027 25:00:00"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_cookie_date(text) is None


def test_two_digit_years_follow_the_rfc() -> None:
    years = [parse_cookie_date(f"01 Jan {year:02} 00:00:00") for year in (70, 99, 0, 69)]

    assert [datetime.fromtimestamp(at or 0, UTC).year for at in years] == [1970, 1999, 2000, 2069]


@given(text=st.text(max_size=60))
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    at = parse_cookie_date(text)

    assert at is None or isinstance(at, float)
