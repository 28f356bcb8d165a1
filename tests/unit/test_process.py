"""Running crawls in a process of their own, without its signals (see tests/cli for those)."""

import asyncio
import builtins
import logging
from contextlib import AsyncExitStack

import pytest

from framework import Spider
from framework.crawler import Crawler
from framework.exceptions import CrawlError, ExportError, PluginError, SettingsError
from framework.process import CrawlerProcess, loop_factory
from framework.settings import Settings
from framework.testing.fakes import FakeHandler


class Site(Spider):
    name = "site"
    start_urls = ["http://a/1"]
    seen: list

    def parse(self, response):
        self.seen.append(response.url)
        if self.error is not None:
            raise self.error

    error = None


def process_with(**settings):
    handler = FakeHandler({None: "x"})
    handler_class = type(f"Handler{id(handler)}", (), {"from_crawler": classmethod(lambda cls, crawler: handler)})
    return CrawlerProcess(
        {"DOWNLOAD_HANDLERS": {"http": handler_class}, "EXTENSIONS_BASE": {}, "LOOP": "asyncio", **settings},
        install_signal_handlers=False,
    )


def test_all_planned_crawls_run_to_their_end():
    process = process_with()
    seen = []
    first = process.crawl(Site, seen=seen)
    second = process.crawl(Crawler(Site, process.settings), seen=seen)

    process.start()

    assert process.crawlers == [first, second]
    assert process.errors == []
    assert seen == ["http://a/1"] * 2
    assert [crawler.finish_reason for crawler in process.crawlers] == ["finished"] * 2


def test_a_process_without_crawls_ends_at_once():
    process = process_with()

    process.start()

    assert process.errors == []


def test_an_error_of_one_crawl_is_kept_and_ends_no_other():
    process = process_with()
    seen = []
    process.crawl(Crawler(Site, process.settings.copy_to_dict() | {"ITEM_PIPELINES": {"nowhere.Pipeline": 1}}))
    process.crawl(Site, seen=seen)

    process.start()

    assert seen == ["http://a/1"]
    assert len(process.errors) == 1
    assert "nowhere" in str(process.errors[0])


def test_a_wish_to_exit_is_passed_on_when_all_crawls_have_ended():
    process = process_with()
    seen = []
    leaving = process.crawl(Site, seen=seen, error=SystemExit(3))
    process.crawl(Site, seen=seen)

    with pytest.raises(SystemExit) as caught:
        process.start()

    assert caught.value.code == 3
    assert seen == ["http://a/1"] * 2
    assert leaving.finish_reason == "shutdown"


def test_a_crawl_that_was_broken_off_is_no_error():
    process = process_with()
    crawler = process.crawl(Site, seen=[], error=KeyboardInterrupt())

    process.start()

    assert process.errors == []
    assert crawler.finish_reason == "shutdown"
    assert crawler.has_failed


def test_settings_may_be_given_in_any_form():
    settings = Settings({"DOWNLOAD_DELAY": 2})

    assert CrawlerProcess(settings).settings is settings
    assert CrawlerProcess({"DOWNLOAD_DELAY": 3}).settings.getfloat("DOWNLOAD_DELAY") == 3
    crawler = Crawler(Site)
    assert CrawlerProcess().create_crawler(crawler) is crawler


def test_the_loop_is_the_one_that_the_settings_name():
    assert loop_factory("asyncio") is asyncio.new_event_loop
    uvloop = pytest.importorskip("uvloop")
    assert loop_factory("uvloop") is uvloop.new_event_loop
    assert loop_factory("auto") is uvloop.new_event_loop


def test_a_missing_uvloop_is_an_error_only_where_it_was_asked_for(monkeypatch):
    real = builtins.__import__

    def without_uvloop(name, *args, **kwargs):
        if name == "uvloop":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_uvloop)

    assert loop_factory("auto") is asyncio.new_event_loop
    with pytest.raises(SettingsError, match="pip install uvloop"):
        loop_factory("uvloop")


def test_a_script_hears_of_exceptions_and_of_the_end_of_its_crawl(capsys):
    process = process_with(LOG_LEVEL="INFO")
    process.crawl(Site, seen=[], error=ZeroDivisionError("in the callback"))
    before = (list(logging.getLogger().handlers), logging.getLogger().level)

    process.start()

    heard = capsys.readouterr().err
    assert "ZeroDivisionError: in the callback" in heard
    assert "1 offered = 0 done" in heard
    assert (logging.getLogger().handlers, logging.getLogger().level) == before


def test_the_log_level_of_a_script_is_the_one_that_its_spider_sets(capsys):
    process = process_with(LOG_LEVEL="DEBUG")
    quiet = type("Quiet", (Site,), {"custom_settings": {"LOG_LEVEL": "ERROR"}})
    process.crawl(quiet, seen=[])

    process.start()

    assert capsys.readouterr().err == ""


def test_a_program_with_a_log_of_its_own_gets_no_second_one(capsys):
    handlers = []
    process = CrawlerProcess({"EXTENSIONS_BASE": {}}, False, install_signal_handlers=False)
    opened = type("Opened", (Site,), {"start_urls": [], "parse": None})
    opened.__init__ = lambda self, **kwargs: handlers.extend(logging.getLogger().handlers)
    before = list(logging.getLogger().handlers)
    process.crawl(opened)

    process.start()

    assert handlers == before


def test_settings_that_are_wrong_are_told_by_name_and_not_only_kept(capsys):
    process = process_with(DOWNLOAD_DELAY=-1, LOG_LEVEL="LOUD")
    process.crawl(Site, seen=[])

    process.start()

    heard = capsys.readouterr().err
    assert "ERROR: The crawl of 'site' has ended: " in heard
    assert "DOWNLOAD_DELAY = -1" in heard
    assert "LOG_LEVEL" in heard
    assert len(process.errors) == 1


def test_an_error_that_is_nobodys_mistake_is_told_with_its_traceback(capsys):
    class Broken(Crawler):
        async def crawl(self, *args, **kwargs):
            raise ZeroDivisionError("a defect")

    process = process_with()
    process.crawl(Broken(Site, process.settings))

    process.start()

    heard = capsys.readouterr().err
    assert "has ended the crawl of 'site'" in heard
    assert "Traceback (most recent call last)" in heard
    assert "ZeroDivisionError: a defect" in heard


def test_a_setting_of_scrapy_that_does_nothing_is_told_to_a_script(capsys):
    process = process_with(AUTOTHROTTLE_ENABLED=True)
    process.crawl(Site, seen=[])

    process.start()

    assert "AUTOTHROTTLE_ENABLED (" in capsys.readouterr().err


def test_a_spider_of_the_project_may_be_given_by_name(tmp_path, monkeypatch):
    spider = 'from framework import Spider\n\n\nclass Named(Spider):\n    name = "named"\n'
    (tmp_path / "spiders_by_name.py").write_text(spider)
    monkeypatch.syspath_prepend(tmp_path)
    process = process_with(SPIDER_MODULES=["spiders_by_name"])

    assert process.crawl("named").spidercls.__name__ == "Named"
    with pytest.raises(PluginError, match="there is no spider 'nmaed'; did you mean 'named'"):
        process.crawl("nmaed")


def test_of_several_errors_the_first_is_what_ended_the_crawl(capsys):
    class Full(Crawler):
        async def crawl(self, *args, **kwargs):
            async with AsyncExitStack() as stack:
                stack.callback(self.close)
                try:
                    raise OSError("no space")
                except OSError as error:
                    raise ExportError("items.jl cannot be written") from error

        def close(self):
            try:
                raise OSError("no space")
            except OSError as error:
                raise CrawlError("job.json cannot be written") from error

    process = process_with()
    process.crawl(Full(Site, process.settings))

    process.start()

    told = [line.partition("ERROR: ")[2] for line in capsys.readouterr().err.splitlines()]
    assert told == [
        "The crawl of 'site' has ended: items.jl cannot be written",
        "Then, while the crawl of 'site' was closed: job.json cannot be written",
    ]
    assert [str(error) for error in process.errors] == ["items.jl cannot be written"]
