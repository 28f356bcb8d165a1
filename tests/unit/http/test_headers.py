"""Headers: names in any case, several values, bytes."""

import pytest

from framework.http import Headers
from framework.http.headers import raw_value


def test_a_name_is_found_in_any_case_and_as_str_or_bytes() -> None:
    headers = Headers({"Content-type": "text/html"})

    assert headers["content-TYPE"] == b"text/html"
    assert headers[b"Content-Type"] == b"text/html"
    assert headers.get("CONTENT-TYPE") == b"text/html"
    assert "content-type" in headers
    assert 3 not in headers
    assert list(headers) == [b"Content-Type"]


def test_the_last_of_several_values_is_the_value() -> None:
    headers = Headers({"X": ["a", b"b", 3]})

    assert headers["X"] == b"3"
    assert headers.getlist("x") == [b"a", b"b", b"3"]


def test_pairs_with_the_same_name_are_kept_together() -> None:
    headers = Headers([("Set-Cookie", "a=1"), (b"set-cookie", b"b=2"), ("SET-COOKIE", "c=3")])

    assert headers.getlist("Set-Cookie") == [b"a=1", b"b=2", b"c=3"]


def test_update_replaces_the_names_it_holds() -> None:
    headers = Headers({"A": "1", "B": "2"})

    headers.update({"a": ["3", "4"]})
    headers.update(Headers({"C": "5"}))

    assert headers == {b"A": [b"3", b"4"], b"B": [b"2"], b"C": [b"5"]}


def test_values_are_appended_and_set_as_lists() -> None:
    headers = Headers()

    headers.appendlist("A", "1")
    headers.appendlist("a", ["2", "3"])
    headers.setlist("B", ["x", "y"])

    assert headers.getlist("a") == [b"1", b"2", b"3"]
    assert headers.getlist("b") == [b"x", b"y"]
    assert headers.setlistdefault("B", ["z"]) == [b"x", b"y"]
    assert headers.setlistdefault("C", ["z"]) == [b"z"]
    assert headers.setdefault("A", "9") == [b"1", b"2", b"3"]
    assert headers.setdefault("D", "9") == [b"9"]


def test_what_is_missing_is_told_like_a_dictionary() -> None:
    headers = Headers()

    assert headers.get("A") is None
    assert headers.get("A", "default") == b"default"
    assert headers.getlist("A") == []
    assert headers.getlist("A", ["x"]) == [b"x"]
    assert headers.pop("A", None) is None
    with pytest.raises(KeyError):
        headers["A"]
    with pytest.raises(KeyError):
        headers.pop("A")
    with pytest.raises(KeyError):
        del headers["A"]


def test_a_name_without_value_is_kept_and_has_none() -> None:
    headers = Headers({"Accept-Encoding": None})

    assert "accept-encoding" in headers
    assert headers["Accept-Encoding"] is None
    assert headers.get("Accept-Encoding", "x") is None
    assert headers.getlist("Accept-Encoding") == []
    assert headers.to_string() == b""


def test_names_are_set_and_removed_in_any_case() -> None:
    headers = Headers({"A": "1", "B": "2"})

    headers["a"] = "3"
    del headers["b"]

    assert headers == Headers({"A": "3"})
    assert headers.pop("A") == [b"3"]
    assert not headers


def test_items_and_values_go_through_lists_and_last_values() -> None:
    headers = Headers({"A": ["1", "2"], "B": None})

    assert list(headers.items()) == [(b"A", [b"1", b"2"]), (b"B", [])]
    assert headers.values() == [b"2", None]


def test_a_copy_has_its_own_values() -> None:
    headers = Headers({"A": ["1"]}, encoding="latin-1")

    copy = headers.copy()
    copy.appendlist("A", "ü")

    assert headers.getlist("A") == [b"1"]
    assert copy.getlist("A") == [b"1", b"\xfc"]


def test_str_becomes_bytes_by_the_encoding() -> None:
    assert Headers({"A": "ü"}, encoding="latin-1")["A"] == b"\xfc"
    assert Headers({"A": "ü"})["A"] == "ü".encode()


def test_written_as_a_message_each_value_has_its_line() -> None:
    headers = Headers([("A", "1"), ("A", "2"), ("content-type", "text/html")])

    assert headers.to_string() == b"A: 1\r\nA: 2\r\nContent-Type: text/html"
    assert headers.to_unicode_dict() == {"A": "1,2", "Content-Type": "text/html"}


@pytest.mark.parametrize("bad", ["a\r\nB: 1", "a\n", b"\r", "a\0"])
def test_line_breaks_and_nul_are_refused(bad: str | bytes) -> None:
    with pytest.raises(ValueError, match="line break or NUL"):
        Headers({"A": bad})
    with pytest.raises(ValueError, match="line break or NUL"):
        Headers({"A": ["ok", bad]})
    with pytest.raises(ValueError, match="line break or NUL"):
        Headers({bad: "a"})
    with pytest.raises(ValueError, match="line break or NUL"):
        Headers().appendlist("A", bad)


def test_values_and_names_of_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="Unsupported value type for a header: object"):
        Headers({"A": object()})
    with pytest.raises(TypeError, match="Unsupported value type for a header: list"):
        Headers({"A": [[1]]})
    with pytest.raises(TypeError, match="Header name must be str or bytes, got int"):
        Headers({1: "a"})


def test_what_a_server_sent_is_taken_as_it_is_but_for_line_breaks() -> None:
    headers = Headers.from_raw([(b"set-cookie", b"a"), (b"SET-COOKIE", b"b"), (b"x-folded", b"a\r\n b")])

    assert headers.getlist("Set-Cookie") == [b"a", b"b"]
    assert headers["X-Folded"] == b"a   b"


def test_a_raw_value_is_the_last_of_its_name() -> None:
    pairs = [(b"Content-Type", b"a"), (b"X-Content-Ty", b"b"), (b"content-type", b"c")]

    assert raw_value(pairs, b"content-type") == b"c"
    assert raw_value(pairs, b"server") is None


def test_the_representation_names_the_class() -> None:
    assert repr(Headers({"A": "1"})) == "Headers({b'A': [b'1']})"
