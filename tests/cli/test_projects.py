"""A new user's first minutes: startproject, genspider, crawl, a plugin by one line, and the project's own tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def made(fwk):
    """Return the command inside of a project that startproject made."""
    done = fwk("startproject", "harbour")
    assert done.code == 0, done.said
    fwk.folder = fwk.folder / "harbour"
    return fwk


def unittest(folder):
    done = subprocess.run([sys.executable, "-m", "unittest"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_four_commands_give_items(fwk, shop):
    started = fwk("startproject", "x")
    assert started.code == 0, started.said
    assert "cd x" in started.out
    fwk.folder = fwk.folder / "x"

    generated = fwk("genspider", "a", shop.url)
    crawled = fwk("crawl", "a", "-o", "a.jsonl")

    assert generated.code == 0, generated.said
    assert "fwk crawl a" in generated.out
    assert crawled.code == 0, crawled.said
    items = [json.loads(line) for line in fwk.read("a.jsonl").splitlines()]
    assert items[0]["title"] == "Home | Paper Harbour Books"
    assert fwk("list").out == "a\n"


def test_its_own_tests_pass_before_and_after_spiders_of_every_template(made, shop):
    assert unittest(made.folder)[0] == 0
    templates = made("genspider", "--list").out.split()

    for template in templates:
        done = made("genspider", "-t", template, f"a-{template}", shop.url)
        assert done.code == 0, done.said

    code, said = unittest(made.folder)
    assert code == 0, said
    assert made("list").out.split() == sorted(f"a-{template}" for template in templates)


def test_the_spider_of_the_json_template_crawls_an_api(made, shop):
    shop.shop.pages["/data"] = b'{"items": [{"id": 1}, {"id": 2}]}'
    made("genspider", "-t", "jsonapi", "api", f"{shop.url}/data")

    done = made("crawl", "api", "-O", "api.jsonl")

    assert done.code == 0, done.said
    assert [json.loads(line)["data"] for line in made.read("api.jsonl").splitlines()] == [{"id": 1}, {"id": 2}]


def test_it_is_polite_by_default(made, shop):
    shop.shop.robots_txt = "User-agent: *\nDisallow: /tiny/2\n"
    made.write(
        "spiders/three.py",
        f"""
        from framework import Spider


        class ThreeSpider(Spider):
            name = "three"
            start_urls = ["{shop.url}/tiny/1", "{shop.url}/tiny/2", "{shop.url}/tiny/3"]

            def parse(self, response):
                yield {{"url": response.url}}
        """,
    )

    done = made("crawl", "three", "-s", "RANDOMIZE_DOWNLOAD_DELAY=False")
    shop.shop.robots_txt = None

    assert done.code == 0, done.said
    assert sorted(shop.log.paths()) == ["/robots.txt", "/tiny/1", "/tiny/3"]
    assert shop.log.smallest_gap() > 0.95
    assert shop.log[0].headers["user-agent"] == "harbour (+https://example.com/contact)"


def test_a_middleware_goes_live_by_one_line(made, shop):
    made("genspider", "a", shop.url)
    switch_on(made, "middlewares.language.LanguageMiddleware")
    made.write("settings.py", made.read("settings.py") + "\nLANGUAGE = 'pt'\n")

    done = made("crawl", "a")

    assert done.code == 0, done.said
    assert shop.log[len(shop.log) - 1].headers["accept-language"] == "pt"


def test_a_pipeline_goes_live_by_one_line(made, shop):
    made("genspider", "a", shop.url)
    switch_on(made, "pipelines.required.RequiredFieldsPipeline")

    kept = made("crawl", "a", "-O", "kept.jsonl")
    dropped = made("crawl", "a", "-O", "dropped.jsonl", "-s", "REQUIRED_FIELDS=url,price")

    assert (kept.code, dropped.code) == (0, 0)
    assert made.read("kept.jsonl").count("\n") == 1
    assert made.read("dropped.jsonl") == ""
    assert "without price" in dropped.err


def switch_on(made, plugin):
    """Take the comment mark from a plugin's line in settings.py, as its comment says."""
    settings = made.read("settings.py")
    line = next(line for line in settings.splitlines() if plugin in line)
    made.write("settings.py", settings.replace(line, line.replace("# ", "")))


def test_its_files_are_clean_and_explain_themselves(made, shop):
    for template in made("genspider", "--list").out.split():
        made("genspider", "-t", template, f"my-{template}.shop", shop.url)

    ruff = [sys.executable, "-m", "ruff"]
    for args in (
        ["check", "--isolated", "--ignore", "RUF012"],
        ["format", "--check", "--isolated", "--line-length", "120"],
    ):
        done = subprocess.run([*ruff, *args, "."], cwd=made.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    for file in made.folder.rglob("*.py"):
        assert file.read_text().startswith('"""'), f"{file} does not say what it is for"
        assert "$" not in file.read_text()


def test_it_has_the_shape_of_this_repository(made):
    assert {path.name for path in made.folder.iterdir()} - {".gitignore"} == {
        "README.md", "middlewares", "pipelines", "settings.py", "setup.cfg", "spiders", "tests",
    }  # fmt: skip
    assert all((ROOT / name).exists() for name in ("middlewares", "pipelines", "settings.py", "setup.cfg", "spiders"))


def test_commands_work_from_a_folder_below(made, shop):
    made("genspider", "a", shop.url)

    done = made("list", folder=made.folder / "tests")

    assert done.out == "a\n"


def test_nothing_is_overwritten_unless_forced(made, shop):
    made("genspider", "a", shop.url)
    before = made.read("spiders/a.py")

    refused = made("genspider", "a", "https://other.example")
    again = made("startproject", "harbour", ".")

    assert (refused.code, again.code) == (2, 2)
    assert made.read("spiders/a.py") == before
    assert made("genspider", "a", "https://other.example", "--force").code == 0
    assert "other.example" in made.read("spiders/a.py")


def test_genspider_outside_of_a_project_makes_a_file_for_runspider(fwk, shop):
    generated = fwk("genspider", "my-shop", shop.url)
    ran = fwk("runspider", "my_shop.py", "-O", "items.csv")

    assert "fwk runspider my_shop.py" in generated.out
    assert ran.code == 0, ran.said
    assert fwk.read("items.csv").startswith("url,title,headings")


def test_a_bare_domain_is_taken_as_https(fwk):
    fwk("genspider", "a", "books.example")

    assert 'start_urls = ["https://books.example"]' in fwk.read("a.py")
    assert 'allowed_domains = ["books.example"]' in fwk.read("a.py")
