"""Every command and every option, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

COMMANDS = [
    "crawl", "fetch", "genspider", "jobs", "list", "resume", "retry", "runspider", "settings", "shop", "startproject",
    "version",
]  # fmt: skip


@pytest.fixture
def crawl(project, shop):
    """Crawl one page with the project's spider."""
    return lambda *args, page="/tiny/1": project("crawl", "books", "-a", f"url={shop.url}{page}", *args)


# -- help --------------------------------------------------------------------------------------------------------


def test_help_lists_every_command_and_the_exit_codes(fwk):
    ended = fwk("--help")

    assert ended.code == 0
    assert all(f"\n  {name} " in ended.out for name in COMMANDS)
    assert "2 wrong usage" in ended.out


def test_without_a_command_there_is_help_and_the_code_of_wrong_usage(fwk):
    ended = fwk()

    assert ended.code == 2
    assert "Commands:" in ended.out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(fwk, name):
    ended = fwk(name, "--help")

    assert ended.code == 0
    assert ended.out.startswith(f"Usage: fwk {name}")


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from framework.cli.main import run\n"
        "assert run(['--help']) == 0\n"
        "print([name for name in ('aiohttp', 'lxml', 'parsel', 'rich', 'asyncio', 'uvloop') if name in sys.modules],"
        " file=sys.stderr)"
    )
    begun_at = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"
    # A bare `python -c "import click"` takes most of it; the bound is for a busy machine.
    assert time.monotonic() - begun_at < 2.0


def test_the_script_and_the_module_are_the_same(fwk):
    script = subprocess.run(["fwk", "version"], capture_output=True, text=True, check=False, env=on_path())

    assert script.stdout == fwk("version").out


def on_path():
    import os
    from pathlib import Path

    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_the_version_is_an_option_too(fwk):
    assert fwk("--version").out == fwk("version").out


def test_version_tells_the_libraries_for_bug_reports(fwk):
    ended = fwk("version", "-v")

    assert ended.code == 0
    assert ended.out.startswith("fwk 0.")
    assert all(f"\n{name} " in ended.out for name in ("Python", "aiohttp", "lxml", "playwright"))


# -- outputs -----------------------------------------------------------------------------------------------------


def test_lower_case_o_appends(crawl, project):
    assert crawl("-o", "items.jsonl").code == 0
    assert crawl("-o", "items.jsonl").code == 0

    assert project.read("items.jsonl").count("\n") == 2


def test_upper_case_o_overwrites(crawl, project):
    assert crawl("-O", "items.json").code == 0
    assert crawl("-O", "items.json").code == 0

    assert len(json.loads(project.read("items.json"))) == 1


@pytest.mark.parametrize(
    ("output", "file", "begins"),
    [
        ("items.csv", "items.csv", "url,title"),
        ("items.xml", "items.xml", "<?xml"),
        ("items.txt:json", "items.txt", "["),
        ("a:jsonl", "a", '{"url"'),
        ("out/%(name)s.jl", "out/books.jl", '{"url"'),
    ],
)
def test_the_format_is_the_one_given_or_that_of_the_ending(crawl, project, output, file, begins):
    ended = crawl("-O", output)

    assert ended.code == 0, ended.said
    assert project.read(file).startswith(begins)


def test_several_outputs_get_the_same_items(crawl, project):
    ended = crawl("-O", "a.jsonl", "-o", "b.json")

    assert ended.code == 0
    assert json.loads(project.read("a.jsonl")) == json.loads(project.read("b.json"))[0]


def test_a_dash_is_stdout_with_the_log_on_stderr(crawl):
    ended = crawl("-o", "-:json")

    assert len(json.loads(ended.out)) == 1
    assert "INFO" in ended.err


def test_a_dash_without_a_format_is_json_lines(crawl, shop):
    assert json.loads(crawl("-o", "-").out)["url"] == f"{shop.url}/tiny/1"


# -- logs --------------------------------------------------------------------------------------------------------


def test_the_log_goes_into_a_file(crawl, project):
    ended = crawl("--logfile", "crawl.log")

    assert ended.err == ""
    assert "Spider 'books' of demo" in project.read("crawl.log")
    assert "Crawl finished" in project.read("crawl.log")


def test_the_level_chooses_what_is_logged(crawl):
    assert "Crawled (200)" in crawl("-L", "DEBUG").err
    assert crawl("-L", "error").err == ""


def test_no_log_is_no_log(crawl):
    ended = crawl("--nolog")

    assert (ended.code, ended.said) == (0, "")


def test_what_ends_a_crawl_is_in_the_log_file_and_on_the_terminal(crawl, project):
    ended = crawl("--logfile", "crawl.log", "-o", "/proc/x.json")

    assert ended.code == 1
    assert ended.err.startswith("fwk: cannot open the output /proc/x.json")
    assert "CRITICAL: cannot open the output /proc/x.json" in project.read("crawl.log")


def test_secrets_are_masked_in_the_log(crawl):
    ended = crawl("-L", "DEBUG", "-s", "SHOP_PASSWORD=harbour-1234", page="/tiny/harbour-1234")

    assert ended.code == 0
    assert "harbour-1234" not in ended.err


# -- arguments, settings, exit codes -------------------------------------------------------------------------------


def test_settings_of_the_command_line_win(crawl, shop):
    assert crawl("-s", "USER_AGENT=from the command line").code == 0

    assert shop.log[len(shop.log) - 1].headers["user-agent"] == "from the command line"


def test_settings_of_the_environment_win_over_the_file(crawl, project, shop):
    project.write("settings.py", "USER_AGENT = 'from the file'\n")
    project.environ["FWK_USER_AGENT"] = "from the environment"
    crawl()

    assert shop.log[len(shop.log) - 1].headers["user-agent"] == "from the environment"


def test_a_page_with_an_error_status_is_a_page(crawl):
    ended = crawl(page="/nothing-there")

    assert ended.code == 0
    assert "every page was an HTTP error, mostly 404" in ended.err


def test_a_crawl_without_one_page_has_failed(project):
    ended = project("crawl", "books", "-a", "url=http://127.0.0.1:1/")

    assert ended.code == 1


def test_a_crawl_with_nothing_to_do_has_not_failed(project):
    project.write(
        "spiders/empty.py", 'from framework import Spider\n\n\nclass EmptySpider(Spider):\n    name = "empty"\n'
    )

    ended = project("crawl", "empty")

    assert ended.code == 0
    assert "the spider made no request" in ended.err


def test_the_debugger_opens_where_a_callback_raised(project, shop):
    project.write(
        "spiders/broken.py",
        f"""
        from framework import Spider


        class BrokenSpider(Spider):
            name = "broken"
            start_urls = ["{shop.url}/tiny/1"]

            def parse(self, response):
                here = "in parse"
                1 / 0
        """,
    )

    ended = project("crawl", "broken", "--pdb", stdin="p here\nq\n")

    assert "ZeroDivisionError" in ended.err
    assert "'in parse'" in ended.out


def test_runspider_takes_a_file_of_its_own_even_one_called_like_a_library(fwk, shop):
    fwk.write(
        "mine/json.py",
        f"""
        from framework import Spider


        class JsonSpider(Spider):
            name = "json"
            start_urls = ["{shop.url}/tiny/1"]

            def parse(self, response):
                yield {{"title": response.css("h1::text").get(), "tag": self.tag}}
        """,
    )

    ended = fwk("runspider", "mine/json.py", "-O", "items.json", "-a", "tag=a=b")

    assert ended.code == 0, ended.said
    assert json.loads(fwk.read("items.json")) == [{"title": "1", "tag": "a=b"}]


def test_runspider_inside_a_project_uses_its_settings(project, shop):
    project.write("settings.py", "USER_AGENT = 'from the project'\n")
    project.write(
        "alone.py",
        f'from framework import Spider\n\n\nclass Alone(Spider):\n    name = "alone"\n'
        f'    start_urls = ["{shop.url}/tiny/1"]\n\n    def parse(self, response): ...\n',
    )

    assert project("runspider", "alone.py").code == 0
    assert shop.log[len(shop.log) - 1].headers["user-agent"] == "from the project"


def test_a_reader_that_goes_away_is_no_traceback(project):
    done = subprocess.run(
        f"{sys.executable} -m framework settings --all | head -1",
        shell=True, cwd=project.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stderr == ""


# -- list, settings, fetch -----------------------------------------------------------------------------------------


def test_list_gives_a_name_a_line_and_notes_names_given_twice(project):
    project.write("spiders/again.py", project.read("spiders/books.py"))
    project.write("spiders/arts.py", project.read("spiders/books.py").replace('"books"', '"arts"'))

    ended = project("list")

    assert ended.out == "arts\nbooks\n"
    assert "more than one spider is called 'books'" in ended.err


def test_settings_lists_what_was_changed_with_its_place(project):
    project.write("settings.py", "BOT_NAME = 'demo'\nSHOP_API_KEY = 'sk-1'\nSHOP_COLOUR = 'blue'\n")
    project.environ["FWK_RETRY_TIMES"] = "4"

    ended = project("settings", "-s", "DOWNLOAD_DELAY=2")

    assert ended.code == 0
    assert "BOT_NAME = 'demo'  (settings.py:1)" in ended.out
    assert "RETRY_TIMES = '4'  (environment FWK_RETRY_TIMES)" in ended.out
    assert "DOWNLOAD_DELAY = '2'  (command line -s DOWNLOAD_DELAY)" in ended.out
    assert "Your own\n  SHOP_API_KEY = '***'  (settings.py:2)\n  SHOP_COLOUR = 'blue'" in ended.out
    assert "CONCURRENT_REQUESTS " not in ended.out


def test_settings_lists_all_of_them(project):
    ended = project("settings", "--all")

    assert "  CONCURRENT_REQUESTS = 16\n" in ended.out


def test_settings_explains_one(project):
    ended = project("settings", "RETRY_TIMES")

    assert ended.code == 0
    assert ended.out.startswith("RETRY_TIMES\n  value    0\n  set by   settings.py:2\n  default  2\n")
    assert ">= 0 (retries)" in ended.out
    assert "How often a request is tried again" in ended.out


@pytest.mark.parametrize(
    ("name", "value"),
    [("BOT_NAME", "demo"), ("RETRY_TIMES", "0"), ("SPIDER_MODULES", '["spiders"]'), ("SHOP_TOKEN", "***")],
)
def test_settings_gives_a_value_for_scripts(project, name, value):
    ended = project("settings", "--get", name, "-s", "SHOP_TOKEN=sk-1")

    assert (ended.code, ended.out) == (0, f"{value}\n")


def test_settings_shows_what_a_spider_changes(project):
    project.write(
        "spiders/slow.py",
        "from framework import Spider\n\n\nclass Slow(Spider):\n    name = 'slow'\n"
        "    custom_settings = {'DOWNLOAD_DELAY': 9}\n",
    )

    ended = project("settings", "--spider", "slow", "DOWNLOAD_DELAY")

    assert "value    9" in ended.out
    assert "spiders/slow.py:6" in ended.out


def test_fetch_prints_the_body(fwk, shop):
    ended = fwk("fetch", f"{shop.url}/tiny/7")

    assert (ended.code, ended.err) == (0, "")
    assert "<h1>7</h1>" in ended.out


def test_fetch_prints_the_body_of_an_error_too(fwk, shop):
    ended = fwk("fetch", f"{shop.url}/nothing-there")

    assert (ended.code, ended.err) == (0, "")
    assert "<html" in ended.out


def test_fetch_prints_headers_sent_and_received(project, shop):
    ended = project("fetch", "--headers", f"{shop.url}/redirect/1", "-s", "USER_AGENT=me")

    assert "> User-Agent: me" in ended.out
    assert "< 200" in ended.out
    assert "< Content-Type: text/html" in ended.out
    assert "<h1" not in ended.out


def test_fetch_stays_at_a_redirect_when_asked(fwk, shop):
    ended = fwk("fetch", "--headers", "--no-redirect", f"{shop.url}/redirect/1")

    assert ended.code == 0
    assert "< 302" in ended.out
    assert "< Location: " in ended.out
    assert shop.log.paths() == ["/redirect/1"]


def test_fetch_that_gets_nothing_fails_and_says_why(fwk):
    ended = fwk("fetch", "http://127.0.0.1:1/", "-s", "RETRY_TIMES=0")

    assert (ended.code, ended.out) == (1, "")
    assert "fwk: <GET http://127.0.0.1:1/>: connection refused" in ended.err


def test_fetch_as_a_spider_uses_its_settings_and_leaves_its_files_alone(project, shop):
    project.write("items.jsonl", "kept\n")
    project.write(
        "spiders/agent.py",
        """
        from framework import Spider


        class AgentSpider(Spider):
            name = "agent"
            allowed_domains = ["elsewhere.example"]
            custom_settings = {
                "USER_AGENT": "an agent of its own",
                "FEEDS": {"items.jsonl": {"overwrite": True}},
                "ITEM_PIPELINES": {"not.there.Pipeline": 1},
            }

            @classmethod
            def from_crawler(cls, crawler, *args, **kwargs):
                return super().from_crawler(crawler, *args, **kwargs)

            def __init__(self, needed, **kwargs):
                super().__init__(**kwargs)
        """,
    )

    ended = project("fetch", "--spider", "agent", "-a", "needed=1", f"{shop.url}/tiny/1")

    assert ended.code == 0, ended.said
    assert "<h1>1</h1>" in ended.out
    assert shop.log[0].headers["user-agent"] == "an agent of its own"
    assert project.read("items.jsonl") == "kept\n"
