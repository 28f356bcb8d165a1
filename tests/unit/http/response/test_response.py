"""The response: arguments, lazy headers, copies, following."""

import weakref
from typing import Any

import pytest

from framework.exceptions import NotSupported
from framework.http import Headers, HtmlResponse, Request, Response
from framework.link import Link


def test_a_plain_response_has_the_documented_defaults() -> None:
    response = Response("http://example.com/")

    assert (response.url, response.status, response.headers, response.body) == ("http://example.com/", 200, {}, b"")
    assert (response.flags, response.request, response.certificate) == ([], None, None)
    assert (response.ip_address, response.protocol) == (None, None)
    assert weakref.ref(response)() is response


def test_headers_of_any_kind_are_taken() -> None:
    built = Headers({"A": "1"})

    assert Response("http://h/", headers=built).headers is built
    assert Response("http://h/", headers={"a": "1"}).headers == built
    assert Response("http://h/", headers=[("a", "1")]).headers == built
    assert Response("http://h/", headers=((b"a", b"1"),)).headers == built


def test_raw_headers_are_built_when_touched_and_then_kept() -> None:
    response = Response("http://h/", headers=[(b"set-cookie", b"a"), (b"Set-Cookie", b"b")])

    assert response.header(b"set-cookie") == b"b"
    assert not isinstance(response._headers, Headers)
    assert response.headers.getlist("Set-Cookie") == [b"a", b"b"]
    assert response.headers is response.headers
    assert response.header(b"set-cookie") == b"b"
    assert Response("http://h/").header(b"server") is None
    response.headers = {"X": "1"}  # type: ignore[assignment]
    assert response.headers == {b"X": [b"1"]}


def test_other_types_of_url_and_body_are_refused() -> None:
    with pytest.raises(TypeError, match="Response url must be str, got bytes"):
        Response(b"http://h/")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Response body must be bytes, got str.*use TextResponse"):
        Response("http://h/", body="text")  # type: ignore[arg-type]
    assert Response("http://h/", body=None).body == b""  # type: ignore[arg-type]
    assert Response("http://h/", body=bytearray(b"a")).body == b"a"  # type: ignore[arg-type]


def test_status_may_be_a_str_and_flags_any_iterable() -> None:
    response = Response("http://h/", status="404", flags=("cached",))  # type: ignore[arg-type]

    assert response.status == 404
    assert response.flags == ["cached"]
    response.flags = ("a", "b")  # type: ignore[assignment]
    assert response.flags == ["a", "b"]


def test_url_and_body_are_read_only() -> None:
    response = Response("http://h/")

    with pytest.raises(AttributeError):
        response.url = "x"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        response.body = b"x"  # type: ignore[misc]


def test_meta_and_cb_kwargs_are_those_of_the_request() -> None:
    request = Request("http://h/", meta={"a": 1}, cb_kwargs={"b": 2})
    response = Response("http://h/", request=request)

    assert response.meta is request.meta
    assert response.cb_kwargs is request.cb_kwargs


@pytest.mark.parametrize("name", ["meta", "cb_kwargs"])
def test_without_request_there_is_no_meta(name: str) -> None:
    with pytest.raises(
        AttributeError, match=f"Response.{name} not available, this response is not tied to any request"
    ):
        getattr(Response("http://h/"), name)


def test_a_response_that_is_not_text_says_so() -> None:
    response = Response("http://h/", body=b"\x00")

    with pytest.raises(AttributeError, match="Response content isn't text"):
        response.text  # noqa: B018
    for select in (response.css, response.xpath, response.jmespath):
        with pytest.raises(NotSupported, match="Response content isn't text"):
            select("a")


def test_replace_changes_what_is_named_and_keeps_the_rest() -> None:
    request = Request("http://h/")
    response = Response("http://h/", 201, {"A": "1"}, b"x", ["f"], request, "cert", "127.0.0.1", "HTTP/1.1")

    other = response.replace(url="http://h/2", status=404)

    assert (other.url, other.status) == ("http://h/2", 404)
    for name in set(Response.attributes) - {"url", "status"}:
        assert getattr(other, name) == getattr(response, name)
    assert other.headers is not response.headers
    assert response.copy().body == b"x"


def test_replace_keeps_raw_headers_raw_and_can_change_the_class() -> None:
    raw = ((b"a", b"1"),)
    response = Response("http://h/", headers=raw, body=b"<p>")

    html = response.replace(cls=HtmlResponse)

    assert type(html) is HtmlResponse
    assert html._headers is raw
    assert html.css("p")
    assert type(html.replace(cls=Response)) is Response


def test_urljoin_joins_with_the_url() -> None:
    assert Response("http://h/a/b").urljoin("c") == "http://h/a/c"


def test_follow_makes_a_request_of_a_relative_url_or_a_link() -> None:
    response = Response("http://h/a/b")

    request = response.follow("c", print, method="POST", body="x", priority=1, flags=["f"], cb_kwargs={"k": 1})

    assert (request.url, request.callback, request.method) == ("http://h/a/c", print, "POST")
    assert (request.body, request.priority, request.flags, request.cb_kwargs) == (b"x", 1, ["f"], {"k": 1})
    assert response.follow(Link("http://other/")).url == "http://other/"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"url": None}, "url can't be None"), ({"url": "a", "encoding": None}, "encoding can't be")],
)
def test_follow_refuses_none(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Response("http://h/").follow(**arguments)


def test_follow_all_makes_a_request_of_each() -> None:
    response = Response("http://h/a/")

    requests = list(response.follow_all(["b", Link("http://o/")], print, flags=iter(["f"]), meta={"m": 1}))

    assert [request.url for request in requests] == ["http://h/a/b", "http://o/"]
    assert [request.flags for request in requests] == [["f"], ["f"]]
    assert requests[0].meta is not requests[1].meta
    with pytest.raises(TypeError, match="'urls' argument must be an iterable"):
        response.follow_all(3)  # type: ignore[arg-type]


def test_the_representation_masks_the_password() -> None:
    assert repr(Response("http://u:p@h/", 301)) == "<301 http://u:***@h/>"
