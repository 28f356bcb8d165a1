"""What the frontier of a job is built of, when the job was begun before."""

from types import SimpleNamespace

import pytest

from framework import jobfiles
from framework.exceptions import DamagedJob, StoreError
from framework.frontier import checkpoints
from framework.frontier.build import build_frontier
from framework.http.fingerprint import RequestFingerprinter
from framework.http.stored import StoredForm
from framework.settings import Settings
from framework.testing.virtualtime import virtual_now


class Spider:
    """Has no callbacks of its own."""


def built(folder, engine, spider_class=Spider, **values):
    settings = Settings({"SEEN": "bloom", "BLOOM_ENGINE": engine, **values})
    spider = spider_class()
    crawler = SimpleNamespace(settings=settings, spider=spider)
    return build_frontier(
        crawler,
        RequestFingerprinter(),
        StoredForm(spider),
        (),
        folder=folder,
        clock=virtual_now,
        wall_clock=virtual_now,
    )


async def offered(folder, engine, crawl, count, **values):
    """Offer so many pages in a process of its own; return the engine's name and how many were new."""
    frontier = built(folder, engine, **values)
    await frontier.open(crawl.job)
    answers = await frontier.offer(frontier.root(), crawl.pages(*map(str, range(count))))
    await crawl.checkpoint(frontier)
    await crawl.checkpoint(frontier)
    name = frontier.stats()["seen/engine"]
    await frontier.close(clean=True)
    return name, answers.count(None)


@pytest.mark.parametrize("begun_with", ["pybloom", "rbloom"])
def test_a_job_with_a_stored_filter_goes_on_with_its_engine(run, tmp_path, crawl, monkeypatch, begun_with):
    monkeypatch.setattr(checkpoints, "_LOG_MAX", 20)

    async def case():
        assert await offered(tmp_path, begun_with, crawl, 30) == (begun_with, 30)
        assert list(tmp_path.glob("*.seen-*"))
        # What a process that was killed in the middle of writing may leave.
        (tmp_path / f"{jobfiles.STORE}.seen-99").write_bytes(b"cut")

        assert await offered(tmp_path, "auto", crawl, 40) == (begun_with, 10)

    run(case())


def test_a_job_without_a_stored_filter_goes_on_with_the_fastest_engine(run, tmp_path, crawl):
    async def case():
        assert await offered(tmp_path, "pybloom", crawl, 30) == ("pybloom", 30)

        assert await offered(tmp_path, "auto", crawl, 40) == ("rbloom", 10)

    run(case())


def test_a_stored_filter_that_cannot_be_read_is_told_of_at_the_opening(run, tmp_path, crawl, monkeypatch):
    monkeypatch.setattr(checkpoints, "_LOG_MAX", 20)

    async def case():
        await offered(tmp_path, "pybloom", crawl, 30)
        (file,) = tmp_path.glob("*.seen-*")
        file.write_bytes(b"cut")
        with pytest.raises(DamagedJob, match=rf"{file.name}.*cut or altered"):
            await built(tmp_path, "auto").open(crawl.job)

    run(case())


def test_a_stored_filter_that_may_not_be_read_is_named(tmp_path):
    (tmp_path / f"{jobfiles.STORE}.seen-1").mkdir()

    with pytest.raises(StoreError, match=r"seen-1: "):
        built(tmp_path, "auto")


class ByUrl(RequestFingerprinter):
    """Another fingerprinter."""


def test_a_class_is_the_same_however_it_is_named_and_another_one_is_refused(run, tmp_path, crawl):
    async def case():
        await offered(tmp_path, "auto", crawl, 10)
        itself = {"REQUEST_FINGERPRINTER_CLASS": RequestFingerprinter}
        assert (await offered(tmp_path, "auto", crawl, 10, **itself))[1] == 0

        with pytest.raises(
            StoreError, match=r"= framework\.http\.fingerprint\.RequestFingerprinter, and with .*\.ByUrl "
        ):
            await built(tmp_path, "auto", REQUEST_FINGERPRINTER_CLASS=ByUrl).open(crawl.job)

    run(case())


def in_file(module, name="ByUrl"):
    """Return a spider's class and a fingerprinter's that are in one module."""
    return type("Spider", (Spider,), {"__module__": module}), type(name, (ByUrl,), {"__module__": module})


@pytest.mark.parametrize("setting", ["REQUEST_FINGERPRINTER_CLASS", "DUPEFILTER_CLASS"])
def test_a_class_in_the_spider_s_file_is_the_same_when_the_file_is_renamed(run, tmp_path, crawl, setting):
    async def case():
        spider, kind = in_file("books")
        await offered(tmp_path, "auto", crawl, 10, spider_class=spider, **{setting: kind})

        spider, kind = in_file("books_2")
        assert (await offered(tmp_path, "auto", crawl, 10, spider_class=spider, **{setting: kind}))[1] == 0

        spider, other = in_file("books_2", name="Other")
        elsewhere, _ = in_file("shop")
        for spider_class, another, called in [
            (spider, other, r"<the spider's module>\.Other"),
            (elsewhere, kind, r"books_2\.ByUrl"),
        ]:
            with pytest.raises(
                StoreError, match=rf"{setting} = <the spider's module>\.ByUrl, and with {called} its pages"
            ):
                await built(tmp_path, "auto", spider_class, **{setting: another}).open(crawl.job)

    run(case())
