"""Requests that send JSON."""

import pytest

from framework.http import JsonRequest, Request


def test_data_becomes_the_body_of_a_post() -> None:
    request = JsonRequest("http://example.com/", data={"b": 1, "a": [2]})

    assert (request.method, request.body) == ("POST", b'{"a": [2], "b": 1}')
    assert request.headers["Content-Type"] == b"application/json"
    assert request.headers["Accept"] == b"application/json, text/javascript, */*; q=0.01"


def test_method_and_headers_that_are_given_win() -> None:
    request = JsonRequest("http://example.com/", data=[], method="PUT", headers={"Accept": "x"})

    assert (request.method, request.body, request.headers["Accept"]) == ("PUT", b"[]", b"x")


def test_without_data_it_is_a_get() -> None:
    request = JsonRequest("http://example.com/")

    assert (request.method, request.body) == ("GET", b"")


def test_dumps_kwargs_shape_the_document() -> None:
    request = JsonRequest(
        "http://example.com/", data={"b": "ü", "a": 1}, dumps_kwargs={"sort_keys": False, "indent": 0}
    )

    assert request.body == b'{\n"b": "\\u00fc",\n"a": 1\n}'
    assert request.dumps_kwargs == {"sort_keys": False, "indent": 0}


def test_a_body_wins_over_data_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="data will be ignored"):
        request = JsonRequest("http://example.com/", body=b"1", data=2)

    assert request.body == b"1"


def test_replace_takes_data_in_the_same_style() -> None:
    request = JsonRequest("http://example.com/", data={"a": 1}, dumps_kwargs={"indent": 0})

    other = request.replace(data={"b": 2})

    assert other.body == b'{\n"b": 2\n}'
    assert other.method == "POST"
    assert request.replace(url="http://example.com/2").body == request.body
    with pytest.warns(UserWarning, match="data will be ignored"):
        assert request.replace(data=1, body=b"2").body == b"2"


def test_replace_can_make_another_class_of_it() -> None:
    request = JsonRequest("http://example.com/", data=1)

    other = request.replace(cls=Request, priority=2)

    assert type(other) is Request
    assert (other.body, other.priority) == (b"1", 2)


def test_data_that_is_ignored_makes_no_post() -> None:
    with pytest.warns(UserWarning, match="data will be ignored"):
        request = JsonRequest("http://example.com/", body="{}", data={"a": 1})

    assert (request.method, request.body) == ("GET", b"{}")
