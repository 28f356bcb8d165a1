from __future__ import annotations

import csv
import datetime
import io
import json
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsel import Selector

from framework.exceptions import ExportError
from framework.exporters import CsvItemExporter

Export = Callable[..., bytes]

# What a CSV cell can hold and give back: any text but NUL.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


@given(st.lists(st.fixed_dictionaries({"a": texts, "b": texts}), max_size=4), st.sampled_from(["utf-8", "utf-16"]))
@settings(max_examples=60)
def test_csv_parses_back(items: list[dict[str, str]], encoding: str) -> None:
    file = io.BytesIO()
    exporter = CsvItemExporter(file, encoding=encoding)
    exporter.start_exporting()
    for item in items:
        exporter.export_item(item)
    exporter.finish_exporting()

    rows = csv.DictReader(io.StringIO(file.getvalue().decode(encoding), newline=""))
    assert list(rows) == items


def test_every_kind_of_item_is_written(book: Any, export: Export) -> None:
    lines = export(CsvItemExporter, [book], fields_to_export=["title", "price"])

    assert lines == b"title,price\r\nDune,9.5\r\n"


def test_the_columns_are_the_fields_that_the_first_item_declares(book: Any, export: Export) -> None:
    header = export(CsvItemExporter, [book]).split(b"\r\n")[0]

    assert header in (b"title,price", b"title,price,stock")


def test_a_field_without_value_leaves_its_cell_empty(export: Export) -> None:
    assert export(CsvItemExporter, [{"a": 1, "b": 2}, {"b": None}]) == b"a,b\r\n1,2\r\n,\r\n"


def test_a_later_field_without_column_is_told_once(export: Export, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        lines = export(CsvItemExporter, [{"a": 1}, {"a": 2, "b": 3}, {"a": 4, "b": 5}])

    assert lines == b"a\r\n1\r\n2\r\n4\r\n"
    assert [record.getMessage()[:44] for record in caplog.records] == ["CSV: field 'b' of dict has no column and is "]


def test_fields_that_were_not_chosen_are_left_out_quietly(export: Export, caplog: pytest.LogCaptureFixture) -> None:
    export(CsvItemExporter, [{"a": 1}, {"a": 2, "b": 3}], fields_to_export=["a"])

    assert not caplog.records


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (["x", "y"], "x,y"),
        pytest.param({"y", "x"}, "x,y", id="set"),  # its text is another in each process
        ([1, 2], "[1,2]"),
        ([{"k": 1}], '[{"k":1}]'),
        ({"k": "v"}, '{"k":"v"}'),
        (b"caf\xc3\xa9", "café"),
        (True, "True"),
        (Decimal("1.50"), "1.50"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        ("=1+1", "=1+1"),
    ],
    ids=str,
)
def test_a_cell_holds_the_value_as_text(value: Any, cell: str, export: Export) -> None:
    rows = list(csv.reader(io.StringIO(export(CsvItemExporter, [{"f": value}]).decode(), newline="")))

    assert rows[1] == [cell]


def test_the_header_the_joint_and_the_dialect_can_be_chosen(export: Export) -> None:
    options = {"include_headers_line": False, "join_multivalued": "|", "delimiter": ";", "lineterminator": "\n"}

    assert export(CsvItemExporter, [{"a": ["x", "y"], "b": 1}], **options) == b"x|y;1\n"


def test_output_names_are_the_header(export: Export) -> None:
    assert export(CsvItemExporter, [{"a": 1}], fields_to_export={"a": "A"}) == b"A\r\n1\r\n"


def test_no_items_leave_the_header_of_chosen_columns_or_nothing(export: Export) -> None:
    assert export(CsvItemExporter, [], fields_to_export=["a", "b"]) == b"a,b\r\n"
    assert export(CsvItemExporter, []) == b""


def test_a_mark_for_spreadsheets_is_written_once(export: Export) -> None:
    assert export(CsvItemExporter, [{"a": "é"}, {"a": 1}], encoding="utf-8-sig").count(b"\xef\xbb\xbf") == 1


@pytest.mark.parametrize(
    ("item", "options", "message"),
    [
        ({"a": "x", "b": "€"}, {"encoding": "latin-1"}, "field 'b' of dict: '€' does not exist in latin-1"),
        ({"a": "\ud800"}, {}, "field 'a' of dict: .* does not exist in utf-8"),
        ({"a": b"\xff"}, {}, "field 'a' of dict holds bytes that are not UTF-8"),
        ({"a": Selector("<a/>")}, {}, "field 'a' of dict: the Selector .* is a selector"),
        ({"a": {"b": object()}}, {}, r"field 'a\.b' of dict: the object"),
        ({"a": "x,y"}, {"quoting": csv.QUOTE_NONE}, "dict cannot be written as CSV with these options"),
    ],
)
def test_an_item_that_cannot_be_written_leaves_nothing_behind(
    item: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    file = io.BytesIO()
    exporter = CsvItemExporter(file, **options)

    with pytest.raises(ExportError, match=message):
        exporter.export_item(item)
    exporter.export_item({"a": "good"})

    assert file.getvalue().startswith(b"a")
    assert b"good" in file.getvalue()


@pytest.mark.parametrize(
    ("refused", "options"), [({"x": "\N{SNOWMAN}"}, {"encoding": "ascii"}), ({"x": [object()]}, {})]
)
def test_an_item_that_is_refused_says_nothing_about_the_columns(refused: Any, options: dict[str, Any]) -> None:
    file = io.BytesIO()
    exporter = CsvItemExporter(file, **options)

    with pytest.raises(ExportError):
        exporter.export_item(refused)
    assert exporter.position()["columns"] == []
    exporter.export_item({"a": 1, "b": 2})

    assert file.getvalue() == b"a,b\r\n1,2\r\n"


def test_characters_that_the_encoding_lacks_can_be_replaced(export: Export) -> None:
    assert export(CsvItemExporter, [{"a": "€"}], encoding="ascii", errors="replace") == b"a\r\n?\r\n"


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        CsvItemExporter(io.BytesIO(), colour="red")


@pytest.mark.parametrize("options", [{}, {"fields_to_export": ["a"]}, {"fields_to_export": {"a": "A"}}])
@pytest.mark.parametrize("stopped_after", [0, 1])
def test_another_exporter_goes_on_with_the_same_columns(options: dict[str, Any], stopped_after: int) -> None:
    items = [{"a": 1}, {"b": 2, "a": 3}]
    file = io.BytesIO()
    first = CsvItemExporter(file, **options)
    for item in items[:stopped_after]:
        first.export_item(item)

    second = CsvItemExporter(file, **options)
    second.continue_exporting(json.loads(json.dumps(first.position())))
    for item in items[stopped_after:]:
        second.export_item(item)

    lines = file.getvalue().splitlines()
    assert lines[0] in (b"a", b"A", b"b,a")
    assert len(lines) == 3
