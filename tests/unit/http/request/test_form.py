"""Requests that send forms."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from framework.http import FormRequest, HtmlResponse, XmlResponse


def _page(body: str, url: str = "http://example.com/dir/page?x=1", **kwargs: Any) -> HtmlResponse:
    return HtmlResponse(url, body=body, encoding=kwargs.pop("encoding", "utf-8"), **kwargs)


def _sent(request: FormRequest) -> dict[str, list[str]]:
    query = request.body.decode() if request.method == "POST" else request.url.partition("?")[2]
    return parse_qs(query, keep_blank_values=True, encoding=request.encoding)


def test_formdata_makes_a_post_of_a_form() -> None:
    request = FormRequest("http://example.com/", formdata={"a": "ü &", "b": ["1", "2"], "c": 3})

    assert request.method == "POST"
    assert request.body == b"a=%C3%BC+%26&b=1&b=2&c=3"
    assert request.headers["Content-Type"] == b"application/x-www-form-urlencoded"


def test_pairs_and_encodings_and_bytes_are_taken() -> None:
    request = FormRequest("http://example.com/", formdata=[("a", "ü"), (b"a", b"\xff")], encoding="latin-1")

    assert request.body == b"a=%FC&a=%FF"


def test_with_get_the_fields_are_the_query() -> None:
    request = FormRequest("http://example.com/?a=0&c=3#top", method="GET", formdata=[("a", "1"), ("a", "2")])

    assert request.url == "http://example.com/?a=1&a=2#top"
    assert request.body == b""
    assert FormRequest("http://example.com/", None, "GET", formdata={"a": "1"}).url == "http://example.com/?a=1"


def test_without_formdata_it_is_a_plain_request() -> None:
    request = FormRequest("http://example.com/")

    assert (request.method, request.body) == ("GET", b"")
    assert not request.headers


def test_formdata_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="formdata should be a dict or iterable of tuples"):
        FormRequest("http://example.com/", formdata=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="formdata should be a dict or iterable of tuples"):
        FormRequest("http://example.com/", formdata=["abc"])  # type: ignore[list-item]


def test_a_form_is_sent_as_it_stands_with_changes() -> None:
    page = _page(
        """<form action="/login" method="post">
        <input type="hidden" name="csrf" value="token"><input name="user" value="nobody"><input name="empty">
        <input type="submit" name="go" value="Log in"><input type="submit" name="cancel" value="No"></form>"""
    )

    request = FormRequest.from_response(page, formdata={"user": "me", "new": "1", "empty": None}, callback=print)

    assert (request.method, request.url) == ("POST", "http://example.com/login")
    assert _sent(request) == {"csrf": ["token"], "user": ["me"], "new": ["1"], "go": ["Log in"]}
    assert request.callback is print


def test_a_form_of_get_replaces_the_query() -> None:
    page = _page("<form><input name=q value=a></form>")

    request = FormRequest.from_response(page)

    assert (request.method, request.url) == ("GET", "http://example.com/dir/page?q=a")


@pytest.mark.parametrize(
    ("method", "expected"), [("post", "POST"), ("dialog", "GET"), ("PUT", "GET"), ("", "GET"), ("get", "GET")]
)
def test_only_get_and_post_are_methods_of_a_form(method: str, expected: str) -> None:
    page = _page(f"<form method='{method}'><input name=a></form>")

    assert FormRequest.from_response(page).method == expected
    assert FormRequest.from_response(_page("<form></form>"), method=method or None).method == expected


def test_the_encoding_of_the_page_is_that_of_the_form() -> None:
    page = _page("<form method=post><input name='ü' value='ü'></form>", encoding="latin-1")

    assert FormRequest.from_response(page).body == b"%FC=%FC"
    assert FormRequest.from_response(page, encoding="utf-8").body == b"%C3%BC=%C3%BC"


@pytest.mark.parametrize(
    ("which", "field"),
    [
        ({}, "a"),
        ({"formnumber": 1}, "b"),
        ({"formname": "third"}, "c"),
        ({"formid": "two"}, "b"),
        ({"formname": "none of it", "formnumber": 2}, "c"),
        ({"formxpath": "//form[@id='two']"}, "b"),
        ({"formxpath": "//input[@name='c']"}, "c"),
        ({"formcss": "#two input"}, "b"),
        ({"formcss": "input[name=c]::attr(name)", "formxpath": "//form[@name='third']"}, "c"),
    ],
)
def test_the_form_is_found_by_number_name_id_or_query(which: dict[str, Any], field: str) -> None:
    page = _page(
        "<form><input name=a></form><form id=two><p><input name=b></form><form name=third><input name=c></form>"
    )

    assert list(_sent(FormRequest.from_response(page, **which))) == [field]


@pytest.mark.parametrize(
    ("which", "error", "message"),
    [
        ({"formnumber": 7}, IndexError, "Form number 7 not found in <200 http://example.com/dir/page"),
        ({"formxpath": "//nothing"}, ValueError, "No <form> element found with //nothing"),
        ({"formxpath": "//p"}, ValueError, "No <form> element found with //p"),
        ({"formcss": "p"}, ValueError, "No <form> element found with descendant-or-self::p"),
        ({"clickdata": {"name": "x"}}, ValueError, "No clickable element matching clickdata: {'name': 'x'}"),
        ({"clickdata": {"nr": 9}}, ValueError, "No clickable element matching clickdata: {'nr': 9}"),
        ({"clickdata": {"type": "submit"}}, ValueError, "Multiple elements found"),
    ],
)
def test_what_was_looked_for_in_vain_is_said(which: dict[str, Any], error: type[Exception], message: str) -> None:
    page = _page("<p>a</p><form><input type=submit name=a><input type=submit name=b></form>")

    with pytest.raises(error, match=message):
        FormRequest.from_response(page, **which)


def test_a_page_without_form_is_named() -> None:
    with pytest.raises(ValueError, match="No <form> element found in <200 "):
        FormRequest.from_response(_page("<p>"))


@pytest.mark.parametrize(
    ("click", "sent"),
    [
        ({}, {"one": ["1"]}),
        ({"dont_click": True}, {}),
        ({"clickdata": {"name": "two"}}, {"two": ["2"]}),
        ({"clickdata": {"value": "3", "type": "image"}}, {"three": ["3"]}),
        ({"clickdata": {"nr": 1}}, {"two": ["2"]}),
        ({"clickdata": {"name": "four"}}, {"four": [""]}),
        ({"formdata": {"one": "mine"}}, {"one": ["mine"]}),
    ],
)
def test_one_button_is_clicked(click: dict[str, Any], sent: dict[str, list[str]]) -> None:
    page = _page(
        """<form><input type=submit name=one value=1><input type=SUBMIT name=two value=2>
        <input type=image name=three value=3><button name=four>x</button><input type=reset name=r></form>""",
        url="http://example.com/",
    )

    assert _sent(FormRequest.from_response(page, **click)) == sent


def test_a_button_element_is_clicked_unless_it_does_something_else() -> None:
    page = _page("<form><button type=button name=a>x</button><button name=b value=1>y</button></form>")

    assert _sent(FormRequest.from_response(page)) == {"b": ["1"]}


def test_fields_are_sent_as_a_browser_sends_them() -> None:
    page = _page(
        """<form>
        <input type=checkbox name=on checked><input type=checkbox name=off>
        <input type=radio name=r value=1><input type=radio name=r value=2 checked>
        <textarea name=t>\nlines
of text</textarea><textarea name=e></textarea>
        <select name=s><option value=1>a<option value=2 selected>b</select>
        <select name=first><option> the  first </option><option>x</select>
        <select name=many multiple><option selected>a<option>b<option selected value=c>d</select>
        <select name=none multiple><option>a</select><select name=bare></select>
        <input value=nameless><input type=button name=b value=b></form>"""
    )

    assert _sent(FormRequest.from_response(page)) == {
        "on": ["on"],
        "r": ["2"],
        "t": ["lines\nof text"],
        "e": [""],
        "s": ["2"],
        "first": ["the first"],
        "many": ["a", "c"],
    }


def test_the_address_of_the_form_honours_the_base() -> None:
    head = "<base href='http://other.org/base/'>"

    assert FormRequest.from_response(_page(f"{head}<form action=' go '></form>")).url == "http://other.org/base/go"
    assert FormRequest.from_response(_page(f"{head}<form></form>"), url="/x").url == "http://other.org/x"
    assert FormRequest.from_response(_page(f"{head}<form></form>")).url == "http://example.com/dir/page?x=1"


def test_a_form_in_a_page_that_was_sent_as_xml_is_found() -> None:
    page = XmlResponse(
        "http://example.com/", body="<html><form action='/a'><input name='b'/></form></html>", encoding="utf-8"
    )

    assert FormRequest.from_response(page).url == "http://example.com/a?b="


def test_a_subclass_makes_requests_of_its_own_class() -> None:
    class Login(FormRequest):
        pass

    assert type(Login.from_response(_page("<form></form>"))) is Login


def test_a_query_comes_behind_a_path_even_where_the_url_has_none() -> None:
    request = FormRequest("http://example.com", method="GET", formdata={"a": "1"})

    assert request.url == "http://example.com/?a=1"


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ("<option disabled>Choose<option>b", ["b"]),
        ("<optgroup disabled><option>a</optgroup><option>b", ["b"]),
        ("<option disabled>a", None),
    ],
)
def test_a_list_shows_the_first_option_that_can_be_chosen(options: str, sent: list[str] | None) -> None:
    request = FormRequest.from_response(_page(f"<form><select name=s>{options}</select></form>"))

    assert _sent(request).get("s") == sent
