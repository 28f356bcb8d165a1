"""How many items have which field, and whether one lacks a field now that nearly all had before.

Place in the flow: the engine shows every item that left the pipelines; ``crawler.py`` asks at the end for what fell
since the last complete crawl of the same spider, and stores the rates for the next. Of many items only some are
counted, so that this costs next to nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from itemadapter import ItemAdapter

logger = logging.getLogger(__name__)

_ALL_UNTIL = 500
_EACH_AFTER = 16
_ENOUGH = 50
_SIZED = (str, list, dict, tuple)


class FillRates:
    """Counts filled fields.

    Attributes:
        items: how many were shown.
        counted: how many of them were counted.
    """

    def __init__(self) -> None:
        self.items = 0
        self.counted = 0
        self._filled: dict[str, int] = {}

    def note(self, item: Any) -> None:
        """Count one item."""
        self.items += 1
        if self.items > _ALL_UNTIL and self.items % _EACH_AFTER:
            return
        self.counted += 1
        filled = self._filled
        for name, value in item.items() if isinstance(item, dict) else ItemAdapter(item).items():
            # Not by ==, which an array or a table of the user's answers with another array.
            if value is not None and not (isinstance(value, _SIZED) and len(value) == 0):
                filled[name] = filled.get(name, 0) + 1

    @property
    def rates(self) -> dict[str, float]:
        """Return, for each field, the share of the counted items that have it."""
        return {str(name): round(count / self.counted, 4) for name, count in sorted(self._filled.items(), key=str)}

    def snapshot(self) -> dict[str, Any]:
        """Return the counts, for a later run of the same job."""
        return {"items": self.items, "counted": self.counted, "filled": dict(self._filled)}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on counting where an earlier run of the job has stopped."""
        self.items, self.counted = snapshot["items"], snapshot["counted"]
        self._filled = dict(snapshot["filled"])

    def fallen(self, before: Mapping[str, float], drop: float) -> list[str]:
        """Return a sentence for each field whose rate fell by ``drop`` or more; too few items say nothing."""
        if self.counted < _ENOUGH or not drop:
            return []
        now = self.rates
        return [
            f"the field {name!r} is filled in {now.get(name, 0.0):.0%} of the items, {rate:.0%} in the last crawl: "
            "does its selector still fit? (WARN_FILL_RATE = 0 silences this)"
            for name, rate in before.items()
            if rate - now.get(name, 0.0) >= drop
        ]

    def store(self, path: Path) -> None:
        """Keep the rates for the next crawl of the spider; a crawl of few items keeps those of the last one."""
        if self.counted < _ENOUGH:
            return
        try:
            path.write_text(json.dumps({"items": self.items, "rates": self.rates}), encoding="utf-8")
        except OSError as error:
            logger.warning("The fill rates of fields cannot be kept in %s: %s", path, error)


def stored_rates(path: Path) -> dict[str, float]:
    """Return the rates that the last complete crawl has stored; none where there are none that can be read."""
    try:
        rates = json.loads(path.read_text(encoding="utf-8"))["rates"]
        return {str(name): float(rate) for name, rate in rates.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        logger.warning("The fill rates of the last crawl in %s cannot be read: %s", path, error)
        return {}
