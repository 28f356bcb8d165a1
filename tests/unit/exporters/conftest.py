from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from typing import Any

import attrs
import pydantic
import pytest

from framework.item import Field, Item


class BookItem(Item):
    title = Field()
    price = Field()
    stock = Field()


@dataclasses.dataclass
class BookData:
    title: str
    price: float
    stock: int = dataclasses.field(init=False)


@attrs.define
class BookAttrs:
    title: str
    price: float
    stock: int = attrs.field(init=False)


class BookModel(pydantic.BaseModel):
    title: str
    price: float


KINDS = [dict, BookItem, BookData, BookAttrs, BookModel]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def book(request: pytest.FixtureRequest) -> Any:
    """The same book as each kind of item."""
    return request.param(title="Dune", price=9.5)


@pytest.fixture
def export() -> Callable[..., bytes]:
    """Write items with an exporter class and return the file's bytes."""

    def run(cls: type[Any], items: list[Any], **options: Any) -> bytes:
        file = io.BytesIO()
        exporter = cls(file, **options)
        exporter.start_exporting()
        for item in items:
            exporter.export_item(item)
        exporter.finish_exporting()
        return file.getvalue()

    return run
