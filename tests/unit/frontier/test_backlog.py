"""Pending requests beyond what memory may hold: they are on disk, and come back in their turn."""

import asyncio
import itertools

import pytest

from framework.exceptions import DamagedJob, StoreError
from framework.frontier import backlog as module
from framework.http.request import RIDES
from framework.protocols import DONE, Fate, FateKind, HostPolicy, Landing, Snapshot
from framework.testing.virtualtime import virtual_now


@pytest.mark.parametrize("order", ["depth", "breadth"])
@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_a_long_queue_keeps_its_order_over_the_disk(run, jobs, crawl, order, kind):
    async def case():
        frontier = getattr(jobs, kind)(in_memory_max=500, order=order)
        await frontier.open(crawl.job)
        names = [f"{number:04}" for number in range(1600)]
        root = frontier.root()
        await frontier.offer(root, crawl.pages("page", priority=1))
        (page,) = await frontier.lease(1)
        for at in range(0, 1600, 400):
            await frontier.offer(page, crawl.pages(*names[at : at + 400]))
        assert frontier._dispatch.backlog.in_memory < 900

        batches = [names[at : at + 400] for at in range(0, 1600, 400)]
        expected = [name for batch in (reversed(batches) if order == "depth" else batches) for name in batch]
        assert await crawl.work_off(frontier) == expected
        frontier.finish(page, DONE, 0)
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


def test_hosts_go_cold_and_come_back(run, jobs, crawl):
    async def case():
        frontier = jobs.disk(in_memory_max=200)
        await frontier.open(crawl.job)
        root = frontier.root()
        for number in range(600):
            await frontier.offer(root, crawl.pages("1", "2", host=f"h{number}.example"))
        assert frontier.view().hosts < 250
        assert frontier.pending == 1200

        worked = await crawl.work_off(frontier)

        assert len(worked) == 1200
        assert frontier.view().done == 1200
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


def test_the_highest_priority_comes_back_first(run, jobs, crawl):
    async def case():
        frontier = jobs.disk(in_memory_max=4)
        await frontier.open(crawl.job)
        root = frontier.root()
        for number in range(20):
            await frontier.offer(root, crawl.pages(f"low-{number}", host=f"low{number}", priority=-1))
        for number in range(20):
            await frontier.offer(root, crawl.pages(f"high-{number}", host=f"high{number}", priority=3))
        await crawl.checkpoint(frontier)
        await frontier.close(clean=True)
        frontier = jobs.disk(in_memory_max=4)
        await frontier.open(crawl.job)

        worked = await crawl.work_off(frontier)

        assert len(worked) == 40
        assert all(name.startswith("high") for name in worked[:20])
        await frontier.close(clean=True)

    run(case())


def test_a_crawl_in_memory_that_never_grows_makes_no_file(run, jobs, crawl):
    async def case():
        frontier = jobs.memory()
        await frontier.offer(frontier.root(), crawl.pages("1", "2"))
        assert await crawl.work_off(frontier) == ["1", "2"]
        await crawl.checkpoint(frontier)
        assert frontier._store._connection is None
        await frontier.close(clean=True)

    run(case())


def test_what_has_ended_leaves_the_temporary_file(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=10)
        await frontier.offer(frontier.root(), crawl.pages(*map(str, range(100))))
        await crawl.work_off(frontier, most=60)

        await crawl.checkpoint(frontier)

        totals = await frontier._store.totals()
        assert totals.rows <= 40
        assert len(await crawl.work_off(frontier)) == 40
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


def test_when_all_in_memory_must_wait_others_come_from_disk(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=40)
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*map(str, range(30)), host="free.example"))
        frontier.set_host("held.example", HostPolicy(hold_until_at=1e6))
        await frontier.offer(root, crawl.pages(*map(str, range(40)), host="held.example", priority=1))

        worked = await crawl.work_off(frontier, most=30)

        assert len(worked) == 30
        assert frontier.pending == 40
        await frontier.close(clean=True)

    run(case())


def test_riders_stay_in_memory_however_many(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=10)
        await frontier.offer(frontier.root(), crawl.pages("page"))
        (page,) = await frontier.lease(1)
        riders = crawl.pages(*(f"rider-{number}" for number in range(30)), callback=lambda response: None)
        for rider in riders:
            rider._row = RIDES
        await frontier.offer(page, riders)
        await frontier.offer(page, crawl.pages(*(f"link-{number}" for number in range(60))))

        backlog = frontier._dispatch.backlog
        assert 30 <= backlog.in_memory < 60
        assert sum(name.startswith("rider") for name in await crawl.work_off(frontier)) == 30
        await frontier.close(clean=True)

    run(case())


def test_two_offers_at_once_spill_one_after_the_other(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=10)
        root = frontier.root()
        async with asyncio.TaskGroup() as tasks:
            for host in "abc":
                tasks.create_task(frontier.offer(root, crawl.pages(*map(str, range(20)), host=host)))

        assert len(await crawl.work_off(frontier)) == 60
        await frontier.close(clean=True)

    run(case())


@pytest.mark.parametrize("step", [500, 5])
def test_a_cancelled_spill_is_done_all_the_same(run, jobs, crawl, monkeypatch, step):
    monkeypatch.setattr(module, "_A_STEP", step)

    async def case():
        frontier = jobs.disk(in_memory_max=10, seen="bloom")
        await frontier.open(crawl.job)
        offering = asyncio.ensure_future(frontier.offer(frontier.root(), crawl.pages(*map(str, range(50)))))
        await asyncio.sleep(0)  # now it waits for the disk
        assert frontier._dispatch.backlog.disk.locked()
        offering.cancel()
        await asyncio.wait([offering])

        assert offering.cancelled()
        assert len(set(await crawl.work_off(frontier))) == 50
        await frontier.close(clean=True)

    run(case())


def test_what_the_disk_refuses_stays_in_memory(run, jobs, crawl, monkeypatch):
    monkeypatch.setattr(module, "_A_STEP", 5)

    async def case():
        frontier = jobs.disk(in_memory_max=10)
        await frontier.open(crawl.job)
        root, store = frontier.root(), frontier._store
        add = store.add

        async def refuse(changes):
            raise StoreError("the disk is full")

        store.add = refuse
        with pytest.raises(StoreError, match="full"):
            await frontier.offer(root, crawl.pages(*map(str, range(50))))
        assert frontier.pending == frontier._dispatch.backlog.in_memory == 50
        store.add = add

        assert len(set(await crawl.work_off(frontier))) == 50
        frontier.finish(root, DONE, 0)
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


def test_hosts_that_wait_for_nothing_are_let_go_now_and_then(run, jobs, crawl, monkeypatch):
    monkeypatch.setattr(module, "_SWEEP_AT", 20)

    async def case():
        frontier = jobs.memory()
        root = frontier.root()
        for number in range(50):
            await frontier.offer(root, crawl.pages("1", host=f"h{number}"))
            await crawl.work_off(frontier)
            if number % 10 == 9:
                await crawl.checkpoint(frontier)

        assert frontier.view().hosts <= 40
        await frontier.close(clean=True)

    run(case())


async def fail(frontier, leases):
    for lease in leases:
        frontier.sent(lease.permit)
        frontier.landed(lease.permit, Landing.SILENT)
        frontier.finish(lease, Fate(FateKind.FAILED, "DNSError"), 0)


@pytest.mark.parametrize("ahead", [1, 500])
def test_dead_hosts_are_let_go_however_many(run, jobs, crawl, monkeypatch, ahead):
    monkeypatch.setattr(module, "_SWEEP_AT", 100)

    async def case():
        frontier = jobs.memory(in_memory_max=200)
        root = frontier.root()
        for number in range(3000):
            await frontier.offer(root, crawl.pages("1", host=f"h{number}.example"))
            if number % ahead == ahead - 1:
                while frontier.pending:
                    await fail(frontier, await frontier.lease(100))
            if number % 100 == 99:
                await crawl.checkpoint(frontier)

        assert frontier.view().failed == 3000
        assert frontier.view().hosts <= 250
        await frontier.close(clean=True)

    run(case())


def test_a_dead_host_that_was_let_go_and_is_met_again_gets_one_probe_and_is_held_as_long_as_before(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=50, dead_after=2)
        root = frontier.root()
        await frontier.offer(root, crawl.pages("1", "2", host="dead.example"))
        await frontier.offer(root, crawl.pages("1", host="held.example"))
        await fail(frontier, await frontier.lease(9))
        frontier.set_host("held.example", HostPolicy(hold_until_at=virtual_now() + 60))
        for number in range(200):
            await frontier.offer(root, crawl.pages("1", host=f"h{number}.example"))
        assert "dead.example" not in frontier._dispatch._schedule.hosts
        await crawl.work_off(frontier)

        await frontier.offer(root, crawl.pages("3", "4", host="held.example"))
        await frontier.offer(root, crawl.pages("5", "6", "7", host="dead.example"))
        (probe,) = await frontier.lease(9)
        assert probe.request.url == "http://dead.example/5"
        frontier.sent(probe.permit)
        frontier.landed(probe.permit, Landing.ANSWERED)
        assert [lease.request.url[-1] for lease in await frontier.lease(9)] == ["6", "7"]
        start = virtual_now()
        assert len(await frontier.lease(9)) == 2
        assert virtual_now() - start >= 60
        await frontier.close(clean=False)

    run(case())


def test_rows_that_are_gone_from_the_disk_are_missed_aloud(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=4)
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*map(str, range(20))))
        frontier._dispatch.pending += 1

        with pytest.raises(DamagedJob, match="1 pending requests are not in it"):
            await crawl.work_off(frontier)
        frontier.finish(root, DONE, 0)
        await frontier.close(clean=False)

    run(case())


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_retry_that_is_spilled_takes_its_earlier_row_along(run, jobs, crawl, is_sealed):
    """Else a death before the next checkpoint would leave one request in two rows."""

    async def case():
        frontier = jobs.disk(in_memory_max=4)
        await frontier.open(crawl.job)
        root = frontier.root()
        await frontier.offer(root, crawl.pages("1"))
        if not is_sealed:
            await crawl.checkpoint(frontier)
        (lease,) = await frontier.lease(1)
        group = frontier.seal()
        for _ in range(2):
            frontier.unsent(lease.permit)
            await frontier.requeue(lease, lease.request.copy(), not_before_at=None, reason="503")
            (lease,) = await frontier.lease(1)
        frontier.unsent(lease.permit)
        await frontier.requeue(lease, lease.request.copy(), not_before_at=None, reason="503")
        if not is_sealed:
            await frontier.persist(group, Snapshot())
        await frontier.offer(root, crawl.pages(*map(str, range(2, 12)), host="b.example"))
        await frontier.offer(root, crawl.pages(*map(str, range(12, 22)), host="c.example"))
        if is_sealed:
            await frontier.persist(group, Snapshot())
        jobs.copy()
        await frontier.close(clean=False)

        frontier = jobs.disk()
        await frontier.open(crawl.job)
        worked = await crawl.work_off(frontier)
        assert worked.count("1") == 1
        assert len(set(worked)) == len(worked)
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


def test_what_belongs_behind_the_disk_goes_there_in_lots(run, jobs, crawl, monkeypatch):
    monkeypatch.setattr(module, "_A_WRITE", 5)

    async def case():
        frontier = jobs.memory(in_memory_max=300, order="breadth")
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*map(str, range(400))))
        in_memory = frontier._dispatch.backlog.in_memory
        for number in range(400, 500):
            await frontier.offer(root, crawl.pages(str(number)))

        assert frontier._dispatch.backlog.in_memory < in_memory + 40
        assert await crawl.work_off(frontier) == [str(number) for number in range(500)]
        await frontier.close(clean=True)

    run(case())


def test_a_rider_stays_in_memory_though_its_place_is_behind_what_is_on_disk(run, jobs, crawl):
    async def case():
        frontier = jobs.disk(in_memory_max=300)
        await frontier.open(crawl.job)
        root = frontier.root()
        names = [f"{number:04}" for number in range(800)]
        await frontier.offer(root, crawl.pages(*names))
        (rider,) = crawl.pages("rider")
        rider._row = RIDES

        assert await frontier.offer(root, [rider]) == [None]

        assert sorted(await crawl.work_off(frontier)) == [*names, "rider"]
        frontier.finish(root, DONE, 0)
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())


def test_a_host_whose_first_rows_are_all_in_memory_gives_the_ones_behind(run, jobs, crawl):
    async def case():
        frontier = jobs.disk(in_memory_max=1000)
        await frontier.open(crawl.job)
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*map(str, range(700))))
        await crawl.checkpoint(frontier)
        await frontier.close(clean=True)
        frontier = jobs.disk(in_memory_max=1000)
        await frontier.open(crawl.job)
        backlog = frontier._dispatch.backlog
        leases = list(await frontier.lease(700))
        while len(leases) < 700:
            backlog._hot.clear()
            backlog.low.clear()
            for host in frontier._dispatch._schedule.hosts.values():
                host.queue.spilled = None
            leases += await frontier.lease(700)

        assert len({lease.identity for lease in leases}) == 700
        await frontier.close(clean=True)

    run(case())


def test_a_queue_that_ran_low_and_was_filled_meanwhile_is_passed_over(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=300)
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*map(str, range(400))))
        (host,) = frontier._dispatch._schedule.hosts.values()
        frontier._dispatch.backlog.low |= {host, type(host)("gone.example", 9, frontier._dispatch._schedule.politeness)}

        assert len(await crawl.work_off(frontier)) == 400
        await frontier.close(clean=True)

    run(case())


def test_a_long_checkpoint_gives_way_to_others_and_holds_what_is_spilled_meanwhile(run, jobs, crawl):
    async def case():
        frontier = jobs.disk(in_memory_max=1500)
        await frontier.open(crawl.job)
        root = frontier.root()
        for number in range(600):
            await frontier.offer(root, crawl.pages(str(number), host=f"h{number}.example"))
        group = frontier.seal()
        for number in range(600, 1700):
            await frontier.offer(root, crawl.pages(str(number), host=f"h{number}.example"))
        await frontier.persist(group, Snapshot())
        jobs.copy()
        hosts = frontier._dispatch._schedule.hosts.values()
        in_memory = {host.key.partition(".")[0][1:] for host in hosts if host.queue}
        in_memory |= {request.url.rpartition("/")[2] for request in frontier._dispatch.backlog.bound}
        sealed, later = ({str(number) for number in numbers} for numbers in (range(600), range(600, 1700)))
        await frontier.close(clean=False)

        frontier = jobs.disk()
        await frontier.open(crawl.job)
        balance = await frontier.balance()
        worked = await crawl.work_off(frontier)
        assert set(worked) == sealed | (later - in_memory)
        assert len(worked) == len(set(worked)) == balance.pending == balance.offered
        assert in_memory
        assert later - in_memory
        await frontier.close(clean=True)

    run(case())


def test_what_ran_low_is_loaded_even_where_there_is_no_room_for_cold_hosts(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=300)
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*map(str, range(400))))
        (host,) = frontier._dispatch._schedule.hosts.values()
        backlog = frontier._dispatch.backlog
        backlog.low.add(host)
        backlog._max = 1
        before = backlog.in_memory

        await frontier.lease(1)

        assert backlog.in_memory > before
        await frontier.close(clean=True)

    run(case())


def test_nothing_comes_when_there_is_no_room(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=300)
        await frontier.offer(frontier.root(), crawl.pages(*map(str, range(400))))
        backlog = frontier._dispatch.backlog
        backlog._max = 1

        assert await backlog.refill(0.0, is_idle=True) == 0
        await frontier.close(clean=True)

    run(case())


def test_while_hosts_wait_for_their_turn_the_disk_is_not_read_in_vain(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=300, delay_s=5.0, randomize=False)
        await frontier.open(crawl.job)
        await frontier.offer(frontier.root(), crawl.pages(*map(str, range(2000))))
        looks = []
        store = frontier._store
        cold_heads = store.cold_heads
        store.cold_heads = lambda *args, **options: looks.append(args) or cold_heads(*args, **options)
        for _ in range(5):
            waiting = asyncio.ensure_future(frontier.lease(8))
            while not waiting.done():
                frontier._dispatch.notify()  # as every page that ends does
                await asyncio.sleep(0.05)
            (lease,) = waiting.result()
            frontier.sent(lease.permit)
            frontier.landed(lease.permit, Landing.ANSWERED)
            frontier.finish(lease, DONE, 0)

        assert len(looks) < 4 * virtual_now() + 8, "at most one look a second, each of four questions"
        assert frontier._dispatch.backlog.in_memory < 300
        await frontier.close(clean=True)

    run(case())


def test_a_host_that_went_to_disk_comes_back_at_once_though_others_wait_for_their_turn(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=300, delay_s=5.0, randomize=False)
        await frontier.open(crawl.job)
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*map(str, range(2000))))
        (first,) = await frontier.lease(8)
        frontier.sent(first.permit)
        waiting = asyncio.ensure_future(frontier.lease(8))
        await asyncio.sleep(0.5)
        assert not waiting.done()

        await frontier.offer(root, crawl.pages("other", host="b.example"))
        (other,) = await waiting

        assert other.request.url == "http://b.example/other"
        assert virtual_now() < 1.0
        await frontier.close(clean=True)

    run(case())


def test_a_turn_that_comes_while_the_disk_is_asked_is_taken_at_once(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=300, concurrency=1)
        await frontier.open(crawl.job)
        await frontier.offer(frontier.root(), crawl.pages(*map(str, range(2000))))
        (first,) = await frontier.lease(1)
        frontier.sent(first.permit)
        store = frontier._store
        cold_heads = store.cold_heads

        async def while_it_ends(*args, **options):
            store.cold_heads = cold_heads
            frontier.landed(first.permit, Landing.ANSWERED)
            frontier.finish(first, DONE, 0)
            return await cold_heads(*args, **options)

        store.cold_heads = while_it_ends
        before = virtual_now()

        await frontier.lease(1)

        assert virtual_now() - before < 0.5
        await frontier.close(clean=True)

    run(case())


def test_nothing_more_is_leased_while_much_is_on_its_way_to_the_disk(run, jobs, crawl, monkeypatch):
    monkeypatch.setattr(module, "_A_WRITE", 50)

    async def case():
        frontier = jobs.memory(in_memory_max=200)
        await frontier.open(crawl.job)
        root, backlog = frontier.root(), frontier._dispatch.backlog
        for n in range(300):
            await frontier.offer(root, crawl.pages("1", "2", host=f"h{n}.example"))
        async with backlog.disk:  # a checkpoint is being written
            offers = [
                asyncio.ensure_future(frontier.offer(root, crawl.pages("1", "2", host=f"h{n}.example")))
                for n in range(300, 600)
            ]
            await asyncio.sleep(0.1)
            assert len(backlog.bound) >= 100
            leasing = asyncio.ensure_future(frontier.lease(1))
            await asyncio.sleep(1)
            assert not leasing.done()
        assert len(await leasing) == 1
        await asyncio.gather(*offers)
        assert len(backlog.bound) < 50
        await frontier.close(clean=True)

    run(case())


def test_while_one_writes_the_others_go_on_until_too_much_is_on_its_way(run, jobs, crawl, monkeypatch):
    monkeypatch.setattr(module, "_A_WRITE", 10)

    async def case():
        frontier = jobs.memory(in_memory_max=120)
        root, backlog = frontier.root(), frontier._dispatch.backlog
        offers = []
        async with backlog.disk:  # a checkpoint is being written
            for n in range(100):
                page = crawl.pages("1", "2", host=f"h{n}.example")
                offers.append(asyncio.ensure_future(frontier.offer(root, page)))
                await asyncio.sleep(0)
            waiting = [offer for offer in offers if not offer.done()]
            assert len(waiting) > 2
            assert not offers[-1].done()
            first = offers.index(waiting[0])
            assert offers[first + 1].done(), "another one writes: there is some room left until then"
            assert backlog.is_swamped
        await asyncio.gather(*offers)

        assert not backlog.is_swamped
        assert len(set(await crawl.work_off(frontier))) == 2
        assert frontier.view().done == 200
        await frontier.close(clean=True)

    run(case())


def test_an_offer_that_waits_takes_over_when_the_one_that_wrote_was_cancelled(run, jobs, crawl, monkeypatch):
    monkeypatch.setattr(module, "_A_WRITE", 10)

    async def case():
        frontier = jobs.memory(in_memory_max=40)
        root, backlog = frontier.root(), frontier._dispatch.backlog
        async with backlog.disk:
            offers = []
            for n in range(60):
                page = crawl.pages("1", host=f"h{n}.example")
                offers.append(asyncio.ensure_future(frontier.offer(root, page)))
                await asyncio.sleep(0)
            waiting = [offer for offer in offers if not offer.done()]
            waiting[0].cancel()
            await asyncio.wait(waiting[:1])
            assert not waiting[1].done()
        await asyncio.gather(*waiting[1:])

        assert not backlog.is_full
        assert len(await crawl.work_off(frontier)) == 60
        await frontier.close(clean=True)

    run(case())


def test_room_is_made_in_small_steps(run, jobs, crawl, monkeypatch):
    monkeypatch.setattr(module, "_HOSTS_A_LOOK", 10)

    async def case():
        frontier = jobs.memory(in_memory_max=200)
        root = frontier.root()
        hosts = []

        async def watch():
            while True:
                hosts.append(frontier.view().hosts)
                await asyncio.sleep(0)

        watching = asyncio.ensure_future(watch())
        for n in range(130):
            await frontier.offer(root, crawl.pages("1", host=f"h{n}.example"))
        watching.cancel()

        assert max(hosts) > 90
        assert hosts[-1] < 90
        assert max(before - after for before, after in itertools.pairwise(hosts)) <= 10
        assert len(await crawl.work_off(frontier)) == 130
        await frontier.close(clean=True)

    run(case())


def test_the_hosts_that_came_first_go_to_disk_first(run, jobs, crawl):
    async def case():
        frontier = jobs.memory(in_memory_max=100)
        root = frontier.root()
        await frontier.offer(root, crawl.pages("1", "2", host="busy.example"))
        (busy,) = await frontier.lease(1)
        for n in range(60):
            await frontier.offer(root, crawl.pages("1", host=f"h{n}.example"))
        hosts = frontier._dispatch._schedule.hosts
        assert "busy.example" in hosts
        assert "h0.example" not in hosts
        assert "h49.example" in hosts
        assert list(frontier._dispatch._schedule.line) != list(hosts.values()), "it has gone to the end of the line"
        assert set(frontier._dispatch._schedule.line) == set(hosts.values())
        frontier.unsent(busy.permit)
        frontier.finish(busy, DONE, 0)
        assert len(await crawl.work_off(frontier)) == 61
        await frontier.close(clean=True)

    run(case())
