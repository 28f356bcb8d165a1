"""What the frontier of one process does beyond the contract of all frontiers (see tests/contracts)."""

import asyncio
import logging

import pytest

from framework.frontier.hosts import Politeness
from framework.frontier.local import LocalFrontier
from framework.frontier.seen.exact import ExactSeen
from framework.frontier.store.sqlite import Store
from framework.http import Request
from framework.http.fingerprint import RequestFingerprinter
from framework.http.request import RIDES
from framework.http.stored import StoredForm
from framework.protocols import DONE, Fate, FateKind, Job, Snapshot
from framework.testing.virtualtime import virtual_now


class Moody(RequestFingerprinter):
    """Cannot say what some requests are."""

    def fingerprint(self, request):
        if "odd" in request.url:
            raise LookupError("odd")
        return super().fingerprint(request)


def frontier_with(fingerprinter=None, gates=(), **politeness):
    return LocalFrontier(
        fingerprinter or RequestFingerprinter(),
        Politeness(**politeness),
        gates,
        store=Store(None),
        stored=StoredForm(object()),
        seen=ExactSeen(),
        clock=virtual_now,
        wall_clock=virtual_now,
    )


def test_is_known_says_what_was_offered(run):
    async def case():
        frontier = frontier_with()
        await frontier.offer(frontier.root(), [Request("http://a/1")])

        assert frontier.is_known(Request("http://a/1"))
        assert not frontier.is_known(Request("http://a/2"))

    run(case())


def test_a_fingerprinter_that_raises_costs_one_request(run, caplog):
    async def case():
        frontier = frontier_with(Moody())
        odd = Request("http://a/odd")

        assert not frontier.is_known(odd)
        answers = await frontier.offer(frontier.root(), [Request("http://a/1"), odd, Request("http://a/2")])

        assert list(answers) == [None, "broken", None]
        assert len(await frontier.lease(9)) == 2

    run(case())
    assert "<GET http://a/odd> cannot be queued, and is lost: odd" in caplog.text


def test_a_retry_that_cannot_be_queued_is_refused_before_anything_changes(run):
    async def case():
        frontier = frontier_with()
        await frontier.offer(frontier.root(), [Request("http://a/1")])
        (lease,) = await frontier.lease(1)
        before = frontier.view()
        broken = lease.request.copy()
        broken.priority = None

        with pytest.raises(TypeError, match="its priority must be an int, not None"):
            await frontier.requeue(lease, broken, not_before_at=None, reason="503")

        assert frontier.view() == before

    run(case())


def test_a_priority_may_be_of_any_integer_type(run):
    async def case():
        frontier = frontier_with()

        answers = await frontier.offer(frontier.root(), [Request("http://a/1", priority=True)])

        assert list(answers) == [None]

    run(case())


def test_what_was_made_for_a_retry_and_is_yielded_by_a_callback_is_a_request_like_others(run):
    async def case():
        frontier = frontier_with()
        again = Request("http://a/1", dont_filter=True)
        again._retry = "try again"

        await frontier.offer(frontier.root(), [again])

        (lease,) = await frontier.lease(1)
        assert lease.request._retry is None
        assert lease.attempt == 1

    run(case())


def test_the_attempt_survives_a_release(run):
    async def case():
        frontier = frontier_with()
        await frontier.offer(frontier.root(), [Request("http://a/1"), Request("http://a/2")])
        (lease, other) = await frontier.lease(2)
        frontier.unsent(lease.permit)
        await frontier.requeue(lease, lease.request.copy(), not_before_at=None, reason="503")
        (again,) = await frontier.lease(1)
        await frontier.release([again])
        (again,) = await frontier.lease(1)
        assert again.attempt == 2

        frontier.finish(again, DONE, 0)
        frontier.finish(other, DONE, 0)
        assert frontier.view().done == 2

    run(case())


def test_the_root_can_be_released_like_any_lease(run):
    async def case():
        frontier = frontier_with()

        await frontier.release([frontier.root()])

        assert list(await frontier.lease(1)) == []

    run(case())


def test_what_is_sealed_counts_as_unsealed_until_it_is_stored(run):
    """Else leasing would go on while a slow sink writes, however much is finished meanwhile."""

    async def case():
        frontier = frontier_with()
        await frontier.offer(frontier.root(), [Request("http://a/1")])
        (lease,) = await frontier.lease(1)
        frontier.finish(lease, DONE, 0)

        group = frontier.seal()
        assert frontier.unsealed == 1
        await frontier.persist(group, Snapshot())

        assert frontier.unsealed == 0
        assert group.visits == []

    run(case())


def test_a_gate_that_breaks_is_told(run, caplog):
    class Broken:
        def ask(self, request):
            return Ellipsis

        def connect_waker(self, wake):
            pass

    async def case():
        frontier = frontier_with(gates=[Broken()])
        await frontier.offer(frontier.root(), [Request("http://a/1")])
        assert len(await frontier.lease(1)) == 1

    run(case())
    assert "Broken.ask" in caplog.text
    assert "<GET http://a/1>, which passes it" in caplog.text


def test_requests_of_one_time_come_back_in_the_order_they_were_parked(run):
    async def case():
        frontier = frontier_with()
        requests = [Request(f"http://a/{number}") for number in range(4)]
        for request in requests:
            request._not_before_at = 10.0
        await frontier.offer(frontier.root(), requests)

        leases = await frontier.lease(9)

        assert [lease.request.url[-1] for lease in leases] == ["0", "1", "2", "3"]
        assert virtual_now() >= 10.0

    run(case())


def test_an_empty_offer_wakes_nobody(run):
    async def case():
        frontier = frontier_with()
        root = frontier.root()
        waiting = asyncio.ensure_future(frontier.lease(1))
        await asyncio.sleep(1)

        assert list(await frontier.offer(root, [])) == []
        frontier.stop_leasing()
        frontier.stop_leasing()

        assert list(await waiting) == []

    run(case())


def test_a_frontier_logs_nothing_when_all_is_well(run, caplog):
    caplog.set_level(logging.DEBUG)

    async def case():
        frontier = frontier_with()
        await frontier.offer(frontier.root(), [Request("http://a/1"), Request("http://a/1")])
        await frontier.lease(1)

    run(case())
    assert [record for record in caplog.records if record.name.startswith("framework")] == []


def test_refusals_are_kept_where_fates_are(run, jobs, crawl):
    async def case():
        request = Request("http://elsewhere/1")
        for fates, kept in (("all", 1), ("off", 0)):
            frontier = jobs.disk(fates=fates)
            await frontier.open(crawl.job)
            root = frontier.root()
            frontier.refuse(root, request, "offsite")
            frontier.refuse(root, request, "offsite")
            await crawl.checkpoint(frontier)
            assert (await frontier._store.totals()).fates.get(5, 0) == kept
            await frontier.close(clean=True)
            (jobs.folder / "frontier.db").unlink()

    run(case())


def test_a_retry_that_cannot_be_stored_leaves_what_it_was_made_of(run, jobs, crawl):
    async def case():
        frontier = jobs.disk()
        await frontier.open(crawl.job)
        await frontier.offer(frontier.root(), crawl.pages("1"))
        await crawl.checkpoint(frontier)
        (lease,) = await frontier.lease(1)
        changed = lease.request.replace(meta={"session": object()})
        await frontier.requeue(lease, changed, not_before_at=None, reason="503")
        await crawl.checkpoint(frontier)
        (again,) = await frontier.lease(1)
        assert (again.attempt, "session" in again.request.meta) == (2, True)
        jobs.copy()
        await frontier.close(clean=False)

        frontier = jobs.disk()
        await frontier.open(crawl.job)
        (again,) = await frontier.lease(1)
        assert again.request.meta == {}
        await frontier.close(clean=True)

    run(case())


def test_a_retried_rider_rides_on(run, jobs, crawl):
    async def case():
        frontier = jobs.disk()
        await frontier.open(crawl.job)
        await frontier.offer(frontier.root(), crawl.pages("page"))
        (page,) = await frontier.lease(1)
        (rider,) = crawl.pages("rider")
        rider._row = RIDES
        await frontier.offer(page, [rider])
        (lease,) = await frontier.lease(1)
        await frontier.requeue(lease, lease.request.copy(), not_before_at=None, reason="503")

        (again,) = await frontier.lease(1)

        assert (again.rides_on, again.attempt) == (page, 2)
        await frontier.release([again])
        await crawl.checkpoint(frontier)
        assert (await frontier._store.totals()).rows == 1
        await frontier.close(clean=True)

    run(case())


def test_a_rider_in_memory_needs_no_store(run, jobs, crawl):
    async def case():
        frontier = jobs.memory()
        root = frontier.root()
        (rider,) = crawl.pages("rider")
        rider._row = RIDES
        await frontier.offer(root, [rider])
        assert root.riders == 1
        assert await crawl.work_off(frontier) == ["rider"]
        await crawl.checkpoint(frontier)
        await frontier.close(clean=True)

    run(case())


def test_start_has_ended_when_it_was_read_to_its_end(run, jobs, crawl):
    async def case():
        for fate, has_started in ((Fate(FateKind.FAILED, "callback"), False), (DONE, True)):
            frontier = jobs.disk()
            resume = await frontier.open(crawl.job)
            assert resume.has_started is False
            frontier.finish(frontier.root(), fate, 0)
            await crawl.checkpoint(frontier)
            await frontier.close(clean=True)
            frontier = jobs.disk()
            assert (await frontier.open(crawl.job)).has_started is has_started
            await frontier.close(clean=True)

    run(case())


def test_what_is_leased_or_spilled_while_a_checkpoint_is_made_belongs_to_it(run, jobs, crawl):
    async def case():
        frontier = jobs.disk(in_memory_max=10)
        await frontier.open(crawl.job)
        root = frontier.root()
        await frontier.offer(root, crawl.pages(*(f"a-{number}" for number in range(8))))
        await frontier.lease(1)
        group = frontier.seal()
        (second,) = await frontier.lease(1)
        second.request.meta["by a hook"] = object()
        await frontier.offer(root, crawl.pages(*(f"b-{number}" for number in range(20)), host="b.example"))
        await frontier.persist(group, Snapshot())
        jobs.copy()
        await frontier.close(clean=False)

        frontier = jobs.disk()
        await frontier.open(crawl.job)
        balance = await frontier.balance()
        assert (balance.offered, balance.pending) == (28, 28)  # all of b was spilled
        worked = await crawl.work_off(frontier)
        assert sorted(worked) == sorted([f"a-{n}" for n in range(8)] + [f"b-{n}" for n in range(20)])
        await frontier.close(clean=True)

    run(case())


def test_a_fate_with_a_reason_counts_like_one_without(run, jobs, crawl):
    async def case():
        frontier = jobs.memory()
        await frontier.offer(frontier.root(), crawl.pages("1"))
        (lease,) = await frontier.lease(1)
        frontier.finish(lease, Fate(FateKind.DONE, "errback"), 0)

        assert frontier.view().done == 1
        await frontier.close(clean=True)

    run(case())


def test_the_seen_set_tells_of_itself():
    assert frontier_with().stats() == {"seen/mode": "exact", "seen/identities": 0}


def test_what_a_start_has_delivered_is_stored_while_it_goes_on(run_real, jobs):
    async def first():
        frontier = jobs.disk()
        await frontier.open(Job("job", "spider", jobs.folder))
        root = frontier.root()
        root.delivered = 2000
        frontier.deliver(root, 1900)
        await frontier.persist(frontier.seal(), Snapshot())
        root.delivered = 4000
        frontier.deliver(root, 2000)
        jobs.copy()  # it dies before the next checkpoint
        await frontier.close(clean=False)

    async def second():
        frontier = jobs.disk()
        resume = await frontier.open(Job("job", "spider", jobs.folder))
        assert not resume.has_started
        assert frontier.root().delivered == 2000
        assert frontier.counts.items == 1900
        await frontier.close(clean=False)

    run_real(first())
    run_real(second())
