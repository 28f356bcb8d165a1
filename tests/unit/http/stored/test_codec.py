import dataclasses
import sys
import types
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.msgpack import Ext, encode

from framework.exceptions import CrawlError, StoredError, UnstorableError
from framework.http.stored import dump_value, load_value
from framework.http.stored.values import copied, refusal
from framework.item import Field, Item


class Book(Item):
    title = Field()
    tags = Field()


@dataclasses.dataclass
class Page:
    number: object
    lines: object = None


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    number: object
    name: object = None


@attrs.define
class Shelf:
    name: object
    books: object = None


class Author(pydantic.BaseModel):
    name: object = None
    born: object = None


def exact(value):
    """Write a value out with the type of all that is in it; sets in one order."""
    name = type(value).__name__
    if isinstance(value, dict):
        parts = [f"{exact(key)}: {exact(one)}" for key, one in value.items()]
    elif isinstance(value, list | tuple):
        parts = map(exact, value)
    elif isinstance(value, set | frozenset):
        parts = sorted(map(exact, value))
    elif isinstance(value, Key | Shelf):
        parts = [exact(getattr(value, slot)) for slot in value.__slots__ if slot != "__weakref__"]
    elif isinstance(value, Book | Page | Author):
        parts = [exact(vars(value))]
    else:
        return f"{name} {value!r}"
    return f"{name}({', '.join(parts)})"


def same(one, other):
    """Say whether two values are equal and of the same types, all the way down."""
    return exact(one) == exact(other)


ZONES = st.one_of(
    st.none(),
    st.just(UTC),
    st.sampled_from([ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("UTC")]),
    st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23))),
    st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)), st.text(max_size=5)),
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)
FLAT = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(1 << 80), 1 << 80),
    st.floats(),
    TEXTS,
    st.binary(max_size=8),
    st.dates(),
    st.datetimes(timezones=ZONES),
    st.times(timezones=ZONES),
    st.timedeltas(),
    st.decimals(),
    st.uuids(),
)
KEYS = st.recursive(
    FLAT.filter(lambda value: "NaN" not in repr(value)),
    lambda inner: st.one_of(st.tuples(inner, inner), st.frozensets(inner, max_size=2), st.builds(Key, inner, inner)),
    max_leaves=3,
)
VALUES = st.recursive(
    st.one_of(FLAT, KEYS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.sets(KEYS, max_size=3),
        st.frozensets(KEYS, max_size=3),
        st.dictionaries(TEXTS, inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        st.builds(Book, st.fixed_dictionaries({"title": inner, "tags": inner})),
        st.builds(Page, inner, inner),
        st.builds(Key, inner, inner),
        st.builds(Shelf, inner, inner),
        st.builds(Author, name=inner, born=inner),
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_a_value_comes_back_equal_and_of_the_same_types(value):
    assert same(load_value(dump_value(value)), value)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_a_copy_is_what_the_stored_form_gives_back(value):
    assert refusal(value, "value") is None
    assert same(copied(value), load_value(dump_value(value)))


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=40), st.tuples(VALUES, st.integers(0, 200), st.integers(0, 255))))
def test_bytes_of_any_kind_give_a_value_or_a_stored_error(damage):
    if isinstance(damage, tuple):
        value, at, byte = damage
        data = bytearray(dump_value(value))
        data[at % len(data)] = byte
        damage = bytes(data)

    with suppress(StoredError):
        load_value(damage)


@pytest.mark.parametrize(
    "value",
    [
        (1 << 64) - 1,
        1 << 64,
        -(1 << 63) - 1,
        b"\x00\xff",
        "\ud800",
        "größer",
        {b"key": 1, 2: "x", (1, "a"): {3}},
        {"\udc80": 1},
        {1: "int", "1": "str"},
        datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(0), "own")),
        time(1, 2, 3, 4, UTC),
        date(1, 1, 1),
        Decimal("-0.00"),
        Decimal("1E+999"),
        UUID(int=7),
        float("inf"),
        [(), [], {}, set(), frozenset()],
    ],
    ids=repr,
)
def test_the_exact_value_comes_back(value):
    assert same(load_value(dump_value(value)), value)


def test_the_zone_of_utc_stays_the_one_object():
    assert load_value(dump_value(datetime(2026, 1, 1, tzinfo=UTC))).tzinfo is UTC


class OwnZone(tzinfo):
    pass


class OwnDict(dict):
    pass


NESTED = []
for _ in range(150):
    NESTED = [NESTED]
CYCLE = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"session": object()}, "state['session'] is an object"),
        ({"a": [1, (2, OwnDict())]}, "state['a'][1][1] is an OwnDict"),
        ({"a": Page(1, Book(title=object()))}, "state['a'].lines._values['title'] is an object"),
        ({OwnZone: 1}, "the key <class '"),
        ({"a": {1, sys}}, "an element of state['a'] is a module"),
        (datetime(2026, 1, 1, tzinfo=OwnZone()), "state is a datetime of an unknown time zone"),
        ({"k": int}, "state['k'] is the class int"),
        (len, "state is a builtin_function_or_method"),
        (NESTED, "is nested deeper than 100 levels"),
        (CYCLE, "is nested deeper than 100 levels"),
        (types.SimpleNamespace(a=1), "state is a SimpleNamespace"),
        (pytest.raises, "state is the function raises ("),
    ],
)
def test_what_cannot_be_stored_is_named_with_its_place(value, said):
    with pytest.raises(UnstorableError) as caught:
        dump_value(value, "state")

    assert said in str(caught.value)
    assert "keep data in its place" in str(caught.value)
    with pytest.raises(UnstorableError):
        copied(value)


def test_a_lambda_is_named_by_its_line():
    with pytest.raises(CrawlError, match=r"state\['f'\] is a lambda \(tests/unit/http/stored/test_codec\.py:\d+\)"):
        dump_value({"f": lambda: None}, "state")


def test_a_file_is_named_when_the_working_folder_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(UnstorableError, match=r"is a lambda \(\S*test_codec\.py:\d+\)"):
        dump_value(lambda: None)


def test_a_copy_shares_nothing_that_can_change():
    inner = [1]
    value = {"list": inner, "item": Page(1, inner)}

    copy = copied(value)
    inner.append(2)

    assert copy == {"list": [1], "item": Page(1, [1])}


def test_an_extension_of_a_later_version_is_refused_by_name():
    with pytest.raises(StoredError, match=r"unknown kind \(99\).*newer version"):
        load_value(encode(Ext(99, b"")))


def test_cut_bytes_are_refused():
    data = dump_value({"a": [1, 2, 3], "b": (4, 5)})

    for end in range(len(data)):
        with pytest.raises(StoredError, match="damaged"):
            load_value(data[:end])
