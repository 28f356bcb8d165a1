"""What is not stored yet, when the disk refuses it: everything is as it was, and goes there the next time."""

import asyncio

import pytest

from framework.exceptions import StoreError
from framework.protocols import DONE, Fate, FateKind, Snapshot


class Full:
    """Makes a frontier's store refuse what is written before a checkpoint."""

    def __init__(self, frontier, before=None):
        self.store = frontier._store
        self.add = self.store.add
        self.before = before
        self.refused = 0
        self.store.add = self.refuse

    async def refuse(self, changes):
        if self.before is not None:
            self.before()
        await asyncio.sleep(0)
        self.refused += 1
        raise StoreError("the disk is full")

    def has_room(self):
        self.store.add = self.add


@pytest.fixture
def opened(jobs, crawl):
    async def opened(kind="disk", **arguments):
        frontier = getattr(jobs, kind)(**arguments)
        await frontier.open(crawl.job)
        return frontier

    return opened


async def refused_offer(frontier, origin, requests):
    with pytest.raises(StoreError, match="the disk is full"):
        await frontier.offer(origin, requests)


async def after_a_death(jobs, crawl, frontier):
    """Let the process die; return what the next one works off, and see that the balance holds."""
    jobs.copy()
    await frontier.close(clean=False)
    frontier = jobs.disk()
    await frontier.open(crawl.job)
    worked = await crawl.work_off(frontier)
    await crawl.checkpoint(frontier)
    assert (await frontier.balance()).missing == 0
    await frontier.close(clean=True)
    return worked


@pytest.mark.parametrize("order", ["depth", "breadth"])
@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_a_spill_that_fails_loses_nothing_and_keeps_the_order(run, crawl, opened, kind, order):
    async def case():
        frontier = await opened(kind, in_memory_max=300, order=order)
        root = frontier.root()
        await frontier.offer(root, crawl.pages("page", priority=1))
        (page,) = await frontier.lease(1)
        names = [f"{number:04}" for number in range(1000)]
        disk = Full(frontier)
        await refused_offer(frontier, page, crawl.pages(*names))
        assert frontier.pending == frontier._dispatch.backlog.in_memory == 1000
        disk.has_room()

        assert await crawl.work_off(frontier) == names
        frontier.finish(page, DONE, 0)
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


def test_what_a_failed_spill_has_left_in_memory_is_in_the_next_checkpoint(run, jobs, crawl, opened):
    async def case():
        frontier = await opened(in_memory_max=10)
        root = frontier.root()
        Full(frontier)
        await refused_offer(frontier, root, crawl.pages(*map(str, range(50))))

        await crawl.checkpoint(frontier)

        assert sorted(await after_a_death(jobs, crawl, frontier), key=int) == list(map(str, range(50)))

    run(case())


def test_a_checkpoint_that_was_sealed_while_a_spill_failed_holds_what_the_spill_had(run, jobs, crawl, opened):
    """Else the parent would be durable without its children."""

    async def case():
        frontier = await opened(in_memory_max=10)
        root = frontier.root()
        await frontier.offer(root, crawl.pages("page"))
        (page,) = await frontier.lease(1)
        sealed = []

        def seal():
            frontier.finish(page, DONE, 0)
            sealed.append(frontier.seal())

        Full(frontier, seal)
        await refused_offer(frontier, page, crawl.pages(*map(str, range(50))))
        await frontier.persist(sealed[0], Snapshot())

        assert sorted(await after_a_death(jobs, crawl, frontier), key=int) == list(map(str, range(50)))

    run(case())


@pytest.mark.parametrize("is_mended", [False, True])
def test_a_retry_whose_spill_fails_is_there_once_with_its_tries(run, jobs, crawl, opened, is_mended):
    async def case():
        frontier = await opened(in_memory_max=4)
        root = frontier.root()
        await frontier.offer(root, crawl.pages("1"))
        await crawl.checkpoint(frontier)
        (lease,) = await frontier.lease(1)
        frontier.unsent(lease.permit)
        await frontier.requeue(lease, lease.request.copy(), not_before_at=None, reason="503")
        disk = Full(frontier)
        await refused_offer(frontier, root, crawl.pages(*map(str, range(2, 12)), host="b.example"))
        await refused_offer(frontier, root, crawl.pages(*map(str, range(12, 22)), host="c.example"))
        if is_mended:
            disk.has_room()
            await frontier.offer(root, crawl.pages(*map(str, range(22, 32)), host="d.example"))
        else:
            await crawl.checkpoint(frontier)
        jobs.copy()
        await frontier.close(clean=False)

        frontier = await opened()
        leases = []
        while frontier.pending:
            leases += await frontier.lease(100)
        attempts = [lease.attempt for lease in leases if lease.request.url.endswith("/1")]
        assert attempts == [2]
        for lease in leases:
            frontier.finish(lease, Fate(FateKind.DROPPED, "seen"), 0)
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


@pytest.mark.parametrize("kind", ["memory", "disk"])
@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_request_that_cannot_be_stored_any_more_takes_no_other_with_it(run, crawl, opened, caplog, kind, is_sealed):
    async def case():
        frontier = await opened(kind, in_memory_max=20)
        root = frontier.root()
        first = crawl.pages("broken", *map(str, range(15)))
        await frontier.offer(root, first)
        first[0].meta["session"] = object()
        first[1].priority = "high"
        group = frontier.seal() if is_sealed else None
        for host in "abc":
            await frontier.offer(root, crawl.pages(*(f"{host}{number}" for number in range(15)), host=host))
        if group is not None:
            await frontier.persist(group, Snapshot())

        worked = await crawl.work_off(frontier)

        assert len(worked) == len(set(worked)) == 59
        assert frontier.view().failed == 2
        told = [record.getMessage() for record in caplog.records]
        assert len(told) == 2
        assert any("a.example/broken> has failed (changed)" in it and "meta['session'] is an" in it for it in told)
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


@pytest.mark.parametrize("seen", ["exact", "bloom", "bloom+verify"])
def test_a_checkpoint_that_failed_can_be_made_again(run, jobs, crawl, opened, seen):
    async def case():
        frontier = await opened(in_memory_max=10, seen=seen)
        root = frontier.root()
        commit = frontier._store.commit
        for at in range(0, 60, 20):
            await frontier.offer(root, crawl.pages(*map(str, range(at, at + 20))))
            await crawl.work_off(frontier, most=5)
            group = frontier.seal()

            async def refuse(*args):
                raise StoreError("the disk is full")

            frontier._store.commit = refuse
            with pytest.raises(StoreError):
                await frontier.persist(group, Snapshot())
            frontier._store.commit = commit
            await frontier.persist(group, Snapshot())
        assert set(await frontier.offer(root, crawl.pages(*map(str, range(60))))) == {"duplicate"}
        jobs.copy()
        await frontier.close(clean=False)

        frontier = jobs.disk(seen=seen)
        await frontier.open(crawl.job)
        assert set(await frontier.offer(frontier.root(), crawl.pages(*map(str, range(60))))) == {"duplicate"}
        assert len(await crawl.work_off(frontier)) == 45
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


def test_in_memory_what_has_ended_leaves_the_temporary_file_when_it_can_be_written_again(run, crawl, opened):
    async def case():
        frontier = await opened("memory", in_memory_max=10, seen="bloom+verify")
        await frontier.offer(frontier.root(), crawl.pages(*map(str, range(100))))
        await crawl.work_off(frontier, most=60)
        disk = Full(frontier)
        with pytest.raises(StoreError):
            await crawl.checkpoint(frontier)
        disk.has_room()

        await crawl.checkpoint(frontier)

        assert (await frontier._store.totals()).rows <= 40
        assert len(await crawl.work_off(frontier)) == 40
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


def test_what_is_stored_leaves_memory_while_a_checkpoint_is_on_its_way(run, jobs, crawl, opened):
    async def case():
        frontier = await opened(in_memory_max=10)
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*map(str, range(8))))
        await crawl.checkpoint(frontier)
        group = frontier.seal()
        await frontier.offer(root, crawl.pages(*map(str, range(8, 30)), host="b.example"))
        await frontier.persist(group, Snapshot())

        assert sorted(await after_a_death(jobs, crawl, frontier), key=int) == list(map(str, range(30)))

    run(case())


def test_a_request_on_its_way_to_the_disk_that_is_spoilt_fails_at_the_checkpoint(run, crawl, opened):
    async def case():
        frontier = await opened(in_memory_max=20)
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*map(str, range(30))))
        (spoilt,) = crawl.pages("spoilt", host="b.example")
        await frontier.offer(root, [spoilt, *crawl.pages("30", host="c.example")])
        assert spoilt in frontier._dispatch.backlog.bound
        spoilt.meta["session"] = object()

        await crawl.checkpoint(frontier)

        assert frontier.view().failed == 1
        assert sorted(await crawl.work_off(frontier), key=int) == list(map(str, range(31)))
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())
