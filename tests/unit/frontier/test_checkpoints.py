"""What a checkpoint stores, and what the next start finds."""

import pytest

from framework.dupefilters import RFPDupeFilter
from framework.exceptions import StoredError
from framework.frontier import checkpoints as module
from framework.frontier.seen.own import OwnDupeFilter
from framework.http.request import RIDES
from framework.http.stored import StoredForm
from framework.protocols import DONE, Fate, FateKind, Snapshot


class Closed:
    """A gate that holds some pages back."""

    def __init__(self, *names):
        self.names = set(names)

    def connect_waker(self, wake):
        self.wake = wake

    def ask(self, request):
        return 3.0 if request.url.rpartition("/")[2] in self.names else None


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


@pytest.mark.parametrize("seen", ["exact", "bloom"])
@pytest.mark.parametrize("is_leased", [False, True])
def test_the_balance_holds_with_riders_that_were_given_up(run, jobs, crawl, seen, is_leased):
    async def case():
        frontier, _ = await resumed(jobs, crawl, seen=seen)
        await frontier.offer(frontier.root(), crawl.pages("page"))
        (page,) = await frontier.lease(1)
        (rider,) = crawl.pages("rider")
        rider._row = RIDES
        await frontier.offer(page, [rider])
        given_up = list(await frontier.lease(1)) if is_leased else []
        await frontier.release([page, *given_up])
        await crawl.checkpoint(frontier)

        balance = await frontier.balance()

        assert (balance.offered, balance.pending, balance.missing) == (1, 1, 0)
        await frontier.close(clean=True)

    run(case())


@pytest.mark.parametrize("meets", ["checkpoint", "lease", "lease after the seal"])
@pytest.mark.parametrize("place", ["queue", "parked", "to come back at a time"])
def test_what_cannot_be_stored_any_more_fails_alone_and_by_name(run, jobs, crawl, caplog, meets, place):
    async def case():
        gates = [Closed("2")] if place == "parked" else []
        frontier, _ = await resumed(jobs, crawl, gates=gates)
        one, two, three = crawl.pages(*"123")
        if place == "to come back at a time":
            two._not_before_at = 1.0
        root = frontier.root()
        await frontier.offer(root, [one, two, three])
        frontier.finish(root, DONE, 0)
        if place == "parked":
            await crawl.work_off(frontier, most=1)
            gates[0].names.clear()
        group = frontier.seal() if meets == "lease after the seal" else None
        two.meta["session"] = object()

        if meets == "checkpoint":
            await crawl.checkpoint(frontier)
        else:
            await crawl.work_off(frontier)
        if group is not None:
            await frontier.persist(group, Snapshot())

        assert [record.getMessage().count("meta['session'] is an object") for record in caplog.records] == [1]
        assert frontier.view().failed == 1
        jobs.copy()
        await frontier.close(clean=False)
        return meets != "lease"

    is_stored = run(case())

    async def after_a_death():
        frontier, _ = await resumed(jobs, crawl)
        await frontier.offer(frontier.root(), crawl.pages(*"123"))
        worked = await crawl.work_off(frontier)
        assert ("2" in worked) is not is_stored
        await crawl.checkpoint(frontier)
        balance = await frontier.balance()
        assert (balance.missing, balance.failed) == (0, is_stored)
        await frontier.close(clean=True)

    run(after_a_death())


@pytest.mark.parametrize("is_clean", [False, True])
def test_a_filter_of_ones_own_learns_what_was_spilled_after_its_last_snapshot(run, jobs, crawl, is_clean):
    async def case():
        frontier, _ = await resumed(jobs, crawl, own_filter=OwnDupeFilter(RFPDupeFilter(), None), in_memory_max=8)
        await frontier.offer(frontier.root(), crawl.pages("free", dont_filter=True))
        await frontier.offer(frontier.root(), crawl.pages(*map(str, range(40))))
        if not is_clean:
            jobs.copy()
        await frontier.close(clean=is_clean)

        empty = RFPDupeFilter()
        own = OwnDupeFilter(empty, None)
        frontier, _ = await resumed(jobs, crawl, own_filter=own)
        spilled = frontier.pending
        await own.learn()
        learnt = set(empty.fingerprints)
        (page,) = await frontier.lease(1)
        answers = await frontier.offer(page, crawl.pages(*map(str, range(40))))
        await frontier.close(clean=False)
        return spilled, learnt, answers.count("duplicate"), empty.request_fingerprint(*crawl.pages("free"))

    spilled, learnt, duplicates, free = run(case())
    assert spilled > 20
    assert duplicates == len(learnt)
    assert free not in learnt
    assert bool(learnt) is not is_clean  # one that ended in good order has a snapshot of its end
