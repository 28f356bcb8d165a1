"""Scrapy's duplicate filters: what each is for, and what the default one remembers across a crash."""

import os
import threading
from concurrent import futures
from types import SimpleNamespace

import pytest

from framework.components import build_from_crawler
from framework.dupefilters import BaseDupeFilter, RFPDupeFilter, roles_of
from framework.exceptions import DamagedJob, StoreError
from framework.frontier.identity import identity_of
from framework.http import Request
from framework.http.fingerprint import RequestFingerprinter
from framework.settings import Settings

ONE, TWO = Request("http://a.example/1?x=1&y=2"), Request("http://a.example/2")
ONE_AGAIN = Request("http://a.example/1?y=2&x=1")


def crawler(**values):
    return SimpleNamespace(settings=Settings(values), request_fingerprinter=RequestFingerprinter())


def ask(dupefilter, *requests):
    return [dupefilter.request_seen(request) for request in requests]


def test_the_base_class_filters_nothing():
    dupefilter = build_from_crawler(BaseDupeFilter, crawler())
    dupefilter.open()

    assert ask(dupefilter, ONE, ONE) == [False, False]
    dupefilter.log(ONE, None)
    dupefilter.close("finished")


def test_the_default_knows_a_request_by_its_fingerprint():
    assert ask(RFPDupeFilter(), ONE, ONE_AGAIN, TWO) == [False, True, False]
    assert RFPDupeFilter().request_fingerprint(ONE) == RFPDupeFilter().request_fingerprint(ONE_AGAIN)


def test_it_is_built_with_the_crawls_fingerprinter_and_folder(tmp_path):
    its = crawler(JOBDIR=str(tmp_path), DUPEFILTER_DEBUG=True)

    dupefilter = build_from_crawler(RFPDupeFilter, its)

    assert dupefilter.fingerprinter is its.request_fingerprinter
    assert (dupefilter.path, dupefilter.debug) == (str(tmp_path), True)


# -- roles ---------------------------------------------------------------------------------------------------------


class ByPath(RFPDupeFilter):
    def request_fingerprint(self, request):
        return request.url.partition("?")[0]


class ByBytes(RFPDupeFilter):
    def request_fingerprint(self, request):
        return b"all the same"


class OwnFingerprinter(RFPDupeFilter):
    def __init__(self, path=None, debug=False, *, fingerprinter=None):
        super().__init__(path=path, debug=debug, fingerprinter=SimpleNamespace(fingerprint=lambda request: b"1"))


class OwnSeen(RFPDupeFilter):
    def request_seen(self, request):
        return "keep" not in request.url and super().request_seen(request)


class OwnLog(RFPDupeFilter):
    def log(self, request, spider):
        spider.append(request)


def test_the_default_leaves_everything_to_the_frontier():
    its = crawler()

    fingerprinter, asked = roles_of(build_from_crawler(RFPDupeFilter, its), its.request_fingerprinter)

    assert fingerprinter is its.request_fingerprinter
    assert asked is None


@pytest.mark.parametrize("kind", [ByPath, ByBytes, OwnFingerprinter])
def test_a_subclass_that_changes_fingerprints_changes_the_frontiers(kind):
    fingerprinter, asked = roles_of(kind(), RequestFingerprinter())
    identity = identity_of(fingerprinter)

    assert asked is None
    assert identity(Request("http://a.example/p?a")) == identity(Request("http://a.example/p?b"))


@pytest.mark.parametrize("kind", [OwnSeen, OwnLog, BaseDupeFilter, SimpleNamespace])
def test_a_class_that_decides_for_itself_is_asked(kind):
    dupefilter, its = kind(), RequestFingerprinter()

    assert roles_of(dupefilter, its) == (its, dupefilter)


# -- across a stop -------------------------------------------------------------------------------------------------


LINE_BYTES = 41


def written(dupefilter):
    """Let the thread end what it writes."""
    if dupefilter._writing is not None:
        futures.wait([dupefilter._writing[0]])


@pytest.mark.parametrize("is_written", [True, False])
def test_what_was_remembered_at_the_checkpoint_comes_back_and_nothing_else(tmp_path, is_written):
    first = RFPDupeFilter(str(tmp_path / "job"))
    ask(first, ONE)
    checkpoint = first.snapshot()
    if is_written:
        written(first)
        checkpoint = first.snapshot()
        assert checkpoint == {"bytes": LINE_BYTES, "lines": ""}
    ask(first, TWO)
    first.snapshot()
    written(first)  # the process dies before this checkpoint is stored

    second = RFPDupeFilter(str(tmp_path / "job"))
    second.restore(checkpoint)

    assert ask(second, ONE_AGAIN, TWO) == [True, False]
    last = second.snapshot()
    third = RFPDupeFilter(str(tmp_path / "job"))
    third.restore(last)
    assert ask(third, ONE, TWO) == [True, True]


def test_no_disk_is_waited_for_in_the_loop(tmp_path, monkeypatch):
    may_sync, sync, synced_by = threading.Event(), os.fsync, []

    def slow(descriptor):
        may_sync.wait(5)
        synced_by.append(threading.current_thread())
        sync(descriptor)

    monkeypatch.setattr("os.fsync", slow)
    dupefilter = RFPDupeFilter(str(tmp_path))
    ask(dupefilter, ONE)
    dupefilter.snapshot()
    ask(dupefilter, TWO)

    during = dupefilter.snapshot()
    may_sync.set()
    written(dupefilter)
    after = dupefilter.snapshot()
    written(dupefilter)

    assert (during["bytes"], len(during["lines"])) == (0, 2 * LINE_BYTES)
    assert (after["bytes"], len(after["lines"])) == (LINE_BYTES, LINE_BYTES)
    assert threading.main_thread() not in synced_by
    assert dupefilter.snapshot() == {"bytes": 2 * LINE_BYTES, "lines": ""}


def test_a_checkpoint_without_anything_new_writes_nothing(tmp_path):
    dupefilter = RFPDupeFilter(str(tmp_path))

    assert dupefilter.snapshot() == {"bytes": 0, "lines": ""}
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_for_its_owner_only(tmp_path):
    dupefilter = RFPDupeFilter(str(tmp_path))
    ask(dupefilter, ONE)
    dupefilter.snapshot()
    written(dupefilter)

    assert (tmp_path / "requests.seen").stat().st_mode & 0o777 == 0o600


def test_a_job_of_its_own_begins_afresh_where_another_one_was(tmp_path):
    old = RFPDupeFilter(str(tmp_path))
    ask(old, ONE, TWO)
    old.snapshot()
    written(old)
    new = RFPDupeFilter(str(tmp_path))

    assert ask(new, ONE) == [False]
    new.snapshot()
    written(new)
    assert new.snapshot()["bytes"] == (tmp_path / "requests.seen").stat().st_size == LINE_BYTES


def test_without_a_folder_nothing_is_stored_and_nothing_comes_back():
    dupefilter = RFPDupeFilter()
    ask(dupefilter, ONE)

    assert dupefilter.snapshot() is None
    dupefilter.restore(None)
    assert ask(dupefilter, ONE) == [True]


@pytest.mark.parametrize("cut", [True, False])
def test_a_file_that_is_cut_or_gone_is_refused_by_name(tmp_path, cut):
    first = RFPDupeFilter(str(tmp_path))
    ask(first, ONE)
    first.snapshot()
    written(first)
    checkpoint = first.snapshot()
    file = tmp_path / "requests.seen"
    if cut:
        file.write_bytes(file.read_bytes()[:-1])
    else:
        file.unlink()

    with pytest.raises(DamagedJob, match=r"requests.seen has \d+ bytes and must have 41"):
        RFPDupeFilter(str(tmp_path)).restore(checkpoint)


def test_a_file_that_cannot_be_written_is_an_error_with_its_path(tmp_path):
    (tmp_path / "requests.seen").mkdir()
    dupefilter = RFPDupeFilter(str(tmp_path))
    ask(dupefilter, ONE)
    dupefilter.snapshot()
    written(dupefilter)

    with pytest.raises(StoreError, match=r"requests\.seen: the fingerprints of DUPEFILTER_CLASS cannot be stored"):
        dupefilter.snapshot()
