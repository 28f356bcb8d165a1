"""Who says which requests are the same, and what is told of one that will have forgotten it."""

from types import SimpleNamespace

import pytest

from framework.dupefilters import BaseDupeFilter, RFPDupeFilter
from framework.duplicates import Duplicates
from framework.http.fingerprint import RequestFingerprinter
from framework.settings import Settings


class Forgetful(BaseDupeFilter):
    """Remembers in memory."""

    def request_seen(self, request):
        return False


class Keeping(Forgetful):
    """And beyond it."""

    def snapshot(self):
        return []

    def restore(self, snapshot):
        pass


class Kept(RFPDupeFilter):
    def request_seen(self, request):
        return super().request_seen(request)


class Quiet(BaseDupeFilter):
    """Filters nothing, as its base."""


def duplicates(kind, folder):
    job = None if folder is None else SimpleNamespace(folder=folder)
    settings = Settings({"DUPEFILTER_CLASS": kind})
    fingerprinter = RequestFingerprinter()
    return Duplicates(SimpleNamespace(settings=settings, spider=None, job=job, request_fingerprinter=fingerprinter))


def test_a_filter_that_forgets_with_its_process_is_told_of_once(tmp_path, caplog):
    assert duplicates(Forgetful, tmp_path).own_filter is not None

    (warning,) = caplog.messages
    assert "DUPEFILTER_CLASS: Forgetful has no snapshot() and restore(snapshot)" in warning
    assert "crawled twice; give it both methods" in warning


@pytest.mark.parametrize("kind", [Keeping, Kept, Quiet, BaseDupeFilter, RFPDupeFilter])
def test_one_that_forgets_nothing_is_not(tmp_path, caplog, kind):
    duplicates(kind, tmp_path)

    assert not caplog.messages


def test_without_a_job_nothing_survives_anyway(caplog):
    duplicates(Forgetful, None)

    assert not caplog.messages


def test_what_remembers_on_disk_does_so_in_the_jobs_folder(tmp_path):
    (kept,) = duplicates(Kept, tmp_path).components

    assert kept.path == str(tmp_path)
