"""Which kind an annotation means."""

from collections.abc import Mapping
from typing import Any, Literal

import pytest

from framework.settings.annotations import Component, HeaderValue, ItemFields, LogLevel, Order, kind_of
from framework.settings.declared import HostRules


@pytest.mark.parametrize(
    ("annotation", "type_name"),
    [
        (bool, "bool"),
        (int, "int"),
        (float, "float"),
        (str, "str"),
        (Any, "any"),
        (int | None, "int or None"),
        (Literal["a", "b"], "a | b"),
        (tuple[int, ...], "list of int"),
        (Mapping[str, int], "dict of str to int"),
        (Mapping[Component, Order], "dict of dotted path to order"),
        (Mapping[str, HeaderValue], "dict of str to str or None"),
        (Component | None, "dotted path or None"),
        (ItemFields | None, "list or dict of str or None"),
        (LogLevel, "log level"),
        (Mapping[str, HostRules], "dict of str to dict"),
    ],
)
def test_an_annotation_is_read_as_its_kind(annotation, type_name):
    assert kind_of(annotation).type_name == type_name


def test_bounds_reach_the_numbers_inside_a_list():
    assert kind_of(tuple[int, ...], 100, 599).wants == "a list, each entry a whole number from 100 to 599"


@pytest.mark.parametrize("annotation", [bytes, int | str, int | str | None, tuple[int, int], dict])
def test_an_annotation_without_a_kind_is_a_mistake_of_the_declaration(annotation):
    with pytest.raises(TypeError, match="no option can be of type"):
        kind_of(annotation)
