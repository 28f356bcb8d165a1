import pytest

from framework.http import Headers
from framework.http.stored.shared import SHARED_MAX, SharedParts


def test_forms_of_one_object_are_made_once():
    shared = SharedParts()
    meta, headers = {"depth": 1}, Headers({"A": "b"})

    assert shared.meta_form(meta) is shared.meta_form(meta)
    assert shared.headers_form(headers, "utf-8") is shared.headers_form(headers, "utf-8")


def test_objects_of_one_form_are_one():
    shared = SharedParts()
    meta_form = shared.meta_form({"depth": 1, "name": "x"})
    headers_form = shared.headers_form(Headers({"A": ["b", "c"]}), "utf-8")

    assert shared.meta(meta_form) is shared.meta(bytes(bytearray(meta_form)))
    assert shared.meta(meta_form) == {"depth": 1, "name": "x"}
    assert shared.headers(headers_form, "utf-8") is shared.headers(headers_form, "utf-8")
    assert shared.headers(headers_form, "utf-8").getlist("a") == [b"b", b"c"]
    assert shared.headers(headers_form, "latin-1").encoding == "latin-1"


@pytest.mark.parametrize("meta", [{"a": [1]}, {1: "a"}, {"a": 1 << 64}, {"a": "\ud800"}])
def test_only_flat_data_is_shared(meta):
    assert SharedParts().meta_form(meta) is None


def test_headers_of_another_encoding_are_not_shared():
    assert SharedParts().headers_form(Headers(encoding="latin-1"), "utf-8") is None


def test_forms_stay_right_when_more_than_are_remembered_pass():
    shared = SharedParts()

    for number in range(2 * SHARED_MAX + 10):
        form = shared.meta_form({"depth": number})
        assert shared.meta(form) == {"depth": number}


def test_damaged_shared_meta_is_refused():
    with pytest.raises(ValueError, match="not flat"):
        SharedParts().meta(b"\x81\xa1a\x91\x01")
