"""What a job's records were made with, from run to run."""

import itertools

import pytest

from framework.exceptions import StoreError
from framework.protocols import DONE, Fate, FateKind

BY_URL = {"REQUEST_FINGERPRINTER_CLASS": "own.ByUrl", "DUPEFILTER_CLASS": "framework.dupefilters.RFPDupeFilter"}


async def run_of(jobs, crawl, *, ends_well=True, **arguments):
    """Go on with the job in a process of its own: two requests end in each; return the balance as it was at the end."""
    frontier = jobs.disk(**arguments)
    resume = await frontier.open(crawl.job)
    names = [f"{resume.checkpoint}-{number}" for number in range(4)]
    await frontier.offer(frontier.root(), crawl.pages(*names))
    for lease, fate in zip(
        await frontier.lease(3), (DONE, Fate(FateKind.FAILED, "why"), Fate(FateKind.DROPPED, "why")), strict=True
    ):
        frontier.finish(lease, fate, 1)
    await crawl.checkpoint(frontier)
    balance = await frontier.balance()
    jobs.copy()
    await frontier.close(clean=ends_well)
    return balance


@pytest.mark.parametrize("kept", list(itertools.permutations(["all", "failures", "off"], 2)))
def test_the_balance_holds_whatever_fates_were_kept_before(run, jobs, crawl, kept):
    async def case():
        for fates in (*kept, kept[0], "all"):
            balance = await run_of(jobs, crawl, fates=fates)
            assert balance.missing == 0
        assert (balance.offered, balance.done, balance.dropped, balance.failed) == (16, 4, 4, 4)

    run(case())


@pytest.mark.parametrize("setting", BY_URL)
def test_a_job_whose_identities_are_of_another_class_is_refused_by_name(run, jobs, crawl, setting):
    async def case():
        await run_of(jobs, crawl, identified_by=BY_URL)

        frontier = jobs.disk(identified_by={**BY_URL, setting: "own.Other"})
        with pytest.raises(StoreError) as refused:
            await frontier.open(crawl.job)
        await frontier.close(clean=False)

        assert str(refused.value) == (
            f"{jobs.folder / 'frontier.db'}: this job was begun with {setting} = {BY_URL[setting]}, and with own.Other "
            "its pages would be crawled twice: set it back, or start a new job (fwk crawl --new)"
        )
        assert (await run_of(jobs, crawl, identified_by=BY_URL)).missing == 0

    run(case())


@pytest.mark.parametrize("setting", BY_URL)
@pytest.mark.parametrize("seen", ["exact", "bloom"])
def test_what_was_spilled_before_the_first_checkpoint_is_refused_by_another_class(run, jobs, crawl, setting, seen):
    async def case():
        first = jobs.disk(in_memory_max=10, seen=seen, identified_by=BY_URL)
        await first.open(crawl.job)
        await first.offer(first.root(), crawl.pages(*map(str, range(40))))
        jobs.copy()
        await first.close(clean=False)

        for _ in range(2):
            other = jobs.disk(seen=seen, identified_by={**BY_URL, setting: "own.Other"})
            with pytest.raises(StoreError, match=f"begun with {setting} = {BY_URL[setting]}, and with own.Other"):
                await other.open(crawl.job)
            await other.close(clean=False)
        again = jobs.disk(seen=seen, identified_by=BY_URL)
        resume = await again.open(crawl.job)
        assert (resume.checkpoint, again.pending > 0) == (0, True)
        await again.close(clean=False)

    run(case())


def test_a_job_that_died_before_anything_was_stored_takes_the_terms_of_the_next_run(run, jobs, crawl):
    async def case():
        frontier = jobs.disk(identified_by=BY_URL)
        await frontier.open(crawl.job)
        jobs.copy()
        await frontier.close(clean=False)

        other = {**BY_URL, "DUPEFILTER_CLASS": "own.Other"}
        for _ in range(2):
            assert (await run_of(jobs, crawl, identified_by=other)).missing == 0

    run(case())
