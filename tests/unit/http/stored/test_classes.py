import dataclasses
import json
import sys
import types
from functools import cached_property
from typing import Generic, TypeVar

import attrs
import pydantic
import pytest
from msgspec.msgpack import Ext, encode

from framework.exceptions import StoredError, UnstorableError
from framework.http import Request
from framework.http.stored import dump_value, load_value
from framework.item import Field, Item

T = TypeVar("T")


def path_of(cls):
    return f"{cls.__module__}:{cls.__qualname__}"


def stored_object(path, state):
    """Give the bytes of an object as somebody might write them into a job's file."""
    return encode(Ext(4, encode([path, state])))


def back(value):
    return load_value(dump_value(value))


class Book(Item):
    title = Field()


class Checked(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    number: int = pydantic.Field(gt=0)
    name: str = "x"
    _note: str = pydantic.PrivateAttr(default="none")


@attrs.frozen(cache_hash=True)
class Hashed:
    name: str


@attrs.define
class Refusing:
    number: int = attrs.field(validator=attrs.validators.gt(0))


@dataclasses.dataclass(slots=True)
class Parent:
    __private: int = 1
    late: int = dataclasses.field(init=False)


@dataclasses.dataclass(slots=True)
class Child(Parent):
    own: int = 2


@dataclasses.dataclass
class Loud:
    number: int

    def __post_init__(self):
        if self.number < 0:
            raise ValueError("negative")

    def __setattr__(self, name, value):
        object.__setattr__(self, name, abs(value))


@dataclasses.dataclass
class Lazy:
    number: int

    @cached_property
    def double(self):
        return [lambda: self.number * 2]


@dataclasses.dataclass
class Box(Generic[T]):
    content: T


class Outer:
    @dataclasses.dataclass
    class Inner:
        number: int


@dataclasses.dataclass
class OddList(list):
    number: int


def test_an_item_keeps_its_class_and_which_fields_are_set():
    item = Book(title="Dune")
    empty = Book()

    assert type(back(item)) is Book
    assert dict(back(item)) == {"title": "Dune"}
    assert dict(back(empty)) == {}


def test_a_pydantic_item_comes_back_without_its_validators():
    item = Checked(number=1, colour="red")
    item.number = -5
    item._note = "seen"

    copy = back(item)

    assert copy == item
    assert copy.model_fields_set == {"number", "colour"}
    assert (copy.number, copy.colour, copy._note) == (-5, "red", "seen")


def test_an_attrs_item_comes_back_without_its_validators():
    item = Refusing(1)
    object.__setattr__(item, "number", -1)

    assert back(item).number == -1


def test_a_hash_that_attrs_keeps_is_not_stored():
    item = Hashed("a")
    kept = hash(item)

    data = dump_value(item)
    copy = load_value(data)

    assert str(kept).encode() not in data
    assert copy._attrs_cached_hash is None
    assert hash(copy) == kept
    assert {copy} == {item}


def test_slots_of_all_classes_come_back_and_unset_ones_stay_unset():
    item = Child(5, own=6)

    copy = back(item)

    assert copy._Parent__private == 5
    assert copy.own == 6
    assert not hasattr(copy, "late")


def test_nothing_of_the_class_runs_when_an_object_comes_back():
    item = Loud(1)
    item.__dict__["number"] = -3

    assert back(item).number == -3


def test_cached_properties_are_computed_again():
    item = Lazy(2)
    item.double  # noqa: B018 - computes it

    assert "double" not in vars(back(item))


def test_an_object_of_a_generic_class_is_stored_without_its_parameters():
    assert back(Box[int](1)) == Box(1)


def test_a_class_inside_a_class_is_found():
    assert back(Outer.Inner(1)) == Outer.Inner(1)


def test_an_object_of_a_local_class_is_refused():
    @dataclasses.dataclass
    class Local:
        number: int

    with pytest.raises(UnstorableError, match=r"the value is a .*Local, whose class cannot be imported as "):
        dump_value(Local(1))


def test_an_item_class_that_is_a_builtin_type_too_is_refused():
    with pytest.raises(UnstorableError, match="which is also an object of a built-in type"):
        dump_value(OddList(1))


def test_a_request_is_no_value():
    with pytest.raises(StoredError, match="no item class"):
        load_value(stored_object("framework.http.request:Request", {}))


@pytest.mark.parametrize(
    "path",
    [
        "os:system",
        "builtins:eval",
        "framework.http.stored.classes:shape_of",
        "subprocess:Popen",
        "collections:OrderedDict",
        path_of(Outer),
        "framework.http:Nothing",
        ":",
        "",
        "framework.",
        "...:x",
        "framework.nothing.there:Item",
    ],
)
def test_a_path_that_names_no_item_class_is_refused(path):
    with pytest.raises(StoredError, match="start a new job"):
        load_value(stored_object(path, {}))


def test_modules_are_not_imported_for_stored_data():
    sys.modules.pop("json.tool", None)

    with pytest.raises(StoredError, match="import it at the top of the spider's module"):
        load_value(stored_object("json.tool:Book", {}))

    assert "json.tool" not in sys.modules
    assert json


def test_modules_of_the_given_packages_are_imported(tmp_path, monkeypatch):
    package = tmp_path / "storedshop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "items.py").write_text("from framework.item import Field, Item\nclass Toy(Item):\n    name = Field()\n")
    (package / "broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    toy = load_value(stored_object("storedshop.items:Toy", {"_values": {"name": "ball"}}), ("storedshop",))
    with pytest.raises(StoredError, match=r"cannot be imported \(ZeroDivisionError"):
        load_value(stored_object("storedshop.broken:Toy", {}), ("storedshop",))

    assert dict(toy) == {"name": "ball"}
    for name in [name for name in sys.modules if name.startswith("storedshop")]:
        monkeypatch.delitem(sys.modules, name)


def test_a_modules_getattr_is_not_asked(monkeypatch):
    asked = []
    module = types.ModuleType("storedlazy")
    module.__getattr__ = asked.append
    monkeypatch.setitem(sys.modules, "storedlazy", module)

    with pytest.raises(StoredError):
        load_value(stored_object("storedlazy:Book", {}))

    assert asked == []


def test_an_attribute_that_the_class_has_lost_is_named():
    with pytest.raises(StoredError, match="has the attribute 'colour', which the class no longer has"):
        load_value(stored_object(path_of(Child), {"colour": 1}))


def test_request_classes_are_no_items():
    with pytest.raises(UnstorableError, match="the value is a Request"):
        dump_value(Request("https://example.com"))
