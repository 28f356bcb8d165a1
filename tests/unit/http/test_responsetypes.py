"""The kind of response: by content type, URL, first bytes."""

import pytest

from framework.http import Headers, HtmlResponse, JsonResponse, Response, TextResponse, XmlResponse
from framework.http.responsetypes import response_class, response_from


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/html", HtmlResponse),
        ("TEXT/HTML; charset=utf-8", HtmlResponse),
        ("application/xhtml+xml", HtmlResponse),
        ("text/xml", XmlResponse),
        ("application/rss+xml; a=b", XmlResponse),
        ("application/json", JsonResponse),
        ("application/ld+json", JsonResponse),
        ("text/plain", TextResponse),
        ("text/x-unheard-of", TextResponse),
        ("application/javascript", TextResponse),
        ("image/png", Response),
    ],
)
def test_the_content_type_decides(content_type: str, expected: type[Response]) -> None:
    raw = [(b"content-TYPE", content_type.encode())]

    assert response_class("http://h/", raw, b"\x00\x01") is expected
    assert response_class("http://h/", Headers({"Content-Type": content_type}), b"\x00\x01") is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/a.html?b=c.pdf", HtmlResponse),
        ("http://h/a.XML#f", XmlResponse),
        ("http://h/feed.json", JsonResponse),
        ("http://h/a.b/list.csv", TextResponse),
        ("http://h/a.png", Response),
        ("http://h.html", Response),
    ],
)
def test_without_content_type_the_extension_decides(url: str, expected: type[Response]) -> None:
    assert response_class(url, None, b"\x00") is expected
    assert response_class(url, [(b"Server", b"x")], b"\x00") is expected


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        (b'attachment; filename="data.json"', JsonResponse),
        (b"attachment; FileName=a.b.xml", XmlResponse),
        (b"attachment; filename*=UTF-8''list.csv", TextResponse),
        (b"inline", Response),
        (b'attachment; filename="a.exe"', Response),
    ],
)
def test_without_content_type_the_name_of_the_file_decides(disposition: bytes, expected: type[Response]) -> None:
    assert response_class("http://h/", [(b"Content-Disposition", disposition)], b"\x00") is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"  <!DOCTYPE HTML><p>", HtmlResponse),
        (b"<HTML lang=en>", HtmlResponse),
        (b'<?xml version="1.0"?><a/>', XmlResponse),
        (b"hello", TextResponse),
        (b"", TextResponse),
        (b"\x89PNG\r\n\x1a\n\x00\x00", Response),
        ("\ufeffhello".encode("utf-16-le"), TextResponse),
    ],
)
def test_at_last_the_first_bytes_decide(body: bytes, expected: type[Response]) -> None:
    assert response_class("http://h/", None, body) is expected
    assert response_class("http://h/", [(b"Content-Type", b"application/octet-stream")], body) is expected


def test_a_response_is_built_of_the_kind_that_fits() -> None:
    response = response_from("http://h/", 404, ((b"Content-Type", b"text/html"),), b"<p>no", protocol="HTTP/1.1")

    assert type(response) is HtmlResponse
    assert (response.status, response.body, response.protocol) == (404, b"<p>no", "HTTP/1.1")
    assert response.headers["content-type"] == b"text/html"
