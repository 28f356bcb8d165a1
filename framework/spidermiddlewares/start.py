"""Marks the requests of ``start()``: Scrapy's ``StartSpiderMiddleware``.

Place in the flow: sees what ``start()`` yields, before anybody else's settings touch it.
"""

from __future__ import annotations

from framework.http import Request, Response
from framework.spidermiddlewares.base import BaseSpiderMiddleware


class StartSpiderMiddleware(BaseSpiderMiddleware):
    """Sets ``meta["is_start_request"]`` to ``True`` on the requests that no page gave."""

    keeps_identity = True
    refusal = "start"

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Mark a request of ``start()``; the others cost nothing."""
        if response is None:
            request.meta.setdefault("is_start_request", True)
        return request
