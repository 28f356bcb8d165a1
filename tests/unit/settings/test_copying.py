"""Copies of values."""

from types import MappingProxyType

from framework.settings.copying import copy_containers, plain


def test_containers_are_new_and_objects_are_the_same():
    live = object()
    value = {"list": [live, (live, [1])], "set": {1}, "text": "x"}

    copy = copy_containers(value)

    assert copy == value
    assert copy["list"] is not value["list"]
    assert copy["list"][1][1] is not value["list"][1][1]
    assert copy["set"] is not value["set"]
    assert copy["list"][0] is live


def test_every_mapping_becomes_a_plain_dict():
    assert plain(MappingProxyType({"a": MappingProxyType({"b": [1]})})) == {"a": {"b": [1]}}
