"""The commands in this process; ``tests/cli`` runs them as a user does."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from framework.cli import running
from framework.crawler import Crawler
from framework.exceptions import CrawlError, ExportError
from framework.settings import Settings
from framework.spiders import Spider

PAGE = "data:text/html,<title>A%20page</title>"


def test_crawl_runs_a_spider_of_the_project(fwk, project):
    ended = fwk("crawl", "page", "-O", "items.json")

    assert ended.code == 0, ended.err
    assert json.loads(Path("items.json").read_text()) == [{"title": "A page"}]


def test_options_become_settings_of_the_command_line(fwk, project):
    ended = fwk("crawl", "page", "-o", "-", "--logfile", "log", "-L", "DEBUG", "-a", "colour=blue")

    assert (ended.code, ended.out, ended.err) == (0, '{"title":"A page"}\n', "")
    assert "Crawled (200)" in Path("log").read_text()
    assert fwk("crawl", "page", "--nolog").err == ""


def test_scrapys_settings_without_effect_are_noted(fwk, project):
    ended = fwk("crawl", "page", "-s", "TWISTED_REACTOR=x")

    assert ended.code == 0
    assert "TWISTED_REACTOR" in ended.err


def test_crawl_says_what_is_wrong(fwk, project):
    assert "write -a NAME=VALUE" in fwk("crawl", "page", "-a", "x").err
    assert "this project has: page" in fwk("crawl", "xyzzy").err


def test_an_output_that_cannot_be_opened_is_the_last_word(fwk, project):
    ended = fwk("crawl", "page", "-O", "spiders/page.py/items.json", "--logfile", "log")

    assert ended.code == 1
    assert ended.err.startswith("fwk: cannot open the output spiders/page.py/items.json")
    assert "CRITICAL" in Path("log").read_text()


class _FailingCrawler(Crawler):
    """Fails as it is told."""

    error: Exception

    async def crawl(self, *args, **kwargs):
        raise self.error


class _Named(Spider):
    name = "named"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ExportError("the disk is full"), "the disk is full"),
        (ZeroDivisionError("division by zero"), "ended the crawl: ZeroDivisionError: division by zero"),
    ],
)
def test_what_ends_a_crawl_is_raised_for_the_user(fresh, error, said):
    crawler = _FailingCrawler(_Named, Settings({"LOG_ENABLED": False}))
    crawler.error = error

    with pytest.raises(CrawlError, match=said):
        running.run_crawler(crawler, {})


def test_runspider_runs_the_one_spider_of_a_file(fwk, project):
    Path("alone.py").write_text(Path("spiders/page.py").read_text())

    assert fwk("runspider", "alone.py", "-o", "-").out == '{"title":"A page"}\n'


def test_runspider_wants_one_spider(fwk, project):
    text = Path("spiders/page.py").read_text()
    Path("none.py").write_text("x = 1\n")
    Path("two.py").write_text(text + text.replace("PageSpider", "Other").replace("'page'", "'other'"))

    assert "has no spider" in fwk("runspider", "none.py").err
    assert "several spiders (PageSpider, Other)" in fwk("runspider", "two.py").err


def test_list_gives_the_names_and_notes_those_given_twice(fwk, project):
    Path("spiders/again.py").write_text(Path("spiders/page.py").read_text())

    ended = fwk("list")

    assert ended.out == "page\n"
    assert ended.err.startswith("note: more than one spider is called 'page'")


def test_commands_of_a_project_need_one(fwk):
    assert fwk("list").code == 2
    assert fwk("settings").out.startswith("Engine\n  LOOP = 'asyncio'")


def test_startproject_and_genspider_write_files(fwk):
    started = fwk("startproject", "shop")
    assert "cd shop" in started.out
    assert Path("shop/settings.py").exists()

    here = fwk("startproject", "other", ".")
    generated = fwk("genspider", "books", "books.example")

    assert "cd " not in here.out
    assert generated.out == "New spider 'books' in spiders/books.py. Run it:\n\n    fwk crawl books -O books.jsonl\n"
    assert "already" in fwk("genspider", "books", "books.example").err
    assert fwk("genspider", "books", "other.example", "--force").code == 0


def test_genspider_lists_templates_and_wants_a_url(fwk):
    assert fwk("genspider", "--list").out == "basic\njsonapi\n"
    assert "takes a name and a URL" in fwk("genspider", "books").err
    assert "fwk runspider my_books.py" in fwk("genspider", "my-books", "books.example").out


def test_settings_lists_explains_and_gives_values(fwk, project):
    listed = fwk("settings", "-s", "SHOP_TOKEN=secret", "-s", "TWISTED_REACTOR=x")

    assert "  BOT_NAME = 'demo'  (settings.py:1)\n" in listed.out
    assert "Your own\n  SHOP_TOKEN = '***'" in listed.out
    assert listed.err.startswith("note: TWISTED_REACTOR")
    assert "  CONCURRENT_REQUESTS = 16\n" in fwk("settings", "--all").out
    assert "  set by   settings.py:1\n" in fwk("settings", "BOT_NAME").out
    assert "  type " not in fwk("settings", "SHOP_TOKEN", "-s", "SHOP_TOKEN=1").out
    assert fwk("settings", "--get", "BOT_NAME").out == "demo\n"
    assert fwk("settings", "--get", "SPIDER_MODULES").out == '["spiders"]\n'
    assert "did you mean BOT_NAME?" in fwk("settings", "--get", "BOT_NAMEE").err


def test_settings_without_any_change_say_so(fwk, monkeypatch):
    monkeypatch.delenv("FWK_LOOP")

    assert fwk("settings").out.startswith("Nothing is changed")


def test_settings_of_a_spider_count_when_it_is_named(fwk, project):
    path = Path("spiders/page.py")
    path.write_text(
        path.read_text().replace("    start_urls", "    custom_settings = {'RETRY_TIMES': 9}\n    start_urls")
    )

    assert fwk("settings", "--get", "RETRY_TIMES", "--spider", "page").out == "9\n"
    assert fwk("settings", "--get", "RETRY_TIMES").out == "2\n"


def test_long_values_are_cut_in_the_list(fwk, project):
    listed = fwk("settings", "-s", f"SHOP_NOTE={'x' * 300}")

    assert f"SHOP_NOTE = '{'x' * 96}..." in listed.out


def test_fetch_prints_what_came(fwk, project):
    assert fwk("fetch", PAGE).out == "<title>A page</title>"
    assert fwk("fetch", "--spider", "page", PAGE).out == "<title>A page</title>"
    assert "< 200\n< Content-Type: text/html\n" in fwk("fetch", "--headers", "--no-redirect", PAGE).out


def test_fetch_fails_when_nothing_came(fwk, project):
    ended = fwk("fetch", "gopher://books.example/")
    wrong = fwk("fetch", "books.example")

    assert (ended.code, ended.out) == (1, "")
    assert (wrong.code, wrong.out) == (2, "")
    assert "https://books.example" in wrong.err


def test_fetch_says_what_is_wrong_with_a_url_that_has_its_scheme(fwk, project):
    ended = fwk("fetch", "http://books.example:99999/")

    assert (ended.code, ended.out) == (2, "")
    assert "Port out of range" in ended.err
    assert "https://http://" not in ended.err


def test_version_tells_itself_and_the_libraries(fwk, monkeypatch):
    monkeypatch.setattr("framework.cli.version._LIBRARIES", ("click", "not-there-at-all"))

    assert fwk("version").out.count("\n") == 1
    assert fwk("version", "-v").out.endswith("not-there-at-all not installed\n")


class _NoShop:
    """A shop that cannot open."""

    def __init__(self, **options):
        self.url, self.books = "", ()

    async def __aenter__(self):
        raise self.error

    async def __aexit__(self, *args): ...


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EADDRINUSE, "bind: in use"), "cannot listen on 127.0.0.1:8000: Address already in use"),
        (OSError("no such address"), "cannot listen on 127.0.0.1:8000: no such address"),
    ],
)
def test_a_shop_that_cannot_listen_says_why(fwk, monkeypatch, error, said):
    monkeypatch.setattr(_NoShop, "error", error, raising=False)
    monkeypatch.setattr("framework.testing.shop.Shop", _NoShop)

    ended = fwk("shop")

    assert ended.code == 2
    assert said in ended.err


def test_the_shop_closes_on_ctrl_c(fwk, monkeypatch):
    class OpenShop(_NoShop):
        async def __aenter__(self):
            raise KeyboardInterrupt

    monkeypatch.setattr("framework.testing.shop.Shop", OpenShop)

    assert fwk("shop").code == 0
