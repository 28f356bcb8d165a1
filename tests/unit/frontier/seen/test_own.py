"""A duplicate filter of the user's own, as the frontier asks it."""

import pytest

from framework.exceptions import PluginError
from framework.frontier.seen.own import OwnDupeFilter
from framework.http import Request

REQUEST = Request("http://a.example/1")


class Noting:
    def __init__(self):
        self.calls = []

    def open(self):
        self.calls.append("open")

    async def close(self, reason):
        self.calls.append(reason)

    def request_seen(self, request):
        return len(self.calls) > 1

    def log(self, request, spider):
        self.calls.append((request, spider))


class Bare:
    def request_seen(self, request):
        return True


def test_it_is_opened_asked_told_of_duplicates_and_closed(run):
    noting = Noting()
    own = OwnDupeFilter(noting, "spider")

    async def crawl():
        await own.open()
        assert not own.refuses(REQUEST)
        noting.calls.append("now")
        assert own.refuses(REQUEST)
        await own.close("finished")

    run(crawl())
    assert noting.calls == ["open", "now", (REQUEST, "spider"), "finished"]


def test_only_request_seen_must_be_there(run):
    own = OwnDupeFilter(Bare(), None)

    async def crawl():
        await own.open()
        await own.close("finished")

    run(crawl())
    assert own.refuses(REQUEST)


def test_a_class_without_request_seen_is_refused_by_name():
    with pytest.raises(PluginError, match=r"DUPEFILTER_CLASS: object has no method request_seen"):
        OwnDupeFilter(object(), None)


def test_an_async_request_seen_is_refused_by_name():
    class Late:
        async def request_seen(self, request):
            return False

    with pytest.raises(PluginError, match="coroutine function"):
        OwnDupeFilter(Late(), None)
