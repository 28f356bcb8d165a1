from __future__ import annotations

import asyncio
import csv
import json

import pytest

from framework.frontier.store import Changes, EndKind, FateRow, Row, Store
from framework.http.stored import dump_value


def fate(identity, kind, reason="", *, parent=1, tries=()):
    url = f"http://ann:secret@h/{identity}"
    return FateRow(identity, kind, reason, url, "GET", parent, 1000.0, 1001.5, 2, list(tries))


FATES = [
    fate(1, EndKind.DONE, parent=0),
    fate(2, EndKind.DONE),
    fate(3, EndKind.DROPPED, "robots"),
    fate(4, EndKind.FAILED, "timeout", parent=99, tries=[(1000.25, "slow"), (1001.0, "reset, by peer")]),
    fate(5, EndKind.REFUSED, "depth"),
    fate(6, EndKind.REFUSED, "depth"),
]
COUNTS = {"offered": 5, "done": 2, "dropped": 1, "failed": 1, "refused": 1234}


@pytest.fixture
def stored(fwk, crawls, fresh):
    """Return what makes a job with these fates."""
    crawls.pending = 0

    def make(fates=FATES, counts=COUNTS, kept="all", **options):
        fwk("crawl", "page")
        path = fresh / ".fwk/jobs/page-1/frontier.db"
        for file in path.parent.glob("frontier.db*"):
            file.unlink()

        async def write():
            store = Store(path, **options)
            await store.open()
            accepted = [one.identity for one in fates if one.kind != EndKind.REFUSED]
            changes = Changes([Row(1, 77, 5, 0, b"x")], [], [77, *accepted], list(fates))
            await store.commit(1, changes, {"fates": dump_value(kept)}, dict(counts))
            await store.close(clean=True)

        asyncio.run(write())

    return make


def test_fates_are_counted_by_kind_and_reason_with_the_balance(fwk, stored):
    stored()

    lines = fwk("fates").out.splitlines()

    assert [line.split() for line in lines[1:-1]] == [
        ["KIND", "REASON", "REQUESTS"],
        ["done", "2"],
        ["dropped", "robots", "1"],
        ["failed", "timeout", "1"],
        ["refused", "depth", "2"],
        ["refused", "duplicate", "1,234"],
    ]
    assert lines[0] == "Job page-1, ended"
    assert len({len(line) for line in lines[1:-1]}) == 1
    assert lines[-1] == "balance: 5 offered = 2 done + 0 replaced + 1 dropped + 1 failed + 1 pending"


def test_kind_and_reason_choose(fwk, stored):
    stored()

    assert "robots" not in fwk("fates", "page-1", "--kind", "failed").out
    chosen = json.loads(fwk("fates", "--json", "--reason", "depth").out)
    assert chosen["counts"] == [{"kind": "refused", "reason": "depth", "requests": 2}]
    assert chosen["balance"]["pending"] == 1
    assert fwk("fates", "--kind", "lost").code == 2


def test_a_reason_that_there_is_not_is_a_mistake_and_not_an_empty_table(fwk, stored, fresh):
    stored()

    ended = fwk("fates", "--reason", "timout")
    unlike = fwk("fates", "--reason", "foo", "--csv", "x.csv")

    assert ended.code == unlike.code == 2
    assert "no request of job page-1 has the reason 'timout'; did you mean 'timeout'?" in ended.err
    assert "it has: depth, duplicate, robots, timeout" in unlike.err
    assert not (fresh / "x.csv").exists()


def test_a_reason_that_only_this_job_has_not_is_counted_as_none(fwk, stored):
    stored()

    assert json.loads(fwk("fates", "--json", "--reason", "offsite").out)["counts"] == []
    assert json.loads(fwk("fates", "--json", "--reason", "depth", "--kind", "done").out)["counts"] == []


def test_reasons_beyond_the_most_frequent_are_summed_up(fwk, stored):
    stored([fate(number, EndKind.DROPPED, f"rule {number}") for number in range(1, 51)], {"dropped": 50})

    rows = json.loads(fwk("fates", "--json").out)["counts"]

    assert (len(rows), rows[-1]) == (41, {"kind": "dropped", "reason": "(other reasons)", "requests": 10})


def test_what_has_no_record_is_counted_and_said(fwk, stored):
    stored(FATES[2:], {**COUNTS, "done": 7}, "failures", seen_mode="log")

    out = fwk("fates").out

    assert "(no record)         7" in out
    assert "note: of 9 requests that ended, 7 have no record: the job ran with FATES = 'failures'" in out
    assert "balance: 5 offered = 7 done" in out


def test_all_fates_are_exported(fwk, stored, fresh):
    stored()

    ended = fwk("fates", "--csv", "all.csv")

    assert (ended.code, ended.err) == (0, "6 fates in all.csv\n")
    rows = list(csv.DictReader((fresh / "all.csv").read_text().splitlines()))
    assert [row["kind"] for row in rows] == ["done", "done", "dropped", "failed", "refused", "refused"]
    assert rows[0] == {
        "url": "http://ann:***@h/1", "method": "GET", "kind": "done", "reason": "", "parent": "start()",
        "found": "1970-01-01T00:16:40.000+00:00", "ended": "1970-01-01T00:16:41.500+00:00", "items": "2", "tries": "",
    }  # fmt: skip
    assert rows[1]["parent"] == "http://ann:***@h/1"
    assert rows[3]["parent"] == ""
    assert rows[3]["tries"] == "1970-01-01T00:16:40.250+00:00 slow; 1970-01-01T00:16:41.000+00:00 reset, by peer"


def test_an_export_to_standard_output_can_be_chosen_from(fwk, stored):
    stored(FATES[2:], {**COUNTS, "done": 7}, "failures")

    ended = fwk("fates", "--csv", "-", "--kind", "refused")

    assert [line.partition(",")[0] for line in ended.out.splitlines()] == [
        "url",
        "http://ann:***@h/5",
        "http://ann:***@h/6",
    ]
    assert "have no record" in ended.err


def test_wrong_questions_are_refused(fwk, project, crawls):
    assert "there is no job to ask" in fwk("fates").err
    fwk("crawl", "page")
    assert "give one of them" in fwk("fates", "--csv", "-", "--json").err
    ended = fwk("fates", "--csv", "nowhere/all.csv")
    assert (ended.code, "cannot write nowhere/all.csv: No such file or directory" in ended.err) == (2, True)


def test_a_job_that_has_stored_nothing_yet_is_told(fwk, crawls, fresh):
    fwk("crawl", "page")
    (fresh / ".fwk/jobs/page-1/frontier.db").unlink()

    assert "job page-1 has stored nothing yet" in fwk("fates", "page-1").err
    assert "there is no job to ask" in fwk("fates").err
