"""The spider classes that users derive from."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any

from framework.exceptions import PluginError
from framework.http import Request, Response
from framework.protocols import Crawler
from framework.settings import Settings
from framework.settings.loading import layer_from_spider
from framework.signals import spider_closed

__all__ = ["Spider"]


class Spider:
    """Defines one site (or a group of sites) to crawl: where to start, and what to take from each page.

    Attributes:
        name: how ``fwk crawl`` calls it; unique in a project.
        start_urls: the URLs that ``start`` yields requests for.
        allowed_domains: only these domains and their subdomains are crawled; all of them when empty.
        custom_settings: settings of this spider, above those of the project and below the command line.
        crawler: the crawl that this spider runs in.
        settings: the settings of that crawl.
        state: a dictionary that is kept with the job: what is stored here is there again after a resume.

    Source: Scrapy's documentation, "Spiders".
    """

    name: str
    start_urls: list[str]
    custom_settings: dict[str, Any] | None = None
    crawler: Any
    settings: Settings

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        if name is not None:
            self.name = name
        elif not getattr(self, "name", None):
            msg = f'{type(self).__name__} must have a name: add `name = "..."` to the class'
            raise PluginError(msg)
        self.__dict__.update(kwargs)
        if not hasattr(self, "start_urls"):
            self.start_urls = []
        self.state: dict[str, Any] = {}

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """Return a logger of the spider's name."""
        return logging.LoggerAdapter(logging.getLogger(self.name), {"spider": self})

    def log(self, message: Any, level: int = logging.DEBUG, **kw: Any) -> None:
        """Log through the spider's logger."""
        self.logger.log(level, message, **kw)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Any:
        """Make the spider for a crawl; ``args`` and ``kwargs`` are those of the command line (``-a name=value``).

        Raises:
            PluginError: the class does not take these arguments.
        """
        try:
            spider = cls(*args, **kwargs)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise  # from inside of __init__, not by the call
            given = ", ".join(f"-a {name}" for name in kwargs) or "none"
            name = getattr(cls, "name", cls.__name__)
            msg = f"spider {name!r} cannot be made of the arguments given ({given}): {error}; give -a NAME=VALUE"
            raise PluginError(msg) from error
        spider._set_crawler(crawler)
        return spider

    def _set_crawler(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.settings = crawler.settings
        if callable(getattr(self, "closed", None)):
            crawler.signals.connect(self._tell_closed, spider_closed)

    def _tell_closed(self, reason: str) -> Any:
        """Call ``closed`` with the reason by its place: a spider may call the argument what it likes."""
        closed: Callable[[str], Any] = getattr(self, "closed")  # noqa: B009 - declared by spiders that want it
        return closed(reason)

    @classmethod
    def update_settings(cls, settings: Settings) -> None:
        """Add ``custom_settings`` to the settings of a crawl."""
        settings.apply(layer_from_spider(cls))

    async def start(self) -> AsyncIterator[Any]:
        """Yield the first requests (and items). The default asks ``start_requests``, which goes by ``start_urls``."""
        for element in self.start_requests():
            yield element

    def start_requests(self) -> Iterable[Any]:
        """Return the first requests: the older, synchronous form of ``start``."""
        urls: Any = self.start_urls
        if isinstance(urls, str):
            msg = f"{type(self).__name__}.start_urls is a string; make it a list: start_urls = [{urls!r}]"
            raise PluginError(msg)
        if not urls and hasattr(self, "start_url"):
            msg = f"{type(self).__name__} has start_url; it must be a list called start_urls"
            raise PluginError(msg)
        for url in urls:
            try:
                request = Request(url, dont_filter=True)
            except (TypeError, ValueError) as error:
                msg = f"{type(self).__name__}.start_urls has {url!r}: {error}"
                raise PluginError(msg) from error
            yield request

    @property
    def _parse(self) -> Callable[..., Any]:
        """The callback of requests that name none: ``parse`` (Scrapy's name; subclasses make a method of it)."""
        return self.parse

    if TYPE_CHECKING:
        # So that a spider may narrow the arguments: the kind of response, the cb_kwargs it wants.
        parse: Callable[..., Any]
    else:

        def parse(self, response: Response, **kwargs: Any) -> Any:
            """Take requests and items from a response; the callback of requests that name none."""
            msg = (
                f"{type(self).__name__} has no parse method, and a request without a callback came back "
                f"({response.url}); add def parse(self, response), or give the request a callback"
            )
            raise PluginError(msg)

    @classmethod
    def handles_request(cls, request: Request) -> bool:
        """Say whether the request's domain is one that this spider names."""
        from urllib.parse import urlsplit

        host = (urlsplit(request.url).hostname or "").lower()
        domains = [cls.name, *(getattr(cls, "allowed_domains", None) or ())]
        return any(host == domain.lower() or host.endswith("." + domain.lower()) for domain in domains)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"
