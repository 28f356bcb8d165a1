"""Single values: what is read, and what is refused."""

import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.settings.kinds import (
    BoolKind,
    ChoiceKind,
    ComponentKind,
    FloatKind,
    HeaderKind,
    IntKind,
    Kind,
    LogLevelKind,
    Misfit,
    OrderKind,
    TextKind,
    bounds_text,
)


class Pipeline:
    """A component, for tests."""


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "true", "True", " YES ", "on"])
def test_what_is_plainly_true_is_read_as_true(value):
    assert BoolKind().read(value) is True


@pytest.mark.parametrize("value", [False, 0, "0", "false", "False", "no", "OFF"])
def test_what_is_plainly_false_is_read_as_false(value):
    assert BoolKind().read(value) is False


@pytest.mark.parametrize("value", ["", "2", "tru", "enabled", 2, None, [], "None"])
def test_what_is_neither_true_nor_false_is_refused(value):
    with pytest.raises(Misfit):
        BoolKind().read(value)


@given(number=st.integers())
@settings(max_examples=50)
def test_a_whole_number_survives_being_written_as_text(number):
    assert IntKind().read(str(number)) == number == IntKind().read(number)


@pytest.mark.parametrize("value", ["abc", "", "1.5", 1.5, True, False, None, [1], "8 s"])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(Misfit):
        IntKind().read(value)


def test_a_whole_number_may_be_written_as_a_float_or_with_underscores():
    assert IntKind().read(8.0) == 8
    assert IntKind().read(" 10_000 ") == 10_000


@given(low=st.integers(-50, 50), high=st.integers(-50, 50), number=st.integers(-100, 100))
@settings(max_examples=100)
def test_a_number_is_read_exactly_when_it_is_within_its_bounds(low, high, number):
    for kind in (IntKind(low, high), FloatKind(low, high)):
        try:
            was_read = kind.read(number) == number
        except Misfit:
            was_read = False

        assert was_read == (low <= number <= high)


@given(number=st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=50)
def test_a_number_survives_being_written_as_text(number):
    assert FloatKind().read(repr(number)) == number


@pytest.mark.parametrize("value", ["abc", "", "nan", "inf", float("inf"), True, None, "1,5"])
def test_what_is_no_finite_number_is_refused(value):
    with pytest.raises(Misfit):
        FloatKind().read(value)


@pytest.mark.parametrize(
    ("bounds", "text"),
    [((None, None), ""), ((0, None), ">= 0"), ((None, 9), "<= 9"), ((0.5, 9), "from 0.5 to 9")],
)
def test_bounds_are_said_in_words(bounds, text):
    assert bounds_text(*bounds) == text
    assert IntKind(*bounds).wants == f"a whole number {text}".strip()


def test_the_example_of_a_number_is_within_its_bounds():
    assert IntKind().example == 8
    assert IntKind(minimum=100).example == 100


@pytest.mark.parametrize("value", [1, 2.5, None, 0])
def test_an_order_number_stays_as_it_was_written(value):
    assert OrderKind().read(value) is value


@pytest.mark.parametrize("value", ["1", True, []])
def test_what_is_no_order_number_is_refused(value):
    with pytest.raises(Misfit):
        OrderKind().read(value)


def test_a_text_may_be_a_path():
    assert TextKind().read(Path("a") / "b") == str(Path("a") / "b")
    assert TextKind().read("x") == "x"
    for value in (3, None, b"x"):
        with pytest.raises(Misfit):
            TextKind().read(value)


@pytest.mark.parametrize(
    ("value", "read"), [("en", "en"), (["en", b"de"], "en, de"), (b"caf\xe9", "café"), (3, "3"), (None, None)]
)
def test_a_header_value_is_read_as_text(value, read):
    assert HeaderKind().read(value) == read


@pytest.mark.parametrize("value", [True, 1.5, [], ["en", None], {"en"}])
def test_what_is_no_header_value_is_refused(value):
    with pytest.raises(Misfit):
        HeaderKind().read(value)


def test_a_choice_is_read_in_any_case():
    kind = ChoiceKind(("depth", "breadth"))

    assert kind.read(" Depth ") == "depth"
    assert kind.wants == "'depth' or 'breadth'"
    assert ChoiceKind(("memory",)).wants == "'memory'"
    for value in ("deep", 1, None):
        with pytest.raises(Misfit):
            kind.read(value)


@pytest.mark.parametrize("value", ["debug", "DEBUG", " Debug", 10, "10", logging.DEBUG])
def test_a_log_level_is_read_into_its_name(value):
    assert LogLevelKind().read(value) == "DEBUG"


@pytest.mark.parametrize("value", ["LOUD", 11, "11", None, True, ""])
def test_what_is_no_log_level_is_refused(value):
    with pytest.raises(Misfit):
        LogLevelKind().read(value)


def test_a_component_is_a_dotted_path_or_the_class_itself():
    assert ComponentKind().read(" pipelines.price.Price ") == "pipelines.price.Price"
    assert ComponentKind().read(Pipeline) is Pipeline
    for value in ("Price", "pipelines.", "a b.C", "1a.B", 3, None):
        with pytest.raises(Misfit):
            ComponentKind().read(value)


def test_a_kind_without_rules_takes_everything():
    marker = object()

    assert Kind().read(marker) is marker


def test_of_two_names_for_a_level_the_usual_one_is_kept():
    assert LogLevelKind().read("WARN") == LogLevelKind().read("WARNING") == LogLevelKind().read(30) == "WARNING"
