from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping
from typing import Any

import attrs
import pydantic
import pytest

from framework.exceptions import ExportError
from framework.exporters import BaseItemExporter, JsonLinesItemExporter
from framework.item import Field, Item


def euros(value: float) -> str:
    return f"{value:.2f} EUR"


class Priced(Item):
    title = Field()
    price = Field(serializer=euros)


@dataclasses.dataclass
class PricedData:
    title: str
    price: float = dataclasses.field(metadata={"serializer": euros})


@attrs.define
class PricedAttrs:
    title: str
    price: float = attrs.field(metadata={"serializer": euros})


PYDANTIC_META: dict[str, Any] = {"serializer": euros}


class PricedModel(pydantic.BaseModel):
    title: str
    price: float = pydantic.Field(json_schema_extra=PYDANTIC_META)


def fields(item: Any, **options: Any) -> list[tuple[str, Any]]:
    return list(BaseItemExporter(**options).serialized_fields(item))


def test_all_fields_are_written_in_their_order_when_none_are_chosen(book: Any) -> None:
    assert fields(book) == [("title", "Dune"), ("price", 9.5)]


def test_chosen_fields_are_written_in_the_chosen_order(book: Any) -> None:
    assert fields(book, fields_to_export=["price", "title"]) == [("price", 9.5), ("title", "Dune")]


def test_a_mapping_gives_fields_other_names(book: Any) -> None:
    assert fields(book, fields_to_export={"price": "Preis"}) == [("Preis", 9.5)]


def test_chosen_fields_that_the_item_lacks_are_left_out(book: Any) -> None:
    assert fields(book, fields_to_export=["author", "title"]) == [("title", "Dune")]


def test_chosen_fields_that_the_item_lacks_are_empty_on_request(book: Any) -> None:
    exporter = BaseItemExporter(fields_to_export=["author", "title"], export_empty_fields=True)

    written = list(exporter.serialized_fields(book, default_value="-"))

    assert written == [("author", "-"), ("title", "Dune")]


def test_declared_fields_without_value_are_written_on_request() -> None:
    assert fields(Priced(title="x"), export_empty_fields=True) == [("title", "x"), ("price", None)]


@pytest.mark.parametrize("kind", [Priced, PricedData, PricedAttrs, PricedModel])
def test_the_serializer_of_a_field_is_applied(kind: type[Any]) -> None:
    assert fields(kind(title="Dune", price=9.5)) == [("title", "Dune"), ("price", "9.50 EUR")]


@pytest.mark.parametrize("kind", [Priced, PricedData, PricedAttrs, PricedModel])
def test_the_quick_way_of_json_heeds_serializers(kind: type[Any]) -> None:
    file = io.BytesIO()
    exporter = JsonLinesItemExporter(file)

    exporter.export_item(kind(title="Dune", price=9.5))
    exporter.export_item(kind(title="Emma", price=1))

    assert [json.loads(line)["price"] for line in file.getvalue().splitlines()] == ["9.50 EUR", "1.00 EUR"]


def test_a_subclass_may_change_values_of_dicts_too() -> None:
    class Loud(JsonLinesItemExporter):
        def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
            return value.upper() if name == "title" else super().serialize_field(field, name, value)

    file = io.BytesIO()

    Loud(file).export_item({"title": "Dune", "n": 1})

    assert json.loads(file.getvalue()) == {"title": "DUNE", "n": 1}


def test_a_serializer_that_raises_is_named_with_its_field() -> None:
    with pytest.raises(ExportError, match=r"field 'price' of Priced: serializer euros raised ValueError"):
        fields(Priced(title="x", price="free"))


def test_an_overridden_serialize_field_that_raises_is_named_with_its_field() -> None:
    class Broken(BaseItemExporter):
        def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
            raise KeyError(name)

    with pytest.raises(ExportError, match="field 'a' of dict: serialize_field raised KeyError"):
        list(Broken().serialized_fields({"a": 1}))


def test_an_export_error_of_a_serializer_comes_through() -> None:
    class Refusing(BaseItemExporter):
        def serialize_field(self, field: Mapping[str, Any], name: str, value: Any) -> Any:
            raise ExportError("no")

    with pytest.raises(ExportError, match=r"^no$"):
        list(Refusing().serialized_fields({"a": 1}))


def test_an_unknown_option_is_refused_unless_told_otherwise() -> None:
    with pytest.raises(TypeError, match="BaseItemExporter has no option 'colour'"):
        BaseItemExporter(colour="red")

    assert BaseItemExporter(dont_fail=True, colour="red").encoding == "utf-8"


def test_a_text_as_list_of_fields_is_refused() -> None:
    with pytest.raises(TypeError, match=r"write a list such as \['title'\]"):
        BaseItemExporter(fields_to_export="title")


def test_the_bare_exporter_writes_nothing_by_itself() -> None:
    exporter = BaseItemExporter()
    exporter.start_exporting()
    exporter.continue_exporting({})
    exporter.finish_exporting()

    assert exporter.position() == {}
    with pytest.raises(NotImplementedError):
        exporter.export_item({})


def test_dict_subclasses_and_empty_fields_take_the_long_way_with_the_same_result() -> None:
    class Row(dict[str, Any]):
        pass

    file = io.BytesIO()
    JsonLinesItemExporter(file).export_item(Row(a=1))
    JsonLinesItemExporter(file, export_empty_fields=True).export_item(Priced(title="x"))

    assert [json.loads(line) for line in file.getvalue().splitlines()] == [{"a": 1}, {"title": "x", "price": None}]
