import functools
import importlib
import sys
import types
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.msgpack import encode

from framework.exceptions import CrawlError, StoredError, UnstorableError
from framework.http import FormRequest, Headers, JsonRequest, Request
from framework.http.request import NO_CALLBACK
from framework.http.stored import StoredForm
from framework.item import Field, Item


class Book(Item):
    title = Field()


class SessionRequest(Request):
    attributes = (*Request.attributes, "session")

    def __init__(self, *args, session=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.session = session
        self.meta["made"] = self.meta.get("made", 0) + 1


class SlottedRequest(Request):
    __slots__ = ("token",)


class Shop:
    def parse(self, response): ...

    def parse_book(self, response): ...

    def failed(self, failure): ...

    alias = parse_book

    @staticmethod
    def parse_static(response): ...

    @classmethod
    def parse_class(cls, response): ...

    def __hidden(self, response): ...

    def hidden(self):
        return self.__hidden


class OtherShop:
    def parse(self, response): ...


SHOP = Shop()
URL = "https://example.com/books/1?page=2#top"
SLOTS = ("_meta", "_cb_kwargs", "_headers", "_cookies", "_flags", "_page_meta", "_page_headers")


def content(request):
    """Give all that a request is, as a plain dictionary of exact values."""
    names = (*request.attributes, "_method")
    return {name: getattr(request.copy(), name) for name in names} | {
        "class": type(request),
        "headers": dict(request.copy().headers),
        "headers_encoding": request.copy().headers.encoding,
        "types": [type(value) for value in request.copy().meta.values()],
    }


def slots(request):
    return {name: getattr(request, name) for name in SLOTS}


def back(request, spider=SHOP):
    return StoredForm(spider).load(StoredForm(spider).dump(request))


def local_function(response): ...


VALUES = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=4), st.binary(max_size=4), st.dates()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.tuples(inner),
        st.dictionaries(st.text(max_size=3), inner, max_size=2),
        st.builds(Book, st.fixed_dictionaries({"title": inner})),
    ),
    max_leaves=4,
)
TABLES = st.dictionaries(st.text(max_size=4), VALUES, max_size=3)
REQUESTS = st.builds(
    Request,
    st.just(URL),
    callback=st.sampled_from([None, SHOP.parse, SHOP.parse_book, SHOP.parse_static, NO_CALLBACK]),
    method=st.sampled_from(["GET", "POST", "HEAD", "x-own"]),
    headers=st.dictionaries(st.sampled_from(["A", "b", "Accept-X"]), st.sampled_from([None, "1", ["2", "3"]])),
    body=st.one_of(st.none(), st.binary(max_size=6)),
    cookies=st.one_of(
        st.none(), st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2), st.just([{"name": "a"}])
    ),
    meta=TABLES,
    encoding=st.sampled_from(["utf-8", "latin-1"]),
    priority=st.integers(-100, 1 << 62),
    dont_filter=st.booleans(),
    errback=st.sampled_from([None, SHOP.failed]),
    flags=st.lists(st.text(max_size=3), max_size=2),
    cb_kwargs=TABLES,
)


@settings(max_examples=100, deadline=None)
@given(REQUESTS)
def test_a_request_comes_back_as_it_was(request):
    assert content(back(request)) == content(request)


@settings(max_examples=100, deadline=None)
@given(REQUESTS, st.sampled_from([Request, FormRequest, JsonRequest, SessionRequest]))
def test_what_the_snapshot_leaves_is_what_the_stored_form_gives_back(request, cls):
    request = request.replace(cls=cls)
    stored = back(request)

    assert StoredForm(SHOP).snapshot(request) is None

    assert content(request) == content(stored)


@settings(max_examples=150, deadline=None)
@given(REQUESTS, st.integers(0, 500), st.integers(0, 255), st.booleans())
def test_damaged_bytes_give_a_request_or_a_stored_error(request, at, byte, is_cut):
    form = StoredForm(SHOP)
    data = bytearray(form.dump(request))
    at %= len(data)
    if is_cut:
        del data[at:]
    else:
        data[at] = byte

    with suppress(StoredError):
        assert isinstance(form.load(bytes(data)), Request)


def test_a_plain_request_is_stored_without_making_what_was_never_touched():
    request = Request(URL, callback=SHOP.parse)
    request._page_meta = {"depth": 2}
    request._page_headers = Headers({"Referer": "https://example.com"})
    before = slots(request)

    data = StoredForm(SHOP).dump(request)

    assert slots(request) == before
    assert all(slots(request)[name] is before[name] for name in SLOTS)
    assert len(data) < 120


def test_what_links_share_is_shared_again():
    form = StoredForm(SHOP)
    page, referer = {"depth": 2, "from": "x"}, Headers({"Referer": "https://example.com"})
    links = [Request(f"{URL}&n={n}") for n in range(3)]
    for link in links:
        link._page_meta, link._page_headers = page, referer

    one, two, three = [form.load(form.dump(link)) for link in links]
    two.meta["depth"] = 9
    two.headers["Referer"] = "other"

    assert one._meta is None
    assert one._headers is None
    assert one._page_meta is three._page_meta
    assert one._page_headers is three._page_headers
    assert one.meta == three.meta == page
    assert one.headers == three.headers == referer


def test_shared_meta_that_is_not_flat_comes_back_as_its_own():
    form = StoredForm(SHOP)
    links = [Request(URL), Request(URL)]
    for link in links:
        link._page_meta = {"list": [1], "big": 1 << 70, "odd": "\ud800"}

    one, two = [form.load(form.dump(link)) for link in links]

    assert one.meta == two.meta == {"list": [1], "big": 1 << 70, "odd": "\ud800"}
    assert one.meta["list"] is not two.meta["list"]


def test_shared_flat_meta_that_msgpack_cannot_hold_comes_back():
    request = Request(URL)
    request._page_meta = {"odd": "\ud800"}

    assert back(request).meta == {"odd": "\ud800"}


def test_shared_headers_of_another_encoding_come_back():
    request = Request(URL)
    request._page_headers = Headers({"A": "ä"}, encoding="latin-1")

    copy = back(request)

    assert copy.headers.getlist("A") == [b"\xe4"]
    assert copy.headers.encoding == "latin-1"


def test_an_item_in_meta_and_a_tuple_in_cb_kwargs_keep_their_types():
    request = Request(URL, meta={"book": Book(title="Dune")}, cb_kwargs={"place": (1, "a")})

    copy = back(request)

    assert type(copy.meta["book"]) is Book
    assert copy.meta["book"]["title"] == "Dune"
    assert copy.cb_kwargs == {"place": (1, "a")}


def test_meta_may_have_any_keys():
    request = Request(URL, meta={1: "a", (2, "b"): None})

    assert back(request).meta == {1: "a", (2, "b"): None}


def test_a_form_request_keeps_its_class_and_body():
    request = FormRequest(URL, formdata={"a": ["1", "2"]}, callback=SHOP.parse)

    assert content(back(request)) == content(request)


def test_a_json_request_keeps_how_it_writes_and_what_was_removed():
    request = JsonRequest(URL, data={"b": 1}, dumps_kwargs={"indent": 1})
    del request.headers["Accept"]

    copy = back(request)

    assert type(copy) is JsonRequest
    assert copy.dumps_kwargs == {"sort_keys": True, "indent": 1}
    assert b"Accept" not in copy.headers


def test_a_users_request_keeps_its_own_attributes_and_is_not_made_twice():
    request = SessionRequest(URL, session={"id": (1, 2)}, meta={"a": 1}, callback=SHOP.parse)
    request.later = [1]

    copy = back(request)

    assert type(copy) is SessionRequest
    assert copy.session == {"id": (1, 2)}
    assert copy.later == [1]
    assert copy.meta == {"a": 1, "made": 1}
    assert (copy._identity, copy._row, copy._origin) == (None, None, None)


def test_a_users_request_may_have_slots():
    request = SlottedRequest(URL)
    unset = back(request)
    request.token = b"t"

    assert back(request).token == b"t"
    assert not hasattr(unset, "token")


def test_the_snapshot_takes_copies_of_what_can_change():
    inner, cookies = [1], {"a": "1"}
    request = SessionRequest(
        URL, session=inner, meta={"l": inner}, cb_kwargs={"l": inner}, cookies=cookies, flags=["f"]
    )

    assert StoredForm(SHOP).snapshot(request) is None
    inner.append(2)
    cookies["b"] = "2"

    assert request.session == request.meta["l"] == request.cb_kwargs["l"] == [1]
    assert request.cookies == {"a": "1"}


def test_the_snapshot_of_a_plain_request_makes_nothing():
    form = StoredForm(SHOP)
    request = Request(URL, callback=SHOP.parse)
    request._page_meta = {"depth": 1}

    said = [form.snapshot(request), form.snapshot(request)]

    assert said == [None, None]
    assert [request._meta, request._headers, request._cookies] == [None, None, None]


@pytest.mark.parametrize(
    ("name", "callback"),
    [
        ("parse_book", SHOP.parse_book),
        ("alias", SHOP.alias),
        ("parse_static", Shop.parse_static),
        ("parse_class", SHOP.parse_class),
        ("hidden", SHOP.hidden()),
        ("NO_CALLBACK", NO_CALLBACK),
    ],
)
def test_callbacks_are_stored_by_name(name, callback):
    form = StoredForm(SHOP)
    request = Request(URL, callback=callback, errback=callback)

    copies = [form.load(form.dump(request)) for _ in range(2)]

    assert [form.snapshot(request), form.snapshot(request)] == [None, None]
    assert [copy.callback for copy in copies] == [callback, callback]
    assert copies[0].errback == callback


def test_the_callback_of_a_new_spider_object_is_its_own():
    later = Shop()

    request = StoredForm(later).load(StoredForm(SHOP).dump(Request(URL, callback=SHOP.parse)))

    assert request.callback == later.parse


class OwnHeaders(Headers):
    pass


def with_headers(headers):
    request = Request(URL)
    request.headers = headers
    return request


def local_class_request():
    class Local(Request):
        pass

    return Local(URL)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Request(URL, lambda response: None), r"its callback is a lambda \(tests/unit/http/stored/test_form\.py:\d+\)"),
        (Request(URL, errback=lambda failure: None), r"its errback is a lambda \(tests/unit/\S+:\d+\)"),
        (Request(URL, local_function), r"its callback is the function local_function \(tests/unit/\S+:\d+\)"),
        (Request(URL, OtherShop().parse), r"its callback is the function OtherShop\.parse \(tests/\S+:\d+\)"),
        (Request(URL, functools.partial(SHOP.parse, 1)), "its callback is a partial"),
        (Request(URL, types.MethodType(local_function, SHOP)), r"its callback is the function local_function"),
        (Request(URL, meta={"session": object()}), r"meta\['session'\] is an object"),
        (Request(URL, meta={"a": 1, "b": [{"c": object()}]}), r"meta\['b'\]\[0\]\['c'\] is an object"),
        (Request(URL, cb_kwargs={"f": lambda: None}), r"cb_kwargs\['f'\] is a lambda \(tests/unit/\S+:\d+\)"),
        (Request(URL, cookies={"a": object()}), r"cookies\['a'\] is an object"),
        (Request(URL, flags=[object()]), r"flags\[0\] is an object"),
        (Request(URL, priority=1 << 63), "its priority, 9223372036854775808, does not fit into 64 bits"),
        (with_headers(OwnHeaders({"a": "b"})), "its headers are an OwnHeaders"),
        (SessionRequest(URL, session=object()), "its session is an object"),
        (local_class_request(), r"it is a \S+Local, whose class cannot be imported as "),
    ],
)
def test_what_cannot_be_stored_is_named_and_left_as_it_is(request_, said):
    inner = [1]
    request_.meta["inner"] = inner
    form = StoredForm(SHOP)
    before = slots(request_)

    reason = form.snapshot(request_)

    assert reason is not None
    with pytest.raises(UnstorableError, match=f"cannot be stored: {said}"):
        form.dump(request_)
    assert slots(request_) == before
    assert request_.meta["inner"] is inner


def test_a_callback_that_the_spider_has_lost_is_named():
    data = StoredForm(SHOP).dump(Request("https://user:secret@example.com/", callback=SHOP.parse_book))

    with pytest.raises(CrawlError, match="Method 'parse_book' not found") as caught:
        StoredForm(OtherShop()).load(data)

    assert "give the method back its name or start a new job" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "example.com" in str(caught.value)


@pytest.mark.parametrize("name", ["__init__", "__class__", "__reduce__"])
def test_a_name_that_no_callback_has_is_refused(name):
    with pytest.raises(StoredError, match=f"names {name} as a callback"):
        StoredForm(SHOP).load(encode([1, URL, name, 0, None, None, None]))


@pytest.mark.parametrize(
    "path",
    ["os:system", "subprocess:Popen", f"{__name__}:Book", f"{__name__}:Nothing", "framework.http.request:nothing"],
)
def test_a_class_that_is_no_request_is_refused(path):
    with pytest.raises(StoredError, match="start a new job"):
        StoredForm(SHOP).load(encode([1, URL, None, 0, None, None, {"request_class": path, "state": {}}]))


@pytest.mark.parametrize("priority", [-(10**20), 1 << 63])
def test_a_priority_beyond_64_bits_is_named_at_the_yield_of_a_plain_request(priority):
    form = StoredForm(SHOP)
    form.snapshot(Request(URL, SHOP.parse))  # from now on it is known

    reason = form.snapshot(Request(URL, SHOP.parse, priority=priority))

    assert reason == f"its priority, {priority}, does not fit into 64 bits"
    assert form.snapshot(Request(URL, SHOP.parse, priority=-(1 << 63))) is None


def test_a_priority_that_is_no_number_is_left_to_the_offer():
    request = Request(URL, SHOP.parse)
    request.priority = "high"

    assert StoredForm(SHOP).snapshot(request) is None


def test_a_plain_request_with_a_priority_beyond_64_bits_is_refused():
    with pytest.raises(UnstorableError, match="its priority, 9223372036854775808, does not fit"):
        StoredForm(SHOP).dump(Request(URL, priority=1 << 63))
    with pytest.raises(UnstorableError, match="its priority, 18446744073709551616, does not fit"):
        StoredForm(SHOP).dump(Request(URL, priority=1 << 64))


def test_an_item_class_that_is_gone_is_named(monkeypatch):
    data = StoredForm(SHOP).dump(Request(URL, meta={"book": Book(title="Dune")}))
    monkeypatch.delattr(sys.modules[__name__], "Book")

    with pytest.raises(StoredError, match=f"names the class '{__name__}:Book', which is not there: import it"):
        StoredForm(SHOP).load(data)


def test_item_classes_are_imported_from_the_spiders_own_package_only(tmp_path, monkeypatch):
    for package in ("ownshop", "strangershop"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "items.py").write_text(
            "from dataclasses import dataclass\n@dataclass\nclass Toy:\n    name: str\n"
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    data = {}
    for package in ("ownshop", "strangershop"):
        toy = importlib.import_module(f"{package}.items").Toy("ball")
        data[package] = StoredForm(SHOP).dump(Request(URL, meta={"toy": toy}))
        monkeypatch.delitem(sys.modules, f"{package}.items")
        monkeypatch.delitem(sys.modules, package)
    form = StoredForm(type("Shop", (), {"__module__": "ownshop.spiders.shop"})())

    assert form.load(data["ownshop"]).meta["toy"].name == "ball"
    with pytest.raises(StoredError, match=r"'strangershop\.items:Toy', which is not there"):
        form.load(data["strangershop"])

    assert "strangershop.items" not in sys.modules


def test_the_form_of_a_newer_version_is_refused_by_name():
    with pytest.raises(StoredError, match="has the form 2, and this version of fwk knows the form 1"):
        StoredForm(SHOP).load(encode([2, {"url": URL}, None, 0, None, None, None]))
    with pytest.raises(StoredError, match="has the form 2"):
        StoredForm(SHOP).load(encode([2, URL, None, 0, None, None, None]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x97\x01",
        encode([1, URL, None, 0, encode([1]), None, None]),
        encode([1, URL, None, 0, encode({"a": [1]}), None, None]),
        encode([1, URL, None, 0, None, encode({b"a": b"b"}), None]),
        encode([1, URL, None, 0, None, None, {"meta": [1]}]),
        encode([1, URL, None, 0, None, None, {"unknown": 1}]),
        encode([1, 5, None, 0, None, None, None]),
    ],
)
def test_what_is_no_stored_request_is_called_damaged(data):
    with pytest.raises(StoredError, match="damaged"):
        StoredForm(SHOP).load(data)


def test_numbers_and_names_of_odd_types_become_plain():
    class Word(str):
        __slots__ = ()

    request = Request(Word("https://example.com/"), priority=True, dont_filter=1)

    copy = back(request)

    assert (type(copy.url), type(copy.priority), type(copy.dont_filter)) == (str, int, bool)
    assert (copy.url, copy.priority, copy.dont_filter) == ("https://example.com/", 1, True)
