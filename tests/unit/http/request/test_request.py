"""The request: arguments, lazy parts, copies, the stored form."""

import weakref
from typing import Any

import pytest

from framework.http import FormRequest, Headers, JsonRequest, Request
from framework.http.request import NO_CALLBACK, plain_request, request_from_dict, request_to_curl


class _Spider:
    name = "books"

    def parse(self, response: Any) -> None: ...

    def parse_book(self, response: Any) -> None: ...

    def failed(self, failure: Any) -> None: ...


class _WithoutSlots(Request):
    attributes = (*Request.attributes, "render")

    def __init__(self, *args: Any, render: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.render = render


def test_a_plain_request_has_the_documented_defaults() -> None:
    request = Request("http://example.com/")

    assert (request.url, request.method, request.body, request.encoding) == ("http://example.com/", "GET", b"", "utf-8")
    assert (request.callback, request.errback, request.priority, request.dont_filter) == (None, None, 0, False)
    assert (request.headers, request.cookies, request.meta, request.cb_kwargs, request.flags) == ({}, {}, {}, {}, [])


def test_the_parts_are_made_when_touched_and_then_kept() -> None:
    request = Request("http://example.com/")

    assert request.meta_get("a") is None
    assert (request._headers, request._cookies, request._meta, request._cb_kwargs, request._flags) == (None,) * 5
    request.meta["a"] = 1
    request.headers["A"] = "1"
    request.cookies["c"] = "1"  # type: ignore[call-overload]
    request.cb_kwargs["k"] = 1
    request.flags.append("f")

    assert request.meta == {"a": 1}
    assert request.meta_get("a") == 1
    assert request.meta_get("b", 2) == 2
    assert request.headers == {b"A": [b"1"]}
    assert (request.cookies, request.cb_kwargs, request.flags) == ({"c": "1"}, {"k": 1}, ["f"])


def test_meta_and_cb_kwargs_are_copied_at_the_start() -> None:
    meta, cb_kwargs = {"a": 1}, {"b": 2}

    request = Request("http://example.com/", meta=meta, cb_kwargs=cb_kwargs)
    request.meta["a"] = 9
    request.cb_kwargs["b"] = 9

    assert (meta, cb_kwargs) == ({"a": 1}, {"b": 2})


def test_url_and_body_are_read_only() -> None:
    request = Request("http://example.com/")

    with pytest.raises(AttributeError):
        request.url = "http://other/"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        request.body = b"a"  # type: ignore[misc]


def test_headers_cookies_flags_and_method_can_be_replaced() -> None:
    request = Request("http://example.com/")

    request.headers = {"a": "1"}  # type: ignore[assignment]
    request.cookies = {"c": "d"}
    request.flags = ("x",)  # type: ignore[assignment]
    request.method = "put"

    assert request.headers == Headers({"A": "1"})
    assert (request.cookies, request.flags, request.method) == ({"c": "d"}, ["x"], "PUT")
    headers = Headers({"b": "2"})
    request.headers = headers
    assert request.headers is headers


def test_an_absolute_url_is_kept_and_an_odd_one_is_escaped() -> None:
    url = "http://example.com/a?b=c"

    assert Request(url).url is url
    assert Request("http://EXAMPLE.com/a b").url == "http://example.com/a%20b"
    assert Request("http://example.com/?q=ü", encoding="latin-1").url == "http://example.com/?q=%FC"
    assert Request("data:,hello").url == "data:,hello"


@pytest.mark.parametrize("url", ["books.html", "//example.com/", "", "javascript:void(0)", "mailto:a@b.c"])
def test_a_url_without_scheme_is_refused_with_advice(url: str) -> None:
    with pytest.raises(ValueError, match=r"Missing scheme in request url: .*response\.follow\(\)"):
        Request(url)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"url": b"http://example.com/"}, "url must be str, got bytes"),
        ({"callback": "parse"}, "callback must be a callable, got str"),
        ({"errback": 3}, "errback must be a callable, got int"),
        ({"priority": "high"}, "priority must be an integer, got str"),
        ({"body": 3}, "body must be bytes, str or None, got int"),
    ],
)
def test_arguments_of_the_wrong_type_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Request(**{"url": "http://example.com/", **arguments})


@pytest.mark.parametrize("method", ["GET\r\nX: 1", "GE T", "", "GÉT"])
def test_a_method_that_is_no_token_is_refused(method: str) -> None:
    with pytest.raises(ValueError, match="Invalid HTTP method"):
        Request("http://example.com/", method=method)


def test_the_method_is_in_upper_case() -> None:
    assert Request("http://example.com/", method="post").method == "POST"
    assert Request("http://example.com/", method="m-search").method == "M-SEARCH"


def test_a_str_body_is_encoded() -> None:
    assert Request("http://example.com/", body="ü", encoding="latin-1").body == b"\xfc"
    assert Request("http://example.com/", body=b"\xff").body == b"\xff"
    assert Request("http://example.com/", body=None).body == b""


def test_replace_changes_what_is_named_and_keeps_the_rest() -> None:
    spider = _Spider()
    request = Request(
        "http://example.com/",
        spider.parse,
        method="POST",
        headers={"A": "1"},
        body=b"b",
        cookies={"c": "d"},
        meta={"m": []},
        encoding="latin-1",
        priority=3,
        dont_filter=True,
        errback=spider.failed,
        flags=["f"],
        cb_kwargs={"k": 1},
    )

    other = request.replace(url="http://example.com/2", priority=4)

    assert (other.url, other.priority) == ("http://example.com/2", 4)
    for name in set(Request.attributes) - {"url", "priority"}:
        assert getattr(other, name) == getattr(request, name)
    assert other.headers is not request.headers
    assert other.meta is not request.meta
    assert other.meta["m"] is request.meta["m"]


def test_replace_makes_nothing_that_was_never_touched() -> None:
    request = Request("http://example.com/")

    other = request.copy()

    assert (request._headers, request._meta, request._cb_kwargs, request._flags) == (None,) * 4
    assert (other._headers, other._meta) == (None, None)
    assert other is not request


def test_replace_can_change_the_class() -> None:
    request = _WithoutSlots("http://example.com/", render=True)

    assert type(request.replace(url="http://example.com/2")) is _WithoutSlots
    assert request.copy().render is True
    assert type(Request("http://a/").replace(cls=_WithoutSlots)) is _WithoutSlots


def test_subclasses_without_slots_and_weak_references_work() -> None:
    request = _WithoutSlots("http://example.com/")

    request.anything = 1  # type: ignore[attr-defined]

    assert weakref.ref(request)() is request
    with pytest.raises(AttributeError):
        Request("http://example.com/").anything = 1  # type: ignore[attr-defined]


def test_the_representation_masks_the_password() -> None:
    assert repr(Request("http://u:secret@example.com/", method="POST")) == "<POST http://u:***@example.com/>"


def test_no_callback_is_callable_but_not_to_be_called() -> None:
    assert Request("http://example.com/", NO_CALLBACK).callback is NO_CALLBACK
    with pytest.raises(RuntimeError, match="NO_CALLBACK has been called"):
        NO_CALLBACK()


def test_a_request_comes_back_from_its_dictionary() -> None:
    spider = _Spider()
    request = Request(
        "http://example.com/?q=ü",
        spider.parse_book,
        headers=[("A", "1"), ("A", "2")],
        meta={"a": 1},
        priority=-2,
        errback=spider.failed,
        cb_kwargs={"k": 1},
        flags=["f"],
    )

    content = request.to_dict(spider=spider)
    again = request_from_dict(content, spider=spider)

    assert (content["callback"], content["errback"]) == ("parse_book", "failed")
    assert "_class" not in content
    for name in Request.attributes:
        assert getattr(again, name) == getattr(request, name)


def test_without_a_spider_functions_stay_in_the_dictionary() -> None:
    spider = _Spider()
    request = Request("http://example.com/", spider.parse)

    assert request.to_dict()["callback"] == spider.parse
    assert request_from_dict(request.to_dict()).callback == spider.parse


def test_no_callback_is_stored_too() -> None:
    spider = _Spider()
    content = Request("http://example.com/", NO_CALLBACK).to_dict(spider=spider)

    assert isinstance(content["callback"], str)
    assert request_from_dict(content, spider=spider).callback is NO_CALLBACK


def test_the_class_comes_back_too() -> None:
    for request in (
        FormRequest("http://example.com/", formdata={"a": "1"}),
        JsonRequest("http://example.com/", data={"a": 1}, dumps_kwargs={"indent": 1}),
        _WithoutSlots("http://example.com/", render=True),
    ):
        again = request_from_dict(request.to_dict())

        assert type(again) is type(request)
        assert again.to_dict() == request.to_dict()


@pytest.mark.parametrize("path", ["os.system", "no.such.Class", "framework.item.Item", "antigravity.Request"])
def test_a_stored_class_that_is_not_a_loaded_request_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="unknown class"):
        request_from_dict({"url": "http://example.com/", "_class": path})


def test_plain_request_is_what_the_constructor_gives() -> None:
    spider = _Spider()
    built = plain_request("http://example.com/", spider.parse, "utf-8", {"a": 1}, {"b": 2})
    constructed = Request("http://example.com/", spider.parse, meta={"a": 1}, cb_kwargs={"b": 2})

    for slot in set(Request.__slots__) - {"__weakref__"}:
        assert getattr(built, slot) == getattr(constructed, slot), slot
    with pytest.raises(TypeError, match="callback must be a callable"):
        plain_request("http://example.com/", "parse", "utf-8", None, None)  # type: ignore[arg-type]


def test_request_to_curl_writes_a_command() -> None:
    request = Request("http://example.com/", headers={"A": "it's"})

    assert request_to_curl(request) == """curl -X GET http://example.com/ -H 'A: it'"'"'s'"""
