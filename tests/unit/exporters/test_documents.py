from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.exceptions import ExportError
from framework.exporters import JsonItemExporter, JsonLinesItemExporter

Export = Callable[..., bytes]
ITEMS = [{"title": "Café", "price": 1.5}, {"title": "Emma", "tags": ["a", "b"]}]

texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
item_lists = st.lists(st.dictionaries(texts, values, max_size=4), max_size=4)


def written(cls: type[Any], items: list[Any], **options: Any) -> bytes:
    file = io.BytesIO()
    exporter = cls(file, **options)
    exporter.start_exporting()
    for item in items:
        exporter.export_item(item)
    exporter.finish_exporting()
    return file.getvalue()


@given(item_lists)
@settings(max_examples=60)
def test_json_lines_parse_back(items: list[dict[str, Any]]) -> None:
    lines = written(JsonLinesItemExporter, items).split(b"\n")

    assert lines.pop() == b""
    assert [json.loads(line) for line in lines] == items


@given(item_lists, st.sampled_from([None, 0, 2, 4]), st.sampled_from(["utf-8", "latin-1", "utf-16"]))
@settings(max_examples=60)
def test_json_parses_back(items: list[dict[str, Any]], indent: int | None, encoding: str) -> None:
    document = written(JsonItemExporter, items, indent=indent, encoding=encoding)

    assert json.loads(document.decode(encoding)) == items


def test_every_kind_of_item_is_written(book: Any, export: Export) -> None:
    expected = {"title": "Dune", "price": 9.5}

    assert json.loads(export(JsonLinesItemExporter, [book])) == expected
    assert json.loads(export(JsonItemExporter, [book])) == [expected]


def test_no_items_make_an_empty_array_and_no_lines(export: Export) -> None:
    assert export(JsonItemExporter, []) == b"[]\n"
    assert export(JsonItemExporter, [], indent=None) == b"[]\n"
    assert export(JsonLinesItemExporter, []) == b""


@pytest.mark.parametrize(
    ("indent", "expected"),
    [
        (None, b'[{"a":1},{"a":2}]\n'),
        (0, b'[\n{"a":1},\n{"a":2}\n]\n'),
        (2, b'[\n{\n  "a": 1\n},\n{\n  "a": 2\n}\n]\n'),
        (1, b'[\n{\n "a": 1\n},\n{\n "a": 2\n}\n]\n'),
    ],
)
def test_the_indent_decides_the_layout(indent: int | None, expected: bytes, export: Export) -> None:
    assert export(JsonItemExporter, [{"a": 1}, {"a": 2}], indent=indent) == expected


def test_json_lines_ignore_the_indent(export: Export) -> None:
    assert export(JsonLinesItemExporter, [{"a": [1]}], indent=2) == b'{"a":[1]}\n'


def test_fields_are_chosen_and_ordered(export: Export) -> None:
    lines = export(JsonLinesItemExporter, ITEMS, fields_to_export=["price", "title"]).decode().splitlines()

    assert lines == ['{"price":1.5,"title":"Café"}', '{"title":"Emma"}']


def test_json_is_utf8_by_default_and_ascii_on_request(export: Export) -> None:
    assert "Café".encode() in export(JsonLinesItemExporter, ITEMS)
    assert b"Caf\\u00e9" in export(JsonLinesItemExporter, ITEMS, ensure_ascii=True)


def test_characters_that_the_encoding_lacks_are_escaped(export: Export) -> None:
    assert json.loads(export(JsonLinesItemExporter, [{"a": "é"}], encoding="ascii")) == {"a": "é"}


def test_a_byte_order_mark_is_written_once(export: Export) -> None:
    document = export(JsonLinesItemExporter, ITEMS, encoding="utf-16")

    assert document.count(b"\xff\xfe") == 1
    assert [json.loads(line) for line in document.decode("utf-16").splitlines()] == ITEMS


def test_options_of_the_json_encoder_are_passed_on(export: Export) -> None:
    assert export(JsonLinesItemExporter, [{"b": 1, "a": 2}], sort_keys=True) == b'{"a":2,"b":1}\n'
    assert export(JsonLinesItemExporter, [{"a": object()}], default=lambda value: "?") == b'{"a":"?"}\n'


def test_an_encoder_of_the_users_own_that_refuses_is_named() -> None:
    class Plain(json.JSONEncoder):
        pass

    with pytest.raises(ExportError, match="dict cannot be written by the JSON encoder of this feed"):
        JsonLinesItemExporter(io.BytesIO(), cls=Plain).export_item({"a": object()})


@pytest.mark.parametrize("cls", [JsonItemExporter, JsonLinesItemExporter])
def test_an_unknown_option_is_refused(cls: type[Any]) -> None:
    with pytest.raises(TypeError, match="does not take 'colour'"):
        cls(io.BytesIO(), colour="red")


@pytest.mark.parametrize("options", [{}, {"indent": 4}, {"encoding": "latin-1"}])
@pytest.mark.parametrize("cls", [JsonItemExporter, JsonLinesItemExporter])
def test_an_item_that_cannot_be_written_leaves_nothing_behind(cls: type[Any], options: dict[str, Any]) -> None:
    file = io.BytesIO()
    exporter = cls(file, **options)
    exporter.start_exporting()
    exporter.export_item({"a": 1})
    before = file.getvalue()

    with pytest.raises(ExportError, match="field 'a' of dict"):
        exporter.export_item({"a": object()})

    assert file.getvalue() == before


@pytest.mark.parametrize("stopped_after", [0, 1])
@pytest.mark.parametrize("cls", [JsonItemExporter, JsonLinesItemExporter])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_another_exporter_can_go_on(cls: type[Any], stopped_after: int, encoding: str) -> None:
    file = io.BytesIO()
    first = cls(file, encoding=encoding)
    first.start_exporting()
    for item in ITEMS[:stopped_after]:
        first.export_item(item)

    second = cls(file, encoding=encoding)
    if file.getvalue():
        second.continue_exporting(json.loads(json.dumps(first.position())))
    for item in ITEMS[stopped_after:]:
        second.export_item(item)
    second.finish_exporting()

    assert file.getvalue() == written(cls, ITEMS, encoding=encoding)


def test_an_unknown_encoding_is_refused_at_once() -> None:
    with pytest.raises(LookupError, match="klingon"):
        JsonLinesItemExporter(io.BytesIO(), encoding="klingon")
