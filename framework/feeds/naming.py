"""The name of each file of a feed: its URI with the placeholders filled in.

Place in the flow: asked by the sink for each batch; without batches there is just one.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from .uris import fill, placeholders, time_text

UriParams = Callable[[dict[str, Any], Any], Mapping[str, Any] | None]


def utc_now() -> datetime.datetime:
    """Return the time of day, in UTC."""
    return datetime.datetime.now(datetime.UTC)


class Naming:
    """Makes the names of a feed's files.

    Args:
        template: the URI with placeholders.
        spider: whose attributes may stand in it.
        uri_params: the user's function of the placeholders and the spider, if there is one.
        now: the clock.

    Attributes:
        template: the URI with placeholders.
        started: what ``%(time)s`` stands for; a resumed job keeps that of its first run.
    """

    def __init__(
        self,
        template: str,
        spider: Any,
        uri_params: UriParams | None = None,
        now: Callable[[], datetime.datetime] = utc_now,
    ) -> None:
        self.template = template
        self.started = time_text(now())
        self._spider = spider
        self._uri_params = uri_params
        self._now = now

    def uri(self, batch: int) -> str:
        """Return the URI of a batch that begins now.

        Args:
            batch: its number, from 1.

        Raises:
            SettingsError: a placeholder means nothing.
        """
        now = self._now()
        utc = now.astimezone(datetime.UTC).replace(tzinfo=None)
        values = placeholders(self._spider, now) | {
            "time": self.started,
            "batch_id": batch,
            "batch_time": utc.isoformat(timespec="microseconds").replace(":", "-"),
        }
        if self._uri_params is not None:
            changed = self._uri_params(values, self._spider)
            if changed is not None:
                values = dict(changed)
        return fill(self.template, values, self._spider)
