"""JSON bodies: what the standard library gives."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.http import JsonResponse

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(_VALUES, st.sampled_from(["utf-8", "utf-16", "latin-1"]), st.booleans())
def test_a_value_comes_back_as_the_standard_library_reads_it(value: Any, encoding: str, ascii_: bool) -> None:
    document = json.dumps(value, ensure_ascii=ascii_ or encoding == "latin-1")
    body = document.encode(encoding, "surrogatepass")

    response = JsonResponse("http://h/", body=body, encoding=encoding)

    assert response.json() == json.loads(response.text)


@pytest.mark.parametrize(
    "document",
    ["18446744073709551617", '{"id": 123456789012345678901234567890}', '"\\ud800"', "[1e400]", '{"a": 1, "a": 2}'],
)
def test_numbers_and_texts_at_the_edges_are_exact(document: str) -> None:
    value = JsonResponse("http://h/", body=document.encode()).json()

    assert value == json.loads(document)
    assert type(value) is type(json.loads(document))


def test_nan_is_read_and_a_byte_order_mark_is_not() -> None:
    assert math.isnan(JsonResponse("http://h/", body=b"NaN").json())
    assert JsonResponse("http://h/", body=b"\xef\xbb\xbf[1]").json() == [1]
