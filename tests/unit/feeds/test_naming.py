from __future__ import annotations

import datetime
from typing import Any

import pytest

from framework.exceptions import SettingsError
from framework.feeds.naming import Naming

START = datetime.datetime(2026, 11, 21, 9, 30, 0, 237134, tzinfo=datetime.UTC)


class Spider:
    name = "books"


class Clock:
    """A second later each time it is asked."""

    def __init__(self) -> None:
        self.now = START - datetime.timedelta(seconds=1)

    def __call__(self) -> datetime.datetime:
        self.now += datetime.timedelta(seconds=1)
        return self.now


def test_each_batch_has_its_number_and_the_time_of_its_beginning() -> None:
    naming = Naming("%(name)s/%(batch_id)05d-%(batch_time)s.json", Spider(), now=Clock())

    assert naming.uri(1) == "books/00001-2026-11-21T09-30-01.237134.json"
    assert naming.uri(2) == "books/00002-2026-11-21T09-30-02.237134.json"


def test_the_time_is_that_of_the_start_for_all_batches_and_can_be_that_of_an_earlier_run() -> None:
    naming = Naming("%(time)s", Spider(), now=Clock())

    assert [naming.uri(1), naming.uri(2)] == ["2026-11-21T09-30-00"] * 2
    naming.started = "2025-01-01T00-00-00"
    assert naming.uri(3) == "2025-01-01T00-00-00"


def test_a_function_sees_the_batch_and_may_name_more() -> None:
    def params(given: dict[str, Any], spider: Any) -> dict[str, Any]:
        return {**given, "half": given["batch_id"] * 2}

    assert Naming("%(half)d-%(name)s", Spider(), params).uri(3) == "6-books"


def test_an_unknown_placeholder_is_told() -> None:
    with pytest.raises(SettingsError, match="nothing is called 'nothing'"):
        Naming("%(nothing)s", Spider()).uri(1)
