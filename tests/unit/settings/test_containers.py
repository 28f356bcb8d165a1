"""Values with parts: optional, list, dict, record, field names."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.settings.containers import FieldsKind, ListKind, MapKind, OptionalKind, list_from_text
from framework.settings.kinds import BoolKind, IntKind, Misfit, TextKind

WORDS = st.text(st.characters(exclude_characters=",[\x00", exclude_categories=("Cs", "Z", "C")), min_size=1)


@pytest.mark.parametrize("value", [None, "", "none", "None", " null "])
def test_nothing_is_read_as_none_where_a_value_is_optional(value):
    assert OptionalKind(IntKind()).read(value) is None
    assert OptionalKind(IntKind()).read("3") == 3


def test_nothing_is_refused_where_a_value_is_not_optional():
    with pytest.raises(Misfit):
        IntKind().read(None)


@given(numbers=st.lists(st.integers()))
@settings(max_examples=50)
def test_a_list_survives_json_and_commas(numbers):
    kind = ListKind(IntKind())

    assert kind.read(json.dumps(numbers)) == tuple(numbers)
    assert kind.read(",".join(map(str, numbers))) == tuple(numbers)
    assert kind.read(numbers) == tuple(numbers)


@given(words=st.lists(WORDS))
@settings(max_examples=50)
def test_words_between_commas_are_read_as_they_are(words):
    assert ListKind(TextKind()).read(" , ".join(words)) == tuple(words)


@pytest.mark.parametrize("value", [500, None, {"a": 1}, True])
def test_what_is_no_list_is_refused(value):
    with pytest.raises(Misfit):
        ListKind(IntKind()).read(value)


def test_a_broken_json_list_is_refused_with_the_place():
    with pytest.raises(Misfit, match=r"must be JSON .*column"):
        list_from_text("[1, 2")


def test_a_wrong_entry_is_named():
    with pytest.raises(Misfit, match="entry 'x' is not a whole number"):
        ListKind(IntKind()).read([1, "x"])


def test_a_list_may_be_a_set():
    assert sorted(ListKind(IntKind()).read({1, 2})) == [1, 2]


@given(values=st.dictionaries(st.text(), st.booleans()))
@settings(max_examples=50)
def test_a_dict_survives_json(values):
    assert MapKind(TextKind(), BoolKind()).read(json.dumps(values)) == values


@pytest.mark.parametrize("value", ["a=1", "[1]", 3, None, ["a"]])
def test_what_is_no_dict_is_refused(value):
    with pytest.raises(Misfit):
        MapKind(TextKind(), BoolKind()).read(value)


def test_a_wrong_key_and_a_wrong_value_are_named():
    kind = MapKind(TextKind(), IntKind())

    with pytest.raises(Misfit, match="key 3 is not a text"):
        kind.read({3: 3})
    with pytest.raises(Misfit, match="the value of 'a': 'x' is not a whole number"):
        kind.read({"a": "x"})


def test_a_wrong_part_deep_inside_is_named_with_its_way():
    kind = MapKind(TextKind(), ListKind(IntKind()))

    with pytest.raises(Misfit, match="the value of 'a': entry 'x' is not a whole number"):
        kind.read({"a": [1, "x"]})


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (["name", "price"], ("name", "price")),
        ("name, price", ("name", "price")),
        ('["name"]', ("name",)),
        ({"name": "Name"}, {"name": "Name"}),
        ('{"name": "Name"}', {"name": "Name"}),
    ],
)
def test_field_names_are_a_list_or_a_dict(value, read):
    assert FieldsKind().read(value) == read


@pytest.mark.parametrize("value", [3, [1], {"name": 1}, "[1]"])
def test_what_are_no_field_names_is_refused(value):
    with pytest.raises(Misfit):
        FieldsKind().read(value)
