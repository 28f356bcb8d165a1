"""What hooks make of a request: retries, other requests in its place; and what is refused."""

from framework import Request, Spider
from framework.testing.fakes import Page

STEADY = {"RANDOMIZE_DOWNLOAD_DELAY": False}


class Starts(Spider):
    """Yields requests for ``paths``, each on its host."""

    name = "starts"
    paths = ()

    async def start(self):
        for path in self.paths:
            yield Request(f"http://{path}")

    def parse(self, response):
        yield {"page": response.url}


def starts(*paths):
    return type("Some", (Starts,), {"paths": paths})


def numbered(host, count):
    return [f"{host}/{number}" for number in range(1, count + 1)]


# -- retries and requests in place of others --------------------------------------------------------------------------


def test_a_retry_keeps_its_identity_and_is_not_counted_again(crawl):
    attempts = []

    class Watches(Starts):
        paths = ("a/1",)

    class Hook:
        @classmethod
        def from_crawler(cls, crawler):
            self = cls()
            self.crawler = crawler
            return self

        def process_request(self, request):
            (visit,) = self.crawler.engine._visits
            attempts.append((visit.lease.identity, visit.lease.attempt))

    done = crawl(Watches, {"http://a/1": [503, 500, "x"]}, DOWNLOADER_MIDDLEWARES={Hook: 1})

    assert [attempt for _, attempt in attempts] == [1, 2, 3]
    assert len({identity for identity, _ in attempts}) == 1
    assert (done.view.offered, done.view.retried, done.view.done) == (1, 2, 1)
    assert done.stats["retry/count"] == 2
    assert done.stats["scheduler/enqueued"] == 1
    assert len(done.items) == 1


class RetriesLater:
    """Puts a 503 back for half a minute."""

    @classmethod
    def from_crawler(cls, crawler):
        self = cls()
        self.crawler = crawler
        return self

    def process_response(self, request, response):
        if response.status != 503:
            return response
        again = request.copy()
        again._retry = "later"
        again._not_before_at = self.crawler.wall_clock() + 30
        return again


def test_a_retry_waits_for_its_own_time_and_holds_nothing(crawl):
    pages = {"http://a/1": [503, "1"], None: "x"}

    done = crawl(starts(*numbered("a", 3)), pages, DOWNLOADER_MIDDLEWARES={RetriesLater: 1000}, CONCURRENT_REQUESTS=1)

    assert [(s.url[-1], round(s.at)) for s in done.handler.sent] == [("1", 0), ("2", 0), ("3", 0), ("1", 30)]


def test_a_retry_with_a_priority_that_cannot_be_queued_fails_its_visit(crawl, caplog):
    class Wrong(RetriesLater):
        def process_response(self, request, response):
            again = super().process_response(request, response)
            if isinstance(again, Request):
                again.priority = None
            return again

    done = crawl(starts("a/1", "a/2"), {"http://a/1": 503, None: "x"}, DOWNLOADER_MIDDLEWARES={Wrong: 1000})

    assert (done.view.failed, done.view.done) == (1, 1)
    assert "its priority must be an int" in caplog.text


def test_another_request_from_a_hook_replaces_this_one_and_is_its_child(crawl):
    pages = {"http://a/1": Page(status=302, headers={"Location": "http://b/2"}), "http://b/2": "there"}

    done = crawl(starts("a/1"), pages)

    assert done.items == [{"page": "http://b/2"}]
    assert (done.view.offered, done.view.replaced, done.view.done) == (2, 1, 1)


def test_a_hook_that_gives_back_the_very_request_asks_for_a_known_one(crawl):
    class Same:
        def process_response(self, request, response):
            return request if response.status == 202 else response

    done = crawl(starts("a/1"), {"http://a/1": 202}, DOWNLOADER_MIDDLEWARES={Same: 1})

    assert (done.view.replaced, done.view.refused, done.paths) == (1, 1, ["1"])


def test_duplicates_are_refused_and_dont_filter_is_not(crawl):
    class Same(Starts):
        paths = ("a/1", "a/1")

        def parse(self, response):
            yield {"page": response.url}
            if not response.meta.get("again"):
                yield Request("http://a/1")
                yield Request("http://a/1", dont_filter=True, meta={"again": 1})
                yield Request("http://a/1", dont_filter=True, meta={"again": 2})

    done = crawl(Same, {None: "x"})

    assert done.paths == ["1", "1", "1"]
    assert done.stats["dupefilter/filtered"] == 2


# -- a duplicate filter of the user's own -----------------------------------------------------------------------------


class EveryThird:
    """Lets each URL pass three times."""

    def __init__(self):
        self.counts, self.life = {}, []

    def open(self):
        self.life.append("open")

    def close(self, reason):
        self.life.append(reason)

    def request_seen(self, request):
        if request.url.endswith("broken"):
            raise LookupError("broken filter")
        count = self.counts[request.url] = self.counts.get(request.url, 0) + 1
        return count > 3


def test_a_duplicate_filter_of_the_users_own_decides(crawl):
    made = []

    class Own(EveryThird):
        @classmethod
        def from_crawler(cls, crawler):
            made.append(cls())
            return made[-1]

    class Repeats(Starts):
        async def start(self):
            for _ in range(5):
                yield Request("http://a/1")
            yield Request("http://a/broken")
            yield Request("http://a/1", dont_filter=True)

    done = crawl(Repeats, {"http://a/1": "x", "http://a/broken": "x"}, DUPEFILTER_CLASS=Own)

    assert done.paths == ["1"] * 4
    assert done.stats["refused/duplicate"] == 2
    assert done.stats["refused/broken"] == 1
    assert made[0].life == ["open", "finished"]
