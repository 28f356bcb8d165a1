"""What a job's records were made with, as its file remembers it: settings that mean the same for all runs of a job.

Place in the flow: ``checkpoints`` compares this run's with those that are stored when a job goes on, stores them with
each checkpoint (identities may be stored before the first one, and so are the classes that gave them), and asks here
which fates have a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from framework.exceptions import StoreError

from .fates import FatesKept

_WEAKEST_FIRST: Final[tuple[FatesKept, ...]] = ("off", "failures", "all")


class Terms:
    """The terms of a job.

    Args:
        fates: ``FATES`` of this run.
        identified_by: by setting, the path of the class that says with it which requests are the same.

    Attributes:
        fates: the weakest ``FATES`` that the job ever ran with: who ended without a record then has none now.
    """

    def __init__(self, fates: FatesKept, identified_by: Mapping[str, str] | None) -> None:
        self.fates = fates
        self._identified_by = dict(identified_by or {})

    @property
    def keeps_all(self) -> bool:
        """Whether every fate of the job has a record."""
        return self.fates == "all"

    @property
    def keeps_failures(self) -> bool:
        """Whether the fate of every failed and dropped request of the job has one."""
        return self.fates != "off"

    def go_on(self, stored: Mapping[str, Any], path: Path | None) -> None:
        """Go on with a job that has these terms.

        Args:
            stored: what :meth:`values` gave at its last checkpoint; :attr:`first` where there was none.
            path: the job's file, to be named.

        Raises:
            StoreError: other classes have given its identities.
        """
        before = stored.get("identified_by", {})
        for setting, now in self._identified_by.items():
            then = before.get(setting, now)
            if then != now:
                msg = (
                    f"{path}: this job was begun with {setting} = {then}, and with {now} its pages would be crawled "
                    "twice: set it back, or start a new job (fwk crawl --new)"
                )
                raise StoreError(msg)
        self.fates = min(self.fates, stored.get("fates", "all"), key=_WEAKEST_FIRST.index)

    @property
    def first(self) -> dict[str, Any]:
        """The terms, by name, that hold from the first stored identity on."""
        return {"identified_by": self._identified_by}

    def values(self) -> dict[str, Any]:
        """Return the terms as data, by name."""
        return {**self.first, "fates": self.fates}
