"""Python's garbage collector during a crawl: seldom.

Place in the flow: ``running.run_crawler`` holds it around a crawl. With Python's own thresholds the collector takes 8 %
of a crawl's time and finds next to nothing: it begins every 700 objects, and goes through all pending requests again
and again. What a page leaves behind makes no cycles and goes without it; the cycles of a spider's own code are found
later, but are found.

Only the commands do this: the collector of a script belongs to the script.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (10_000, 10, 10)
"""Objects until the youngest are looked through; and how many such looks until the older ones are (``gc``)."""


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Leave alone what is there already (modules, classes), and look through what is new more seldom."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
