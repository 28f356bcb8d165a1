"""What a checkpoint stores, and what the next start finds."""

import pytest

from framework.exceptions import StoredError, UnstorableError
from framework.frontier import checkpoints as module
from framework.http.stored import StoredForm
from framework.protocols import DONE, Fate, FateKind


class Renamed:
    """The spider after its user has renamed a callback."""

    def parse(self, response):
        pass


async def resumed(jobs, crawl, **arguments):
    frontier = jobs.disk(**arguments)
    return frontier, await frontier.open(crawl.job)


def test_a_callback_that_is_gone_is_named_before_anything_is_fetched(run, jobs, crawl):
    async def case():
        frontier, _ = await resumed(jobs, crawl)
        await frontier.offer(frontier.root(), crawl.pages("1", callback=jobs.spider.parse_other))
        await crawl.checkpoint(frontier)
        await frontier.close(clean=True)

        frontier = jobs.disk(stored=StoredForm(Renamed()))
        with pytest.raises(StoredError, match="parse_other"):
            await frontier.open(crawl.job)
        await frontier.close(clean=False)

    run(case())


def test_a_callback_that_is_gone_and_that_nothing_pending_names_is_no_matter(run, jobs, crawl):
    async def case():
        frontier, _ = await resumed(jobs, crawl)
        root = frontier.root()
        await frontier.offer(root, crawl.pages("1", callback=jobs.spider.parse_other, errback=jobs.spider.parse))
        await frontier.offer(root, crawl.pages("2", callback=jobs.spider.parse))
        await crawl.work_off(frontier, most=1)
        await crawl.checkpoint(frontier)
        await frontier.close(clean=True)

        frontier, resume = await resumed(jobs, crawl, stored=StoredForm(Renamed()))

        assert resume.is_resumed
        assert await crawl.work_off(frontier) == ["2"]
        await frontier.close(clean=True)

    run(case())


@pytest.mark.parametrize("seen", ["exact", "bloom", "bloom+verify"])
def test_every_seen_set_comes_back(run, jobs, crawl, seen, monkeypatch):
    monkeypatch.setattr(module, "_LOG_MAX", 20)
    monkeypatch.setattr(module, "_A_STEP", 7)

    async def case():
        for at in range(0, 100, 25):
            frontier, _ = await resumed(jobs, crawl, seen=seen)
            names = [str(number) for number in range(at + 25)]
            answers = await frontier.offer(frontier.root(), crawl.pages(*names))
            assert answers.count(None) == 25
            await crawl.checkpoint(frontier)
            await crawl.checkpoint(frontier)
            assert (await frontier.balance()).missing == 0
            jobs.copy()
            await frontier.close(clean=False)

    run(case())


def test_identities_of_a_long_crawl_in_memory_go_to_the_temporary_file(run, jobs, crawl, monkeypatch):
    monkeypatch.setattr(module, "_OPEN_MAX", 20)

    async def case():
        frontier = jobs.memory(seen="bloom+verify")
        root = frontier.root()
        for at in range(0, 60, 10):
            await frontier.offer(root, crawl.pages(*map(str, range(at, at + 10))))
            await crawl.checkpoint(frontier)

        assert (await frontier._store.totals()).seen >= 40
        assert set(await frontier.offer(root, crawl.pages(*map(str, range(60))))) == {"duplicate"}
        await frontier.close(clean=True)

    run(case())


@pytest.mark.parametrize(("kept", "records"), [("all", 3), ("failures", 1), ("off", 0)])
def test_the_balance_holds_whatever_fates_are_kept(run, jobs, crawl, kept, records):
    async def case():
        frontier, _ = await resumed(jobs, crawl, fates=kept)
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*"1234"))
        leases = await frontier.lease(3)
        for lease, kind in zip(leases, (FateKind.DONE, FateKind.REPLACED, FateKind.DROPPED), strict=True):
            frontier.finish(lease, DONE if kind is FateKind.DONE else Fate(kind, "why"), 0)
        await crawl.checkpoint(frontier)

        balance = await frontier.balance()
        assert (balance.offered, balance.done, balance.replaced, balance.dropped) == (4, 1, 1, 1)
        assert balance.pending == 1
        assert balance.missing == 0
        assert sum((await frontier._store.totals()).fates.values()) == records
        await frontier.close(clean=True)

    run(case())


def test_what_cannot_be_stored_any_more_is_named_at_the_checkpoint(run, jobs, crawl):
    async def case():
        frontier, _ = await resumed(jobs, crawl)
        (request,) = crawl.pages("1")
        await frontier.offer(frontier.root(), [request])
        request.meta["session"] = object()

        with pytest.raises(UnstorableError, match="session"):
            await crawl.checkpoint(frontier)
        await frontier.lease(1)  # nor is it an error to fetch it
        await frontier.close(clean=False)

    run(case())
