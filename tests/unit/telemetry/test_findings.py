from __future__ import annotations

from framework.telemetry.findings import answers, errors, reason_in_words, refusals


def test_refusals_are_counted_once_whoever_counts_them() -> None:
    stats = {
        "refused/depth": 5,
        "refused/offsite": 7,
        "offsite/filtered": 7,
        "dupefilter/filtered": 90,
        "robotstxt/forbidden": 0,
    }

    assert refusals(stats) == {"duplicate": 90, "offsite": 7, "depth": 5}
    assert list(refusals(stats)) == ["duplicate", "offsite", "depth"]


def test_errors_are_kinds_with_counts_and_remedies() -> None:
    found = errors(
        {
            "downloader/response_status_count/200": 900,
            "downloader/response_status_count/404": 12,
            "downloader/response_status_count/418": 1,
            "downloader/exception_type_count/framework.exceptions.DownloadTimeoutError": 30,
            "spider_exceptions/KeyError": 2,
            "item_error_count": 1,
            "log_count/ERROR": 99,
        }
    )

    assert [(error.what, error.count) for error in found] == [
        ("exception in the spider KeyError", 2),
        ("item lost in a pipeline", 1),
        ("download failed DownloadTimeoutError", 30),
        ("answer 404", 12),
        ("answer 418", 1),
    ]
    assert found[2].remedy.startswith("raise DOWNLOAD_TIMEOUT")
    assert found[4].remedy == ""


def test_answers_to_robots_txt_are_no_pages() -> None:
    stats = {
        "downloader/response_status_count/200": 5,
        "downloader/response_status_count/500": 3,
        "downloader/response_status_count/odd": 1,
        "robotstxt/response_status_count/200": 1,
        "robotstxt/response_status_count/404": 1,
    }

    assert answers(stats) == (4, 2)
    assert answers({}) == (0, 0)


def test_reasons_are_said_in_words() -> None:
    assert reason_in_words("finished") == "finished: nothing was left to crawl"
    assert reason_in_words("enough") == "stopped: enough"


def test_what_gave_no_traceback_promises_none() -> None:
    (error,) = errors({"spider_exceptions/InvalidOutput": 2})

    assert error.remedy == "the log says which callback gave what, and where"
