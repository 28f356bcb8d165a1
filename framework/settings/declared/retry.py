"""Options of retries: what is tried again, how often, after which wait."""

from __future__ import annotations

from ..annotations import Component, LogLevel
from ..options import group, option


@group("Retry", "What is tried again, how often, and after which wait.")
class RetryOptions:
    """What is tried again, how often, and after which wait."""

    enabled: bool = option("RETRY_ENABLED", default=True, doc="Try failed requests again.")
    times: int = option(
        "RETRY_TIMES",
        default=2,
        minimum=0,
        unit="retries",
        doc="How often a request is tried again after the first time. `meta['max_retry_times']` goes before it.",
    )
    http_codes: tuple[int, ...] = option(
        "RETRY_HTTP_CODES",
        default=(500, 502, 503, 504, 522, 524, 408, 429),
        minimum=100,
        maximum=999,
        doc="HTTP status codes that are tried again.",
    )
    exceptions: tuple[Component, ...] = option(
        "RETRY_EXCEPTIONS",
        default=(
            "framework.exceptions.DownloadConnectionError",
            "framework.exceptions.DownloadTimeoutError",
            "framework.exceptions.ResponseDataLossError",
            "builtins.OSError",
        ),
        doc="Exceptions that are tried again, with their subclasses: dotted paths or classes. "
        "Scrapy's list names exceptions of Twisted.",
    )
    priority_adjust: int = option(
        "RETRY_PRIORITY_ADJUST", default=-1, doc="Added to the priority of a request when it is tried again."
    )
    give_up_log_level: LogLevel = option(
        "RETRY_GIVE_UP_LOG_LEVEL",
        default="ERROR",
        doc="Level of the log line about a request that is given up. `meta['give_up_log_level']` goes before it.",
    )
    backoff_base_s: float = option(
        "RETRY_BACKOFF_BASE",
        default=1.0,
        minimum=0,
        unit="s",
        doc="The n-th retry waits a random time up to this times 2 to the power n-1 (exponential back-off with full "
        "jitter); the request waits in the frontier and holds no slot. 0 retries at once, as Scrapy does.",
    )
    backoff_max_s: float = option(
        "RETRY_BACKOFF_MAX", default=60.0, minimum=0, unit="s", doc="The longest back-off of a retry. Not in Scrapy."
    )
    retry_after_max_s: float = option(
        "RETRY_AFTER_MAX",
        default=600.0,
        minimum=0,
        unit="s",
        doc="A server's `Retry-After` holds its host, for no longer than this. Scrapy does not read it.",
    )
