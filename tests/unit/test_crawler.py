"""The composition root: what it builds, what it says of a crawl, and that everything opened is closed."""

import asyncio

import pytest

from framework import Request, Spider, signals
from framework.crawler import Crawler
from framework.exceptions import ExportError, PluginError, SettingsError, UsageError
from framework.testing.fakes import FakeHandler, RecordingSink


class Site(Spider):
    name = "site"
    start_urls = ["http://a/1"]

    def __init__(self, *args, shout=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.shout = shout

    def parse(self, response):
        yield {"text": response.text.upper() if self.shout else response.text}


class Keeps:
    """A pipeline that keeps what it gets, and remembers its life."""

    def __init__(self):
        self.life, self.items = [], []

    def open_spider(self):
        self.life.append("open")

    def process_item(self, item):
        self.items.append(item)
        return item

    def close_spider(self):
        self.life.append("close")


def crawler_with(spidercls=Site, pages=None, **settings):
    handler = FakeHandler(pages or {None: "x"})
    handler_class = type(f"Handler{id(handler)}", (), {"from_crawler": classmethod(lambda cls, crawler: handler)})
    crawler = Crawler(
        spidercls,
        {
            "DOWNLOAD_HANDLERS": {"http": handler_class},
            "EXTENSIONS_BASE": {},
            "ITEM_PIPELINES": {Keeps: 1},
            "RETRY_ENABLED": False,
            **settings,
        },
    )
    return crawler, handler


def test_a_crawl_from_settings_and_arguments(run_real):
    crawler, handler = crawler_with()

    run_real(crawler.crawl(shout=True))

    assert crawler.finish_reason == "finished"
    assert crawler.get_item_pipeline(Keeps).items == [{"text": "X"}]
    assert crawler.get_item_pipeline(Keeps).life == ["open", "close"]
    assert handler.is_closed
    assert not crawler.has_failed


def test_crawl_async_is_the_same(run_real):
    crawler, handler = crawler_with()

    run_real(crawler.crawl_async())

    assert handler.urls == ["http://a/1"]


def test_a_crawler_runs_once(run_real):
    crawler, _ = crawler_with()
    run_real(crawler.crawl())

    with pytest.raises(UsageError, match="a Crawler runs once"):
        run_real(crawler.crawl())


@pytest.mark.parametrize("not_a_class", ["site", object(), Site(), int])
def test_only_spider_classes_are_taken(not_a_class):
    with pytest.raises(PluginError, match="takes a spider class"):
        Crawler(not_a_class)


def test_the_settings_of_the_caller_are_left_as_they_are():
    from framework.settings import Settings

    class Own(Site):
        custom_settings = {"CONCURRENT_REQUESTS": 3}

    settings = Settings({"DOWNLOAD_DELAY": 2})
    crawler = Crawler(Own, settings)

    assert crawler.settings.getint("CONCURRENT_REQUESTS") == 3
    assert crawler.settings.getfloat("DOWNLOAD_DELAY") == 2
    assert settings.getint("CONCURRENT_REQUESTS") == 16


def test_wrong_settings_end_it_before_anything_is_opened(run_real):
    crawler, handler = crawler_with(CONCURRENT_REQUESTS="many")

    with pytest.raises(SettingsError, match="CONCURRENT_REQUESTS"):
        run_real(crawler.crawl())

    assert crawler.spider is None
    assert not handler.sent


def test_settings_are_frozen_when_components_see_them(run_real):
    errors = []

    class Meddles:
        @classmethod
        def from_crawler(cls, crawler):
            try:
                crawler.settings.set("DOWNLOAD_DELAY", 5)
            except Exception as error:
                errors.append(type(error).__name__)
            return cls()

    crawler, _ = crawler_with(EXTENSIONS={Meddles: 1})
    run_real(crawler.crawl())

    assert len(errors) == 1


def test_what_was_opened_is_closed_when_opening_fails_half_way(run_real):
    class Fails:
        def open_spider(self):
            raise LookupError("cannot open")

        def process_item(self, item):
            return item

    crawler, handler = crawler_with(ITEM_PIPELINES={Keeps: 1, Fails: 2})

    with pytest.raises(LookupError, match="cannot open"):
        run_real(crawler.crawl())

    assert crawler.get_item_pipeline(Keeps).life == ["open", "close"]
    assert not handler.sent
    assert crawler.finish_reason != "finished"


def test_components_are_found_by_their_class(run_real):
    class Extension:
        pass

    crawler, _ = crawler_with(EXTENSIONS={Extension: 1})
    run_real(crawler.crawl())

    assert isinstance(crawler.get_extension(Extension), Extension)
    assert isinstance(crawler.get_item_pipeline(Keeps), Keeps)
    assert crawler.get_downloader_middleware(Extension) is crawler.get_spider_middleware(Extension)
    assert crawler.get_extension(int) is None
    assert crawler.get_addon(int) is None


def test_stopping_one_that_does_not_run_does_nothing():
    crawler, _ = crawler_with()

    crawler.stop()

    assert crawler.finish_reason is None


def test_stop_ends_a_crawl_in_good_order(run_real):
    class Stops(Site):
        start_urls = [f"http://a/{number}" for number in range(50)]

        def parse(self, response):
            self.crawler.stop()

    crawler, handler = crawler_with(Stops, CONCURRENT_REQUESTS=1)
    run_real(crawler.crawl())

    assert crawler.finish_reason == "shutdown"
    assert len(handler.sent) == 1


@pytest.mark.parametrize(
    ("pages", "has_failed"),
    [({None: "x"}, False), ({None: LookupError("no page at all")}, True), ({None: 404}, False)],
)
def test_a_crawl_without_one_page_has_failed(run_real, pages, has_failed):
    crawler, _ = crawler_with(pages=pages)

    run_real(crawler.crawl())

    assert crawler.has_failed is has_failed


def test_a_crawl_that_has_not_run_has_failed():
    crawler, _ = crawler_with()

    assert crawler.has_failed


def test_the_end_is_told_in_scrapys_order(run_real):
    order = []

    class Told(Site):
        @classmethod
        def from_crawler(cls, crawler, *args, **kwargs):
            spider = super().from_crawler(crawler, *args, **kwargs)
            crawler.signals.connect(lambda: order.append("engine_stopped"), signals.engine_stopped, weak=False)
            return spider

        def closed(self, reason):
            order.append(f"closed: {reason}")

    class Last(Keeps):
        def close_spider(self):
            order.append("pipeline")

    crawler, _ = crawler_with(Told, ITEM_PIPELINES={Last: 1})
    run_real(crawler.crawl())

    assert order == ["pipeline", "closed: finished", "engine_stopped"]


def test_two_crawls_in_one_loop_do_not_see_each_other(run_real):
    class Slow(Site):
        async def parse(self, response):
            await asyncio.sleep(0.01)
            yield Request("http://a/2")
            yield {"by": self.name}

    crawlers = [crawler_with(type("Some", (Slow,), {"name": name}))[0] for name in ("one", "two")]

    async def case():
        await asyncio.gather(*(crawler.crawl() for crawler in crawlers))

    run_real(case())

    for crawler in crawlers:
        items = crawler.get_item_pipeline(Keeps).items
        assert items == [{"by": crawler.spider.name}] * 2
        assert crawler.stats.get_value("response_received_count") == 2


def test_the_summary_is_told_also_when_a_crawl_fails(run_real, caplog):
    caplog.set_level("INFO")

    class Fails(Keeps):
        def close_spider(self):
            raise LookupError("at the end")

    crawler, _ = crawler_with(ITEM_PIPELINES={Fails: 1})
    with pytest.raises(LookupError):
        run_real(crawler.crawl())

    assert "balance" in caplog.text


@pytest.mark.parametrize("key", ["127.0.0.1:8000", "http://a.example", "a.example/x"])
def test_a_host_rule_that_fits_no_host_is_said_aloud(run_real, caplog, key):
    crawler, _ = crawler_with(DOWNLOAD_SLOTS={key: {"delay": 1}, "::1": {"delay": 0}})

    run_real(crawler.crawl())

    assert [record.args[0] for record in caplog.records if "fits no host" in record.msg] == [key]


def test_the_stats_tell_of_the_seen_set_at_the_end(run):
    crawler = Crawler(type("Data", (Site,), {"start_urls": ["data:,x"]}), {"LOG_ENABLED": False, "SEEN": "bloom"})

    run(crawler.crawl())

    assert crawler.stats.get_value("seen/mode") == "bloom"
    assert crawler.stats.get_value("seen/identities") == 1
    assert crawler.stats.get_value("seen/false_positive_rate") == 0


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("jobdir", [True, False])
@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_a_crawl_that_cannot_begin_leaves_its_outputs_as_they_were(run_real, tmp_path, overwrite, jobdir, form):
    old, new, folder = tmp_path / f"old.{form}", tmp_path / f"new.{form}", tmp_path / "folder.jsonl"
    before = b'[\n{"n":1}\n]\n' if form == "json" else b'{"n":1}\n'
    old.write_bytes(before)
    folder.mkdir()
    feeds = {str(path): {"overwrite": overwrite} for path in (old, new, folder)}
    settings = {"FEEDS": feeds, "JOBDIR": str(tmp_path / "job") if jobdir else None}

    with pytest.raises(ExportError, match="it is a folder"):
        run_real(crawler_with(**settings)[0].crawl())

    assert old.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {old.name, folder.name}

    feeds.pop(str(folder))
    run_real(crawler_with(**settings)[0].crawl())
    assert old.read_bytes().count(b"text") == 1
    assert (old.read_bytes().count(b'"n":1') == 0) is overwrite


def test_a_sink_of_the_users_own_is_cut_back_when_its_job_is_given_up(run_real, tmp_path):
    class Own(RecordingSink):
        cuts = []

        @classmethod
        def from_crawler(cls, crawler):
            return cls()

        async def cut_back(self, cut):
            self.cuts.append((cut, self.calls))

    settings = {"ITEM_PIPELINES": {Own: 1}, "JOBDIR": str(tmp_path / "job")}
    run_real(crawler_with(**settings)[0].crawl())

    run_real(crawler_with(**settings)[0].cut_outputs(tmp_path / "job"))

    assert Own.cuts == [(1, [])]
