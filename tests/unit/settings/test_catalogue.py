"""All known options in one place."""

import pytest

from framework.settings import Catalogue, builtin_catalogue, group, option
from framework.settings.declared import LogOptions, RetryOptions


@group("Again", "Declares a name that is taken.")
class AgainOptions:
    """A group that collides."""

    times: int = option("RETRY_TIMES", default=1, doc="Twice.")


def test_a_catalogue_knows_its_options_by_name():
    catalogue = Catalogue([RetryOptions])

    assert "RETRY_TIMES" in catalogue
    assert "LOG_LEVEL" not in catalogue
    assert catalogue.get("RETRY_TIMES").field == "times"
    assert catalogue.get("LOG_LEVEL") is None
    assert repr(catalogue) == "<Catalogue of 9 options in 1 groups>"


def test_adding_groups_makes_a_new_catalogue():
    small = Catalogue([RetryOptions])

    large = small.with_groups([LogOptions, RetryOptions])

    assert "LOG_LEVEL" in large
    assert "LOG_LEVEL" not in small
    assert [found.cls for found in large.groups] == [RetryOptions, LogOptions]


def test_a_name_declared_twice_is_refused_with_the_group():
    with pytest.raises(ValueError, match="RETRY_TIMES is declared twice, the second time in AgainOptions"):
        builtin_catalogue().with_groups([AgainOptions])
