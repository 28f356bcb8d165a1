"""The stand-ins themselves: a fake that lies makes every test that uses it worthless."""

import asyncio

import pytest

from framework.exceptions import DownloadConnectionError, DownloadTimeoutError
from framework.http import HtmlResponse, Request
from framework.protocols import DownloadHandler, Sink
from framework.testing.fakes import FakeHandler, ManualClock, Page, RecordingSink
from framework.testing.virtualtime import virtual_now


class Exchange:
    def __init__(self):
        self.sent_at = self.answered_at = None

    def sent(self):
        self.sent_at = virtual_now()

    def answered(self):
        self.answered_at = virtual_now()


def fetch(run, handler, url="http://a/1", exchange=None):
    return run(handler.download_request(Request(url), exchange or Exchange()))


def test_the_fakes_keep_the_protocols():
    assert isinstance(FakeHandler(), DownloadHandler)
    assert isinstance(RecordingSink(), Sink)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ("text", 200, b"text"),
        (b"bytes", 200, b"bytes"),
        (404, 404, b""),
        (1.5, 200, b""),
        (Page("x", status=201), 201, b"x"),
        (lambda request: request.url, 200, b"http://a/1"),
    ],
)
def test_what_an_answer_may_be(run, answer, status, body):
    response = fetch(run, FakeHandler({"http://a/1": answer}))

    assert (response.status, response.body, response.url) == (status, body, "http://a/1")
    assert isinstance(response, HtmlResponse)


def test_headers_decide_the_kind_of_response(run):
    response = fetch(run, FakeHandler({None: Page(b"{}", headers={"Content-Type": "application/json", "X-A": "b"})}))

    assert response.json() == {}
    assert response.headers["X-A"] == b"b"


def test_errors_are_raised_and_unknown_urls_cannot_be_reached(run):
    handler = FakeHandler({"http://a/1": DownloadTimeoutError("slow")})

    with pytest.raises(DownloadTimeoutError):
        fetch(run, handler)
    with pytest.raises(DownloadConnectionError, match="is not in the table"):
        fetch(run, handler, "http://a/2")


def test_a_list_gives_one_answer_a_request_and_then_its_last(run):
    handler = FakeHandler({"http://a/1": [503, "a", "b"]})

    assert [fetch(run, handler).body for _ in range(4)] == [b"", b"a", b"b", b"b"]


def test_time_passes_as_the_page_says(run):
    exchange = Exchange()
    handler = FakeHandler({None: Page("x", connect_s=1, wait_s=2, read_s=4)})

    async def case():
        await handler.download_request(Request("http://a/1"), exchange)
        return virtual_now()

    assert run(case()) == 7
    assert (exchange.sent_at, exchange.answered_at) == (1, 3)
    assert [(sent.url, sent.at) for sent in handler.sent] == [("http://a/1", 1)]


def test_it_counts_what_is_on_the_wire(run):
    handler = FakeHandler({None: 1.0})

    async def case():
        fetches = [handler.download_request(Request(f"http://a/{n}"), Exchange()) for n in range(3)]
        await asyncio.gather(*fetches)
        await handler.close()

    run(case())
    assert (handler.most_active, handler.active, handler.is_closed) == (3, 0, True)
    assert handler.urls == ["http://a/0", "http://a/1", "http://a/2"]


def test_a_recording_sink_tells_what_is_durable(run):
    sink = RecordingSink()

    async def case():
        await sink.open(None)
        sink.hand(1, [(0, "a"), (2, "b")])
        cut = sink.seal()
        sink.hand(2, [(0, "c")])
        await sink.write(cut)
        assert sink.written == ["a", "b"]
        await sink.close()
        await sink.open(cut)

    run(case())
    assert sink.items == ["a", "b"]
    assert sink.calls == ["open", "hand", "seal", "hand", "write", "close", "open"]
    assert sink.visits[0] == (1, [(0, "a"), (2, "b")])


def test_a_manual_clock_goes_on_when_told_and_never_back():
    clock = ManualClock(5.0)
    clock.advance(2.5)

    assert clock() == 7.5
    with pytest.raises(ValueError, match="time does not go back"):
        clock.advance(-1)
