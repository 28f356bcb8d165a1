"""The lines of assignments."""

from framework.settings.assignments import lines_of_assignments, lines_of_class_dict

SOURCE = """\
from shared import *
from shared import SHARED as RENAMED
import os
A = 1
B: int = 2
if A:
    C = 3
else:
    D = 4
try:
    E = 5
except ValueError:
    F = 6
finally:
    G = 7
H, (I, J) = 1, (2, 3)
A = 9
B += 1
def function():
    INNER = 1
class Thing:
    INNER = 1
with open(os.devnull):
    K = 1
print(A)
"""


def test_the_last_line_that_binds_a_name_is_found():
    lines = lines_of_assignments(SOURCE)

    assert lines["A"] == 17
    assert lines["B"] == 18
    assert {name: lines[name] for name in "CDEFGHIJK"} == {
        "C": 7, "D": 9, "E": 11, "F": 13, "G": 15, "H": 16, "I": 16, "J": 16, "K": 24
    }  # fmt: skip
    assert lines["RENAMED"] == 2
    assert lines["*"] == 1


def test_functions_and_classes_are_not_looked_into():
    assert "INNER" not in lines_of_assignments(SOURCE)


EXTRA = {"HIDDEN": 1}


class Spider:
    """A spider, for tests."""

    name = "x"
    custom_settings = {
        "RETRY_TIMES": 1,
        **EXTRA,
        "LOG_" + "LEVEL": "INFO",
    }


class Annotated:
    """Settings with an annotation, or without a dict."""

    custom_settings: dict = {"A": 1}
    other = dict(EXTRA)


def test_the_lines_of_a_class_dict_are_found():
    file, lines = lines_of_class_dict(Spider, "custom_settings")

    assert file.name == "test_assignments.py"
    assert list(lines) == ["RETRY_TIMES"]
    assert file.read_text().splitlines()[lines["RETRY_TIMES"] - 1].strip() == '"RETRY_TIMES": 1,'


def test_an_annotated_dict_is_found_and_another_expression_has_no_lines():
    assert list(lines_of_class_dict(Annotated, "custom_settings")[1]) == ["A"]
    assert lines_of_class_dict(Annotated, "other")[1] == {}


def test_a_class_inside_a_function_is_found():
    class Local:
        custom_settings = {
            "A": 1,
        }

    file, lines = lines_of_class_dict(Local, "custom_settings")

    assert file.read_text().splitlines()[lines["A"] - 1].strip() == '"A": 1,'


def test_a_class_without_source_has_no_lines():
    made = type("Made", (), {"custom_settings": {"A": 1}, "__module__": "nowhere"})

    assert lines_of_class_dict(made, "custom_settings") == (None, {})
    assert lines_of_class_dict(int, "custom_settings") == (None, {})
