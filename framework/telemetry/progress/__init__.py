"""The view into a running crawl: a live display on a terminal, a line now and then elsewhere."""

from .extension import Progress

__all__ = ["Progress"]
