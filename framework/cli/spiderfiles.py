"""The spider that is in a file of its own, for ``fwk runspider`` and for jobs that it began."""

from __future__ import annotations

from pathlib import Path

from framework.exceptions import PluginError
from framework.project.spiderloader import load_file, nameless, spiders_of
from framework.spiders import Spider


def spider_in(file: Path) -> type[Spider]:
    """Return the spider of a file that has one.

    Raises:
        PluginError: the file cannot be loaded, or has no spider or several.
    """
    module = load_file(file)
    found = spiders_of(module)
    if not found:
        msg = f"{file} has no spider: write a class that derives from framework.Spider{nameless(module)}"
        raise PluginError(msg)
    if len(found) > 1:
        names = ", ".join(spider.__name__ for spider in found)
        msg = f"{file} has several spiders ({names}); runspider takes a file with one, fwk crawl takes a name"
        raise PluginError(msg)
    return found[0]
