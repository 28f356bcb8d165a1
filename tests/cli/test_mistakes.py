"""Twenty mistakes that users make, and more: each gives one clear message with place and remedy, and the right code."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

_SPIDER = """\
from framework import Request, Spider


class BooksSpider(Spider):
    name = "books"
    start_urls = ["{url}/"]
{attributes}
    def parse(self, response):
        {parse}
"""


def spider(parse: str = 'yield {"url": response.url}', attributes: str = "") -> str:
    """Return a spider's source; its ``{url}`` is filled in when the test runs."""
    indented = "".join(f"    {line}\n" for line in attributes.splitlines())
    return _SPIDER.replace("{parse}", parse).replace("{attributes}", indented)


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        called: what the user did wrong.
        files: what differs from a project without mistakes.
        args: the command.
        says: texts that must be in what it says: the place and the remedy among them.
        code: the exit code.
        environ: variables.
        problems: how many lines the message has where it is wrong usage.
    """

    called: str
    says: tuple[str, ...]
    files: dict[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ("crawl", "books")
    code: int = 2
    environ: dict[str, str] = field(default_factory=dict)
    problems: int = 1


SETTINGS = [
    Mistake(
        "a typo in a setting of settings.py",
        ("settings.py:2", "DOWNLOAD_DELEY", "did you mean DOWNLOAD_DELAY?"),
        {"settings.py": "BOT_NAME = 'demo'\nDOWNLOAD_DELEY = 1\n"},
    ),
    Mistake(
        "a typo in a setting of the command line",
        ("command line -s", "DOWNLOD_DELAY", "did you mean DOWNLOAD_DELAY?"),
        args=("crawl", "books", "-s", "DOWNLOD_DELAY=1"),
    ),
    Mistake(
        "a typo in custom_settings",
        ("spiders/books.py:8", "CONCURENT_REQUESTS", "did you mean CONCURRENT_REQUESTS?"),
        {"spiders/books.py": spider(attributes='custom_settings = {\n    "CONCURENT_REQUESTS": 2,\n}')},
    ),
    Mistake(
        "a typo in a variable of the environment",
        ("environment FWK_LOG_LEVL", "did you mean LOG_LEVEL?"),
        environ={"FWK_LOG_LEVL": "DEBUG"},
    ),
    Mistake(
        "ROBOTSTXT_OBEY misspelt",
        ("settings.py:1", "did you mean ROBOTSTXT_OBEY?"),
        {"settings.py": "ROBOTSTXT_OBAY = True\n"},
    ),
    Mistake(
        "a string for a number",
        ("settings.py:1", "CONCURRENT_REQUESTS = 'many'", "needs a whole number >= 1", "such as 16"),
        {"settings.py": "CONCURRENT_REQUESTS = 'many'\n"},
    ),
    Mistake(
        "a negative delay",
        ("command line -s", "DOWNLOAD_DELAY = '-1'", "needs a number >= 0"),
        args=("crawl", "books", "-s", "DOWNLOAD_DELAY=-1"),
    ),
    Mistake(
        "two wrong settings at once",
        ("settings.py:1", "settings.py:2", "RETRY_TIMES", "LOG_LEVEL"),
        {"settings.py": "RETRY_TIMES = 'x'\nLOG_LEVEL = 'LOUD'\n"},
        problems=2,
    ),
    Mistake(
        "custom_settings is a list",
        ("BooksSpider.custom_settings", "must be a dict, not list"),
        {"spiders/books.py": spider(attributes='custom_settings = ["x"]')},
    ),
    Mistake(
        "FEEDS with an unknown key",
        ("settings.py:1", "'items.json'", "'fromat'", "format"),
        {"settings.py": "FEEDS = {'items.json': {'fromat': 'json'}}\n"},
    ),
    Mistake(
        "settings.py raises",
        ("settings.py:2", "ZeroDivisionError", "division by zero"),
        {"settings.py": "BOT_NAME = 'demo'\nDOWNLOAD_DELAY = 1 / 0\n"},
    ),
    Mistake(
        "settings.py is not Python",
        ("settings.py:1", "not valid Python"),
        {"settings.py": "DOWNLOAD_DELAY = = 1\n"},
    ),
    Mistake(
        "setup.cfg names settings that are not there",
        ("setup.cfg", "'conf'", "conf.py"),
        {"setup.cfg": "[fwk]\nsettings = conf\n"},
    ),
    Mistake("-s without =", ("-s LOG_LEVEL", "-s NAME=VALUE"), args=("crawl", "books", "-s", "LOG_LEVEL")),
    Mistake("an unknown level", ("command line -L", "'LOUD'", "DEBUG"), args=("crawl", "books", "-L", "LOUD")),
]

COMMANDS = [
    Mistake("an unknown command", ("'crwl'", "did you mean 'crawl'?"), args=("crwl", "books")),
    Mistake("an unknown option", ("--otput", "--output", "fwk crawl --help"), args=("crawl", "books", "--otput", "x")),
    Mistake("a missing argument", ("SPIDER", "fwk crawl --help"), args=("crawl",)),
    Mistake("an unknown spider", ("'boks'", "did you mean 'books'?"), args=("crawl", "boks")),
    Mistake("-a without =", ("-a category", "-a NAME=VALUE"), args=("crawl", "books", "-a", "category")),
    Mistake(
        "an unknown format", ("-o x.jsno", "'jsno'", "did you mean 'json'?"), args=("crawl", "books", "-o", "x.jsno")
    ),
    Mistake("an unknown format after a colon", ("-o x:jsno", "'json'"), args=("crawl", "books", "-o", "x:jsno")),
    Mistake("an output without a format", ("-o items", "FILE:FORMAT", "jsonl"), args=("crawl", "books", "-o", "items")),
    Mistake(
        "the same file for -o and -O",
        ("./x.json", "-o appends", "-O overwrites"),
        args=("crawl", "books", "-o", "x.json", "-O", "./x.json"),
    ),
    Mistake("no file for runspider", ("no file other.py",), args=("runspider", "other.py")),
    Mistake(
        "a file without a spider for runspider",
        ("other.py", "framework.Spider"),
        {"other.py": "x = 1\n"},
        ("runspider", "other.py"),
    ),
    Mistake(
        "a URL without a scheme for fetch", ("'example.com'", "https://example.com"), args=("fetch", "example.com")
    ),
    Mistake(
        "an unknown setting", ("DOWNLOD_DELAY", "did you mean DOWNLOAD_DELAY?"), args=("settings", "DOWNLOD_DELAY")
    ),
    Mistake(
        "an unknown template", ("'basci'", "did you mean 'basic'?"), args=("genspider", "x", "a.example", "-t", "basci")
    ),
    Mistake("a bad name for a spider", ("'9x'", "begin with a letter"), args=("genspider", "9x", "a.example")),
    Mistake("a name that is taken", ("spider 'books' already", "--force"), args=("genspider", "books", "a.example")),
    Mistake("a bad name for a project", ("'9x'", "begin with a letter"), args=("startproject", "9x")),
    Mistake("a project over another", ("settings.py already", "nothing was written"), args=("startproject", "x", ".")),
]

SPIDERS = [
    Mistake(
        "two spiders of one name",
        ("'books'", "spiders/books.py", "spiders/other.py", "name of its own"),
        {"spiders/other.py": spider()},
    ),
    Mistake(
        "a spider without a name",
        ("spiders/books.py", "BooksSpider", "add name ="),
        {"spiders/books.py": spider().replace('    name = "books"\n', "")},
    ),
    Mistake(
        "a file for runspider whose spider has no name",
        ("BooksSpider in other.py", "add name ="),
        {"other.py": spider().replace('    name = "books"\n', "")},
        ("runspider", "other.py"),
    ),
    Mistake("a syntax error in a spider", ("spiders/books.py:1", "syntax error"), {"spiders/books.py": "def x(:\n"}),
    Mistake(
        "a missing package in a spider",
        ("spiders/books.py:1", "'pandaz'", "not installed", "pip install pandaz"),
        {"spiders/books.py": "import pandaz\n"},
    ),
    Mistake(
        "a name that framework does not have",
        ("spiders/books.py:1", "'Spidr'"),
        {"spiders/books.py": "from framework import Spidr\n"},
    ),
    Mistake(
        "an exception while a spider is imported",
        ("spiders/books.py:1", "ZeroDivisionError"),
        {"spiders/books.py": "x = 1 / 0\n"},
    ),
    Mistake(
        "SPIDER_MODULES misspelt", ("'spidrs'", "SPIDER_MODULES"), {"settings.py": "SPIDER_MODULES = ['spidrs']\n"}
    ),
    Mistake(
        "an argument that the spider does not take",
        ("'books'", "-a category", "unexpected keyword argument"),
        {"spiders/books.py": spider(attributes="def __init__(self):\n    super().__init__()\n")},
        ("crawl", "books", "-a", "category=poetry"),
    ),
    Mistake(
        "an argument that the spider needs",
        ("'books'", "'category'", "-a NAME=VALUE"),
        {"spiders/books.py": spider(attributes="def __init__(self, category):\n    super().__init__()\n")},
    ),
    Mistake(
        "a spider whose __init__ raises",
        ("BooksSpider cannot be built", "KeyError: 'SHOP'", "spiders/books.py:8"),
        {"spiders/books.py": spider(attributes="def __init__(self):\n    {}['SHOP']\n")},
    ),
    Mistake(
        "start_urls is a string",
        ("BooksSpider.start_urls is a string", "make it a list"),
        {"spiders/books.py": spider(attributes="start_urls = '{url}/'")},
        code=1,
    ),
    Mistake(
        "start_urls has a URL without a scheme",
        ("BooksSpider.start_urls has 'example.com'", "https://example.com/"),
        {"spiders/books.py": spider(attributes="start_urls = ['example.com']")},
        code=1,
    ),
    Mistake(
        "a scheme that nothing fetches",
        ("1 scheme", "http:// or https://"),
        {"spiders/books.py": spider(attributes="start_urls = ['gopher://example.com/']")},
        code=1,
    ),
    Mistake(
        "start() returns a number",
        ("BooksSpider.start (spiders/books.py:7)", "async def start(self)", "yield"),
        {"spiders/books.py": spider(attributes="def start(self):\n    return 7")},
        code=1,
    ),
    Mistake(
        "a callback that yields a number",
        ("BooksSpider.parse (spiders/books.py:8)", "gave int 5", "a spider yields requests, items"),
        {"spiders/books.py": spider("yield 5")},
        code=0,
    ),
    Mistake(
        "a callback that returns a number",
        ("BooksSpider.parse (spiders/books.py:8)", "gave int 5"),
        {"spiders/books.py": spider("return 5")},
        code=0,
    ),
    Mistake(
        "a callback that yields a link as text",
        ("gave str '/x'", "response.follow"),
        {"spiders/books.py": spider("yield '/x'")},
        code=0,
    ),
    Mistake(
        "a spider without parse",
        ("BooksSpider has no parse method", "add def parse(self, response)"),
        {"spiders/books.py": spider().replace("def parse", "def parse_page")},
        code=0,
    ),
    Mistake(
        "parse takes no response",
        ("BooksSpider.parse (spiders/books.py:8)", "takes 1 positional argument", "a callback takes the response"),
        {"spiders/books.py": spider("yield {}").replace("(self, response)", "(self)")},
        code=0,
    ),
    Mistake(
        "robots.txt forbids everything",
        ("robots.txt forbids", "ROBOTSTXT_OBEY"),
        {"spiders/books.py": spider(attributes="start_urls = ['{url}/trap/']")},
        ("crawl", "books", "-s", "ROBOTSTXT_OBEY=True"),
        code=1,
    ),
    Mistake(
        "nobody listens",
        ("connection refused", "check scheme, host and port"),
        {"spiders/books.py": spider(attributes="start_urls = ['http://127.0.0.1:1/']")},
        code=1,
    ),
]

_SIGN = "DOWNLOADER_MIDDLEWARES = {'middlewares.sign.Sign': 500}\n"
_PRICE = "ITEM_PIPELINES = {'pipelines.price.Price': 300}\n"

PLUGINS = [
    Mistake(
        "a middleware's module misspelt",
        ("DOWNLOADER_MIDDLEWARES (settings.py:1)", "no module 'middlewares.sing'", "check the spelling"),
        {"settings.py": "DOWNLOADER_MIDDLEWARES = {'middlewares.sing.Sign': 500}\n", "middlewares/sign.py": ""},
    ),
    Mistake(
        "a middleware's class misspelt",
        ("DOWNLOADER_MIDDLEWARES (settings.py:1)", "has no 'Sign'", "did you mean 'Sing'?"),
        {"settings.py": _SIGN, "middlewares/sign.py": "class Sing: ...\n"},
    ),
    Mistake(
        "a middleware whose __init__ needs arguments",
        ("DOWNLOADER_MIDDLEWARES (settings.py:1)", "Sign cannot be built", "'key'", "from_crawler(cls, crawler)"),
        {"settings.py": _SIGN, "middlewares/sign.py": "class Sign:\n    def __init__(self, key): ...\n"},
    ),
    Mistake(
        "a middleware whose __init__ raises",
        ("DOWNLOADER_MIDDLEWARES (settings.py:1)", "ValueError: no key", "middlewares/sign.py:3"),
        {
            "settings.py": _SIGN,
            "middlewares/sign.py": "class Sign:\n    def __init__(self):\n        raise ValueError('no key')\n",
        },
    ),
    Mistake(
        "a syntax error in a middleware",
        ("DOWNLOADER_MIDDLEWARES (settings.py:1)", "syntax error in middlewares/sign.py:1"),
        {"settings.py": _SIGN, "middlewares/sign.py": "class Sign\n"},
    ),
    Mistake(
        "a middleware that returns a text",
        ("middlewares.sign.Sign.process_request returned str", "must return None, a Response or a Request"),
        {
            "settings.py": _SIGN,
            "middlewares/sign.py": "class Sign:\n    def process_request(self, request): return 'x'\n",
        },
        code=1,
    ),
    Mistake(
        "an order that is no number",
        ("settings.py:1", "'first'", "order number"),
        {"settings.py": "DOWNLOADER_MIDDLEWARES = {'middlewares.sign.Sign': 'first'}\n"},
    ),
    Mistake(
        "middlewares as a list",
        ("settings.py:1", "needs a dict", "543"),
        {"settings.py": "DOWNLOADER_MIDDLEWARES = ['middlewares.sign.Sign']\n"},
    ),
    Mistake(
        "the missing package of an extra",
        ("DOWNLOAD_HANDLERS (settings.py:2)", "'playwright'", "not installed", "pip install 'fwk[playwright]'"),
        {
            "settings.py": (
                "import sys; sys.modules['playwright'] = None\n"
                "DOWNLOAD_HANDLERS = {'https': 'middlewares.rendering.Handler'}\n"
            ),
            "middlewares/rendering.py": "import playwright.async_api\n",
        },
    ),
    Mistake(
        "LOOP = uvloop without uvloop",
        ("LOOP = 'uvloop'", "pip install uvloop"),
        {"settings.py": "import sys; sys.modules['uvloop'] = None\nLOOP = 'uvloop'\n"},
    ),
    Mistake(
        "a pipeline that returns None",
        ("Price.process_item returned None", "return item"),
        {"settings.py": _PRICE, "pipelines/price.py": "class Price:\n    def process_item(self, item): ...\n"},
        code=0,
    ),
    Mistake(
        "a pipeline without process_item",
        ("Price is no pipeline", "process_item(self, item)"),
        {"settings.py": _PRICE, "pipelines/price.py": "class Price: ...\n"},
    ),
]

OUTPUTS = [
    Mistake(
        "an output that cannot be made",
        ("/proc/x.jsonl", "check the path"),
        args=("crawl", "books", "-o", "/proc/x.jsonl"),
        code=1,
    ),
    Mistake(
        "an output that is a folder",
        ("folder.jsonl", "name a file in it"),
        {"folder.jsonl/x": ""},
        ("crawl", "books", "-o", "folder.jsonl"),
        code=1,
    ),
    Mistake(
        "an output in a folder that is a file",
        ("x/items.jsonl", "a file, not a folder"),
        {"x": ""},
        ("crawl", "books", "-o", "x/items.jsonl"),
        code=1,
    ),
    Mistake(
        "an output that cannot be made, and no log",
        ("fwk: cannot open the output /proc/x.jsonl",),
        args=("crawl", "books", "-o", "/proc/x.jsonl", "--nolog"),
        code=1,
    ),
    Mistake(
        "a log file that cannot be made",
        ("/proc/x/log", "name another file"),
        args=("crawl", "books", "--logfile", "/proc/x/log"),
    ),
]

ALL = [*SETTINGS, *COMMANDS, *SPIDERS, *PLUGINS, *OUTPUTS]


@pytest.mark.parametrize("mistake", ALL, ids=lambda mistake: mistake.called)
def test_a_mistake_gives_one_clear_message(project, shop, mistake):
    for name, text in {"spiders/books.py": spider(), **mistake.files}.items():
        project.write(name, text.replace("{url}", shop.url))
    project.environ.update(mistake.environ)

    ended = project(*mistake.args)

    missing = [text for text in mistake.says if text not in ended.said]
    assert not missing, ended.said
    assert ended.code == mistake.code, ended.said
    assert "Traceback" not in ended.said
    if mistake.code == 2:
        lines = [line for line in ended.err.splitlines() if " INFO: " not in line]
        assert len(lines) == mistake.problems, ended.said
        assert all(line.startswith("fwk: ") for line in lines)


def test_there_are_twenty_and_more():
    assert len({mistake.called for mistake in ALL}) == len(ALL) > 60


def test_an_exception_in_a_callback_shows_the_traceback_of_the_users_code_alone(project, shop):
    project.write("spiders/books.py", spider("1 / 0").replace("{url}", shop.url))

    ended = project("crawl", "books")

    assert ended.code == 0
    assert "BooksSpider.parse (spiders/books.py:8) raised on <200" in ended.err
    assert "ZeroDivisionError: division by zero" in ended.err
    assert "/framework/" not in ended.err


def test_a_callback_that_is_not_callable_shows_the_line_that_gave_it(project, shop):
    text = spider("yield Request(response.url, callback='parse_book')").replace("{url}", shop.url)
    project.write("spiders/books.py", text)

    ended = project("crawl", "books")

    assert 'books.py", line 9, in parse' in ended.err
    assert "callback must be a callable, got str: 'parse_book'" in ended.err


def test_a_url_without_a_scheme_shows_the_line_and_what_takes_relative_ones(project, shop):
    project.write("spiders/books.py", spider("yield Request('/page/2')").replace("{url}", shop.url))

    ended = project("crawl", "books")

    assert 'books.py", line 9, in parse' in ended.err
    assert "Missing scheme in request url: /page/2" in ended.err
    assert "response.follow()" in ended.err


def test_start_that_raises_fails_the_crawl_and_shows_the_users_line(project):
    text = spider(attributes="async def start(self):\n    yield {}['nothing']").replace("{url}", "http://127.0.0.1:1")
    project.write("spiders/books.py", text)

    ended = project("crawl", "books")

    assert ended.code == 1
    assert 'books.py", line 8, in start' in ended.err
    assert "KeyError: 'nothing'" in ended.err
    assert "/framework/" not in ended.err


@pytest.mark.parametrize("command", [["crawl", "books"], ["list"]], ids=["crawl", "list"])
def test_a_command_outside_of_a_project_says_how_to_make_one(fwk, command):
    ended = fwk(*command)

    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert str(fwk.folder) in ended.err
    assert "fwk startproject NAME" in ended.err


def test_a_port_in_use_is_told_with_its_address(fwk, shop):
    port = shop.url.rpartition(":")[2]

    ended = fwk("shop", "--port", port)

    assert ended.code == 2
    assert ended.err == (
        f"fwk: the shop cannot listen on 127.0.0.1:{port}: Address already in use; "
        "choose another --port (0 takes a free one)\n"
    )
