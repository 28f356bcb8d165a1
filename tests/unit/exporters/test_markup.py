from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from parsel import Selector

from framework.exceptions import ExportError
from framework.exporters import XmlItemExporter
from framework.item import Field, Item

Export = Callable[..., bytes]


class Author(Item):
    name = Field()


def read(document: bytes) -> list[Any]:
    """Return the items of a document as nested pairs of element name (the true one) and text or children."""

    def element(node: Any) -> Any:
        name = node.get("name", node.tag)
        return name, ([element(child) for child in node] if len(node) else node.text or "")

    return [[element(field) for field in item] for item in etree.fromstring(document)]


def written(items: list[Any], **options: Any) -> bytes:
    file = io.BytesIO()
    exporter = XmlItemExporter(file, **options)
    exporter.start_exporting()
    for item in items:
        exporter.export_item(item)
    exporter.finish_exporting()
    return file.getvalue()


_characters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
_texts = st.text(_characters | st.sampled_from("\t\n\r"))
_names = st.text(_characters, min_size=1)


@given(st.lists(st.dictionaries(_names, _texts, max_size=3), max_size=3), st.sampled_from(["utf-8", "ascii"]))
@settings(max_examples=80)
def test_xml_parses_back(items: list[dict[str, str]], encoding: str) -> None:
    assert read(written(items, encoding=encoding)) == [list(item.items()) for item in items]


def test_every_kind_of_item_is_written(book: Any) -> None:
    assert read(written([book])) == [[("title", "Dune"), ("price", "9.5")]]


@pytest.mark.parametrize(
    ("indent", "body"),
    [
        (None, "<items><item><a>1</a></item><item><a>2</a></item></items>\n"),
        (0, "<items>\n<item><a>1</a></item>\n<item><a>2</a></item>\n</items>\n"),
        (
            2,
            "<items>\n  <item>\n    <a>1</a>\n  </item>\n  <item>\n    <a>2</a>\n  </item>\n</items>\n",
        ),
    ],
)
def test_the_indent_decides_the_layout(indent: int | None, body: str) -> None:
    document = written([{"a": 1}, {"a": 2}], indent=indent)

    assert document.decode() == '<?xml version="1.0" encoding="utf-8"?>\n' + body


def test_the_elements_can_be_named() -> None:
    document = written([{"a": 1}], root_element="books", item_element="book", indent=None)

    assert document.endswith(b"<books><book><a>1</a></book></books>\n")


def test_no_items_make_a_valid_document() -> None:
    assert read(written([])) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["x", 1], [("value", "x"), ("value", "1")]),
        pytest.param({"b", "a"}, [("value", "a"), ("value", "b")], id="set"),  # its text is another in each process
        ({"k": {"deep": "v"}}, [("k", [("deep", "v")])]),
        (Author(name="Ann"), [("name", "Ann")]),
        ([], ""),
        (None, ""),
        (True, "True"),
        (b"caf\xc3\xa9", "café"),
        ("a\x00b\x1f\ud800", "a\ufffdb\ufffd\ufffd"),
        ("<&>\"'", "<&>\"'"),
    ],
    ids=str,
)
@pytest.mark.parametrize("indent", [0, 3])
def test_values_become_elements_or_text(value: Any, expected: Any, indent: int) -> None:
    assert read(written([{"f": value}], indent=indent)) == [[("f", expected)]]


@pytest.mark.parametrize("name", ["4 stars", "a:b", "größe", "", "x\x01", 'q"<'])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_name_that_xml_does_not_allow_is_kept_in_an_attribute(name: str, encoding: str) -> None:
    assert read(written([{name: 1}], encoding=encoding)) == [[(name.replace("\x01", "\ufffd"), "1")]]


def test_very_many_names_are_written_too() -> None:
    item = {f"f{i}": i for i in range(1200)}

    assert len(read(written([item]))[0]) == 1200


def test_a_mark_is_written_once_and_declared_as_utf8() -> None:
    document = written([{"a": 1}], encoding="utf-8-sig")

    assert document.startswith(b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>')
    assert read(document) == [[("a", "1")]]


def test_an_item_that_contains_itself_is_refused_and_leaves_nothing_behind() -> None:
    file = io.BytesIO()
    loop: dict[str, Any] = {}
    loop["self"] = loop

    with pytest.raises(ExportError, match="contains itself"):
        XmlItemExporter(file).export_item(loop)

    assert file.getvalue() == b""


@pytest.mark.parametrize(
    ("value", "message"),
    [(b"\xff", "the bytes holds bytes that are not UTF-8"), (Selector("<a/>"), "the Selector is a selector")],
)
def test_a_value_without_text_is_refused_by_name(value: Any, message: str) -> None:
    with pytest.raises(ExportError, match=f"field 'a' of dict: {message}"):
        written([{"a": value}])


def test_another_exporter_can_go_on() -> None:
    file = io.BytesIO()
    first = XmlItemExporter(file)
    first.start_exporting()
    first.export_item({"a": 1})

    second = XmlItemExporter(file)
    second.continue_exporting(first.position())
    second.export_item({"a": 2})
    second.finish_exporting()

    assert file.getvalue() == written([{"a": 1}, {"a": 2}])


def test_empty_fields_are_written_on_request() -> None:
    assert read(written([Author()], export_empty_fields=True)) == [[("name", "")]]


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="no option 'colour'"):
        XmlItemExporter(io.BytesIO(), colour="red")


@pytest.mark.parametrize("values", [range(2), iter([0, 1])])
def test_what_can_be_gone_through_once_becomes_values_too(values: Any) -> None:
    file = io.BytesIO()
    exporter = XmlItemExporter(file)

    exporter.export_item({"n": values})

    assert b"<n><value>0</value><value>1</value></n>" in file.getvalue()
