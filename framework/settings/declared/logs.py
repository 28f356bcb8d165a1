"""Options of logs and of progress."""

from __future__ import annotations

from typing import Literal

from ..annotations import LogLevel
from ..options import group, option


@group("Logs and progress", "What a crawl says while it runs, where and how often.")
class LogOptions:
    """What a crawl says while it runs, where and how often."""

    enabled: bool = option("LOG_ENABLED", default=True, doc="Write a log.")
    level: LogLevel = option(
        "LOG_LEVEL",
        default="INFO",
        doc="The lowest level that is logged. Scrapy's default is `DEBUG`, which writes a line a page.",
    )
    format: str = option(
        "LOG_FORMAT",
        default="%(asctime)s [%(name)s] %(levelname)s: %(message)s",
        doc="A line of the log, in the placeholders of Python's `logging`.",
    )
    date_format: str = option(
        "LOG_DATEFORMAT", default="%Y-%m-%d %H:%M:%S", doc="The time in a line of the log, in the codes of `strftime`."
    )
    file: str | None = option(
        "LOG_FILE", default=None, doc="The file that the log is written to; without it, standard error."
    )
    file_append: bool = option(
        "LOG_FILE_APPEND", default=True, doc="Append to the log file; otherwise it begins anew with each crawl."
    )
    encoding: str = option("LOG_ENCODING", default="utf-8", doc="The encoding of the log file.")
    stdout: bool = option("LOG_STDOUT", default=False, doc="Write what the process prints into the log.")
    short_names: bool = option(
        "LOG_SHORT_NAMES",
        default=False,
        doc="Log only the first part of a logger's name: `framework`, the spider's name.",
    )
    json: bool = option("LOG_JSON", default=False, doc="Write each line of the log as a JSON object. Not in Scrapy.")
    stats_interval_s: float = option(
        "LOGSTATS_INTERVAL",
        default=10.0,
        minimum=0,
        unit="s",
        doc="Time between two lines of progress where there is no live display; 0 for none. Scrapy's default is 60.",
    )
    progress: Literal["auto", "rich", "lines", "off"] = option(
        "PROGRESS",
        default="auto",
        doc="How progress is shown: a live display (`rich`), lines in the log (`lines`), not at all (`off`), or "
        "`auto`: "
        "live on a terminal, lines elsewhere. Not in Scrapy.",
    )
