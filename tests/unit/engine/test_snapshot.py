"""Items are as they were at their yield, whatever is done to them afterwards."""

import dataclasses
from collections import OrderedDict, defaultdict, deque
from datetime import UTC, datetime

import attrs
import pydantic
import pytest
from itemadapter import ItemAdapter
from itemadapter.adapter import DictAdapter

from framework import Field, Item, Request, Spider
from framework.engine.snapshot import snapshot
from framework.exceptions import DropItem

PAGES = {None: "x"}


class Book(Item):
    n = Field()
    tags = Field()


@dataclasses.dataclass
class Plain:
    n: int
    tags: list


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    n: int
    tags: list


@attrs.define
class Defined:
    n: int
    tags: list


class Model(pydantic.BaseModel):
    n: int
    tags: list


class Sub(dict):
    """A mapping of the user's own."""


class Shelf(list):
    """A list that cannot be copied."""

    def __reduce_ex__(self, protocol):
        raise TypeError("not this one")


KINDS = [dict, OrderedDict, Sub, Book, Plain, Frozen, Defined, Model]


class Parses(Spider):
    name = "parses"
    start_urls = ["http://a/1"]


# -- in a crawl -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [5, 2500])
@pytest.mark.parametrize("is_async", [False, True])
def test_one_dict_that_is_yielded_again_and_again_is_an_item_each_time(crawl, count, is_async):
    class Reuses(Parses):
        def rows(self):
            item, other = {}, {"tags": []}
            for n in range(0, count, 2):
                item["n"] = n
                yield item
                other["n"] = n + 1
                other["tags"][:] = [n]
                yield other

        def parse(self, response):
            return self.rows()

    class ReusesAsync(Reuses):
        async def parse(self, response):
            for row in self.rows():
                yield row

    done = crawl(ReusesAsync if is_async else Reuses, PAGES)

    assert [item["n"] for item in done.items][:count] == list(range(count))
    assert [item["tags"] for item in done.items if "tags" in item] == [[n] for n in range(0, count, 2)]


def test_what_a_callback_does_to_an_item_after_its_yield_is_not_in_it(crawl):
    class Late(Parses):
        def parse(self, response):
            item = {"n": 1}
            yield item
            item["late"] = True

    assert crawl(Late, PAGES).items == [{"n": 1}]


def test_one_dict_of_start_is_an_item_each_time(crawl):
    class Starts(Parses):
        async def start(self):
            item = {}
            for n in range(5):
                item["n"] = n
                yield item

    assert [item["n"] for item in crawl(Starts, PAGES).items] == list(range(5))


def test_one_dict_of_an_errback_is_an_item_each_time(crawl):
    class Fails(Parses):
        async def start(self):
            yield Request("http://a/1", errback=self.failed)

        def failed(self, failure):
            item = {}
            for n in range(3):
                item["n"] = n
                yield item

    assert [item["n"] for item in crawl(Fails, {"http://a/1": OSError("gone")}, RETRY_ENABLED=False).items] == [0, 1, 2]


def test_what_a_pipeline_does_to_an_item_is_not_in_the_next_one(crawl):
    class Marks:
        def process_item(self, item):
            if "marked" in item:
                raise DropItem("seen before")
            item["marked"] = True
            return item

    class Reuses(Parses):
        def parse(self, response):
            item = {"n": 1}
            yield item
            yield item

    assert crawl(Reuses, PAGES, ITEM_PIPELINES={Marks: 1}).items == [{"n": 1, "marked": True}] * 2


# -- the copy ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_is_of_the_same_kind_and_all_its_own(kind):
    item = kind(n=1, tags=["a", ["b"]])

    copy = snapshot(item)
    ItemAdapter(item)["tags"][1].append("c")
    if kind is not Frozen:
        ItemAdapter(item)["n"] = 2

    assert type(copy) is kind
    assert ItemAdapter(copy).asdict() == {"n": 1, "tags": ["a", ["b"]]}


@pytest.mark.parametrize(
    "value",
    [
        [1, [2]], (1, [2]), {1, 2}, {"a": {"b": [1]}}, OrderedDict(b=1, a=[2]), defaultdict(list, a=[1]),
        deque([1, [2]], 9), bytearray(b"x"), Book(tags=[1]), [Plain(1, [2])],
    ],
)  # fmt: skip
def test_values_inside_are_copied_at_any_depth_and_stay_of_their_types(value):
    copy = snapshot({"v": value})["v"]

    assert copy == value
    assert type(copy) is type(value)
    assert copy is not value or type(value) is tuple


def test_what_has_no_copy_stays_the_very_same():
    live, shelf, now = object(), Shelf([1]), datetime(2026, 1, 1, tzinfo=UTC)
    item = {"live": live, "shelf": shelf, "now": now, "list": [live], "key": {live: 1}}

    copy = snapshot(item)

    assert copy["live"] is copy["list"][0] is live
    assert copy["shelf"] is shelf
    assert copy["now"] is now
    assert list(copy["key"]) == [live]
    assert copy["list"] is not item["list"]


def test_what_holds_itself_stays_as_it_is():
    item = {"children": [{"n": 1}, Plain(2, [])]}
    item["children"][0]["parent"] = item["children"][1].tags = item["children"]
    item["children"].reverse()

    assert snapshot(item) is item


def test_a_field_that_was_never_set_is_unset_in_the_copy():
    item = Defined.__new__(Defined)
    item.n = 1

    copy = snapshot(item)

    assert copy.n == 1
    assert not hasattr(copy, "tags")


class Row:
    """An item of a kind that the user registers."""

    def __init__(self, n):
        self.n = n


class RowAdapter(DictAdapter):
    """Knows it."""

    @classmethod
    def is_item(cls, item):
        return isinstance(item, Row)

    @classmethod
    def is_item_class(cls, item_class):
        return issubclass(item_class, Row)


def test_an_item_of_a_registered_kind_is_copied_too(monkeypatch):
    monkeypatch.setattr(ItemAdapter, "ADAPTER_CLASSES", deque([RowAdapter, *ItemAdapter.ADAPTER_CLASSES]))
    row = Row(1)

    copy = snapshot(row)
    row.n = 2

    assert (type(copy), copy.n) == (Row, 1)
