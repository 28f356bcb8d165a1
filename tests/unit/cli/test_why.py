from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from framework import Spider
from framework.frontier.records import Origin, Records, Tried
from framework.frontier.store import Changes, EndKind, FateRow, Row, Store
from framework.http import Request
from framework.http.fingerprint import RequestFingerprinter
from framework.http.stored import StoredForm, dump_value
from framework.jobs.lock import take_lock

identity_of = RequestFingerprinter().identity


def fate(url, kind=EndKind.DONE, reason="", *, identity=None, parent="", method="GET", items=0, tries=()):
    number = identity_of(Request(url)) if identity is None else identity
    origin = identity_of(Request(parent)) if parent else 0
    return FateRow(number, kind, reason, url, method, origin, 1000.0, 1001.5, items, list(tries))


def pending(number, request, parent=0, **tried):
    request._row, request._identity = number, request._identity or identity_of(request)
    request._origin = Origin(parent, 1000.0)
    return Records(StoredForm(Spider("any"))).row(request, Tried(**tried) if tried else None)


@pytest.fixture
def stored(fwk, crawls, fresh):
    """Return what makes a job of a spider with fates and rows of one's own."""
    crawls.pending = 0

    def make(*fates, rows=(), seen=None, counts=None, kept="all", **options):
        fwk("crawl", "page", "--new")
        folder = max((fresh / ".fwk/jobs").glob("page-*"), key=lambda path: path.stat().st_mtime_ns)
        for path in folder.glob("frontier.db*"):
            path.unlink()

        async def write():
            store = Store(folder / "frontier.db", **options)
            await store.open()
            known = [one.identity for one in (*fates, *rows) if getattr(one, "kind", 0) != EndKind.REFUSED]
            changes = Changes(list(rows), [], known if seen is None else seen, list(fates))
            await store.commit(1, changes, {"fates": dump_value(kept)}, counts or {"refused": 4})
            await store.close(clean=True)

        asyncio.run(write())
        return folder

    return make


def test_a_page_that_was_crawled_has_its_parent_tries_and_items(fwk, stored):
    stored(
        fate("http://h/a"),
        fate("http://h/b?y=2&x=1", parent="http://h/a", items=3, tries=[(1000.5, "503 Service Unavailable")]),
    )

    ended = fwk("why", "HTTP://H/b?x=1&y=2#end")

    assert ended.code == 0
    assert ended.out.splitlines()[:2] == ["Job page-1, spider page, ended", "GET http://h/b?y=2&x=1"]
    assert "fate      done; " in ended.out
    assert " on http://h/a\n" in ended.out
    assert "503 Service Unavailable" in ended.out
    assert "try 2" in ended.out
    assert "items     3 (positions 0 to 2 of its output" in ended.out
    assert "refused; they are counted (4 in this job)" in ended.out


def test_the_same_error_has_the_same_name_in_each_try(fwk, stored):
    name = "DownloadConnectionRefusedError"
    stored(fate("http://h/a", EndKind.FAILED, name, tries=[(1000.5, f"framework.exceptions.{name}")]))

    out = fwk("why", "http://h/a").out

    assert out.count(f"  {name}\n") == 2
    assert "framework.exceptions" not in out


def test_all_methods_of_a_url_are_told(fwk, stored):
    stored(
        fate("http://h/a", items=1),
        fate("http://h/a", EndKind.FAILED, "callback: ValueError", identity=5, method="POST"),
        fate("http://h/ab"),
    )

    out = fwk("why", "http://h/a").out

    assert "GET http://h/a" in out
    assert "items     1 (position 0 of its output" in out
    assert "POST http://h/a" in out
    assert "fate      failed: callback: ValueError (its callback raised" in out
    assert "remedy    the log has the traceback" in out
    assert "http://h/ab" not in out


def test_a_replaced_request_names_what_came_of_it(fwk, stored):
    stored(
        fate("http://h/old", EndKind.REPLACED),
        fate("http://h/new", parent="http://h/old"),
        fate("http://h/same", EndKind.REPLACED),
    )

    assert "by        http://h/new" in fwk("why", "http://h/old").out
    assert "by        a request that was known already" in fwk("why", "http://h/same").out


def test_a_rule_that_refused_is_named_with_its_remedy(fwk, stored):
    stored(fate("http://other/x", EndKind.REFUSED, "offsite", parent="http://h/gone"))

    out = fwk("why", "http://other/x").out

    assert "refused   offsite (its host is not in the spider's allowed_domains); " in out
    assert "on a page that has no record (yet)" in out
    assert "remedy    add the host there" in out
    assert "Seen" not in out


def test_a_pending_request_tells_where_it_waits(fwk, stored):
    spider_page = Request("http://h/begin")
    later = Request("http://h/later", priority=7)
    later._not_before_at = time.time() + 100
    over = Request("http://h/over", method="POST")
    over._not_before_at = 5.0
    unreadable = Row(9, identity_of(Request("http://h/odd")), 1, 0, b"\x93\xc4\x01x\x00\x00")
    nearly = msgspec.msgpack.encode((1, "http://[ http://h/later", None, 0, None, None, None))
    stored(
        rows=[
            Row(8, 8, 1, 0, msgspec.msgpack.encode((nearly, 0, 1000.0))),
            pending(1, spider_page),
            pending(2, later, spider_page._identity, attempt=2, tries=[(1000.0, "timed out")]),
            pending(3, over),
            unreadable,
        ]
    )

    out = fwk("why", "http://h/later").out

    assert "[ http" not in out
    assert "fate      none yet: pending, or in flight at the last checkpoint; try 2 comes next" in out
    assert ", in 1 min" in out
    assert "on http://h/begin" in out
    assert "timed out" in out
    assert "goes to   parse, with priority 7" in out
    assert "POST http://h/over" in fwk("why", "http://h/over").out
    assert ", which is over" in fwk("why", "http://h/over").out
    assert "A request that cannot be read any more" in fwk("why", "http://h/odd").out


def test_the_newest_job_that_knows_the_url_answers(fwk, stored):
    stored(fate("http://h/old"))
    stored(fate("http://h/new"))

    assert "Job page-1" in fwk("why", "http://h/old").out
    assert "Job page-2" in fwk("why", "http://h/new", "--spider", "page").out
    assert fwk("why", "http://h/old", "--job", "page-2").code == 1
    ended = fwk("why", "http://h/nowhere")
    assert "the 2 jobs asked do not know http://h/nowhere" in ended.err
    assert "http://h/new" in ended.err


def test_a_running_job_says_how_fresh_the_answer_is(fwk, stored):
    lock = take_lock(stored(fate("http://h/a")) / "lock", "page-1")

    out = fwk("why", "http://h/a").out

    lock.release()
    assert "Job page-1, spider page, running, as of its last checkpoint" in out


@pytest.mark.parametrize("kept", ["failures", "off"])
def test_what_is_not_kept_is_said(fwk, stored, kept):
    known = identity_of(Request("http://h/a"))
    stored(fate("http://h/b", EndKind.DROPPED, "robots"), seen=[known], counts={"done": 5, "failed": 3}, kept=kept)

    out = fwk("why", "http://h/a").out

    assert "it was accepted, and is not pending: it has ended, and how is not kept" in out
    assert f"the job ran with FATES = '{kept}'\n" in out
    ended = fwk("why", "http://h/c")
    assert ended.code == 1
    assert f"FATES = '{kept}'\n" in ended.err


def test_of_a_filter_nobody_can_say_what_it_has_seen(fwk, stored):
    stored(fate("http://h/a"), seen_mode="log")

    assert fwk("why", "http://h/a").code == 0
    assert fwk("why", "http://other/b").code == 1


def test_a_fingerprinter_of_the_projects_own_is_used(fwk, stored, fresh):
    (fresh / "own.py").write_text(
        "from framework.http.fingerprint import RequestFingerprinter, fingerprint\n\n\n"
        "class Own(RequestFingerprinter):\n    def fingerprint(self, request):\n"
        "        return fingerprint(request.replace(url=request.url.partition('?')[0]))\n"
    )
    stored(fate("http://h/a?session=1", identity=identity_of(Request("http://h/a"))))

    assert "http://h/a?session=1" in fwk("why", "http://h/a?session=2", "-s", "REQUEST_FINGERPRINTER_CLASS=own.Own").out
    assert fwk("why", "http://h/a?session=2").code == 1


def test_passwords_are_not_shown(fwk, stored):
    stored(fate("http://ann:secret@h/a"))

    assert "secret" not in fwk("why", "http://ann:secret@h/a").out


def test_a_damaged_job_does_not_hide_the_others(fwk, stored):
    stored(fate("http://h/a"))
    damaged = stored(fate("http://h/b"))
    (damaged / "frontier.db").write_bytes(b"nothing")

    ended = fwk("why", "http://h/a")
    assert (ended.code, "note: job page-2 cannot be asked" in ended.err) == (0, True)
    assert fwk("why", "http://h/nowhere").code == 1
    assert fwk("why", "http://h/a", "--job", "page-2").code == 1


def test_wrong_questions_are_refused(fwk, project, crawls):
    assert "there is no job to ask" in fwk("why", "http://h/a").err
    assert "is no URL" not in fwk("why", "http://h/a", "--spider", "other").err
    fwk("crawl", "page")
    assert "there is no job of the spider 'other' to ask" in fwk("why", "http://h/a", "--spider", "other").err
    assert (fwk("why", "books").code, "is no URL" in fwk("why", "books").err) == (2, True)
    assert fwk("why", "http://h/a", "--job", "page-9").code == 2
