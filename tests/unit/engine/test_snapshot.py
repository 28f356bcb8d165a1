"""Items are as they were at their yield, whatever is done to them afterwards."""

import dataclasses
import enum
import time
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from datetime import UTC, datetime
from typing import NamedTuple

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


class Price(NamedTuple):
    amount: int
    notes: list


class Multi(dict):
    """Takes several values for a key."""

    def __init__(self, url):
        super().__init__()
        self.url = url
        self.order = []

    def __setitem__(self, key, value):
        self.order.append(key)
        self.setdefault(key, []).append(value)


class Once(OrderedDict):
    """Refuses a second value for a key."""

    __slots__ = ("tags",)

    def __setitem__(self, key, value):
        if key in self:
            raise ValueError(f"{key} is set")
        super().__setitem__(key, value)


class Attributes(dict):
    """Has its keys as attributes."""

    def __init__(self, *args):
        super().__init__(*args)
        self.__dict__ = self


def _nothing(self):
    raise AssertionError("code of the class")


# What reading an object of a built-in type, or making another, might call.
CLOSED = (
    "__new__", "__init__", "__iter__", "__len__", "__getitem__", "__setitem__", "__getattr__", "__setattr__",
    "__copy__", "__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__missing__",
    "keys", "values", "items", "update", "get", "append", "extend", "add", "maxlen", "default_factory",
)  # fmt: skip


KINDS = [dict, OrderedDict, Sub, Book, Plain, Frozen, Defined, Model]


@pytest.fixture
def registered(monkeypatch):
    """Return what makes a class one of items."""

    def register(kind):
        class Adapter(DictAdapter):
            is_item = classmethod(lambda cls, item: isinstance(item, kind))
            is_item_class = classmethod(lambda cls, item_class: issubclass(item_class, kind))

        monkeypatch.setattr(ItemAdapter, "ADAPTER_CLASSES", deque([Adapter, *ItemAdapter.ADAPTER_CLASSES]))

    return register


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
        deque([1, [2]], 9), bytearray(b"x"), Book(tags=[1]), [Plain(1, [2])], Price(1, [2]), Counter("aab"),
        UserDict(a=[1]), UserList([1, [2]]), ChainMap({"a": [1]}, {"b": [2]}),
    ],
)  # fmt: skip
def test_values_inside_are_copied_at_any_depth_and_stay_of_their_types(value):
    copy = snapshot({"v": value})["v"]

    assert copy == value
    assert type(copy) is type(value)
    assert copy is not value or type(value) is tuple


@pytest.mark.parametrize(
    ("value", "inner"),
    [
        (Price(1, [2]), lambda price: price.notes), ((1, [2]), lambda pair: pair[1]),
        (deque([[2]]), lambda row: row[0]), (OrderedDict(a=[2]), lambda ordered: ordered["a"]),
        (UserDict(a=[2]), lambda user: user.data["a"]), (UserList([[2]]), lambda user: user.data[0]),
        (ChainMap({"a": [2]}), lambda chain: chain.maps[0]["a"]),
    ],
)  # fmt: skip
def test_what_a_container_holds_is_its_own(value, inner):
    copy = snapshot({"v": value})["v"]
    inner(value).append(3)

    assert inner(copy) == [2]


def test_a_mapping_with_a_setter_of_its_own_is_copied_without_it():
    multi = Multi("http://a/1")
    multi["n"], multi["n"] = 1, 2

    copy = snapshot(multi)
    multi["n"] = 3

    assert (type(copy), dict(copy), vars(copy)) == (Multi, {"n": [1, 2]}, {"url": "http://a/1", "order": ["n", "n"]})


def test_a_mapping_that_refuses_a_second_setting_is_copied():
    once = Once(b=[1], a=[2])
    once.move_to_end("b")
    once.tags = ["x"]

    copy = snapshot(once)
    once["b"].append(9)
    once.tags.append(9)

    assert (type(copy), list(copy.items()), copy.tags) == (Once, [("a", [2]), ("b", [1])], ["x"])


def test_a_mapping_that_is_its_own_attributes_stays_one():
    copy = snapshot(Attributes({"n": [1]}))
    copy.n.append(2)
    copy.m = 3

    assert (type(copy), copy) == (Attributes, {"n": [1, 2], "m": 3})


@pytest.mark.parametrize(
    ("base", "contents"),
    [
        (dict, {"a": [1]}), (OrderedDict, {"a": [1]}), (list, [[1]]), (deque, [[1]]),
        (tuple, [[1]]), (set, {1}), (bytearray, b"x"),
    ],
)  # fmt: skip
def test_nothing_of_a_class_is_called_for_a_copy(base, contents):
    opened = type("Opened", (base,), {})
    value = opened(contents)
    for name in CLOSED:
        setattr(opened, name, property(_nothing))

    copy = snapshot({"v": value})["v"]

    for name in CLOSED:
        delattr(opened, name)
    assert copy is not value
    assert (type(copy), copy) == (opened, base(contents))


@pytest.mark.parametrize("maxlen", [None, 3])
def test_a_copy_keeps_what_a_container_is_made_with(maxlen):
    copy = snapshot({"row": deque([1], maxlen), "lists": defaultdict(list)})

    copy["lists"]["new"].append(1)
    assert copy["row"].maxlen == maxlen
    assert copy["lists"] == {"new": [1]}


class Colour(dict, enum.Enum):
    """Members with contents."""

    RED = {"r": 255}


class Broken:
    """An item of a registered kind that cannot be copied."""

    def __copy__(self):
        raise TypeError("not this one")


def test_what_has_no_copy_stays_the_very_same(registered):
    registered(Broken)
    live, broken, now, clock = object(), Broken(), datetime(2026, 1, 1, tzinfo=UTC), time.gmtime(0)
    item = {"live": live, "broken": broken, "now": now, "at": clock, "list": [live], "key": {live: 1}, "c": Colour.RED}

    copy = snapshot(item)

    assert copy["live"] is copy["list"][0] is live
    assert copy["broken"] is broken
    assert copy["now"] is now
    assert copy["at"] is clock
    assert copy["c"] is Colour.RED
    assert list(copy["key"]) == [live]
    assert copy["list"] is not item["list"]


@pytest.mark.parametrize("wrapped", [lambda one: {"n": one}, lambda one: [one], lambda one: (one,)])
def test_what_is_nested_deeply_is_copied_to_its_end(wrapped):
    leaf = ["as it was"]
    item = leaf
    for _ in range(300):
        item = wrapped(item)

    copy = snapshot({"tree": item})["tree"]
    leaf[:] = ["changed"]
    while copy != ["as it was"]:
        (copy,) = copy.values() if isinstance(copy, dict) else copy


def test_what_holds_itself_stays_as_it_is():
    item = {"children": [{"n": 1}, Plain(2, [])]}
    item["children"][0]["parent"] = item["children"][1].tags = item["children"]
    item["children"].reverse()

    assert snapshot(item) is item


@pytest.mark.parametrize("length", [1, 2, 7, 101, 400])
def test_what_holds_itself_further_down_stays_as_it_is(length):
    item = last = {}
    for _ in range(length - 1):
        last["next"] = last = {}
    last["next"] = item

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


def test_an_item_of_a_registered_kind_is_copied_too(registered):
    registered(Row)
    row = Row(1)

    copy = snapshot(row)
    row.n = 2

    assert (type(copy), copy.n) == (Row, 1)
