"""What of a failed request is kept for another try: the request as it was offered, whatever hooks made of it."""

import pytest

from framework.frontier.records import Records
from framework.frontier.store import StoreReader
from framework.frontier.store.rows import Row
from framework.http import Request
from framework.http.stored import StoredForm
from framework.protocols import Fate, FateKind, Job, Snapshot

SECRETS = (b"secret", b"download_latency")


def spoilt(request):
    """Do what downloader middlewares do."""
    request.headers["Cookie"] = "sid=secret"
    request.meta["download_latency"] = 0.1
    return request


async def checkpoint(frontier):
    await frontier.persist(frontier.seal(), Snapshot())


@pytest.mark.parametrize("stored_before", ["the lease", "its end", "nothing"])
@pytest.mark.parametrize("tries", [0, 1, 3])
def test_a_failed_request_is_kept_as_it_was_offered(run_real, jobs, stored_before, tries):
    async def case():
        frontier = jobs.disk()
        await frontier.open(Job("job", "spider", jobs.folder))
        await frontier.offer(frontier.root(), [Request("http://a/1", meta={"page": 5}, priority=3)])
        if stored_before == "the lease":
            await checkpoint(frontier)
        for _ in range(tries):
            (lease,) = await frontier.lease(1)
            if stored_before == "its end":
                await checkpoint(frontier)
            again = spoilt(lease.request).copy()
            again.meta["retry_times"] = 1
            again.priority -= 1
            await frontier.requeue(lease, again, not_before_at=None, reason="503")
        (lease,) = await frontier.lease(1)
        if stored_before == "its end":
            await checkpoint(frontier)
        spoilt(lease.request)
        frontier.finish(lease, Fate(FateKind.FAILED, "LookupError"), 0)
        await checkpoint(frontier)
        await frontier.close(clean=True)

    run_real(case())

    with StoreReader(jobs.folder / "frontier.db") as reader:
        (fate,) = reader.failed_rows()
    again, tried = Records(StoredForm(jobs.spider)).request(Row(1, fate.identity, fate.host, 3, fate.data), 0.0)
    assert (again.url, again.meta, again.priority, fate.priority) == ("http://a/1", {"page": 5}, 3, 3)
    assert tried is None
    assert not any(secret in fate.data for secret in SECRETS)
    assert len(fate.tries) == tries


def test_a_retry_goes_on_when_a_job_does_and_fails_as_it_was_offered(run_real, jobs):
    async def first():
        frontier = jobs.disk()
        await frontier.open(Job("job", "spider", jobs.folder))
        await frontier.offer(frontier.root(), [Request("http://a/1")])
        (lease,) = await frontier.lease(1)
        await frontier.requeue(lease, spoilt(lease.request).copy(), not_before_at=None, reason="503")
        await checkpoint(frontier)
        await frontier.close(clean=True)

    async def second():
        frontier = jobs.disk()
        await frontier.open(Job("job", "spider", jobs.folder))
        (lease,) = await frontier.lease(1)
        await frontier.requeue(lease, spoilt(lease.request).copy(), not_before_at=None, reason="503")
        (lease,) = await frontier.lease(1)
        assert lease.attempt == 3
        frontier.finish(lease, Fate(FateKind.FAILED, "LookupError"), 0)
        await checkpoint(frontier)
        await frontier.close(clean=True)

    run_real(first())
    run_real(second())

    with StoreReader(jobs.folder / "frontier.db") as reader:
        (fate,) = reader.failed_rows()
    assert not any(secret in fate.data for secret in SECRETS)
