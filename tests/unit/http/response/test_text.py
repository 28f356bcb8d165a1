"""Text responses: encodings, JSON, selectors, joining and following."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from framework.http import HtmlResponse, JsonResponse, Request, TextResponse, XmlResponse
from framework.link import Link
from framework.selector import Selector

_PAGE = """<html><head><link rel=next href="/2"></head><body>
<a href="one.html">1</a><a href=" /two?x=ü ">2</a><a name=x>no</a><img src="i.png"><a href="http://o.org/3">3</a>
</body></html>"""


def _html(body: str | bytes = _PAGE, url: str = "http://example.com/dir/page", **kwargs: Any) -> HtmlResponse:
    return HtmlResponse(url, body=body, **{"encoding": "utf-8", **kwargs})


@pytest.mark.parametrize(
    ("content_type", "body", "encoding", "expected"),
    [
        ("text/html; charset=utf-8", b"a", "latin-1", "latin-1"),
        ("text/html; charset=latin-1", b"\xef\xbb\xbfa", None, "utf-8"),
        ("text/html; charset=latin-1", b"<meta charset=utf-8>", None, "cp1252"),
        ("text/html; charset=unheard-of", b"<meta charset=koi8-r>", None, "koi8-r"),
        ("text/html", b"<meta http-equiv=content-type content='text/html; charset=gb2312'>", None, "gb18030"),
        (None, b"<?xml version='1.0' encoding='windows-1251'?>", None, "cp1251"),
        (None, b"plain", None, "cp1252"),
        (None, "ü".encode(), None, "utf-8"),
        (None, "ü".encode("latin-1"), None, "cp1252"),
        (None, b"\x81\xff", None, "ascii"),
        (None, "\ufeffü".encode("utf-16-le"), None, "utf-16-le"),
    ],
)
def test_the_encoding_is_the_first_that_is_known_of(
    content_type: str | None, body: bytes, encoding: str | None, expected: str
) -> None:
    headers = {"Content-Type": content_type} if content_type else None

    assert TextResponse("http://h/", headers=headers, body=body, encoding=encoding).encoding == expected


def test_the_content_type_is_read_from_raw_headers_too() -> None:
    response = TextResponse("http://h/", headers=((b"CONTENT-type", b"text/html; charset=koi8-r"),), body=b"\xc1")

    assert response.encoding == "koi8-r"
    assert response.text == "а"


def test_text_is_decoded_without_mark_and_without_failing() -> None:
    assert TextResponse("http://h/", body=b"\xef\xbb\xbfa\xc3\xbc").text == "aü"
    assert TextResponse("http://h/", body=b"a\xff", encoding="utf-8").text == "a\ufffd"
    assert TextResponse("http://h/", body="ü", encoding="latin-1").body == b"\xfc"


def test_a_str_body_needs_an_encoding() -> None:
    with pytest.raises(TypeError, match="HtmlResponse has no encoding"):
        HtmlResponse("http://h/", body="a")
    with pytest.raises(TypeError, match="body must be bytes, got int"):
        HtmlResponse("http://h/", body=3)  # type: ignore[arg-type]


def test_replace_keeps_the_encoding_that_was_found() -> None:
    response = HtmlResponse("http://h/", body="ü".encode(), headers={"Content-Type": "text/html; charset=utf-8"})

    other = response.replace(body="öä", headers={})

    assert (other.encoding, other.body) == ("utf-8", "öä".encode())
    assert other.replace(encoding="latin-1").encoding == "latin-1"


def test_json_is_parsed_once_and_refused_with_the_url() -> None:
    response = TextResponse("http://h/a.json", body=b'{"a": [1, "\xc3\xbc"]}')

    assert response.json() == {"a": [1, "ü"]}
    assert response.json() is response.json()
    with pytest.raises(ValueError, match=r"The body of http://h/b\.json is no JSON document"):
        TextResponse("http://h/b.json", body=b"<p>").json()


def test_the_page_is_parsed_once_and_let_go_with_the_response() -> None:
    response = _html()
    selector = response.selector
    gone = weakref.ref(response)
    root = weakref.ref(selector)

    assert response.selector is selector
    assert selector.response is response
    gc.disable()
    try:
        del response, selector
        assert gone() is None
        assert root() is None
    finally:
        gc.enable()


def test_queries_go_to_the_document() -> None:
    response = _html("<p class=a>x<b>y</b></p>")

    assert response.css("p.a::text").get() == "x"
    assert response.xpath("//b/text()").getall() == ["y"]
    assert response.xpath("//*[@class=$c]/b/text()", c="a").get() == "y"


@pytest.mark.parametrize(
    ("cls", "body", "type_"),
    [
        (HtmlResponse, b'{"a": 1}', "html"),
        (XmlResponse, b"<a/>", "xml"),
        (JsonResponse, b'{"a": 1}', "json"),
        (JsonResponse, b"no", "json"),
        (TextResponse, b' {"a": 1}', "json"),
        (TextResponse, b"[no", "html"),
        (TextResponse, b"<p>", "html"),
    ],
)
def test_the_class_decides_the_kind_of_selector(cls: type[TextResponse], body: bytes, type_: str) -> None:
    assert cls("http://h/", body=body).selector.type == type_


def test_jmespath_reads_json_in_any_text() -> None:
    body = b'{"books": [{"title": "A"}, {"title": "B"}]}'

    for cls in (JsonResponse, TextResponse, HtmlResponse):
        assert cls("http://h/", body=body).jmespath("books[].title").getall() == ["A", "B"]
    assert HtmlResponse("http://h/", body=b"<p>").jmespath("a").getall() == []


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", "http://example.com/dir/a"),
        ("<base href='http://o.org/x/'>", "http://o.org/x/a"),
        ("<BASE target=_top><base href='/y/'>", "http://example.com/y/a"),
        ("<!-- <base href='http://o.org/'> -->", "http://example.com/dir/a"),
        (" " * 4096 + "<base href='http://o.org/'>", "http://example.com/dir/a"),
    ],
)
def test_urls_are_joined_with_the_declared_base(head: str, expected: str) -> None:
    assert _html(f"<html><head>{head}</head></html>").urljoin("a") == expected
    assert _html(f"<html><head>{head}</head></html>").follow("a").url == expected


def test_a_base_is_found_in_utf_16_too() -> None:
    page = _html("<base href='http://o.org/'>", encoding="utf-16")

    assert page.urljoin("a") == "http://o.org/a"


def _outcome(make: Callable[[], Request]) -> Any:
    try:
        return make().to_dict()
    except ValueError as exc:
        return str(exc)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["/", "a", "../", "./", "?b=c", "#d", "//o.org/", " ", "ü", "%41", ";e"]), max_size=4))
@example(["/", "a"])
def test_follow_makes_what_urljoin_and_the_constructor_make(parts: list[str]) -> None:
    href = "".join(parts)
    page = _html(url="http://example.com/dir/page?q")

    assert _outcome(lambda: page.follow(href, print)) == _outcome(lambda: Request(page.urljoin(href), print))


def test_follow_passes_all_arguments_on() -> None:
    arguments: dict[str, Any] = {
        "callback": print,
        "method": "POST",
        "headers": {"A": "1"},
        "body": "ü",
        "cookies": {"c": "d"},
        "meta": {"m": 1},
        "encoding": "latin-1",
        "priority": 2,
        "dont_filter": True,
        "errback": repr,
        "cb_kwargs": {"k": 1},
        "flags": ["f"],
    }
    expected = Request("http://example.com/a", **arguments).to_dict()

    assert _html().follow("/a", **arguments).to_dict() == expected
    assert next(_html().follow_all(["/a"], **arguments)).to_dict() == expected


@pytest.mark.parametrize("odd", [{"priority": "x"}, {"errback": "x"}, {"callback": "x"}])
def test_follow_checks_what_the_constructor_checks(odd: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        _html().follow("/a", **odd)
    with pytest.raises(TypeError):
        list(_html().follow_all(["/a"], **odd))


def test_follow_takes_links_elements_and_attributes() -> None:
    page = _html()

    assert page.follow(page.css("a")[0]).url == "http://example.com/dir/one.html"
    assert page.follow(page.css("link")[0]).url == "http://example.com/2"
    assert page.follow(page.css("img::attr(src)")[0]).url == "http://example.com/dir/i.png"
    assert page.follow(page.xpath("//a[2]/@href")[0]).url == "http://example.com/two?x=%C3%BC"
    assert page.follow(Link("http://o.org/")).url == "http://o.org/"


def test_follow_uses_the_encoding_of_the_page() -> None:
    page = _html("<a href='/?q=ü'>", encoding="latin-1")

    assert page.follow(page.css("a")[0]).url == "http://example.com/?q=%FC"
    assert page.follow("/?q=ü", encoding="utf-8").url == "http://example.com/?q=%C3%BC"
    assert page.follow("/").encoding == "latin-1"


@pytest.mark.parametrize(
    ("pick", "message"),
    [
        (lambda page: page.css("a"), "SelectorList is not supported"),
        (lambda page: page.css("img")[0], r"Only <a> and <link> elements are supported; got <img>"),
        (lambda page: page.css("a[name]")[0], "<a> element has no href attribute"),
        (lambda page: page.xpath("count(//a)")[0], "Unsupported: "),
        (lambda page: None, "url can't be None"),
    ],
)
def test_follow_says_what_it_cannot_follow(pick: Any, message: str) -> None:
    page = _html()

    with pytest.raises(ValueError, match=message):
        page.follow(pick(page))


def test_follow_refuses_what_is_no_url_to_fetch() -> None:
    with pytest.raises(ValueError, match="Missing scheme in request url: javascript:void"):
        _html().follow("javascript:void(0)")


def test_follow_all_takes_urls_css_or_xpath() -> None:
    page = _html()
    expected = ["http://example.com/dir/one.html", "http://example.com/two?x=%C3%BC", "http://o.org/3"]

    assert [request.url for request in page.follow_all(page.css("a"))] == expected
    assert [request.url for request in page.follow_all(css="a")] == expected
    assert [request.url for request in page.follow_all(css="a::attr(href)")] == expected
    assert [request.url for request in page.follow_all(xpath="//a/@href")] == expected
    assert [request.url for request in page.follow_all([page.css("a")[0], Link("http://o.org/3"), "/x"])] == [
        expected[0],
        expected[2],
        "http://example.com/x",
    ]


def test_follow_all_passes_over_what_is_no_link_in_a_query_only() -> None:
    page = _html()
    seen = page.css("a, img")
    assert len(list(seen)) == 5  # now a list of Selectors

    assert len(list(page.follow_all(seen))) == 3
    with pytest.raises(ValueError, match="<a> element has no href attribute"):
        list(page.follow_all(iter(seen)))


@pytest.mark.parametrize("more", [{}, {"priority": 1}])
def test_follow_all_passes_over_found_links_that_cannot_be_fetched(more: dict[str, Any]) -> None:
    body = b"<a href='/1'>1</a><a href='http://[bad'>2</a><a href='mailto:a@b.c'>3</a><a>4</a><a href='/\xc3\xa9'>5</a>"
    page = HtmlResponse("http://example.com/", body=body, encoding="utf-8")

    assert [request.url for request in page.follow_all(css="a", **more)] == [
        "http://example.com/1",
        "http://example.com/%C3%A9",
    ]
    with pytest.raises(ValueError, match="Invalid IPv6 URL"):
        list(page.follow_all(["/1", "http://[bad"], **more))


@pytest.mark.parametrize("arguments", [{}, {"urls": [], "css": "a"}, {"css": "a", "xpath": "//a"}])
def test_follow_all_wants_exactly_one_source(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one of the following arguments: urls, css, xpath"):
        _html().follow_all(**arguments)


def test_follow_all_refuses_what_is_not_iterable() -> None:
    with pytest.raises(TypeError, match="'urls' argument must be an iterable"):
        _html().follow_all(3)  # type: ignore[arg-type]


def test_follow_all_calls_a_follow_of_ones_own() -> None:
    class Tagged(HtmlResponse):
        def follow(self, url: Any, *args: Any, **kwargs: Any) -> Request:
            return super().follow(url, *args, **kwargs).replace(meta={"tagged": True})

    page = Tagged("http://example.com/", body=b"<a href=/a>")

    assert [request.meta for request in page.follow_all(css="a")] == [{"tagged": True}]


def test_a_selector_of_a_given_response_knows_it() -> None:
    page = _html()

    assert Selector(page).response is page
    assert Selector(response=page, type="text").get() == page.text
